"""Who may look at whom, and which cells dropout covers."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from kitten_tui.core.array_types import Mask


def allowed(mask: str, own: Mask | None, queries: int, keys: int) -> Mask:
    """Who may look at whom under the mask of this name, where "own" is a mask of the source.  -> [query, key]"""
    if mask == "own" and own is not None:
        return own
    return causal(queries) if mask == "causal" else everything(queries, keys)


@lru_cache(maxsize=2)
def everything(queries: int, keys: int) -> Mask:
    """Every query sees every key.  -> [query, key]"""
    return _fixed(np.ones((queries, keys), dtype=bool))  # [query, key]


@lru_cache(maxsize=2)
def causal(n: int) -> Mask:
    """A query sees itself and what came before.  -> [query, key]"""
    return _fixed(np.tri(n, dtype=bool))  # [query, key]


@lru_cache(maxsize=2)
def backward(n: int, window: int | None) -> Mask:
    """A query sees itself and what came before: all of it, or through a window this many keys.  -> [query, key]"""
    if window is None:
        return causal(n)
    return _fixed(causal(n) & ~np.tri(n, k=-window, dtype=bool))  # [query, key]


@lru_cache(maxsize=2)
def around(n: int, window: int | None) -> Mask:
    """A query sees what lies at most a window away, before and after it.  -> [query, key]

    One key more on each side than a window that looks back alone has: so transformers counts them.
    """
    if window is None:
        return everything(n, n)
    return _fixed(np.tri(n, k=window, dtype=bool) & ~np.tri(n, k=-window - 1, dtype=bool))  # [query, key]


def _fixed(mask: Mask) -> Mask:
    mask.setflags(write=False)
    return mask


def kept(queries: int, keys: int, rate: float, seed: int, layer: int, head: int) -> Mask:
    """The cells that dropout at this rate keeps, a fixed draw for each seed, layer and head.  -> [query, key]"""
    if rate == 0.0:
        return everything(queries, keys)
    # RandomState: the one generator whose stream NumPy promises never to change.
    draw = np.random.RandomState([seed, layer, head]).random_sample((queries, keys))  # [query, key]
    return draw >= rate  # [query, key]
