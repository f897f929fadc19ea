"""What each line of attention promises, taken alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.network import project
from kitten_tui.core.operations import SAFE_EXPONENT
from kitten_tui.core.quantity import Scope
from kitten_tui.core.trace import Trace

TABLES = array_shapes(min_dims=2, max_dims=2, max_side=5)


def tables(low: float, high: float):
    return arrays(np.float64, TABLES, elements=st.floats(low, high))


def made(name: str, queries: int = 1, keys: int = 1, **given: object) -> np.ndarray:
    """A quantity by its line and the lines before it, from what is given."""
    sizes = {"query": queries, "key": keys}
    return Trace(ATTENTION, given, (Scope.HEAD, Scope.SHARED), sizes=sizes)[name]


def of_scores(name: str, scores: np.ndarray, divisor: float = 1.0) -> np.ndarray:
    """What follows from scores where everybody may look everywhere."""
    allowed = np.ones(scores.shape, dtype=bool)
    return made(name, *scores.shape, scores=scores, divisor=divisor, allowed=allowed)


def softmax(scores: np.ndarray, divisor: float = 1.0) -> np.ndarray:
    return of_scores("weights", scores, divisor)


X, W, B = np.array([[1.0, 2.0]]), np.array([[3.0, 5.0], [7.0, 11.0]]), np.array([100.0, 200.0])


def test_project_is_a_row_times_a_matrix_plus_the_bias():
    assert project(X, W, B).tolist() == [[117.0, 227.0]]


@pytest.mark.parametrize("role", ["q", "k", "v"])
def test_a_query_a_key_and_a_value_are_a_row_times_a_matrix_plus_the_bias_where_there_is_one(role):
    assert made(role, x=X, **{f"w_{role}": W, f"b_{role}": B}).tolist() == [[117.0, 227.0]]
    assert made(role, x=X, **{f"w_{role}": W}).tolist() == [[17.0, 27.0]]


def test_dot_products_stand_under_query_then_key():
    q, k = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[2.0, 3.0], [5.0, 7.0]])
    assert made("scores", 2, 2, q=q, k=k).tolist() == [[2.0, 5.0], [3.0, 7.0]]


def test_cover_writes_minus_infinity_where_nobody_may_look():
    covered = made("masked", 1, 2, scaled=np.array([[1.0, 2.0]]), allowed=np.array([[True, False]]))
    assert covered.tolist() == [[1.0, -math.inf]]


@given(tables(-SAFE_EXPONENT, SAFE_EXPONENT))
def test_a_row_of_ordinary_size_is_not_shifted(scores):
    assert not of_scores("shift", scores).any()


@given(tables(SAFE_EXPONENT + 1, 1e4))
def test_a_large_row_is_shifted_by_its_largest_score(scores):
    assert (of_scores("shift", scores) == scores.max(axis=-1)).all()


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
    assert (made("dropped", weights=weights, keep=np.ones(weights.shape, dtype=bool), rate=0.0) == weights).all()


@given(tables(0, 1), st.sampled_from([0.1, 0.25, 0.5, 0.9]), st.integers(0, 99))
def test_dropout_lets_the_kept_grow_by_1_over_1_less_p_and_leaves_0_of_the_rest(weights, rate, seed):
    keep = np.random.RandomState(seed).random_sample(weights.shape) >= rate
    dropped = made("dropped", weights=weights, keep=keep, rate=rate)
    assert dropped == pytest.approx(np.where(keep, weights / (1 - rate), 0.0), rel=1e-15, abs=0)


@given(tables(-4, 4), st.sampled_from([1.0, math.sqrt(2), 8.0]))
def test_sensitivity_is_the_trace_of_the_jacobian_found_by_finite_differences(scores, divisor):
    step, n = 1e-5, scores.shape[-1]
    slopes = np.zeros(len(scores))
    for key in range(n):
        nudge = step * (np.arange(n) == key)
        up, down = softmax(scores + nudge, divisor), softmax(scores - nudge, divisor)
        slopes += (up - down)[:, key] / (2 * step)
    assert of_scores("sensitivity", scores, divisor) == pytest.approx(slopes, abs=1e-8)


def test_a_saturated_row_has_no_sensitivity_and_no_headroom():
    scores = np.array([[0.0, 1e4, 0.0]])
    assert [of_scores(name, scores).tolist() for name in ("sensitivity", "headroom")] == [[0.0], [0.0]]


def test_a_grid_without_dropout_is_not_computed_twice():
    """A mask that keeps everything is a factor of a million ones."""
    trace = Trace(
        ATTENTION,
        {"weights": np.full((3, 3), 1 / 3), "keep": np.ones((3, 3), dtype=bool), "kept_share": 1.0},
        (Scope.HEAD,),
        sizes={"query": 3, "key": 3},
    )
    assert trace["dropped"] is trace["weights"]
