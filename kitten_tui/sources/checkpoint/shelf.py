"""All models that can be opened by a name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kitten_tui.sources.checkpoint.cache import all_cached
from kitten_tui.sources.checkpoint.model import MINILM, SMOLLM2, Model, minilm, smollm2
from kitten_tui.sources.checkpoint.ollama import PREFIX, all_models, blob_of
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
    with suppress(SourceError):
        yield _tried_file(SMOLLM2, "extra", smollm2())
    for name, _ in all_models():
        try:
            yield _tried_file(f"{PREFIX}{name}", "Ollama", blob_of(f"{PREFIX}{name}")[0])
        except SourceError as error:
            yield Shelved(f"{PREFIX}{name}", "Ollama", "–", 0, str(error))
    for one in all_cached():
        yield _tried(one.name, one.cache, one.folder)


def _tried_file(name: str, where: str, file: Path) -> Shelved:
    size = file.stat().st_size
    try:
        return Shelved(name, where, Model(file.parent, name, file).config.model_type, size, "")
    except SourceError as error:
        return Shelved(name, where, "–", size, str(error).removeprefix(f"{file}").lstrip("/:").strip())


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
