"""How fast kitten-tui reads real models, beside transformers and BertViz on the same machine in the same run.

    python tests/bench/models.py --with PYTHON [--quick] [--only PART …] [--kinds KIND …] [--cache FOLDER]

PYTHON is an interpreter with torch, transformers and bertviz; `--only screen` needs none. Prints a table of markdown.
Informs and never fails: the exit status is 0. The first run makes a model of GPT-2 small's shape in the cache, 0.5 GB,
and for the part kinds one of about 100 million numbers for each of shapes.py, 0.4 GB.

Ours and theirs are processes of their own, alive together, that take turns: a busy machine slows both. The ratio of two
series of turns is the median of the ratios of the turns. Ours has its weights mapped and reads them anew each time;
theirs holds them. Before each series the file of weights is let go of and mapped and read once, as by a first launch
after switching the machine on: in how large pieces the kernel maps a file depends on how it was read.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import bench
from model_child import AT_ONCE
from shapes import SHAPES

CHILD = Path(__file__).resolve().with_name("model_child.py")
SHAPE = "gpt2-small-random"
REST = 0.25
"""Seconds between two turns, until idle threads of either side have stopped looking for work."""
PATIENCE = 900.0
MOST_TURNS = 20
SAME = 1e-3
"""How far apart, relatively, both may see the likeliest next token."""

KIND_TOKENS, KIND_GOAL = 128, 1.0
FORWARD_GOAL, MEMORY_GOAL, OVERVIEW_GOAL = 0.7, 0.4, 0.1
EFFECTS_TOKENS, EFFECTS_GOAL = 64, 0.5
ONWARD_TOKENS, ONWARD_GOAL = 512, 1.2
HEAD_GOAL, CURSOR_GOAL = bench.Goal(100, "ms"), bench.Goal(20, "ms")


@dataclass(frozen=True)
class Effort:
    lengths: tuple[int, ...]
    """Tokens."""
    processes: int
    """Of either side, for each length."""
    seconds: float
    """How long ours and theirs take turns in a pair of processes."""
    launches: int
    pages: int
    """Of BertViz."""
    rounds: int
    """Of the keys on the screen."""


FULL = Effort((16, 128, 512, 1024), processes=3, seconds=20.0, launches=5, pages=2, rounds=3)
QUICK = Effort((16, 512), processes=1, seconds=8.0, launches=3, pages=1, rounds=1)

LONG_TEXT = 1024
"""Tokens that are walked through on the screen."""
CONTENT = f"{LONG_TEXT} tokens".encode()
"""What the overview says when every layer has been computed."""
OPENING = b"\r"
"""Leads from the overview to the stages of its first head."""
HEAD, LAYER = (b"]",) * 4 + (b"[",) * 4, (b"}",) * 4 + (b"{",) * 4
"""There and back, further than what is kept of the heads just left."""
CURSOR = (bench.DOWN, bench.DOWN, bench.UP, bench.UP)

STAGES = range(1, 8)
WALKS = tuple(
    bench.Walk(name, goal, tuple(bench.Lap(f"stage {stage}", str(stage).encode(), keys) for stage in STAGES))
    for name, goal, keys in (
        ("head change", HEAD_GOAL, HEAD),
        ("layer change", HEAD_GOAL, LAYER),
        ("moving the cursor", CURSOR_GOAL, CURSOR),
    )
)

WORDS = (
    "the a this that one cat dog man woman child house tree road day night sun rain and or saw had was with under near"
)


class Child:
    """A process that answers in lines of JSON."""

    def __init__(self, python: str, *arguments: str) -> None:
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            (python, str(CHILD), *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(python),
            cwd=bench.ROOT,
        )

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("{"):
                found: dict[str, Any] = json.loads(line)
                return found
        assert self.process.stderr
        raise bench.BenchError(f"{self.process.args}: {self.process.stderr.read()[-600:]}")

    def again(self) -> dict[str, Any]:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self) -> float:
        """Seconds from the start of the process to its end."""
        try:
            self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return time.perf_counter() - self.began


def environment(python: str) -> dict[str, str]:
    kept = bench.environment() | {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "TQDM_DISABLE": "1"}
    return kept | ({"PYTHONPATH": str(bench.ROOT)} if python == sys.executable else {})


@contextmanager
def child(python: str, *arguments: str) -> Iterator[Child]:
    started = Child(python, *arguments)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.close()


def once(python: str, *arguments: str) -> tuple[dict[str, Any], float]:
    """What a process answers, and seconds from its start to its end."""
    with child(python, *arguments) as started:
        answer = started.answer()
        return answer, started.close()


def prepared(cache: Path, python: str, kind: str = "") -> Path:
    """The folder of the model, made where it is missing."""
    folder = cache / (f"{kind}-random" if kind else SHAPE)
    if not (folder / "tokenizer.json").exists():  # written last
        folder.mkdir(parents=True, exist_ok=True)
        print(f"making {folder}", file=sys.stderr)
        once(python, "make", str(folder), *([kind] if kind else []))
    return folder


def reread(folder: Path) -> None:
    """The weights, from the disk into the kernel's cache, as those have them who map a file."""
    for file in folder.glob("*.safetensors"):
        with file.open("rb") as opened:
            if hasattr(os, "posix_fadvise"):
                os.fsync(opened.fileno())
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                for page in range(0, len(mapped), mmap.PAGESIZE):
                    mapped[page]


@dataclass
class Series:
    """What one side was measured to need."""

    opened: list[float] = field(default_factory=list)
    """Seconds from files to the result."""
    again: list[float] = field(default_factory=list)
    """Seconds of the forward alone."""
    cpu: list[float] = field(default_factory=list)
    """Seconds of the processor that it took, where that is told too."""
    peak: float = 0.0
    """MB."""
    likeliest: float = 0.0

    def take(self, answer: dict[str, Any], length: int, to: list[float]) -> None:
        if answer["tokens"] != length:
            raise bench.BenchError(f"read {answer['tokens']} tokens instead of {length}")
        to.append(answer["seconds"])
        self.peak, self.likeliest = max(self.peak, answer["peak"]), answer["likeliest"]


def random_text(length: int) -> str:
    """One character is one token."""
    chance = random.Random(length)
    return "".join(chance.choice("abcdefghijklmnop ") for _ in range(length))


def measure_forward(folder: Path, python: str, length: int, effort: Effort) -> tuple[Series, Series]:
    """Ours and theirs by turns."""
    ours, theirs = Series(), Series()
    text = random_text(length)
    for _ in range(effort.processes):
        with child(sys.executable, "ours", str(folder), text) as mine:
            ours.take(mine.answer(), length, ours.opened)
            with child(python, "theirs", str(folder), text) as other:
                theirs.take(other.answer(), length, theirs.opened)
                end = time.perf_counter() + effort.seconds
                turns = 0
                while turns < 4 or time.perf_counter() < end:
                    # The first turn of each is not counted: threads and buffers come into being.
                    for series, process in ((ours, mine), (theirs, other)):
                        time.sleep(REST)
                        series.take(process.again(), length, series.again if turns else [])
                    turns += 1
    if abs(ours.likeliest - theirs.likeliest) > SAME * theirs.likeliest:
        raise bench.BenchError(f"{length} tokens: ours says {ours.likeliest}, theirs {theirs.likeliest}")
    return ours, theirs


def measure_asked(
    folder: Path, python: str, jobs: tuple[str, str], length: int, effort: Effort
) -> tuple[Series, Series]:
    """Ours and theirs by turns, each asked for the same."""
    ours, theirs = Series(), Series()
    text = random_text(length)
    for _ in range(effort.processes):
        with (
            child(sys.executable, jobs[0], str(folder), text) as mine,
            child(python, jobs[1], str(folder), text) as other,
        ):
            for process in (mine, other):
                process.answer()  # threads and buffers come into being
            end, turns = time.perf_counter() + effort.seconds, 0
            while turns < 3 or (time.perf_counter() < end and turns < MOST_TURNS):
                for series, process in ((ours, mine), (theirs, other)):
                    time.sleep(REST)
                    answer = process.again()
                    series.again.append(answer["seconds"])
                    series.cpu.append(answer["cpu"])
                    series.peak, series.likeliest = max(series.peak, answer["peak"]), answer["likeliest"]
                if abs(ours.likeliest - theirs.likeliest) > SAME * abs(theirs.likeliest):
                    raise bench.BenchError(f"{jobs[0]}: ours says {ours.likeliest}, theirs {theirs.likeliest}")
                turns += 1
    return ours, theirs


Row = tuple[str, str, str, str, str, str]
HEADINGS: Row = ("", "kitten-tui", "theirs", "ratio", "goal", "")


def compared(
    what: str,
    ours: float,
    theirs: float,
    limit: float | None,
    unit: str,
    more: tuple[str, str] = ("", ""),
    ratio: float | None = None,
) -> Row:
    ratio = ours / theirs if ratio is None else ratio
    goal, verdict = ("", "") if limit is None else (f"≤ {limit:g} ×", bench.said(ratio <= limit))
    return (what, f"{ours:,.0f} {unit}{more[0]}", f"{theirs:,.0f} {unit}{more[1]}", f"{ratio:.2f} ×", goal, verdict)


def times(what: str, ours: Sequence[float], theirs: Sequence[float], limit: float | None) -> Row:
    best = tuple(f" (best {1000 * min(series):,.0f})" for series in (ours, theirs))
    ratio = median(a / b for a, b in zip(ours, theirs, strict=True)) if len(ours) == len(theirs) else None
    return compared(what, 1000 * median(ours), 1000 * median(theirs), limit, "ms", (best[0], best[1]), ratio)


def forward_rows(folder: Path, python: str, effort: Effort) -> Iterator[Row]:
    for length in effort.lengths:
        reread(folder)
        ours, theirs = measure_forward(folder, python, length, effort)
        yield times(f"T = {length:,}: forward", ours.again, theirs.again, FORWARD_GOAL)
        yield times(f"T = {length:,}: from files", ours.opened, theirs.opened, None)
        yield compared(f"T = {length:,}: peak memory", ours.peak, theirs.peak, MEMORY_GOAL, "MB")


def asked_rows(folder: Path, python: str, effort: Effort) -> Iterator[Row]:
    """What is asked of a model: each head left out, and one more token."""
    for what, jobs, length, goal, share in (
        ("effects of 144 heads", ("our_effects", "their_effects"), EFFECTS_TOKENS, EFFECTS_GOAL, 1),
        ("one more token", ("our_tokens", "their_tokens"), ONWARD_TOKENS, ONWARD_GOAL, AT_ONCE),
    ):
        reread(folder)
        ours, theirs = measure_asked(folder, python, jobs, length, effort)
        clock = [[seconds / share for seconds in side.again] for side in (ours, theirs)]
        used = [[seconds / share for seconds in side.cpu] for side in (ours, theirs)]
        yield times(f"T = {length:,}: {what}", *clock, goal)
        yield times(f"T = {length:,}: {what}, processor", *used, goal)
        yield compared(f"T = {length:,}: {what}, peak memory", ours.peak, theirs.peak, None, "MB")


def kind_rows(cache: Path, python: str, kinds: Sequence[str], effort: Effort) -> Iterator[Row]:
    """A shape of each kind at one length."""
    for kind in kinds:
        folder = prepared(cache, python, kind)
        reread(folder)
        ours, theirs = measure_forward(folder, python, KIND_TOKENS, effort)
        yield times(f"{kind}, T = {KIND_TOKENS}: forward", ours.again, theirs.again, KIND_GOAL)
        yield compared(f"{kind}, T = {KIND_TOKENS}: peak memory", ours.peak, theirs.peak, MEMORY_GOAL, "MB")


def overview_rows(python: str, effort: Effort) -> Iterator[Row]:
    """The processes from start to end, importing included."""
    chance = random.Random(1)
    text = " ".join(chance.choice(WORDS.split()) for _ in range(510))  # and a token at either end
    folder = str(once(sys.executable, "trained", text)[0]["folder"])
    reread(Path(folder))
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as place:
        page = str(Path(place) / "page.html")
        for turn in range(effort.launches):
            if turn < effort.pages:
                theirs.append(once(python, "bertviz", folder, text, page))
                Path(page).unlink()
                # Not counted: it finds the kernel's cache full of the page.
                once(sys.executable, "overview", folder, text)
            ours.append(once(sys.executable, "overview", folder, text))
    tokens = {answer["tokens"] for answer, _ in (*ours, *theirs)}
    if tokens != {512}:
        raise bench.BenchError(f"expected 512 tokens, read {tokens}")
    seconds = [[seconds for _, seconds in side] for side in (ours, theirs)]
    yield times("MiniLM, 512 tokens: launch to the overview", seconds[0], seconds[1], OVERVIEW_GOAL)
    peaks = [max(answer["peak"] for answer, _ in side) for side in (ours, theirs)]
    yield compared("MiniLM, 512 tokens: peak memory", peaks[0], peaks[1], OVERVIEW_GOAL, "MB")
    yield ("  BertViz's page", "", f"{theirs[0][0]['size'] / 1e6:,.0f} MB", "", "", "")


def screen_rows(folder: Path, effort: Effort) -> Iterator[Row]:
    """Keys in a pseudo-terminal, as bench.py measures them: by stage, from the key to the last frame."""
    text = folder / "text.txt"
    text.write_text(random_text(LONG_TEXT), encoding="utf-8")
    command = (sys.executable, "-m", "kitten_tui", "--model", str(folder), str(text))
    program = bench.Program("kitten-tui", command, CONTENT)
    with bench.opened(program) as terminal:
        terminal.launch()
        terminal.lead(OPENING)
        pauses = bench.spread()
        for walk in WALKS:
            for lap in walk.laps:
                taken: list[float | None] = []
                for _ in range(effort.rounds):
                    terminal.lead(lap.start)
                    terminal.settle(1.0)  # what is computed when a stage is seen first
                    found = bench.walk_lap(terminal, lap, pauses)
                    taken += [None if press is None else press.settled for press in found]
                yield screen_row(walk, lap, taken)


def screen_row(walk: bench.Walk, lap: bench.Lap, taken: Sequence[float | None]) -> Row:
    what = f"T = {LONG_TEXT:,}: {walk.name}, {lap.name}"
    answered = [seconds for seconds in taken if seconds is not None]
    if len(answered) < len(taken) or not answered:
        return (what, f"{len(taken) - len(answered)} unanswered", "", "", str(walk.goal), bench.said(False))
    shown = f"{1000 * median(answered):.1f} ms (worst {1000 * max(answered):.1f})"
    assert walk.goal
    return (what, shown, "", "", str(walk.goal), bench.said(walk.goal.met(1000 * median(answered), 1.0)))


PARTS = ("forward", "asked", "kinds", "overview", "screen")


def report(python: str, cache: Path, parts: Sequence[str], kinds: Sequence[str], effort: Effort) -> Iterator[Row]:
    folder = prepared(cache, python) if {"forward", "asked", "screen"} & set(parts) else cache
    if "forward" in parts:
        yield from forward_rows(folder, python, effort)
    if "asked" in parts:
        yield from asked_rows(folder, python, effort)
    if "kinds" in parts:
        yield from kind_rows(cache, python, kinds, effort)
    if "overview" in parts:
        yield from overview_rows(python, effort)
    if "screen" in parts:
        yield from screen_rows(folder, effort)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure kitten-tui on real models beside transformers and BertViz.")
    parser.add_argument(
        "--with", dest="python", required=True, metavar="PYTHON", help="has torch, transformers and bertviz"
    )
    parser.add_argument("--quick", action="store_true", help="fewer lengths and repetitions")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts (default: all)")
    parser.add_argument(
        "--kinds",
        nargs="+",
        choices=SHAPES,
        default=list(SHAPES),
        metavar="KIND",
        help="of the part kinds (default: all)",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(tempfile.gettempdir()) / "kitten-tui-bench",
        metavar="FOLDER",
        help="where the made model is kept (default: in the folder for temporary files)",
    )
    arguments = parser.parse_args()
    began, effort = time.perf_counter(), QUICK if arguments.quick else FULL
    rows = [HEADINGS, ("---",) * len(HEADINGS)]
    for row in rows:
        print("| " + " | ".join(row) + " |")
    try:
        for row in report(arguments.python, arguments.cache, arguments.only, arguments.kinds, effort):
            print("| " + " | ".join(row) + " |", flush=True)
    except (bench.BenchError, subprocess.TimeoutExpired, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
    print(f"\nmeasured in {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
