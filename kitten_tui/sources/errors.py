"""What is said to the person who holds the file: the one place where what goes wrong becomes one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import RLock

_OF_RUST = "pyo3_runtime"
"""Where a panic of a library in Rust says that it is from; it is no Exception."""
_NO_THREAD = "can't start new thread"
"""What Python raises where there is no memory, or no more processes, for a thread."""
_NO_HOME = "Could not determine home directory"
"""What Python raises where ~ stands for nothing."""
_muting = RLock()


class SourceError(ValueError):
    """Something given could not be opened: one line that names what, where, what was expected and what was found."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))


class ExistsError(SourceError):
    """There is a file of that name already, and nobody said that it may be overwritten."""


class NotYetError(LookupError):
    """A layer is asked for that has not been computed; it counts from 0."""

    def __init__(self, layer: int) -> None:
        super().__init__(f"layer {layer + 1} has not been computed")
        self.layer = layer


def problem_of(error: BaseException) -> str | None:
    """What went wrong with a path, a file or memory, in a line; None for what the program itself did wrong."""
    if isinstance(error, SourceError):
        return str(error)
    if isinstance(error, OSError):
        named = error.filename if isinstance(error.filename, (str, os.PathLike)) else None
        what = str(os.fsdecode(named)) if named else "a file or a folder"
        return str(SourceError(f"{what}: expected one that can be read, found: {error.strerror or error}"))
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and _NO_THREAD in str(error)):
        wanted = f": {error}" if str(error) else ""
        return str(SourceError(f"memory: expected more than there is{wanted}; try a shorter text"))
    if isinstance(error, RuntimeError) and _NO_HOME in str(error):
        return "~: expected the home of a user, found no user of that name"
    if type(error).__module__ == _OF_RUST:
        return str(SourceError(f"a library: expected something else: {error}"))
    return None


@contextmanager
def plainly() -> Iterator[None]:
    """What goes wrong inside with a path, a file or memory is a SourceError outside."""
    try:
        yield
    except BrokenPipeError:  # nobody reads what is printed: no problem of anybody
        raise
    except BaseException as error:
        problem = None if isinstance(error, SourceError) else problem_of(error)
        if problem is None:
            raise
        raise SourceError(problem) from None


@contextmanager
def muted() -> Iterator[None]:
    """Libraries in other languages write to standard error past Python; what they raise is told of anyway."""
    with _muting:
        if sys.stderr is not None:
            with suppress(OSError, ValueError):
                sys.stderr.flush()
        try:
            kept = os.dup(2)
        except OSError:  # it is closed
            yield
            return
        try:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 2)
            os.close(nothing)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
