"""What the scale is for, seen in random rows: how large scores grow with q and k, how saturated softmax."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.inputs import fixed
from kitten_tui.core.masks import everything
from kitten_tui.core.quantity import Scope
from kitten_tui.core.trace import Trace, Value

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


@lru_cache(maxsize=8)
def random_rows(name: str, seed: int) -> Array:
    """For each of WIDTHS without the scale and with it: the mean square of all scores ("square"), or the sensitivity of
    the softmax of each row.

    -> [width, scale] or [width, scale, row]
    """
    return fixed([[_of_rows(name, _softmax(d_k, seed, scale)) for scale in (False, True)] for d_k in WIDTHS])


def _of_rows(name: str, trace: Trace) -> Array:
    match name:
        case "square":
            return np.asarray((trace["scaled"] ** 2).mean())
        case _:
            return trace[name]  # [row]


def _softmax(d_k: int, seed: int, scale: bool) -> Trace:
    given: dict[str, Value] = {
        "scores": random_scores(d_k, seed),
        "divisor": math.sqrt(d_k) if scale else 1.0,
        "allowed": everything(ROWS, KEYS),
    }
    return Trace(ATTENTION, given, (Scope.HEAD,), sizes={"query": ROWS, "key": KEYS})
