"""What attention is computed from, and every intermediate of it, each computed when it is first looked at.

Everything here is frozen, compares by identity (an array has no single truth) and holds read-only arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kitten_tui.core import ops
from kitten_tui.core.network import Normed
from kitten_tui.core.ops import Array, Mask
from kitten_tui.core.rotary import Rotation
from kitten_tui.core.step import step


def fixed(values: npt.ArrayLike) -> Array:
    """A float64 copy that nobody can write to."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


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
class Projected(_Frozen):
    """The queries, keys and values of one head, and what they are made of."""

    x: Array
    """[token, d_model]"""
    weights_of: HeadWeights
    rotation: Rotation | None = None
    """By which queries and keys are turned, where positions are rotary."""
    q_gain: Array | None = None
    """What normalised queries are multiplied by, in families that normalise them. [d_k]"""
    k_gain: Array | None = None
    """[d_k]"""
    eps: float = 0.0
    """What those norms add to the variance."""
    own_divisor: float | None = None
    """What scores are divided by in a model that has something else than √d_k."""

    @property
    def d_k(self) -> int:
        return int(self.weights_of.w_q.shape[-1])

    @property
    def natural_divisor(self) -> float:
        return math.sqrt(self.d_k) if self.own_divisor is None else self.own_divisor

    @step
    def q_projected(self) -> Array:
        """[token, d_k]"""
        return ops.project(self.x, self.weights_of.w_q, self.weights_of.b_q)

    @step
    def k_projected(self) -> Array:
        """[token, d_k]"""
        return ops.project(self.x, self.weights_of.w_k, self.weights_of.b_k)

    @step
    def v(self) -> Array:
        """[token, d_k]"""
        return ops.project(self.x, self.weights_of.w_v, self.weights_of.b_v)

    @cached_property
    def q_norm(self) -> Normed | None:
        return self._norm(self.q_projected, self.q_gain)

    @cached_property
    def k_norm(self) -> Normed | None:
        return self._norm(self.k_projected, self.k_gain)

    def _norm(self, before: Array, gain: Array | None) -> Normed | None:
        return None if gain is None else Normed(before, gain, None, self.eps, rms=True)

    @property
    def q_normed(self) -> Array:
        """Where queries are normalised; the projection itself where not. [token, d_k]"""
        return self.q_projected if self.q_norm is None else self.q_norm.after

    @property
    def k_normed(self) -> Array:
        """[token, d_k]"""
        return self.k_projected if self.k_norm is None else self.k_norm.after

    @step
    def q(self) -> Array:
        """[token, d_k]"""
        return self.q_normed if self.rotation is None else self.rotation(self.q_normed)

    @step
    def k(self) -> Array:
        """[token, d_k]"""
        return self.k_normed if self.rotation is None else self.rotation(self.k_normed)


LONG = 64
"""Texts of more tokens are looked at a row at a time as far as possible."""
BY_QUERY = (
    *("scores", "scaled", "masked", "shift", "exp", "total", "weights", "dropped", "context"),
    *("weight_sum", "headroom", "gradient"),
)
"""The steps of a trace that have a row for each query."""


@dataclass(frozen=True, eq=False)
class Trace(_Frozen):
    """Every intermediate of one head, under the names of the vocabulary, from q · k to the context."""

    projected: Projected
    divisor: float
    """√d_k or what is set in its place; 1 when the scale is off."""
    allowed: Mask
    """[query, key]"""
    keep: Mask
    """Which weights dropout keeps. [query, key]"""
    rate: float
    """The dropout rate p."""
    query: int | None = None
    """The one query whose row there is; None is all of them."""

    @property
    def x(self) -> Array:
        """[token, d_model]"""
        return self.projected.x

    @property
    def weights_of(self) -> HeadWeights:
        return self.projected.weights_of

    @property
    def q(self) -> Array:
        """[token, d_k]"""
        return self.projected.q

    @property
    def k(self) -> Array:
        """[token, d_k]"""
        return self.projected.k

    @property
    def v(self) -> Array:
        """[token, d_k]"""
        return self.projected.v

    @property
    def d_k(self) -> int:
        return self.projected.d_k

    @property
    def kept_share(self) -> float:
        """1 − p."""
        return 1.0 - self.rate

    @step
    def scores(self) -> Array:
        """ω = q · k. [query, key]"""
        q = self.q if self.query is None else self.q[self.query, None]  # [query, d_k]
        return ops.dot_products(q, self.k)

    @step
    def scaled(self) -> Array:
        """[query, key]"""
        return self.scores / self.divisor

    @step
    def masked(self) -> Array:
        """−∞ where the query may not look. [query, key]"""
        return ops.cover(self.scaled, self.allowed)

    @step
    def shift(self) -> Array:
        """What each row loses before exp; 0 for rows of ordinary size. [query]"""
        return ops.exponent_shift(self.masked)

    @step
    def exp(self) -> Array:
        """[query, key]"""
        return ops.exponentials(self.masked, self.shift)

    @step
    def total(self) -> Array:
        """Σ exp of a row. [query]"""
        return np.asarray(self.exp.sum(axis=-1))

    @step
    def weights(self) -> Array:
        """α. [query, key]"""
        return ops.normalise(self.exp, self.total)

    @step
    def dropped(self) -> Array:
        """[query, key]"""
        return ops.drop(self.weights, self.keep, self.rate)

    @step
    def context(self) -> Array:
        """z. [query, d_k]"""
        return self.dropped @ self.v

    @step
    def weight_sum(self) -> Array:
        """Σ α of a row: 1, or 0 where everything is covered. [query]"""
        return np.asarray(self.weights.sum(axis=-1))

    @step
    def headroom(self) -> Array:
        """1 − the largest weight: 0 is saturation. [query]"""
        return ops.headroom(self.weights)

    @step
    def gradient(self) -> Array:
        """Σ ∂α/∂ω of a row, each weight to its own score. [query]"""
        return ops.gradient(self.weights, self.divisor)

    def forget(self) -> None:
        """Lets its grids go; what is asked for again is computed again."""
        if "scores" in vars(self):  # nothing else is there without them
            for name in BY_QUERY:
                vars(self).pop(name, None)

    @cached_property
    def _rows(self) -> dict[int, Trace]:
        return {}

    def only(self, query: int) -> Trace:
        """The same head with the row of one query alone, which costs no more in a long text than in a short one."""
        if query == self.query:
            return self
        if query not in self._rows:
            row = slice(query, query + 1)
            alone = replace(self, allowed=self.allowed[row], keep=self.keep[row], query=query)
            if len(self.allowed) <= LONG:
                # A row by itself may differ from the row of the whole in its last bit.
                vars(alone).update({name: getattr(self, name)[row] for name in BY_QUERY})
            self._rows.clear()
            self._rows[query] = alone
        return self._rows[query]

    def contribution(self, query: int) -> Array:
        """Each value times the weight this query gives it.  -> [key, d_k]"""
        return ops.weighted_values(self.only(query).dropped[0], self.v)  # [key, d_k]

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
    middle_norm: Normed | None = None
    """x + output and its norm, in families that normalise there."""
    network: Callable[[], Array] | None = None
    """Computes what the feed-forward network of a model's layer adds. -> [token, d_model]"""

    @cached_property
    def mlp(self) -> Array | None:
        """[token, d_model]"""
        if self.network is None:
            return None
        added = self.network()  # [token, d_model]
        added.setflags(write=False)
        return added

    @property
    def attended(self) -> Array | None:
        """x + output. [token, d_model]"""
        return None if self.middle_norm is None else self.middle_norm.before

    @property
    def middle(self) -> Array | None:
        """[token, d_model]"""
        return None if self.middle_norm is None else self.middle_norm.after
