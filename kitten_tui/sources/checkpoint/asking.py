"""What a reading is asked: its thoughts on the way, where its numbers come from, and what its heads change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kitten_tui.core.altering import Alteration, Without
from kitten_tui.core.array_types import Array
from kitten_tui.core.asking import Attribution, Effect, Thought
from kitten_tui.core.source import Pulse, Source
from kitten_tui.core.split import Split
from kitten_tui.sources.checkpoint.altering import silenced
from kitten_tui.sources.checkpoint.continuing import likeliest, log_sum
from kitten_tui.sources.checkpoint.forward import leave
from kitten_tui.sources.checkpoint.split import attribution_of, split_of
from kitten_tui.sources.errors import SourceError

if TYPE_CHECKING:
    from kitten_tui.core.annotated import Annotated
    from kitten_tui.core.atlas import Atlas
    from kitten_tui.sources.checkpoint.model import Model
    from kitten_tui.sources.checkpoint.reading import Reading

TOGETHER = 64
"""Tokens whose logits are computed at a time."""


@dataclass(frozen=True, eq=False)
class Asking:
    """A reading with all of its layers."""

    reading: Reading

    @property
    def model(self) -> tuple[Model, tuple[Alteration, ...]]:
        return self.reading.model, tuple(each for each in self.reading.altered if isinstance(each, Without))

    # What it thinks on the way

    def thoughts(self, count: int, pulse: Pulse = lambda: None) -> Iterator[Thought]:
        if not self.reading.model.says_next:
            raise SourceError(f"{self.reading.model.name}: expected a model with an output head, found none")
        for layer in range(self.reading.n_layers + 1):
            yield self._thought(layer, count, pulse)

    def _thought(self, layer: int, count: int, pulse: Pulse) -> Thought:
        reading = self.reading
        model, config = reading.model, reading.model.config
        stream = reading.stream(layer)  # [token, d_model]
        if layer == 0 and model.projection is not None:
            raise SourceError(f"{model.name}: expected embeddings as wide as the layers, found {config.d_embedding}")
        ids, logits, totals = [], [], []
        for first in range(0, len(stream), TOGETHER):
            pulse()
            after = self._logits(stream[first : first + TOGETHER])  # [vocab, token]
            for column in after.T:
                best = likeliest(column, min(count, len(column)))  # [rank]
                ids.append(best)
                logits.append(column[best])
                totals.append(log_sum(column))
        pieces = tuple(tuple(model.tokens.piece(int(number)) for number in best) for best in ids)
        return Thought(layer, np.stack(ids), pieces, np.stack(logits), np.array(totals))

    def _logits(self, stream: Array) -> Array:
        """What the output head makes of what leaves a layer.  [token, d_model] -> [vocab, token]"""
        model = self.reading.model
        return model.logits(np.stack([model.last(row) for row in stream])).astype(np.float64)  # [vocab, token]

    # Where its numbers come from

    @property
    def has_parts(self) -> bool:
        return self.reading.model.says_next and self.reading.model.config.family.fitting is None

    def attribution(self, token: int, rank: int = 0) -> Attribution:
        return attribution_of(self.reading, token, rank)

    def split(self, layer: int, head: int, query: int, key: int, pulse: Pulse = lambda: None) -> Split:
        return split_of(self.reading, layer, head, query, key, pulse)

    # Whether a head matters

    def effects(self, token: int, way: str, pulse: Pulse = lambda: None, first: int = 0) -> Iterator[Effect]:
        """Layers before that of the head are not computed again; those of a layer go through the others together."""
        reading = self.reading
        left = reading.stream(reading.n_layers)  # [token, d_model]
        for layer in range(first, reading.n_layers):
            without = self._without(layer, way, pulse)  # [head, token, d_model]
            yield from self._compared(layer, token, left, without)

    def moved(self, other: Source, token: int) -> Effect:
        assert isinstance(other, type(self.reading))
        left, otherwise = (each.stream(each.n_layers) for each in (self.reading, other))  # [token, d_model]
        return next(self._compared(-1, token, left, otherwise[None]))

    def _without(self, layer: int, way: str, pulse: Pulse) -> Array:
        """What leaves the model where each head of a layer says nothing.  -> [head, token, d_model]"""
        reading = self.reading
        heads, n, d_k = reading.n_heads, len(reading.ids), reading.model.config.d_k
        said = reading.passed[layer].concat.reshape(n, heads, d_k)  # [token, head, d_k]
        concat = np.repeat(said[None], heads, axis=0)  # [head, token, head, d_k]
        for head in range(heads):
            concat[head, :, head] = silenced(said, head, way)
        x = np.tile(reading.entering(layer), (heads, 1))  # [head·token, d_model]
        stream = reading.stream(layer)  # [token, d_model], or as wide as the embedding
        wide = np.tile(stream, (heads, 1))  # [head·token, d_model]
        with np.errstate(all="ignore"):  # what overflows is found below, and named
            after = leave(reading.layer(layer), wide, x, concat.reshape(heads * n, -1), pulse)  # [head·token, d_model]
            for number in range(layer + 1, reading.n_layers):
                after = self._through(number, after, pulse)  # [head·token, d_model]
        if not np.isfinite(after).all():
            raise reading.layer(reading.n_layers - 1).not_finite()
        return after.reshape(heads, n, -1)

    def _through(self, number: int, stream: Array, pulse: Pulse) -> Array:
        """Several texts as long as the reading through a layer.  [text·token, d_model] -> [text·token, d_model]"""
        reading, n = self.reading, len(self.reading.ids)
        layer, into = reading.layer(number), reading.norm_into(number)
        x = stream if into is None else into(stream)  # [text·token, d_model]
        concat = [reading.attended(layer, x[first : first + n], None, pulse)[0] for first in range(0, len(x), n)]
        return leave(layer, stream, x, np.concatenate(concat), pulse)  # [text·token, d_model]

    def _compared(self, layer: int, token: int, left: Array, without: Array) -> Iterator[Effect]:
        """left [token, d_model], without [head, token, d_model]"""
        model = self.reading.model
        before, after = self._vectors(left), self._vectors(without)  # [token, d_model], [head, token, d_model]
        sizes = np.linalg.norm(before, axis=-1) * np.linalg.norm(after, axis=-1)  # [head, token]
        products = (before * after).sum(axis=-1)  # [head, token]
        cosines = np.divide(products, sizes, out=np.ones_like(products), where=sizes > 0).mean(axis=-1)  # [head]
        if not model.says_next:
            yield from (Effect(layer, head, float(cosine)) for head, cosine in enumerate(cosines))
            return
        own, *others = self._logits(np.stack([left[token], *without[:, token]])).T  # [vocab] each
        log = own - log_sum(own)  # [vocab]
        first = int(own.argmax())
        for head, logits in enumerate(others):
            other = logits - log_sum(logits)  # [vocab]
            divergence = float((np.exp(log) * (log - other)).sum()) / np.log(2)
            change = float(np.exp(other[first]) - np.exp(log[first]))
            instead = model.tokens.piece(int(logits.argmax()))
            yield Effect(layer, head, float(cosines[head]), max(float(divergence), 0.0), change, instead, token)

    def _vectors(self, stream: Array) -> Array:
        """What leaves the model, after its last norm.  [..., d_model] -> [..., d_model]"""
        model, family = self.reading.model, self.reading.model.config.family
        if family.norms_after:
            return self.reading.layer(self.reading.n_layers - 1).mlp_norm(stream)
        return model.final_norm(stream) if family.final_norm else stream

    # Which heads do grammar

    def atlas(self, annotated: Annotated, pulse: Pulse = lambda: None) -> Iterator[Atlas]:
        # Sentences are readings, and these are what is asked.
        from kitten_tui.sources.checkpoint.grammar import atlas_of

        return atlas_of(self.reading.model, annotated, pulse, self.reading.altered)
