"""A lesson: one layer of attention small enough to follow by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from kitten_tui.core import attention
from kitten_tui.core.ops import Array
from kitten_tui.core.trace import Inputs, Joined, Settings, Trace

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

    n_layers = 1

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
        return _trace(self.inputs, head, settings)

    def joined(self, layer: int, settings: Settings) -> Joined:
        return _joined(self.inputs, settings)


# Inputs compare by identity, so these remember the numbers of one lesson and never mix two.
@lru_cache(maxsize=64)
def _trace(inputs: Inputs, head: int, settings: Settings) -> Trace:
    return attention.head(inputs, head, settings)


@lru_cache(maxsize=16)
def _joined(inputs: Inputs, settings: Settings) -> Joined:
    contexts = [_trace(inputs, head, settings).context for head in range(len(inputs.heads))]
    return attention.join(contexts, inputs.w_o, inputs.b_o)
