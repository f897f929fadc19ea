"""A lesson: one layer of attention small enough to follow by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NoReturn

from kitten_tui.core import attention
from kitten_tui.core.ops import Array
from kitten_tui.core.settings import Settings
from kitten_tui.core.trace import HeadWeights, Inputs, Joined, Trace

MAX_TOKENS = 256
"""What one layer can be asked about at every key press."""

Texts = Mapping[str, str]
"""A text in each language it was written in, by language code."""


@dataclass(frozen=True, eq=False)
class Reference:
    """Published values to compare with."""

    source: str
    head: int
    settings: Settings
    tolerance: float
    values: Mapping[str, Array]
    """By vocabulary name."""


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

    n_layers = ready = 1
    segment = None
    facts = None
    has_head = False
    fills = False

    @property
    def tokens(self) -> tuple[str, ...]:
        return self.inputs.tokens

    @property
    def n_heads(self) -> int:
        return len(self.inputs.heads)

    @property
    def embedding(self) -> Array | None:
        return self.inputs.embedding

    @property
    def position(self) -> Array | None:
        return self.inputs.position

    @property
    def masks(self) -> tuple[str, ...]:
        return ("none", "causal") if self.inputs.own_mask is None else ("none", "causal", "own")

    def trace(self, layer: int, head: int, settings: Settings) -> Trace:
        inputs = self.inputs
        return _trace(Same(inputs.x), inputs.heads[head], Same(inputs.own_mask), settings, layer, head)

    def continuation(self, token: int) -> NoReturn:
        """A lesson ends with attention."""
        raise LookupError("a lesson does not say what comes next")

    def shared_by(self, head: int) -> None:
        """Every head has its own keys and values."""

    def entry(self, layer: int) -> None:
        """A lesson is one layer, and its x is what the stages say it is."""

    def joined(self, layer: int, settings: Settings) -> Joined:
        contexts = tuple(Same(self.trace(layer, head, settings).context) for head in range(self.n_heads))
        return _joined(contexts, Same(self.inputs.w_o), Same(self.inputs.b_o))


class Same:
    """An array as a key: equal to the very same array and to no other."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.array is self.array

    def __hash__(self) -> int:
        return id(self.array)


# Keyed by all that a head depends on and by nothing else: a changed W_o recomputes no head, a changed head no other.
@lru_cache(maxsize=64)
def _trace(x: Same, w: HeadWeights, own_mask: Same, settings: Settings, layer: int, head: int) -> Trace:
    return attention.head_of(x.array, w, own_mask.array, settings, layer, head)


@lru_cache(maxsize=16)
def _joined(contexts: tuple[Same, ...], w_o: Same, b_o: Same) -> Joined:
    return attention.join([context.array for context in contexts], w_o.array, b_o.array)
