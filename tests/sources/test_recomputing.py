from __future__ import annotations

from kitten_tui.core.cell import Cell
from kitten_tui.core.settings import Settings
from kitten_tui.sources.find import open_source


def test_only_what_depends_on_a_change_is_computed_again() -> None:
    lesson, settings = open_source("journey"), Settings()
    traces = [lesson.trace(0, head, settings) for head in range(3)]
    projected = lesson.editor.change_number(Cell("w_o", (0, 0)), 9.0)
    assert [projected.trace(0, head, settings) for head in range(3)] == traces
    assert projected.joined(0, settings) is not lesson.joined(0, settings)
    headed = lesson.editor.change_number(Cell("w_q", (0, 0), head=1), 9.0)
    assert [headed.trace(0, head, settings) is trace for head, trace in enumerate(traces)] == [True, False, True]
