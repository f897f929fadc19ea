"""Numbers of a table: their brackets, their power of ten, and what the small ones are written in."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from test_pictures import EN, page, picture

from kitten_tui.desk.selection import Selection
from kitten_tui.ink.below import legend_line, matrices
from kitten_tui.ink.blocks import Look
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.matrix import MatrixBlock
from kitten_tui.ink.palette import PLAIN
from kitten_tui.stages.figure import Axis, Matrix

WORDS = tuple("abcd")


def block(values: np.ndarray, cell_width: int, selection: Selection, **look: object) -> MatrixBlock:
    rows, columns = Axis("query", WORDS), Axis("key", WORDS)
    figure = Matrix(id="weights", name="weights", values=values, rows=rows, columns=columns, **look)  # type: ignore[arg-type]
    return MatrixBlock(figure, Look(EN, PLAIN, selection, figure.id), cell_width)


@pytest.mark.parametrize("key", range(4))
@pytest.mark.parametrize("cell_width", [1, 2, 3, 5])
def test_the_selected_number_stands_in_brackets_where_they_have_room(cell_width: int, key: int) -> None:
    drawn = block(np.full((4, 4), 0.25), cell_width, Selection(query=1, key=key), compact=True)
    line = text_of(drawn.line(drawn.top + 1, 0, drawn.width))
    assert ("[" in line, "]" in line) == (cell_width > 1, cell_width > 1)


@pytest.mark.parametrize("cell_width", [5, 6, 7, 8])
@pytest.mark.parametrize(("low", "high"), [(-0.9, 0.5), (-0.5, 0.9), (0.1, 0.2), (-9.0, 3.0)])
def test_what_is_written_in_a_power_of_ten_has_the_digits_of_what_is_left(
    low: float, high: float, cell_width: int
) -> None:
    values = np.linspace(low, high, 16).reshape(4, 4)
    whole = block(values, cell_width, Selection())
    for unit in (-1, -4, -7):
        small = block(values * 10.0**unit, cell_width, Selection(), unit=unit)
        for row in range(4):
            lines = [text_of(each.line(each.top + row, 0, each.width)) for each in (whole, small)]
            assert lines[0] == lines[1]


def test_what_small_panels_are_written_in_stands_beside_and_below_them() -> None:
    met = set()
    for source, width in product(("journey", "kitten", "long"), range(24, 200, 16)):
        shown = page(6, source)
        drawing = picture(shown, width)
        small = {each.cell_width for each in matrices(drawing) if each.small}
        legend = text_of(legend_line(drawing, shown, 400))
        assert (EN("legend.per_cent", sign="") in legend) == (small == {3})
        assert (EN("legend.tenths", sign="") in legend) == (small in ({1}, {2}))
        for band in drawing.bands:
            is_small = any(isinstance(each, MatrixBlock) and each.small for each in band.blocks)
            unit = "%" if small == {3} else "/10"
            assert band.corner.startswith(unit) if is_small else band.corner == ""
        met |= small
    assert met == {1, 2, 3}
