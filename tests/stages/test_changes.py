"""After any change the count, the marks and the numbers before are right: a word is itself wherever it stands."""

from __future__ import annotations

import random

import numpy as np
import pytest

from kitten_tui.core.cell import Cell
from kitten_tui.desk.desk import Change, Desk, Flip, GoTo, LookAt
from kitten_tui.desk.phrase import phrase
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.shown import Shown
from kitten_tui.sources.find import open_source
from kitten_tui.stages import stages_of
from kitten_tui.stages.changes import effect
from kitten_tui.stages.figure import Matrix
from kitten_tui.stages.view import View
from kitten_tui.words import Words

EN = Words("en")
NAME = phrase("change.opened")


def edited(desk: Desk, draw: random.Random) -> Desk:
    """A word renamed, inserted, deleted or swapped, or a number changed."""
    now = desk.present
    editor, count = now.source.editor, len(now.source.tokens)
    place = draw.randrange(count)
    kind = draw.choice(["rename", "insert", "delete", "swap", "number", "mask"])
    settings, places = now.settings, None
    match kind:
        case "rename":
            source = editor.rename_token(place, f"new{draw.randrange(9)}")
            places = (*range(place), None, *range(place + 1, count))
        case "insert":
            source = editor.insert_token(place, f"more{draw.randrange(9)}")
            places = (*range(place), None, *range(place, count))
        case "delete" if count > 2:
            source = editor.delete_token(place)
            places = tuple(each for each in range(count) if each != place)
        case "swap" if place + 1 < count:
            source = editor.swap_tokens(place)
            places = (*range(place), place + 1, place, *range(place + 2, count))
        case "mask":
            source, settings = editor.toggle_mask_cell(settings, place, draw.randrange(count))
        case _:
            source = editor.change_number(Cell("w_v", (0, 0)), draw.random())
    return desk.do(Change(NAME, source, settings, places=places))


def start(name: str, seed: int) -> tuple[Desk, random.Random]:
    draw = random.Random(seed)
    source = open_source(name)
    desk = Desk.of(source, source.settings, Selection(query=1, key=1))
    for _ in range(draw.randrange(3)):
        desk = edited(desk, draw)
    return desk, draw


def words_before(desk: Desk) -> list[int | None]:
    return [desk.present.came_from(place) for place in range(len(desk.present.source.tokens))]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", ["journey", "causal"])
def test_the_count_is_that_of_comparing_one_number_after_another(name: str, seed: int) -> None:
    desk, draw = start(name, seed)
    desk = edited(desk, draw)
    before, now = desk.history.before, desk.present
    new, old = (View(state.source, state.settings, desk.selection) for state in (now, before))
    told = effect(new, old, now.came_from)
    for quantity in ("weights", "context", "output", "concat", "x"):
        array, was = new.workings.array(quantity, 0), old.workings.array(quantity, 0)
        if array is None:
            continue
        axes = new.chain[quantity].axes
        changed = fresh = 0
        for index in np.ndindex(array.shape):
            there = [
                words_before(desk)[at] if axis in ("token", "query", "key") else at
                for axis, at in zip(axes, index, strict=True)
            ]
            fresh += None in there
            changed += None in there or array[index] != was[tuple(there)]
        if changed:
            assert told is not None
            assert told.values["name"] == quantity
            assert (told.values["changed"], told.values["new"]) == (changed, fresh)
            assert told.values["count"] == array.size
            return
    assert told is None


@pytest.mark.parametrize("seed", range(8))
def test_every_mark_stands_at_a_number_that_is_another(seed: int) -> None:
    desk, draw = start("journey", seed)
    desk = edited(desk, draw)
    came_from = words_before(desk)
    before = desk.history.before
    old = View(before.source, before.settings, desk.selection).workings
    for stage in range(7):
        shown = Shown.of(desk.do(LookAt(desk.selection.moved(stage=stage, focus=""))), EN)
        comparison, page = shown.comparison, shown.page
        assert comparison is not None
        for figure in page.sheet.figures:
            was = comparison.values(figure) if isinstance(figure, Matrix) and figure.name else None
            if was is None or not {figure.rows.name, figure.columns.name} <= {*figure.axes, ""}:
                continue
            for row, column in np.ndindex(figure.values.shape):
                moves = {**figure.rows.move(row), **figure.columns.move(column)}
                cell = figure.cell(page.selection.moved(**moves))
                axes = page.view.chain[cell.name].axes
                there = tuple(
                    came_from[at] if axis in ("token", "query", "key") else at
                    for axis, at in zip(axes, cell.index, strict=False)
                )
                if None in there:
                    assert np.isnan(was[row, column])
                else:
                    address = Cell(cell.name, there, cell.head, cell.layer, cell.rescaled)
                    assert was[row, column] == old.value(address)
                    assert comparison.value(cell) == old.value(address)


@pytest.mark.parametrize("seed", range(20))
def test_the_selected_word_stays_selected_wherever_it_goes_and_comes_back(seed: int) -> None:
    desk, draw = start("journey", seed)
    desk = desk.do(LookAt(desk.selection.moved(query=draw.randrange(len(desk.source.tokens)))))
    word = desk.source.tokens[desk.selection.query]
    after = edited(desk, draw)
    place = after.present.went_to(desk.selection.query)
    if place is not None:
        assert after.selection.query == place
        assert after.source.tokens[after.selection.query] == word
        assert after.do(Flip()).selection.query == desk.selection.query
        assert after.do(Flip()).do(Flip()).selection.query == place
        assert after.do(GoTo(after.history.place - 1)).selection.query == desk.selection.query


def test_switching_the_division_marks_what_changed_and_nothing_else() -> None:
    source = open_source("journey")
    desk = Desk.of(source, source.settings, Selection(stage=3, query=1, key=1))
    now = desk.present
    switched = type(now.settings)(scale=False)
    desk = desk.do(Change(NAME, source, switched))
    shown = Shown.of(desk, EN)
    facts = [figure for figure in shown.page.sheet.figures if hasattr(figure, "headings")]
    assert stages_of(source)[3].id == "softmax"
    assert facts
    for figure in facts:
        for _, row in figure.rows:
            for fact in row:
                cell = Cell(fact.name, (1, *fact.fixed) if "query" in fact.axes else fact.fixed, rescaled=fact.rescaled)
                assert not shown.comparison.changed(cell, fact.value, same_division=True)


@pytest.mark.parametrize(("query", "new"), [(1, [3]), (3, range(6))])
def test_of_the_row_of_a_query_what_belongs_to_a_new_word_is_new(query: int, new: list[int]) -> None:
    source = open_source("journey")
    desk = Desk.of(source, source.settings, Selection(stage=3, query=query, key=4 - query))
    places = (0, 1, 2, None, 4, 5)
    desk = desk.do(Change(NAME, source.editor.rename_token(3, "new"), source.settings, places=places))
    shown = Shown.of(desk, EN)
    assert shown.page.selection.query == query
    columns = [each for each in shown.page.sheet.figures if isinstance(each, Matrix)]
    assert len(columns) > 2
    for column in columns:
        before = shown.comparison.values(column)
        assert np.flatnonzero(np.isnan(before[:, 0])).tolist() == [*new]
