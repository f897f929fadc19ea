from __future__ import annotations

import math
from itertools import pairwise

import pytest
from rich.style import Style

from kitten_tui.ink import heat


@pytest.mark.parametrize("steps", [heat.DARK_STEPS, heat.LIGHT_STEPS])
def test_luminance_is_monotonic_and_steps_are_few(steps: tuple[str, ...]) -> None:
    values = [heat.luminance(step) for step in steps]
    assert len(steps) <= 8
    assert values in (sorted(values), sorted(values, reverse=True))


@pytest.mark.parametrize("step", [*heat.DARK_STEPS, *heat.LIGHT_STEPS])
def test_digits_are_readable_on_every_step(step: str) -> None:
    assert heat.contrast(heat.text_on(step), step) >= 4.5


@pytest.mark.parametrize("steps", [heat.DARK_STEPS, heat.LIGHT_STEPS])
def test_steps_differ_in_grey(steps: tuple[str, ...]) -> None:
    assert all(heat.contrast(one, other) > 1.1 for one, other in pairwise(steps))


def test_a_value_takes_the_step_of_its_share() -> None:
    assert heat.DARK(0.0, 0.0, 1.0) is heat.DARK.styles[0]
    assert heat.DARK(0.5, 0.0, 1.0) is heat.DARK.styles[4]
    assert heat.DARK(1.0, 0.0, 1.0) is heat.DARK.styles[-1]


def test_what_is_not_finite_has_no_heat() -> None:
    assert heat.DARK(-math.inf, 0.0, 1.0) == Style.null()
    assert heat.NO_RAMP(0.5, 0.0, 1.0) == Style.null()
