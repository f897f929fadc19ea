"""Numbers that somebody else's library holds, as arrays of NumPy; no such library is imported for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kitten_tui.core.array_types import Array
from kitten_tui.sources.errors import SourceError


def array_of(value: Any, name: str) -> Array:
    """What `numpy.asarray` or DLPack takes, or a tensor of any device and precision, or a sequence of such.

    Half a precision is read as float32, which holds each of its numbers.

    Raises:
        SourceError: it holds something else than numbers, or its parts have other shapes.
    """
    if value is None:
        raise SourceError(
            f"{name}: expected numbers, found None; a model is asked for them with output_attentions=True "
            'and attn_implementation="eager"'
        )
    try:
        array = _plain(value) if not _is_sequence(value) else _stacked(value, name)
    except SourceError:
        raise
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        raise SourceError(f"{name}: expected numbers, found {type(value).__name__}: {error}") from None
    if array.dtype.kind == "O" or array.dtype.kind in "SUMm":
        raise SourceError(f"{name}: expected numbers, found {array.dtype}")
    if array.dtype.kind == "c":
        raise SourceError(f"{name}: expected real numbers, found {array.dtype}")
    if array.dtype in (np.float64, np.float32, np.bool_):
        return array
    # bfloat16 and float8 of other packages are kinds of their own, which NumPy can turn into its own.
    return array.astype(np.float64 if array.dtype.kind in "iu" else np.float32)


def precision_of(value: Any) -> float:
    """What a number near 1 may be rounded by: the distance to the next one it could be, in what it was computed in."""
    while _is_sequence(value) and len(value):
        value = value[-1]
    name = str(getattr(value, "dtype", "float64")).rpartition(".")[2]
    return {"bfloat16": 2.0**-7, "float16": 2.0**-10, "float32": 2.0**-23}.get(name, 2.0**-52)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _stacked(values: Sequence[Any], name: str) -> Array:
    """A list of numbers, or parts of one shape side by side."""
    if not any(_is_sequence(value) or hasattr(value, "__array__") or value is None for value in values):
        return np.asarray([_plain(value) for value in values] if any(map(_is_foreign, values)) else values)
    parts = [array_of(value, f"{name}[{place}]") for place, value in enumerate(values)]
    other = next((place for place, part in enumerate(parts) if part.shape != parts[0].shape), None)
    if other is not None:
        first, second = (" × ".join(map(str, parts[place].shape)) for place in (0, other))
        raise SourceError(
            f"{name}: expected parts of one shape, found {name}[0] of {first} and {name}[{other}] of {second}"
        )
    return np.stack(parts) if parts else np.zeros(0)


def _is_foreign(value: Any) -> bool:
    return hasattr(value, "__dlpack__") or hasattr(value, "detach")


def _plain(value: Any) -> npt.NDArray[Any]:
    if hasattr(value, "detach") and hasattr(value, "cpu"):  # as torch has it
        value = value.detach().cpu()
        if value.is_floating_point() and not str(value.dtype).endswith((".float64", ".float32", ".float16")):
            value = value.float()
        if getattr(value, "is_sparse", False):
            value = value.to_dense()
    elif hasattr(value, "get") and hasattr(value, "__cuda_array_interface__"):  # as CuPy has it
        value = value.get()
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        return np.from_dlpack(value)
    return np.asarray(value)
