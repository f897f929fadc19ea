"""Models that Ollama has fetched: a manifest says which blob is the file of weights."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.reading import read_object

PREFIX = "ollama:"
WEIGHTS, ADAPTER = "application/vnd.ollama.image.model", "application/vnd.ollama.image.adapter"
NAME = re.compile(r"(?:(?P<owner>[\w.-]+)/)?(?P<model>[\w.-]+)(?::(?P<tag>[\w.-]+))?")
LARGEST_MANIFEST = 1_000_000


def blob_of(argument: str) -> tuple[Path, str]:
    """The GGUF file of `ollama:model:tag`, and the name to show.

    Raises:
        SourceError: there is no such model, or its manifest leads nowhere.
    """
    name = argument.removeprefix(PREFIX)
    parts = NAME.fullmatch(name)
    if parts is None:
        raise SourceError(f"{argument}: expected a model of Ollama, as in ollama:llama3.2 or ollama:llama3.2:1b")
    place = Path(parts["owner"] or "library", parts["model"], parts["tag"] or "latest")
    for root in roots():
        manifest = root / "manifests" / "registry.ollama.ai" / place
        if manifest.is_file():
            return _blob(root, manifest), f"{parts['model']}:{place.name}"
    there = ", ".join(name for name, _ in all_models()) or "none"
    raise SourceError(f"{argument}: expected a model of Ollama, found none of this name; there are: {there[:300]}")


def roots() -> list[Path]:
    """Where Ollama keeps its models."""
    told = os.environ.get("OLLAMA_MODELS")
    places = [Path(told)] if told else [Path.home() / ".ollama/models", Path("/usr/share/ollama/.ollama/models")]
    return [place for place in places if place.is_dir()]


def all_models() -> Iterator[tuple[str, Path]]:
    """The name of each model as `ollama:` takes it, and its manifest."""
    for root in roots():
        top = root / "manifests" / "registry.ollama.ai"
        for manifest in sorted(top.glob("*/*/*")):
            owner, model, tag = manifest.relative_to(top).parts
            if manifest.is_file():
                yield f"{'' if owner == 'library' else owner + '/'}{model}:{tag}", manifest


def _blob(root: Path, manifest: Path) -> Path:
    try:
        layers = read_object(manifest, LARGEST_MANIFEST, "a manifest with layers")["layers"]
        kinds = {str(layer["mediaType"]): str(layer["digest"]) for layer in layers}
    except SourceError:
        raise
    except (OSError, KeyError, TypeError) as error:
        raise SourceError(f"{manifest}: expected a manifest with layers: {error}") from None
    if ADAPTER in kinds:
        raise SourceError(f"{manifest}: expected a model alone, found one with an adapter")
    digest = kinds.get(WEIGHTS, "")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise SourceError(f"{manifest}: layers: expected a digest of {WEIGHTS}, found {digest[:80] or 'none'}")
    blob = root / "blobs" / digest.replace(":", "-")
    if not blob.is_file():
        raise SourceError(f"{manifest}: expected its weights in {blob}, found none")
    return blob
