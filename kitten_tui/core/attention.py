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
    return attend(
        inputs.x,
        inputs.heads[index],
        allowed=allowed(inputs, settings.mask),
        keep=masks.kept(len(inputs.tokens), settings.dropout, settings.seed, layer, index),
        divisor=_divisor(inputs.heads[index], settings),
        rate=settings.dropout,
    )


def _divisor(w: HeadWeights, settings: Settings) -> float:
    if not settings.scale:
        return 1.0
    return math.sqrt(w.w_q.shape[-1]) if settings.divisor is None else settings.divisor


def allowed(inputs: Inputs, mask: str) -> Mask:
    """Who may look at whom under the mask of this name.  -> [query, key]"""
    n = len(inputs.tokens)
    if mask == "own" and inputs.own_mask is not None:
        return inputs.own_mask
    return masks.causal(n) if mask == "causal" else masks.everything(n)


def join(contexts: Sequence[Array], w_o: Array | None, b_o: Array | None) -> Joined:
    """The heads side by side, then through W_o.  head × [token, d_k] -> [token, d_model]"""
    concat = np.concatenate(contexts, axis=-1)  # [token, head·d_k]
    output = None if w_o is None else ops.project(concat, w_o, b_o)  # [token, d_model]
    return Joined(concat=concat, w_o=w_o, b_o=b_o, output=output)
