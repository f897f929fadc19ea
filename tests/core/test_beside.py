"""Two traces beside each other: which word stands beside which, and how differently a head looks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitten_tui.core.beside import Beside, carried, matched, picture
from kitten_tui.core.cell import Cell
from kitten_tui.core.workings import Workings
from kitten_tui.sources.find import open_source
from kitten_tui.sources.recording import Recording

TOKENS = st.lists(st.sampled_from("abc"), min_size=1, max_size=8)


def recorded(weights, tokens, key_tokens=None):
    given = {"weights": np.asarray(weights, dtype=float)[None, None]}
    recording = Recording(given, tuple(tokens), key_tokens=key_tokens)
    return Workings(recording, recording.settings)


@pytest.mark.parametrize(
    ("here", "there", "places"),
    [
        ("a b c", "a x c", (0, 1, 2)),
        ("the small cat sat", "the cat sat", (0, None, 1, 2)),
        ("the cat sat", "the small cat sat", (0, 2, 3)),
        ("a a", "a a a", (0, 1)),
        ("a b", "c d e", (None, None)),
    ],
)
def test_words_stand_beside_one_another_by_one_rule(here, there, places):
    assert matched(here.split(), there.split()) == places


@given(TOKENS, TOKENS)
def test_no_word_stands_beside_two_and_order_is_kept(here, there):
    both = [place for place in matched(here, there) if place is not None]
    assert both == sorted(set(both))
    if len(here) != len(there):
        pairs = zip(here, matched(here, there), strict=True)
        assert all(place is None or word == there[place] for word, place in pairs)


def test_what_is_in_one_text_alone_has_no_number():
    moved = carried(np.arange(9.0).reshape(3, 3), ("query", "key"), (4, 4), (0, None, 1, 2).__getitem__)
    assert np.isnan(moved[1]).all()
    assert moved[2].tolist()[0] == 3.0
    assert carried(np.zeros((3, 5)), ("query", "d_k"), (3, 4), (0, 1, 2).__getitem__) is None


def test_a_head_moves_as_much_weight_as_it_takes_from_one_word_and_gives_another():
    here, there = [[1.0, 0.0], [0.75, 0.25]], [[1.0, 0.0], [0.25, 0.75]]
    change = Beside.of(recorded(here, "ab"), recorded(there, "ab")).change(0)
    assert change.size == pytest.approx(0.5 / 2)  # half a weight of one of two queries
    assert (change.query, change.key, change.here, change.there) == (1, 0, 0.75, 0.25)


def test_words_of_one_text_alone_count_as_one_word():
    here = [[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.2, 0.2, 0.6, 0], [0.1, 0.1, 0.1, 0.7]]
    there = [[1, 0, 0], [0.3, 0.7, 0], [0.2, 0.1, 0.7]]
    change = Beside.of(recorded(here, "axbc"), recorded(there, "abc")).change(0)
    rows = [  # by hand: Σ|Δ| over a, b, c, and what x gets
        0.0,
        abs(0.2 - 0.3) + abs(0.6 - 0.7) + 0.2,
        abs(0.1 - 0.2) + abs(0.1 - 0.1) + abs(0.7 - 0.7) + 0.1,
    ]
    assert change.size == pytest.approx(sum(rows) / 2 / 3)


def test_what_looks_at_another_text_stands_beside_itself():
    """Two queries and five keys, so that a place of a key is no place of a query."""
    here, there = np.full((2, 5), 0.2), np.eye(5)[[4, 0]]
    beside = Beside.of(recorded(here, "ab", "vwxyz"), recorded(there, "ab", "vwxyz"))
    change = beside.change(0)
    assert change.size == pytest.approx(0.8)
    assert (change.query, change.key) == (0, 4)
    numbers = beside.numbers("weights", 0)
    assert np.array_equal(numbers.difference, here - there)


@pytest.mark.parametrize("seed", range(4))
def test_no_head_moves_more_than_all_its_weight(seed):
    draw = np.random.default_rng(seed)
    grids = []
    for n in (5, 7):
        raw = np.exp(4 * draw.normal(size=(n, n))) * np.tri(n)
        grids.append(raw / raw.sum(axis=1, keepdims=True))
    here, there = recorded(grids[0], "abxcd"), recorded(grids[1], "abyyycd")
    change = Beside.of(here, there).change(0)
    assert 0 < change.size <= 1
    assert Beside.of(here, here).change(0).size == 0


def test_the_picture_has_the_mean_of_queries_and_the_sum_of_keys():
    grid = np.random.default_rng(0).normal(size=(40, 40))
    small = picture(grid)
    assert small.shape == (32, 32)
    assert small.sum(axis=1).mean() == pytest.approx(grid.sum(axis=1).mean(), rel=0.5)
    assert np.array_equal(picture(grid[:4, :4]), grid[:4, :4])


def test_numbers_of_a_lesson_before_and_after():
    opened = open_source("journey")
    after = opened.editor.change_number(Cell("w_q", (0, 0), 0), 3.0)
    sides = [Workings(source, source.settings) for source in (after, opened)]
    beside = Beside.of(*sides)
    numbers = beside.numbers("q", 0)
    assert np.array_equal(numbers.difference, sides[0].array("q", 0) - sides[1].array("q", 0))
    assert not beside.numbers("k", 0).difference.any()
    assert beside.numbers("k", 0).here.shape == numbers.here.shape
    assert beside.change(0).size > 0
