"""What is done with the parts of a formula, whole arrays at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from operator import add

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.formula import Op

SAFE_EXPONENT = 8.0
"""Rows whose largest score lies within ± this are exponentiated as they are, as the formula has it."""


def _shift(terms: Array, axis: int) -> Array:
    """Softmax does not change when a row is shifted. Small rows are left alone, so that the exp on the screen is the
    exp of the score beside it; large rows are shifted by their largest score.
    """
    top = terms.max(axis=axis)
    return np.where(np.isfinite(top) & (np.abs(top) > SAFE_EXPONENT), top, 0.0).astype(terms.dtype)


def _median(terms: Array, axis: int) -> Array:
    # Of an odd number; np.median would cost an import that is felt at the first key.
    return np.asarray(np.sort(terms, axis=axis).take(terms.shape[axis] // 2, axis=axis))


def _sum(*parts: Array) -> Array:
    return reduce(add, parts)


def _quotient(*parts: Array) -> Array:
    above, below = _sum(*parts[:-1]), parts[-1]
    if isinstance(below, float):
        return above if below == 1.0 else above / below
    return np.divide(above, below, out=np.zeros_like(above), where=below != 0)


def _norm(before: Array, mean: Array, spread: Array, gain: Array, bias: Array) -> Array:
    return (before - mean) / spread * gain + bias


def _cap(terms: Array, cap: Array) -> Array:
    return np.tanh(terms / cap) * cap


CHOICES: dict[Op, Callable[[Array, int], Array]] = {Op.SHIFT: _shift, Op.MEDIAN: _median}
"""What takes one of the terms along an axis."""
FUNCTIONS: dict[Op, Callable[..., Array]] = {
    Op.SUM: _sum,
    Op.QUOTIENT: _quotient,
    Op.EXP: lambda power, shift: np.exp(power - shift),
    Op.WHERE: lambda kept, allowed: np.where(allowed, kept, kept.dtype.type(-math.inf)),
    Op.LESS: lambda one, other: one - other,
    Op.SURPRISE: lambda *parts: -np.log(_sum(*parts)),
    Op.ROOT: lambda *parts: np.sqrt(_sum(*parts)),
    Op.NORM: _norm,
    Op.CAP: _cap,
}
"""What is done with the parts, each an array with the axes of the result."""
