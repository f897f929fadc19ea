"""The steps of self-attention, each a line or two of NumPy with its shapes.

Formulas: Vaswani et al., "Attention Is All You Need" (2017), section 3.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

SAFE_EXPONENT = 8.0
"""Rows whose largest score lies within ± this are exponentiated as they are, as the formula has it."""


def project(x: Array, w: Array, b: Array | None = None) -> Array:
    """Through a trainable matrix: x W + b.  [token, n], [n, m], [m] -> [token, m]"""
    y = x @ w  # [token, m]
    if b is not None:
        y += b  # [token, m]
    return y


def dot_products(q: Array, k: Array) -> Array:
    """How well every query and every key align.  [query, d_k], [key, d_k] -> [query, key]"""
    return q @ k.T  # [query, key]


def cover(scaled: Array, allowed: Mask) -> Array:
    """The scores with −∞ where the query may not look.  [query, key] -> [query, key]"""
    return np.where(allowed, scaled, -np.inf)  # [query, key]


def exponent_shift(masked: Array) -> Array:
    """What is taken off a row before exp so that it neither overflows nor vanishes.  [query, key] -> [query]

    Softmax does not change when a row is shifted. Small rows are left alone, so that the exp on the screen is the
    exp of the score beside it; large rows are shifted by their largest score.
    """
    top = masked.max(axis=-1)  # [query]
    return np.where(np.isfinite(top) & (np.abs(top) > SAFE_EXPONENT), top, 0.0)  # [query]


def exponentials(masked: Array, shift: Array) -> Array:
    """e to the power of every score; e to the −∞ is 0.  [query, key], [query] -> [query, key]"""
    return np.exp(masked - shift[:, None])  # [query, key]


def normalise(exp: Array, total: Array) -> Array:
    """Each share of its row's sum; a row with nothing to share stays 0.  [query, key], [query] -> [query, key]"""
    return np.divide(exp, total[:, None], out=np.zeros_like(exp), where=total[:, None] > 0)  # [query, key]


def drop(weights: Array, keep: Mask, rate: float) -> Array:
    """Inverted dropout: what is kept grows by 1/(1−p).  [query, key] -> [query, key]

    Srivastava et al., "Dropout" (2014); scaled in training, as in every current framework.
    """
    if rate == 0.0:
        return weights
    return weights * keep / (1.0 - rate)  # [query, key]


def weighted_values(weights: Array, v: Array) -> Array:
    """Each value times the weight one query gives it.  [key], [key, d_k] -> [key, d_k]"""
    return weights[:, None] * v  # [key, d_k]


def headroom(weights: Array) -> Array:
    """How far each softmax is from saturation: 1 − its largest weight.  [query, key] -> [query]"""
    largest: Array = weights.max(axis=-1)  # [query]
    return 1.0 - largest  # [query]


def gradient(weights: Array, divisor: float) -> Array:
    """The size of ∂α/∂ω of each row.  [query, key] -> [query]

    The Jacobian of α = softmax(ω / c) is (diag(α) − α αᵀ) / c. It has no negative eigenvalue, so their sum, the trace
    Σ α(1 − α) / c, is a size: 0 exactly where the softmax is saturated and nothing can be learned.
    """
    slopes: Array = weights * (1.0 - weights) / divisor  # [query, key]
    total: Array = slopes.sum(axis=-1)  # [query]
    return total
