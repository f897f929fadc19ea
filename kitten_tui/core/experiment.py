"""What the scale is for, seen in random rows: how saturated softmax is as queries and keys grow wider."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from kitten_tui.core import ops
from kitten_tui.core.ops import Array

WIDTHS = (2, 64, 1024)
"""The d_k that are compared."""
ROWS = 101
KEYS = 6


@lru_cache(maxsize=32)
def random_rows(d_k: int, seed: int, scale: bool) -> dict[str, Array]:
    """The headroom and the gradient of softmax rows whose queries and keys are standard normal.  -> [row] each

    Their dot products have variance d_k: Vaswani et al. (2017), section 3.2.1, footnote 4.
    """
    draw = np.random.RandomState([seed, d_k])
    q = draw.standard_normal((ROWS, d_k))  # [row, d_k]
    k = draw.standard_normal((ROWS, KEYS, d_k))  # [row, key, d_k]
    scores = np.einsum("rd,rkd->rk", q, k)  # [row, key]
    divisor = float(np.sqrt(d_k)) if scale else 1.0
    scaled = scores / divisor  # [row, key]
    exp = ops.exponentials(scaled, scaled.max(axis=-1))  # [row, key]
    weights = ops.normalise(exp, exp.sum(axis=-1))  # [row, key]
    return {"typical_headroom": ops.headroom(weights), "typical_gradient": ops.gradient(weights, divisor)}
