"""Sentences whose grammar somebody has written down, and the pairs of words that a relation is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

DEPENDENT, HEAD = "dependent", "head"
WAYS = (DEPENDENT, HEAD)
"""Who looks: the dependent at the word it depends on, or that at its dependent."""

DETERMINER, SUBJECT, OBJECT = "determiner", "subject", "object"
PREPOSITION, PASSIVE, POSSESSIVE, PRONOUN = "preposition", "passive", "possessive", "pronoun"
RELATIONS = (DETERMINER, SUBJECT, OBJECT, PREPOSITION, PASSIVE, POSSESSIVE, PRONOUN)

_BY_LABEL = {
    "det": DETERMINER,
    "nsubj": SUBJECT,
    "obj": OBJECT,
    "aux:pass": PASSIVE,
    "nmod:poss": POSSESSIVE,
    "det:poss": POSSESSIVE,
}
"""What the labels of Universal Dependencies are read as; one that is not here is read by its first part."""
_OTHERWISE = ("nsubj:pass", "det:predet")
"""Labels that are none of these, whatever their first part: what suffers is not what does, "all the" has its "the"."""


@dataclass(frozen=True)
class Word:
    form: str
    start: int
    """Its first character in the text of the sentence."""
    end: int
    """The character after its last."""
    head: int
    """The place of the word it depends on; -1 for the root."""
    label: str
    """Of Universal Dependencies."""
    antecedent: int = -1
    """The place of the word that a pronoun stands for."""


@dataclass(frozen=True)
class Sentence:
    text: str
    words: tuple[Word, ...]
    line: int
    """Of its first word, in the file."""


@dataclass(frozen=True)
class Annotated:
    """Sentences that somebody has annotated; the first, third, … are one half, the second, fourth, … the other."""

    name: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True)
class Pair:
    """A word that looks, and those of which it should look at one."""

    relation: str
    way: str
    query: int
    keys: frozenset[int]


def relation_of(label: str) -> str | None:
    """What a label of Universal Dependencies is read as; None where it is none of the relations."""
    if label in _BY_LABEL or label in _OTHERWISE:
        return _BY_LABEL.get(label)
    return _BY_LABEL.get(label.partition(":")[0])


def pairs_of(sentence: Sentence) -> Iterator[Pair]:
    """Each relation of a sentence, both ways; a pronoun looks back at what it stands for, and nothing looks at it.

    The object of a preposition is a word that depends on another as `obl` or `nmod` (that is no possessive) and has a
    `case` before it: its preposition.
    """
    words = sentence.words
    for place, word in enumerate(words):
        relation = relation_of(word.label)
        if relation is not None and word.head >= 0:
            yield from _both_ways(relation, place, word.head)
        preposition = _preposition(words, place)
        if preposition is not None:
            yield from _both_ways(PREPOSITION, place, preposition)
        if word.antecedent >= 0:
            first = _first_mention(words, place)
            mentions = (other for other in range(place) if _first_mention(words, other) == first)
            yield Pair(PRONOUN, DEPENDENT, place, frozenset(mentions))


def _both_ways(relation: str, dependent: int, head: int) -> Iterator[Pair]:
    yield Pair(relation, DEPENDENT, dependent, frozenset({head}))
    yield Pair(relation, HEAD, head, frozenset({dependent}))


def _preposition(words: tuple[Word, ...], place: int) -> int | None:
    """The place of the preposition that a word is the object of."""
    label = words[place].label
    if label.partition(":")[0] not in ("obl", "nmod") or relation_of(label) == POSSESSIVE:
        return None
    before = (other for other in range(place) if words[other].head == place and words[other].label == "case")
    return next(before, None)


def _first_mention(words: tuple[Word, ...], place: int) -> int:
    """What a pronoun stands for in the end; antecedents stand before what stands for them."""
    while words[place].antecedent >= 0:
        place = words[place].antecedent
    return place
