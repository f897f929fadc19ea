"""What is wrong with weights that came from elsewhere, and which mistake of whoever computed them fits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kitten_tui.core.array_types import Array

FAULTS = ("nan", "negative", "sum")
MISTAKES = ("axis_query", "axis_head", "axis_both", "mask_after", "dropout", "scale", "mask_transposed")
ROUNDED = 32.0
"""How many times its precision a sum of weights may be off."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row of a quantity; layer, head, query and key count from 0."""

    kind: str
    """One of FAULTS; its words are fault.<kind>."""
    layer: int
    head: int
    query: int
    key: int = -1
    """−1 where the fault is the row's."""
    value: float = 0.0
    name: str = "weights"


def tolerance(precision: float, keys: int) -> float:
    """How far a row of so many weights may be from 1, by what it was computed in."""
    return ROUNDED * precision * math.sqrt(max(keys, 1))


def faults_of(weights: Array, layer: int, head: int, forgiven: float) -> Iterator[Fault]:
    """The first fault of each row. A row of zeros is none: its query may look at nothing.  [query, key]"""
    finite = np.isfinite(weights)  # [query, key]
    negative = np.where(finite, weights, 0.0) < -forgiven  # [query, key]
    sums = np.where(finite, weights, 0.0).sum(axis=-1, dtype=np.float64)  # [query]
    off = (np.abs(sums - 1.0) > forgiven) & (weights != 0.0).any(axis=-1)  # [query]
    for query in np.flatnonzero(~finite.all(axis=-1) | negative.any(axis=-1) | off).tolist():
        if not finite[query].all():
            key = int(finite[query].argmin())
            yield Fault("nan", layer, head, query, key, float(weights[query, key]))
        elif negative[query].any():
            key = int(weights[query].argmin())
            yield Fault("negative", layer, head, query, key, float(weights[query, key]))
        else:
            yield Fault("sum", layer, head, query, value=float(sums[query]))


@dataclass(frozen=True)
class Mistake:
    """What would explain the faults, one of MISTAKES; its words are mistake.<kind>."""

    kind: str
    value: float = 0.0


def mistakes_of(weights: Array, scores: Array | None, divisor: float | None, forgiven: float) -> list[Mistake]:
    """Which mistakes fit all heads of a layer; none where it cannot be told.

    [head, query, key], [head, query, key]
    """
    if not np.isfinite(weights).all():
        return []
    rows = weights.sum(axis=-1, dtype=np.float64)  # [head, query]
    seen = weights.any(axis=-1)  # [head, query]
    off = np.abs(rows - 1.0) > forgiven  # [head, query]
    if (off & seen).any():
        return _of_sums(weights, rows, scores, divisor, forgiven)
    if _looks_ahead_alone(weights):
        return [Mistake("mask_transposed")]
    scale = None if scores is None or divisor is None else scale_of(weights, scores, forgiven)
    if scale is None or divisor is None or abs(scale * divisor - 1.0) < 1e-3 + forgiven:
        return []
    return [Mistake("scale", 1.0 / scale if scale else np.inf)]


def _looks_ahead_alone(weights: Array) -> bool:
    """Whether queries look at what comes after them, and none at what comes before.  [head, query, key]"""
    queries, keys = weights.shape[-2:]
    if queries != keys:
        return False
    before = np.tri(queries, k=-1, dtype=bool)  # [query, key]
    return not weights[:, before].any() and bool(weights[:, before.T].any())


def _of_sums(
    weights: Array, rows: Array, scores: Array | None, divisor: float | None, forgiven: float
) -> list[Mistake]:
    """What may be the matter where rows do not sum to 1."""
    fits: list[Mistake] = []
    columns = weights.sum(axis=-2, dtype=np.float64)  # [head, key]
    if np.allclose(columns[columns != 0.0], 1.0, rtol=0.0, atol=forgiven):
        fits.append(Mistake("axis_query"))
    if len(weights) > 1 and np.allclose(weights.sum(axis=0, dtype=np.float64), 1.0, rtol=0.0, atol=forgiven):
        fits.append(Mistake("axis_head"))
    every = weights.sum(axis=(-2, -1), dtype=np.float64)  # [head]
    if np.allclose(every, 1.0, rtol=0.0, atol=forgiven):
        fits.append(Mistake("axis_both"))
    covered = (weights == 0.0).all(axis=0)  # [query, key]
    if covered.any() and (rows < 1.0 + forgiven).all() and not fits:
        whole = ~covered.any(axis=-1)  # [query]
        if scores is not None and divisor is not None:
            made = _softmax(scores / divisor)  # [head, query, key]
            if np.allclose(np.where(covered, 0.0, made), weights, rtol=0.0, atol=max(forgiven, 1e-6)):
                fits.append(Mistake("mask_after"))
        elif whole.any() and np.allclose(rows[:, whole], 1.0, rtol=0.0, atol=forgiven):
            # Rows that see everything are right, and those that do not are short.
            fits.append(Mistake("mask_after"))
    kept = weights[weights != 0.0]
    if not fits and (weights == 0.0).any() and kept.size and abs(float(rows.mean()) - 1.0) < 0.25 and not covered.any():
        fits.append(Mistake("dropout", float((weights == 0.0).mean())))
    return fits


def scale_of(weights: Array, scores: Array, forgiven: float) -> float | None:
    """The c for which the weights are softmax(c · scores); None where there is none.

    ln α of two keys of a row differ by c times what their scores differ by. [head, query, key], [head, query, key]
    """
    seen = (weights > 1e-6) & np.isfinite(scores)  # [head, query, key]
    count = np.maximum(seen.sum(axis=-1, keepdims=True), 1)  # [head, query, 1]
    logs = np.log(np.where(seen, weights, 1.0), dtype=np.float64)  # [head, query, key]
    plain = np.where(seen, scores, 0.0).astype(np.float64)  # [head, query, key]
    logs = np.where(seen, logs - logs.sum(axis=-1, keepdims=True) / count, 0.0)  # [head, query, key]
    plain = np.where(seen, plain - plain.sum(axis=-1, keepdims=True) / count, 0.0)  # [head, query, key]
    square = float((plain * plain).sum())
    if square == 0.0:
        return None
    scale = float((plain * logs).sum()) / square
    return scale if np.abs(logs - scale * plain).max() < 1e-3 + 1e2 * forgiven else None


def _softmax(scores: Array) -> Array:
    exp = np.exp(scores - scores.max(axis=-1, keepdims=True))  # [head, query, key]
    return np.asarray(exp / exp.sum(axis=-1, keepdims=True))
