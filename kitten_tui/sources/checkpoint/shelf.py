"""All models that can be opened by a name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kitten_tui.sources.checkpoint.cache import all_cached
from kitten_tui.sources.checkpoint.model import MINILM, Model, minilm
from kitten_tui.sources.checkpoint.opening import inside
from kitten_tui.sources.errors import SourceError


@dataclass(frozen=True)
class Shelved:
    """A model on this machine."""

    name: str
    """As --model takes it."""
    where: str
    family: str
    size: int
    """Bytes of its weights."""
    problem: str
    """What keeps it from opening; nothing where it opens."""


def shelf() -> Iterator[Shelved]:
    """Models of extras and of caches, each tried."""
    with suppress(SourceError):  # where it is not installed
        yield _tried(MINILM, "extra", minilm())
    for one in all_cached():
        yield _tried(one.name, one.cache, one.folder)


def _tried(name: str, where: str, folder: Path) -> Shelved:
    try:
        place = inside(folder, name)
        model = Model(place.folder, place.name, place.weights, adapter=place.adapter)
        size = sum(file.stat().st_size for file in {tensor.file for tensor in model.tensors.found.values()})
        return Shelved(name, where, model.config.model_type, size, "")
    except SourceError as error:
        told = str(error).removeprefix(f"{folder}").lstrip("/:").strip()
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        return Shelved(name, where, "–", size, told)
