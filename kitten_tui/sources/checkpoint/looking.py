"""What a model shows of a text, head by head, from what was kept of the computing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from kitten_tui.core import layers
from kitten_tui.core.array_types import Array
from kitten_tui.core.chain import Chain
from kitten_tui.core.settings import Settings
from kitten_tui.core.trace import Given, Trace, Value
from kitten_tui.core.transformer import layer_chain
from kitten_tui.core.variants import BY_NAME, replaced
from kitten_tui.core.weighed import special_of
from kitten_tui.sources.checkpoint.altering import said_of
from kitten_tui.sources.checkpoint.continuing import thought_of
from kitten_tui.sources.checkpoint.distances import bucket
from kitten_tui.sources.checkpoint.kinds import thinks
from kitten_tui.sources.errors import NotYetError

if TYPE_CHECKING:
    from kitten_tui.sources.checkpoint.reading import Reading


@lru_cache(maxsize=2)
def distances(n: int) -> Array:
    """How far each key is from each query, less than 0 before it.  -> [query, key]"""
    places = np.arange(n, dtype=np.float32)  # [token]
    return places - places[:, None]  # [query, key]


MOST_GRID_NUMBERS = 12_000_000
"""How many numbers of grids, queries times keys, are kept at a time."""

Made = TypeVar("Made")


class Kept(Generic[Made]):
    """What was made last; what was not looked at longest is let go of."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.made: OrderedDict[Hashable, Made] = OrderedDict()

    def __call__(self, key: Hashable, make: Callable[[], Made]) -> Made:
        if key not in self.made:
            self.made[key] = make()
            while len(self.made) > self.most:
                self.made.popitem(last=False)
        self.made.move_to_end(key)
        return self.made[key]

    def oldest(self, but: int) -> list[Made]:
        """All but so many that were looked at last."""
        return list(self.made.values())[:-but]


class Looking:
    """Makes the traces of a reading, and keeps those that were looked at last."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.own = reading.settings
        """Those the model was trained with."""
        self._shares: Kept[Trace] = Kept(6)
        self._traces: Kept[Trace] = Kept(2 * reading.n_heads + 2)
        self._joins: Kept[Trace] = Kept(4)
        self._thought: Kept[tuple[Array, float]] = Kept(16)

    def chain(self, layer: int) -> Chain:
        return layer_chain(self.reading.kind(layer))

    def _shared(self, layer: int, settings: Settings) -> Trace:
        return self._shares((layer, settings), lambda: self._share(layer, settings))

    def _share(self, layer: int, settings: Settings) -> Trace:
        """What enters a layer. The stream is kept from the computing, and its line says what it is the sum of."""
        reading, config = self.reading, self.reading.model.config
        n = len(reading.tokens)
        given: dict[str, Value] = {"stream": Given(lambda: reading.stream(layer))}
        given |= {**self._embedded(layer), **self._entry(layer), **self._next(), **self._thoughts(layer)}
        rotation = reading.rotations[layer]
        if rotation is not None:
            given |= rotation.given(config.d_k)
        if config.family.slopes:
            given["distance"] = Given(lambda: distances(n))
        if settings.variant:
            given = {name: value for name, value in given.items() if name not in self._replaced(layer, settings)}
        if settings != self.own and not self._enters(settings):
            given["x"] = Given(lambda: self._shared(layer, self.own)["x"])  # no setting changes what enters
        return layers.shared(
            self.chain(layer),
            given,
            settings,
            self._sizes(),
            special=special_of(reading.tokens, reading.key_tokens),
            own_divisor=None if config.divisors is None else config.divisor(layer),
            before=(lambda: self.joined(layer - 1, self.own)) if layer else None,
        )

    def _sizes(self) -> dict[str, int]:
        """How many places each axis has."""
        config, reading = self.reading.model.config, self.reading
        widths = {"d_model": config.d_model, "d_k": config.d_k, "d_embedding": config.d_embedding}
        return layers.sizes(len(reading.tokens), len(reading.key_tokens), **widths, expert=config.n_experts)

    def _embedded(self, layer: int) -> dict[str, Value]:
        """What the stream begins with."""
        reading = self.reading
        entering = {"embedding": reading.embedding, "position": reading.position, "segment": reading.segment}
        return {name: array for name, array in entering.items() if array is not None}

    def _entry(self, layer: int) -> dict[str, Value]:
        """What the lines between the stream and queries, keys and values are given."""
        reading, model = self.reading, self.reading.model
        config, first = model.config, layer == 0
        given: dict[str, Value] = {}
        if first and "embedding_scale" in config.amounts:
            given["embedding_scale"] = config.amounts["embedding_scale"]
        if not first and "added_scale" in config.amounts:
            given["multiplier"] = config.amounts["added_scale"]
        if "score_cap" in config.amounts:
            given["cap"] = config.amounts["score_cap"]
        if first and model.embedding_norm is not None and not config.family.norms_after:
            given |= model.embedding_norm.given("stream")
        into = reading.norm_into(layer)
        wide = model.projection if first else None
        if into is not None:
            given |= into.given("x" if wide is None else "normed")
        if wide is not None:
            given |= {name: array for name, array in zip(("w_e", "b_e"), wide, strict=True) if array is not None}
        if config.heads_together:
            weights = reading.layer(layer)
            for role in "qk":
                parts = zip((f"w_{role}_every", f"b_{role}_every"), weights.projection(role), strict=True)
                given |= {name: array for name, array in parts if array is not None}
        return given

    def _next(self) -> dict[str, Value]:
        """What the lines of the next token are given, a token at a time."""
        if self.reading.next_tokens is None:
            return {}
        amounts = self.reading.model.config.amounts
        factors: dict[str, Value] = {name: amounts[name] for name in ("logit_factor", "logit_cap") if name in amounts}
        logit = "logit_raw" if factors else "logit"
        drawing = self.reading.drawing
        if self.reading.goes_on is not None and drawing.draws:
            factors |= {
                "temperature": drawing.temperature,
                "left": Given(row=lambda token: np.asarray(self.reading.continuation(token).left)),
                "left_total": Given(row=lambda token: self.reading.continuation(token).left_total),
            }
        return factors | {
            "last": Given(row=lambda token: self.reading.continuation(token).last),
            "unembedding": Given(row=lambda token: self.reading.continuation(token).rows),
            logit: Given(row=lambda token: self._logit(token, raw=bool(factors))),
            "logit_total": Given(row=lambda token: self.reading.continuation(token).total),
        }

    def _thoughts(self, layer: int) -> dict[str, Value]:
        """What the lines of what is thought before a layer are given, a token at a time."""
        reading, model = self.reading, self.reading.model
        if not thinks(reading):
            return {}

        def thought(token: int) -> tuple[Array, float]:
            return self._thought((layer, token), lambda: thought_of(model, reading.stream(layer)[token]))

        return model.final_norm.given("thought") | {
            "thought_rows": Given(row=lambda token: thought(token)[0]),
            "thought_total": Given(row=lambda token: thought(token)[1]),
        }

    def _logit(self, token: int, *, raw: bool) -> Array:
        """[rank]"""
        found = self.reading.continuation(token)
        return found.raw if raw else found.logit

    def trace(self, layer: int, head: int, settings: Settings) -> Trace:
        trace = self._traces((layer, head, settings), lambda: self._trace(layer, head, settings))
        grids = max(MOST_GRID_NUMBERS // (5 * len(self.reading.ids) ** 2), 2)
        for old in self._traces.oldest(grids):
            old.forget()
        return trace

    def _trace(self, layer: int, head: int, settings: Settings) -> Trace:
        weights = self.reading.layer(layer)
        given: dict[str, Value] = dict(weights.head(head).given)
        config = self.reading.model.config
        for role in "qk":
            head_norm = weights.head_norm(role, head if role == "q" else config.kv_head(head))
            if head_norm is not None:
                given |= head_norm.given(role if self.reading.rotations[layer] is None else f"{role}_normed")
        if weights.sinks is not None:
            given["sink"] = float(weights.sinks[head])
        if config.family.slopes:
            given["slope"] = float(self.reading.model.slopes[head])
        elif self.reading.relative is not None:
            given["relative"] = self._relative(head)
        given |= said_of(self.reading.altered, layer, head)
        if settings != self.own and not self._enters(settings):
            own = self.trace(layer, head, self.own)
            given |= {name: Given(partial(own.__getitem__, name)) for name in "qkv"}  # no setting changes these
        shared, mask = self._shared(layer, settings), self.reading.own_mask(layer)
        return layers.head(shared, given, settings, mask, layer, head, heads=self._heads(layer, settings))

    def _heads(self, layer: int, settings: Settings) -> list[Callable[[], Trace]]:
        return [partial(self.trace, layer, head, settings) for head in range(self.reading.n_heads)]

    def _replaced(self, layer: int, settings: Settings) -> set[str]:
        """What is made by another line than the model has."""
        return {line.name for line in replaced(self.chain(layer), settings.variant)}

    @staticmethod
    def _enters(settings: Settings) -> bool:
        """Whether what goes into the scores is another."""
        return bool(settings.variant) and BY_NAME[settings.variant].entering

    def _relative(self, head: int) -> Given:
        """What is added to the scores of a head, and of which bucket it is."""
        reading = self.reading
        config, n = reading.model.config, len(reading.tokens)
        assert reading.relative is not None
        row = reading.relative[head]  # [distance]
        kinds = bucket(np.arange(1 - n, n), config.n_buckets, config.farthest, both=not config.causal)  # [distance]
        return Given(
            lambda: row[distances(n).astype(np.intp) + n - 1],
            symbol=lambda query, key: f"b{kinds[key - query + n - 1]}",
        )

    def joined(self, layer: int, settings: Settings) -> Trace:
        return self._joins((layer, settings), lambda: self._join(layer, settings))

    def _join(self, layer: int, settings: Settings) -> Trace:
        """As the model has it from what was kept; under other settings from the heads."""
        shared, weights = self._shared(layer, settings), self.reading.layer(layer)
        w_o, b_o = weights.o
        given: dict[str, Value] = {"w_o": w_o} if b_o is None else {"w_o": w_o, "b_o": b_o}
        family = self.reading.model.config.family
        if family.norms_after:
            given |= weights.attention_norm.given("middle")
        if family.output_norm:
            given |= weights.norm(family.output_norm).given("added")
        if weights.experts is not None:
            given |= weights.mlp_norm.given("taken")
            parts = zip(("w_router", "b_router"), weights.experts.router, strict=True)
            given |= {name: array for name, array in parts if array is not None}
            given["expert_share"] = Given(lambda: self._shares_of(layer))
        if settings == self.own:
            given |= {"concat": Given(lambda: self._concat(layer)), **self._added(layer)}
        return layers.joined(shared, given, self._heads(layer, settings))

    def _added(self, layer: int) -> dict[str, Value]:
        """What is added to the stream after the attention that is looked at."""
        return {"mlp": Given(lambda: self._mlp(layer))}

    def _shares_of(self, layer: int) -> Array:
        """What counts of each expert's answer to a token, 0 of those it does not go to.  -> [token, expert]"""
        experts, routed = self.reading.layer(layer).experts, self.joined(layer, self.own)["routed"]
        assert experts is not None
        routing = experts.chosen(routed)
        shares = np.zeros_like(routed)  # [token, expert]
        np.put_along_axis(shares, routing.expert, routing.share, axis=-1)
        return shares

    def _concat(self, layer: int) -> Array:
        """[token, head·d_k]"""
        if layer >= self.reading.ready:
            raise NotYetError(layer)
        return self.reading.passed[layer].concat

    def _mlp(self, layer: int) -> Array:
        """What the feed-forward network adds: all that leaves the layer and was not there before it.

        -> [token, d_model]
        """
        joined = self.joined(layer, self.own)
        config = self.reading.model.config
        if config.family.norms_after:
            before = joined["middle"]  # [token, d_model]
        else:
            attention = joined["added" if config.family.output_norm else "output"]  # [token, d_model]
            before = joined["stream"] + attention * np.float32(config.amounts.get("added_scale", 1.0))
        return self.reading.stream(layer + 1) - self._met(joined, before)  # [token, d_model]

    def _met(self, joined: Trace, before: Array) -> Array:
        """What the feed-forward network is added to, of what attention leaves.  [token, d_model] -> the same"""
        return before
