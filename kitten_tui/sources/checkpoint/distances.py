"""What a score gains or loses by how far its key is from its query."""

from __future__ import annotations

import math

import numpy as np

from kitten_tui.core.array_types import Array, Places

BUCKETS, FARTHEST = 32, 128
"""How many kinds of distances there are, and from where on all are alike."""


def slopes(n_heads: int) -> Array:
    """How much each head takes off a score for each place of distance.  -> [head]

    Press et al., "Train Short, Test Long" (2022), appendix A: 2^(−8h/n); where n is no power of 2, those of the next
    smaller one and then every second of those of the next larger.
    """
    power = 2 ** math.floor(math.log2(n_heads))

    def of(count: int) -> Array:
        return np.float32(2.0) ** (-8.0 / count * np.arange(1, count + 1, dtype=np.float32))  # [head]

    return np.concatenate([of(power), of(2 * power)[::2][: n_heads - power]])  # [head]


def bucket(distance: Places, buckets: int = BUCKETS, farthest: int = FARTHEST, *, both: bool) -> Places:
    """The kind of a distance, key less query: near ones are each their own, far ones are alike by their logarithm.

    Raffel et al., "T5" (2020), section 2.1; where both directions are looked at each has half of the kinds.
    [distance] -> [distance]
    """
    half = buckets // 2 if both else buckets
    back = np.abs(distance) if both else np.maximum(-distance, 0)  # [distance]
    exact = half // 2
    share = np.log(np.maximum(back, 1).astype(np.float32) / exact) / math.log(farthest / exact)  # [distance]
    far = np.minimum(exact + (share * (half - exact)).astype(np.intp), half - 1)  # [distance]
    near = np.where(back < exact, back, far)  # [distance]
    return near + half * (distance > 0) if both else near
