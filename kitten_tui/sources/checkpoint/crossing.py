"""A model of two stacks reading and writing: the encoder, the decoder, and the decoder's look at the encoder's text."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import cached_property

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.measures import Landmarks
from kitten_tui.core.network import Norm
from kitten_tui.core.next_tokens import NextTokens
from kitten_tui.core.source import Pulse
from kitten_tui.core.trace import Given, Trace, Value
from kitten_tui.core.transformer import Kind
from kitten_tui.sources.checkpoint.forward import attend, attend_to, leave
from kitten_tui.sources.checkpoint.looking import Looking
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.passed import Passed
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.checkpoint.tokens import Tokenised
from kitten_tui.sources.errors import NotYetError, SourceError


class Encoding(Reading):
    """The text that is read, in the stack that reads."""

    part = "encoder"

    def __init__(self, model: Model, text: str, second: str | None) -> None:
        super().__init__(model, text)
        self.second = second

    @cached_property
    def memory(self) -> Array:
        """What the decoder sees of it.  -> [key, d_model]"""
        return self.model.leaving(self.stream(self.n_layers))  # [key, d_model]


class Decoding(Reading):
    """The text that is written, in the stack that writes; without one it is what stands before the first word."""

    part = "decoder"

    def __init__(self, model: Model, encoder: Encoding) -> None:
        self.encoder = encoder
        super().__init__(model, encoder.text, encoder.second)
        assert model.crossing is not None
        self.crossing = Crossing(self, model.crossing)

    @property
    def whole_model(self) -> Model:
        return self.encoder.model

    def _cut(self, most: int) -> Tokenised:
        """The start, and all but the end: at each place the next word is asked for."""
        config = self.model.config
        defaults = config.family.defaults
        start = config.raw.get("decoder_start_token_id", defaults.get("decoder_start_token_id", config.pad))
        stop = config.raw.get("eos_token_id", defaults["eos_token_id"])
        stops = stop if isinstance(stop, list) else [stop]
        if not isinstance(start, int) or not 0 <= start < config.n_vocab:
            raise SourceError(
                f"{self.model.folder}: decoder_start_token_id: expected a token from 0 to {config.n_vocab - 1}, "
                f"found {start}"
            )
        cut = self.model.tokens.read(self.second or "", most - 1)
        last = len(cut.ids) - 1 if cut.ids and cut.ids[-1] in stops else len(cut.ids)
        pieces = (self.model.tokens.piece(start), *cut.pieces[:last])
        return Tokenised((start, *cut.ids[:last]), pieces, cut.whole + 1 - (len(cut.ids) - last))

    def _looking(self) -> Looking:
        return _DecodingLooking(self)

    def apart(self) -> Decoding:
        other = super().apart()
        assert isinstance(other, Decoding)
        encoder = self.encoder.apart()
        assert isinstance(encoder, Encoding)
        other.encoder = encoder
        other.crossing = copy(self.crossing)
        other.crossing.decoding, other.crossing.passed = other, list(self.crossing.passed)
        other.crossing._forget()
        return other

    def kind(self, layer: int) -> Kind:
        return replace(super().kind(layer), crossed=True)

    def advance(self, pulse: Pulse = lambda: None) -> None:
        """The next layer: its attention to its own text, then that to what the encoder leaves, which has to be there
        first.
        """
        encoder, crossing = self.encoder, self.crossing
        if encoder.ready < encoder.n_layers:
            with encoder.computing:
                encoder.compute(pulse=pulse)
        number = self.ready
        layer, other = self.model.layer(number), crossing.model.layer(number)
        with np.errstate(all="ignore"):  # what overflows is found below, and named
            x = self.entering(number)  # [token, d_model]
            concat, heads = attend(layer, x, self.rotations[number], self.marks, pulse, self.relative)
            met = attend_to(layer, self.stream(number), x, concat)  # [token, d_model]
            looking = crossing.norm_into(number)(met)  # [token, d_model]
            crossed, seen = attend(other, looking, None, crossing.marks, pulse, memory=encoder.memory)
            last = number + 1 == self.n_layers
            stream = None if last else leave(other, met, looking, crossed, pulse)  # [token, d_model]
        if not np.isfinite(crossed if stream is None else stream).all():
            raise layer.not_finite()
        crossing.passed.append(Passed(crossed, seen, met))
        self.passed.append(Passed(concat, heads, stream))
        self.model.tensors.release()

    def _leaving(self, tokens: slice) -> Array:
        return self.crossing._leaving(tokens)


class Crossing(Reading):
    """The words that are written looking at those that were read, in each layer after they have looked at themselves.

    What is kept of a layer is what enters this attention of it, before its norm.
    """

    part = "cross"

    def __init__(self, decoding: Decoding, model: Model) -> None:
        self.decoding = decoding
        self.model = model
        self.text, self.second = decoding.text, decoding.second
        self.ids, self.tokens, self.whole = decoding.ids, decoding.tokens, decoding.whole
        self.sides = self.position = self.segment = self.relative = None
        self.rotations = (None,) * model.config.n_layers
        self.passed = []
        self.computing = decoding.computing
        self.marks = Landmarks.across(len(self.tokens), len(self.key_tokens))
        self._forget()

    @property
    def key_tokens(self) -> tuple[str, ...]:
        return self.decoding.encoder.tokens

    @property
    def whole_model(self) -> Model:
        return self.decoding.whole_model

    @property
    def masks(self) -> tuple[str, ...]:
        return ("none",)

    @property
    def next_tokens(self) -> NextTokens | None:
        return None

    def _looking(self) -> Looking:
        return _CrossLooking(self)

    def apart(self) -> Crossing:
        return self.decoding.apart().crossing

    def advance(self, pulse: Pulse = lambda: None) -> None:
        self.decoding.advance(pulse)

    def stream(self, layer: int, tokens: slice = slice(None)) -> Array:
        """What enters this attention before its norm.  -> [token, d_model]"""
        kept = self.passed[layer].stream if layer < self.ready else None
        if kept is None:
            raise NotYetError(layer)
        return kept[tokens]

    def norm_into(self, layer: int) -> Norm:
        """The norm before it, or that after the attention before it."""
        after = self.model.config.family.norms_after
        return self.decoding.layer(layer).attention_norm if after else self.layer(layer).attention_norm

    def kind(self, layer: int) -> Kind:
        config = self.model.config
        return Kind(crossing=True, rms=config.family.rms, norms_after=config.family.norms_after)


class _DecodingLooking(Looking):
    """With what the other attention of each layer adds."""

    reading: Decoding

    def _added(self, layer: int) -> dict[str, Value]:
        crossing = self.reading.crossing
        given: dict[str, Value] = {
            "crossed": Given(lambda: crossing.joined(layer, crossing.settings)["output"]),
            **super()._added(layer),
        }
        if self.reading.model.config.family.norms_after:
            given |= crossing.layer(layer).attention_norm.given("second")
        return given

    def _met(self, joined: Trace, before: Array) -> Array:
        after = self.reading.model.config.family.norms_after
        return joined["second"] if after else before + joined["crossed"]  # [token, d_model]


class _CrossLooking(Looking):
    """With what is looked at, and what the decoder's own attention has made of the words that look."""

    reading: Crossing

    def _embedded(self, layer: int) -> dict[str, Value]:
        decoding, after = self.reading.decoding, self.reading.model.config.family.norms_after
        return {
            "entered": Given(lambda: decoding.entering(layer) if after else decoding.stream(layer)),
            "looked": Given(lambda: decoding.joined(layer, decoding.settings)["output"]),
            "memory": Given(lambda: decoding.encoder.memory),
        }

    def _entry(self, layer: int) -> dict[str, Value]:
        return dict(self.reading.norm_into(layer).given("x"))

    def _added(self, layer: int) -> dict[str, Value]:
        return {}
