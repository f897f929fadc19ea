"""What attention can be asked of, whatever it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from kitten_tui.core.network import Normed
from kitten_tui.core.ops import Array
from kitten_tui.core.settings import Settings
from kitten_tui.core.trace import Joined, Trace


@dataclass(frozen=True, eq=False)
class Entry:
    """What enters a layer of a model, and what it was before its norm."""

    norm: Normed
    """Of the residual stream; what comes out of it is x."""
    parts: tuple[tuple[str, int], ...]
    """What the stream is the sum of: quantities, and how many layers back each is."""


@dataclass(frozen=True, eq=False)
class Continuation:
    """The tokens that are likeliest to follow one of the text, the likeliest first."""

    pieces: tuple[str, ...]
    logit: Array
    """The dot product of the last vector with the token's row of the output head. [rank]"""
    total: float
    """ln Σ e^logit over the whole vocabulary."""
    last: Array
    """What leaves the last layer, after the last norm. [d_model]"""
    rows: Array
    """The rows of the output head that belong to the tokens. [rank, d_model]"""

    @property
    def probability(self) -> Array:
        """e^(logit − total). [rank]"""
        return np.asarray(np.exp(self.logit - self.total))


class Source(Protocol):
    """Where attention comes from: a lesson, a checkpoint, a recording."""

    @property
    def tokens(self) -> tuple[str, ...]: ...

    @property
    def n_layers(self) -> int: ...

    @property
    def ready(self) -> int:
        """How many layers have been computed."""
        ...

    @property
    def n_heads(self) -> int: ...

    @property
    def invented(self) -> bool:
        """Whether the numbers stand for nothing: made up for a sentence that somebody typed."""
        ...

    @property
    def settings(self) -> Settings:
        """To begin with; in a model those it was trained with, which hold in every layer that is not looked at."""
        ...

    @property
    def embedding(self) -> Array | None: ...

    @property
    def position(self) -> Array | None: ...

    @property
    def segment(self) -> Array | None:
        """What is added to every token of the first sentence, in families that tell sentences apart. [d_model]"""
        ...

    @property
    def masks(self) -> tuple[str, ...]:
        """The masks that this source can be looked at with, of MASKS."""
        ...

    def shared_by(self, head: int) -> tuple[int, range] | None:
        """The head of keys and values that a head uses, and all heads that use it; None where each has its own."""
        ...

    def trace(self, layer: int, head: int, settings: Settings) -> Trace:
        """Every intermediate of one head; layer and head count from 0."""
        ...

    def joined(self, layer: int, settings: Settings) -> Joined:
        """The heads of a layer, joined and projected."""
        ...

    @property
    def has_head(self) -> bool:
        """Whether it says what comes next, or what fits."""
        ...

    @property
    def fills(self) -> bool:
        """Whether what it says of a token is what fits in its place, and not what follows it."""
        ...

    def continuation(self, token: int) -> Continuation:
        """What is likeliest to follow a token, of a source that says so."""
        ...

    def entry(self, layer: int) -> Entry | None:
        """What enters a layer, None where x is embedding + position or given."""
        ...
