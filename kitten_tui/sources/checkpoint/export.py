"""What a model computed for a text, as a file of arrays."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from kitten_tui.core.ops import Array
from kitten_tui.core.source import Pulse
from kitten_tui.core.workings import Workings
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.writing import check_target, writing

SUFFIXES = (".npz", ".safetensors")

Pieces = Iterator[Array]


class _Quantity:
    """An array of the whole model, made a piece at a time so that it need not fit into memory."""

    def __init__(self, shape: tuple[int, ...], pieces: Callable[[], Pieces]) -> None:
        self.shape = shape
        self.pieces = pieces


def check_path(path: Path) -> None:
    """Says before anything is computed what would keep a file from being written.

    Raises:
        SourceError: the suffix is unknown, the folder is not there, or the file is there already.
    """
    if path.suffix not in SUFFIXES:
        raise SourceError(f"{path}: expected a name that ends in {' or '.join(SUFFIXES)}")
    check_target(path)


class ReadingExporter:
    """Answers `Exporter`, in a thread of its own: what has been computed is not computed again."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    def check_path(self, path: Path) -> None:
        check_path(path)

    def export(self, path: Path, *, full: bool = False, pulse: Pulse = lambda: None) -> None:
        """Computes what is missing, and writes all."""
        apart = self.reading.apart()
        apart.compute(pulse=pulse)
        export(apart, path, full=full, pulse=pulse)


def export(reading: Reading, path: Path, *, full: bool = False, pulse: Pulse = lambda: None) -> None:
    """Writes `tokens` and `weights` [layer, head, query, key]; with `full` also the other steps of the chain.

    q k v context [layer, head, token, d_k], scores [layer, head, query, key], x output [layer, token, d_model],
    all float32. Safetensors hold no text: there the tokens are a JSON list in the metadata.

    Raises:
        SourceError: the suffix is unknown, the file is there already, or it cannot be written.
    """
    check_path(path)
    write = _npz if path.suffix == ".npz" else _safetensors
    with writing(path) as temporary:
        try:
            write(reading, temporary, _quantities(reading, full, pulse))
        except MemoryError as error:
            raise SourceError(f"{path}: {error}; an .npz is written piece by piece") from None


def _quantities(reading: Reading, full: bool, pulse: Pulse) -> dict[str, _Quantity]:
    config, n = reading.model.config, len(reading.tokens)
    layers, heads = config.n_layers, config.n_heads
    grid, vectors, tokens = (layers, heads, n, n), (layers, heads, n, config.d_k), (layers, n, config.d_model)

    def of_heads(name: str) -> Callable[[], Pieces]:
        def pieces() -> Pieces:
            for layer in range(layers):
                for head in range(heads):
                    pulse()
                    yield reading.trace(layer, head, reading.settings)[name]

        return pieces

    def of_layers(name: str) -> Callable[[], Pieces]:
        return lambda: (Workings(reading, reading.settings, layer).joined()[name] for layer in range(layers))

    quantities = {"weights": _Quantity(grid, of_heads("weights"))}
    if full:
        quantities |= {name: _Quantity(vectors, of_heads(name)) for name in ("q", "k", "v", "context")}
        quantities |= {"scores": _Quantity(grid, of_heads("scores"))}
        quantities |= {name: _Quantity(tokens, of_layers(name)) for name in ("x", "output")}
    return quantities


def _npz(reading: Reading, path: Path, quantities: dict[str, _Quantity]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        with archive.open("tokens.npy", "w") as file:
            np.lib.format.write_array(file, np.array(reading.tokens), allow_pickle=False)
        for name, quantity in quantities.items():
            header = {"descr": "<f4", "fortran_order": False, "shape": quantity.shape}
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array_header_2_0(file, header)
                for piece in quantity.pieces():
                    file.write(np.ascontiguousarray(piece, dtype="<f4").tobytes())


def _safetensors(reading: Reading, path: Path, quantities: dict[str, _Quantity]) -> None:
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    arrays = {}
    for name, quantity in quantities.items():
        array = np.empty(quantity.shape, dtype=np.float32)
        flat = array.reshape(-1, *quantity.shape[-2:])
        for place, piece in enumerate(quantity.pieces()):
            flat[place] = piece
        arrays[name] = array
    try:
        save_file(arrays, path, metadata={"tokens": json.dumps(reading.tokens)})
    except SafetensorError as error:
        raise OSError(str(error)) from None
