"""A figure as a block of text: a title, a heading, a line for each row, a foot.

Blocks draw one line at a time and only the columns asked for, so that a large matrix costs no more than its window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from rich.cells import cell_len
from rich.segment import Segment

from kitten_tui.desk.selection import Selection
from kitten_tui.ink.cells import Line, crop, fit, show_token, width_of
from kitten_tui.ink.palette import Palette
from kitten_tui.ink.say import say_title
from kitten_tui.stages.changes import Comparison
from kitten_tui.stages.figure import Axis, Figure, Gap, Sign
from kitten_tui.stages.light import EVERYTHING, Lit
from kitten_tui.words import Words

UNKNOWN = "?"
"""In the place of what is asked for."""

HEADING = 2
"""The title and the column labels: the rows of a block begin below them."""

CHANGED = "*"
"""Before a number that the last change altered."""

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
    comparison: Comparison | None = None
    """What to mark changed cells against."""
    lit: Lit = EVERYTHING
    """What is pointed at."""


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

    @property
    def title(self) -> str:
        """What stands over the figure: its title, or the short one where that has no room."""
        title = say_title(self.look.words, self.figure.title)
        fits = cell_len(title) < self.width or not self.figure.short
        return title if fits else say_title(self.look.words, self.figure.short)

    def line(self, y: int, left: int, right: int) -> Line:
        """The cells of a line from one column to another; y = 0 is the title."""
        if y == 0:
            style = self.look.palette.chosen if self.focused else self.look.palette.title
            return crop(self._shaded([Segment(fit(f" {self.title}", self.width), style)]), left, right)
        if self.look.lit.covers_figure(self.figure.id):
            mark = f"  {UNKNOWN}" if y in self.body else ""
            return crop([Segment(fit(mark, self.width), self.look.palette.muted)], left, right)
        return crop(self._shaded(self.draw(y)), left, right)

    def _shaded(self, line: Line) -> Line:
        """A line of a figure, dim where nothing of it is pointed at, or blank."""
        if self.look.lit.lights_figure(self.figure.id):
            return line
        if self.look.lit.alone:
            return self.blank(width_of(line))
        return [Segment(part.text, self.look.palette.dim) for part in line]

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


def label_width(axis: Axis, most: int = 12) -> int:
    """Room for the labels of an axis and the mark of the selected one."""
    return min(_widest(axis.whole or axis.labels), most) + 1


@lru_cache(maxsize=64)
def _widest(labels: tuple[str, ...]) -> int:
    return max((cell_len(show_token(label)) for label in labels), default=0)


def label_line(axis: Axis, row: int, width: int, look: Look) -> Line:
    """The label of a row, marked where it is selected."""
    chosen = bool(axis.name) and row == axis.at(look.selection)
    text = ("▸" if chosen else " ") + show_token(axis.labels[row], width - 1)
    return [Segment(fit(text, width), look.palette.chosen if chosen else look.palette.label)]
