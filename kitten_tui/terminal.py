"""The terminal that the program runs in: its size, its keys, the signals, and leaving it as it was found.

Textual draws well on a terminal that behaves. This is for the others: one that is stopped and continued, killed,
closed, resized to nothing, or that sends what is no UTF-8.
"""

from __future__ import annotations

import os
import select
import signal
import termios
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, TextIO

from textual.drivers.linux_driver import LinuxDriver

from kitten_tui.reader import LARGEST, KeyReader
from kitten_tui.sources.writing import discard_unfinished

if TYPE_CHECKING:
    from kitten_tui.app import KittenApp

RESTORED = "".join(
    (
        "\x1b[?2026l",  # a screen that is held back
        "\x1b[?2004l\x1b[?7h\x1b[?2048l",  # pastes in brackets, no line wrap, sizes among the keys
        "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l",  # the mouse
        "\x1b[<u",  # the keyboard protocol, which belongs to the other screen
        "\x1b[?1049l\x1b[?25h\x1b[?1004l\x1b[0m",  # the other screen, no cursor, reports of the focus, colours
    )
)
"""What switches off all that was switched on."""
ENDING = ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGABRT", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGVTALRM", "SIGPROF")
"""Signals that end the program."""
LOST = 128 + 1
"""The exit status where the terminal has gone, as after SIGHUP."""
FALLBACK = (80, 24)


class Output:
    """The stream that the screen is written to. It can be closed at once, also in the middle of a picture."""

    def __init__(self, file: IO[str], lost: Callable[[], None]) -> None:
        self.file = file
        self.lost = lost
        self.lock = Lock()
        self.is_closed = False

    def write(self, text: str) -> None:
        with self.lock:
            if not self.is_closed:
                self._do(lambda: self.file.write(text))

    def flush(self) -> None:
        with self.lock:
            if not self.is_closed:
                self._do(self.file.flush)

    def fileno(self) -> int:
        return self.file.fileno()

    def _do(self, task: Callable[[], object]) -> None:
        """A thread that ends by an exception would leave everybody waiting who still has something to write."""
        try:
            task()
        except (OSError, ValueError):
            self.is_closed = True
            self.lost()

    def finish(self, text: str) -> None:
        """The last that is written, past everything that waits; a terminal that takes nothing is not waited for."""
        self.is_closed = True
        free = self.lock.acquire(timeout=1.0)
        with suppress(OSError, ValueError):
            number = self.file.fileno()
            if select.select([], [number], [], 0.2)[1]:
                os.write(number, text.encode())
        if free:
            self.lock.release()


def _apart(file: TextIO) -> TextIO:
    """The same terminal under a number of its own: what libraries write to standard error may then be muted."""
    return open(os.dup(file.fileno()), "w", encoding=file.encoding, errors="backslashreplace", newline="")


class Terminal(LinuxDriver):
    """Textual's driver for a terminal that may do anything."""

    _app: KittenApp

    def __init__(self, app: KittenApp, *, debug: bool = False, mouse: bool = True, size: Any = None) -> None:
        # Before Textual asks for it: its own way prefers what the shell once exported as COLUMNS and LINES.
        super().__init__(app, debug=debug, mouse=mouse, size=size or self._get_terminal_size())
        assert self._file is not None
        self._output = Output(_apart(self._file), self._lose)
        self._file = self._output  # type: ignore[assignment]
        self._is_drawing = False
        self._is_ending = False
        self._found_attributes: list[Any] | None = None
        # From within the loop and not from a handler, which may come while a lock is held that these wait for.
        self._loop.add_signal_handler(signal.SIGTSTP, self._stop)
        self._loop.add_signal_handler(signal.SIGCONT, self._go_on)
        for name in ENDING:
            number = getattr(signal, name)
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks for
                signal.signal(number, self._end)

    # Size

    def _get_terminal_size(self) -> tuple[int, int]:
        for number in (2, 1, 0):
            with suppress(OSError):
                width, height = os.get_terminal_size(number)
                if width and height:
                    return min(width, LARGEST[0]), min(height, LARGEST[1])
        return FALLBACK

    # Beginning and ending

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._is_drawing = self._writer_thread is not None  # in the background, Textual begins nothing
        if self._found_attributes is None:
            self._found_attributes = self.attrs_before
        # A shell may hand the terminal back in another mode; how it was first found is how it is left.
        self.attrs_before = self._found_attributes

    def stop_application_mode(self) -> None:
        if self._is_drawing:
            super().stop_application_mode()
        self._is_drawing = False

    def close(self) -> None:
        super().close()
        self._writer_thread = None

    def write(self, data: str) -> None:
        """What is written while the program does not have the terminal is painted when it has it again."""
        if self._writer_thread is not None:
            super().write(data)

    def _disable_mouse_support(self) -> None:
        super()._disable_mouse_support()
        self.write("\x1b[?1016l")  # Textual switches pixels on where it may, and leaves them on

    def _end(self, number: int, frame: object) -> None:
        """A signal that ends the program: it ends as the signal says, and the terminal is as it was.

        This runs between any two instructions, so it waits for no lock but the one of the thread that writes.
        """
        if self._is_ending:  # a session that ends sends several
            return
        self._is_ending = True
        if self._is_drawing:
            self._output.finish(RESTORED)
            if self._found_attributes is not None:
                with suppress(termios.error):
                    termios.tcsetattr(self.fileno, termios.TCSANOW, self._found_attributes)
        self._keep_changes()
        discard_unfinished()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _keep_changes(self) -> None:
        """What was changed and not saved is written beside, and said where."""
        from kitten_tui.crash import where

        with suppress(Exception):  # the signal may come before there is a screen, or while it changes
            unsaved = self._app.changes
            if unsaved is not None:
                self._output.finish(where(unsaved, self._app.front.words) + "\n")

    # Stopping and going on

    def _stop(self) -> None:
        if self._auto_restart and self._is_drawing:
            self.suspend_application_mode()
        os.kill(os.getpid(), signal.SIGSTOP)

    def _go_on(self) -> None:
        """After SIGSTOP nothing was put away, and whoever had the terminal meanwhile may have changed everything."""
        if not self._auto_restart:
            return
        if self._is_drawing:
            self.suspend_application_mode()
        self._output.is_closed = False
        self.start_application_mode()
        if self._is_drawing:
            self._app.call_later(self._app.paint_anew)

    # Keys

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except Exception as error:
            self._loop.call_soon_threadsafe(self._app._handle_exception, error)

    def run_input_thread(self) -> None:
        reader = KeyReader()
        while not self.exit_event.is_set():
            if not select.select([self.fileno], [], [], reader.patience)[0]:
                messages = reader.tick()
            else:
                try:
                    raw = os.read(self.fileno, 65_536)
                except OSError:
                    raw = b""
                if not raw:
                    self._lose()
                    return
                messages = reader.feed(raw)
            for message in messages:
                self.process_message(message)

    def _lose(self) -> None:
        """There is no terminal any more: nobody reads and nobody types."""
        with suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._app.lose_terminal, LOST)
