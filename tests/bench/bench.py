"""How fast kitten-tui is in a real pseudo-terminal, beside a minimal Textual app in the same run.

    python tests/bench/bench.py [--quick] [--each]

Informs and never fails: the exit status is 0. Needs Linux or macOS; processor time is measured on Linux only.
What is measured is data: add a program, a walk of keys or a printed form to the tuples below.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NoReturn

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COLUMNS, LINES = 120, 40

# A terminal that says it can hold back a frame until it is complete gets the end of every frame marked.
ASKS_FOR_MARKS, GRANTS_MARKS = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
FRAME_START, FRAME_END = b"\x1b[?2026h", b"\x1b[?2026l"

QUIET = 0.06
"""Seconds without output after which a screen counts as settled; more than three of Textual's frames."""
GAP = 0.005
"""Seconds without output that end a frame drawn before the marks were granted."""
PATIENCE = 0.5
"""Seconds in which a key has to be answered."""
LAUNCH_PATIENCE = 20.0
IDLE_SLACK = 0.1
"""Percent of a processor that two idle programs may differ by before it counts as work."""


@dataclass(frozen=True)
class Goal:
    """At most this many milliseconds (ms), or times the minimal app (×)."""

    limit: float
    unit: str

    def __str__(self) -> str:
        return f"≤ {self.limit:g} {self.unit}"

    def met(self, value: float, floor: float) -> bool:
        return value <= self.limit * (floor if self.unit == "×" else 1.0)


@dataclass(frozen=True)
class Program:
    name: str
    command: tuple[str, ...]
    content: bytes
    """Text that is in no frame but one with content."""


@dataclass(frozen=True)
class Lap:
    name: str
    start: bytes
    """Leads to where the lap begins, and is not measured."""
    keys: tuple[bytes, ...]


@dataclass(frozen=True)
class Walk:
    name: str
    goal: Goal | None
    laps: tuple[Lap, ...]
    rounds: int = 1
    goal_long: Goal | None = None
    """For the sample with 24 tokens and 6 heads."""

    def goal_of(self, program: str) -> Goal | None:
        return self.goal_long if program == LONG else self.goal


UP, DOWN, RIGHT, LEFT = b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D"
SHIFT_TAB, ESCAPE = b"\x1b[Z", b"\x1b"
QUIT = b"q"

MINIMAL = Program("minimal app", (sys.executable, str(HERE / "minimal.py")), b"A minimal app")
LONG = "kitten-tui long"
PROGRAMS = (
    Program("kitten-tui", (sys.executable, "-m", "kitten_tui"), b"Vectors"),
    Program(LONG, (sys.executable, "-m", "kitten_tui", "long"), b"Vectors"),
)
WALKS = (
    Walk("stage step", Goal(30, "ms"), (Lap("there and back", b"1", (RIGHT,) * 6 + (LEFT,) * 6),), rounds=2),
    Walk(
        "moving the query",
        Goal(16, "ms"),
        tuple(Lap(f"stage {number}", str(number).encode(), (DOWN, DOWN, UP, UP)) for number in range(1, 8)),
    ),
    Walk(
        "nudging a number of W_q",
        Goal(30, "ms"),
        (Lap("W_q", b"2" + SHIFT_TAB * 4 + b"e", (UP, DOWN) * 6), Lap("leave", ESCAPE, ())),
        goal_long=Goal(60, "ms"),
    ),
)
LAUNCH_GOAL = Goal(1.3, "×")
PRINTED = ("--help", "--json", "--plain", "--check")


@dataclass(frozen=True)
class Effort:
    """How often, and for how many seconds."""

    launches: int
    most_rounds: int
    idle: float
    printings: int


FULL = Effort(launches=10, most_rounds=9, idle=3.0, printings=3)
QUICK = Effort(launches=4, most_rounds=1, idle=1.0, printings=1)


@dataclass(frozen=True)
class Launch:
    """Seconds from the start of the program."""

    first: float
    settled: float


@dataclass(frozen=True)
class Press:
    place: tuple[str, int]
    """The lap, and which of its keys."""
    settled: float
    """Seconds from the key to the end of the last frame."""
    frames: int


@dataclass(frozen=True)
class Run:
    """What was measured in one program."""

    presses: dict[str, list[Press]]
    unanswered: int
    idle: float | None
    """Percent of a processor."""
    idle_output: int
    """Bytes."""


class BenchError(Exception):
    """A program did not do what the measurement waits for."""


class Terminal:
    """A program in a pseudo-terminal that reads what it writes at once."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.began = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            _become(program)
        self.output = bytearray()
        self.frames = 0
        self.last = self.began
        """When the last output came."""

    def read(self, timeout: float) -> bool:
        """Whether there was output within so many seconds."""
        if not select.select([self.fd], [], [], max(timeout, 0.0))[0]:
            return False
        try:
            chunk = os.read(self.fd, 1 << 16)
        except OSError:  # Linux: the program has closed the terminal
            chunk = b""
        if not chunk:
            raise BenchError(f"{self.program.name} ended by itself: {bytes(self.output[-400:])!r}")
        self.last = time.perf_counter()
        self._take(chunk)
        return True

    def _take(self, chunk: bytes) -> None:
        # A marker may be cut in two by the size of the terminal's buffer.
        fresh = max(len(self.output) - len(ASKS_FOR_MARKS) + 1, 0)
        already = self.output.count(FRAME_END, fresh)
        self.output += chunk
        self.frames += self.output.count(FRAME_END, fresh) - already
        if ASKS_FOR_MARKS in self.output[fresh:]:
            os.write(self.fd, GRANTS_MARKS)

    def forget(self) -> None:
        """What comes from now on is counted anew."""
        self.output.clear()
        self.frames = 0

    def settle(self, quiet: float = QUIET) -> None:
        """Read until there is nothing for a while."""
        deadline = time.perf_counter() + LAUNCH_PATIENCE
        while self.read(quiet):
            if time.perf_counter() > deadline:
                raise BenchError(f"{self.program.name} does not settle")

    def launch(self) -> Launch:
        """Wait for the first frame with content, and for the last."""
        while (at := self.output.find(self.program.content)) < 0:
            if not self.read(self.began + LAUNCH_PATIENCE - time.perf_counter()):
                raise BenchError(f"{self.program.name} drew no frame with {self.program.content.decode()!r}")
        marked = self.output.find(FRAME_START, 0, at) >= 0
        while self.output.find(FRAME_END, at) < 0 and self.read(PATIENCE if marked else GAP):
            pass
        first = self.last
        self.settle(2 * QUIET)
        return Launch(first - self.began, self.last - self.began)

    def press(self, key: bytes) -> tuple[float, int] | None:
        """Seconds from the key to the end of the settled frame, and how many frames; None without an answer."""
        self.forget()
        began = time.perf_counter()
        os.write(self.fd, key)
        if not self.read(PATIENCE):
            return None
        self.settle()
        return self.last - began, self.frames

    def lead(self, key: bytes) -> None:
        """Press a key that need not change anything."""
        os.write(self.fd, key)
        self.settle(3 * QUIET)

    def rest(self, seconds: float) -> None:
        """Read for a fixed time."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)

    def close(self) -> None:
        """Quit as a person does, else by force. Leaves nothing behind."""
        try:
            os.write(self.fd, QUIT)
            self.rest(3.0)
        except (BenchError, OSError):
            pass
        if not _reaped(self.pid, 1.0):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


def _become(program: Program) -> NoReturn:
    """In the child: the program, at a terminal of a fixed size."""
    try:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        os.chdir(ROOT)
        os.execve(program.command[0], program.command, environment())
    finally:
        os._exit(127)


def environment() -> dict[str, str]:
    """The same for everyone: true colour, UTF-8, English, compiled modules kept as after an installation."""
    unwanted = ("TEXTUAL", "LC_", "NO_COLOR", "FORCE_COLOR", "PYTHONDONTWRITE", "PYTHONPROFILE", "PYTHONDEVMODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return kept | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}


def _reaped(pid: int, seconds: float) -> bool:
    end = time.perf_counter() + seconds
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.perf_counter() > end:
            return False
        time.sleep(0.005)
    return True


@contextmanager
def opened(program: Program) -> Iterator[Terminal]:
    terminal = Terminal(program)
    try:
        yield terminal
    finally:
        terminal.close()


def processor_time(pid: int) -> float | None:
    """Seconds that all threads of a process have worked. /proc/PID/stat has the same, in steps of 10 ms."""
    if not sys.platform.startswith("linux"):
        return None
    # The kernel's number for the clock of a process, as clock_getcpuclockid(3) makes it.
    return time.clock_gettime((~pid << 3) | 2)


def measure_launches(programs: Sequence[Program], times: int) -> dict[str, list[Launch]]:
    """By turns, so that what else the machine does falls on all alike."""
    found: dict[str, list[Launch]] = {program.name: [] for program in programs}
    for round_ in range(times + 1):
        for program in programs:
            with opened(program) as terminal:
                launch = terminal.launch()
            if round_:  # the first compiles the modules and fills the disk cache
                found[program.name].append(launch)
    return found


def measure_run(program: Program, effort: Effort) -> Run:
    """All walks, then idleness."""
    with opened(program) as terminal:
        terminal.launch()
        pauses = spread()
        presses: dict[str, list[Press]] = {walk.name: [] for walk in WALKS}
        unanswered = 0
        for walk in WALKS:
            for lap in walk.laps * min(walk.rounds, effort.most_rounds):
                taken = list(walk_lap(terminal, lap, pauses))
                presses[walk.name] += [press for press in taken if press is not None]
                unanswered += taken.count(None)
        idle, output = measure_idle(terminal, effort.idle)
    return Run(presses, unanswered, idle, output)


def walk_lap(terminal: Terminal, lap: Lap, pauses: Iterator[float]) -> Iterator[Press | None]:
    terminal.lead(lap.start)
    for number, key in enumerate(lap.keys):
        terminal.rest(next(pauses))
        answer = terminal.press(key)
        yield None if answer is None else Press((lap.name, number), *answer)


def spread() -> Iterator[float]:
    """Pauses over a whole frame, always the same: otherwise keys would keep step with Textual's 60 frames a second."""
    count = 0
    while True:
        count += 1
        yield (count * 0.618034 % 1.0) / 60


def measure_idle(terminal: Terminal, seconds: float) -> tuple[float | None, int]:
    """Percent of a processor and bytes written while nothing is asked."""
    terminal.rest(0.5)
    terminal.forget()
    before = processor_time(terminal.pid)
    began = time.perf_counter()
    terminal.rest(seconds)
    after = processor_time(terminal.pid)
    passed = time.perf_counter() - began
    used = None if before is None or after is None else 100 * (after - before) / passed
    return used, len(terminal.output)


def measure_printing(option: str, times: int) -> float:
    """Milliseconds from start to end, printing to nowhere."""
    command = (sys.executable, "-m", "kitten_tui", option)
    return 1000 * median(_seconds(command) for _ in range(times))


def _seconds(command: Sequence[str]) -> float:
    began = time.perf_counter()
    _finish(command)
    return time.perf_counter() - began


def _finish(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        cwd=ROOT,
        timeout=LAUNCH_PATIENCE,
    )


def imports_textual(option: str) -> bool | None:
    """Whether Textual has been imported once this has been printed; None if printing failed."""
    code = (
        "import sys\nfrom kitten_tui.cli import main\n"
        f"status = main([{option!r}])\n"
        "print(status, 'textual' in sys.modules, file=sys.stderr)"
    )
    ended = _finish((sys.executable, "-c", code))
    return {"0 True": True, "0 False": False}.get(ended.stderr.strip())


Row = tuple[str, str, str, str, str, str]
HEADINGS: Row = ("", "", MINIMAL.name, "ratio", "goal", "")


def timed_row(what: str, ours: Sequence[float], theirs: Sequence[float], goal: Goal | None) -> Row:
    """Two series of seconds, in milliseconds, by their medians."""
    if not ours or not theirs:
        return (what, "—", "—", "", str(goal or ""), "no answer")
    value, floor = 1000 * median(ours), 1000 * median(theirs)
    verdict = "" if goal is None else said(goal.met(value, floor))
    return (what, spelled(ours), spelled(theirs), f"{value / floor:.2f} ×", str(goal or ""), verdict)


def spelled(seconds: Sequence[float]) -> str:
    return f"{1000 * median(seconds):.1f} ({1000 * ninetieth(seconds):.1f}, {1000 * max(seconds):.1f})"


def ninetieth(values: Sequence[float]) -> float:
    """The least value that nine in ten do not exceed."""
    return sorted(values)[-(-9 * len(values) // 10) - 1]


def said(met: bool) -> str:
    return "met" if met else "MISSED"


def launch_rows(ours: Sequence[Launch], theirs: Sequence[Launch]) -> Iterator[Row]:
    firsts = ([launch.first for launch in ours], [launch.first for launch in theirs])
    yield timed_row("launch to first frame, ms", *firsts, LAUNCH_GOAL)
    lasts = ([launch.settled for launch in ours], [launch.settled for launch in theirs])
    yield timed_row("launch to settled frame, ms", *lasts, None)


def run_rows(name: str, ours: Run, theirs: Run) -> Iterator[Row]:
    for walk in WALKS:
        both = [[press.settled for press in run.presses[walk.name]] for run in (ours, theirs)]
        yield timed_row(f"{walk.name} to settled frame, ms", both[0], both[1], walk.goal_of(name))
        frames = [average([press.frames for press in run.presses[walk.name]]) for run in (ours, theirs)]
        yield ("  frames drawn for it, mean", f"{frames[0]:.2f}", f"{frames[1]:.2f}", "", "", "")
    yield idle_row(ours, theirs)
    if ours.idle_output:
        yield ("  bytes written while idle", f"{ours.idle_output}", f"{theirs.idle_output}", "", "0", said(False))
    if ours.unanswered:
        yield ("keys without an answer", f"{ours.unanswered}", f"{theirs.unanswered}", "", "0", said(False))


def average(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def idle_row(ours: Run, theirs: Run) -> Row:
    """No program on Textual uses none: its input thread looks up ten times a second."""
    what = "CPU while idle, % of a core"
    if ours.idle is None or theirs.idle is None:
        return (what, "—", "—", "", "none of its own", "not measured here")
    verdict = said(ours.idle <= theirs.idle + IDLE_SLACK)
    return (what, f"{ours.idle:.2f}", f"{theirs.idle:.2f}", "", "none of its own", verdict)


def printed_rows(times: int) -> Iterator[Row]:
    for option in PRINTED:
        textual = imports_textual(option)
        verdict = "failed" if textual is None else said(not textual)
        yield (f"{option} start to end, ms", f"{measure_printing(option, times):.0f}", "", "", "no Textual", verdict)


def table(rows: Sequence[Row]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [row[column].rjust(widths[column]) for column in (1, 2, 3, 4)]
        yield "  ".join([*cells, row[5]]).rstrip()


def each_lines(name: str, run: Run) -> Iterator[str]:
    """Every key of every lap, in milliseconds by the median of its repetitions."""
    for walk in WALKS:
        for lap in dict.fromkeys(walk.laps):
            yield f"{name}, {walk.name}, {lap.name}: " + "  ".join(
                at_place(run.presses[walk.name], (lap.name, number)) for number in range(len(lap.keys))
            )


def at_place(presses: Sequence[Press], place: tuple[str, int]) -> str:
    there = [press for press in presses if press.place == place]
    if not there:
        return "—"
    return f"{1000 * median(press.settled for press in there):.1f}/{max(press.frames for press in there)}"


def report(effort: Effort, each: bool, say: Callable[[str], None]) -> None:
    launches = measure_launches((*PROGRAMS, MINIMAL), effort.launches)
    floor = measure_run(MINIMAL, effort)
    runs = {program.name: measure_run(program, effort) for program in PROGRAMS}
    rows: list[Row] = []
    for name, run in runs.items():
        rows.append((f"{COLUMNS} × {LINES}: median (90 %, worst)", name, *HEADINGS[2:]))
        rows += launch_rows(launches[name], launches[MINIMAL.name])
        rows += run_rows(name, run, floor)
    rows += printed_rows(effort.printings)
    for line in table(rows):
        say(line)
    if each:
        say("\nevery key: ms/frames")
        for name, run in (*runs.items(), (MINIMAL.name, floor)):
            for line in each_lines(name, run):
                say(line)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure kitten-tui beside a minimal Textual app.")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--each", action="store_true", help="also print every key of the walks")
    arguments = parser.parse_args()
    began = time.perf_counter()
    try:
        report(QUICK if arguments.quick else FULL, arguments.each, print)
    except (BenchError, subprocess.TimeoutExpired) as error:
        print(f"bench: {error}", file=sys.stderr)
    print(f"measured in {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
