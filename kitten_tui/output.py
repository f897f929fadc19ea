"""The two streams: lines that are asked for, and the one line or the one screen that says what went wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, islice
from typing import TYPE_CHECKING

from kitten_tui.sources.errors import SourceError

if TYPE_CHECKING:
    from kitten_tui.crash import Unsaved
    from kitten_tui.words import Words

OK, FAILED, BAD = 0, 1, 2
DUMB = ("dumb", "unknown", "")
"""Terminals that cannot be drawn on."""
LONGEST_ERROR = 480
"""Characters of the line that says what is wrong; a path or a token in it may be of any length."""
LINES_AT_ONCE = 5_000
"""Lines that are made before the first of them is printed."""


def print_lines(lines: Iterable[str]) -> int:
    from kitten_tui.ink.cells import harmless

    _keep_columns()
    lines = iter(lines)
    first = list(islice(lines, LINES_AT_ONCE))  # what goes wrong on the way leaves nothing half printed
    with _writing():
        for line in chain(first, lines):
            print(harmless(line))
        if sys.stdout is not None:
            sys.stdout.flush()
    return OK


def print_bytes(written: bytes) -> int:
    """What is no text, for a program that reads it."""
    if not hasattr(sys.stdout, "buffer") or sys.stdout.isatty():
        raise SourceError("standard output: expected a file or a program that takes bytes, found none")
    with _writing():
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
    return OK


def notice(text: str) -> None:
    """A line beside what is printed; nowhere else where standard error is closed, where print would take the other."""
    if sys.stderr is not None:
        from kitten_tui.ink.cells import clean

        with suppress(OSError):
            print(clean(text), file=sys.stderr, flush=True)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Says how far something is, on a line that is wiped in the end; nothing where nobody is waiting."""
    waiting, longest = sys.stderr is not None and sys.stderr.isatty(), 0

    def tell(told: str) -> None:
        nonlocal longest
        if waiting:
            longest = max(longest, 2 * len(told))  # a character may be two columns wide
            print(f"\r{told}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if waiting:
            print(f"\r{' ' * longest}\r", end="", file=sys.stderr, flush=True)


@contextmanager
def _writing() -> Iterator[None]:
    """A disk that is full is one line; a reader that has gone is none."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_output()
        raise SourceError(f"standard output: {error.strerror}") from None


def flushed() -> int:
    """Nobody may be there any more to read what was printed."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        discard_output()
    return OK


def discard_output() -> None:
    """What is still buffered must not be written at exit either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def refuse(message: str) -> int:
    if sys.stderr is not None:  # print would take standard output instead
        try:
            from kitten_tui.ink.cells import clean

            message = clean(message)
        except (ImportError, MemoryError):  # where there is no memory even for that
            message = ascii(message)
        if len(message) > LONGEST_ERROR:  # what was expected stands at the end
            message = f"{message[: LONGEST_ERROR // 3]} … {message[-LONGEST_ERROR // 2 :]}"
        with suppress(OSError):
            print(f"kitten-tui: {message}", file=sys.stderr)
    return BAD


def forgive_encoding() -> None:
    """A terminal that cannot write a character shows its code instead of a traceback."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _keep_columns() -> None:
    """Paper in an encoding without our signs gets others of the same width."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None and "utf" not in (sys.stdout.encoding or "").lower():
        from kitten_tui.paper.signs import NAME

        reconfigure(errors=NAME)


def tell_fault(fault: BaseException, words: Words, unsaved: Unsaved | None = None) -> int:
    from kitten_tui.crash import report

    for line in report(fault, words, unsaved):
        if sys.stderr is None:  # print would take standard output instead
            break
        with suppress(OSError):
            print(line, file=sys.stderr)
    return FAILED


def has_screen() -> bool:
    """Whether there is a terminal to draw on and to read keys from. Textual draws on standard error."""
    streams = [sys.__stdout__, sys.__stderr__]
    if "JPY_PARENT_PID" in os.environ:  # a cell of a notebook has a terminal that nobody can type into
        return False
    on_terminal = all(stream is not None and stream.isatty() for stream in streams) and sys.stdout is sys.__stdout__
    return on_terminal and os.isatty(0) and os.environ.get("TERM", "") not in DUMB
