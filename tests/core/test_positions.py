"""Vectors that say where a token stands."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitten_tui.core.positions import sinusoidal


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
