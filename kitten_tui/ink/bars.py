"""Bars as a block: one a row, all to one scale."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment

from kitten_tui.ink.blocks import HEADING, Block, Look, Moves, Place
from kitten_tui.ink.cells import Line, fit
from kitten_tui.ink.numbers import fmt
from kitten_tui.ink.say import say_title
from kitten_tui.stages.figure import Bars

LEAST_ROOM, MOST_ROOM = 5, 36
NUMBER_WIDTH = 7
"""A number with three decimals and a place at either side for the cursor."""


class BarsBlock(Block[Bars]):
    """One bar a row; a comparison also writes its numbers."""

    def __init__(self, figure: Bars, look: Look, room: int) -> None:
        super().__init__(figure, look)
        self.room = room
        """Cells of the bar of the largest value; the same for all that are compared."""
        short = cell_len(say_title(look.words, figure.short or figure.title)) + 2
        self.width = max((NUMBER_WIDTH if figure.ghost else 1) + room + 1, short)
        self.body = range(HEADING, HEADING + len(figure.rows))
        self.height = self.body.stop

    def draw(self, y: int) -> Line:
        palette = self.look.palette
        if y not in self.body:
            return self.blank(self.width)
        row = y - HEADING
        value = float(self.figure.values[row])
        number = f" {fmt(value)} " if self.figure.ghost else " "
        at_cursor = self.focused and row == self.figure.rows.at(self.look.selection)
        if at_cursor:
            number = f"[{number[1:-1]}]" if self.figure.ghost else "▸"
        share = value / self.figure.largest if self.figure.largest > 0 else 0.0
        drawn = bar(share, self.room, ghost=self.figure.ghost)
        style = palette.ghost if self.figure.ghost else palette.bar
        return [
            Segment(number, palette.cursor if at_cursor else palette.muted),
            Segment(fit(drawn, self.width - cell_len(number)), style),
        ]

    def moves(self, x: int, y: int) -> Moves | None:
        return {"focus": self.figure.id, **self.figure.rows.move(y - HEADING)} if y in self.body else None

    def place(self) -> Place | None:
        if not self.focused:
            return None
        return Place(0, HEADING + self.figure.rows.at(self.look.selection), min(self.width, 8))


def bar(share: float, width: int, *, ghost: bool = False) -> str:
    """A bar of so many parts of a width, to an eighth of a cell; a ghost is shaded and drawn in whole cells."""
    length = max(0.0, min(share, 1.0)) * width
    if ghost:
        return "░" * round(length)
    eighths = round(length * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
