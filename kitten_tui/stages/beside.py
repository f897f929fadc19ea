"""Figures beside themselves as they are elsewhere: here, there, and the difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from kitten_tui.core.array_types import Array, Mask
from kitten_tui.core.beside import CameFrom, Numbers, carried
from kitten_tui.core.cell import Cell
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.stages.changes import Comparison
from kitten_tui.stages.figure import Band, Matrix, Title
from kitten_tui.stages.stage import Page
from kitten_tui.stages.view import View, styled


def side_by_side(page: Page, comparison: Comparison, name: Phrase) -> Page:
    """Every figure of numbers three times, one figure below the other; a page on which nothing has its like there stays
    as it is.
    """
    bands = tuple(_bands(page, comparison))
    if not bands:
        return replace(page, readings=(phrase("beside.nothing", name=name),))
    sheet = replace(page.sheet, bands=bands, aligned=False)
    focused = sheet.stop(page.focused.id)
    said = (_reading(page, bands, comparison, name),)
    if focused is not None:
        return replace(page, sheet=sheet, readings=said)
    focused = sheet.stops[0]
    selection = page.selection.moved(focus=focused.id)
    derivation = page.view.workings.derive(focused.cell(selection))
    view = replace(page.view, selection=selection)
    return replace(page, sheet=sheet, readings=said, focused=focused, view=view, derivation=derivation)


def _bands(page: Page, comparison: Comparison) -> Iterator[Band]:
    for figure in page.sheet.figures:
        old = comparison.figure(figure) if isinstance(figure, Matrix) else None
        there = comparison.values(figure) if isinstance(figure, Matrix) else None
        if isinstance(figure, Matrix) and old is not None and there is not None:
            yield three(figure, old, there, comparison.came_from, page.view)


def of_weights(view: View, other: View, came_from: CameFrom) -> Band | None:
    """The weights of the selected head; None where the source has none."""
    here, old = (styled(each.matrix("weights"), columns=each.axis("key")) for each in (view, other))
    if here is None or old is None:
        return None
    there = carried(old.values, ("query", "key"), here.values.shape, came_from)
    return None if there is None else three(here, old, there, came_from, view)


def three(figure: Matrix, old: Matrix, there: Array, came_from: CameFrom, view: View) -> Band:
    """A figure, the same as it is there, and the difference, the first two to one scale.  there [row, column]"""
    numbers = Numbers(figure.all_values, there)
    both = np.concatenate([numbers.here.ravel(), numbers.there.ravel()])
    finite = both[np.isfinite(both)]
    ends = figure.ends or (min(0.0, float(finite.min(initial=0.0))), float(finite.max(initial=0.0)))
    here = replace(figure, ends=ends, compact=False, row_labels=False, column_labels=True, untitled=False)

    def moved(mask: Mask | None) -> Mask | None:
        """What covers cells there, at the places that they have here."""
        axes = (figure.rows.name, figure.columns.name)
        array = None if mask is None else carried(mask.astype(np.float64), axes, there.shape, came_from)
        return None if array is None else array == 1.0

    hidden = moved(old.hidden)
    beside = replace(here, beside=figure.id, foot=None, values=there, hidden=hidden, dropped=moved(old.dropped))
    difference = numbers.difference
    largest = float(np.abs(difference[np.isfinite(difference)]).max(initial=0.0)) or 1.0
    both_hide = None if figure.hidden is None or hidden is None else figure.hidden & hidden
    there_title, between = _titled(figure, view, "beside.there"), _titled(figure, view, "beside.difference")
    apart = replace(beside, id=f"{figure.id}.difference", title=between, values=difference, previewed=None)
    return Band(
        (
            replace(here, title=_titled(figure, view, "beside.here")),
            replace(beside, id=f"{figure.id}.there", title=there_title),
            replace(apart, ends=(-largest, largest), heat=True, diverges=True, hidden=both_hide, dropped=None),
        ),
        figure.rows,
    )


def _titled(figure: Matrix, view: View, key: str) -> Title:
    """Its symbol, with the head where that is not the selected one, and which of the three it is."""
    head = "" if figure.head is None else f"{figure.head + 1}  "
    symbol = view.chain[figure.name].symbol if figure.name in view.chain else ""
    return (f"{head}{symbol} ", phrase(key))


def _reading(page: Page, bands: tuple[Band, ...], comparison: Comparison, name: Phrase) -> Phrase:
    """The number that differs most, in the figure that has the cursor."""
    focus = page.focused.id
    here, _, difference = next((band.figures for band in bands if band.figures[0].id == focus), bands[0].figures)
    assert isinstance(here, Matrix)
    assert isinstance(difference, Matrix)
    sizes = np.abs(np.where(np.isfinite(difference.values), difference.values, 0.0))  # [row, column]
    if not sizes.any():
        return phrase("beside.same", name=name)
    row, column = np.unravel_index(int(sizes.argmax()), sizes.shape)
    at = page.selection.moved(**here.rows.move(int(row)), **here.columns.move(int(column)))
    cell: Cell = here.cell(at)
    value, less = float(here.values[row, column]), float(difference.values[row, column])
    return phrase("beside.differs", name=name, cell=cell, here=value, there=value - less, difference=f"{less:+.3f}")
