"""What can be said of a whole head in a few numbers, taken while its weights pass by and are not kept.

Measures of where heads look: Clark et al., "What Does BERT Look At?" (2019); induction: Olsson et al., "In-context
Learning and Induction Heads" (2022).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
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

    def sum(self, weights: Array, start: int, low: int) -> Array:
        """What the rows from a query on, over the keys from `low`, give to these keys.

        weights [head, query, key] -> [head]
        """
        first, last = np.searchsorted(self.query, (start, start + weights.shape[1]))
        query, key = self.query[first:last] - start, self.key[first:last] - low
        if low:
            near = key >= 0  # a sliding window may have left it behind
            query, key = query[near], key[near]
        found: Array = weights[:, query, key].sum(axis=-1)  # [head]
        return found


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
    away: Array
    """How far apart a query and a key are: a view of a few numbers. [query, key]"""

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
        ramp = np.abs(np.arange(1 - n, n, dtype=np.float32))  # [2n - 1]
        away = np.lib.stride_tricks.sliding_window_view(ramp, n)[::-1]  # [query, key]
        return cls(n, Targets(query, key), Targets(query[after], key[after] + 1), bins, away)


class Survey:
    """Some heads, added up a block of queries at a time."""

    def __init__(self, marks: Landmarks, heads: int) -> None:
        self.marks = marks
        pixels = len(marks.bins)
        self.thumbnails: Array = np.zeros((heads, pixels, pixels), dtype=np.float32)  # [head, row, column]
        self.totals: dict[str, Array] = {name: np.zeros(heads) for name in MEASURES}
        """[head]"""
        self.best: list[Array] = []
        """[head, query]"""
        self.best_key: list[Places] = []
        """[head, query]"""

    def add(self, weights: Array, start: int, low: int, entropy: Array) -> None:
        """The rows of the queries from `start`, over the keys from `low`; all other keys have no weight.

        The entropy is that of all these rows together.  weights [head, query, key], entropy [head]
        """
        marks, totals, (_, rows, columns) = self.marks, self.totals, weights.shape
        stop, high = start + rows, low + columns
        totals["entropy"] += entropy
        totals["distance"] += np.einsum("hqk,qk->hq", weights, marks.away[start:stop, low:high]).sum(axis=-1)
        skip = max(1 - start, 0)  # the first token has no other before it
        if low == 0:
            totals["first"] += weights[:, skip:, 0].sum(axis=-1)
        query = np.arange(rows)  # [query]
        key = query + start - low  # [query]
        totals["self"] += weights[:, query, key].sum(axis=-1)
        near = key > 0  # the one before may lie outside a sliding window
        totals["previous"] += weights[:, query[near], key[near] - 1].sum(axis=-1)
        totals["same"] += marks.same.sum(weights, start, low)
        totals["induction"] += marks.induction.sum(weights, start, low)
        pixels = len(marks.bins)
        row = slice(start * pixels // marks.n, (stop - 1) * pixels // marks.n + 1)  # those of these queries
        self.thumbnails[:, row] += marks.bins[row, start:stop] @ weights @ marks.bins[:, low:high].T
        self.best.append(weights.max(axis=-1))
        self.best_key.append(weights.argmax(axis=-1) + low)

    def summaries(self, layer: int, first: int, allowed_keys: Places) -> list[HeadSummary]:
        """What has been added up of the heads from `first`; `allowed_keys` counts how many keys each query may look
        at. [query]
        """
        marks, n = self.marks, self.marks.n
        counts = {"first": n - 1, "previous": n - 1, "same": marks.same.queries, "induction": marks.induction.queries}
        thumbnails = self.thumbnails / marks.bins.sum(axis=1)[:, None]  # [head, row, column]
        best, best_key = np.concatenate(self.best, axis=-1), np.concatenate(self.best_key, axis=-1)  # [head, query]
        return [
            HeadSummary(
                layer,
                first + place,
                {name: _mean(float(total[place]), counts.get(name, n)) for name, total in self.totals.items()},
                thumbnails[place],
                _pairs(best[place], best_key[place], allowed_keys > 1),
            )
            for place in range(len(thumbnails))
        ]


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
