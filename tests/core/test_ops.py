"""What each step promises, taken alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from kitten_tui.core import masks, ops
from kitten_tui.core.positions import sinusoidal

TABLES = array_shapes(min_dims=2, max_dims=2, max_side=5)


def tables(low: float, high: float):
    return arrays(np.float64, TABLES, elements=st.floats(low, high))


def softmax(scores):
    shift = ops.exponent_shift(scores)
    exp = ops.exponentials(scores, shift)
    return ops.normalise(exp, exp.sum(axis=-1))


def test_project_is_a_row_times_a_matrix_plus_the_bias():
    x, w, b = np.array([[1.0, 2.0]]), np.array([[3.0, 5.0], [7.0, 11.0]]), np.array([100.0, 200.0])
    assert ops.project(x, w, b).tolist() == [[117.0, 227.0]]


def test_dot_products_stand_under_query_then_key():
    q, k = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[2.0, 3.0], [5.0, 7.0]])
    assert ops.dot_products(q, k).tolist() == [[2.0, 5.0], [3.0, 7.0]]


def test_cover_writes_minus_infinity_where_nobody_may_look():
    covered = ops.cover(np.array([[1.0, 2.0]]), np.array([[True, False]]))
    assert covered.tolist() == [[1.0, -math.inf]]


@given(tables(-ops.SAFE_EXPONENT, ops.SAFE_EXPONENT))
def test_a_row_of_ordinary_size_is_not_shifted(scores):
    assert not ops.exponent_shift(scores).any()


@given(tables(ops.SAFE_EXPONENT + 1, 1e4))
def test_a_large_row_is_shifted_by_its_largest_score(scores):
    assert (ops.exponent_shift(scores) == scores.max(axis=-1)).all()


@given(tables(-15, 15), st.floats(-1e3, 1e3))
def test_softmax_does_not_change_when_a_row_is_shifted(scores, constant):
    assert softmax(scores + constant) == pytest.approx(softmax(scores), abs=1e-12)


@given(tables(-1e4, 1e4))
def test_softmax_of_large_scores_still_sums_to_1(scores):
    assert softmax(scores).sum(axis=-1) == pytest.approx(1.0, abs=1e-12)


@given(tables(-1e4, 1e4))
def test_softmax_keeps_the_order_of_the_scores(scores):
    order = scores.argsort(axis=-1)
    assert (np.diff(np.take_along_axis(softmax(scores), order, axis=-1)) >= 0).all()


def test_a_row_with_everything_covered_has_weights_of_exactly_0():
    assert softmax(np.full((1, 3), -np.inf)).tolist() == [[0.0, 0.0, 0.0]]


def test_equal_scores_share_equally():
    assert softmax(np.zeros((1, 4))).tolist() == [[0.25, 0.25, 0.25, 0.25]]


@given(tables(0, 1))
def test_dropout_at_rate_0_changes_nothing(weights):
    assert (ops.drop(weights, np.ones(weights.shape, dtype=bool), 0.0) == weights).all()


@given(tables(0, 1), st.sampled_from([0.1, 0.25, 0.5, 0.9]), st.integers(0, 99))
def test_dropout_lets_the_kept_grow_by_1_over_1_less_p_and_leaves_0_of_the_rest(weights, rate, seed):
    keep = np.random.RandomState(seed).random_sample(weights.shape) >= rate
    assert ops.drop(weights, keep, rate) == pytest.approx(np.where(keep, weights / (1 - rate), 0.0), rel=1e-15, abs=0)


@given(tables(-4, 4), st.sampled_from([1.0, math.sqrt(2), 8.0]))
def test_gradient_is_the_trace_of_the_jacobian_found_by_finite_differences(scores, divisor):
    step, n = 1e-5, scores.shape[-1]
    slopes = np.zeros(len(scores))
    for key in range(n):
        nudge = step * (np.arange(n) == key)
        up, down = softmax((scores + nudge) / divisor), softmax((scores - nudge) / divisor)
        slopes += (up - down)[:, key] / (2 * step)
    assert ops.gradient(softmax(scores / divisor), divisor) == pytest.approx(slopes, abs=1e-8)


def test_a_saturated_row_has_no_gradient_and_no_headroom():
    weights = softmax(np.array([[0.0, 1e4, 0.0]]))
    assert (ops.gradient(weights, 1.0).tolist(), ops.headroom(weights).tolist()) == ([0.0], [0.0])


def test_causal_lets_a_query_see_itself_and_what_came_before():
    assert masks.causal(3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]


@pytest.mark.parametrize(
    ("draw", "kept"),
    [((123, 0, 0), [[1, 1, 1], [1, 1, 0], [1, 1, 1]]), ((7, 2, 1), [[1, 1, 1], [0, 1, 1], [0, 1, 1]])],
    ids=["first head", "another layer and head"],
)
def test_the_draw_of_a_seed_layer_and_head_never_changes(draw, kept):
    """A lesson that names a seed shows the same cells on every machine, for ever."""
    assert masks.kept(3, 0.5, *draw).astype(int).tolist() == kept


@pytest.mark.parametrize("other", [(124, 0, 0), (123, 1, 0), (123, 0, 1)], ids=["seed", "layer", "head"])
def test_another_seed_layer_or_head_is_another_draw(other):
    assert (masks.kept(8, 0.5, 123, 0, 0) != masks.kept(8, 0.5, *other)).any()


@given(st.integers(0, 2**32 - 1), st.floats(0, 0.5), st.floats(0.5, 0.99))
def test_a_higher_rate_drops_what_a_lower_one_dropped_and_more(seed, low, high):
    assert (masks.kept(5, low, seed, 0, 0) >= masks.kept(5, high, seed, 0, 0)).all()


def test_dropout_drops_about_its_rate():
    assert masks.kept(200, 0.3, 123, 0, 0).mean() == pytest.approx(0.7, abs=0.01)


@given(st.integers(1, 50), st.integers(1, 16))
def test_each_pair_of_position_dimensions_is_a_point_on_the_circle(n, waves):
    position = sinusoidal(n, 2 * waves)
    assert position[:, 0::2] ** 2 + position[:, 1::2] ** 2 == pytest.approx(1.0, abs=1e-12)


def test_the_first_position_is_sine_and_cosine_of_0():
    assert sinusoidal(1, 5).tolist() == [[0.0, 1.0, 0.0, 1.0, 0.0]]


@given(st.integers(0, 40), st.integers(0, 7))
def test_positions_follow_the_formula_of_the_paper(place, dimension):
    angle = place / 10000 ** (2 * (dimension // 2) / 8)
    expected = math.cos(angle) if dimension % 2 else math.sin(angle)
    assert sinusoidal(41, 8)[place, dimension] == pytest.approx(expected, abs=1e-12)
