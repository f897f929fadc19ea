"""GGUF files: metadata and quantised tensors, read by a reader that believes no size before it has checked it.

The numbers of quantised blocks are computed by the package gguf, in NumPy, for the rows that are asked for.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from kitten_tui.core.array_types import Array, Places
from kitten_tui.sources.errors import SourceError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MOST_DIMENSIONS = 4
MOST_BLOCK = 1 << 20
"""No alignment is larger."""
PIECE = 1 << 15
"""Bytes of blocks that are best computed in one go."""
STRING, ARRAY = 8, 9
NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
"""The types of metadata, by number, as struct calls them."""

Metadata = dict[str, Any]
Change = Callable[[Array], Array]


def is_gguf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == MAGIC
    except OSError:
        return False


@dataclass(frozen=True)
class Quantised:
    """Where the numbers of a name lie."""

    file: Path
    kind: str
    shape: tuple[int, ...]
    start: int
    row: int
    """Bytes of a row."""


class Bytes:
    """A file that is read from its beginning; what reaches beyond its end is refused."""

    def __init__(self, path: Path, raw: mmap.mmap) -> None:
        self.path = path
        self.raw = raw
        self.place = 0

    def take(self, size: int) -> bytes:
        if not 0 <= size <= len(self.raw) - self.place:
            raise SourceError(f"{self.path}: expected {size:,} bytes at {self.place:,}, found the end of the file")
        taken = self.raw[self.place : self.place + size]
        self.place += size
        return taken

    def number(self, kind: str) -> Any:
        return struct.unpack("<" + kind, self.take(struct.calcsize("<" + kind)))[0]

    def text(self) -> str:
        size = self.number("Q")
        try:
            return self.take(size).decode("utf-8")
        except UnicodeDecodeError:
            raise SourceError(f"{self.path}: expected UTF-8 before {self.place:,}, found other bytes") from None

    def value(self, kind: int, key: str) -> Any:
        if kind == STRING:
            return self.text()
        if kind in NUMBERS:
            return self.number(NUMBERS[kind])
        if kind != ARRAY:
            raise SourceError(f"{self.path}: {key}: expected a type of metadata, found {kind}")
        inner, count = self.number("I"), self.number("Q")
        if inner == STRING:
            if count > (len(self.raw) - self.place) // 8:
                raise SourceError(f"{self.path}: {key}: expected {count:,} strings, found the end of the file")
            return [self.text() for _ in range(count)]
        if inner not in NUMBERS:
            raise SourceError(f"{self.path}: {key}: expected numbers or strings, found type {inner}")
        dtype = np.dtype(
            "<" + NUMBERS[inner].replace("q", "i8").replace("Q", "u8").replace("I", "u4").replace("i", "i4")
        )
        return np.frombuffer(self.take(count * dtype.itemsize), dtype) if count < 1 << 40 else self.take(count)


class Gguf:
    """A file, opened: its metadata, and tensors under the names that it gives them."""

    def __init__(self, path: Path) -> None:
        if find_spec("gguf") is None:
            raise SourceError(f"{path}: needs gguf: pip install 'kitten-tui[gguf]'")
        self.path = path
        try:
            with path.open("rb") as file:
                self.raw = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise SourceError(f"{path}: expected a GGUF file: {error}") from None
        read = Bytes(path, self.raw)
        if read.take(4) != MAGIC:
            raise SourceError(f"{path}: expected a GGUF file, found another")
        version = read.number("I")
        if version not in VERSIONS:
            raise SourceError(f"{path}: expected version {' or '.join(map(str, VERSIONS))} of GGUF, found {version}")
        tensors, values = read.number("Q"), read.number("Q")
        for name, count in (("tensors", tensors), ("values", values)):
            if count > len(self.raw) // 12:
                raise SourceError(f"{path}: expected {count:,} {name}, found a file of {len(self.raw):,} bytes")
        self.said: Metadata = {}
        for _ in range(values):
            key = read.text()
            self.said[key] = read.value(read.number("I"), key)
        self.found = self._tensors(read, tensors)

    def _tensors(self, read: Bytes, count: int) -> dict[str, Quantised]:
        from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

        told = []
        for _ in range(count):
            name, dimensions = read.text(), read.number("I")
            if not 1 <= dimensions <= MOST_DIMENSIONS:
                raise SourceError(
                    f"{self.path}: {name}: expected 1 to {MOST_DIMENSIONS} dimensions, found {dimensions}"
                )
            shape = tuple(read.number("Q") for _ in range(dimensions))[::-1]
            told.append((name, shape, read.number("I"), read.number("Q")))
        block = self.said.get("general.alignment", 32)
        if not isinstance(block, int) or not 1 <= block <= MOST_BLOCK:
            raise SourceError(
                f"{self.path}: general.alignment: expected a whole number of bytes, found {str(block)[:40]}"
            )
        first = -(-read.place // block) * block
        found = {}
        for name, shape, kind, offset in told:
            try:
                numbers, size = GGML_QUANT_SIZES[GGMLQuantizationType(kind)]
            except (ValueError, KeyError):
                raise SourceError(f"{self.path}: {name}: expected a type that gguf knows, found type {kind}") from None
            if shape[-1] % numbers:
                raise SourceError(f"{self.path}: {name}: expected rows of a multiple of {numbers}, found {shape[-1]}")
            row = shape[-1] // numbers * size
            if first + offset + row * prod(shape[:-1]) > len(self.raw):
                raise SourceError(
                    f"{self.path}: {name}: expected {shape} numbers, found the end of the file before them"
                )
            found[name] = Quantised(self.path, GGMLQuantizationType(kind).name, shape, first + offset, row)
        return found

    def rows(self, tensor: Quantised, rows: slice | Places, name: str) -> Array:
        """The numbers of some rows of a tensor, as float32."""
        from gguf.constants import GGMLQuantizationType
        from gguf.quants import dequantize

        count = prod(tensor.shape[:-1])
        raw = np.frombuffer(self.raw, np.uint8, count * tensor.row, tensor.start).reshape(
            *tensor.shape[:-1], tensor.row
        )
        raw = raw[rows] if len(tensor.shape) > 1 else raw
        if not raw.size:
            return np.zeros((0, *tensor.shape[1:]), dtype=np.float32)
        together = _divisor(raw.size // tensor.row, PIECE // tensor.row)  # it goes through 16 rows at a time
        shape = (*raw.shape[:-1], tensor.shape[-1])
        try:
            pieces = np.ascontiguousarray(raw).reshape(-1, together * tensor.row)
            numbers = dequantize(pieces, GGMLQuantizationType[tensor.kind]).reshape(shape)
        except NotImplementedError:
            raise SourceError(f"{self.path}: {name}: expected a type that gguf reads, found {tensor.kind}") from None
        numbers = np.asarray(numbers, dtype=np.float32)
        return numbers if len(tensor.shape) > 1 else numbers[rows]

    def release(self) -> None:
        if hasattr(mmap, "MADV_DONTNEED"):
            self.raw.madvise(mmap.MADV_DONTNEED)


def _divisor(count: int, most: int) -> int:
    """The largest divisor of a count up to a bound."""
    return next((divisor for divisor in range(min(most, count), 1, -1) if count % divisor == 0), 1)
