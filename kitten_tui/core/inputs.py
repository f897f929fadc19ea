"""What one layer of attention is computed from.

Everything here is frozen, compares by identity (an array has no single truth) and holds read-only arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from kitten_tui.core.array_types import Array, Mask


def fixed(values: npt.ArrayLike) -> Array:
    """A float64 copy that nobody can write to."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class _Frozen:
    """Makes every array field of a subclass read-only."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def arrays(self, *names: str) -> dict[str, Array]:
        """Those of these fields that there are, by name."""
        return {name: array for name in names if (array := getattr(self, name)) is not None}


@dataclass(frozen=True, eq=False)
class HeadWeights(_Frozen):
    """The trainable matrices of one head."""

    w_q: Array
    """[d_model, d_k]"""
    w_k: Array
    """[d_model, d_k]"""
    w_v: Array
    """[d_model, d_k]"""
    b_q: Array | None = None
    """[d_k]"""
    b_k: Array | None = None
    """[d_k]"""
    b_v: Array | None = None
    """[d_k]"""

    @property
    def given(self) -> dict[str, Array]:
        """All of them, by name."""
        return self.arrays("w_q", "w_k", "w_v", "b_q", "b_k", "b_v")


@dataclass(frozen=True, eq=False)
class Inputs(_Frozen):
    """All that one layer of attention is computed from."""

    tokens: tuple[str, ...]
    x: Array
    """embedding + position, or given alone. [token, d_model]"""
    heads: tuple[HeadWeights, ...]
    embedding: Array | None = None
    """[token, d_model]"""
    position: Array | None = None
    """[token, d_model]"""
    w_o: Array | None = None
    """[head·d_k, d_model]"""
    b_o: Array | None = None
    """[d_model]"""
    own_mask: Mask | None = None
    """True where the query may look, for the mask "own". [query, key]"""
