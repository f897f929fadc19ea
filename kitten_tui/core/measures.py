"""What can be said of a whole head in a few numbers, taken while its weights pass by and are not kept.

Measures of where heads look: Clark et al., "What Does BERT Look At?" (2019); induction: Olsson et al., "In-context
Learning and Induction Heads" (2022).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kitten_tui.core.ops import Array, Mask

Places = npt.NDArray[np.intp]

MEASURES = ("entropy", "first", "previous", "self", "same", "induction", "distance")
"""Entropy of a row in bits; the weight on the first token, the previous one, itself, the same token earlier, the one
after the same token earlier; the distance in tokens. Means over the queries that have such a key."""

MOST_PIXELS = 32
MOST_PAIRS = 8


@dataclass(frozen=True)
class Pair:
    """A query and the key it gives most of its weight to."""

    query: int
    key: int
    weight: float


@dataclass(frozen=True, eq=False)
class HeadSummary:
    layer: int
    head: int
    measures: dict[str, float]
    """By the names of MEASURES; nan where the text has no such key."""
    thumbnail: Array
    """The grid made small: the mean of what some queries give to some keys; rows sum to 1. [row, column]"""
    pairs: tuple[Pair, ...]
    """The largest weights among queries that have a choice, every query and every key at most once."""


@dataclass(frozen=True, eq=False)
class Targets:
    """Keys to look for, each with the query that looks; in the order of the queries."""

    query: Places
    """[pair]"""
    key: Places
    """[pair]"""

    @cached_property
    def queries(self) -> int:
        """How many queries have such a key."""
        return len(np.unique(self.query))

    def sum(self, weights: Array, start: int, low: int) -> float:
        """What the rows from a query on, over the keys from `low`, give to these keys.  weights [query, key]"""
        first, last = np.searchsorted(self.query, (start, start + len(weights)))
        query, key = self.query[first:last] - start, self.key[first:last] - low
        near = key >= 0  # a sliding window may have left it behind
        return float(weights[query[near], key[near]].sum())


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Where in a text the measures look: computed once, shared by all heads."""

    n: int
    same: Targets
    """An earlier place of the same token."""
    induction: Targets
    """The place after an earlier place of the same token."""
    bins: Array
    """Which tokens a pixel of a thumbnail stands for. [pixel, token]"""

    @classmethod
    def of(cls, tokens: Sequence[Hashable]) -> Landmarks:
        n = len(tokens)
        numbers: dict[Hashable, int] = {}
        kinds = np.array([numbers.setdefault(token, len(numbers)) for token in tokens])  # [token]
        query, key = np.nonzero((kinds[:, None] == kinds) & np.tri(n, k=-1, dtype=bool))  # [pair], [pair]
        after = key + 1 < query
        pixels = min(n, MOST_PIXELS)
        bins = np.zeros((pixels, n), dtype=np.float32)  # [pixel, token]
        bins[np.arange(n) * pixels // n, np.arange(n)] = 1.0
        return cls(n, Targets(query, key), Targets(query[after], key[after] + 1), bins)


@dataclass(eq=False)
class Survey:
    """One head, added up a block of queries at a time."""

    marks: Landmarks
    thumbnail: Array = field(init=False)
    entropy: float = 0.0
    distance: float = 0.0
    first: float = 0.0
    previous: float = 0.0
    itself: float = 0.0
    same: float = 0.0
    induction: float = 0.0
    best: list[Array] = field(default_factory=list)
    best_key: list[Places] = field(default_factory=list)

    def __post_init__(self) -> None:
        pixels = len(self.marks.bins)
        self.thumbnail = np.zeros((pixels, pixels), dtype=np.float32)

    def add(self, weights: Array, start: int, low: int, entropy: float) -> None:
        """The rows of the queries from `start`, over the keys from `low`; all other keys have no weight.

        The entropy is that of all these rows together.  weights [query, key]
        """
        marks, (rows, columns) = self.marks, weights.shape
        stop, high = start + rows, low + columns
        self.entropy += entropy
        away = np.arange(start, stop, dtype=np.float32)[:, None] - np.arange(
            low, high, dtype=np.float32
        )  # [query, key]
        self.distance += float(np.vdot(weights, np.abs(away, out=away)))
        skip = max(1 - start, 0)  # the first token has no other before it
        behind = max(low + 1 - start, 0)  # a window of one key leaves the previous one behind
        if low == 0:
            self.first += float(weights[skip:, 0].sum())
        query = np.arange(start, stop)  # [query]
        self.itself += float(weights[query - start, query - low].sum())
        self.previous += float(weights[query[behind:] - start, query[behind:] - 1 - low].sum())
        self.same += marks.same.sum(weights, start, low)
        self.induction += marks.induction.sum(weights, start, low)
        self.thumbnail += marks.bins[:, start:stop] @ weights @ marks.bins[:, low:high].T
        key = weights.argmax(axis=-1)  # [query]
        self.best.append(weights[np.arange(rows), key])
        self.best_key.append(key + low)

    def summary(self, layer: int, head: int, allowed_keys: Places) -> HeadSummary:
        """What has been added up; `allowed_keys` counts how many keys each query may look at. [query]"""
        marks, n = self.marks, self.marks.n
        values = {
            "entropy": self.entropy / n,
            "first": _mean(self.first, n - 1),
            "previous": _mean(self.previous, n - 1),
            "self": self.itself / n,
            "same": _mean(self.same, marks.same.queries),
            "induction": _mean(self.induction, marks.induction.queries),
            "distance": self.distance / n,
        }
        sizes = marks.bins.sum(axis=1)  # [pixel]
        pairs = _pairs(np.concatenate(self.best), np.concatenate(self.best_key), allowed_keys > 1)
        return HeadSummary(layer, head, values, self.thumbnail / sizes[:, None], pairs)


def _mean(total: float, count: int) -> float:
    return total / count if count > 0 else math.nan


def _pairs(weight: Array, key: Places, has_choice: Mask) -> tuple[Pair, ...]:
    found: dict[int, Pair] = {}
    for query in np.argsort(-weight, kind="stable"):
        place = int(key[query])
        if has_choice[query] and place not in found:
            found[place] = Pair(int(query), place, float(weight[query]))
            if len(found) == MOST_PAIRS:
                break
    return tuple(found.values())
