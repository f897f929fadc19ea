"""What is added up block by block is what a loop over all queries and keys finds."""

from __future__ import annotations

import math
from functools import cache
from itertools import product

import numpy as np
import pytest

from kitten_tui.core import masks
from kitten_tui.core.measures import (
    MEASURES,
    MOST_PAIRS,
    MOST_PIXELS,
    HeadSummary,
    Landmarks,
    Rows,
    Tally,
    survey_weights,
    uniform_measures,
)
from kitten_tui.sources.checkpoint.forward import uniform

SIZES, BLOCKS, WINDOWS = (1, 2, 7, 33, 70), (1, 4, 100), (None, 2, 3)
"""Tokens; queries at a time; how many keys a query sees."""
KINDS = 5
"""Different tokens in a text, so that the longer ones repeat."""


@cache
def text(n: int) -> tuple[int, ...]:
    return tuple(np.random.RandomState(n).randint(KINDS, size=n).tolist())


@cache
def grid(n: int, window: int | None) -> np.ndarray:
    """Rows that sum to 1; with a window, nothing ahead and nothing further back."""
    weights = np.random.RandomState(n).dirichlet(np.full(n, 0.5), size=n)
    if window is not None:
        back = np.arange(n)[:, None] - np.arange(n)
        weights = np.where((back >= 0) & (back < window), weights + 1e-3, 0.0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


@cache
def surveyed(n: int, block: int, window: int | None) -> HeadSummary:
    marks, weights = Landmarks.of(text(n)), grid(n, window)
    survey = Tally(marks, 1)
    for start in range(0, n, block):
        stop = min(start + block, n)
        low, high = (0, n) if window is None else (max(0, start - window + 1), stop)
        part = marks.part(slice(start, stop), slice(low, high))
        survey.add(rows(weights[start:stop, low:high], entropy(weights[start:stop])), part)
    return survey.summaries(3, 2, np.count_nonzero(weights, axis=1))[0]


def rows(weights: np.ndarray, entropy: float = 0.0) -> Rows:
    """Of one head."""
    largest = weights.max(axis=1, keepdims=True)  # [query, 1]
    return Rows((weights / largest)[None], largest.T, weights.argmax(axis=1)[None], np.array([entropy]))


def entropy(rows: np.ndarray) -> float:
    return -sum(float(weight) * math.log2(weight) for weight in rows.flat if weight > 0)


def mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else math.nan


def plainly(n: int, window: int | None) -> dict[str, float]:
    """As each measure is worded."""
    weights, tokens, found = grid(n, window).astype(float), text(n), {name: [] for name in MEASURES}
    for query in range(n):
        earlier = [key for key in range(query) if tokens[key] == tokens[query]]
        after = [key + 1 for key in earlier if key + 1 < query]
        found["entropy"].append(entropy(weights[query]))
        found["distance"].append(sum(weights[query, key] * abs(query - key) for key in range(n)))
        found["self"].append(weights[query, query])
        if query + 1 < n:
            found["next"].append(weights[query, query + 1])
        if query:
            found["first"].append(weights[query, 0])
            found["previous"].append(weights[query, query - 1])
        if earlier:
            found["same"].append(sum(weights[query, key] for key in earlier))
        if after:
            found["induction"].append(sum(weights[query, key] for key in after))
    found["sink"] = [max(sum(weights[query, key] for query in range(n)) / n for key in range(n))]
    return {name: mean(numbers) for name, numbers in found.items()}


def some_scores() -> np.ndarray:
    """[head, query, key]"""
    return np.random.RandomState(1).normal(scale=30, size=(2, 4, 6)).astype(np.float32)


def test_an_exp_times_its_share_is_the_weight_of_softmax():
    found, exp = Rows.of(some_scores()), np.exp(some_scores().astype(float))
    assert found.exp * found.share[..., None] == pytest.approx(exp / exp.sum(axis=-1, keepdims=True), abs=1e-6)


def test_the_largest_weight_of_a_row_stands_where_its_largest_score_does():
    assert (Rows.of(some_scores()).largest_key == some_scores().argmax(axis=-1)).all()


def test_the_entropy_of_rows_is_that_of_their_weights():
    found = Rows.of(some_scores())
    weights = found.exp * found.share[..., None]
    assert found.entropy == pytest.approx([entropy(head) for head in weights], abs=1e-4)


def test_what_rows_mix_is_the_weighted_sum_of_the_vectors():
    found, vectors = Rows.of(some_scores()), np.random.RandomState(2).normal(size=(2, 6, 3))
    wanted = np.zeros((2, 4, 3))
    for head, query, key in np.ndindex(found.exp.shape):
        wanted[head, query] += found.exp[head, query, key] * found.share[head, query] * vectors[head, key]
    assert found.mixed(vectors) == pytest.approx(wanted, abs=1e-5)


every = pytest.mark.parametrize(("n", "block", "window"), list(product(SIZES, BLOCKS, WINDOWS)))


@every
def test_measures_are_what_a_loop_over_all_weights_finds(n, block, window):
    assert surveyed(n, block, window).measures == pytest.approx(plainly(n, window), abs=1e-5, nan_ok=True)


def test_nothing_is_given_to_the_token_before_where_a_window_holds_the_token_alone():
    assert surveyed(7, 1, 1).measures["previous"] == 0.0


@every
def test_the_rows_of_a_thumbnail_sum_to_1(n, block, window):
    assert surveyed(n, block, window).thumbnail.sum(axis=1) == pytest.approx(1.0, abs=1e-5)


@every
def test_a_pixel_is_what_its_queries_give_to_its_keys_on_average(n, block, window):
    pixels = min(n, MOST_PIXELS)
    pixel = [token * pixels // n for token in range(n)]
    wanted = np.zeros((pixels, pixels))
    for query, key in product(range(n), repeat=2):
        wanted[pixel[query], pixel[key]] += grid(n, window)[query, key] / pixel.count(pixel[query])
    assert surveyed(n, block, window).thumbnail == pytest.approx(wanted, abs=1e-5)


@every
def test_no_query_and_no_key_is_in_two_pairs(n, block, window):
    pairs = surveyed(n, block, window).pairs
    assert len({pair.query for pair in pairs}) == len({pair.key for pair in pairs}) == len(pairs) <= MOST_PAIRS


@every
def test_a_pair_is_a_query_with_the_key_it_looks_at_most(n, block, window):
    weights = grid(n, window)
    for pair in surveyed(n, block, window).pairs:
        assert (pair.key, pair.weight) == (weights[pair.query].argmax(), weights[pair.query].max())


@every
def test_pairs_stand_in_the_order_of_their_weights(n, block, window):
    found = [pair.weight for pair in surveyed(n, block, window).pairs]
    assert found == sorted(found, reverse=True)


@every
def test_the_first_pair_is_the_largest_weight_of_those_who_have_a_choice(n, block, window):
    rows = [row for row in grid(n, window) if np.count_nonzero(row) > 1]
    found = [pair.weight for pair in surveyed(n, block, window).pairs[:1]]
    assert found == [max(row.max() for row in rows)] if rows else found == []


def test_a_summary_knows_its_layer_and_head():
    assert (surveyed(7, 4, None).layer, surveyed(7, 4, None).head) == (3, 2)


def summary(tokens: str, weights) -> HeadSummary:
    marks, everything = Landmarks.of(tokens), slice(0, len(tokens))
    survey = Tally(marks, 1)
    survey.add(rows(np.array(weights, dtype=np.float32)), marks.part(everything, everything))
    return survey.summaries(0, 0, np.arange(1, len(tokens) + 1))[0]


@pytest.mark.parametrize("name", ["same", "induction"])
def test_a_text_without_a_repeated_token_has_no_such_measure(name):
    assert math.isnan(summary("abc", np.eye(3)).measures[name])


def test_a_token_right_after_itself_has_nothing_to_be_continued_with():
    assert math.isnan(summary("aa", np.eye(2)).measures["induction"])


@pytest.mark.parametrize("name", ["first", "previous", "same", "induction"])
def test_a_text_of_one_token_has_no_measure_of_another(name):
    assert math.isnan(summary("a", [[1.0]]).measures[name])


def test_a_text_of_one_token_looks_at_itself():
    measures = summary("a", [[1.0]]).measures
    assert (measures["self"], measures["distance"], measures["entropy"]) == (1.0, 0.0, 0.0)


def test_a_head_that_continues_what_came_after_the_same_token_is_all_induction():
    weights = np.eye(4)
    weights[2], weights[3] = [0, 1, 0, 0], [0, 0, 1, 0]  # a b a b: after the first a stands b, after the first b an a
    assert summary("abab", weights).measures["induction"] == 1.0


def test_a_head_that_looks_one_back_is_all_previous():
    weights = np.eye(4, k=-1)
    weights[0, 0] = 1.0
    assert summary("abcd", weights).measures["previous"] == 1.0


def test_a_query_that_sees_one_key_alone_has_no_choice_and_no_pair():
    assert [pair.query for pair in summary("abc", np.eye(3)).pairs] == [1, 2]


def test_the_sink_is_the_key_that_all_queries_together_look_at_most():
    found = summary("abcd", [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0.75, 0.25, 0], [0, 0.5, 0.5, 0]])
    assert (found.sink, found.measures["sink"]) == (1, 2.25 / 4)


def test_a_uniform_head_scores_what_its_weights_score():
    allowed = np.tri(6, dtype=bool)
    marks = Landmarks.of("abcabc")
    weights = allowed / allowed.sum(axis=1, keepdims=True)
    assert uniform_measures(allowed, marks) == survey_weights(weights, marks, 0, 0).measures
    assert uniform_measures(allowed, marks)["first"] == pytest.approx(sum(1 / n for n in range(2, 7)) / 5)


def test_what_may_look_at_nothing_scores_nothing():
    assert uniform_measures(np.zeros((2, 2), dtype=bool), Landmarks.of("ab"))["self"] == 0.0


@pytest.mark.parametrize(("causal", "window"), [(True, None), (False, None), (True, 3), (False, 3)])
@pytest.mark.parametrize("n", [1, 7, 130, 300])
def test_a_model_says_the_same_of_a_uniform_head_block_by_block(n, causal, window):
    seen = masks.backward if causal else masks.around
    marks = Landmarks.of(text(n))
    found = uniform_measures(seen(n, window), marks)
    assert uniform(marks, causal, window) == pytest.approx(found, rel=1e-4, nan_ok=True)


def test_a_sink_takes_its_share_of_a_row_and_is_no_key():
    sinks = np.array([40.0, -3.0], dtype=np.float32)  # [head]
    found, exp = Rows.of(some_scores(), sinks=sinks), np.exp(some_scores().astype(float))
    weights = exp / (exp.sum(axis=-1) + np.exp(sinks.astype(float))[:, None])[..., None]
    assert found.exp * found.share[..., None] == pytest.approx(weights, abs=1e-6)
    assert weights.sum(axis=-1).min() < 0.5
    assert found.entropy == pytest.approx([entropy(head) for head in weights], abs=1e-4)


@pytest.mark.parametrize("n", SIZES)
def test_a_token_is_as_far_away_as_there_are_steps_to_it(n):
    places = np.arange(n)
    assert np.array_equal(Landmarks.of(text(n)).away, np.abs(places[:, None] - places))
