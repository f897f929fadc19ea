"""Fetching a model from a hub: only where it is asked for, and only the files that are read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kitten_tui.sources.checkpoint.pickled import SUFFIXES
from kitten_tui.sources.checkpoint.tensors import MAX_INDEX, NO_WEIGHTS
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.reading import LARGEST_CONFIG, read_json, read_object

SMALL = (
    *("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.txt", "vocab.json", "merges.txt", "tokenizer.model"),
)
ADAPTER = ("adapter_config.json", "adapter_model.safetensors")
WAIT = "8"
"""Seconds without a byte after which a server is given up."""


def download(name: str, revision: str | None = None) -> Path:
    """The folder of a model, fetched into the cache of Hugging Face; what is there already is not fetched again.

    Raises:
        SourceError: there is no such model, or the server stops.
    """
    os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", WAIT)
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", WAIT)
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    import huggingface_hub  # 0.4 s, and only here
    from huggingface_hub import constants

    try:
        about = huggingface_hub.HfApi().model_info(name, revision=revision, timeout=float(WAIT))
        files = [sibling.rfilename for sibling in about.siblings or []]

        def fetch(file: str) -> Path:
            return Path(huggingface_hub.hf_hub_download(name, file, revision=about.sha or revision))

        config = _fetch(files, fetch)
        if revision is None and about.sha is not None:
            _remember(Path(constants.HF_HUB_CACHE) / f"models--{name.replace('/', '--')}", about.sha)
        return config
    except SourceError:
        raise
    except KeyboardInterrupt:
        raise
    except Exception as error:  # of a client, of its transport, or of what it writes: all are said of the model
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        raise SourceError(f"--download {name}: expected {constants.ENDPOINT} to have it, found: {said[:300]}") from None


def _fetch(files: list[str], fetch: Callable[[str], Path]) -> Path:
    """The folder of what is needed of these files."""
    folder = ""
    if "modules.json" in files and "config.json" not in files:
        folder = _module(fetch("modules.json"))
    elif "modules.json" in files:
        fetch("modules.json")
    if "config.json" not in files and "adapter_config.json" in files:
        fetched = [fetch(file) for file in files if file in ADAPTER]
        return fetched[0].parent
    if f"{folder}config.json" not in files:
        raise SourceError(f"--download: expected config.json among its files, found {', '.join(files[:6]) or 'none'}")
    config = fetch(f"{folder}config.json")
    for file in files:
        if file != f"{folder}config.json" and file.removeprefix(folder) in SMALL and file.startswith(folder):
            fetch(file)
    for file in _weights(files, folder, fetch):
        fetch(file)
    return config.parents[folder.count("/")]


def _module(path: Path) -> str:
    """The folder of the transformer among the modules of sentence-transformers, with its slash."""
    try:
        modules: list[dict[str, Any]] = read_json(path, LARGEST_CONFIG)
        inner = next((str(one["path"]) for one in modules if str(one["type"]).endswith(".Transformer")), "")
        return f"{inner}/" if inner else ""
    except SourceError:
        raise
    except (KeyError, TypeError):
        raise SourceError(f"{path}: expected modules with their types and paths") from None


def _weights(files: list[str], folder: str, fetch: Callable[[str], Path]) -> list[str]:
    """The files of weights that are opened: safetensors before pickles, the usual names before others."""
    here = [file.removeprefix(folder) for file in files if file.startswith(folder)]
    here = [file for file in here if "/" not in file and not NO_WEIGHTS.match(file)]
    for usual, suffixes in (("model.safetensors", (".safetensors",)), ("pytorch_model.bin", SUFFIXES)):
        if usual in here:
            return [folder + usual]
        if f"{usual}.index.json" in here:
            index = fetch(f"{folder}{usual}.index.json")
            try:
                parts = set(read_object(index, MAX_INDEX)["weight_map"].values())
            except SourceError:
                raise
            except (KeyError, TypeError, AttributeError):
                raise SourceError(f"{index}: expected a weight_map from names of tensors to files") from None
            return sorted(folder + str(part) for part in parts if str(part) in here)
        others = [file for file in here if file.endswith(suffixes)]
        if len(others) == 1:
            return [folder + others[0]]
    raise SourceError(f"--download: expected safetensors or a pickle among its files, found {', '.join(here[:6])}")


def _remember(folder: Path, commit: str) -> None:
    """Which commit main is, so that the name alone finds it again."""
    reference = folder / "refs" / "main"
    reference.parent.mkdir(parents=True, exist_ok=True)
    reference.write_text(commit, encoding="utf-8")
