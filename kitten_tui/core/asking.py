"""What a model can be asked beside what it shows: what it thinks on the way, why a number is as large as it is, and
whether a head matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kitten_tui.core.array_types import Array, Places
from kitten_tui.core.split import Origin, Split

if TYPE_CHECKING:
    from kitten_tui.core.annotated import Annotated
    from kitten_tui.core.atlas import Atlas
    from kitten_tui.core.source import Pulse, Source

ZERO, MEAN = "zero", "mean"
WAYS = (ZERO, MEAN)
"""What stands in the place of what a head says: nothing, or what it says of all tokens together."""


@dataclass(frozen=True, eq=False)
class Thought:
    """What would be likeliest if the last norm and the output head came after some layer.

    nostalgebraist, "interpreting GPT: the logit lens" (2020).
    """

    layer: int
    """After how many layers."""
    ids: Places
    """The likeliest tokens, the likeliest first. [token, rank]"""
    pieces: tuple[tuple[str, ...], ...]
    """By token and rank."""
    logit: Array
    """[token, rank]"""
    total: Array
    """ln Σ e^logit over the whole vocabulary. [token]"""

    @property
    def probability(self) -> Array:
        """e^(logit − total). [token, rank]"""
        return np.asarray(np.exp(self.logit - self.total[:, None]))


@dataclass(frozen=True)
class Effect:
    """What changes when one head says nothing; all after it is computed again."""

    layer: int
    head: int
    cosine: float
    """Between what leaves the model with the head and without it; the mean over all tokens."""
    divergence: float | None = None
    """How far the probabilities of the next token move: Σ P log₂(P / P without), in bits.

    Kullback and Leibler, "On Information and Sufficiency" (1951).
    """
    change: float | None = None
    """The probability of the likeliest next token without the head, less that with it."""
    instead: str = ""
    """The token that is likeliest then."""
    token: int = -1
    """Where these probabilities are given."""

    @property
    def size(self) -> float:
        """What heads are sorted by."""
        return 1 - self.cosine if self.divergence is None else self.divergence


@dataclass(frozen=True)
class Share:
    """What one part of a model adds to a number."""

    origin: Origin
    value: float


@dataclass(frozen=True)
class Attribution:
    """The logit of a next token, as the sum of what each part adds to it directly.

    Elhage et al., "A Mathematical Framework for Transformer Circuits" (2021); norms are held at their size.
    """

    token: str
    logit: float
    """Before it is kept below a cap, where the model does so."""
    shares: tuple[Share, ...]
    """They add up to the logit."""


class Asked(Protocol):
    """A model with a text that all layers have been computed of."""

    @property
    def model(self) -> object:
        """What is asked, as it was changed; equal for each of its texts."""
        ...

    def thoughts(self, count: int, pulse: Pulse) -> Iterator[Thought]:
        """From before the first layer to after the last one.

        Raises:
            SourceError: the model has no output head.
        """
        ...

    @property
    def has_parts(self) -> bool:
        """Whether it says what comes next, and logits are sums of what its parts add."""
        ...

    def attribution(self, token: int, rank: int = 0) -> Attribution:
        """Of the token that is likeliest after one, or of the next likeliest ones.

        Raises:
            SourceError: the model has no output head, or more than a norm and a matrix between stream and logits.
        """
        ...

    def split(self, layer: int, head: int, query: int, key: int, pulse: Pulse) -> Split:
        """Of a score of a head; no layer after it has to be computed."""
        ...

    def moved(self, other: Source, token: int) -> Effect:
        """How far what follows a token, and what leaves the model, is from that of the same text otherwise computed."""
        ...

    def effects(self, token: int, way: str, pulse: Pulse, first: int = 0) -> Iterator[Effect]:
        """Of each head from a layer on, on what follows a token; what it says is nothing or its mean, by WAYS."""
        ...

    def atlas(self, annotated: Annotated, pulse: Pulse) -> Iterator[Atlas]:
        """Which heads do grammar, on sentences of their own; what is known after each layer.

        Raises:
            SourceError: the model cuts every word otherwise than they are annotated.
        """
        ...
