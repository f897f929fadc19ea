from __future__ import annotations

import math
from itertools import pairwise

import pytest
from rich.style import Style

from kitten_tui.desk.selection import Selection
from kitten_tui.ink import heat
from kitten_tui.ink.blocks import Look
from kitten_tui.ink.matrix import LOOKED_AT
from kitten_tui.ink.palette import Palette
from kitten_tui.ink.sheet import Picture
from kitten_tui.sources.find import open_source
from kitten_tui.stages import STAGES, turn_to
from kitten_tui.stages.view import View
from kitten_tui.words import Words

RAMPS = [heat.DARK_STEPS, heat.LIGHT_STEPS, heat.DARK_QUIET, heat.LIGHT_QUIET]


@pytest.mark.parametrize("steps", RAMPS)
def test_luminance_is_monotonic_and_steps_are_few(steps: tuple[str, ...]) -> None:
    values = [heat.luminance(step) for step in steps]
    assert len(steps) <= 8
    assert values in (sorted(values), sorted(values, reverse=True))


CHANGES = [heat.DARK_CHANGE, heat.LIGHT_CHANGE]


@pytest.mark.parametrize("steps", CHANGES)
def test_differences_have_a_middle_from_which_both_sides_stand_out_more_and_more(steps: tuple[str, ...]) -> None:
    middle = len(steps) // 2
    assert len(steps) == 2 * middle + 1
    for side in (steps[middle::-1], steps[middle:]):
        far = [heat.contrast(step, steps[middle]) for step in side]
        assert far == sorted(far)
        assert all(heat.contrast(one, other) > 1.1 for one, other in pairwise(side))
    ramp = heat.CHANGE_ON_DARK
    assert [ramp.styles.index(ramp(value, -1.0, 1.0)) for value in (-1.0, 0.0, 1.0)] == [0, middle, len(steps) - 1]


@pytest.mark.parametrize("step", [step for steps in (*RAMPS, *CHANGES) for step in steps])
def test_digits_are_readable_on_every_step(step: str) -> None:
    assert heat.contrast(heat.text_on(step), step) >= 4.5


@pytest.mark.parametrize("steps", RAMPS)
def test_steps_differ_in_grey(steps: tuple[str, ...]) -> None:
    assert all(heat.contrast(one, other) > 1.1 for one, other in pairwise(steps))


def test_a_value_takes_the_step_of_its_share() -> None:
    assert heat.DARK(0.0, 0.0, 1.0) is heat.DARK.styles[0]
    assert heat.DARK(0.5, 0.0, 1.0) is heat.DARK.styles[4]
    assert heat.DARK(1.0, 0.0, 1.0) is heat.DARK.styles[-1]


def test_what_is_not_finite_has_no_heat() -> None:
    assert heat.DARK(-math.inf, 0.0, 1.0) == Style.null()
    assert heat.NO_RAMP(0.5, 0.0, 1.0) == Style.null()


@pytest.mark.parametrize("name", ["kitten", "journey", "causal"])
def test_heat_is_behind_nothing_but_what_is_looked_at(name: str) -> None:
    source = open_source(name)
    for number, stage in enumerate(STAGES):
        page = turn_to(stage, View(source, source.settings, Selection(stage=number)))
        look = Look(Words("en"), Palette(ramp=heat.DARK, quiet=heat.QUIET_ON_DARK), page.selection, page.focused.id)
        styles = {part.style for line in Picture(page.sheet, look, 200).lines() for part in line}
        weighs = any(figure.name in LOOKED_AT and getattr(figure, "heat", False) for figure in page.sheet.figures)
        assert bool(styles & {*heat.DARK.styles}) == weighs, stage.id
