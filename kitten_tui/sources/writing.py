"""Files that are written whole or not at all: under the name that was asked for stands the old one or the new one."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from kitten_tui.sources.errors import ExistsError, SourceError

_unfinished: set[Path] = set()


def path_of(text: str) -> Path:
    """The path that somebody wrote, with their home in place of ~.

    Raises:
        SourceError: it is no path.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise SourceError(f"{text}: expected the home of a user, found no user of that name") from None


def check_target(path: Path, *, overwrite: bool = False) -> Path:
    """The file that a path leads to, if it may be written; a link stays a link.

    Raises:
        ExistsError: the file exists, and `overwrite` was not asked for.
        SourceError: nothing can be written there.
    """

    def fail(message: str) -> NoReturn:
        raise SourceError(f"{path}: {message}")

    if "\0" in str(path):
        fail("expected a name for a file, found a null byte in it")
    try:
        target = Path(os.path.realpath(path))
        try:
            mode = target.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            mode = None
        if mode is not None and stat.S_ISDIR(mode):
            fail("expected a name for a file, found a directory")
        if mode is not None and stat.S_ISLNK(mode):
            fail("expected a name for a file, found a link that leads to itself")
        if not target.parent.is_dir():
            fail("expected a folder that is there, found none")
        if mode is not None and not stat.S_ISREG(mode):
            fail("expected a name for a file, found a device")
        if not os.access(target.parent, os.W_OK | os.X_OK):
            fail(f"expected a file that can be written, found: {os.strerror(errno.EACCES)}")
    except OSError as error:
        fail(f"expected a file that can be written, found: {error.strerror or error}")
    if mode is not None and not overwrite:
        raise ExistsError(f"{path}: expected the name of a new file, found one that is there already")
    return target


@contextmanager
def writing(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """An empty file to write to, which takes its place under the name at the end if nothing was raised.

    Raises:
        ExistsError: the file exists, and `overwrite` was not asked for.
        SourceError: it cannot be written.
    """
    target = check_target(path, overwrite=overwrite)
    temporary = target.with_name(f".{os.urandom(8).hex()}.tmp")
    _unfinished.add(temporary)
    try:
        with temporary.open("xb"):
            permissions = stat.S_IMODE(temporary.stat().st_mode)  # as umask has it
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(permissions)  # what wrote it may have its own idea
        if overwrite and target.exists():
            shutil.copymode(target, temporary)
        check_target(target, overwrite=overwrite)  # another program may have come first, while this one computed
        os.replace(temporary, target)
    except OSError as error:
        raise SourceError(f"{path}: expected a file that can be written, found: {error.strerror or error}") from None
    finally:
        with suppress(OSError):  # it is gone where all went well
            temporary.unlink()
        _unfinished.discard(temporary)


def discard_unfinished() -> None:
    """What no name was given to is removed; for a program that is about to be killed."""
    for path in [*_unfinished]:
        with suppress(OSError):
            path.unlink()
