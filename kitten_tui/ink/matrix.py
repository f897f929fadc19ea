"""A matrix as a block: digits with heat behind them."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from kitten_tui.core.array_types import Array
from kitten_tui.core.weighed import WEIGHED
from kitten_tui.ink.blocks import CHANGED, HEADING, UNKNOWN, Block, Look, Moves, Place, label_line, label_width
from kitten_tui.ink.cells import Line, crop, fit, show_token, start_of, width_of
from kitten_tui.ink.heat import Ramp
from kitten_tui.ink.numbers import DECIMALS, MINUS_INFINITY, Format, extremes, format_for, percent, tenths
from kitten_tui.ink.say import say_title
from kitten_tui.stages.figure import Foot, Matrix

PANEL_TITLE, WINDOW_TITLE, TITLE = 16, 15, 20
"""The room that the title of a small panel, of a window, and of any other may ask for."""
LOOKED_AT = ("weights", *WEIGHED.values())
"""What says how strongly something is looked at: heat is theirs alone."""
COVERED = "·"
DROPPED = "×"
PREVIEWED = "░"
"""Before a number that a mask would cover."""
BEFORE_NUMBERS = (" ", CHANGED, PREVIEWED)
"""What gives way to the bracket that closes the cell before."""


class MatrixBlock(Block[Matrix]):
    def __init__(self, figure: Matrix, look: Look, cell_width: int) -> None:
        super().__init__(figure, look)
        self.cell_width = cell_width
        self.label_width = label_width(figure.rows) if figure.row_labels else 0
        # One cell more on the right: the closing bracket of a cursor in the last column.
        self.width = self.label_width + len(figure.columns) * cell_width + 1
        title = width_of([Segment(say_title(look.words, figure.title))]) + 2
        most = PANEL_TITLE if figure.compact else TITLE if figure.whole is None else WINDOW_TITLE
        self.width = max(self.width, min(title, most))
        self.top = HEADING - (not figure.column_labels) - figure.untitled
        self.body = range(self.top, self.top + len(figure.rows))
        self.height = self.body.stop + (figure.foot is not None)

    @property
    def ramp(self) -> Ramp:
        """What its numbers are coloured by."""
        if self.figure.diverges:
            return self.look.palette.change
        return self.look.palette.ramp if self.figure.name in LOOKED_AT else self.look.palette.quiet

    @property
    def focused(self) -> bool:
        return self.look.focus == (self.figure.beside or self.figure.id)

    @cached_property
    def range(self) -> tuple[float, float]:
        """The ends of the heat: all of the figure's finite numbers, from 0 where none is negative."""
        if self.figure.ends is not None:
            return self.figure.ends
        low, high = extremes(self.figure.all_values)
        return (min(0.0, low), high) if low <= high else (0.0, 1.0)

    @cached_property
    def format(self) -> Format:
        low, high = extremes(self.figure.all_values)
        if self.figure.foot is not None:
            below = extremes(self.figure.foot.values)
            low, high = min(low, below[0]), max(high, below[1])
        unit = self.figure.unit
        return replace(format_for(low / 10.0**unit, high / 10.0**unit, self.cell_width - 1), unit=unit)

    @property
    def rounds(self) -> bool:
        """Whether decimals are missing that a wider cell would show."""
        values = np.where(np.isfinite(self.figure.all_values), self.figure.all_values, 0.0) / 10.0**self.figure.unit
        return bool(np.any(values.round(self.format.decimals) != values.round(DECIMALS)))

    @property
    def small(self) -> bool:
        """Whether weights are written in per cent or in tenths."""
        return self.figure.compact and self.cell_width <= 3

    def write(self, value: float) -> str:
        if not self.small:
            return self.format(value)
        return percent(value) if self.cell_width == 3 else tenths(value)

    def line(self, y: int, left: int, right: int) -> Line:
        if y == 0 and not self.figure.untitled:
            return super().line(y, left, right)
        label: Line = []
        if self.label_width and left < self.label_width:
            label = crop(self._label(y), left, min(right, self.label_width))
        start, stop = max(left - self.label_width, 0), right - self.label_width
        if stop <= 0:
            return label
        # Only whole columns are written: half of a number would be another number.
        first = -(-start // self.cell_width)
        last = max(min(stop // self.cell_width, len(self.figure.columns)), first)
        cells = self.blank(first * self.cell_width - start) + self._cells(y, first, last)
        missing = stop - start - width_of(cells)
        return self._shaded(label + crop(cells + self.blank(max(missing, 0)), 0, stop - start))

    def _cells(self, y: int, first: int, last: int) -> Line:
        if y in self.body:
            line = self._row(y - self.top, first, last)
        elif y == 1 and self.figure.column_labels:
            line = self._labels(first, last)
        elif self.figure.foot is not None and y == self.body.stop:
            line = self._foot(self.figure.foot, first, last)
        else:
            line = self.blank((last - first) * self.cell_width)
        closing = self.cell_width > 1 and self._cursor_column(y) == last - 1
        return [
            *line,
            Segment("]" if closing else " ", self.look.palette.cursor if closing else self.look.palette.text),
        ]

    def _row(self, row: int, first: int, last: int) -> Line:
        cursor = self._cursor_column(self.top + row)
        line: Line = []
        for column in range(first, last):
            text, style = self._in_light(self.figure.id, row, column, *self._cell(row, column))
            mark = CHANGED if text[-1:].isdigit() and self._changed(row, column) else self._preview(row, column)
            line.append(self._bracketed(text, style, column, cursor, first, mark))
        return line

    def _in_light(self, id_: str, row: int, column: int, text: str, style: Style) -> tuple[str, Style]:
        """A number as it is where something else may be pointed at, or asked for."""
        lit, rows, columns = self.look.lit, self.figure.rows, self.figure.columns
        selection = self.look.selection
        place = rows.first + row, columns.first + column
        at = rows.first + rows.at(selection), columns.first + columns.at(selection)
        if lit.covers_cell(id_, place, at):
            return UNKNOWN, self.look.palette.muted
        if lit.lights_cell(id_, place, at):
            return text, style
        return "" if lit.alone else text, self.look.palette.dim

    @cached_property
    def _before(self) -> Array | None:
        comparison = self.look.comparison
        return None if comparison is None else comparison.values(self.figure)

    def _preview(self, row: int, column: int) -> str:
        previewed = self.figure.previewed
        return PREVIEWED if previewed is not None and previewed[row, column] else ""

    def _changed(self, row: int, column: int) -> bool:
        if self._before is None:
            return False
        before = self._before[self.figure.rows.first + row, self.figure.columns.first + column]
        # The last bits of a sum hang on which numbers are 0.
        return not math.isclose(before, self.figure.values[row, column], rel_tol=1e-14)

    def _cell(self, row: int, column: int) -> tuple[str, Style]:
        figure, palette = self.figure, self.look.palette
        if figure.dropped is not None and figure.dropped[row, column]:
            return DROPPED, palette.muted
        if figure.hidden is not None and figure.hidden[row, column]:
            return (MINUS_INFINITY if figure.name == "masked" else COVERED), palette.muted
        value = float(figure.values[row, column])
        if math.isnan(value) and figure.beside:
            return COVERED, palette.muted
        if self._preview(row, column):
            return self.write(value), palette.muted
        low, high = self.range
        if not figure.heat:
            return self.write(value), palette.text
        return self.write(value), self.ramp(value, low, high)

    def _bracketed(
        self, text: str, style: Style, column: int, cursor: int | None, first: int, mark: str = ""
    ) -> Segment:
        text = fit(mark + text if self.cell_width > 2 else text, self.cell_width, "right")
        if self.cell_width > 1:  # a single digit leaves no room; there the style alone shows the cursor
            if column == cursor:
                text = "[" + text[1:]
            elif cursor is not None and column == cursor + 1 and column > first and text[0] in BEFORE_NUMBERS:
                text = "]" + text[1:]
        return Segment(text, self.look.palette.cursor if column == cursor else style)

    def _labels(self, first: int, last: int) -> Line:
        palette, columns = self.look.palette, self.figure.columns
        chosen = columns.at(self.look.selection) if columns.name else -1
        return [
            Segment(
                self._column_label(column),
                palette.chosen if column == chosen else palette.muted,
            )
            for column in range(first, last)
        ]

    def _column_label(self, column: int) -> str:
        """What stands above a cell: a label, or its short form, or its beginning, which says more than an ellipsis.

        A gap stands before it unless its first character needs that too.
        """
        columns, room = self.figure.columns, max(self.cell_width - 1, 1)
        label = show_token(columns.labels[column])
        if columns.short and cell_len(label) > room:
            label = columns.short[column]
        return fit(start_of(label, room) or start_of(label, self.cell_width), self.cell_width, "right")

    def _foot(self, foot: Foot, first: int, last: int) -> Line:
        cursor = self._cursor_column(self.body.stop)
        comparison, selection, line = self.look.comparison, self.look.selection, []
        for column in range(first, last):
            value = float(foot.values[column])
            there = selection.moved(**foot.columns.move(column))
            altered = comparison is not None and comparison.changed(foot.cell(there), value)
            mark = CHANGED if altered else ""
            text, style = self._in_light(
                foot.id, self._row_of_cursor(), column, self.write(value), self.look.palette.result
            )
            line.append(self._bracketed(text, style, column, cursor, first, mark))
        return line

    def _label(self, y: int) -> Line:
        if y not in self.body:
            return self.blank(self.label_width)
        row = y - self.top
        return label_line(self.figure.rows, row, self.label_width, self.look)

    def _cursor_column(self, y: int) -> int | None:
        """The column of the cursor, if it is on this line."""
        figure, selection = self.figure, self.look.selection
        foot = figure.foot
        if foot is not None and self.look.focus == foot.id:
            on_line = y == self.body.stop
        else:
            on_line = self.focused and y == self.top + figure.rows.at(selection)
        if not on_line:
            return None
        return figure.columns.at(selection)

    def moves(self, x: int, y: int) -> Moves | None:
        figure = self.figure
        column = (x - self.label_width) // self.cell_width
        if x < self.label_width or column >= len(figure.columns):
            return None
        along = figure.columns.move(column)
        if y in self.body:
            return {"focus": figure.beside or figure.id, **along, **figure.rows.move(y - self.top)}
        if figure.foot is not None and y == self.body.stop:
            return {"focus": figure.foot.id, **along}
        if y == 1 and figure.column_labels and along:
            return along
        return None

    def place(self) -> Place | None:
        for y in (self.body.stop, self.top + self._row_of_cursor()):
            column = self._cursor_column(y)
            if column is not None:
                return Place(self.label_width + column * self.cell_width, y, self.cell_width + 1)
        return None

    def _row_of_cursor(self) -> int:
        return self.figure.rows.at(self.look.selection)
