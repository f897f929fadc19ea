"""Vectors that say where a token stands."""

from __future__ import annotations

import numpy as np

from kitten_tui.core.array_types import Array


def sinusoidal(n: int, d_model: int) -> Array:
    """Sines and cosines of ever longer waves, two dimensions a wave.  -> [token, d_model]

    Vaswani et al. (2017), section 3.5: sin(pos / 10000^(2i/d_model)) in dimension 2i, cos in 2i + 1.
    """
    place = np.arange(n)[:, None]  # [token, 1]
    dimension = np.arange(d_model)  # [d_model]
    angle = place / 10000.0 ** ((dimension - dimension % 2) / d_model)  # [token, d_model]
    return np.where(dimension % 2 == 0, np.sin(angle), np.cos(angle))  # [token, d_model]
