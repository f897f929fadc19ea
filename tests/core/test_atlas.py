"""Which heads do grammar: heads that are made to, and heads that look at words without it."""

from __future__ import annotations

import numpy as np
import pytest

from kitten_tui.core.annotated import DEPENDENT, HEAD, OBJECT, PRONOUN, RELATIONS, Sentence, pairs_of
from kitten_tui.core.atlas import ATTENDED, FIRST, Atlas, Tally, answers_of, between_words, sinks_of, wilson
from kitten_tui.sources.annotated import open_annotated

SENTENCES = open_annotated("en").sentences


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_an_interval_is_the_published_one(right, count, low, high):
    """Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3."""
    assert wilson(right, count) == pytest.approx((low, high), abs=5e-5)


def test_an_interval_holds_its_share():
    for count in (1, 7, 60):
        for right in range(count + 1):
            low, high = wilson(right, count)
            assert 0 <= low <= right / count <= high <= 1
    assert wilson(0, 0) == (0.0, 1.0)


def knowing(sentence: Sentence, relation: str, way: str) -> np.ndarray:
    """A head that gives the right word all there is, where there is one."""
    weights = np.eye(len(sentence.words))  # [query, key]
    for pair in pairs_of(sentence):
        if (pair.relation, pair.way) == (relation, way):
            weights[pair.query] = 0.0
            weights[pair.query, min(pair.keys)] = 1.0
    return weights


def beside(sentence: Sentence, offset: int) -> np.ndarray:
    """A head that looks at the word at a fixed distance."""
    return np.eye(len(sentence.words), k=offset)


def at(sentence: Sentence, place: int) -> np.ndarray:
    """A head that looks at the same word whoever looks."""
    weights = np.full((len(sentence.words),) * 2, 0.01)
    weights[:, place] = 0.9
    return weights


def atlas(*heads) -> Atlas:
    """What is known of heads that are made by functions of a sentence, all of one layer."""
    tally = Tally()
    tally.begin_layer(len(heads))
    for number, sentence in enumerate(SENTENCES):
        pairs = tuple(pairs_of(sentence))
        tally.add(pairs, number % 2)
        tally.look(np.stack([head(sentence) for head in heads]), pairs, number % 2)
    return Atlas("en", 1, 1, tally.skills(), len(SENTENCES), 0, 0)


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("way", [DEPENDENT, HEAD])
@pytest.mark.first_is_quick
def test_a_head_that_always_looks_at_the_right_word_is_called_by_it(relation, way):
    if (relation, way) == (PRONOUN, HEAD):
        pytest.skip("nothing looks at a pronoun")
    made = atlas(
        lambda sentence: beside(sentence, 1),
        lambda sentence: knowing(sentence, relation, way),
        lambda sentence: at(sentence, 0),
    )
    best = made.best(relation)
    assert best is not None
    assert (best.way, best.head, best.does) == (way, 1, True)
    # A verb has no more than one of each; a word with several looks at one of them.
    assert best.share == pytest.approx(1.0, abs=0.05)
    assert relation in made.done_by(0, 1)
    assert made.done_by(0, 0) == made.done_by(0, 2) == ()


@pytest.mark.parametrize("offset", [-2, -1, 1, 2])
@pytest.mark.first_is_quick
def test_a_head_that_looks_at_a_fixed_distance_is_called_by_nothing(offset):
    made = atlas(lambda sentence: beside(sentence, offset))
    assert made.done_by(0, 0) == ()
    assert all(skill.right <= skill.offset_right for skill in made.skills)


@pytest.mark.parametrize("place", [0, 3])
def test_a_head_that_looks_at_one_word_is_called_by_nothing(place):
    made = atlas(lambda sentence: at(sentence, place))
    assert made.done_by(0, 0) == ()
    assert all(skill.right <= skill.sink_right for skill in made.skills)
    assert {skill.sink for skill in made.skills if skill.right} <= {FIRST if place == 0 else ATTENDED, FIRST}


def test_what_is_chosen_on_one_half_is_scored_on_the_other():
    """A head that knows the first half alone is chosen, and scores nothing."""
    even = {id(sentence) for sentence in SENTENCES[::2]}
    made = atlas(lambda s: knowing(s, OBJECT, DEPENDENT) if id(s) in even else np.eye(len(s.words)))
    skill = next(skill for skill in made.skills if (skill.relation, skill.way) == (OBJECT, DEPENDENT))
    assert (skill.chosen, skill.right, skill.does) == (1.0, 0, False)


def test_a_word_is_no_answer_to_itself_and_nothing_is_none():
    weights = np.array([[[0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [0.0, 0.0, 1.0]]])  # [head, query, key]
    assert answers_of(weights).tolist() == [[1, 2, -1]]
    assert sinks_of(weights).tolist() == [[2, -1, 0]]  # without what the word itself says


def test_weights_of_words_are_summed_over_keys_and_meant_over_queries():
    weights = np.array([[[0.1, 0.2, 0.7], [0.3, 0.3, 0.4], [0.5, 0.25, 0.25]]])  # [head, query, key]
    pieces = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])  # [word, token]
    assert between_words(weights, pieces)[0] == pytest.approx(np.array([[0.45, 0.55, 0], [0.75, 0.25, 0], [0, 0, 0]]))


def test_a_relation_that_one_half_has_not_is_not_judged():
    tally = Tally()
    tally.begin_layer(1)
    pairs = tuple(pairs_of(SENTENCES[0]))
    tally.add(pairs, 0)
    tally.look(beside(SENTENCES[0], 1)[None], pairs, 0)
    made = Atlas("en", 1, 1, tally.skills(), 1, len(pairs), 0)
    assert made.skills == ()
    assert made.best(OBJECT) is None
    assert made.done_by(0, 0) == ()
