"""What attention is computed from, and every intermediate of it.

Everything here is frozen, compares by identity (an array has no single truth) and holds read-only arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
import numpy.typing as npt

from kitten_tui.core import ops
from kitten_tui.core.ops import Array, Mask

MASKS = ("none", "causal", "own")
"""Nothing covered; the future covered; the cells that the source itself covers."""


MIN_DIVISOR, MAX_DIVISOR = 0.01, 1e6


def fixed(values: npt.ArrayLike) -> Array:
    """A float64 copy that nobody can write to."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


@dataclass(frozen=True)
class Settings:
    """What a person may switch without touching a number of the lesson."""

    scale: bool = True
    """Whether scores are divided before the softmax."""
    divisor: float | None = None
    """What they are divided by then; None is √d_k. Another number is a temperature inside attention."""
    mask: str = "none"
    """One of MASKS."""
    dropout: float = 0.0
    """The rate p at which weights are dropped, 0 ≤ p < 1."""
    seed: int = 123
    """Decides which weights dropout keeps."""

    def __post_init__(self) -> None:
        if self.mask not in MASKS:
            raise ValueError(f"mask: expected one of {', '.join(MASKS)}, found {self.mask!r}")
        if self.divisor is not None and not MIN_DIVISOR <= self.divisor <= MAX_DIVISOR:
            raise ValueError(f"divisor: expected a number from {MIN_DIVISOR} to {MAX_DIVISOR:g}, found {self.divisor}")
        if not 0.0 <= self.dropout < 1.0:
            raise ValueError(f"dropout: expected a rate from 0 to below 1, found {self.dropout}")
        if not 0 <= self.seed < 2**32:
            # Python refuses to write out a number of thousands of digits.
            found = self.seed if abs(self.seed) < 2**64 else "a larger one"
            raise ValueError(f"seed: expected a whole number from 0 to 2³² − 1, found {found}")


@dataclass(frozen=True, eq=False)
class _Frozen:
    """Makes every array field of a subclass read-only."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)


@dataclass(frozen=True, eq=False)
class HeadWeights(_Frozen):
    """The trainable matrices of one head."""

    w_q: Array
    """[d_model, d_k]"""
    w_k: Array
    """[d_model, d_k]"""
    w_v: Array
    """[d_model, d_k]"""
    b_q: Array | None = None
    """[d_k]"""
    b_k: Array | None = None
    """[d_k]"""
    b_v: Array | None = None
    """[d_k]"""


@dataclass(frozen=True, eq=False)
class Inputs(_Frozen):
    """All that one layer of attention is computed from."""

    tokens: tuple[str, ...]
    x: Array
    """embedding + position, or given alone. [token, d_model]"""
    heads: tuple[HeadWeights, ...]
    embedding: Array | None = None
    """[token, d_model]"""
    position: Array | None = None
    """[token, d_model]"""
    w_o: Array | None = None
    """[head·d_k, d_model]"""
    b_o: Array | None = None
    """[d_model]"""
    own_mask: Mask | None = None
    """True where the query may look, for the mask "own". [query, key]"""


@dataclass(frozen=True, eq=False)
class Trace(_Frozen):
    """Every intermediate of one head, under the names of the vocabulary."""

    x: Array
    """[token, d_model]"""
    weights_of: HeadWeights
    q: Array
    """[token, d_k]"""
    k: Array
    """[token, d_k]"""
    v: Array
    """[token, d_k]"""
    scores: Array
    """ω = q · k. [query, key]"""
    divisor: float
    """√d_k or what is set in its place; 1 when the scale is off."""
    scaled: Array
    """[query, key]"""
    allowed: Mask
    """[query, key]"""
    masked: Array
    """−∞ where the query may not look. [query, key]"""
    shift: Array
    """What each row loses before exp; 0 for rows of ordinary size. [query]"""
    exp: Array
    """[query, key]"""
    total: Array
    """Σ exp of a row. [query]"""
    weights: Array
    """α. [query, key]"""
    keep: Mask
    """Which weights dropout keeps. [query, key]"""
    rate: float
    """The dropout rate p."""
    dropped: Array
    """[query, key]"""
    context: Array
    """z. [query, d_k]"""
    weight_sum: Array
    """Σ α of a row: 1, or 0 where everything is covered. [query]"""
    headroom: Array
    """1 − the largest weight: 0 is saturation. [query]"""
    gradient: Array
    """Σ ∂α/∂ω of a row, each weight to its own score. [query]"""

    @property
    def kept_share(self) -> float:
        """1 − p."""
        return 1.0 - self.rate

    @property
    def d_k(self) -> int:
        return int(self.q.shape[-1])

    def contribution(self, query: int) -> Array:
        """Each value times the weight this query gives it.  -> [key, d_k]"""
        return ops.weighted_values(self.dropped[query], self.v)  # [key, d_k]

    def partial(self, query: int) -> Array:
        """The contributions summed up to and with each key; the last row is the context.  -> [key, d_k]"""
        return np.cumsum(self.contribution(query), axis=0)  # [key, d_k]


@dataclass(frozen=True, eq=False)
class Joined(_Frozen):
    """The heads of a layer side by side, and what leaves the layer."""

    concat: Array
    """[token, head·d_k]"""
    w_o: Array | None
    """[head·d_k, d_model]"""
    b_o: Array | None
    """[d_model]"""
    output: Array | None
    """[token, d_model]"""


class Source(Protocol):
    """Where attention comes from: a lesson, a checkpoint, a recording."""

    @property
    def tokens(self) -> tuple[str, ...]: ...

    @property
    def n_layers(self) -> int: ...

    @property
    def n_heads(self) -> int: ...

    @property
    def embedding(self) -> Array | None: ...

    @property
    def position(self) -> Array | None: ...

    @property
    def masks(self) -> tuple[str, ...]:
        """The masks that this source can be looked at with, of MASKS."""
        ...

    def trace(self, layer: int, head: int, settings: Settings) -> Trace:
        """Every intermediate of one head; layer and head count from 0."""
        ...

    def joined(self, layer: int, settings: Settings) -> Joined:
        """The heads of a layer, joined and projected."""
        ...
