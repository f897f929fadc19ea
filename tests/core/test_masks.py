"""Who may look at whom, and which cells dropout keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitten_tui.core import masks


def test_causal_lets_a_query_see_itself_and_what_came_before():
    assert masks.causal(3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]


@pytest.mark.parametrize(
    ("draw", "kept"),
    [((123, 0, 0), [[1, 1, 1], [1, 1, 0], [1, 1, 1]]), ((7, 2, 1), [[1, 1, 1], [0, 1, 1], [0, 1, 1]])],
    ids=["first head", "another layer and head"],
)
def test_the_draw_of_a_seed_layer_and_head_never_changes(draw, kept):
    """A lesson that names a seed shows the same cells on every machine, for ever."""
    assert masks.kept(3, 3, 0.5, *draw).astype(int).tolist() == kept


@pytest.mark.parametrize("other", [(124, 0, 0), (123, 1, 0), (123, 0, 1)], ids=["seed", "layer", "head"])
def test_another_seed_layer_or_head_is_another_draw(other):
    assert (masks.kept(8, 8, 0.5, 123, 0, 0) != masks.kept(8, 8, 0.5, *other)).any()


@given(st.integers(0, 2**32 - 1), st.floats(0, 0.5), st.floats(0.5, 0.99))
def test_a_higher_rate_drops_what_a_lower_one_dropped_and_more(seed, low, high):
    assert (masks.kept(5, 5, low, seed, 0, 0) >= masks.kept(5, 5, high, seed, 0, 0)).all()


def test_dropout_drops_about_its_rate():
    assert masks.kept(200, 200, 0.3, 123, 0, 0).mean() == pytest.approx(0.7, abs=0.01)
