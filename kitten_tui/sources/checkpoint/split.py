"""What a vector of the stream is the sum of, and what each part of it adds to a logit or to a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.asking import Attribution, Share
from kitten_tui.core.network import Norm
from kitten_tui.core.source import Pulse
from kitten_tui.core.split import Origin, Split
from kitten_tui.sources.checkpoint.layer import Layer
from kitten_tui.sources.errors import SourceError

if TYPE_CHECKING:
    from kitten_tui.sources.checkpoint.reading import Reading

LAST = Origin("bias")
"""What is added after all that has a place of its own."""
ENTRY = Origin("embedding_bias")


@dataclass(frozen=True, eq=False)
class Parts:
    """A vector as a sum, in float64, as the sum is long."""

    origins: tuple[Origin, ...]
    vectors: Array
    """[part, n]"""

    @property
    def whole(self) -> Array:
        """[n]"""
        return np.asarray(self.vectors.sum(axis=0))

    def plus(self, origins: Sequence[Origin], vectors: Array) -> Parts:
        """[part, n]"""
        return Parts((*self.origins, *origins), np.concatenate([self.vectors, vectors]))

    def with_bias(self, bias: Array | None, origin: Origin) -> Parts:
        """A vector more, beside others of the same origin.  [n]"""
        if bias is None:
            return self
        if origin not in self.origins:
            return self.plus([origin], bias[None].astype(np.float64))
        vectors = self.vectors.copy()  # [part, n]
        vectors[self.origins.index(origin)] += bias
        return Parts(self.origins, vectors)

    def normed(self, norm: Norm | None, origin: Origin) -> Parts:
        """Through a norm that is held at the size it has for the whole."""
        if norm is None:
            return self
        return Parts(self.origins, norm.held(self.vectors, self.whole)).with_bias(norm.bias, origin)

    def projected(self, w: Array, b: Array | None, origin: Origin) -> Parts:
        """[n, m], [m]"""
        return Parts(self.origins, self.vectors @ w.astype(np.float64)).with_bias(b, origin)


def attribution_of(reading: Reading, token: int, rank: int = 0) -> Attribution:
    """The logit of one of the likeliest tokens after one, part by part; norms are held at the size they have there.

    Raises:
        SourceError: the model has no output head, or there is more than a norm and a matrix before the logits.
    """
    model = reading.model
    family, amounts = model.config.family, model.config.amounts
    if not model.says_next:
        raise SourceError(f"{model.name}: expected a model with an output head, found none")
    if family.fitting is not None:
        raise SourceError(
            f"{model.name}: expected a last norm and a matrix before the logits, found {model.config.model_type}, "
            "which puts its vectors through a network more"
        )
    following = reading.continuation(token)
    width = model.config.d_model
    row = following.rows[rank].astype(np.float64)  # [d_model], or a bias more
    factor = amounts.get("logit_factor", 1.0)
    (parts,) = streams(reading, reading.n_layers, [token])
    norm = model.final_norm if family.final_norm else reading.layer(reading.n_layers - 1).mlp_norm
    parts = parts.normed(norm, LAST)
    if len(row) > width:
        parts = Parts(parts.origins, parts.vectors @ row[:width, None]).with_bias(row[width:], LAST)  # [part, 1]
    else:
        parts = Parts(parts.origins, parts.vectors @ row[:, None])  # [part, 1]
    values = (parts.vectors[:, 0] * factor).tolist()
    shares = (Share(origin, value) for origin, value in zip(parts.origins, values, strict=True))
    return Attribution(following.pieces[rank], float(following.raw[rank]) * factor, tuple(shares))


def split_of(reading: Reading, layer: int, head: int, query: int, key: int, pulse: Pulse) -> Split:
    """A score of a head by the parts of its query and those of its key."""
    of_query, of_key = streams(reading, layer, [query, key], pulse)
    weights = reading.layer(layer)
    q = _role(reading, weights, "q", head, query, entering(reading, layer, of_query))
    k = _role(reading, weights, "k", head, key, entering(reading, layer, of_key))
    score = float(reading.trace(layer, head, reading.settings).at("scores", (query, key)))
    return Split(layer, head, query, key, score, q.origins, k.origins, q.vectors @ k.vectors.T)


def _role(reading: Reading, weights: Layer, role: str, head: int, token: int, x: Parts) -> Parts:
    """The query or the key of a head, part by part: through its matrix, its norm, and turned."""
    config, rotation = reading.model.config, reading.rotations[weights.number]
    place = head if role == "q" else config.kv_head(head)
    own = slice(place * config.d_k, (place + 1) * config.d_k)
    w, b = weights.projection(role)  # [d_model, head·d_k], [head·d_k]
    if config.heads_together:
        every = x.projected(w, b, LAST).normed(weights.head_norm(role), LAST)
        made = Parts(every.origins, every.vectors[:, own])
    else:
        made = x.projected(w[:, own], None if b is None else b[own], LAST)
        made = made.normed(weights.head_norm(role, place), LAST)
    if rotation is None:
        return made
    return Parts(made.origins, replace(rotation, n=1, first=token)(made.vectors))


def entering(reading: Reading, layer: int, stream: Parts) -> Parts:
    """What the attention of a layer takes in, of the parts of the stream before it."""
    into, after = reading.norm_into(layer), reading.model.config.family.norms_after
    origin = LAST if not after else Origin("bias", layer - 1) if layer else ENTRY
    x = stream.normed(into, origin)
    wide = reading.model.projection if layer == 0 else None
    return x if wide is None else x.projected(*wide, ENTRY)


def streams(reading: Reading, layer: int, tokens: Sequence[int], pulse: Pulse = lambda: None) -> list[Parts]:
    """The parts that make what enters a layer, before its norm, of some tokens."""
    parts = [_embedded(reading, token) for token in tokens]
    for number in range(layer):
        pulse()
        weights = reading.layer(number)
        parts = [_after(reading, weights, token, each) for token, each in zip(tokens, parts, strict=True)]
    return parts


def _embedded(reading: Reading, token: int) -> Parts:
    """The sum of all that is said of a token before the first layer."""
    model = reading.model
    scale = model.config.amounts.get("embedding_scale", 1.0)
    made = {"embedding": reading.embedding[token] * scale}  # [d_embedding]
    if reading.position is not None:
        made["position"] = reading.position[token]
    if reading.segment is not None:
        made["segment"] = reading.segment if reading.segment.ndim == 1 else reading.segment[token]
    parts = Parts(tuple(map(Origin, made)), np.stack([*made.values()]).astype(np.float64))
    return parts if model.config.family.norms_after else parts.normed(model.embedding_norm, ENTRY)


def _after(reading: Reading, weights: Layer, token: int, stream: Parts) -> Parts:
    """The parts of what leaves a layer: those of what enters it, its heads, its network and its biases."""
    config, number = reading.model.config, weights.number
    family, d_k, scale = config.family, config.d_k, config.amounts.get("added_scale", 1.0)
    bias = Origin("bias", number)
    w_o, b_o = weights.o  # [head·d_k, d_model], [d_model]
    contexts = reading.passed[number].concat[token].reshape(-1, d_k).astype(np.float64)  # [head, d_k]
    added = np.einsum("hk,hkd->hd", contexts, w_o.reshape(len(contexts), d_k, -1))  # [head, d_model]
    heads = Parts(tuple(Origin("head", number, head) for head in range(len(added))), added).with_bias(b_o, bias)
    if family.norms_after:
        whole = entering(reading, number, stream).plus(heads.origins, heads.vectors)
        whole = whole.normed(weights.attention_norm, bias)
    else:
        if family.output_norm:
            heads = heads.normed(weights.norm(family.output_norm), bias)
        whole = stream.plus(heads.origins, heads.vectors * scale)
    left = reading.stream(number + 1, slice(token, token + 1))[0]  # [d_model]
    return whole.plus([Origin("network", number)], (left - whole.whole)[None])
