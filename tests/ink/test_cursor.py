"""The selected cell stands in brackets, wherever it is and whatever else is marked; pointing at it means it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import product

import pytest
from rich.cells import cell_len

from kitten_tui.core.array_types import Array
from kitten_tui.core.cell import Cell
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.blocks import Look
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.palette import PLAIN
from kitten_tui.ink.sheet import Picture
from kitten_tui.sources.find import open_source, samples
from kitten_tui.stages import STAGES, Page, turn_to
from kitten_tui.stages.changes import Comparison
from kitten_tui.stages.figure import Axis, Bars, Matrix
from kitten_tui.stages.view import View
from kitten_tui.words import Words

pytestmark = pytest.mark.slow

EN = Words("en")


class EverythingChanged(Comparison):
    """As if every number had another value before."""

    def values(self, figure: Matrix) -> Array:
        return figure.all_values + 1.0

    def changed(self, cell: Cell, value: float, *, same_division: bool = False) -> bool:
        return True


@cache
def page(sample: str, stage: int, **places: int | str) -> Page:
    lesson = open_source(sample)
    return turn_to(STAGES[stage], View(lesson, lesson.settings, Selection(stage=stage).moved(**places)))


def ends(axis: Axis) -> list[int]:
    """The first place, the last one, and one between them."""
    return sorted({0, len(axis) // 2, len(axis) - 1})


def everywhere(sample: str, stage: int, pinned: int) -> Iterator[Page]:
    """A page for each figure that the cursor can stand in, at the edges and in the middle of it."""
    for figure in page(sample, stage, pinned=pinned).sheet.stops:
        axes = dict(figure.places)
        for places in product(*map(ends, axes.values())):
            yield page(sample, stage, pinned=pinned, focus=figure.id, **dict(zip(axes, places, strict=True)))


def at_cursor(here: Page, width: int, comparison: Comparison | None) -> str:
    """The selected cell and, where it has a right neighbour, the first character of that."""
    look = Look(EN, PLAIN, here.selection, here.focused.id, comparison)
    picture = Picture(here.sheet, look, width)
    place = picture.cursor()
    assert place is not None, here.focused.id
    line = text_of(picture.line(place.y))
    start = next(end for end in range(len(line) + 1) if cell_len(line[:end]) >= place.x)
    return line[start : start + place.width]


@pytest.mark.parametrize("sample", ["journey", "causal"])
def test_every_character_of_a_cell_means_it_and_none_beside_it_does(sample: str) -> None:
    for stage in range(len(STAGES)):
        for here in everywhere(sample, stage, -1):
            figure = here.focused
            picture = Picture(here.sheet, Look(EN, PLAIN, here.selection, figure.id), 79)
            place = picture.cursor()
            assert place is not None
            inside = range(place.x, place.x + place.width - (not isinstance(figure, Bars)))
            meant = picture.moves(place.x, place.y)
            assert meant is not None, (stage, figure.id)
            assert here.selection.moved(**meant) == here.selection, (stage, figure.id)
            assert all(picture.moves(x, place.y) == meant for x in inside), (stage, figure.id)
            beside = [
                (place.x, place.y - 1),
                (place.x, place.y + 1),
                (inside[-1], place.y - 1),
                (inside[-1], place.y + 1),
            ]
            if not isinstance(figure, Bars):
                beside += [(place.x - 1, place.y), (inside[-1] + 1, place.y)]
            assert meant not in [picture.moves(*there) for there in beside], (stage, figure.id)


@pytest.mark.parametrize(("left", "top"), [(0, 0), (12, 3), (36, 9)])
def test_in_a_scrolled_window_labels_and_heading_mean_what_they_show(left: int, top: int) -> None:
    here = page("long", 2, query=20, key=20)
    picture = Picture(here.sheet, Look(EN, PLAIN, here.selection, here.focused.id), 40)
    first, cells = picture.label_width, 6
    for y in range(top + 1, top + 8):
        row = max(y - 2, 0) if y > 1 else -1
        for x in (left, left + first - 1):
            assert picture.moves(x, y, left, top) == ({"query": row} if row >= 0 else None), (x, y)
        for column in range(left // cells, left // cells + 4):
            x = first + column * cells
            expected = {"focus": "scores", "query": row, "key": column} if row >= 0 else {"key": column}
            for at in (max(x, left + first), x + cells - 1):
                assert picture.moves(at, y, left, top) == expected, (at, y)
    if top > 1:
        assert picture.moves(first + left, top, left, top) == {"key": left // cells}
        assert picture.moves(left, top, left, top) is None


@pytest.mark.parametrize("pinned", [-1, 2])
@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize("sample", samples())
def test_the_selected_cell_has_both_brackets(sample: str, changed: bool, pinned: int) -> None:
    for stage in range(len(STAGES)):
        for here in everywhere(sample, stage, pinned):
            comparison = EverythingChanged(here, here.selection) if changed else None
            shown = at_cursor(here, 79, comparison)
            figure = here.focused
            if isinstance(figure, Bars):
                assert re.match(r"\[\d\.\d{3}\]" if figure.ghost else "▸", shown), (STAGES[stage].id, figure.id, shown)
            elif len(shown) > 2:
                assert shown[0] + shown[-1] == "[]", (STAGES[stage].id, figure.id, shown)
            else:  # panels of single digits
                assert not set(shown) & set("[]"), (STAGES[stage].id, figure.id, shown)
