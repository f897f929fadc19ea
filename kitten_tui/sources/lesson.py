"""A lesson: one layer of attention small enough to follow by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, ClassVar

from kitten_tui.core import layers
from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.chain import Chain
from kitten_tui.core.inputs import HeadWeights, Inputs
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import NOTHING_SPECIAL, Editor, Reference, Source, Traits
from kitten_tui.core.trace import Trace
from kitten_tui.core.weighed import Special, special_of
from kitten_tui.sources.errors import SourceError

MAX_TOKENS = 256
"""What one layer can be asked about at every key press."""

Texts = Mapping[str, str]
"""A text in each language it was written in, by language code."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """A sample file or a typed sentence. Answers `Source`."""

    inputs: Inputs
    title: Texts = field(default_factory=dict)
    note: Texts = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    """To begin with."""
    query: int = 0
    """The token to begin with."""
    references: tuple[Reference, ...] = ()
    invented: bool = False
    """Whether the numbers stand for nothing: made up for a sentence that somebody typed."""
    spelled: frozenset[str] = frozenset()
    """Words whose vectors are made up from their spelling, in a lesson whose other numbers are not."""
    drawn: bool = False
    """Whether its matrices were drawn at random."""
    origin: tuple[str, ...] = ()
    lines: Chain = ATTENTION
    """What its numbers are made by."""

    n_layers = ready = 1
    model_facts = None
    next_tokens = goes_on = asked = alters = survey = reader = pairs = trainer = record = None
    part = ""
    parts: ClassVar[tuple[Source, ...]] = ()

    @property
    def tokens(self) -> tuple[str, ...]:
        return self.inputs.tokens

    @property
    def untrained(self) -> bool:
        return self.drawn or self.invented

    @property
    def key_tokens(self) -> tuple[str, ...]:
        return self.inputs.tokens

    @property
    def invented_tokens(self) -> Collection[str]:
        return self.tokens if self.invented else self.spelled

    @property
    def n_heads(self) -> int:
        return len(self.inputs.heads)

    @property
    def masks(self) -> tuple[str, ...]:
        return ("none", "causal") if self.inputs.own_mask is None else ("none", "causal", "own")

    @property
    def editor(self) -> Editor:
        from kitten_tui.sources.edits import LessonEditor

        return LessonEditor(self)

    def shared_by(self, head: int) -> None:
        """Every head has its own keys and values."""

    def chain(self, layer: int) -> Chain:
        return self.lines

    def traits(self, layer: int) -> Traits:
        return NOTHING_SPECIAL

    def trace(self, layer: int, head: int, settings: Settings) -> Trace:
        if settings.variant == "heads_reshape":
            return _across(self, settings, head)
        inputs = self.inputs
        return _head(self.shared(settings), inputs.heads[head], Same(inputs.own_mask), settings, head)

    def joined(self, layer: int, settings: Settings) -> Trace:
        heads = tuple(self.trace(layer, head, settings) for head in range(self.n_heads))
        return _joined(self.shared(settings), heads, Same(self.inputs.w_o), Same(self.inputs.b_o))

    def shared(self, settings: Settings) -> Trace:
        """What its heads share."""
        inputs = self.inputs
        d_k = inputs.heads[0].w_q.shape[1]
        vectors = Same(inputs.x), Same(inputs.embedding), Same(inputs.position)
        return _shared(self.lines, *vectors, d_k, special_of(self.tokens, self.tokens), settings)


def lesson_of(source: Source) -> Lesson:
    """The lesson that a source is: nothing else holds inputs that can be changed and written down.

    Raises:
        SourceError: it is none.
    """
    if not isinstance(source, Lesson):
        raise SourceError(f"{type(source).__name__}: expected a lesson, found another source")
    return source


class Same:
    """An array as a key: equal to the very same array and to no other."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.array is self.array

    def __hash__(self) -> int:
        return id(self.array)


# Keyed by all that they depend on and by nothing else: a changed W_o recomputes no head, a changed head no other.
@lru_cache(maxsize=16)
def _shared(
    lines: Chain, x: Same, embedding: Same, position: Same, d_k: int, special: Special, settings: Settings
) -> Trace:
    n, d_model = x.array.shape
    vectors = {"x": x.array} if embedding.array is None else {"embedding": embedding.array, "position": position.array}
    return layers.shared(lines, vectors, settings, layers.sizes(n, n, d_model=d_model, d_k=d_k), special=special)


@lru_cache(maxsize=64)
def _head(shared: Trace, weights: HeadWeights, own_mask: Same, settings: Settings, head: int) -> Trace:
    return layers.head(shared, weights.given, settings, own_mask.array, 0, head)


@lru_cache(maxsize=64)
def _across(lesson: Lesson, settings: Settings, head: int) -> Trace:
    """A head that all heads have a part in."""
    inputs, every = lesson.inputs, range(lesson.n_heads)
    heads = [partial(lesson.trace, 0, each, settings) for each in every]
    given = inputs.heads[head].given
    return layers.head(lesson.shared(settings), given, settings, inputs.own_mask, 0, head, heads=heads)


@lru_cache(maxsize=16)
def _joined(shared: Trace, heads: tuple[Trace, ...], w_o: Same, b_o: Same) -> Trace:
    given = {name: same.array for name, same in (("w_o", w_o), ("b_o", b_o)) if same.array is not None}
    return layers.joined(shared, given, [partial(_itself, head) for head in heads])


def _itself(trace: Trace) -> Trace:
    return trace
