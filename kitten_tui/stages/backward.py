"""The way back: what a stage shows, with the gradient of each number in its place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.cell import Cell
from kitten_tui.core.quantity import LOSS, grad
from kitten_tui.core.workings import Workings
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.stages.figure import Axis, Band, Figure, Foot, Matrix, Sheet, Sign, Title
from kitten_tui.stages.view import View, gap, styled

FORMULA = "∂L/∂…"
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
BACK = {"→": "←", "↓": "↑"}
"""Where a sign points to what is made of a number, its gradient comes back from there."""


def has_loss(view: View) -> bool:
    """Whether gradients can be looked at."""
    return _last(view).has(LOSS)


def loss(view: View) -> float:
    of = _last(view)
    return of.value(Cell(LOSS, (), layer=of.layer))


def _last(view: View) -> Workings:
    return view.workings.in_layer(view.source.n_layers - 1)


def reading(view: View) -> Phrase:
    return phrase("gradient.reading", loss=loss(view))


def of_gradients(sheet: Sheet, view: View) -> Sheet:
    """The same figures in the same places; where a quantity has no gradient, nothing.

    A page that shows no quantity stays as it is.
    """
    bands = (Band(tuple(_figure(figure, view) for figure in band.figures), band.rows) for band in sheet.bands)
    there = tuple(band for band in bands if any(figure.name for figure in band.figures))
    return replace(sheet, bands=there, backward=True) if there else sheet


def _figure(figure: Figure, view: View) -> Figure:
    if isinstance(figure, Matrix):
        return _matrix(figure, view) or _row(figure.foot, view) or gap()
    if isinstance(figure, Sign):
        return replace(figure, text=BACK.get(figure.text, " "))
    return gap()


def _matrix(figure: Matrix, view: View) -> Matrix | None:
    heads = range(view.source.n_heads) if figure.rows.name == "head" else (figure.head,)
    rows = [_numbers(figure, view, head) for head in heads]
    if rows[0] is None:
        return None
    values = np.array(rows).reshape(figure.values.shape)  # [row, column]
    symbol = _workings(figure, view).chain[grad(figure.name)].symbol
    unit = _unit(values)
    title: Title = (f"10{str(-unit).translate(RAISED)} " if unit else "", symbol)
    if figure.head is not None:
        title = (f"{figure.head + 1}  ", *title)
    columns = figure.columns if figure.columns.name else Axis("", (f"∂{figure.columns.labels[0]}",))
    shown = replace(figure, name=grad(figure.name), values=values, title=title, columns=columns, foot=None)
    return replace(shown, heat=True, compact=False, unit=unit, ends=None)


def _row(foot: Foot | None, view: View) -> Matrix | None:
    """What the columns of a figure add up to, where that has a gradient and they have none."""
    if foot is None:
        return None
    rows = Axis("", (view.token,))
    whole = Matrix(
        id=foot.id, name=foot.name, axes=foot.axes, values=foot.values[None], rows=rows, columns=foot.columns
    )
    return styled(_matrix(whole, view), row_labels=True)


def _numbers(figure: Figure, view: View, head: int | None) -> Array | None:
    """The gradient of what a figure shows; None where there is none."""
    at, of, name = view.selection, _workings(figure, view), grad(figure.name)
    head = at.head if head is None else head
    if figure.rescaled or not of.has(name, head):
        return None
    index = [None if axis in figure.places else at.at(axis) for axis in figure.axes]
    return of.numbers(Cell(name, (), head, of.layer), (*index, *figure.fixed))


def _workings(figure: Figure, view: View) -> Workings:
    """Of the layer that a figure shows."""
    return view.workings if figure.layer is None else view.workings.in_layer(figure.layer)


def _unit(values: Array) -> int:
    """The power of ten that small numbers are written in; 0 where they can be read as they are."""
    largest = float(np.abs(values).max(initial=0.0))
    return 0 if largest == 0.0 or largest >= 0.1 else int(np.floor(np.log10(largest)))
