"""A model reading a text: answers `Source`, layer by layer as they are computed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, TypeVar

import numpy as np

from kitten_tui.core import attention, masks
from kitten_tui.core.measures import HeadSummary, Landmarks
from kitten_tui.core.network import Normed
from kitten_tui.core.ops import Array, Mask
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Continuation, Entry
from kitten_tui.core.trace import Joined, Projected, Trace
from kitten_tui.sources.checkpoint.forward import Pulse, attend, leave, projected
from kitten_tui.sources.checkpoint.layer import Layer, norm
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.errors import SourceError

Found = TypeVar("Found")

MOST_GRID_NUMBERS = 12_000_000
"""How many numbers of grids, queries times keys, are kept at a time."""
CONTINUATIONS = 10
"""How many next tokens are shown."""


MOST_TOKENS = 4096
"""Longer texts are cut here even where the model would read on: a grid is as large as the square of this."""


@dataclass(frozen=True, eq=False)
class Passed:
    """What is kept of a layer that has been computed."""

    concat: Array
    """[token, head·d_k]"""
    heads: tuple[HeadSummary, ...]
    stream: Array | None
    """What leaves it, before the norm that comes next; None after the last layer. [token, d_model]"""


class NotYetError(LookupError):
    """A layer is asked for that has not been computed; it counts from 0."""

    def __init__(self, layer: int) -> None:
        super().__init__(f"layer {layer + 1} has not been computed")
        self.layer = layer


class Reading:
    """One text in one model. The stream of every layer is kept; a head's grid is computed when it is looked at.

    Layers are added one by one, by one thread, and never change; everything else may be asked meanwhile.
    """

    note: Mapping[str, str] = {}
    invented = False
    query = 0

    def __init__(self, model: Model, text: str) -> None:
        self.model = model
        self.text = text
        cut = model.tokens.read(text, min(model.config.n_positions, MOST_TOKENS))
        if not cut.ids or not text.strip():
            raise SourceError("SOURCE: expected a sentence, found nothing in it")
        self.ids = cut.ids
        self.tokens = cut.pieces
        self.whole = cut.whole
        """How many tokens the text has; more than are read where it was cut."""
        config = model.config
        self.rotation = None if config.rope is None else config.rope.rotation(len(self.ids))
        self.passed: list[Passed] = []
        self.computing = Lock()
        """Held by the one thread that adds layers."""
        self.embedding: Array = model.embedding(self.ids)  # [token, d_model]
        self.position: Array | None = model.position(self.ids)  # [token, d_model]
        self.segment: Array | None = model.segment()  # [d_model]
        if not np.isfinite(self.stream(0)).all():
            raise SourceError(
                f"{model.folder}: expected finite embeddings, found nan or infinity in those of this text"
            )
        self.marks = Landmarks.of(self.ids)
        self._forget()

    def _forget(self) -> None:
        self._layers: OrderedDict[Hashable, Layer] = OrderedDict()
        self._projected: OrderedDict[Hashable, Projected] = OrderedDict()
        self._traces: OrderedDict[Hashable, Trace] = OrderedDict()
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()
        self._joined: OrderedDict[Hashable, Joined] = OrderedDict()
        self._continuations: OrderedDict[Hashable, Continuation] = OrderedDict()

    def apart(self) -> Reading:
        """The same reading for another thread: what has been computed is shared, what is looked at is not."""
        other = copy(self)
        other.passed = list(self.passed)
        other._forget()
        return other

    # What it is

    @property
    def n_layers(self) -> int:
        return self.model.config.n_layers

    @property
    def n_heads(self) -> int:
        return self.model.config.n_heads

    @property
    def title(self) -> Mapping[str, str]:
        """The model and the text, in whatever language that is."""
        return {"": f"{self.model.name}: {' '.join(self.text.split())}"}

    @property
    def facts(self) -> Mapping[str, Any]:
        """What there is to say about the model and how much of the text it reads."""
        config = self.model.config
        return {
            "model": self.model.name,
            "family": config.model_type,
            "layers": config.n_layers,
            "heads": config.n_heads,
            "d_model": config.d_model,
            "d_k": config.d_k,
            "quantised": self.model.quantised,
            "read": len(self.tokens),
            "whole": self.whole,
        }

    @property
    def ready(self) -> int:
        """How many layers have been computed."""
        return len(self.passed)

    @property
    def settings(self) -> Settings:
        config = self.model.config
        if any(config.windows):
            return Settings(mask="own")
        return Settings(mask="causal") if config.causal else Settings()

    @property
    def masks(self) -> tuple[str, ...]:
        return ("none", "causal", "own") if any(self.model.config.windows) else ("none", "causal")

    def own_mask(self, layer: int) -> Mask | None:
        """What the sliding windows of some layers leave.  -> [query, key]"""
        config, n = self.model.config, len(self.ids)
        seen = masks.backward if config.causal else masks.around
        return seen(n, config.windows[layer]) if any(config.windows) else None

    @property
    def heads(self) -> tuple[HeadSummary, ...]:
        """What was seen of every head of the layers that have been computed."""
        return tuple(head for passed in self.passed for head in passed.heads)

    def shared_by(self, head: int) -> tuple[int, range]:
        """The head of keys and values that a head uses, and all heads that use it."""
        shared, group = self.model.config.kv_head(head), self.model.config.group
        return shared, range(shared * group, (shared + 1) * group)

    # Computing

    def compute(self, upto: int | None = None, pulse: Pulse = lambda: None) -> None:
        """Computes layers up to this many, or all that are missing.

        Raises:
            SourceError: a tensor is missing, has another shape, or holds what is no number.
        """
        while self.ready < (self.n_layers if upto is None else min(upto, self.n_layers)):
            self.advance(pulse)

    def advance(self, pulse: Pulse = lambda: None) -> None:
        """Computes the next layer. What `pulse` raises stops it; the layer is then as if never begun."""
        number = self.ready
        layer = self.model.layer(number)
        with np.errstate(all="ignore"):  # what overflows is found below, and named
            x = self._entry(number).norm.after  # [token, d_model]
            concat, heads = attend(layer, x, self.rotation, self.marks, pulse)
            last = number + 1 == self.n_layers
            stream = None if last else leave(layer, self.stream(number), x, concat, pulse)  # [token, d_model]
        if not np.isfinite(concat if stream is None else stream).all():
            raise layer.not_finite()
        self.passed.append(Passed(concat, heads, stream))
        self.model.tensors.release()

    # Looking

    def stream(self, layer: int, tokens: slice = slice(None)) -> Array:
        """What enters a layer before its norm; after the last layer, what leaves it.  -> [token, d_model]

        No head needs what leaves the last layer: that is computed whenever it is asked for, of these tokens alone.
        """
        if layer > self.ready:
            raise NotYetError(layer)
        if layer == 0:
            parts = (part for part in (self.embedding, self.position, self.segment) if part is not None)
            return np.asarray(sum(parts), dtype=np.float32)[tokens]  # [token, d_model]
        kept = self.passed[layer - 1].stream
        return self._leaving(tokens) if kept is None else kept[tokens]

    def _leaving(self, tokens: slice) -> Array:
        """What leaves the last layer.  -> [token, d_model]"""
        number = self.n_layers - 1
        layer, x = self.model.layer(number), self.entry(number).norm.after  # [token, d_model]
        with np.errstate(all="ignore"):  # what overflows is found below, and named
            stream = leave(layer, self.stream(number, tokens), x[tokens], self.passed[number].concat[tokens])
        if not np.isfinite(stream).all():
            raise layer.not_finite()
        return stream

    def entry(self, layer: int) -> Entry:
        """What enters the attention of a layer: the stream after a norm, whichever family."""
        return _kept(self._entries, layer, 3, lambda: self._entry(layer))

    def _entry(self, layer: int) -> Entry:
        family, stream = self.model.config.family, self.stream(layer)
        if layer == 0:
            parts = [name for name in ("embedding", "position", "segment") if getattr(self, name) is not None]
            back = 0
        else:
            parts, back = (["middle", "mlp"] if family.norms_after else ["stream", "output", "mlp"]), 1
        return Entry(self._norm_into(layer, stream), tuple((name, back) for name in parts))

    def _norm_into(self, layer: int, stream: Array) -> Normed:
        """The norm between a stream and the attention of a layer."""
        model = self.model
        if not model.config.family.norms_after:
            return model.layer(layer).attention_norm(stream)
        if layer:
            return model.layer(layer - 1).mlp_norm(stream)
        return norm(model.tensors, model.config, model.prefix + model.config.family.embedding_norm, stream)

    def trace(self, layer: int, head: int, settings: Settings) -> Trace:
        key = (layer, head, settings)
        trace = _kept(self._traces, key, 2 * self.n_heads + 2, lambda: self._trace(layer, head, settings))
        grids = max(MOST_GRID_NUMBERS // (5 * len(self.ids) ** 2), 2)
        for old in list(self._traces.values())[:-grids]:
            old.forget()
        return trace

    def _layer(self, number: int) -> Layer:
        """The weights of a layer that is looked at; the last two are kept as they were read."""
        return _kept(self._layers, number, 2, lambda: self.model.layer(number))

    def _trace(self, layer: int, head: int, settings: Settings) -> Trace:
        def project() -> Projected:
            return projected(self._layer(layer), self.entry(layer).norm.after, head, self.rotation)

        of = _kept(self._projected, (layer, head), 2 * self.n_heads, project)
        return attention.attend(of, self.own_mask(layer), settings, layer, head)

    def joined(self, layer: int, settings: Settings) -> Joined:
        return _kept(self._joined, (layer, settings), 4, lambda: self._join(layer, settings))

    def _join(self, layer: int, settings: Settings) -> Joined:
        """As the model has it from what was kept; under other settings from the heads."""
        if layer >= self.ready:
            raise NotYetError(layer)
        own = settings == self.settings
        heads = range(0 if own else self.n_heads)
        contexts = [self.passed[layer].concat] if own else [self.trace(layer, h, settings).context for h in heads]
        joined = attention.join(contexts, *self._layer(layer).o)
        entry, output = self.entry(layer).norm, joined.output
        assert output is not None
        after = self.model.config.family.norms_after
        middle = self._layer(layer).attention_norm(entry.after + output) if after else None

        def network() -> Array:
            before = entry.before + output if middle is None else middle.after  # [token, d_model]
            return self.stream(layer + 1) - before  # [token, d_model]

        return replace(joined, middle_norm=middle, network=network if own else None)

    @property
    def has_head(self) -> bool:
        return self.model.has_head

    @property
    def fills(self) -> bool:
        return self.model.fills

    def continuation(self, token: int) -> Continuation:
        if self.ready < self.n_layers:
            raise NotYetError(self.n_layers - 1)
        return _kept(self._continuations, token, 16, lambda: self._continue(token))

    def _continue(self, token: int) -> Continuation:
        last = self.model.last(self.stream(self.n_layers, slice(token, token + 1))[0])  # [d_model]
        logits = self.model.logits(last).astype(np.float64)  # [vocab]
        if not np.isfinite(logits).all():
            raise SourceError(f"{self.model.folder}: the output head: expected finite numbers, found nan or infinity")
        count = min(CONTINUATIONS, len(logits))
        least = np.partition(logits, -count)[-count]
        likely = np.flatnonzero(logits >= least)  # [one of the likeliest]
        best = likely[np.argsort(-logits[likely], kind="stable")][:count]  # [rank]
        top = float(logits.max())
        return Continuation(
            pieces=tuple(self.model.tokens.piece(int(number)) for number in best),
            logit=logits[best],
            total=top + float(np.log(np.exp(logits - top).sum())),
            last=last,
            rows=self.model.output_rows(best),
        )


def _kept(cache: OrderedDict[Hashable, Any], key: Hashable, most: int, make: Callable[[], Found]) -> Found:
    """From the cache, or made and put there; what was not looked at longest is let go of."""
    if key not in cache:
        cache[key] = make()
        while len(cache) > most:
            cache.popitem(last=False)
    cache.move_to_end(key)
    found: Found = cache[key]
    return found
