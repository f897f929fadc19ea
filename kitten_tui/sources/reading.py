"""Files that somebody gives are read up to a size, and only where there is a file: a device or a pipe may never end."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from kitten_tui.sources.errors import SourceError

LARGEST_CONFIG = 10_000_000
"""Bytes of what describes a model."""
MOST_PARTS = 6_000_000
"""Commas and brackets of one file of JSON; the largest tokenizer known has three million."""
_MEANT = ("/dev/fd/", "/proc/self/fd/")
"""Where a shell puts the pipe of <(command)."""


def check_file(path: Path, *, pipe: bool = False) -> os.stat_result:
    """What is known of a file that can be read to its end.

    Raises:
        SourceError: it is a device, or a pipe where none is meant.
        OSError: it is not there.
    """
    about = path.stat()
    kind = about.st_mode
    meant = pipe and (stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)) and str(path).startswith(_MEANT)
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind) or meant):
        found = "a pipe" if stat.S_ISFIFO(kind) else "a device"
        raise SourceError(f"{path}: expected a file, found {found}")
    return about


def read_bytes(path: Path, most: int, *, pipe: bool = False) -> bytes:
    """All of a file, or a byte more than it may have.

    Raises:
        SourceError: it is a device, or a pipe where none is meant.
        OSError: it is not there, or cannot be read.
    """
    check_file(path, pipe=pipe)
    with path.open("rb") as file:
        return file.read(most + 1)


def read_text(path: Path, most: int) -> str:
    """A text that belongs to a model, in UTF-8.

    Raises:
        SourceError: it is no file, or larger than any that is honest.
        OSError: it is not there, or cannot be read.
        ValueError: it is no UTF-8.
    """
    raw = read_bytes(path, most)
    if len(raw) > most:
        raise SourceError(f"{path}: expected a file of at most {most:,} bytes, found more")
    return raw.decode("utf-8")


def read_json(path: Path, most: int, wanted: str = "JSON") -> Any:
    """What a JSON file that belongs to a model holds; `wanted` says what it is expected to be.

    Raises:
        SourceError: it is no file, larger than any that is honest, or no JSON.
        OSError: it is not there, or cannot be read.
    """
    try:
        return parsed(read_text(path, most))
    except SourceError:
        raise
    except ValueError as error:
        raise SourceError(f"{path}: expected {wanted}: {error}") from None


def parsed(text: str) -> Any:
    """What JSON holds.

    Raises:
        ValueError: it is none, is nested too deeply, or has so many parts that they would fill the memory.
    """
    parts = sum(map(text.count, ",[{"))
    if parts > MOST_PARTS:
        raise ValueError(f"expected at most {MOST_PARTS:,} parts, found {parts:,}")
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError(str(error)) from None


def read_object(path: Path, most: int, wanted: str = "") -> dict[str, Any]:
    """A JSON object that belongs to a model; `wanted` says what it is expected to be.

    Raises:
        SourceError: it is no file, larger than any that is honest, or holds something else.
        OSError: it is not there, or cannot be read.
    """
    values = read_json(path, most, wanted or "JSON")
    if not isinstance(values, dict):
        kind = f"{wanted}: an object" if wanted else "an object"
        raise SourceError(f"{path}: expected {kind}, found {type(values).__name__}")
    return values
