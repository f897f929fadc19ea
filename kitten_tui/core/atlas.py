"""Which heads do grammar: how often each looks at the right word, beside what looks at words without grammar."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kitten_tui.core.annotated import RELATIONS, WAYS, Pair
from kitten_tui.core.array_types import Array, Places

FARTHEST = 10
"""Of the fixed offsets that are tried, to both sides."""
OFFSETS = tuple(offset for offset in range(-FARTHEST, FARTHEST + 1) if offset)
FIRST, ATTENDED = "first", "attended"
SINKS = (FIRST, ATTENDED)
"""The same word whoever looks: the first one, or the one that a head gives most when the others look."""
HALVES = 2
KINDS = [(relation, way) for relation in RELATIONS for way in WAYS]
Z = 1.959963984540054
"""Within so many standard deviations lie 95 % of a normal distribution."""
NOBODY = -1


def wilson(right: int, count: int) -> tuple[float, float]:
    """The interval of a share, at 95 %.

    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference" (1927).
    """
    if count == 0:
        return 0.0, 1.0
    share, z = right / count, Z * Z / count
    middle = (share + z / 2) / (1 + z)
    half = Z * math.sqrt(share * (1 - share) / count + z / (4 * count)) / (1 + z)
    return middle - half if right else 0.0, middle + half if right < count else 1.0


@dataclass(frozen=True)
class Skill:
    """What the head that is best on the first half of the sentences does on the second."""

    relation: str
    way: str
    """Of WAYS: who looks."""
    layer: int
    head: int
    chosen: float
    """Its share on the first half."""
    right: int
    """How often it looks at the right word, on the second half, as all numbers from here on."""
    count: int
    offset: int
    """The fixed offset that is best: on this half too, so that no other one would be better."""
    offset_right: int
    sink: str
    """Of SINKS: that which is better, on this half too."""
    sink_right: int

    @property
    def share(self) -> float:
        return self.right / self.count

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.right, self.count)

    @property
    def does(self) -> bool:
        """Whether it may be called by what it does: the lower end of its interval is above what needs no grammar."""
        return self.interval[0] > max(self.offset_right, self.sink_right) / self.count


@dataclass(frozen=True)
class Atlas:
    """What is known of the heads of the layers that have been looked at."""

    text: str
    """What the sentences are called."""
    layers: int
    """How many have been looked at."""
    n_layers: int
    skills: tuple[Skill, ...]
    """Both ways of each relation that has pairs in both halves."""
    sentences: int
    pairs: int
    """Of words that are related, in all sentences."""
    left_out: int
    """Those of them whose words the model cuts otherwise."""

    def best(self, relation: str) -> Skill | None:
        """The way that is better on the first half; None where there is nothing to look at."""
        ways = [skill for skill in self.skills if skill.relation == relation]
        return max(ways, key=lambda skill: skill.chosen, default=None)

    def done_by(self, layer: int, head: int) -> tuple[str, ...]:
        """The relations that a head may be called by."""
        best = (self.best(relation) for relation in RELATIONS)
        return tuple(
            skill.relation for skill in best if skill and skill.does and (skill.layer, skill.head) == (layer, head)
        )


class Tally:
    """Counts, sentence by sentence and layer by layer, how often the right word is looked at."""

    def __init__(self) -> None:
        self.counts: Places = np.zeros((len(KINDS), HALVES), dtype=np.intp)  # [kind, half]
        self.offsets: Places = np.zeros((len(KINDS), HALVES, len(OFFSETS)), dtype=np.intp)  # [kind, half, offset]
        self.first: Places = np.zeros((len(KINDS), HALVES), dtype=np.intp)  # [kind, half]
        self.right: list[Places] = []
        """Of each layer. [kind, half, head]"""
        self.attended: list[Places] = []
        """Of each layer, where the word that the head gives most is looked at by all. [kind, half, head]"""

    def add(self, pairs: Sequence[Pair], half: int) -> None:
        """What needs no head: counts, offsets, and the first word."""
        for pair in pairs:
            kind = KINDS.index((pair.relation, pair.way))
            self.counts[kind, half] += 1
            self.offsets[kind, half] += [pair.query + offset in pair.keys for offset in OFFSETS]
            self.first[kind, half] += (1 if pair.query == 0 else 0) in pair.keys

    def begin_layer(self, heads: int) -> None:
        for counts in (self.right, self.attended):
            counts.append(np.zeros((len(KINDS), HALVES, heads), dtype=np.intp))  # [kind, half, head]

    def look(self, weights: Array, pairs: Sequence[Pair], half: int) -> None:
        """The weights between the words of a sentence, in the last layer that was begun.  [head, query, key]"""
        answers, sinks = answers_of(weights), sinks_of(weights)  # [head, query], [head, query]
        for pair in pairs:
            kind, keys = KINDS.index((pair.relation, pair.way)), [*pair.keys]
            self.right[-1][kind, half] += np.isin(answers[:, pair.query], keys)  # [head]
            self.attended[-1][kind, half] += np.isin(sinks[:, pair.query], keys)  # [head]

    def skills(self) -> tuple[Skill, ...]:
        """The best head of all layers that were looked at, for each kind of pair that both halves have."""
        right, attended = np.stack(self.right), np.stack(self.attended)  # [layer, kind, half, head]
        return tuple(
            self._skill(kind, right[:, kind], attended[:, kind])
            for kind in range(len(KINDS))
            if self.counts[kind].all()
        )

    def _skill(self, kind: int, right: Places, attended: Places) -> Skill:
        """right, attended [layer, half, head]"""
        count, other = (int(number) for number in self.counts[kind])
        layer, head = divmod(int(right[:, 0].argmax()), right.shape[-1])
        offset = int(self.offsets[kind, 1].argmax())
        sinks = {FIRST: int(self.first[kind, 1]), ATTENDED: int(attended[layer, 1, head])}
        sink = max(SINKS, key=sinks.__getitem__)
        return Skill(
            *KINDS[kind],
            *(layer, head),
            chosen=int(right[layer, 0, head]) / count,
            right=int(right[layer, 1, head]),
            count=other,
            offset=OFFSETS[offset],
            offset_right=int(self.offsets[kind, 1, offset]),
            sink=sink,
            sink_right=sinks[sink],
        )


def answers_of(weights: Array) -> Places:
    """The other word that each word gives most; NOBODY where it gives nothing.  [head, query, key] -> [head, query]"""
    others = _of_others(weights)  # [head, query, key]
    answers = others.argmax(axis=-1)  # [head, query]
    largest = np.take_along_axis(others, answers[..., None], axis=-1)[..., 0]  # [head, query]
    return np.where(largest > 0.0, answers, NOBODY)  # [head, query]


def sinks_of(weights: Array) -> Places:
    """Of each word, which other one is given most by all the rest together.  [head, query, key] -> [head, query]"""
    others = _of_others(weights)  # [head, query, key]
    return answers_of(others.sum(axis=1, keepdims=True) - others)  # what a word gives itself says nothing of the rest


def _of_others(weights: Array) -> Array:
    """Without what words give themselves.  [head, query, key] -> [head, query, key]"""
    others = weights.copy()  # [head, query, key]
    every = np.arange(weights.shape[1])  # [query]
    others[:, every, every] = 0.0
    return others


def between_words(weights: Array, pieces: Array) -> Array:
    """Weights of tokens as weights of words: the sum over the tokens of a key, the mean over those of a query.

    Clark et al., "What Does BERT Look At?" (2019). Words without tokens give and get nothing.

    weights [head, query token, key token], pieces [word, token] of 0 and 1 -> [head, word, word]
    """
    counts = pieces.sum(axis=-1, keepdims=True)  # [word, 1]
    means = np.divide(pieces, counts, out=np.zeros_like(pieces), where=counts > 0)  # [word, token]
    return np.asarray(means @ weights @ pieces.T)
