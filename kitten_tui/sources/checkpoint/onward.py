"""One more token after a text that has been read: keys and values are kept, so that it costs one row of each layer."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kitten_tui.core.array_types import Array, Places
from kitten_tui.core.measures import Rows
from kitten_tui.core.network import Norm, project
from kitten_tui.core.sampling import Drawing
from kitten_tui.core.source import Pulse
from kitten_tui.sources.checkpoint.continuing import ends_of
from kitten_tui.sources.checkpoint.forward import leave, placed, roles
from kitten_tui.sources.checkpoint.layer import Layer
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.tokens import Tokenised
from kitten_tui.sources.errors import SourceError

if TYPE_CHECKING:
    from kitten_tui.sources.checkpoint.reading import Reading

MOST_TOKENS = 4096
"""Longer texts are cut here even where the model would read on: a grid is as large as the square of this."""
MOST_KEPT = 1_000_000_000
"""Bytes of weights that are kept as they were converted; what is float32 in its file is not converted."""


class Remembering:
    """Weights that are kept once they have been read, since every token goes through all of them."""

    def __init__(self, tensors: Any) -> None:
        self._tensors = tensors
        self._read: dict[tuple[str, int | None, int | None], Array] = {}
        self._room = MOST_KEPT

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tensors, name)

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def read(self, name: str, shape: tuple[int, ...], rows: slice | Places = slice(None)) -> Array:
        if not isinstance(rows, slice):
            return np.asarray(self._tensors.read(name, shape, rows))
        key = (name, rows.start, rows.stop)
        if key in self._read:
            return self._read[key]
        array = np.asarray(self._tensors.read(name, shape, rows))
        converted = 0 if array.base is not None else array.nbytes
        if converted <= self._room:
            self._room -= converted
            self._read[key] = array
        return array


class Memory:
    """The keys and values of every layer, for the tokens that have been read so far."""

    def __init__(self, model: Model) -> None:
        self.model = copy(model)
        self.model.tensors = Remembering(model.tensors)  # type: ignore[assignment]
        self.ids: tuple[int, ...] = ()
        count = range(model.config.n_layers)
        self._layers = [self.model.layer(number) for number in count]
        self._keys: list[Array | None] = [None for _ in count]  # [head, room, d_k]
        self._values: list[Array | None] = [None for _ in count]  # [head, room, d_k]

    def catch_up(self, reading: Reading, pulse: Pulse) -> None:
        """With what has been read otherwise: tokens that it does not know, and others than those that it knows."""
        same = 0
        while same < min(len(self.ids), len(reading.ids)) and self.ids[same] == reading.ids[same]:
            same += 1
        if same < len(reading.ids):
            for number, layer in enumerate(self._layers):
                pulse()
                _, k, v = roles(
                    layer, x := reading.entering(number), x, reading.rotations[number]
                )  # [head, token, d_k]
                self._keep(number, same, k[:, same:], v[:, same:])
        self.ids = reading.ids

    def _keep(self, number: int, first: int, keys: Array, values: Array) -> tuple[Array, Array]:
        """All keys and values up to these, which stand from a place on.  -> [head, token, d_k], [head, token, d_k]"""
        stop = first + keys.shape[1]
        for kept, new in ((self._keys, keys), (self._values, values)):
            room = kept[number]
            if room is None or room.shape[1] < stop:
                larger = np.empty((new.shape[0], 2 * stop, new.shape[2]), dtype=np.float32)  # [head, room, d_k]
                if room is not None:
                    larger[:, :first] = room[:, :first]
                kept[number] = room = larger
            room[:, first:stop] = new
        k, v = self._keys[number], self._values[number]
        assert k is not None
        assert v is not None
        return k[:, :stop], v[:, :stop]

    def step(self, longer: Reading, pulse: Pulse) -> list[tuple[Array, Array]]:
        """Of each layer the contexts of all heads and what leaves it, for the last token of a text whose others are
        known.  -> [1, head·d_k], [1, d_model]
        """
        config, n = self.model.config, len(longer.ids)
        passed = []
        stream = longer.stream(0, slice(n - 1, n))  # [1, d_embedding]
        for number, layer in enumerate(self._layers):
            pulse()
            into = norm_into(self.model, number, self._layers.__getitem__)
            x = stream if into is None else into(stream)  # [1, d_embedding]
            wide = self.model.projection if number == 0 else None
            x = x if wide is None else project(x, *wide)  # [1, d_model]
            turned = longer.rotations[number]
            here = None if turned is None else replace(turned, n=1, first=n - 1)
            q, k, v = roles(layer, x, x, here)  # [head, 1, d_k]
            keys, values = self._keep(number, n - 1, k, v)  # [head, token, d_k], [head, token, d_k]
            window = config.windows[number]
            near = slice(0 if window is None else max(0, n - window), n)
            scores = q @ keys[:, near].transpose(0, 2, 1)  # [head, 1, key]
            placed(scores, config.amounts.get("score_cap"), longer.relative, slice(None), slice(n - 1, n), near)
            contexts = Rows.of(scores, None, layer.sinks).mixed(values[:, near])  # [head, 1, d_k]
            concat = contexts.transpose(1, 0, 2).reshape(1, -1)  # [1, head·d_k]
            stream = leave(layer, stream, x, concat, pulse)  # [1, d_model]
            if not np.isfinite(stream).all():
                raise layer.not_finite()
            passed.append((concat, stream))
        self.ids = longer.ids
        return passed


@dataclass(frozen=True, eq=False)
class Going:
    """A reading whose text can go on."""

    reading: Reading

    @property
    def drawing(self) -> Drawing:
        return self.reading.drawing

    @property
    def text(self) -> str:
        return self.reading.text

    @property
    def most(self) -> int:
        return most_tokens(self.reading.model)

    @property
    def ended(self) -> bool:
        return self.reading.begun is not None and self.reading.ids[-1] in ends_of(self.reading.model)

    def afresh(self) -> Reading:
        """The same tokens, of which nothing has been computed."""
        reading = self.reading
        again = reading.of(Tokenised(reading.ids, reading.tokens, reading.whole), reading.text)
        again.begun, again.origin = reading.begun, reading.origin
        again.keys_and_values = reading.keys_and_values
        return again

    def longer(self, pulse: Pulse = lambda: None) -> Reading:
        """With the token that the text goes on with: one more row of each layer.

        Raises:
            SourceError: the model has no place for one more, or what leaves a layer is no number.
            NotYetError: not all layers have been computed.
        """
        reading, model = self.reading.apart(), self.reading.model  # others may look at this one meanwhile
        if len(reading.ids) >= self.most:
            raise SourceError(f"{model.name}: expected at most {self.most} tokens, found no room for one more")
        ids = (*reading.ids, reading.continuation(len(reading.ids) - 1).taken)
        more = _gone_on(self.reading, ids, (*reading.tokens, model.tokens.piece(ids[-1])))
        if not _turned_alike(reading, more):
            more.compute(pulse=pulse)
            return more
        memory = reading.keys_and_values or Memory(model)
        with np.errstate(all="ignore"):  # what overflows is found where it comes out, and named
            memory.catch_up(reading, pulse)
            rows = memory.step(more, pulse)
        more.passed = [passed.longer(*row) for passed, row in zip(reading.passed, rows, strict=True)]
        more.left = rows[-1][1][0]  # [d_model]
        more.keys_and_values = self.reading.keys_and_values = memory
        return more

    @property
    def shorter(self) -> Reading | None:
        """Without the token that the text went on with last; None where it has not gone on."""
        reading = self.reading
        opened, n = reading.begun, len(reading.ids) - 1
        if opened is None or n == len(opened.ids):
            return opened
        less = _gone_on(reading, reading.ids[:-1], reading.tokens[:-1])
        if _turned_alike(less, reading):
            less.passed, less.keys_and_values = [passed.cut(n) for passed in reading.passed], reading.keys_and_values
        else:
            less.compute()
        return less


def most_tokens(model: Model) -> int:
    """How many tokens are read of a text."""
    return min(model.config.n_positions, MOST_TOKENS)


def norm_into(model: Model, number: int, at: Callable[[int], Layer]) -> Norm | None:
    """The norm between the stream and the attention of a layer, where there is one."""
    family = model.config.family
    if family.norms_after:
        return at(number - 1).mlp_norm if number else model.embedding_norm
    bare = not family.attention_norm or (family.bare_first and number == 0)
    return None if bare else at(number).attention_norm


def _gone_on(reading: Reading, ids: tuple[int, ...], pieces: tuple[str, ...]) -> Reading:
    """A reading of these tokens, which begin as its text was opened; nothing of it is computed."""
    opened = reading.begun or reading
    text = opened.text + reading.model.tokens.written(opened.ids, ids)
    other = reading.of(Tokenised(ids, pieces, len(ids)), text)
    other.begun = opened
    return other


def _turned_alike(reading: Reading, longer: Reading) -> bool:
    """Whether the tokens of a text are turned as they are in a longer one: some scalings look at its length."""
    for one, other in zip(reading.rotations, longer.rotations, strict=True):
        if one is None or other is None:
            continue
        if one.factor != other.factor or not np.array_equal(one.frequencies, other.frequencies):
            return False
    return True
