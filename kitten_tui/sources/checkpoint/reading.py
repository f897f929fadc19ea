"""A model reading a text: answers `Source`, layer by layer as they are computed."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np

from kitten_tui.core.altering import Alteration
from kitten_tui.core.array_types import Array, Mask
from kitten_tui.core.chain import Chain
from kitten_tui.core.measures import HeadSummary, Landmarks
from kitten_tui.core.network import Norm, project
from kitten_tui.core.next_tokens import Continuation, NextTokens
from kitten_tui.core.sampling import Drawing
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Pairs, Pulse, Source, Traits
from kitten_tui.core.trace import Trace
from kitten_tui.core.transformer import Kind
from kitten_tui.sources.checkpoint.altering import Altering, altered_alike, with_silenced
from kitten_tui.sources.checkpoint.asking import Asking
from kitten_tui.sources.checkpoint.continuing import continuation_of
from kitten_tui.sources.checkpoint.forward import attend, leave
from kitten_tui.sources.checkpoint.kinds import facts_of, kind_of, traits_of
from kitten_tui.sources.checkpoint.layer import Layer
from kitten_tui.sources.checkpoint.looking import Kept, Looking
from kitten_tui.sources.checkpoint.masked import changed_mask, has_own_mask, mask_of
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.onward import Going, Memory, most_tokens, norm_into
from kitten_tui.sources.checkpoint.passed import Passed
from kitten_tui.sources.checkpoint.tokens import Tokenised
from kitten_tui.sources.errors import NotYetError, SourceError


class Reading:
    """One text in one model. The stream of every layer is kept; a head's grid is computed when it is looked at.

    Layers are added one by one, by one thread, and never change; everything else may be asked meanwhile.
    """

    note: Mapping[str, str] = {}
    invented = untrained = False
    invented_tokens = ()
    editor = trainer = record = None
    origin: tuple[str, ...] = ()
    references = ()
    part = ""
    """Which of several that belong together it is: one of those of `texts`."""
    beside: tuple[Reading, ...] = ()
    """All that belong together, this one among them."""
    chat = False
    """Whether its text stands in the model's chat template."""
    drawing = Drawing()
    """What the text goes on by."""
    begun: Reading | None = None
    """The text as it was opened, where this has gone on."""
    altered: tuple[Alteration, ...] = ()
    """What was changed of the model, the first change first."""
    left: Array | None = None
    """What leaves the last layer of the token that it went on with last. [d_model]"""
    keys_and_values: Memory | None = None
    """Those of all layers, where the text has gone on."""

    def __init__(self, model: Model, text: str, second: str | None = None, cut: Tokenised | None = None) -> None:
        self.model = model
        self.text = text
        self.second = second
        """The text that is read after it, or that a decoder has written of it."""
        cut = cut or self._cut(most_tokens(model))
        self.ids = cut.ids
        self.sides = cut.sides
        """Of two texts, which of them each token belongs to, 0 or 1."""
        self.tokens = cut.pieces
        self.whole = cut.whole
        """How many tokens the text has; more than are read where it was cut."""
        config = model.config
        n = len(self.ids)
        turning = {id(rope): rope.rotation(n) for rope in config.ropes if rope is not None}
        self.rotations = tuple(turning.get(id(rope)) for rope in config.ropes)
        """How far queries and keys are turned in each layer."""
        self.passed: list[Passed] = []
        self.computing = Lock()
        """Held by the one thread that adds layers."""
        self.embedding: Array = model.embedding(self.ids)  # [token, d_embedding]
        self.position: Array | None = model.position(self.ids)  # [token, d_embedding]
        self.segment: Array | None = model.segment(cut.kinds)  # [d_embedding], of two texts [token, d_embedding]
        self.relative = model.relative(n)
        """What scores gain by the distance of their key. [head, distance]"""
        if not np.isfinite(self.stream(0)).all():
            raise SourceError(
                f"{model.folder}: expected finite embeddings, found nan or infinity in those of this text"
            )
        self._forget()

    @cached_property
    def marks(self) -> Landmarks:
        return Landmarks.of(self.ids)

    def _cut(self, most: int) -> Tokenised:
        """The tokens that are read, at most so many."""
        cut = self.model.tokens.read(self.text, most, self.second) if self.text.strip() else None
        if cut is None or not cut.ids:
            raise SourceError("SOURCE: expected a sentence, found nothing in it")
        return cut

    def _forget(self) -> None:
        self.weights: Kept[Layer] = Kept(2)
        self.looking = self._looking()
        self._continuations: Kept[Continuation] = Kept(16)

    @property
    def parts(self) -> tuple[Source, ...]:
        return self.beside

    def _looking(self) -> Looking:
        return Looking(self)

    def apart(self) -> Reading:
        """The same reading for another thread: what has been computed is shared, what is looked at is not."""
        other = copy(self)
        other.passed = list(self.passed)
        other._forget()
        return other

    # What it is

    @property
    def key_tokens(self) -> tuple[str, ...]:
        return self.tokens

    @property
    def n_layers(self) -> int:
        return self.model.config.n_layers

    @property
    def n_heads(self) -> int:
        return self.model.config.n_heads

    @property
    def query(self) -> int:
        """The token whose continuation is asked for, where the model says what comes next."""
        return len(self.tokens) - 1 if self.model.config.causal else 0

    @property
    def title(self) -> Mapping[str, str]:
        """The model and the text, in whatever language that is."""
        texts = (" ".join(text.split()) for text in (self.text, self.second) if text is not None)
        return {"": f"{self.model.name}: {' / '.join(texts)}"}

    @property
    def model_facts(self) -> Mapping[str, Any]:
        """What there is to say about the model and how much of the text it reads."""
        return facts_of(self)

    @property
    def ready(self) -> int:
        return len(self.passed)

    @property
    def settings(self) -> Settings:
        return Settings(mask="own" if has_own_mask(self) else "causal" if self.model.config.causal else "none")

    @property
    def masks(self) -> tuple[str, ...]:
        return ("none", "causal", "own") if has_own_mask(self) else ("none", "causal")

    def own_mask(self, layer: int) -> Mask | None:
        """What the sliding windows of some layers leave, and what was changed of masks.  -> [query, key]"""
        return mask_of(self, layer) if has_own_mask(self) else None

    @property
    def heads(self) -> tuple[HeadSummary, ...]:
        return tuple(head for passed in self.passed for head in passed.heads)

    def traits(self, layer: int) -> Traits:
        return traits_of(self.model.config, layer)

    def shared_by(self, head: int) -> tuple[int, range]:
        """The head of keys and values that a head uses, and all heads that use it."""
        shared, group = self.model.config.kv_head(head), self.model.config.group
        return shared, range(shared * group, (shared + 1) * group)

    # What it can do

    @property
    def survey(self) -> Reading:
        return self

    @property
    def reader(self) -> Reading:
        return self

    def read(self, text: str) -> Source:
        """Another text in the same model, beside the second one where there is one."""
        return self.again(text, self.second)

    def again(self, text: str, second: str | None) -> Source:
        """Other texts in the same model, looked at in the same part."""
        from kitten_tui.sources.checkpoint.texts import open_texts

        other = open_texts(self.whole_model, text, second, self.part or None, chat=self.chat)
        other.drawing = self.drawing
        return altered_alike(other, self.altered)

    @property
    def whole_model(self) -> Model:
        """The model with all of its stacks, as it was trained."""
        return self.model.trained or self.model

    @property
    def pairs(self) -> Pairs | None:
        return self if self.whole_model.takes_pairs else None

    def read_second(self, second: str) -> Source:
        return self.again(self.text, second)

    @property
    def goes_on(self) -> Going | None:
        alone = type(self) is Reading and not self.altered  # a decoder that has read another text does not
        return Going(self) if alone and self.model.says_next and self.model.config.causal else None

    @property
    def asked(self) -> Asking | None:
        return Asking(self) if type(self) is Reading else None

    @property
    def alters(self) -> Altering | None:
        return Altering(self) if type(self) is Reading and not self.beside else None

    def of(self, cut: Tokenised, text: str) -> Reading:
        """Other tokens in the same model; nothing of them is computed."""
        other = Reading(self.model, text, cut=cut)
        other.drawing, other.chat = self.drawing, self.chat
        return other

    @property
    def next_tokens(self) -> NextTokens | None:
        return self if self.model.says_next else None

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
            x = self.entering(number)  # [token, d_model]
            concat, heads = self.attended(layer, x, self.marks, pulse)
            more = number + 1 < self.n_layers
            stream = leave(layer, self.stream(number), x, concat, pulse) if more else None  # [token, d_model]
        if not np.isfinite(concat if stream is None else stream).all():
            raise layer.not_finite()
        self.passed.append(Passed(concat, heads, stream))
        self.model.tensors.release()

    def attended(
        self, layer: Layer, x: Array, marks: Landmarks | None, pulse: Pulse
    ) -> tuple[Array, tuple[HeadSummary, ...]]:
        """What the heads of a layer say, with what was changed of them.  [token, d_model] -> [token, head·d_k]"""
        rotation, allowed = self.rotations[layer.number], changed_mask(self, layer.number)
        concat, heads = attend(layer, x, rotation, marks, pulse, self.relative, allowed=allowed)
        return with_silenced(concat, layer, self.altered), heads

    # Looking

    def stream(self, layer: int, tokens: slice = slice(None)) -> Array:
        """What enters a layer before its norm; after the last layer, what leaves it.  -> [token, d_model]

        No head needs what leaves the last layer: that is computed whenever it is asked for, of these tokens alone.
        """
        if layer > self.ready:
            raise NotYetError(layer)
        if layer == 0:
            return self._embedded()[tokens]  # [token, d_embedding]
        kept = self.passed[layer - 1].stream
        return self._leaving(tokens) if kept is None else kept[tokens]

    def _leaving(self, tokens: slice) -> Array:
        """What leaves the last layer.  -> [token, d_model]"""
        number = self.n_layers - 1
        layer, x = self.model.layer(number), self.joined(number, self.settings)["x"]  # [token, d_model]
        with np.errstate(all="ignore"):  # what overflows is found below, and named
            stream = leave(layer, self.stream(number, tokens), x[tokens], self.passed[number].concat[tokens])
        if not np.isfinite(stream).all():
            raise layer.not_finite()
        return stream

    def _embedded(self) -> Array:
        """The sum of all that is said of a token before the first layer.  -> [token, d_embedding]"""
        model = self.model
        scale = np.float32(model.config.amounts.get("embedding_scale", 1.0))
        parts = (part for part in (self.embedding * scale, self.position, self.segment) if part is not None)
        whole = np.asarray(sum(parts), dtype=np.float32)  # [token, d_embedding]
        before = None if model.config.family.norms_after else model.embedding_norm
        return whole if before is None else before(whole)

    def entering(self, layer: int) -> Array:
        """What the attention of a layer takes in.  -> [token, d_model]"""
        into = self.norm_into(layer)
        x = self.stream(layer) if into is None else into(self.stream(layer))
        wide = self.model.projection if layer == 0 else None
        return x if wide is None else project(x, *wide)

    def norm_into(self, layer: int) -> Norm | None:
        return norm_into(self.model, layer, self.layer)

    def kind(self, layer: int) -> Kind:
        return kind_of(self, layer)

    def layer(self, number: int) -> Layer:
        """The weights of a layer that is looked at; the last two are kept as they were read."""
        return self.weights(number, lambda: self.model.layer(number))

    def chain(self, layer: int) -> Chain:
        return self.looking.chain(layer)

    def trace(self, layer: int, head: int, settings: Settings) -> Trace:
        return self.looking.trace(layer, head, settings)

    def joined(self, layer: int, settings: Settings) -> Trace:
        return self.looking.joined(layer, settings)

    @property
    def fills(self) -> bool:
        return self.model.fills

    def continuation(self, token: int) -> Continuation:
        if self.ready < self.n_layers:
            raise NotYetError(self.n_layers - 1)
        return self._continuations(token, lambda: self._continue(token))

    def _continue(self, token: int) -> Continuation:
        known = self.left if token == len(self.ids) - 1 else None  # [d_model]
        left = self.stream(self.n_layers, slice(token, token + 1))[0] if known is None else known  # [d_model]
        model = self.model if self.keys_and_values is None else self.keys_and_values.model
        return continuation_of(model, left, self.drawing, token + 1)
