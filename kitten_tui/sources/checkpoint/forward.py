"""One layer of a real model: what leaves it from what enters it, and a summary of each of its heads.

Attention goes by blocks of queries, so that no numbers of all queries and keys are ever held.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from kitten_tui.core import masks
from kitten_tui.core.array_types import Array, Mask, Places
from kitten_tui.core.measures import HeadSummary, Landmarks, Rows, Tally
from kitten_tui.core.network import ACTIVATIONS, project
from kitten_tui.core.rotary import Rotation
from kitten_tui.core.source import Pulse
from kitten_tui.sources.checkpoint.layer import Layer

TOKENS = 512
"""Tokens that go through the feed-forward network at a time."""
AT_ONCE = 8
"""Tokens whose hidden numbers are activated at a time."""
QUERIES = 128
"""Queries whose rows are computed at a time."""
NUMBERS = 262_144
"""Numbers of those rows that are computed at a time: of as many heads as have no more, and of one at least."""

COVERED = np.float32(-1e30)
"""A score that is no weight, and still a number: 0 times −∞ is none."""


def leave(layer: Layer, stream: Array, x: Array, concat: Array, pulse: Pulse = lambda: None) -> Array:
    """What leaves a layer, before the norm that comes next; each token for itself.

    stream, x [token, d_model], concat [token, head·d_k] -> [token, d_model]
    """
    config, family = layer.config, layer.config.family
    attended = attend_to(layer, stream, x, concat)  # [token, d_model]
    pulse()
    if family.norms_after:
        middle = layer.attention_norm(attended)  # [token, d_model]
        return middle + _feed_forward(layer, middle, pulse)  # [token, d_model]
    if config.parallel and family.mlp_norm == family.attention_norm:
        taken = x  # [token, d_model]
    else:
        before = stream if config.parallel else attended  # [token, d_model]
        taken = layer.mlp_norm(before) if family.mlp_norm else before  # [token, d_model]
    return attended + _added(layer, family.added_norm, _feed_forward(layer, taken, pulse))  # [token, d_model]


def attend_to(layer: Layer, stream: Array, x: Array, concat: Array) -> Array:
    """What a layer takes in and what its attention adds, before the norm that comes next.

    stream, x [token, d_model], concat [token, head·d_k] -> [token, d_model]
    """
    output = project(concat, *layer.o)  # [token, d_model]
    if layer.config.family.norms_after:
        return x + output  # [token, d_model]
    return stream + _added(layer, layer.config.family.output_norm, output)  # [token, d_model]


def _added(layer: Layer, norm: str, part: Array) -> Array:
    """A part of a layer as it is added to the stream: normalised and multiplied, where the family does so."""
    part = layer.norm(norm)(part) if norm else part
    scale = layer.config.amounts.get("added_scale", 1.0)
    return part if scale == 1.0 else part * np.float32(scale)


def attend(
    layer: Layer,
    x: Array,
    rotation: Rotation | None,
    marks: Landmarks | None,
    pulse: Pulse,
    relative: Array | None = None,
    memory: Array | None = None,
    allowed: Mask | None = None,
) -> tuple[Array, tuple[HeadSummary, ...]]:
    """The contexts of all heads side by side, and what they look at: `memory`, where that is not x; nothing is said
    of it without marks. `allowed` is another mask than that of the layer.

    x [token, d_model], relative [head, distance], memory [key, d_model], allowed [query, key] -> [token, head·d_k]
    """
    config, n = layer.config, len(x)
    looked_at = x if memory is None else memory  # [key, d_model]
    q, k, v = roles(layer, x, looked_at, rotation)  # [head, token, d_k], [head, key, d_k], [head, key, d_k]
    window = config.windows[layer.number]
    blocks = _blocks(n, len(looked_at), QUERIES, config.causal, window)
    if allowed is not None:
        blocks = _covered(allowed, QUERIES)
    concat = np.empty((n, config.n_heads * config.d_k), dtype=np.float32)  # [token, head·d_k]
    summaries: list[HeadSummary] = []
    contexts = concat.reshape(n, config.n_heads, config.d_k).transpose(1, 0, 2)  # [head, token, d_k]
    parts = [None if marks is None else marks.part(block.queries, block.keys) for block in blocks]
    seen = np.concatenate([block.seen for block in blocks])  # [query]
    grid = min(n, QUERIES) * len(looked_at)
    together = min(max(NUMBERS // grid, 1), config.n_heads)
    rooms = np.empty((2, together * grid), dtype=np.float32)  # used by one block after the other
    for first in range(0, config.n_heads, together):
        heads = slice(first, min(first + together, config.n_heads))
        survey = None if marks is None else Tally(marks, heads.stop - first)
        sinks = None if layer.sinks is None else layer.sinks[heads]  # [head]
        for block, part in zip(blocks, parts, strict=True):
            pulse()
            shape = (heads.stop - first, *block.shape)
            scores, exp = rooms[:, : math.prod(shape)].reshape(2, *shape)  # [head, query, key], [head, query, key]
            np.matmul(q[heads, block.queries], k[heads, block.keys].transpose(0, 2, 1), out=scores)
            placed(scores, config.amounts.get("score_cap"), relative, heads, block.queries, block.keys)
            block.cover(scores)
            rows = Rows.of(scores, exp, sinks)
            if survey is not None and part is not None:
                survey.add(rows, part)
            contexts[heads, block.queries] = rows.mixed(v[heads, block.keys])  # [head, query, d_k]
        if survey is not None and marks is not None:
            summaries += survey.summaries(layer.number, first, seen, uniform(marks, config.causal, window))
    return concat, tuple(summaries)


def placed(scores: Array, cap: float | None, relative: Array | None, heads: slice, queries: slice, keys: slice) -> None:
    """Keeps scores below a cap and adds what depends on how far a key is, in place.

    scores [head, query, key], relative [head, distance], the distance of the first key from the last query first
    """
    if cap is not None:
        scores /= np.float32(cap)
        np.tanh(scores, out=scores)
        scores *= np.float32(cap)
    if relative is not None:
        rows, columns = scores.shape[1:]
        start = keys.start - queries.start + relative.shape[-1] // 2
        every = np.lib.stride_tricks.sliding_window_view(relative[heads], columns, axis=-1)  # [head, place, key]
        scores += every[:, start - rows + 1 : start + 1][:, ::-1]


def roles(layer: Layer, x: Array, looked_at: Array, rotation: Rotation | None) -> tuple[Array, Array, Array]:
    """Queries, divided by what scores are divided by, and the keys and values that each head uses.

    [token, d_model], [key, d_model] -> [head, token, d_k], [head, key, d_k], [head, key, d_k]
    """
    config = layer.config
    made = []
    for role, of in (("q", x), ("k", looked_at)):
        columns, norm = project(of, *layer.projection(role)), layer.head_norm(role)  # [token, head·d_k]
        if norm is not None and config.heads_together:
            columns = norm(columns)
        heads = _heads(columns, config.d_k)  # [head, token, d_k]
        if norm is not None and not config.heads_together:
            heads = norm(heads)
        made.append(heads if rotation is None else np.stack([rotation(vectors) for vectors in heads]))
    q, k = made
    v = _heads(project(looked_at, *layer.projection("v")), config.d_k)  # [head, key, d_k]
    q = q * np.float32(1.0 / config.divisor(layer.number))  # [head, token, d_k]
    if config.n_kv_heads < config.n_heads:
        shared = [config.kv_head(head) for head in range(config.n_heads)]
        k, v = k[shared], v[shared]  # [head, token, d_k]
    return q, k, v


@dataclass(frozen=True, eq=False)
class _Block:
    """Some queries, and the keys that any of them may look at."""

    queries: slice
    keys: slice
    covered: Mask | None
    """Which of the keys a query may not look at; None where it may look at all. [query, key]"""

    def cover(self, scores: Array) -> None:
        if self.covered is not None:
            np.copyto(scores[..., self.mixed :], COVERED, where=self.covered[:, self.mixed :])

    @cached_property
    def mixed(self) -> int:
        """The first key that any query may not look at."""
        return 0 if self.covered is None else int(np.argmax(self.covered.any(axis=0)))

    @property
    def shape(self) -> tuple[int, int]:
        return self.queries.stop - self.queries.start, self.keys.stop - self.keys.start

    @cached_property
    def seen(self) -> Places:
        """How many keys each query looks at.  -> [query]"""
        all_ = np.full(*self.shape)  # [query]
        return all_ if self.covered is None else all_ - self.covered.sum(axis=-1)


@lru_cache(maxsize=2)
def _blocks(n: int, keys: int, size: int, causal: bool, window: int | None) -> tuple[_Block, ...]:
    """All queries in blocks of a size, with so many keys to look at."""
    blocks = []
    seen = masks.backward if causal else masks.around
    for start in range(0, n, size):
        stop = min(start + size, n)
        low = 0 if window is None else max(0, start - window + causal)
        high = stop if causal else keys if window is None else min(n, stop + window)
        near = slice(low, high)
        covered = None if not causal and window is None else ~seen(n, window)[start:stop, near]
        blocks.append(_Block(slice(start, stop), near, covered))
    return tuple(blocks)


def cover(scores: Array, causal: bool, window: int | None) -> None:
    """Takes away what a query may not look at, in place.  scores [head, token, token]"""
    n = scores.shape[-1]
    for block in _blocks(n, n, n, causal, window):
        block.cover(scores[:, block.queries, block.keys])


def _covered(allowed: Mask, size: int) -> tuple[_Block, ...]:
    """The same under a mask.  [query, key]"""
    n, keys = allowed.shape
    parts = (slice(start, min(start + size, n)) for start in range(0, n, size))
    return tuple(_Block(part, slice(0, keys), ~allowed[part]) for part in parts)


@lru_cache(maxsize=2)
def uniform(marks: Landmarks, causal: bool, window: int | None) -> dict[str, float]:
    """What a head scores that gives every key it may look at the same weight."""
    tally = Tally(marks, 1)
    for block in _blocks(marks.n, marks.away.shape[1], QUERIES, causal, window):
        allowed = np.ones((1, *block.shape), np.float32) if block.covered is None else ~block.covered[None]
        share = (np.float32(1.0) / block.seen)[None]  # [1, query]
        entropy = np.log2(block.seen).sum(keepdims=True)  # [1]
        rows = Rows(allowed.astype(np.float32), share, allowed.argmax(axis=-1), entropy)
        tally.add(rows, marks.part(block.queries, block.keys))
    (summary,) = tally.summaries(0, 0, np.ones(marks.n, dtype=np.intp))
    return summary.measures


def _heads(columns: Array, d_k: int) -> Array:
    """[token, head·d_k] -> [head, token, d_k]"""
    return np.ascontiguousarray(columns.reshape(len(columns), -1, d_k).transpose(1, 0, 2))


def _activated(hidden: Array, activate: Callable[[Array], Array]) -> Array:
    """In its place, a few tokens at a time: what an activation needs on its way then stays in the processor's cache.

    [token, d_hidden] -> [token, d_hidden]
    """
    for start in range(0, len(hidden), AT_ONCE):
        few = hidden[start : start + AT_ONCE]  # [token, d_hidden]
        few[...] = activate(few)
    return hidden


def _feed_forward(layer: Layer, x: Array, pulse: Pulse) -> Array:
    """[token, d_model] -> [token, d_model]"""
    if layer.experts is not None:
        return layer.experts(x, pulse)
    activate = ACTIVATIONS[layer.config.activation]
    up, gate, down = layer.up(), layer.gate(), layer.down()
    added = np.empty_like(x)  # [token, d_model]
    for start in range(0, len(x), TOKENS):
        pulse()
        rows = x[start : start + TOKENS]  # [token, d_model]
        hidden = project(rows, *up)  # [token, d_hidden]
        if gate is None:
            _activated(hidden, activate)
        else:
            hidden *= _activated(project(rows, *gate), activate)
        added[start : start + TOKENS] = project(hidden, *down)  # [token, d_model]
    return added
