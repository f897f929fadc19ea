"""The program in a terminal of its own: what it writes, under signals, sizes and bytes of all kinds."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

PATIENCE = 60.0
"""Seconds that a state is waited for; a busy machine is slow, and no test passes by waiting shorter."""
ROOT = Path(__file__).parents[2]
_SEQUENCE = re.compile(rb"\x1b\[[0-9;:?<>=$]*[ -/]*[@-~]")
_MODE = re.compile(rb"\x1b\[\?(\d+)([hl])")


class Session:
    """The program, begun in a pty; killed at the end of the block if it is still there."""

    def __init__(
        self,
        *arguments: str,
        size: tuple[int, int] = (90, 26),
        cwd: Path | None = None,
        environment: dict[str, str] | None = None,
        code: str | None = None,
        ignoring: tuple[int, ...] = (),
    ) -> None:
        self.output = b""
        self.status: int | None = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:  # the child, up to exec
            kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
            kept |= {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)} | (environment or {})
            for number in ignoring:
                signal.signal(number, signal.SIG_IGN)
            if cwd is not None:
                os.chdir(cwd)
            started = ["-m", "kitten_tui"] if code is None else ["-c", code]
            # The size is set before anything asks for it.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            os.execve(sys.executable, [sys.executable, *started, *arguments], kept)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self.fd >= 0:
            os.close(self.fd)

    def read(self, seconds: float = 0.05) -> bool:
        """Takes what was written; whether there may be more."""
        if self.fd < 0 or not select.select([self.fd], [], [], seconds)[0]:
            return self.fd >= 0
        try:
            written = os.read(self.fd, 65536)
        except OSError:  # the other end is closed
            return False
        self.output += written
        return bool(written)

    def wait_for(self, holds: Callable[[], bool], what: str = "") -> None:
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, f"waited in vain for {what or holds}: {self.text[-2000:]!r}"
            if not self.read() and not holds():
                self.poll()
                time.sleep(0.02)

    def until(self, text: str, since: int = 0) -> None:
        """Waits until this was written."""
        self.wait_for(lambda: text in self.text_since(since), text)

    def until_still(self, seconds: float = 0.3) -> None:
        """Waits until nothing more was written for a while."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            before = len(self.output)
            still = time.monotonic() + seconds
            while time.monotonic() < still and self.read():
                pass
            if len(self.output) == before:
                return

    def until_gone(self) -> int:
        """Waits until it has ended; its exit status, negative for a signal."""
        self.wait_for(lambda: self.poll() is not None, "the end")
        while self.read(0.1) and select.select([self.fd], [], [], 0.1)[0]:
            pass
        assert self.status is not None
        return self.status

    def poll(self) -> int | None:
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def until_stopped(self) -> None:
        def stopped() -> bool:
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
            return state == "T"

        self.wait_for(stopped, "the stop")

    def worked(self) -> float:
        """Seconds of the processor that the program has taken."""
        ticks = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def send(self, raw: bytes) -> None:
        while raw:
            self.read(0.0)
            raw = raw[os.write(self.fd, raw[:1024]) :]

    def kill(self, number: int) -> None:
        os.kill(self.pid, number)

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def close(self) -> None:
        """The window is closed."""
        os.close(self.fd)
        self.fd = -1

    @property
    def text(self) -> str:
        return self.text_since(0)

    def text_since(self, mark: int) -> str:
        return _SEQUENCE.sub(b"", self.output[mark:]).decode(errors="replace")

    @property
    def rows(self) -> int:
        """The last row that was painted."""
        return max((int(row) for row in re.findall(rb"\x1b\[(\d+);\d+H", self.output)), default=0)

    @property
    def left_on(self) -> set[int]:
        """The modes that were switched on and not off, but for those that a terminal begins with."""
        state = dict(_MODE.findall(self.output))
        on = {int(number) for number, how in state.items() if how == b"h"} - {7, 25}
        off = {int(number) for number, how in state.items() if how == b"l"} & {7, 25}
        return on | off

    @property
    def keyboard(self) -> int:
        """How many times the keyboard protocol was switched on more often than off."""
        return len(re.findall(rb"\x1b\[>\d+u", self.output)) - self.output.count(b"\x1b[<u")

    @property
    def echoes(self) -> bool:
        lines = termios.tcgetattr(self.fd)[3]
        return bool(lines & termios.ECHO and lines & termios.ICANON and lines & termios.ISIG)


def change_a_word(session: Session) -> None:
    """A word is another one, and nothing is saved."""
    session.until("journey")
    session.send(b"n")
    session.until("Another word")
    session.until_still()
    session.send(b"xyz")
    session.until("xyz")
    session.send(b"\r")
    session.until("→ “xyz”")
