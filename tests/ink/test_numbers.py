from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitten_tui.ink import numbers
from kitten_tui.ink.numbers import (
    LARGE,
    Format,
    brief,
    exact,
    extremes,
    fmt,
    format_for,
    percent,
    scientific,
    tenths,
    vector,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.8524, "1.852"),
        (-0.0004, "0.000"),
        (-0.5, "-0.500"),
        (0.0, "0.000"),
        (1234.5, "1234.500"),
        (-math.inf, "−∞"),
        (math.inf, "∞"),
        (math.nan, "nan"),
        (2.5e9, "2.5e9"),
        (-3e12, "-3.0e12"),
    ],
)
def test_fmt(value: float, text: str) -> None:
    assert fmt(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5577, "0.558"), (1.8524, "1.85"), (123.4, "123"), (2e-8, "2e-8"), (0.0, "0.000"), (-0.25, "-0.250")],
)
def test_brief(value: float, text: str) -> None:
    assert brief(value) == text


def test_a_long_vector_shows_its_beginning() -> None:
    assert vector(np.array([0.1, -0.2])) == "(0.100, -0.200)"
    assert vector(np.arange(6.0)) == "(0.000, 1.000, 2.000, 3.000, …)"


@pytest.mark.parametrize(
    ("values", "width", "expected"),
    [
        ([0.5, 1.25], 7, Format(3)),
        ([0.5, 1.25], 4, Format(2)),
        ([-0.5, 0.25], 4, Format(2, bare=True)),
        ([-12.5, 3.0], 4, Format(0)),
        ([-math.inf, 0.5], 5, Format(3)),
        ([-math.inf], 5, Format(2)),
    ],
)
def test_format_for_takes_the_most_telling_that_fits(values: list[float], width: int, expected: Format) -> None:
    assert format_for(*extremes(np.array(values, dtype=float)), width) == expected


def test_bare_numbers_keep_their_sign() -> None:
    style = Format(2, bare=True)
    assert [style(value) for value in (0.5, -0.5, 1.5, 10.25)] == [".50", "-.50", "1.50", "10.25"]


def test_weights_in_small_panels() -> None:
    assert [percent(value) for value in (0.0, 0.226, 1.0)] == ["0", "23", "+"]
    assert [tenths(value) for value in (0.0, 0.226, 0.96, 2.0)] == ["0", "2", "+", "+"]


def test_what_does_not_fit_is_told_by_its_size() -> None:
    style = format_for(-3475123.0, 2.0, 4)
    assert [style(value) for value in (-3475123.0, 2.0, 0.25)] == ["-3e6", "2e0", "0"]


@pytest.mark.parametrize(("value", "text"), [(0.0, "0.000"), (0.00042, "4e-4"), (-2e-8, "-2e-8"), (0.25, "0.250")])
def test_a_small_number_by_itself_keeps_its_size(value: float, text: str) -> None:
    assert exact(value) == text


def test_the_ends_of_a_large_array_are_found_once_and_forgotten_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = []

    def looking(values: np.ndarray) -> tuple[float, float]:
        looked_at.append(float(values[0]))
        return float(values.min()), float(values.max())

    monkeypatch.setattr(numbers, "_extremes", looking)
    before = len(numbers._KNOWN)
    for start in range(5):  # a new array may take the place of the last one
        values = np.arange(start, start + LARGE, dtype=float)
        assert extremes(values) == extremes(values) == (start, start + LARGE - 1)
        assert len(numbers._KNOWN) == before + 1
        del values
    assert looked_at == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert len(numbers._KNOWN) == before


@pytest.mark.parametrize("size", [5, LARGE])
def test_the_ends_are_those_of_finite_numbers(size: int) -> None:
    values = np.linspace(-2.0, 3.0, size)
    assert extremes(values) == (-2.0, 3.0)
    values = values.copy()
    values[[0, -1]] = -math.inf, math.inf
    assert extremes(values) == (values[1], values[-2])
    assert extremes(np.full(size, -math.inf)) == (math.inf, -math.inf)


EDGE = 0.0005
"""Where three decimals stop to be all zeros."""


@given(st.floats(-2e-3, 2e-3) | st.sampled_from([EDGE, -EDGE, math.nextafter(EDGE, 0.0), math.nextafter(EDGE, 1.0)]))
def test_a_number_shows_its_size_exactly_where_its_decimals_would_all_be_zero(value: float) -> None:
    vanishes = value != 0.0 and float(fmt(value)) == 0.0
    assert exact(value) == brief(value) == (scientific(value) if vanishes else fmt(value))


@pytest.mark.parametrize(
    ("value", "text"), [(0.999, "0.999"), (1.0, "1.00"), (99.99, "99.99"), (100.0, "100"), (-100.0, "-100")]
)
def test_a_sentence_bears_fewer_decimals_of_larger_numbers(value: float, text: str) -> None:
    assert brief(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(999999.0, "999999.000"), (1e6, "1.0e6"), (-1e6, "-1.0e6"), (1e12, "1.0e12")]
)
def test_a_million_is_written_by_its_power(value: float, text: str) -> None:
    assert fmt(value) == text


@pytest.mark.parametrize(
    ("largest", "text"), [(9.99, "(9.990, 0.000)"), (-10.0, "(-10.00, 0.00)"), (10.0, "(10.00, 0.00)")]
)
def test_a_vector_of_large_numbers_has_two_decimals(largest: float, text: str) -> None:
    assert vector(np.array([largest, 0.0])) == text
