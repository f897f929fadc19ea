"""A recording from a file of arrays: what `--save` and `--json` wrote, or somebody's own."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.settings import Settings
from kitten_tui.sources.array_files import READERS, read_arrays
from kitten_tui.sources.arrays import array_of
from kitten_tui.sources.brought import NAMES, brought
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.reading import read_text
from kitten_tui.sources.recording import Recording

SUFFIXES = tuple(READERS)
MOST_TEXT = 10_000_000
ABOUT = ("tokens", "key_tokens", "query_tokens", "title", "settings", "mistake", "d_k", "layer", "head")
"""What a file may say besides quantities."""


def open_recording(path: Path, tokens: Path | None = None) -> Recording:
    """Arrays by the names of the vocabulary, with the words in the file or in one of their own.

    An array that stands alone, whatever its name, is taken for weights.

    Raises:
        SourceError: the file cannot be read, or what is in it does not fit together.
    """
    found = read_arrays(path)
    about = {name: found.pop(name) for name in ABOUT if name in found}
    if tokens is not None:
        about |= read_tokens(tokens)
    if len(found) == 1 and not set(found) & set(NAMES):
        found = {"weights": next(iter(found.values()))}
    arrays: dict[str, Any] = {name: _numbers(value, name, path) for name, value in found.items() if name in NAMES}
    unread = [name for name in found if name not in NAMES]
    if not arrays:
        some = ", ".join(unread[:4]) or "none"
        raise SourceError(f"{path}: expected arrays such as weights, found {some}; a model is opened with --model")
    if "masked" in arrays and "allowed" not in arrays:
        arrays["allowed"] = np.isfinite(arrays["masked"])
    unread += [name for name in ("concat",) if name in arrays and not _is_whole(arrays)]
    arrays = {name: array for name, array in arrays.items() if name not in unread}
    title = about.get("title", path.name)
    try:
        recording = brought(
            None,
            _words(about, "tokens", "query_tokens"),
            key_tokens=_words(about, "key_tokens"),
            title=title if isinstance(title, str) else path.name,
            d_k=about["d_k"] if isinstance(about.get("d_k"), int) else 0,
            **arrays,
        )
    except SourceError as error:
        raise SourceError(f"{path}: {error}") from None
    recording.settings = _settings(about.get("settings"), path)
    recording.record.unread = tuple(unread)
    return recording


def _numbers(value: Any, name: str, path: Path) -> Array:
    try:
        if isinstance(value, list):  # of JSON, where −∞ and nan are null
            array = np.array(value, dtype=np.float64)
            return np.where(np.isnan(array), -np.inf, array) if name == "masked" else array
        return array_of(value, name)
    except SourceError as error:
        raise SourceError(f"{path}: {error}") from None
    except (TypeError, ValueError):
        raise SourceError(f"{path}: {name}: expected numbers in rows of one length, found others") from None


def _is_whole(arrays: dict[str, Any]) -> bool:
    """Whether the row of all heads is of the heads that are there: the JSON of one head has that of all."""
    values = next((arrays[name] for name in ("context", "v") if name in arrays), None)
    if values is None:
        return True
    heads = values.shape[-3] if values.ndim > 2 else 1
    return bool(arrays["concat"].shape[-1] == heads * values.shape[-1])


def _words(about: dict[str, Any], *names: str) -> list[str] | None:
    for name in names:
        words = about.get(name)
        if isinstance(words, (list, tuple)):
            return [str(word) for word in words]
        if isinstance(words, str):
            return words.split()
    return None


def _settings(said: Any, path: Path) -> Settings:
    """Under which the numbers were made; a mask is in the numbers themselves, and a mistake is found there."""
    if not isinstance(said, dict):
        return Settings()
    known = {field.name for field in fields(Settings)} - {"mask", "variant"}
    try:
        return Settings(**{name: value for name, value in said.items() if name in known})
    except (ValueError, TypeError) as error:
        raise SourceError(f"{path}: settings: {error}") from None


def read_tokens(path: Path) -> dict[str, Any]:
    """A word in each line, or words with spaces between them in one; or JSON, as a list or as an object with
    `tokens` and `key_tokens`.

    Raises:
        SourceError: it cannot be read, or is none of these.
    """
    try:
        text = read_text(path, MOST_TEXT)
        if path.suffix.lower() == ".json":
            said = json.loads(text)
            about = {"tokens": said} if isinstance(said, list) else said
            if isinstance(about, dict) and all(isinstance(about.get(name, []), list) for name in ABOUT[:3]):
                return {name: about[name] for name in ABOUT[:3] if name in about}
            raise SourceError(f"{path}: expected a list of tokens, found {type(said).__name__}")
    except SourceError:
        raise
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path}: expected tokens in UTF-8: {error}") from None
    lines = text.removeprefix("\ufeff").rstrip("\r\n").splitlines()
    return {"tokens": lines if len(lines) > 1 else (lines or [""])[0].split()}
