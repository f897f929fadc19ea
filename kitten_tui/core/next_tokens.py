"""What a model says of the next token, and how it goes on with a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kitten_tui.core.array_types import Array, Mask

if TYPE_CHECKING:
    from kitten_tui.core.sampling import Drawing
    from kitten_tui.core.source import Pulse, Source


@dataclass(frozen=True, eq=False)
class Continuation:
    """The tokens that are likeliest to follow one of the text, the likeliest first."""

    pieces: tuple[str, ...]
    logit: Array
    """The dot product of the last vector with the token's row of the output head, multiplied and kept below a cap where
    the model does so. [rank]
    """
    total: float
    """ln Σ e^logit over the whole vocabulary."""
    last: Array
    """What leaves the last layer, after the last norm. [d_model]"""
    rows: Array
    """The rows of the output head that belong to the tokens. [rank, d_model]"""
    ids: tuple[int, ...] = ()
    """The numbers of the tokens in the vocabulary."""
    left: Mask | None = None
    """Which of the tokens may be drawn. [rank]"""
    left_total: float = 0.0
    """ln Σ e^(logit / T) over all tokens that may be drawn."""
    taken: int = -1
    """The number of the token that the text goes on with: the likeliest, or the one that is drawn."""
    taken_piece: str = ""
    taken_share: float = 0.0
    """The probability of that token."""
    taken_probability: float = 0.0
    """The same among the tokens that may be drawn, at the temperature."""

    @property
    def raw(self) -> Array:
        """The products of the last vector with the rows, whatever the model makes of them then. [rank]"""
        return np.asarray(self.rows @ self.last)

    @property
    def probability(self) -> Array:
        """e^(logit − total). [rank]"""
        return np.asarray(np.exp(self.logit - self.total))


class NextTokens(Protocol):
    """Says what comes next, or what fits in a place."""

    @property
    def fills(self) -> bool:
        """Whether what it says of a token is what fits in its place, and not what follows it."""
        ...

    def continuation(self, token: int) -> Continuation:
        """What is likeliest to follow a token."""
        ...


class GoesOn(Protocol):
    """Goes on with its text, token by token."""

    @property
    def drawing(self) -> Drawing:
        """What the next token is drawn by."""
        ...

    @property
    def shorter(self) -> Source | None:
        """The same without the token that came last; None where that is the text as it was opened."""
        ...

    @property
    def ended(self) -> bool:
        """Whether the token that came last ends a text."""
        ...

    @property
    def most(self) -> int:
        """How many tokens there is room for."""
        ...

    @property
    def text(self) -> str: ...

    def afresh(self) -> Source:
        """The same tokens, of which nothing has been computed."""
        ...

    def longer(self, pulse: Pulse) -> Source:
        """The same with the token that the text goes on with; only that is computed.

        Raises:
            SourceError: there is no room for one more.
        """
        ...
