from __future__ import annotations

import pytest

from kitten_tui.core.cell import Cell
from kitten_tui.core.quantity import Scope
from kitten_tui.core.settings import Settings
from kitten_tui.desk.selection import Selection
from kitten_tui.sources.find import open_source, samples
from kitten_tui.stages import STAGES, Page, Stage, turn_to
from kitten_tui.stages.follow import follow, largest
from kitten_tui.stages.stage import homes, unseen
from kitten_tui.stages.view import View

SETTINGS = [Settings(), Settings(scale=False, mask="causal"), Settings(mask="causal", dropout=0.5, seed=7)]


def page(view: View) -> Page:
    return turn_to(STAGES[view.selection.stage], view)


def focuses(stage: Stage, view: View) -> list[str]:
    """Every figure of a stage, and the quantities that are looked up there and are in no picture."""
    seen = stage.sheet(view).stops
    names = {figure.name for figure in seen}
    number = STAGES.index(stage)
    addressed = (
        name
        for name, quantity in view.chain.items()
        if quantity.scope is not Scope.CONSTANT and ("pinned" not in quantity.axes or view.pinned is not None)
    )
    loose = [name for name in addressed if name not in names and number in homes(name, view.chain, STAGES)]
    return [figure.id for figure in seen] + [figure.id for name in loose if (figure := unseen(view, name))]


@pytest.mark.slow
@pytest.mark.parametrize("settings", SETTINGS, ids=range(len(SETTINGS)))
@pytest.mark.parametrize("source", [*samples(), "the cat saw the cat"])
def test_every_operand_can_be_followed_to_its_value(source: str, settings: Settings) -> None:
    """From every figure of every stage, at the selected place."""
    lesson = open_source(source)
    last = len(lesson.tokens) - 1
    for number, stage in enumerate(STAGES):
        start = View(lesson, settings, Selection(stage=number, query=last, key=last // 2))
        for focus in focuses(stage, start):
            here = turn_to(stage, start.with_(focus=focus))
            for operand in {operand for term in here.derivation.terms for operand in term if operand.cell}:
                assert operand.cell is not None
                view = follow(here, operand.cell, STAGES)
                assert view is not None, (stage.id, focus, operand)
                assert page(view).derivation.value == operand.value


def test_the_largest_operands_lead_down_to_an_input() -> None:
    lesson = open_source("journey")
    here = page(View(lesson, lesson.settings, Selection(stage=6, query=1, focus="output")))
    names = [here.derivation.cell.name]
    while (cell := largest(here.derivation)) is not None:
        view = follow(here, cell, STAGES)
        assert view is not None
        here = page(view)
        names.append(here.derivation.cell.name)
    expected = "output concat context dropped weights exp masked scaled scores q x embedding"
    assert names == expected.split()


@pytest.mark.parametrize("settings", SETTINGS, ids=range(len(SETTINGS)))
@pytest.mark.parametrize("source", samples())
@pytest.mark.first_is_quick
def test_a_weight_is_followed_at_its_query_and_key(source: str, settings: Settings) -> None:
    lesson = open_source(source)
    place = {"query": len(lesson.tokens) - 1, "key": 1}
    for number, stage in enumerate(STAGES):
        start = View(lesson, settings, Selection(stage=number, **place))
        for figure in stage.sheet(start).stops:
            here = page(start.with_(focus=figure.id))
            while here.focused.axes == ("query", "key") and (cell := largest(here.derivation)) is not None:
                view = follow(here, cell, STAGES)
                assert view is not None
                assert {axis: view.selection.at(axis) for axis in place} == place, (stage.id, figure.id)
                here = page(view)


def test_a_number_of_the_comparison_is_met_with_the_scale_switched() -> None:
    lesson = open_source("journey")
    here = page(View(lesson, lesson.settings, Selection(stage=3, query=1, key=1, focus="ghost")))
    cell = largest(here.derivation)
    assert cell is not None
    view = follow(here, cell, STAGES)
    assert view is not None
    assert not view.settings.scale


@pytest.mark.parametrize("query", [1, 5])
@pytest.mark.parametrize(("name", "index"), [("masked", (1, 0)), ("scaled", (5, 2)), ("weights", (4, 2))])
def test_a_number_of_another_query_is_met_on_the_page_that_shows_one_row(
    name: str, index: tuple[int, int], query: int
) -> None:
    """Under a mask scores have a column of their own only beside a query from which nothing is covered."""
    lesson = open_source("journey")
    view = follow(
        page(View(lesson, Settings(mask="causal"), Selection(stage=3, query=query))), Cell(name, index), STAGES
    )
    assert view is not None
    assert (view.selection.stage, view.selection.query, view.selection.key) == (3, *index)
