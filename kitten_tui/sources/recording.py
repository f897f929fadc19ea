"""Attention that was computed elsewhere: some quantities of each head, and whatever follows from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import cached_property, lru_cache, partial

import numpy as np
import numpy.typing as npt

from kitten_tui.core import layers
from kitten_tui.core.array_types import Array
from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.chain import Chain
from kitten_tui.core.measures import HeadSummary
from kitten_tui.core.quantity import Scope
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import NOTHING_SPECIAL, Pulse, Source, Traits
from kitten_tui.core.surveyed import summaries, without_numbers
from kitten_tui.core.trace import Trace
from kitten_tui.core.weighed import special_of
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.inspection import Inspection

SCORED = ("q", "k", "w_q", "w_k", "b_q", "b_k")
"""What has the width that scores are divided by the root of; values may have another."""
LEADING = {Scope.HEAD: 2, Scope.SHARED: 1, Scope.LAYER: 1, Scope.SOURCE: 0}
"""How many axes stand before those of a quantity: layer and head, layer alone, or none."""


class Recording:
    """Arrays by the names of the chain. What is given wins; what it makes is computed; the rest is not there.

    Answers `Source`. Of a head's quantities there is one for each layer and head, [layer, head, …]; of what heads
    share or make together one for each layer; embedding and position have no axis before their own.
    """

    model_facts = None
    invented = untrained = False
    invented_tokens = ()
    references = ()
    note: Mapping[str, str] = {}
    origin: tuple[str, ...] = ()
    next_tokens = goes_on = asked = alters = reader = pairs = editor = trainer = None
    part = ""
    parts: tuple[Source, ...] = ()

    def __init__(
        self,
        given: Mapping[str, npt.ArrayLike],
        tokens: Sequence[str],
        key_tokens: Sequence[str] | None = None,
        *,
        title: str = "",
        d_k: int = 0,
        lines: Chain = ATTENTION,
        precision: float = 0.0,
    ) -> None:
        """`d_k` is the width of queries and keys, where scores are given without them; `precision` is what a number
        near 1 may be off by, where it was computed in less than is given.

        Raises:
            SourceError: a name is no quantity, shapes disagree, or nothing leads to weights.
        """
        self.tokens = tuple(tokens)
        keys = self.tokens if key_tokens is None else tuple(key_tokens)
        self.key_tokens = self.tokens if keys == self.tokens else keys
        self.given = {name: _single(array) for name, array in given.items()}
        self.lines = lines
        self.precision = precision
        self.title: Mapping[str, str] = {"": title or " ".join(self.tokens)}
        self.settings = Settings()
        self.sizes = layers.sizes(len(self.tokens), len(self.key_tokens))
        if d_k:
            self.sizes["d_k"] = d_k
        self.n_layers = self.n_heads = 0
        for name, array in self.given.items():
            self._take_sizes(name, array)
        self.n_layers, self.n_heads = self.n_layers or 1, self.n_heads or 1
        if self.key_tokens is not self.tokens and "x" in self.given and {"w_k", "w_v"} & {*self.given}:
            raise SourceError(f"{self.title['']}: expected k and v themselves, found the x of the queries alone")
        self.trace = lru_cache(maxsize=self.n_heads + 2)(self._trace)
        self.joined = lru_cache(maxsize=8)(self._joined)
        self._shared = lru_cache(maxsize=8)(self._share)
        if not self.trace(0, 0, self.settings).has("weights"):
            raise SourceError(
                f"{self.title['']}: expected weights, or scores with d_k, or q and k; found {', '.join(self.given)}"
            )

    def _take_sizes(self, name: str, array: Array) -> None:
        """Checks an array against the axes of its quantity, and takes from it what they are not yet known by."""
        if name not in self.lines or self.lines[name].scope not in LEADING:
            raise SourceError(f"{name}: expected a quantity such as weights, q, k, v, scores or x")
        quantity = self.lines[name]
        leading = LEADING[quantity.scope]
        wanted = (*("layer", "head")[:leading], *quantity.axes)
        if array.ndim != len(wanted):
            raise SourceError(f"{name}: expected [{', '.join(wanted)}], found {array.ndim} axes")
        if leading:
            self.n_layers = self._agreed(name, "layer", self.n_layers, array.shape[0])
        if leading == 2:
            self.n_heads = self._agreed(name, "head", self.n_heads, array.shape[1])
        for axis, size in zip(quantity.axes, array.shape[leading:], strict=True):
            known = self.sizes["key"] if axis == "token" and self.lines.of_keys(name) else self.sizes.get(axis, size)
            if axis == "d_k" and name not in SCORED:
                self.sizes.setdefault("d_v", size)
                continue
            # What leaves the heads may be wider than what enters.
            if known != size and (axis != "d_model" or name not in ("w_o", "b_o", "output")):
                raise SourceError(f"{name}: expected {known} places of {axis}, found {size}")
            self.sizes.setdefault(axis, size)
        if name == "concat":
            self.sizes.setdefault("d_v", array.shape[-1] // max(self.n_heads, 1))

    @staticmethod
    def _agreed(name: str, axis: str, known: int, size: int) -> int:
        if known not in (0, size):
            raise SourceError(f"{name}: expected {known} places of {axis}, found {size}")
        return size

    @property
    def ready(self) -> int:
        return self.n_layers

    @property
    def query(self) -> int:
        return 0

    @property
    def masks(self) -> tuple[str, ...]:
        """Weights that are given were made under a mask that nobody can take off."""
        made = {"masked", "exp", "weights", "dropped", "allowed"} & {*self.given}
        return ("none",) if made or self.key_tokens is not self.tokens else ("none", "causal")

    @property
    def record(self) -> Inspection:
        return self._inspection

    @cached_property
    def _inspection(self) -> Inspection:
        return Inspection(
            self.given, self.lines, self.precision, lambda layer, head: self.trace(layer, head, self.settings)
        )

    def shared_by(self, head: int) -> None:
        """Every head has its own keys and values, as far as is known."""

    def chain(self, layer: int) -> Chain:
        return self.lines

    def traits(self, layer: int) -> Traits:
        return NOTHING_SPECIAL

    def _part(self, scopes: tuple[Scope, ...], *place: int) -> dict[str, Array]:
        """What is given of these scopes, of one layer or of one head of it."""
        named = ((name, array, self.lines[name].scope) for name, array in self.given.items())
        return {name: array[place[: LEADING[scope]]] for name, array, scope in named if scope in scopes}

    def _share(self, layer: int, settings: Settings) -> Trace:
        given = self._part((Scope.SOURCE, Scope.SHARED), layer)
        special = special_of(self.tokens, self.key_tokens)
        return layers.shared(self.lines, given, settings, self.sizes, special=special)

    def _trace(self, layer: int, head: int, settings: Settings) -> Trace:
        shared = self._shared(layer, settings)
        given = self._part((Scope.HEAD,), layer, head)
        return layers.head(shared, given, settings, None, layer, head, heads=self._heads(layer, settings))

    def _heads(self, layer: int, settings: Settings) -> list[Callable[[], Trace]]:
        return [partial(self.trace, layer, head, settings) for head in range(self.n_heads)]

    def _joined(self, layer: int, settings: Settings) -> Trace:
        given = self._part((Scope.LAYER,), layer)
        return layers.joined(self._shared(layer, settings), given, self._heads(layer, settings))

    # All heads at once

    @property
    def survey(self) -> Recording:
        return self

    computing = nullcontext()

    def advance(self, pulse: Pulse) -> None:
        """Everything is there from the beginning."""

    @cached_property
    def heads(self) -> tuple[HeadSummary, ...]:
        faulty = {(fault.layer, fault.head) for fault in self.record.faults}
        every = (head for layer in range(self.n_layers) for head in summaries(self, layer, "weights"))
        # It has a picture, but nothing can be said of it in numbers.
        return tuple(without_numbers(head) if (head.layer, head.head) in faulty else head for head in every)

    def apart(self) -> Recording:
        """Everything is there, for any thread."""
        return self


def _single(array: npt.ArrayLike) -> Array:
    """In float32 or float64: half a precision is no precision to add up in."""
    numbers: Array = np.asarray(array)
    return numbers if numbers.dtype in (np.float64, np.bool_) else numbers.astype(np.float32)
