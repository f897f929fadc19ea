"""A fault of the program itself: one screen that says what to report, and the changes that were not saved."""

from __future__ import annotations

import os
import platform
import shlex
import sys
import tempfile
import traceback
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from kitten_tui import __version__
from kitten_tui.words import Words

if TYPE_CHECKING:
    from kitten_tui.core.settings import Settings
    from kitten_tui.core.source import Source

    Unsaved = tuple[Source, Settings, int]
    """A lesson, its settings, and the query that was selected."""

PLACES = 8
"""Lines of the way to the fault, its end; the values of variables are nobody's business."""
LONGEST = 300
PACKAGES = ("textual", "rich", "numpy", "safetensors", "tokenizers")


def report(fault: BaseException, words: Words, unsaved: Unsaved | None = None) -> Iterator[str]:
    """What happened, where, in which versions, and where the unsaved changes are."""
    from kitten_tui.ink.cells import clean

    yield words("crash.title")
    yield ""
    yield f"  kitten-tui {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    yield f"  {', '.join(_versions())}; TERM={clean(os.environ.get('TERM', ''))[:40]}"
    yield f"  {type(fault).__name__}: {clean(_message(fault))[:LONGEST]}"
    for frame in traceback.extract_tb(fault.__traceback__)[-PLACES:]:
        yield f"    {_short(frame.filename)}:{frame.lineno} {frame.name}"
    if unsaved is not None:
        yield ""
        yield where(unsaved, words)


def where(unsaved: Unsaved, words: Words) -> str:
    """Writes the changes beside; a sentence that says where they are."""
    from kitten_tui.ink.cells import clean

    path = rescue(unsaved)
    return words("crash.lost") if path is None else words("crash.unsaved", path=clean(shlex.quote(str(path))))


def rescue(unsaved: Unsaved) -> Path | None:
    """Writes the changes to a new file where the program was started, or else at home, or else where nothing stays."""
    from kitten_tui.paper.sample import save

    lesson, settings, query = unsaved
    for folder in (Path(), Path("~"), Path(tempfile.gettempdir())):
        for number in range(1, 100):
            name = "kitten-tui-unsaved.toml" if number == 1 else f"kitten-tui-unsaved-{number}.toml"
            try:
                path = folder.expanduser().resolve() / name
                if not path.exists():
                    save(lesson, settings, query, path)
                    return path
            except Exception:
                # Whatever it is, the next folder is tried: nothing may keep the fault itself from being told.
                break
    return None


def _versions() -> Iterator[str]:
    for package in PACKAGES:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            continue


def _message(fault: BaseException) -> str:
    try:
        return str(fault)
    except Exception:
        return "?"


def _short(filename: str) -> str:
    """The file below the folder that packages are installed in."""
    for folder in sorted(map(str, filter(None, sys.path)), key=len, reverse=True):
        if filename.startswith(folder + os.sep):
            return filename[len(folder) + 1 :]
    return filename
