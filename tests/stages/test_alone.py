"""The selected row alone: what is seen is the row and what it is made of, and nothing else."""

from __future__ import annotations

import pytest

from kitten_tui.desk.selection import Selection
from kitten_tui.sources.find import open_source, samples
from kitten_tui.stages import Page, stages_of, turn_to
from kitten_tui.stages.alone import alone
from kitten_tui.stages.figure import Matrix
from kitten_tui.stages.view import View

ROW, ALL = "row", "all"
EXPECTED = {
    ("vectors", "x"): {"x": ROW, "embedding": ROW, "position": ROW},
    ("projections", "q"): {"q": ROW, "x": ROW, "w_q": ALL},
    ("projections", "w_k"): {"w_k": ROW},
    ("scores", "scores"): {"scores": ROW},
    ("softmax", "weights"): {
        **dict.fromkeys(("weights", "exp", "total", "scaled", "scores", "bars"), ALL),
    },
    ("context", "context"): {"context": ALL, "dropped": ALL, "v": ALL},
    ("mask", "weights"): {"weights": ROW, "masked": ROW, "scaled": ROW},
    ("mask", "dropped"): {"dropped": ROW, "weights": ROW, "masked": ROW, "scaled": ROW},
    ("heads", "output"): {"output": ROW, "concat": ROW, "w_o": ALL},
    ("heads", "dropped.2"): {"dropped.2": ROW},
}


def page(stage: str, focus: str, source: str = "journey") -> Page:
    opened = open_source(source)
    number = [each.id for each in stages_of(opened)].index(stage)
    head = int(focus[-1]) - 1 if focus[-1].isdigit() else 0
    at = Selection(stage=number, query=1, key=1, head=head, focus=focus)
    return turn_to(stages_of(opened)[number], View(opened, opened.settings, at))


@pytest.mark.parametrize(("stage", "focus"), EXPECTED)
def test_a_row_is_seen_with_what_it_is_made_of(stage: str, focus: str) -> None:
    lit = alone(page(stage, focus))
    assert lit.alone
    assert {light.figure: light.part for light in lit.lights} == EXPECTED[stage, focus]


@pytest.mark.parametrize("source", samples())
def test_every_row_has_its_cursor_in_sight(source: str) -> None:
    opened = open_source(source)
    for number, stage in enumerate(stages_of(opened)):
        first = turn_to(stage, View(opened, opened.settings, Selection(stage=number)))
        for stop in first.sheet.stops:
            there = turn_to(stage, first.view.with_(focus=stop.id))
            lit = alone(there)
            focused = there.focused
            if isinstance(focused, Matrix):
                at = focused.rows.at(there.selection), focused.columns.at(there.selection)
                assert lit.lights_cell(focused.id, at, at), stop.id
            else:
                shown = [figure.id for figure in there.sheet.figures]
                assert any(lit.lights_figure(id_) for id_ in (focused.id, *shown)), stop.id
