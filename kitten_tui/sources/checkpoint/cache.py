"""Models that other programs have fetched: the caches of Hugging Face and ModelScope, read as they lie on disk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.reading import read_text

NAME = re.compile(r"(?P<name>[\w.-]+(?:/[\w.-]+)?)(?:@(?P<revision>[\w./-]+))?")
"""As people write the name of a model: org/name, and a revision of it."""

LARGEST_REFERENCE = 1_000
"""Bytes of a file that names a commit."""


@dataclass(frozen=True)
class Cached:
    """A model in a cache."""

    name: str
    folder: Path
    cache: str
    """Whose cache it is."""


def cached(name: str, revision: str | None = None) -> Cached | None:
    """The model of this name in a cache, None where there is none.

    Raises:
        SourceError: it is there, but not whole.
    """
    for hub in hugging_face():
        folder = hub / f"models--{name.replace('/', '--')}"
        if folder.is_dir():
            snapshot = _snapshot(folder, revision)
            if snapshot is not None:
                _whole(snapshot)
                return Cached(name, snapshot, "Hugging Face")
    for root in modelscope():
        folder = root / name.replace(".", "___")
        for one in (folder, root / name):
            if "/" in name and revision is None and (one / "config.json").is_file():
                return Cached(name, one, "ModelScope")
    return None


def all_cached() -> Iterator[Cached]:
    """Every model in the caches, whether it opens or not."""
    for hub in hugging_face():
        for folder in sorted(hub.glob("models--*")):
            snapshot = _snapshot(folder, None)
            if snapshot is not None:
                yield Cached(folder.name.removeprefix("models--").replace("--", "/", 1), snapshot, "Hugging Face")
    seen: set[Path] = set()
    for root in modelscope():
        for config in sorted(root.glob("*/*/config.json")):
            folder = config.parent.resolve()
            if folder not in seen:
                seen.add(folder)
                name = f"{config.parent.parent.name}/{config.parent.name}".replace("___", ".")
                yield Cached(name, config.parent, "ModelScope")


def hugging_face() -> list[Path]:
    """Where the models of Hugging Face lie, by the variables that its own programs obey."""
    home = os.environ.get("HF_HOME") or os.path.join(_caches(), "huggingface")
    hub = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE") or os.path.join(home, "hub")
    folder = Path(os.path.expandvars(hub)).expanduser()
    return [folder] if folder.is_dir() else []


def modelscope() -> list[Path]:
    """Where those of ModelScope lie: newer versions have a folder for models alone."""
    root = Path(os.environ.get("MODELSCOPE_CACHE") or os.path.join(_caches(), "modelscope")).expanduser()
    places = (root / "hub" / "models", root / "models", root / "hub", root)
    return [place for place in places if place.is_dir()]


def _caches() -> str:
    return os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")


def _snapshot(folder: Path, revision: str | None) -> Path | None:
    """The files of a revision; without one those of main, else the latest there are."""
    snapshots = folder / "snapshots"
    reference = folder / "refs" / (revision or "main")
    try:
        commit = read_text(reference, LARGEST_REFERENCE).strip() if reference.is_file() else revision
        if commit and re.fullmatch(r"[\w.-]+", commit) and (snapshots / commit).is_dir():
            return snapshots / commit
        if revision is not None:
            return None
        return max((one for one in snapshots.iterdir() if one.is_dir()), key=os.path.getmtime, default=None)
    except (OSError, ValueError):
        return None


def _whole(snapshot: Path) -> None:
    for path in sorted(snapshot.iterdir()):
        if path.is_symlink() and not path.exists():
            raise SourceError(f"{path}: expected a file, found a link that leads nowhere; --download fetches it again")
