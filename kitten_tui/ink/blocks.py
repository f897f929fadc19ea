"""A figure as a block of text: a title, a heading, a line for each row, a foot.

Blocks draw one line at a time and only the columns asked for, so that a large matrix costs no more than its window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np
from rich.segment import Segment
from rich.style import Style

from kitten_tui.ink.cells import Line, crop, fit, show_token, width_of
from kitten_tui.ink.numbers import MINUS_INFINITY, Format, fmt, format_for, percent, tenths
from kitten_tui.ink.palette import Palette
from kitten_tui.ink.say import say_title
from kitten_tui.stages.figure import Axis, Bars, Fact, Facts, Figure, Foot, Gap, Matrix, Sign
from kitten_tui.stages.selection import Selection
from kitten_tui.words import Words

HEADING = 2
"""The title and the column labels: the rows of a block begin below them."""
PANEL_TITLE = 16
"""The room that the title of a small panel may ask for."""
COVERED = "·"
DROPPED = "×"

Moves = Mapping[str, int | str]
"""Where the selection goes when a place of the picture is pointed at."""


@dataclass(frozen=True)
class Place:
    """A rectangle of cells in a picture."""

    x: int
    y: int
    width: int


@dataclass(frozen=True, eq=False)
class Look:
    """What every block is drawn with."""

    words: Words
    palette: Palette
    selection: Selection
    focus: str = ""
    """The id of the figure that has the cursor."""


F = TypeVar("F", bound=Figure)


class Block(Generic[F]):
    """Draws one figure. Subclasses give `width`, `height` and the lines below the title."""

    width: int
    height: int
    body: range = range(0)
    """The lines that scroll below a heading that stays."""

    def __init__(self, figure: F, look: Look) -> None:
        self.figure = figure
        self.look = look

    @property
    def focused(self) -> bool:
        return self.look.focus == self.figure.id

    def line(self, y: int, left: int, right: int) -> Line:
        """The cells of a line from one column to another; y = 0 is the title."""
        if y == 0:
            style = self.look.palette.chosen if self.focused else self.look.palette.title
            title = fit(" " + say_title(self.look.words, self.figure.title), self.width)
            return crop([Segment(title, style)], left, right)
        return crop(self.draw(y), left, right)

    def draw(self, y: int) -> Line:
        """A whole line below the title."""
        return self.blank(self.width)

    def moves(self, x: int, y: int) -> Moves | None:
        """What is selected by pointing here, None where there is nothing."""
        return None

    def place(self) -> Place | None:
        """Where the cursor is in this block."""
        return None

    def blank(self, width: int) -> Line:
        return [Segment(" " * width, self.look.palette.text)]


class SignBlock(Block[Sign]):
    """An operator, level with the first rows of its neighbours."""

    def __init__(self, figure: Sign, look: Look) -> None:
        super().__init__(figure, look)
        self.width = len(figure.text)
        self.height = HEADING + 1

    def draw(self, y: int) -> Line:
        return [Segment(self.figure.text if y == HEADING else " " * self.width, self.look.palette.muted)]


class GapBlock(Block[Gap]):
    """Nothing, of some width."""

    def __init__(self, figure: Gap, look: Look) -> None:
        super().__init__(figure, look)
        self.width = figure.width
        self.height = 0


class MatrixBlock(Block[Matrix]):
    def __init__(self, figure: Matrix, look: Look, cell_width: int) -> None:
        super().__init__(figure, look)
        self.cell_width = cell_width
        self.label_width = label_width(figure.rows) if figure.row_labels else 0
        # One cell more on the right: the closing bracket of a cursor in the last column.
        self.width = self.label_width + len(figure.columns) * cell_width + 1
        if figure.compact:
            title = width_of([Segment(say_title(look.words, figure.title))]) + 1
            self.width = max(self.width, min(title, PANEL_TITLE))
        self.top = HEADING if figure.column_labels else HEADING - 1  # without labels the rows begin below the title
        self.body = range(self.top, self.top + len(figure.rows))
        self.height = self.body.stop + (figure.foot is not None)

    @cached_property
    def range(self) -> tuple[float, float]:
        """The ends of the heat: all of the figure's finite numbers, from 0 where none is negative."""
        finite = self.figure.values[np.isfinite(self.figure.values)]
        if not finite.size:
            return 0.0, 1.0
        return min(0.0, float(finite.min())), float(finite.max())

    @cached_property
    def format(self) -> Format:
        values = self.figure.values
        if self.figure.foot is not None:
            values = np.vstack([values, self.figure.foot.values])
        return format_for(values, self.cell_width - 1)

    def write(self, value: float) -> str:
        if self.figure.compact and self.cell_width == 3:
            return percent(value)
        return tenths(value) if self.figure.compact and self.cell_width < 3 else self.format(value)

    def line(self, y: int, left: int, right: int) -> Line:
        if y == 0:
            return super().line(y, left, right)
        label: Line = []
        if self.label_width and left < self.label_width:
            label = crop(self._label(y), left, min(right, self.label_width))
        # Only the columns in the window are written.
        start, stop = max(left - self.label_width, 0), right - self.label_width
        if stop <= 0:
            return label
        first = start // self.cell_width
        last = min(-(-stop // self.cell_width), len(self.figure.columns))
        cells = self._cells(y, first, last)
        if last == len(self.figure.columns):
            cells = self._filled(cells, first)
        offset = first * self.cell_width
        return label + crop(cells, start - offset, stop - offset)

    def _filled(self, cells: Line, first: int) -> Line:
        """The title may be wider than the columns."""
        missing = self.width - self.label_width - first * self.cell_width - width_of(cells)
        return cells + self.blank(missing) if missing > 0 else cells

    def _cells(self, y: int, first: int, last: int) -> Line:
        if y in self.body:
            line = self._row(y - self.top, first, last)
        elif y == 1 and self.figure.column_labels:
            line = self._labels(first, last)
        elif self.figure.foot is not None and y == self.body.stop:
            line = self._foot(self.figure.foot, first, last)
        else:
            line = self.blank((last - first) * self.cell_width)
        closing = self._cursor_column(y) == last - 1
        return [
            *line,
            Segment("]" if closing else " ", self.look.palette.cursor if closing else self.look.palette.text),
        ]

    def _row(self, row: int, first: int, last: int) -> Line:
        cursor = self._cursor_column(self.top + row)
        line: Line = []
        for column in range(first, last):
            text, style = self._cell(row, column)
            line.append(self._bracketed(text, style, column, cursor, first))
        return line

    def _cell(self, row: int, column: int) -> tuple[str, Style]:
        figure, palette = self.figure, self.look.palette
        if figure.dropped is not None and figure.dropped[row, column]:
            return DROPPED, palette.muted
        if figure.hidden is not None and figure.hidden[row, column]:
            return (MINUS_INFINITY if figure.name == "masked" else COVERED), palette.muted
        value = float(figure.values[row, column])
        low, high = self.range
        return self.write(value), palette.ramp(value, low, high) if figure.heat else palette.text

    def _bracketed(self, text: str, style: Style, column: int, cursor: int | None, first: int) -> Segment:
        text = fit(text, self.cell_width, "right")
        if self.cell_width > 1:
            if column == cursor:
                text = "[" + text[1:]
            elif cursor is not None and column == cursor + 1 and column > first:
                text = "]" + text[1:]
        return Segment(text, self.look.palette.cursor if column == cursor else style)

    def _labels(self, first: int, last: int) -> Line:
        palette, columns = self.look.palette, self.figure.columns
        chosen = self.look.selection.at(columns.name) if columns.name else -1
        return [
            Segment(
                self._column_label(columns.labels[column]),
                palette.chosen if column == chosen else palette.muted,
            )
            for column in range(first, last)
        ]

    def _column_label(self, label: str) -> str:
        """As much of a label as stands above a cell: its beginning, which says more than an ellipsis."""
        room = max(self.cell_width - 1, 1)
        shown = show_token(label)
        while width_of([Segment(shown)]) > room:
            shown = shown[:-1]
        return fit(shown, self.cell_width, "right")

    def _foot(self, foot: Foot, first: int, last: int) -> Line:
        cursor = self._cursor_column(self.body.stop)
        return [
            self._bracketed(self.write(float(foot.values[column])), self.look.palette.result, column, cursor, first)
            for column in range(first, last)
        ]

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
            row = selection.at(figure.rows.name) if figure.rows.name else 0
            on_line = self.focused and y == self.top + row
        if not on_line:
            return None
        return selection.at(figure.columns.name) if figure.columns.name else 0

    def moves(self, x: int, y: int) -> Moves | None:
        figure = self.figure
        column = (x - self.label_width) // self.cell_width
        if x < self.label_width or column >= len(figure.columns):
            return None
        along = {figure.columns.name: column} if figure.columns.name else {}
        if y in self.body:
            if figure.rows.name:
                along[figure.rows.name] = y - self.top
            return {"focus": figure.id, **along}
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
        rows = self.figure.rows
        return self.look.selection.at(rows.name) if rows.name else 0


class FactsBlock(Block[Facts]):
    """A small table of single numbers."""

    def __init__(self, figure: Facts, look: Look, cell_width: int = 7) -> None:
        super().__init__(figure, look)
        self.cell_width = cell_width
        self.labels = [say_title(look.words, title) for title, _ in figure.rows]
        self.label_width = max(width_of([Segment(label)]) for label in self.labels) + 2
        title = width_of([Segment(say_title(look.words, figure.title))])
        self.width = max(self.label_width + len(figure.headings) * cell_width + 1, title + 2)
        self.height = HEADING + len(figure.rows)

    def draw(self, y: int) -> Line:
        palette = self.look.palette
        if y == 1:
            headings = [
                fit(say_title(self.look.words, title), self.cell_width, "right") for title in self.figure.headings
            ]
            return self._filled([Segment(" " * self.label_width + "".join(headings), palette.muted)])
        if not 0 <= y - HEADING < len(self.figure.rows):
            return self.blank(self.width)
        line = [Segment(fit(f" {self.labels[y - HEADING]}", self.label_width), palette.label)]
        after_cursor = False
        for fact in self.figure.rows[y - HEADING][1]:
            text = fit(self._write(fact), self.cell_width, "right")
            at_cursor = isinstance(fact, Fact) and fact.id == self.look.focus
            if at_cursor:
                line.append(Segment("[" + text[1:], palette.cursor))
            else:
                line.append(Segment("]" + text[1:] if after_cursor else text, palette.text))
            after_cursor = at_cursor
        return self._filled([*line, Segment("]" if after_cursor else " ", palette.text)])

    def _write(self, fact: Fact | float) -> str:
        value = fact.value if isinstance(fact, Fact) else fact
        return f"{value:.0e}".replace("e-0", "e-") if 0.0 < abs(value) < 0.0005 else fmt(value)

    def _filled(self, line: Line) -> Line:
        return line + self.blank(max(self.width - width_of(line), 0))

    def moves(self, x: int, y: int) -> Moves | None:
        fact = self._fact(x, y)
        return None if fact is None else {"focus": fact.id}

    def _fact(self, x: int, y: int) -> Fact | None:
        row, column = y - HEADING, (x - self.label_width) // self.cell_width
        if not 0 <= row < len(self.figure.rows) or x < self.label_width:
            return None
        facts = self.figure.rows[row][1]
        fact = facts[column] if column < len(facts) else None
        return fact if isinstance(fact, Fact) else None

    def place(self) -> Place | None:
        for row, (_, facts) in enumerate(self.figure.rows):
            for column, fact in enumerate(facts):
                if isinstance(fact, Fact) and fact.id == self.look.focus:
                    return Place(self.label_width + column * self.cell_width, HEADING + row, self.cell_width + 1)
        return None


class BarsBlock(Block[Bars]):
    """One bar a row; a comparison also writes its numbers."""

    MIN_WIDTH = 12
    MAX_WIDTH = 44

    def __init__(self, figure: Bars, look: Look, width: int) -> None:
        super().__init__(figure, look)
        self.width = width
        self.body = range(HEADING, HEADING + len(figure.rows))
        self.height = self.body.stop

    def draw(self, y: int) -> Line:
        palette = self.look.palette
        if y not in self.body:
            return self.blank(self.width)
        row = y - HEADING
        value = float(self.figure.values[row])
        number = f" {fmt(value)} " if self.figure.ghost else " "
        at_cursor = self.focused and row == self.look.selection.at(self.figure.rows.name)
        if at_cursor:
            number = f"[{number[1:-1]}]" if self.figure.ghost else "▸"
        share = value / self.figure.largest if self.figure.largest > 0 else 0.0
        drawn = bar(share, self.width - len(number) - 1, ghost=self.figure.ghost)
        style = palette.ghost if self.figure.ghost else palette.bar
        return [
            Segment(number, palette.cursor if at_cursor else palette.muted),
            Segment(fit(drawn, self.width - len(number)), style),
        ]

    def moves(self, x: int, y: int) -> Moves | None:
        return {"focus": self.figure.id, self.figure.rows.name: y - HEADING} if y in self.body else None

    def place(self) -> Place | None:
        if not self.focused:
            return None
        return Place(0, HEADING + self.look.selection.at(self.figure.rows.name), min(self.width, 8))


def bar(share: float, width: int, *, ghost: bool = False) -> str:
    """A bar of so many parts of a width, to an eighth of a cell; a ghost is shaded and drawn in whole cells."""
    eighths = round(max(0.0, min(share, 1.0)) * width * 8)
    if ghost:
        return "░" * round(eighths / 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def label_width(axis: Axis, most: int = 12) -> int:
    """Room for the labels of an axis and the mark of the selected one."""
    widest = max((width_of([Segment(show_token(label))]) for label in axis.labels), default=0)
    return min(widest, most) + 1


def label_line(axis: Axis, row: int, width: int, look: Look) -> Line:
    """The label of a row, marked where it is selected."""
    chosen = bool(axis.name) and row == look.selection.at(axis.name)
    text = ("▸" if chosen else " ") + show_token(axis.labels[row], width - 1)
    return [Segment(fit(text, width), look.palette.chosen if chosen else look.palette.label)]
