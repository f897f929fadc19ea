"""From inputs and settings to the trace of a head, and from the heads of a layer to its output."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kitten_tui.core import masks, ops
from kitten_tui.core.ops import Array, Mask
from kitten_tui.core.settings import Settings
from kitten_tui.core.trace import HeadWeights, Inputs, Joined, Projected, Trace


def head(inputs: Inputs, index: int, settings: Settings, layer: int = 0) -> Trace:
    """One head of a layer under these settings."""
    return head_of(inputs.x, inputs.heads[index], inputs.own_mask, settings, layer, index)


def head_of(x: Array, w: HeadWeights, own_mask: Mask | None, settings: Settings, layer: int, index: int) -> Trace:
    """One head from all that it depends on: no other head, and nothing of what comes after it."""
    return attend(Projected(x, w), own_mask, settings, layer, index)


def attend(projected: Projected, own_mask: Mask | None, settings: Settings, layer: int, index: int) -> Trace:
    """The attention of a head whose queries, keys and values there are."""
    n = len(projected.x)
    divisor = projected.natural_divisor if settings.divisor is None else settings.divisor
    return Trace(
        projected,
        divisor=divisor if settings.scale else 1.0,
        allowed=allowed(n, settings.mask, own_mask),
        keep=masks.kept(n, settings.dropout, settings.seed, layer, index),
        rate=settings.dropout,
    )


def allowed(n: int, mask: str, own_mask: Mask | None) -> Mask:
    """Who may look at whom under the mask of this name.  -> [query, key]"""
    if mask == "own" and own_mask is not None:
        return own_mask
    return masks.causal(n) if mask == "causal" else masks.everything(n)


def join(contexts: Sequence[Array], w_o: Array | None, b_o: Array | None) -> Joined:
    """The heads side by side, then through W_o.  head × [token, d_k] -> [token, d_model]"""
    concat = np.concatenate(contexts, axis=-1)  # [token, head·d_k]
    output = None if w_o is None else ops.project(concat, w_o, b_o)  # [token, d_model]
    return Joined(concat=concat, w_o=w_o, b_o=b_o, output=output)
