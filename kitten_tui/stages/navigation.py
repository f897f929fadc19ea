"""Where the keys lead: pure functions from one view to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from kitten_tui.core.weighed import kept_places, special_places
from kitten_tui.stages.figure import Axis, Figure, Matrix
from kitten_tui.stages.stage import Page
from kitten_tui.stages.tokens import named
from kitten_tui.stages.view import View

DROPOUT_RATES = (0.0, 0.1, 0.2, 0.5)


def step_query(page: Page, by: int) -> View:
    return page.view.with_(query=_clamped(page.selection.query + by, len(page.view.tokens)))


def step_along(page: Page, by: int) -> View:
    """Along the row of the figure with the cursor; past its end, into the next figure of the same band."""
    axis = _across(page.focused)
    if axis is None:
        return step_figure(page, by)
    place = page.selection.at(axis.name) + by
    if 0 <= place < len(axis):
        return page.view.with_(**{axis.name: place})
    neighbour = _neighbour(page, by)
    if neighbour is None:
        return page.view
    axis = neighbour.columns
    places: dict[str, int | str] = {axis.name: 0 if by > 0 else len(axis) - 1, "focus": neighbour.id}
    return _with_head_of(neighbour, page.view).with_(**places)


def step_down(page: Page, by: int) -> View:
    """Down the rows of the figure with the cursor."""
    rows = rows_of(page.focused)
    if rows is None:
        return page.view
    return page.view.with_(**{rows.name: _clamped(page.selection.at(rows.name) + by, len(rows))})


def step_figure(page: Page, by: int) -> View:
    """The next figure that the cursor can stand in, after the last the first."""
    stops = page.sheet.stops
    if not stops:
        return page.view
    before_first = -1 if by > 0 else 0  # from a setting, which has no place among them
    here = next((place for place, figure in enumerate(stops) if figure.id == page.focused.id), before_first)
    figure = stops[(here + by) % len(stops)]
    return _with_head_of(figure, page.view).with_(focus=figure.id)


def step_head(page: Page, by: int) -> View:
    """Another head; where the cursor is in what all heads have side by side, the part of that head."""
    if "concat" in page.focused.axes:
        d_k, n_heads = page.view.d_k, page.view.source.n_heads
        head, inner = divmod(page.selection.concat, d_k)
        return page.view.with_(concat=_clamped(head + by, n_heads) * d_k + inner)
    head = _clamped(page.selection.head + by, page.view.source.n_heads)
    # A cursor in the panel of one head moves to the panel of the other.
    focus = "" if page.focused.head is not None else page.selection.focus
    return page.view.with_(head=head, focus=focus)


def step_layer(page: Page, by: int) -> View:
    return page.view.with_(layer=_clamped(page.selection.layer + by, page.view.source.n_layers))


def find(page: Page, text: str) -> View | None:
    """The next token of this name, or else the next that has it in it, as the query; None where there is none."""
    place = named(text, page.view.tokens, page.selection.query + 1)
    return None if place is None else page.view.with_(query=place)


def strongest(page: Page, after: int | None = None) -> View:
    """The key with the largest weight in the query's row, or the one next after a key; after the last the first."""
    if not page.view.has("dropped"):
        return page.view
    order = np.argsort(-page.view.row(page.view.weighed), kind="stable")  # [key]
    place = 0 if after is None else int(np.flatnonzero(order == after)[0]) + 1
    return page.view.with_(key=int(order[place % len(order)]))


def toggle_by_value(page: Page) -> View:
    """Weights by the size of the values they carry, or as they are."""
    return page.view.with_(by_value=not page.selection.by_value)


def toggle_special(page: Page) -> View:
    """Special tokens hidden, or shown; the query is then a word."""
    view = page.view.with_(hide_special=not page.selection.hide_special)
    words, place = kept_places(len(view.tokens), special_places(view.tokens)), view.selection.query
    if not view.selection.hide_special or place in words or not words:
        return view
    return view.with_(query=next((word for word in words if word > place), words[-1]))


def go_to_stage(page: Page, stage: int) -> View:
    """Another stage; its cursor begins where the stage does."""
    return page.view if stage == page.selection.stage else page.view.with_(stage=stage, focus="")


def point(page: Page, moves: Mapping[str, int | str]) -> View:
    """What a click selects."""
    stage = moves.get("stage")
    if isinstance(stage, int):
        return go_to_stage(page, stage)
    figure = next((figure for figure in page.sheet.stops if figure.id == moves.get("focus")), None)
    view = page.view if figure is None else _with_head_of(figure, page.view)
    return view.with_(**moves)


def next_mask(view: View) -> View:
    masks = view.source.masks
    here = masks.index(view.settings.mask) if view.settings.mask in masks else -1
    return replace(view, settings=replace(view.settings, mask=masks[(here + 1) % len(masks)]))


def next_dropout(view: View) -> View:
    """The next of DROPOUT_RATES that is larger, after the last none."""
    rate = next((rate for rate in DROPOUT_RATES if rate > view.settings.dropout), 0.0)
    return replace(view, settings=replace(view.settings, dropout=rate))


def next_seed(view: View) -> View:
    return replace(view, settings=replace(view.settings, seed=(view.settings.seed + 1) % 2**32))


def toggle_scale(view: View) -> View:
    return replace(view, settings=replace(view.settings, scale=not view.settings.scale))


def _across(figure: Figure) -> Axis | None:
    """The axis that runs along a row; a single column is gone through downwards."""
    columns = getattr(figure, "columns", None)
    if isinstance(columns, Axis) and columns.name:
        return columns
    return rows_of(figure)


def rows_of(figure: Figure) -> Axis | None:
    """The axis that runs down a figure, where there is one to go along."""
    rows = getattr(figure, "rows", None)
    return rows if isinstance(rows, Axis) and rows.name else None


def _neighbour(page: Page, by: int) -> Matrix | None:
    for band in page.sheet.bands:
        row = [figure for figure in band.figures if isinstance(figure, Matrix) and figure.columns.name]
        ids = [figure.id for figure in row]
        if page.focused.id in ids:
            place = ids.index(page.focused.id) + by
            return row[place] if 0 <= place < len(row) else None
    return None


def _with_head_of(figure: Figure, view: View) -> View:
    return view if figure.head is None else view.with_(head=figure.head)


def _clamped(place: int, count: int) -> int:
    return max(0, min(place, count - 1))
