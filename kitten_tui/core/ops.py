"""The kinds of arrays, and the one step that every layer begins with."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


def project(x: Array, w: Array, b: Array | None = None) -> Array:
    """Through a trainable matrix: x W + b.  [token, n], [n, m], [m] -> [token, m]"""
    y = x @ w  # [token, m]
    if b is not None:
        y += b  # [token, m]
    return y
