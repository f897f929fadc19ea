"""What the argument of --model means: a folder, a file of weights, or what lies in another place under a name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from kitten_tui.sources.checkpoint.adapter import CONFIG as ADAPTER
from kitten_tui.sources.checkpoint.adapter import Adapter
from kitten_tui.sources.checkpoint.cache import NAME, cached
from kitten_tui.sources.checkpoint.download import download
from kitten_tui.sources.checkpoint.gguf import is_gguf
from kitten_tui.sources.checkpoint.ollama import PREFIX, blob_of
from kitten_tui.sources.checkpoint.pickled import SUFFIXES
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.reading import LARGEST_CONFIG, read_json

WEIGHTS = (".safetensors", ".gguf", *SUFFIXES)
MODULES = "modules.json"


@dataclass(frozen=True)
class Place:
    """Where a model lies."""

    folder: Path
    name: str = ""
    weights: Path | None = None
    """The file of weights, where one was named."""
    adapter: Adapter | None = None


def place_of(argument: str, fetch: bool = False) -> Place:
    """Where the model lies that was asked for; where it lies nowhere it may be fetched.

    Raises:
        SourceError: there is none.
    """
    if argument.startswith(PREFIX):
        blob, name = blob_of(argument)
        return Place(blob.parent, name, blob)
    try:
        path = Path(argument).expanduser()
        if path.is_file() and (path.suffix in WEIGHTS or is_gguf(path)):
            return Place(path.parent, path.stem if path.stem != "model" else "", path)
        there = path.exists()
    except (OSError, RuntimeError, ValueError) as error:  # too long for a name, or the home of nobody
        raise SourceError(f"{argument}: expected a directory: {error}") from None
    named = NAME.fullmatch(argument)
    if there or named is None or argument in (".", ".."):
        return inside(path)
    name, revision = named["name"], named["revision"]
    if fetch:
        return inside(download(name, revision), name)
    found = cached(name, revision)
    if found is None:
        raise SourceError(
            f"{argument}: expected a directory with config.json and model.safetensors, or a model of this name in the "
            "caches of Hugging Face and ModelScope, found nothing; --download fetches it"
        )
    return inside(found.folder, name)


def inside(folder: Path, name: str = "") -> Place:
    """The model of a folder: in it, in a folder of its modules, or that which an adapter names."""
    if (folder / ADAPTER).is_file() and not (folder / "config.json").is_file():
        return _adapted(folder, name)
    if (folder / MODULES).is_file():
        module = _transformer(folder / MODULES)
        if module is not None and (module / "config.json").is_file():
            return Place(module, name or folder.resolve().name)
    files = sorted(folder.glob("*.gguf")) if not (folder / "config.json").is_file() else []
    if len(files) == 1:
        return Place(folder, name or files[0].stem, files[0])
    if files:
        shown = ", ".join(file.name for file in files[:6])
        raise SourceError(f"{folder}: expected one GGUF file, found {shown}; name one of them")
    return Place(folder, name)


def _adapted(folder: Path, name: str) -> Place:
    adapter = Adapter(folder)
    for base in (Path(adapter.base).expanduser(), folder / adapter.base):
        if (base / "config.json").is_file():
            return Place(base, name or folder.resolve().name, None, adapter)
    named = NAME.fullmatch(adapter.base)
    found = None if named is None else cached(named["name"])
    if found is not None and not (found.folder / ADAPTER).is_file():
        return replace(inside(found.folder, name or folder.resolve().name), adapter=adapter)
    raise SourceError(
        f"{folder}: expected a model, found an adapter (LoRA) of {adapter.base}, which is not at hand: "
        f"fetch it with --model {adapter.base} --download, or merge the adapter into it with merge_and_unload"
    )


def _transformer(path: Path) -> Path | None:
    """The folder of the transformer among the modules of sentence-transformers."""
    try:
        modules = read_json(path, LARGEST_CONFIG)
        for module in modules:
            if str(module["type"]).rpartition(".")[2] == "Transformer":
                inner = Path(str(module["path"]))
                if inner.is_absolute() or ".." in inner.parts:
                    raise ValueError(f"found the path {inner}")
                return path.parent / inner
    except SourceError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{path}: expected modules with their types and paths beside it: {error}") from None
    return None
