"""What is wrong with weights is named with its place; a mistake is told only where it fits."""

from __future__ import annotations

import numpy as np
import pytest

from kitten_tui.core.faults import Fault, faults_of, mistakes_of, tolerance

EPS = 2.0**-52
DRAW = np.random.default_rng(4)
SCORES = DRAW.normal(size=(3, 6, 6)) * 2.0
CAUSAL = np.tri(6, dtype=bool)
DIVISOR = 2.0


def softmax(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    exp = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return exp / exp.sum(axis=axis, keepdims=True)


def test_each_faulty_row_is_named_once_and_good_rows_are_not():
    weights = softmax(SCORES[0])
    assert list(faults_of(weights, 0, 0, tolerance(EPS, 6))) == []
    weights[1] *= 2.0
    weights[2, 4], weights[3, 5], weights[4] = np.nan, -0.5, 0.0
    faults = list(faults_of(weights, 7, 2, tolerance(EPS, 6)))
    assert [(fault.kind, fault.layer, fault.head, fault.query, fault.key) for fault in faults] == [
        ("sum", 7, 2, 1, -1),
        ("nan", 7, 2, 2, 4),
        ("negative", 7, 2, 3, 5),
    ]
    assert faults[0].value == pytest.approx(2.0)
    assert isinstance(faults[0], Fault)


@pytest.mark.parametrize("bits", [7, 10, 23])
def test_what_rounding_does_is_no_fault(bits):
    weights = softmax(DRAW.normal(size=(64, 64)))
    unit = 2.0 ** (np.floor(np.log2(weights)) - bits)
    rounded = np.round(weights / unit) * unit
    assert list(faults_of(rounded, 0, 0, tolerance(2.0**-bits, 64))) == []


MADE = {
    "axis_query": softmax(SCORES / DIVISOR, axis=-2),
    "axis_head": softmax(SCORES / DIVISOR, axis=0),
    "axis_both": softmax((SCORES / DIVISOR).reshape(3, -1)).reshape(3, 6, 6),
    "mask_after": softmax(SCORES / DIVISOR) * CAUSAL,
    "scale": softmax(np.where(CAUSAL, SCORES, -np.inf)),
    "dropout": softmax(SCORES / DIVISOR) * (DRAW.uniform(size=SCORES.shape) > 0.1) / 0.9,
}


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("has_scores", [True, False])
def test_each_mistake_is_told_by_what_it_makes_and_no_other_is(kind, has_scores):
    scores, divisor = (SCORES, DIVISOR) if has_scores else (None, None)
    told = [mistake.kind for mistake in mistakes_of(MADE[kind], scores, divisor, tolerance(EPS, 6))]
    # Rows that sum to 1 look right to whoever has no scores.
    assert told == ([] if kind == "scale" and not has_scores else [kind])


def test_another_scale_is_measured():
    for right in (1.0, 4.0, 16.0):
        told = mistakes_of(softmax(SCORES / right), SCORES, DIVISOR, tolerance(EPS, 6))
        assert [(mistake.kind, pytest.approx(right)) for mistake in told] == [(m.kind, m.value) for m in told]
        assert len(told) == 1


def test_nothing_is_told_of_weights_that_are_right_or_of_noise():
    forgiven = tolerance(EPS, 6)
    assert mistakes_of(softmax(SCORES / DIVISOR), SCORES, DIVISOR, forgiven) == []
    assert mistakes_of(DRAW.uniform(size=(3, 6, 6)), SCORES, DIVISOR, forgiven) == []
    assert mistakes_of(softmax(DRAW.normal(size=(3, 6, 6))), SCORES, DIVISOR, forgiven) == []
