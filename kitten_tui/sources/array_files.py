"""Arrays in files, by name. Nothing is unpickled, and no size is believed before it has been checked."""

from __future__ import annotations

import json
import mmap
import zipfile
import zlib
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.reading import check_file, read_object

MOST_BYTES = 4 << 30
"""Of all arrays of a file together."""
MOST_JSON = 200_000_000
MOST_HEADER = 20_000_000
MOST_ARRAYS = 1_000
TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "U8": "u1", "BOOL": "?"}

FAILURES = (
    *(ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, EOFError),
    *(zipfile.BadZipFile, zlib.error, NotImplementedError),
)
"""What comes of a file that is not what its name says."""

Arrays = dict[str, Any]
"""By name; texts are lists of strings."""


def read_arrays(path: Path) -> Arrays:
    """All arrays of a file, and the texts that stand beside them.

    Raises:
        SourceError: it cannot be read, is larger than allowed, or holds something else.
    """
    try:
        check_file(path)
        if path.is_dir():
            raise SourceError(f"{path}: expected a file, found a directory")
        return READERS[path.suffix.lower()](path)
    except SourceError:
        raise
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from None
    except FAILURES as error:
        raise SourceError(f"{path}: expected {path.suffix.lower()[1:]}, found something else: {error}") from None


def _npz(path: Path) -> Arrays:
    arrays: Arrays = {}
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
        if len(members) > MOST_ARRAYS:
            raise SourceError(f"{path}: expected at most {MOST_ARRAYS} arrays, found {len(members)}")
        left = MOST_BYTES
        for member in members:
            name = member.filename.removesuffix(".npy")
            if member.flag_bits & 1:
                raise SourceError(f"{path}: {name}: expected an array, found one that is encrypted")
            with archive.open(member) as file:
                shape, fortran, dtype = _header(file, f"{path}: {name}")
                size = prod(shape) * dtype.itemsize
                left -= size
                # What the directory says of a member may be a lie; no more is read than it should have.
                if left < 0:
                    raise SourceError(f"{path}: expected at most {MOST_BYTES:,} bytes of numbers, found more")
                raw = file.read(size)
            arrays[name] = _shaped(raw, shape, fortran, dtype, f"{path}: {name}")
    return arrays


def _npy(path: Path) -> Arrays:
    with path.open("rb") as file:
        shape, fortran, dtype = _header(file, str(path))
        size = prod(shape) * dtype.itemsize
        if size > MOST_BYTES:
            raise SourceError(f"{path}: expected at most {MOST_BYTES:,} bytes of numbers, found {size:,}")
        raw = file.read(size)
    return {"": _shaped(raw, shape, fortran, dtype, str(path))}


def _header(file: IO[bytes], place: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """What numpy.save writes before the numbers."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise SourceError(f"{place}: expected version 1 or 2 of the format, found {version[0]}.{version[1]}")
    if dtype.hasobject:
        raise SourceError(f"{place}: expected numbers or text, found Python objects, which are never unpickled")
    if dtype.kind not in "biufUS" or min(shape, default=1) < 0:
        raise SourceError(f"{place}: expected numbers or text, found {dtype} of {shape}")
    return shape, fortran, dtype


def _shaped(raw: bytes, shape: tuple[int, ...], fortran: bool, dtype: np.dtype[Any], place: str) -> Any:
    if len(raw) != prod(shape) * dtype.itemsize:
        raise SourceError(f"{place}: expected {prod(shape) * dtype.itemsize:,} bytes, found the end of the file")
    array: npt.NDArray[Any] = np.frombuffer(raw, dtype).reshape(shape, order="F" if fortran else "C")
    if dtype.kind == "S":
        return [text.decode("utf-8") for text in array.ravel().tolist()]
    return [str(text) for text in array.ravel().tolist()] if dtype.kind == "U" else array


def _safetensors(path: Path) -> Arrays:
    """The format of safetensors: the length of the header, the header as JSON, the numbers."""
    with path.open("rb") as file:
        size = path.stat().st_size
        length = int.from_bytes(file.read(8), "little")
        if length > min(MOST_HEADER, size - 8):
            raise SourceError(
                f"{path}: expected a header of at most {min(MOST_HEADER, size):,} bytes, found {length:,}"
            )
        header = json.loads(file.read(length).decode("utf-8"))
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    texts = header.pop("__metadata__", {})
    arrays: Arrays = {name: json.loads(texts[name]) for name in ("tokens", "key_tokens") if name in texts}
    if len(header) > MOST_ARRAYS:
        raise SourceError(
            f"{path}: expected at most {MOST_ARRAYS} arrays, found {len(header):,}; a model is opened with --model"
        )
    for name, about in header.items():
        kind, shape, (start, end) = about["dtype"], tuple(map(int, about["shape"])), about["data_offsets"]
        if kind not in TYPES:
            raise SourceError(f"{path}: {name}: expected {', '.join(TYPES)}, found {kind}")
        dtype = np.dtype(TYPES[kind])
        if (
            min(shape, default=1) < 0
            or end - start != prod(shape) * dtype.itemsize
            or not 0 <= start <= end <= size - 8 - length
        ):
            raise SourceError(f"{path}: {name}: expected numbers inside the file, found them outside")
        array = np.frombuffer(mapped, dtype, prod(shape), 8 + length + start).reshape(shape)
        # NumPy has no bfloat16: its sixteen bits are the first of a float32.
        arrays[name] = (array.astype(np.uint32) << 16).view(np.float32) if kind == "BF16" else array
    return arrays


def _json(path: Path) -> Arrays:
    """One object. Where a number is null, there was −∞ or nan."""
    return read_object(path, MOST_JSON)


READERS: dict[str, Callable[[Path], Arrays]] = {
    ".npz": _npz,
    ".npy": _npy,
    ".safetensors": _safetensors,
    ".json": _json,
}
"""By the end of the name."""
