"""Two texts side by side in an encoder: what one of them gives to itself, or to the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from kitten_tui.core import layers
from kitten_tui.core.array_types import Array
from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.chain import Chain
from kitten_tui.core.measures import HeadSummary, Landmarks, survey_weights
from kitten_tui.core.next_tokens import NextTokens
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Pulse
from kitten_tui.core.trace import Given, Trace, Value
from kitten_tui.core.transformer import remembered
from kitten_tui.sources.checkpoint.looking import Kept
from kitten_tui.sources.checkpoint.reading import Reading

GRIDS = ("relative",)
"""What is given of every query and key."""


def sides_of(whole: Reading) -> tuple[Reading, ...]:
    """The whole, and the four parts of its grids."""
    whole.part = "whole"
    assert whole.sides is not None
    begin = whole.sides.index(1)
    places = {"A": slice(0, begin), "B": slice(begin, len(whole.sides))}
    parts = (Side(whole, f"{one}-{other}", places[one], places[other]) for one in "AB" for other in "AB")
    return (whole, *parts)


class Side(Reading):
    """Some queries and some keys of a reading. Rows keep the sums that they have over all keys, so that a row of
    weights adds up to what this side gets.
    """

    def __init__(self, reading: Reading, part: str, queries: slice, keys: slice) -> None:
        self.__dict__.update(reading.__dict__)
        self.reading = reading
        self.part = part
        self.queries, self.keys = queries, keys
        self.tokens = reading.tokens[queries]
        self._key_tokens = self.tokens if queries == keys else reading.tokens[keys]
        alone = queries == keys
        self.marks = (
            Landmarks.of(self.ids[queries]) if alone else Landmarks.across(len(self.tokens), len(self._key_tokens))
        )
        self.summed: list[tuple[HeadSummary, ...]] = []
        self._forget()

    def _forget(self) -> None:
        super()._forget()
        self._traces: Kept[Trace] = Kept(2 * self.n_heads + 2)

    @property
    def key_tokens(self) -> tuple[str, ...]:
        return self._key_tokens

    @property
    def query(self) -> int:
        return 0

    @property
    def model_facts(self) -> Mapping[str, Any]:
        """Those of both texts."""
        return self.reading.model_facts

    @property
    def next_tokens(self) -> NextTokens | None:
        return None

    def chain(self, layer: int) -> Chain:
        return _cut(self.reading.chain(layer), self.queries != self.keys)

    # All heads at once

    @property
    def ready(self) -> int:
        return len(self.summed)

    @property
    def heads(self) -> tuple[HeadSummary, ...]:
        return tuple(head for layer in self.summed for head in layer)

    def apart(self) -> Side:
        other = Side(self.reading.apart(), self.part, self.queries, self.keys)
        other.summed = list(self.summed)
        return other

    def advance(self, pulse: Pulse = lambda: None) -> None:
        """Sums up the heads of the next layer, which the reading computes where it has not yet."""
        layer = self.ready
        if self.reading.ready <= layer:
            self.reading.advance(pulse)
        self.summed.append(tuple(self._summaries(layer, pulse)))

    def _summaries(self, layer: int, pulse: Pulse) -> Iterator[HeadSummary]:
        uniform = None
        for head in range(self.n_heads):
            pulse()
            whole = self.reading.trace(layer, head, self.settings)
            if uniform is None:
                allowed = whole.truth("allowed")  # [query, key]
                even = allowed / np.maximum(allowed.sum(axis=-1, keepdims=True), 1)  # [query, key]
                uniform = survey_weights(even[self.queries, self.keys], self.marks, 0, 0).measures
            yield survey_weights(whole["weights"][self.queries, self.keys], self.marks, layer, head, uniform)
            whole.forget()

    # Looking

    def trace(self, layer: int, head: int, settings: Settings) -> Trace:
        return self._traces((layer, head, settings), lambda: self._side(layer, head, settings))

    def joined(self, layer: int, settings: Settings) -> Trace:
        """What heads make of both texts together is no part of one side."""
        return layers.joined(self._between(layer, settings), {}, ())

    def _between(self, layer: int, settings: Settings) -> Trace:
        """What the heads share."""
        outer = self.reading.joined(layer, settings)
        chain = self.chain(layer)
        given: dict[str, Value] = {"x": Given(lambda: outer["x"][self.queries])}
        if "memory" in chain:
            given["memory"] = Given(lambda: outer["x"][self.keys])
        config = self.model.config
        sizes = layers.sizes(len(self.tokens), len(self.key_tokens), d_model=config.d_model, d_k=config.d_k)
        own = None if config.divisors is None else config.divisor(layer)
        return layers.shared(chain, given, settings, sizes, own_divisor=own)

    def _side(self, layer: int, head: int, settings: Settings) -> Trace:
        whole, chain = self.reading.trace(layer, head, settings), self.chain(layer)
        weights = self.reading.layer(layer).head(head).given

        def part(name: str, *places: slice) -> Array:
            return whole[name][places]

        cut: dict[str, tuple[slice, ...]] = {"q": (self.queries,), "k": (self.keys,), "v": (self.keys,)}
        cut |= dict.fromkeys(("shift", "total"), (self.queries,))
        cut |= {name: (self.queries, self.keys) for name in (*GRIDS, "allowed", "keep") if name in chain}
        given: dict[str, Value] = {name: Given(partial(part, name, *places)) for name, places in cut.items()}
        given |= {name: array for name, array in weights.items() if chain[name[-1]].line}
        return layers.head(self._between(layer, settings), given, settings, None, layer, head)


@lru_cache(maxsize=8)
def _cut(whole: Chain, other: bool) -> Chain:
    """The lines between queries and contexts; what a row is divided by is that of all keys."""
    chain = ATTENTION
    lines = [whole[name] for name in ("relative", "biased", "masked") if name in whole]
    chain = chain.with_(*lines)
    if other:
        chain = chain.with_(*remembered(chain, "x"))
    if whole["q"].line != ATTENTION["q"].line:  # turned by place, or brought to one size
        chain = chain.with_(*(replace(chain[role], line="") for role in "qk"))
    of_all = (replace(chain[name], line="") for name in ("shift", "total", "concat"))
    return chain.with_(*of_all)
