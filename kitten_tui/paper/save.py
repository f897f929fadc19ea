"""What was computed in all heads of a source, as a file of arrays that opens again."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.source import Pulse, Source, Survey
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.writing import check_target, writing

OF_HEADS = ("q", "k", "v", "scores", "context")
OF_LAYERS = ("x", "output")


@dataclass(frozen=True)
class _Whole:
    """A quantity of all layers, made a piece at a time so that it need not fit into memory."""

    shape: tuple[int, ...]
    """[layer, head, …] or [layer, …]"""
    pieces: Callable[[], Iterator[Array]]
    """Each of the last two axes."""


def save(survey: Survey, path: Path, *, full: bool = False, pulse: Pulse = lambda: None) -> None:
    """Writes `tokens` and `weights` [layer, head, query, key]; with `full` also the other steps of the chain.

    q context [layer, head, query, d_k], k v [layer, head, key, d_k], scores [layer, head, query, key], x output
    [layer, token, d_model], all float32; `key_tokens` where they are not the tokens. Safetensors hold no text: there
    the tokens are JSON lists in the metadata. Layers that are missing are computed first, apart
    from those that are looked at; a step that is missing is left out.

    Raises:
        SourceError: the suffix is unknown, the file is there already, or it cannot be written.
    """
    check_path(path)
    source = _computed(survey, pulse)
    tokens = {"tokens": source.tokens}
    if source.key_tokens != source.tokens:
        tokens["key_tokens"] = source.key_tokens
    with writing(path) as temporary:
        try:
            WRITERS[path.suffix](temporary, tokens, _wholes(source, full, pulse))
        except MemoryError as error:
            raise SourceError(f"{path}: {error}; an .npz is written piece by piece") from None


def check_path(path: Path) -> None:
    """Says before anything is computed what would keep a file from being written.

    Raises:
        SourceError: the suffix is unknown, the folder is not there, or the file is there already.
    """
    if path.suffix not in WRITERS:
        raise SourceError(f"{path}: expected a name that ends in {' or '.join(WRITERS)}")
    check_target(path)


def _computed(survey: Survey, pulse: Pulse) -> Source:
    source = survey.apart()
    while source.ready < source.n_layers and source.survey is not None:
        source.survey.advance(pulse)
    return source


def _wholes(source: Source, full: bool, pulse: Pulse) -> dict[str, _Whole]:
    layers, heads, settings = range(source.n_layers), range(source.n_heads), source.settings

    def of_heads(name: str) -> Iterator[Array]:
        for layer in layers:
            for head in heads:
                pulse()
                yield source.trace(layer, head, settings)[name]

    def of_layers(name: str) -> Iterator[Array]:
        for layer in layers:
            pulse()
            yield source.joined(layer, settings)[name]

    def whole(name: str, pieces: Callable[[str], Iterator[Array]], *leading: int) -> _Whole:
        return _Whole((*leading, *next(pieces(name)).shape), lambda: pieces(name))

    first, joined = source.trace(0, 0, settings), source.joined(0, settings)
    wholes = {"weights": whole("weights", of_heads, len(layers), len(heads))}
    if full:
        wholes |= {name: whole(name, of_heads, len(layers), len(heads)) for name in OF_HEADS if first.has(name)}
        wholes |= {name: whole(name, of_layers, len(layers)) for name in OF_LAYERS if joined.has(name)}
    return wholes


def _npz(path: Path, tokens: Mapping[str, tuple[str, ...]], wholes: Mapping[str, _Whole]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, words in tokens.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, np.array(words), allow_pickle=False)
        for name, whole in wholes.items():
            header = {"descr": "<f4", "fortran_order": False, "shape": whole.shape}
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array_header_2_0(file, header)
                for piece in whole.pieces():
                    file.write(np.ascontiguousarray(piece, dtype="<f4").tobytes())


def _safetensors(path: Path, tokens: Mapping[str, tuple[str, ...]], wholes: Mapping[str, _Whole]) -> None:
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    arrays = {}
    for name, whole in wholes.items():
        array = np.empty(whole.shape, dtype=np.float32)
        flat = array.reshape(-1, *whole.shape[-2:])
        for place, piece in enumerate(whole.pieces()):
            flat[place] = piece
        arrays[name] = array
    try:
        save_file(arrays, path, metadata={name: json.dumps(words) for name, words in tokens.items()})
    except SafetensorError as error:
        raise OSError(str(error)) from None


WRITERS: Mapping[str, Callable[[Path, Mapping[str, tuple[str, ...]], Mapping[str, _Whole]], None]] = {
    ".npz": _npz,
    ".safetensors": _safetensors,
}
"""By the suffix of the file."""
