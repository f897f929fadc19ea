"""What the argument of --model means: a folder, a file of weights, or what lies in another place under a name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from kitten_tui.sources.checkpoint.adapter import CONFIG as ADAPTER
from kitten_tui.sources.checkpoint.adapter import Adapter
from kitten_tui.sources.checkpoint.pickled import SUFFIXES
from kitten_tui.sources.errors import SourceError

WEIGHTS = (".safetensors", *SUFFIXES)
MODULES = "modules.json"


@dataclass(frozen=True)
class Place:
    """Where a model lies."""

    folder: Path
    name: str = ""
    weights: Path | None = None
    """The file of weights, where one was named."""
    adapter: Adapter | None = None


def place_of(argument: str) -> Place:
    """Where the model lies that was asked for.

    Raises:
        SourceError: there is none.
    """
    try:
        path = Path(argument).expanduser()
        if path.is_file() and path.suffix in WEIGHTS:
            return Place(path.parent, path.stem if path.stem != "model" else "", path)
        path.is_dir()
    except (OSError, RuntimeError, ValueError) as error:  # too long for a name, or the home of nobody
        raise SourceError(f"{argument}: expected a directory: {error}") from None
    return inside(path)


def inside(folder: Path, name: str = "") -> Place:
    """The model of a folder: in it, in a folder of its modules, or that which an adapter names."""
    if (folder / ADAPTER).is_file() and not (folder / "config.json").is_file():
        return _adapted(folder, name)
    if (folder / MODULES).is_file():
        module = _transformer(folder / MODULES)
        if module is not None and (module / "config.json").is_file():
            return Place(module, name or folder.resolve().name)
    return Place(folder, name)


def _adapted(folder: Path, name: str) -> Place:
    adapter = Adapter(folder)
    for base in (Path(adapter.base).expanduser(), folder / adapter.base):
        if (base / "config.json").is_file():
            return Place(base, name or folder.resolve().name, None, adapter)
    raise SourceError(
        f"{folder}: expected a model, found an adapter (LoRA) of {adapter.base}, which is not at hand: "
        "put that model where this name leads, or merge the adapter into it (merge_and_unload) and open the result"
    )


def _transformer(path: Path) -> Path | None:
    """The folder of the transformer among the modules of sentence-transformers."""
    try:
        modules = json.loads(path.read_text(encoding="utf-8"))
        for module in modules:
            if str(module["type"]).rpartition(".")[2] == "Transformer":
                inner = Path(str(module["path"]))
                if inner.is_absolute() or ".." in inner.parts:
                    raise ValueError(f"found the path {inner}")
                return path.parent / inner
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise SourceError(f"{path}: expected modules with their types and paths beside it: {error}") from None
    return None
