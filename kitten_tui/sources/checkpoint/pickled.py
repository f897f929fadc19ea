"""Weights that PyTorch has pickled, read by a reader that knows tensors and nothing else.

A pickle is a small program. Python's own reader would import and call whatever it names; this one imports nothing and
calls nothing: of every name it knows only what a table of tensors is made of, and refuses all others.
"""

from __future__ import annotations

import io
import pickletools
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from kitten_tui.sources.errors import SourceError

SUFFIXES = (".bin", ".pt", ".pth", ".ckpt")
LARGEST_PICKLE = 4_000_000
"""Bytes. The table of a thousand tensors has a tenth of them."""
MOST_STEPS = 1_000_000
MOST_ENTRIES = 200_000

KINDS = {
    "DoubleStorage": ("F64", 8),
    "FloatStorage": ("F32", 4),
    "HalfStorage": ("F16", 2),
    "BFloat16Storage": ("BF16", 2),
    "LongStorage": ("I64", 8),
    "IntStorage": ("I32", 4),
    "ShortStorage": ("I16", 2),
    "CharStorage": ("I8", 1),
    "ByteStorage": ("U8", 1),
    "BoolStorage": ("BOOL", 1),
}
"""What torch calls them: the type of a number, and its bytes."""
HOLDERS = ("state_dict", "model_state_dict", "model")
"""Under which training scripts put the tensors."""


@dataclass(frozen=True)
class Lying:
    """Where the numbers of a tensor lie in the file."""

    kind: str
    shape: tuple[int, ...]
    start: int
    strides: tuple[int, ...]
    """In numbers, not in bytes."""


@dataclass(frozen=True)
class _Name:
    """A name that the pickle would import."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class _Storage:
    kind: str
    size: int
    """Bytes of a number."""
    key: str


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _UnknownError(ValueError):
    """Something in the pickle that is no part of a table of tensors."""


def read_pickled(file: Path) -> dict[str, Lying]:
    """Where each tensor of a file lies that torch.save wrote; no number is read yet.

    Raises:
        SourceError: it is no such file, or holds anything but tensors.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return dict(_tensors(file, archive))
    except zipfile.BadZipFile:
        raise SourceError(f"{file}: expected a zip file, as torch.save writes since 1.6, found none") from None
    except _UnknownError as error:
        raise SourceError(
            f"{file}: expected tensors and nothing else in the pickle, found {error}; "
            "load the model once where you trust it and save it with safe_serialization=True"
        ) from None
    except (OSError, EOFError, ValueError, LookupError, OverflowError, RuntimeError, struct.error, zlib.error) as error:
        raise SourceError(f"{file}: expected weights as torch.save writes them: {error}") from None


def _tensors(file: Path, archive: zipfile.ZipFile) -> Iterator[tuple[str, Lying]]:
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise ValueError(f"expected at most {MOST_ENTRIES:,} parts, found {len(entries):,}")
    inside = {entry.filename: entry for entry in entries}
    pickles = [name for name in inside if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(pickles) != 1:
        raise ValueError(f"expected one data.pkl inside, found {len(pickles)}")
    top = pickles[0].removesuffix("data.pkl")
    order = inside.get(top + "byteorder")
    if order is not None and _bytes(archive, order, 16).strip() != b"little":
        raise ValueError("expected little-endian numbers, found others")
    with file.open("rb") as raw:
        size = raw.seek(0, io.SEEK_END)
        for name, tensor in _table(_run(_bytes(archive, inside[pickles[0]], LARGEST_PICKLE))):
            entry = inside.get(f"{top}data/{tensor.storage.key}")
            if entry is None:
                raise ValueError(f"{name}: expected a part data/{tensor.storage.key}, found none")
            start = _start(raw, entry)
            _check(name, tensor, min(entry.file_size, size - start))
            offset = start + tensor.offset * tensor.storage.size
            yield name, Lying(tensor.storage.kind, tensor.shape, offset, tensor.strides)


def _bytes(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    with archive.open(entry) as opened:
        raw = opened.read(most + 1)
    if len(raw) > most:
        raise ValueError(f"{entry.filename}: expected at most {most:,} bytes, found more")
    return raw


def _start(raw: io.BufferedReader, entry: zipfile.ZipInfo) -> int:
    """Where a part's bytes begin in the file: behind a header of its own."""
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{entry.filename}: expected a part that is stored as it is, found a compressed one")
    raw.seek(entry.header_offset)
    mark, name, extra = struct.unpack("<4s22xHH", raw.read(30))
    if mark != b"PK\x03\x04":
        raise ValueError(f"{entry.filename}: expected a header, found none")
    return entry.header_offset + 30 + int(name) + int(extra)


def _check(name: str, tensor: _Tensor, size: int) -> None:
    """A tensor lies inside its part, and no number of it lies twice in another."""
    count, has = prod(tensor.shape), size // tensor.storage.size
    last = tensor.offset + sum((n - 1) * stride for n, stride in zip(tensor.shape, tensor.strides, strict=True))
    if count > has or (count and last >= has):
        raise ValueError(f"{name}: expected {max(count, last + 1)} numbers in its part, found {has}")


def _table(top: Any) -> Iterator[tuple[str, _Tensor]]:
    """The tensors of a table by name; others lie one level deeper, as training scripts put them."""
    if not isinstance(top, dict):
        raise _UnknownError(f"{_shown(top)} in the place of a table")
    if not any(isinstance(one, _Tensor) for one in top.values()):
        top = next((top[holder] for holder in HOLDERS if isinstance(top.get(holder), dict)), top)
    for name, value in top.items():
        if isinstance(value, _Tensor) and isinstance(name, str):
            yield name, value
        elif isinstance(value, (_Name, _Storage)):
            raise _UnknownError(_shown(value))


def _shown(value: object) -> str:
    return str(value) if isinstance(value, _Name) else type(value).__name__.strip("_").lower()


# The stack machine. What it knows is what torch.save writes for a dictionary of tensors.

_MARK = object()


def _run(program: bytes) -> object:
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    for steps, (opcode, argument, _) in enumerate(pickletools.genops(program)):
        if steps > MOST_STEPS:
            raise ValueError(f"expected at most {MOST_STEPS:,} steps in the pickle, found more")
        if opcode.name == "STOP" and stack:
            return stack.pop()
        step = _STEPS.get(opcode.name)
        if step is None:
            raise _UnknownError(f"the instruction {opcode.name}")
        try:
            step(stack, memo, argument)
        except (IndexError, KeyError, TypeError, AttributeError):
            raise ValueError(f"the instruction {opcode.name} finds nothing to work on") from None
    raise ValueError("the pickle ends too early")


Step = Callable[[list[Any], dict[int, Any], Any], object]


def _since_mark(stack: list[Any]) -> list[Any]:
    items = []
    while (item := stack.pop()) is not _MARK:
        items.append(item)
    return items[::-1]


def _tuple(count: int) -> Step:
    def step(stack: list[Any], memo: dict[int, Any], argument: Any) -> None:
        items = [stack.pop() for _ in range(count)][::-1]
        stack.append(tuple(items))

    return step


def _set(stack: list[Any], key: Any, value: Any) -> None:
    if not isinstance(stack[-1], dict) or not isinstance(key, (str, int)):
        raise _UnknownError(f"{_shown(stack[-1])} with a key {_shown(key)}")
    stack[-1][key] = value


def _set_item(stack: list[Any], memo: dict[int, Any], argument: Any) -> None:
    value, key = stack.pop(), stack.pop()
    _set(stack, key, value)


def _set_items(stack: list[Any], memo: dict[int, Any], argument: Any) -> None:
    items = _since_mark(stack)
    for key, value in zip(items[::2], items[1::2], strict=True):
        _set(stack, key, value)


def _append(stack: list[Any], items: list[Any]) -> None:
    if not isinstance(stack[-1], list):
        raise _UnknownError(f"{_shown(stack[-1])} in the place of a list")
    stack[-1].extend(items)


def _name(module: Any, name: Any) -> _Name:
    found = _Name(module, name)
    if not isinstance(module, str) or not isinstance(name, str) or str(found) not in _CALLS:
        if module == "torch" and name in KINDS:
            return found
        raise _UnknownError(str(found))
    return found


def _global(stack: list[Any], memo: dict[int, Any], argument: Any) -> None:
    module, _, name = argument.partition(" ")
    stack.append(_name(module, name))


def _stack_global(stack: list[Any], memo: dict[int, Any], argument: Any) -> None:
    name, module = stack.pop(), stack.pop()
    stack.append(_name(module, name))


def _reduce(stack: list[Any], memo: dict[int, Any], argument: Any) -> None:
    arguments, name = stack.pop(), stack.pop()
    if not isinstance(name, _Name) or str(name) not in _CALLS or not isinstance(arguments, tuple):
        raise _UnknownError(f"a call of {_shown(name)}")
    stack.append(_CALLS[str(name)](*arguments))


def _persistent(stack: list[Any], memo: dict[int, Any], argument: Any) -> None:
    said = stack.pop()
    match said:
        case ("storage", _Name(module="torch", name=name), str(key), str(), int()) if name in KINDS:
            stack.append(_Storage(*KINDS[name], key))
        case _:
            raise _UnknownError(f"{_shown(said)} in the place of a storage")


def _build(stack: list[Any], memo: dict[int, Any], argument: Any) -> None:
    """What is said of a table besides its tensors: versions of modules, which nobody needs."""
    stack.pop()
    if not isinstance(stack[-1], dict):
        raise _UnknownError(f"{_shown(stack[-1])} with a state")


def _rebuilt(storage: Any, offset: Any, shape: Any, strides: Any, *rest: Any) -> _Tensor:
    numbers = (offset, *shape, *strides)
    if not isinstance(storage, _Storage) or len(shape) != len(strides):
        raise _UnknownError(f"a tensor of {_shown(storage)}")
    if any(not isinstance(number, int) or not 0 <= number < 1 << 60 for number in numbers):
        raise ValueError("expected whole numbers from 0 in the shape of a tensor, found others")
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


def _parameter(tensor: Any, *rest: Any) -> _Tensor:
    if not isinstance(tensor, _Tensor):
        raise _UnknownError(f"a parameter of {_shown(tensor)}")
    return tensor


_CALLS: dict[str, Callable[..., object]] = {
    "collections.OrderedDict": lambda *items: {},
    "torch._utils._rebuild_tensor_v2": _rebuilt,
    "torch._utils._rebuild_parameter": _parameter,
}
_STEPS: dict[str, Step] = {
    "PROTO": lambda stack, memo, argument: None,
    "FRAME": lambda stack, memo, argument: None,
    "MARK": lambda stack, memo, argument: stack.append(_MARK),
    "POP": lambda stack, memo, argument: stack.pop(),
    "EMPTY_DICT": lambda stack, memo, argument: stack.append({}),
    "EMPTY_LIST": lambda stack, memo, argument: stack.append([]),
    "EMPTY_TUPLE": lambda stack, memo, argument: stack.append(()),
    "TUPLE": lambda stack, memo, argument: stack.append(tuple(_since_mark(stack))),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "NONE": lambda stack, memo, argument: stack.append(None),
    "NEWTRUE": lambda stack, memo, argument: stack.append(True),
    "NEWFALSE": lambda stack, memo, argument: stack.append(False),
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    "APPEND": lambda stack, memo, argument: _append(stack, [stack.pop()]),
    "APPENDS": lambda stack, memo, argument: _append(stack, _since_mark(stack)),
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "REDUCE": _reduce,
    "BINPERSID": _persistent,
    "BUILD": _build,
    "MEMOIZE": lambda stack, memo, argument: memo.__setitem__(len(memo), stack[-1]),
}
for _opcode in ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"):
    _STEPS[_opcode] = lambda stack, memo, argument: stack.append(argument)
for _opcode in ("BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES"):
    _STEPS[_opcode] = lambda stack, memo, argument: stack.append(argument)
for _opcode in ("BINPUT", "LONG_BINPUT"):
    _STEPS[_opcode] = lambda stack, memo, argument: memo.__setitem__(argument, stack[-1])
for _opcode in ("BINGET", "LONG_BINGET"):
    _STEPS[_opcode] = lambda stack, memo, argument: stack.append(memo[argument])
