"""Products of arrays by named axes: what a formula's parts are computed with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import mul
from typing import Any

import numpy as np

from kitten_tui.core.array_types import Array

STAR = "*"
Named = tuple[tuple[str, ...], Any]
"""The axes of an array by name, and the array; a number of Python's own has none."""


def product(operands: Sequence[Named], axes: tuple[str, ...]) -> Array:
    """All operands multiplied, summed over *, aligned with these axes so that NumPy spreads it over them."""
    operands = [operand for operand in operands if not _changes_nothing(operand)] or operands[:1]
    if not any(STAR in names for names, _ in operands):
        return reduce(mul, (aligned(operand, axes) for operand in operands))
    scalars = [array for names, array in operands if not names]
    names, array = _summed([operand for operand in operands if operand[0]])
    return reduce(mul, scalars, aligned((names, array), axes))


def inverse(number: Any) -> Any:
    """1 over it; 1 over nothing is 0, as nothing divided by nothing is."""
    if isinstance(number, float):
        return 1.0 / number if number else 0.0
    return np.divide(1.0, number, out=np.zeros_like(number), where=number != 0)


def _changes_nothing(operand: Named) -> bool:
    """Whether it is a mask that lets everything through: a grid is not multiplied by a million ones."""
    array = operand[1]
    return isinstance(array, np.ndarray) and array.dtype == np.bool_ and bool(array.all())


def _summed(operands: Sequence[Named]) -> Named:
    """The sum over *."""
    if len(operands) == 1:
        names, array = operands[0]
        place = names.index(STAR)
        return names[:place] + names[place + 1 :], np.asarray(array.sum(axis=place))
    if len(operands) == 2 and set(operands[0][0]) & set(operands[1][0]) == {STAR}:
        (left, a), (right, b) = operands
        if a.ndim <= 2 and b.ndim <= 2:  # a matrix product, which is far faster than what follows
            left_rest, right_rest = (tuple(name for name in names if name != STAR) for names in (left, right))
            first = a if left[-1] == STAR else a.T
            second = b if right[0] == STAR else b.T
            return left_rest + right_rest, np.asarray(first @ second)
    rest = tuple(dict.fromkeys(name for names, _ in operands for name in names if name != STAR))
    terms = reduce(mul, (aligned(operand, (*rest, STAR)) for operand in operands))
    return rest, np.asarray(terms.sum(axis=-1))


def cut(heads: Sequence[Array]) -> Array:
    """The rows of all heads side by side, cut as they lie in memory.  head × [token, d_k] -> [head, token, d_k]

    That is the mistake of a reshape that is not followed by a turn.
    """
    rows = np.stack(heads, axis=1)  # [token, head, d_k]
    return rows.reshape(len(heads), *heads[0].shape)


def cut_from(head: int, token: int, n_heads: int, n_tokens: int) -> tuple[int, int]:
    """The token and the head whose row comes to stand there."""
    return divmod(head * n_tokens + token, n_heads)


def aligned(operand: Named, axes: tuple[str, ...]) -> Array:
    """The array with its axes in this order, and with an axis of one place for each that it has not."""
    names, array = operand
    if names in ((), axes):
        return array  # type: ignore[no-any-return]
    order = sorted(range(len(names)), key=lambda place: axes.index(names[place]))
    spread = tuple(slice(None) if name in names else None for name in axes)
    return np.asarray(array.transpose(order)[spread])
