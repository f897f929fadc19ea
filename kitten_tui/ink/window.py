"""Windows on figures that are larger than any screen: each shows a part of its rows and columns around the cursor.

A figure of a real model has a thousand columns, and what belongs together must be seen together: all figures of a
sheet get a share of the room, instead of the first one all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from kitten_tui.desk.selection import Selection
from kitten_tui.stages.figure import Axis, Band, Bars, Figure, Matrix, Sheet

LONG = 24
"""A sheet with an axis longer than this is shown through windows."""
MIN_COLUMNS, MIN_ROWS = 3, 4
"""No window is smaller, if what it shows is not."""


@dataclass(eq=False)
class Windows:
    """Where the windows stand; they move no further than to keep the cursor in them."""

    firsts: dict[str, int] = field(default_factory=dict)

    def place(self, name: str, axis: Axis, count: int, selection: Selection) -> range:
        """The places of an axis that a window of this size shows."""
        length = len(axis)
        count = min(count, length)
        here = max(0, min(axis.at(selection), length - 1))
        first = self.firsts.get(name, here - count // 3)
        first = max(min(first, here), here - count + 1)
        first = max(0, min(first, length - count))
        self.firsts[name] = first
        return range(first, first + count)


def is_long(sheet: Sheet) -> bool:
    """Whether anything in the sheet is longer than a screen could ever be."""
    return any(len(axis) > LONG for figure in sheet.figures for axis in _axes(figure))


def _axes(figure: Figure) -> Sequence[Axis]:
    match figure:
        case Matrix():
            return (figure.rows, figure.columns)
        case Bars():
            return (figure.rows,)
        case _:
            return ()


def least(figure: Figure) -> Figure:
    """The figure with as few columns as its window may have."""
    if not isinstance(figure, Matrix):
        return figure
    columns = min(len(figure.columns), MIN_COLUMNS)
    return figure.cut(range(len(figure.rows)), range(columns))


def most_rows(band: Band) -> int:
    """How many rows a band can use; figures with labels of their own have rows of their own."""
    own = (figure.rows for figure in band.figures if isinstance(figure, Matrix) and figure.row_labels)
    return max(len(rows or ()) for rows in (band.rows, *own))


def cut_rows(band: Band, key: str, count: int, windows: Windows, selection: Selection) -> Band:
    """A band with this many of its rows; figures with labels of their own have rows of their own."""
    if band.rows is None:
        return band
    shown = windows.place(f"{key}.rows", band.rows, count, selection)
    figures: list[Figure] = []
    for figure in band.figures:
        if isinstance(figure, Matrix):
            own = figure.row_labels
            rows = windows.place(f"{figure.id}.rows", figure.rows, count, selection) if own else shown
            figures.append(figure.cut(rows, range(len(figure.columns))))
        elif isinstance(figure, Bars):
            values = figure.values[shown.start : shown.stop]
            figures.append(replace(figure, values=values, rows=figure.rows.cut(shown.start, len(shown))))
        else:
            figures.append(figure)
    return replace(band, figures=tuple(figures), rows=band.rows.cut(shown.start, len(shown)))


def cut_columns(figure: Figure, count: int, windows: Windows, selection: Selection) -> Figure:
    """A figure with this many of its columns."""
    if not isinstance(figure, Matrix) or len(figure.columns) <= count:
        return figure
    columns = windows.place(f"{figure.id}.columns", figure.columns, count, selection)
    return figure.cut(range(len(figure.rows)), columns)


def share_out(room: int, wanted: Sequence[int], least_each: int) -> list[int]:
    """Room divided: who wants little gets it, all others get the same, and nobody less than the least."""
    left = sorted(wanted)
    while left:
        equal = max(room // len(left), least_each)
        if left[0] > equal:
            return [min(size, equal) for size in wanted]
        room -= left.pop(0)
    return list(wanted)
