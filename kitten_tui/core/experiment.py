"""What the scale is for, seen in random rows: how saturated softmax is as queries and keys grow wider."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from kitten_tui.core import ops
from kitten_tui.core.ops import Array
from kitten_tui.core.trace import fixed

WIDTHS = (2, 64, 1024)
"""The d_k that are compared."""
ROWS = 101
KEYS = 6


@lru_cache(maxsize=8)
def random_scores(d_k: int, seed: int) -> Array:
    """Dot products of standard normal queries and keys: Vaswani et al. (2017), 3.2.1, footnote 4.  -> [row, key]

    Their variance is d_k.
    """
    draw = np.random.RandomState([seed, d_k])
    q = draw.standard_normal((ROWS, d_k))  # [row, d_k]
    k = draw.standard_normal((ROWS, KEYS, d_k))  # [row, key, d_k]
    return fixed(np.einsum("rd,rkd->rk", q, k))  # [row, key]


def random_rows(d_k: int, seed: int, scale: bool) -> dict[str, Array]:
    """The headroom and the gradient of the softmax of these scores.  -> [row] each"""
    divisor = float(np.sqrt(d_k)) if scale else 1.0
    scaled = random_scores(d_k, seed) / divisor  # [row, key]
    exp = ops.exponentials(scaled, scaled.max(axis=-1))  # [row, key]
    weights = ops.normalise(exp, exp.sum(axis=-1))  # [row, key]
    return {"typical_headroom": ops.headroom(weights), "typical_gradient": ops.gradient(weights, divisor)}


@lru_cache(maxsize=8)
def typical(name: str, seed: int) -> Array:
    """The median of a measure for each of WIDTHS, without the scale and with it.  -> [width, scale]"""
    rows = [[random_rows(d_k, seed, scale)[name] for scale in (False, True)] for d_k in WIDTHS]
    # Of an odd number; np.median would cost an import that is felt at the first key.
    return fixed(np.sort(rows, axis=-1)[..., ROWS // 2])  # [width, scale]
