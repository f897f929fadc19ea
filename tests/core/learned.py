"""A tiny transformer with a loss, made by hand: one or two layers, two heads, four dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property, partial
from typing import Any

import numpy as np

from kitten_tui.core import layers
from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.backward import backward_through
from kitten_tui.core.chain import Chain
from kitten_tui.core.loss import with_loss
from kitten_tui.core.quantity import Quantity, Scope, quantity
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import NOTHING_SPECIAL, Traits
from kitten_tui.core.trace import Trace, Value
from kitten_tui.core.transformer import norm_lines

TOKENS = ("one", "cat", "saw", "one", "dog")
D_MODEL, D_K, HEADS, VOCABULARY = 4, 2, 2, 6
PLACE = "[token,d_model]"
STREAM = quantity("stream", "r", "token d_model", scope=Scope.SHARED, step=True)

Given = Mapping[str, Value]


def chains(n_layers: int, norms: str = "", lines: Chain = ATTENTION) -> tuple[Chain, ...]:
    """A stream through all layers, without a feed-forward network; `norms`: "", "layer" or "rms"."""
    made: list[Chain] = []
    for layer in range(n_layers):
        entering = f"before.stream{PLACE} + before.output{PLACE}" if layer else f"embedding{PLACE} + position{PLACE}"
        stream = Quantity(STREAM.name, STREAM.symbol, STREAM.axes, entering, STREAM.scope, step=True)
        x = quantity("x", "x", "token d_model", f"stream{PLACE}", Scope.SHARED, step=True)
        into = norm_lines(lines["x"], stream, rms=norms == "rms") if norms else (x,)
        made.append(lines.with_(stream, *into))
    leaves = f"stream{PLACE} + output{PLACE}"
    made[-1] = with_loss(made[-1], leaves, rms={"": None, "rms": True, "layer": False}[norms])
    return backward_through(tuple(made))


class Learned:
    """Answers `Source`."""

    key_tokens = tokens = TOKENS
    n_heads, query, facts, invented, references = HEADS, 0, None, False, ()
    note: Mapping[str, Any] = {}
    title = {"": "learned"}
    masks = ("none", "causal")
    next_tokens = survey = reader = editor = pairs = trainer = None
    part, parts = "", ()

    def __init__(
        self, n_layers: int = 2, norms: str = "", mask: str = "causal", lines: Chain = ATTENTION, more: Any = None
    ) -> None:
        self.chains = chains(n_layers, norms, lines)
        self.n_layers = self.ready = n_layers
        self.settings = Settings(mask=mask)
        self.sizes = layers.sizes(
            *(len(TOKENS),) * 2, d_model=D_MODEL, d_k=D_K, concat=HEADS * D_K, vocabulary=VOCABULARY
        )
        draw = np.random.RandomState(3)
        self.more = more or {}
        """Given to each head besides."""

        def numbers(*shape: int) -> np.ndarray:
            return 0.5 * draw.normal(size=shape)

        self.of_source: Given = {"embedding": numbers(5, D_MODEL), "position": numbers(5, D_MODEL)}
        self.of_heads: list[list[Given]] = [
            [
                {**{f"w_{r}": numbers(D_MODEL, D_K) for r in "qkv"}, **{f"b_{r}": numbers(D_K) for r in "qv"}}
                for _ in range(HEADS)
            ]
            for _ in range(n_layers)
        ]
        self.of_layers: list[Given] = [
            {"w_o": numbers(HEADS * D_K, D_MODEL), "b_o": numbers(D_MODEL)} for _ in range(n_layers)
        ]
        self.norms: list[Given] = [
            {"x_gain": numbers(D_MODEL), "x_bias": numbers(D_MODEL), "x_eps": 1e-5} if norms else {}
            for _ in range(n_layers)
        ]
        targets = np.eye(VOCABULARY, dtype=bool)[draw.randint(VOCABULARY, size=len(TOKENS))]
        self.of_loss: Given = {
            "unembedding": numbers(D_MODEL, VOCABULARY),
            "target": targets,
            "counted": np.array([True, False, True, True, True]),
            **({"last_gain": numbers(D_MODEL), "last_bias": numbers(D_MODEL), "last_eps": 1e-5} if norms else {}),
        }
        self.trace = cache(self._trace)
        self.joined = cache(self._joined)
        self._shared = cache(self._share)

    def shared_by(self, head: int) -> None: ...

    def chain(self, layer: int) -> Chain:
        return self.chains[layer]

    def traits(self, layer: int) -> Traits:
        return NOTHING_SPECIAL

    def _share(self, layer: int, settings: Settings) -> Trace:
        given = {**(self.of_source if layer == 0 else {}), **self.norms[layer]}
        before = partial(self.joined, layer - 1, self.settings) if layer else None
        return layers.shared(self.chains[layer], given, settings, self.sizes, before=before)

    def _trace(self, layer: int, head: int, settings: Settings) -> Trace:
        given = {**self.of_heads[layer][head], **self.more}
        whole = partial(self.joined, layer, settings)
        return layers.head(self._shared(layer, settings), given, settings, None, layer, head, whole)

    def _joined(self, layer: int, settings: Settings) -> Trace:
        heads = [partial(self.trace, layer, head, settings) for head in range(HEADS)]
        last = layer == self.n_layers - 1
        after = None if last else partial(self.joined, layer + 1, self.settings)
        given = {**self.of_layers[layer], **(self.of_loss if last else {})}
        return layers.joined(self._shared(layer, settings), given, heads, after)

    def with_(self, name: str, layer: int, head: int, array: np.ndarray) -> Learned:
        """The same with this quantity given, whatever its line says."""
        return _With(self, name, layer, head, array)

    @cached_property
    def loss(self) -> float:
        return float(self.joined(self.n_layers - 1, self.settings)["loss"])


class _With(Learned):
    def __init__(self, of: Learned, name: str, layer: int, head: int, array: np.ndarray) -> None:
        self.__dict__.update({key: value for key, value in of.__dict__.items() if key != "loss"})
        scope = self.chains[layer][name].scope
        self.name, self.layer, self.head, self.array = name, layer, head if scope is Scope.HEAD else None, array
        self.scope = scope
        self.trace, self.joined, self._shared = cache(self._trace), cache(self._joined), cache(self._share)

    def _put(self, trace: Trace, layer: int, head: int | None, scopes: tuple[Scope, ...]) -> Trace:
        if (layer, head) == (self.layer, self.head) and self.scope in scopes:
            trace.given = {**trace.given, self.name: self.array}
        return trace

    def _share(self, layer: int, settings: Settings) -> Trace:
        return self._put(super()._share(layer, settings), layer, None, (Scope.SOURCE, Scope.SHARED))

    def _trace(self, layer: int, head: int, settings: Settings) -> Trace:
        return self._put(super()._trace(layer, head, settings), layer, head, (Scope.HEAD,))

    def _joined(self, layer: int, settings: Settings) -> Trace:
        return self._put(super()._joined(layer, settings), layer, None, (Scope.LAYER,))
