"""Weights on disk, in one file or several, mapped into memory and let go of again."""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from kitten_tui.core.array_types import Array, Places
from kitten_tui.sources.checkpoint.adapter import Adapter, Change
from kitten_tui.sources.checkpoint.pickled import SUFFIXES, read_pickled
from kitten_tui.sources.errors import SourceError, muted
from kitten_tui.sources.reading import check_file, parsed, read_object

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
MAX_INDEX = 50_000_000
MAX_HEADER = 20_000_000
"""Bytes of names and places; the largest models have a tenth of it."""
SHARD = re.compile(r"(?P<name>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.\w+")
NO_WEIGHTS = re.compile(r"(training_args|optimizer|scheduler|scaler|rng_state|adapter_model)[\w.-]*")
"""What training leaves beside the weights, and what is added to the weights of another model."""
_MAP = "a weight_map from names of tensors to files"
OTHERS = (".gguf", ".h5", ".msgpack", ".onnx", ".ot", ".tflite")
TYPES = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": np.uint16}
"""NumPy has no bfloat16: its sixteen bits are the first of a float32."""


@dataclass(frozen=True)
class Tensor:
    """Where the numbers of a name lie."""

    file: Path
    kind: str
    shape: tuple[int, ...]
    start: int
    strides: tuple[int, ...] | None = None
    """In numbers, where they do not lie in order."""


class Tensors:
    """All tensors of a checkpoint by name. Nothing is read until it is asked for."""

    def __init__(self, folder: Path, file: Path | None = None) -> None:
        self.folder = folder
        self.changes: dict[str, Change] = {}
        """What an adapter does to the numbers of a name."""
        self.found: dict[str, Tensor] = {}
        self._maps: dict[Path, mmap.mmap] = {}
        self._opened: dict[Path, tuple[int, int]] = {}
        """The size and time of each file when its header was read."""
        for one in _files(folder) if file is None else [file]:
            self._opened[one] = _state(one)
            self.found |= _pickled(one) if one.suffix in SUFFIXES else _header(one)

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
        change = self.changes.get(name)
        if change is not None:
            return change(self._plain(tensor, slice(None)))[rows]
        return self._plain(tensor, rows)

    def adapt(self, adapter: Adapter, prefix: str, inward: bool) -> None:
        """Adds to some of the weights what an adapter has learned."""
        self.changes = adapter.changes(Tensors(adapter.folder, adapter.file), self.found, prefix, inward)

    def _plain(self, tensor: Tensor, rows: slice | Places) -> Array:
        raw = self._lying(tensor)[rows]
        if tensor.kind == "BF16":
            return (raw.astype(np.uint32) << 16).view(np.float32)
        with np.errstate(over="ignore"):  # what is no float32 is found by what computes with it, and named
            return raw if tensor.kind == "F32" else raw.astype(np.float32)

    def _lying(self, tensor: Tensor) -> np.ndarray[Any, Any]:
        """The numbers as they lie in the file."""
        count, kind = prod(tensor.shape), TYPES[tensor.kind]
        if tensor.strides is None or not count:
            return np.frombuffer(self._map(tensor.file), kind, count, tensor.start).reshape(tensor.shape)
        span = 1 + sum((n - 1) * stride for n, stride in zip(tensor.shape, tensor.strides, strict=True))
        raw = np.frombuffer(self._map(tensor.file), kind, span, tensor.start)
        return as_strided(raw, tensor.shape, [stride * raw.itemsize for stride in tensor.strides], writeable=False)

    def _map(self, file: Path) -> mmap.mmap:
        if file not in self._maps:
            try:
                with file.open("rb") as opened:
                    self._maps[file] = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
            except (OSError, ValueError) as error:  # gone or emptied since it was looked at
                raise SourceError(f"{file}: expected the file as it was opened, found: {error}") from None
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
    """The files of weights in a folder: those that have the usual name, else the only ones there."""
    if (folder / SINGLE).exists():
        return [folder / SINGLE]
    if (folder / INDEX).exists():
        return _shards(folder / INDEX)
    names = sorted(path.name for path in folder.iterdir() if not NO_WEIGHTS.match(path.name))
    for suffixes, usual in (((".safetensors",), SINGLE), (SUFFIXES, "pytorch_model.bin")):
        if usual in names:
            return [folder / usual]
        indices = [name for name in names if any(name.endswith(f"{suffix}.index.json") for suffix in suffixes)]
        if f"{usual}.index.json" in indices or len(indices) == 1:
            return _shards(folder / (f"{usual}.index.json" if f"{usual}.index.json" in indices else indices[0]))
        files = [name for name in names if name.endswith(suffixes)]
        if len(files) == 1 or _is_whole(files):
            return [folder / name for name in files]
        if files:
            raise SourceError(
                f"{folder}: expected {usual} or one file of weights, found {', '.join(files[:6])}; name one of them"
            )
    others = [name for name in names if name.endswith(OTHERS)]
    found = f"{', '.join(others[:6])}, which is no file of weights for this" if others else "neither"
    raise SourceError(f"{folder}: expected {SINGLE} or {INDEX}, found {found}")


def _is_whole(files: list[str]) -> bool:
    """Whether these are all parts of one, by their numbers."""
    parts = [SHARD.fullmatch(name) for name in files]
    said = {(part["name"], int(part["count"])) for part in parts if part}
    return len(said) == 1 and all(parts) and said.pop()[1] == len(files)


def _shards(index: Path) -> list[Path]:
    try:
        names = read_object(index, MAX_INDEX, _MAP)["weight_map"].values()
        files = sorted({str(name) for name in names})
    except SourceError:
        raise
    except (OSError, KeyError, TypeError, AttributeError):
        raise SourceError(f"{index}: expected {_MAP}") from None
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
        with muted(), safe_open(file, framework="numpy"):
            pass
        with file.open("rb") as opened:
            opened.seek(8)
            header: dict[str, Any] = parsed(opened.read(length).decode("utf-8"))
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


def _pickled(file: Path) -> dict[str, Tensor]:
    return {
        name: Tensor(file, lying.kind, lying.shape, lying.start, lying.strides)
        for name, lying in read_pickled(file).items()
    }


def _shown(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "one number"
