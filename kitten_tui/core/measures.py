"""What can be said of a whole head in a few numbers, taken while its weights pass by and are not kept.

Measures of where heads look: Clark et al., "What Does BERT Look At?" (2019); induction: Olsson et al., "In-context
Learning and Induction Heads" (2022).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from kitten_tui.core.array_types import Array, Mask, Places

if TYPE_CHECKING:
    from kitten_tui.core.source import Source

MEASURES = ("entropy", "first", "sink", "previous", "self", "next", "same", "induction", "distance")
"""Entropy of a row in bits; the weight on the first token, on the one that all queries together look at most, the
previous one, itself, the next one, the same token earlier, the one after the same token earlier; the distance in
tokens. Means over the queries that have such a key."""

MOST_EXPONENT = 80.0
"""What float32 can raise e to with room to spare."""
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
    largest: Array
    """The largest weight of each query that may look at more than one key; 0 of the others. [query]"""
    largest_key: Places
    """[query]"""
    sink: int = 0
    """The key that all queries together look at most."""
    uniform: Mapping[str, float] = field(default_factory=dict)
    """The measures of a head that gives every key it may look at the same weight."""

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The largest weights among queries that have a choice, every query and every key at most once."""
        by_key: dict[int, Pair] = {}
        for query in np.argsort(-self.largest, kind="stable"):
            key, weight = int(self.largest_key[query]), float(self.largest[query])
            if weight and key not in by_key:
                by_key[key] = Pair(int(query), key, weight)
                if len(by_key) == MOST_PAIRS:
                    break
        return tuple(by_key.values())


@dataclass(frozen=True, eq=False)
class Rows:
    """Some rows of some heads after exp, not yet divided by their sums: a weight is exp · share."""

    exp: Array
    """The largest of a row is 1. [head, query, key]"""
    share: Array
    """1 / Σ exp of a row, and so its largest weight. [head, query]"""
    largest_key: Places
    """The key of the largest weight, as a place among these keys. [head, query]"""
    entropy: Array
    """Of all rows of a head together, in bits. [head]"""

    @classmethod
    def of(cls, scores: Array, room: Array | None = None, sinks: Array | None = None) -> Rows:
        """Takes the scores for its own, and the room for what it computes.  [head, query, key]

        `sinks` are scores that take their share and are no key's. [head]
        """
        largest_key = scores.argmax(axis=-1)  # [head, query]
        largest = np.take_along_axis(scores, largest_key[..., None], axis=-1)  # [head, query, 1]
        scores -= largest  # [head, query, key]
        exp = np.exp(scores, out=room)  # [head, query, key]
        total = keys = np.einsum("hqk->hq", exp)  # [head, query]
        if sinks is not None:
            total = keys + np.exp(np.minimum(sinks[:, None] - largest[..., 0], MOST_EXPONENT))  # [head, query]
        # Σ p log p = Σ p (score − log total), and the scores are still here.
        expected = np.einsum("hqk,hqk->hq", exp, scores) / total  # [head, query]
        entropy = (np.log(total) * (keys / total) - expected).sum(axis=-1) / math.log(2.0)  # [head]
        return cls(exp, 1.0 / total, largest_key, entropy)

    @classmethod
    def of_weights(cls, weights: Array) -> Rows:
        """Rows of which nothing but the weights is known.  [head, query, key]"""
        largest_key = weights.argmax(axis=-1)  # [head, query]
        share = np.take_along_axis(weights, largest_key[..., None], axis=-1)[..., 0]  # [head, query]
        exp = np.divide(weights, share[..., None], out=np.zeros_like(weights), where=share[..., None] > 0)
        some = np.where(weights > 0, weights, 1.0)  # 0 log 0 is 0
        return cls(exp, share, largest_key, -(some * np.log2(some)).sum(axis=(-2, -1)))

    def mixed(self, vectors: Array) -> Array:
        """Each vector times the weight that a query gives it, added up.  [head, key, n] -> [head, query, n]"""
        return (self.exp @ vectors) * self.share[..., None]  # [head, query, n]


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

    def within(self, queries: slice, keys: slice) -> Targets:
        """Those of some queries, counted from the first of them and from the first of these keys."""
        first, last = np.searchsorted(self.query, (queries.start, queries.stop))
        query, key = self.query[first:last] - queries.start, self.key[first:last] - keys.start  # [pair], [pair]
        near = (key >= 0) & (key < keys.stop - keys.start)  # a window may have left it behind, or not reach it
        return Targets(query[near], key[near])

    def given(self, rows: Rows) -> Array:
        """What these rows give to these keys.  -> [head]"""
        heads, _, n_keys = rows.exp.shape
        exp = rows.exp.reshape(heads, -1).take(self.query * n_keys + self.key, axis=1)  # [head, pair]
        given: Array = np.einsum("hp,hp->h", exp, rows.share.take(self.query, axis=1))  # [head]
        return given


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Where in a text the measures look: computed once, shared by all heads."""

    n: int
    """How many queries."""
    targets: dict[str, Targets]
    """By the names of those measures that look for keys."""
    query_bins: Array
    """Which queries a row of a thumbnail stands for. [row, query]"""
    key_bins: Array
    """Which keys a column stands for. [column, key]"""
    away: Array
    """How far apart a query and a key are: a view of a few numbers. [query, key]"""

    @classmethod
    def across(cls, queries: int, keys: int) -> Landmarks:
        """Where other tokens are looked at than those that look: nothing there is before, after or the same."""
        nobody = np.arange(0)  # [pair]
        every = np.arange(queries)  # [query]
        targets = {name: Targets(nobody, nobody) for name in ("previous", "self", "next", "same", "induction")}
        targets["first"] = Targets(every, np.zeros_like(every))
        away = np.full((queries, keys), np.nan, dtype=np.float32)  # [query, key]
        return cls(queries, targets, bins(queries), bins(keys), away)

    @classmethod
    def of(cls, tokens: Sequence[Hashable]) -> Landmarks:
        n = len(tokens)
        numbers: dict[Hashable, int] = {}
        kinds = np.array([numbers.setdefault(token, len(numbers)) for token in tokens])  # [token]
        every = np.arange(n)  # [token]
        query, key = np.nonzero((kinds[:, None] == kinds) & np.tri(n, k=-1, dtype=bool))  # [pair], [pair]
        after = key + 1 < query
        targets = {
            "first": Targets(every[1:], np.zeros_like(every[1:])),  # the first token has no other before it
            "previous": Targets(every[1:], every[:-1]),
            "self": Targets(every, every),
            "next": Targets(every[:-1], every[1:]),
            "same": Targets(query, key),
            "induction": Targets(query[after], key[after] + 1),
        }
        ramp = np.abs(np.arange(1 - n, n, dtype=np.float32))  # [2n - 1]
        away = np.lib.stride_tricks.sliding_window_view(ramp, n)[::-1]  # [query, key]
        return cls(n, targets, bins(n), bins(n), away)

    def part(self, queries: slice, keys: slice) -> LandmarkBlock:
        """What there is of it for some queries and all keys that any of them may look at."""
        pixels = len(self.query_bins)
        row = slice(queries.start * pixels // self.n, (queries.stop - 1) * pixels // self.n + 1)
        return LandmarkBlock(
            keys.start,
            {name: targets.within(queries, keys) for name, targets in self.targets.items()},
            self.away[queries, keys],
            row,
            self.query_bins[row, queries],
            self.key_bins[:, keys].T,
        )


@dataclass(frozen=True, eq=False)
class LandmarkBlock:
    """The landmarks of a block of queries and keys."""

    first_key: int
    targets: dict[str, Targets]
    away: Array
    """[query, key]"""
    row: slice
    """The pixels in which these queries are."""
    query_bins: Array
    """[row, query]"""
    key_bins: Array
    """[key, column]"""


class Tally:
    """Some heads, added up a block of queries at a time."""

    def __init__(self, marks: Landmarks, heads: int) -> None:
        self.marks = marks
        shape = (heads, len(marks.query_bins), len(marks.key_bins))
        self.thumbnails: Array = np.zeros(shape, dtype=np.float32)  # [head, row, column]
        self.totals: dict[str, Array] = {name: np.zeros(heads) for name in MEASURES}
        """[head]"""
        self.received: Array = np.zeros((heads, marks.away.shape[1]))
        """What all queries give to a key. [head, key]"""
        self.largest: list[Array] = []
        """[head, query]"""
        self.largest_key: list[Places] = []
        """[head, query]"""

    def add(self, rows: Rows, part: LandmarkBlock) -> None:
        """The rows of the next queries; keys that are not in this part have no weight."""
        away = np.einsum("hqk,qk->hq", rows.exp, part.away)  # [head, query]
        self.totals["distance"] += np.einsum("hq,hq->h", away, rows.share)
        self.totals["entropy"] += rows.entropy
        for name, targets in part.targets.items():
            self.totals[name] += targets.given(rows)
        shares = part.query_bins * rows.share[:, None]  # [head, row, query]
        given = shares @ rows.exp  # [head, row, key]
        self.thumbnails[:, part.row] += given @ part.key_bins
        self.received[:, part.first_key : part.first_key + given.shape[-1]] += given.sum(axis=1)
        self.largest.append(rows.share)
        self.largest_key.append(rows.largest_key + part.first_key)

    def summaries(
        self, layer: int, first: int, allowed_keys: Places, uniform: Mapping[str, float] | None = None
    ) -> list[HeadSummary]:
        """What has been added up of the heads from `first`; `allowed_keys` counts how many keys each query may look
        at [query], `uniform` is what a head would score that looks at all of them alike.
        """
        sinks = self.received.argmax(axis=-1)  # [head]
        self.totals["sink"] = self.received.max(axis=-1)  # [head]
        n, targets = self.marks.n, self.marks.targets
        counts = {name: targets[name].queries if name in targets else n for name in MEASURES}
        thumbnails = self.thumbnails / self.marks.query_bins.sum(axis=1)[:, None]  # [head, row, column]
        largest = np.where(allowed_keys > 1, np.concatenate(self.largest, axis=-1), 0.0)  # [head, query]
        largest_key = np.concatenate(self.largest_key, axis=-1)  # [head, query]
        return [
            HeadSummary(
                layer,
                first + place,
                {name: _mean(float(total[place]), counts[name]) for name, total in self.totals.items()},
                thumbnails[place],
                largest[place],
                largest_key[place],
                int(sinks[place]),
                uniform or {},
            )
            for place in range(len(thumbnails))
        ]


def weights_between(source: Source, layer: int, query: int, key: int, name: str = "weights") -> list[float]:
    """What each head of a layer gives from a query to a key, by a [query, key] quantity."""
    heads = (source.trace(layer, head, source.settings) for head in range(source.n_heads))
    return [float(head.row(name, query)[key]) for head in heads]


def bins(n: int) -> Array:
    """Which of n tokens a pixel stands for.  -> [pixel, token]"""
    pixels, every = min(n, MOST_PIXELS), np.arange(n)  # [token]
    bins = np.zeros((pixels, n), dtype=np.float32)  # [pixel, token]
    bins[every * pixels // n, every] = 1.0
    return bins


def survey_weights(
    weights: Array, marks: Landmarks, layer: int, head: int, uniform: Mapping[str, float] | None = None
) -> HeadSummary:
    """The summary of a head of which there are the weights.  [query, key]"""
    survey = Tally(marks, 1)
    survey.add(
        Rows.of_weights(np.asarray(weights, dtype=np.float64)[None]),
        marks.part(slice(0, marks.n), slice(0, weights.shape[1])),
    )
    (summary,) = survey.summaries(layer, head, np.count_nonzero(weights, axis=-1), uniform)
    return summary


def uniform_measures(allowed: Mask, marks: Landmarks) -> dict[str, float]:
    """What a head scores that gives every key it may look at the same weight.  [query, key]"""
    counts = allowed.sum(axis=-1, keepdims=True)  # [query, 1]
    return survey_weights(allowed / np.maximum(counts, 1), marks, 0, 0).measures


def _mean(total: float, count: int) -> float:
    return total / count if count > 0 else math.nan
