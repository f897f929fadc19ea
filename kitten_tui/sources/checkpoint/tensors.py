"""Weights on disk: single or sharded safetensors, mapped into memory and let go of again."""

from __future__ import annotations

import json
import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kitten_tui.core.ops import Array, Places
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.reading import check_file, read_text

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
MAX_INDEX = 50_000_000
MAX_HEADER = 20_000_000
"""Bytes of names and places; the largest models have a tenth of it."""
PICKLES = (".bin", ".pt", ".pth", ".ckpt")
TYPES = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16}
"""NumPy has no bfloat16: its sixteen bits are the first of a float32."""


@dataclass(frozen=True)
class Tensor:
    """Where the numbers of a name lie."""

    file: Path
    kind: str
    shape: tuple[int, ...]
    start: int


class Tensors:
    """All tensors of a checkpoint by name. Nothing is read until it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: dict[str, Tensor] = {}
        self._maps: dict[Path, mmap.mmap] = {}
        self._opened: dict[Path, tuple[int, int]] = {}
        """The size and time of each file when its header was read."""
        for file in _files(folder):
            self._opened[file] = _state(file)
            self.found |= _header(file)

    def __contains__(self, name: str) -> bool:
        return name in self.found

    def read(self, name: str, shape: tuple[int, ...], rows: slice | Places = slice(None)) -> Array:
        """The numbers of a name as float32, those that are stored so without a copy.

        Raises:
            SourceError: there is none of this name, or it has another shape or type.
        """
        tensor = self.found.get(name)
        if tensor is None:
            raise SourceError(f"{self.folder}: expected a tensor {name}, found none")
        if tensor.shape != shape:
            raise SourceError(f"{tensor.file}: {name}: expected {_shown(shape)}, found {_shown(tensor.shape)}")
        if tensor.kind not in TYPES:
            raise SourceError(f"{tensor.file}: {name}: expected {', '.join(TYPES)}, found {tensor.kind}")
        if _state(tensor.file) != self._opened[tensor.file]:
            # What lies behind the new end of a mapped file kills whoever reads it.
            raise SourceError(f"{tensor.file}: expected the file as it was opened, found another")
        count = int(np.prod(tensor.shape, dtype=np.int64))
        raw = np.frombuffer(self._map(tensor.file), TYPES[tensor.kind], count, tensor.start).reshape(tensor.shape)[rows]
        if tensor.kind == "BF16":
            return (raw.astype(np.uint32) << 16).view(np.float32)
        return raw if tensor.kind == "F32" else raw.astype(np.float32)

    def _map(self, file: Path) -> mmap.mmap:
        if file not in self._maps:
            with file.open("rb") as opened:
                self._maps[file] = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        return self._maps[file]

    def release(self) -> None:
        """Lets the pages go that were read; what is asked for again is read again."""
        for mapped in list(self._maps.values()):  # others may add to them meanwhile
            if hasattr(mmap, "MADV_DONTNEED"):
                mapped.madvise(mmap.MADV_DONTNEED)


def _state(file: Path) -> tuple[int, int]:
    """What changes when a file does.

    Raises:
        SourceError: the file has gone.
    """
    try:
        about = file.stat()
    except OSError as error:
        raise SourceError(f"{file}: expected the file as it was opened, found: {error.strerror}") from None
    return about.st_size, about.st_mtime_ns


def _files(folder: Path) -> list[Path]:
    if (folder / SINGLE).exists():
        return [folder / SINGLE]
    index = folder / INDEX
    if index.exists():
        return _shards(index)
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
    if pickles:
        raise SourceError(
            f"{folder / pickles[0]}: pickled weights can run any program when they are opened, so they are refused; "
            f"expected {SINGLE}: load the model once where you trust it and save it with safe_serialization=True"
        )
    raise SourceError(f"{folder}: expected {SINGLE} or {INDEX}, found neither")


def _shards(index: Path) -> list[Path]:
    try:
        names = json.loads(read_text(index, MAX_INDEX))["weight_map"].values()
        files = sorted({str(name) for name in names})
    except SourceError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise SourceError(f"{index}: expected a weight_map from names of tensors to files") from None
    beside = {path.name for path in index.parent.iterdir() if path.is_file()}
    for name in files:
        if Path(name).name != name or name not in beside:
            raise SourceError(f"{index}: weight_map: expected files beside it, found {name}")
    return [index.parent / name for name in files]


def _header(file: Path) -> dict[str, Tensor]:
    """The tensors of one file; the library has checked that the header tells the truth about sizes."""
    from safetensors import SafetensorError, safe_open

    try:
        check_file(file)
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
        if MAX_HEADER < length < file.stat().st_size:
            raise SourceError(f"{file}: expected a header of at most {MAX_HEADER:,} bytes, found {length:,}")
        with safe_open(file, framework="numpy"):
            pass
        with file.open("rb") as opened:
            opened.seek(8)
            header: dict[str, Any] = json.loads(opened.read(length))
    except SourceError:
        raise
    except (SafetensorError, OSError, ValueError) as error:
        raise SourceError(f"{file}: expected safetensors: {error}") from None
    header.pop("__metadata__", None)
    return {
        name: Tensor(
            file,
            about["dtype"],
            tuple(about["shape"]),
            8 + length + about["data_offsets"][0],
        )
        for name, about in header.items()
    }


def _shown(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "one number"
