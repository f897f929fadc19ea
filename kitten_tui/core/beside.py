"""Two traces beside each other: a quantity here, the same there, and the difference, word by word.

Which word stands beside which is one rule. Texts of as many words stand place by place; of others, the words that both
begin with and those that both end with: what lies between is in one of them alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.array_types import Places as Indices
from kitten_tui.core.source import Source
from kitten_tui.core.workings import Workings

WEIGHTS = "weights"
"""What heads are compared by."""
OF_WORDS = ("token", "query", "key", "pinned")
"""The axes whose places are words."""

Places = tuple[int | None, ...]
"""For each word here, where it stands there; None where it is here alone."""
CameFrom = Callable[[int], int | None]
"""Where a word here stands there; None where it is here alone."""


def stayed(place: int) -> int | None:
    """Every word stands where it stood."""
    return place


def matched(here: Sequence[str], there: Sequence[str]) -> Places:
    """Which word there each word here stands beside."""
    n, others = len(here), len(there)
    if n == others:
        return tuple(range(n))
    shorter = min(n, others)
    first = next((place for place in range(shorter) if here[place] != there[place]), shorter)
    room = shorter - first
    last = next((back for back in range(room) if here[n - 1 - back] != there[others - 1 - back]), room)
    return (*range(first), *([None] * (n - first - last)), *range(others - last, others))


def same_words(here: Source, there: Source) -> CameFrom:
    """Where a word here stands there. What asks and what is looked at may be two texts: both must be the same then."""
    if here.tokens == there.tokens and here.key_tokens == there.key_tokens:
        return stayed
    return matched(here.tokens, there.tokens).__getitem__


def carried(old: Array, axes: Sequence[str], shape: tuple[int, ...], came_from: CameFrom) -> Array | None:
    """An array as it is there, with its words where they stand here: nan for those that are here alone; None where it
    has another shape.
    """
    out = old
    for axis, name in enumerate(axes):
        if name not in OF_WORDS:
            if old.shape[axis] != shape[axis]:
                return None
            continue
        places = [came_from(place) for place in range(shape[axis])]
        new = [place is None for place in places]
        if any(place is not None and place >= old.shape[axis] for place in places):
            return None
        out = out.take([place or 0 for place in places], axis=axis)
        if any(new):
            out = np.where(np.expand_dims(new, tuple(range(axis + 1, len(shape)))), np.nan, out)
    return out


@dataclass(frozen=True, eq=False)
class Numbers:
    """A quantity here and there, both with the axes that it has here."""

    here: Array
    there: Array
    """nan where a word is here alone."""

    @property
    def difference(self) -> Array:
        """By how much more there is here, nan where a word is here alone, 0 where both are −∞."""
        with np.errstate(invalid="ignore"):
            return np.where(self.here == self.there, 0.0, self.here - self.there)


@dataclass(frozen=True, eq=False)
class HeadChange:
    """How differently a head looks here and there."""

    layer: int
    head: int
    size: float
    """How much of its weight a query gives to other words: half the sum of the differences, where the words that are in
    one text alone count as one word. From 0 to 1, the mean over the queries that both have.

    The total variation distance: Levin, Peres and Wilmer, "Markov Chains and Mixing Times" (2009), 4.1.
    """
    query: int
    key: int
    """Of the weight that differs most; places here."""
    here: float
    there: float
    """That weight."""
    picture: Array
    """The differences made small, as the pictures of heads are: means over queries, sums over keys. [row, column]"""


@dataclass(frozen=True, eq=False)
class Beside:
    """A layer of a source beside the same layer of another one, each under its settings."""

    here: Workings
    there: Workings
    came_from: CameFrom

    @classmethod
    def of(cls, here: Workings, there: Workings) -> Beside:
        """With the words that both have."""
        return cls(here, there, same_words(here.source, there.source))

    @cached_property
    def places(self) -> Places:
        return tuple(map(self.came_from, range(len(self.here.source.tokens))))

    def in_layer(self, layer: int) -> Beside:
        return Beside(self.here.in_layer(layer), self.there.in_layer(layer), self.came_from)

    def numbers(self, name: str, head: int) -> Numbers | None:
        """A quantity of a head or of its layer on both sides; None where one has none, or of another shape.

        Raises:
            LookupError: no quantity is called so.
        """
        if name not in self.there.chain:
            return None
        here, there = self.here.array(name, head), self.there.array(name, head)
        if here is None or there is None:
            return None
        was = carried(there, self.here.chain[name].axes, here.shape, self.came_from)
        return None if was is None else Numbers(here, was)

    def change(self, head: int) -> HeadChange:
        """How differently a head of this layer looks."""
        traces = [side.trace(head) for side in (self.here, self.there)]
        here, there = (trace[WEIGHTS].astype(np.float64) for trace in traces)  # [query, key] each
        asking, asking_there = self._both(len(here))  # [query], [query]
        asked, asked_there = self._both(here.shape[1])  # [key], [key]
        ours, theirs = here[np.ix_(asking, asked)], there[np.ix_(asking_there, asked_there)]  # [query, key]
        difference = ours - theirs  # [query, key]
        others = ours.sum(axis=1) - theirs.sum(axis=1)  # [query], what words of one text alone get more there
        if len(asked) == here.shape[1] == there.shape[1]:
            others = np.zeros(len(asking))
        size = float((np.abs(difference).sum(axis=1) + np.abs(others)).mean()) / 2
        query, key = np.unravel_index(int(np.abs(difference).argmax()), difference.shape)
        whole = np.zeros_like(here)  # [query, key]
        whole[np.ix_(asking, asked)] = difference
        for trace in traces:
            trace.forget()
        return HeadChange(
            *(self.here.layer, head, size, int(asking[query]), int(asked[key])),
            *(float(ours[query, key]), float(theirs[query, key]), picture(whole)),
        )

    def _both(self, words: int) -> tuple[Indices, Indices]:
        """Where the words stand that both have, here and there.  -> [word], [word]"""
        both = [(place, beside) for place in range(words) if (beside := self.came_from(place)) is not None]
        here, there = (np.array(side, dtype=np.intp) for side in zip(*both, strict=True))
        return here, there

    def changes(self) -> tuple[HeadChange, ...]:
        """Of every head of this layer."""
        return tuple(self.change(head) for head in range(self.here.source.n_heads))


def picture(grid: Array) -> Array:
    """A grid made small: means over queries, sums over keys.  [query, key] -> [row, column]"""
    from kitten_tui.core.measures import bins  # 6 ms, and few compare heads

    rows, columns = (bins(n) for n in grid.shape)  # [row, query], [column, key]
    return np.asarray((rows / rows.sum(axis=1, keepdims=True)) @ grid @ columns.T)
