"""Self-attention from x to the context vectors: the one file that knows the order of the steps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kitten_tui.core import masks, ops
from kitten_tui.core.ops import Array, Mask
from kitten_tui.core.trace import HeadWeights, Inputs, Joined, Settings, Trace


def attend(x: Array, w: HeadWeights, *, allowed: Mask, keep: Mask, divisor: float, rate: float) -> Trace:
    """One head, with every intermediate kept.  [token, d_model] -> Trace"""
    q = ops.project(x, w.w_q, w.b_q)  # [token, d_k]
    k = ops.project(x, w.w_k, w.b_k)  # [token, d_k]
    v = ops.project(x, w.w_v, w.b_v)  # [token, d_k]
    scores = ops.dot_products(q, k)  # [query, key]
    scaled = scores / divisor  # [query, key]
    masked = ops.cover(scaled, allowed)  # [query, key]
    shift = ops.exponent_shift(masked)  # [query]
    exp = ops.exponentials(masked, shift)  # [query, key]
    total = exp.sum(axis=-1)  # [query]
    weights = ops.normalise(exp, total)  # [query, key]
    dropped = ops.drop(weights, keep, rate)  # [query, key]
    return Trace(
        x=x,
        weights_of=w,
        q=q,
        k=k,
        v=v,
        scores=scores,
        divisor=divisor,
        scaled=scaled,
        allowed=allowed,
        masked=masked,
        shift=shift,
        exp=exp,
        total=total,
        weights=weights,
        keep=keep,
        rate=rate,
        dropped=dropped,
        context=dropped @ v,  # [query, d_k]
        weight_sum=weights.sum(axis=-1),  # [query]
        headroom=ops.headroom(weights),  # [query]
        gradient=ops.gradient(weights, divisor),  # [query]
    )


def head(inputs: Inputs, index: int, settings: Settings, layer: int = 0) -> Trace:
    """One head of a layer under these settings."""
    return head_of(inputs.x, inputs.heads[index], inputs.own_mask, settings, layer, index)


def head_of(x: Array, w: HeadWeights, own_mask: Mask | None, settings: Settings, layer: int, index: int) -> Trace:
    """One head from all that it depends on: no other head, and nothing of what comes after it."""
    return attend(
        x,
        w,
        allowed=allowed(len(x), settings.mask, own_mask),
        keep=masks.kept(len(x), settings.dropout, settings.seed, layer, index),
        divisor=_divisor(w, settings),
        rate=settings.dropout,
    )


def _divisor(w: HeadWeights, settings: Settings) -> float:
    if not settings.scale:
        return 1.0
    return math.sqrt(w.w_q.shape[-1]) if settings.divisor is None else settings.divisor


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
