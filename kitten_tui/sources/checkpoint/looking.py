"""What a model shows of a text, head by head, from what was kept of the computing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from kitten_tui.core import layers
from kitten_tui.core.chain import Chain
from kitten_tui.core.ops import Array
from kitten_tui.core.settings import Settings
from kitten_tui.core.trace import Given, Trace, Value
from kitten_tui.core.transformer import layer_chain
from kitten_tui.sources.errors import NotYetError

if TYPE_CHECKING:
    from kitten_tui.sources.checkpoint.reading import Reading

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

    def chain(self, layer: int) -> Chain:
        family = self.reading.model.config.family
        return layer_chain(
            first=layer == 0,
            rms=family.rms,
            norms_after=family.norms_after,
            rotary=self.reading.rotation is not None,
            head_norm=bool(family.q_norm),
            says_next=self.reading.model.says_next,
        )

    def _shared(self, layer: int, settings: Settings) -> Trace:
        return self._shares((layer, settings), lambda: self._share(layer, settings))

    def _share(self, layer: int, settings: Settings) -> Trace:
        """What enters a layer. The stream is kept from the computing, and its line says what it is the sum of."""
        reading, config = self.reading, self.reading.model.config
        entering = {"embedding": reading.embedding, "position": reading.position, "segment": reading.segment}
        given: dict[str, Value] = {name: array for name, array in entering.items() if array is not None}
        given |= {"stream": Given(lambda: reading.stream(layer)), **reading.norm_into(layer).given("x"), **self._next()}
        if reading.rotation is not None:
            given |= reading.rotation.given(config.d_k)
        if settings != self.own:
            given["x"] = Given(lambda: self._shared(layer, self.own)["x"])  # no setting changes what enters
        n = len(reading.tokens)
        return layers.shared(
            self.chain(layer),
            given,
            settings,
            layers.sizes(n, n, d_model=config.d_model, d_k=config.d_k),
            own_divisor=None if config.divisors is None else config.divisor(layer),
            before=(lambda: self.joined(layer - 1, self.own)) if layer else None,
        )

    def _next(self) -> dict[str, Value]:
        """What the lines of the next token are given, a token at a time."""
        if not self.reading.model.says_next:
            return {}
        return {
            "last": Given(row=lambda token: self.reading.continuation(token).last),
            "unembedding": Given(row=lambda token: self.reading.continuation(token).rows),
            "logit": Given(row=lambda token: self.reading.continuation(token).logit),
            "logit_total": Given(row=lambda token: self.reading.continuation(token).total),
        }

    def trace(self, layer: int, head: int, settings: Settings) -> Trace:
        trace = self._traces((layer, head, settings), lambda: self._trace(layer, head, settings))
        grids = max(MOST_GRID_NUMBERS // (5 * len(self.reading.ids) ** 2), 2)
        for old in self._traces.oldest(grids):
            old.forget()
        return trace

    def _trace(self, layer: int, head: int, settings: Settings) -> Trace:
        weights = self.reading.layer(layer)
        given: dict[str, Value] = dict(weights.head(head).given)
        for role in "qk":
            head_norm = weights.head_norm(role)
            if head_norm is not None:
                given |= head_norm.given(role if self.reading.rotation is None else f"{role}_normed")
        if settings != self.own:
            own = self.trace(layer, head, self.own)
            given |= {name: Given(partial(own.__getitem__, name)) for name in "qkv"}  # no setting changes these
        return layers.head(self._shared(layer, settings), given, settings, self.reading.own_mask(layer), layer, head)

    def joined(self, layer: int, settings: Settings) -> Trace:
        return self._joins((layer, settings), lambda: self._join(layer, settings))

    def _join(self, layer: int, settings: Settings) -> Trace:
        """As the model has it from what was kept; under other settings from the heads."""
        shared, weights = self._shared(layer, settings), self.reading.layer(layer)
        w_o, b_o = weights.o
        given: dict[str, Value] = {"w_o": w_o} if b_o is None else {"w_o": w_o, "b_o": b_o}
        if self.reading.model.config.family.norms_after:
            given |= weights.attention_norm.given("middle")
        if settings == self.own:
            given |= {"concat": Given(lambda: self._concat(layer)), "mlp": Given(lambda: self._mlp(layer))}
        heads = [partial(self.trace, layer, head, settings) for head in range(self.reading.n_heads)]
        return layers.joined(shared, given, heads)

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
        after = self.reading.model.config.family.norms_after
        before = joined["middle"] if after else joined["stream"] + joined["output"]  # [token, d_model]
        return self.reading.stream(layer + 1) - before  # [token, d_model]
