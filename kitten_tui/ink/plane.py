"""Two-dimensional vectors as a picture: the values as points with names, and z where they add up."""

from __future__ import annotations

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from kitten_tui.core.array_types import Array
from kitten_tui.ink.blocks import Block, Look
from kitten_tui.ink.cells import Line, cut, fit, show_token
from kitten_tui.ink.numbers import fmt
from kitten_tui.stages.figure import Plane

MARGIN = 5
POINT = "•"
ROOMS = (10, 4, 2)
"""For a name, as much as there is."""

Glyphs = dict[tuple[int, int], tuple[str, Style]]


class PlaneBlock(Block[Plane]):
    """A frame of d1 and d2, with the ends of both axes written at them."""

    MIN_WIDTH = 20
    MAX_WIDTH = 64
    HEIGHTS = range(9, 30)

    def __init__(self, figure: Plane, look: Look, width: int, height: int) -> None:
        super().__init__(figure, look)
        self.width = width
        self.height = min(max(height, self.HEIGHTS.start), self.HEIGHTS.stop)
        self.columns = width - MARGIN - 2  # │ at the left, a space at the right
        self.rows = self.height - 3  # the title, the axis below, its ends
        self.low, self.high = _frame(np.vstack([figure.points, figure.target[None, :]]))
        self.glyphs = self._glyphs()

    def _glyphs(self) -> Glyphs:
        """What stands at each cell; where several points meet, z is seen first, then the selected value."""
        figure, palette = self.figure, self.look.palette
        order = [place for place in range(len(figure.points)) if place != figure.selected] + [figure.selected]
        seen = {self._cell(figure.points[place]): place for place in order}
        glyphs: Glyphs = dict.fromkeys(seen, (POINT, palette.label))
        chosen = self._cell(figure.points[figure.selected])
        glyphs[chosen] = (POINT, palette.cursor)
        target = self._cell(figure.target)
        glyphs[target] = ("z", palette.result)
        for cell in sorted(seen, key=lambda cell: (cell != chosen, cell)):
            name, style = show_token(figure.names[seen[cell]]), palette.chosen if cell == chosen else palette.label
            # Only the selected point may have its name above or below it: there it could be taken for another's.
            lines = (cell[1], cell[1] + 1, cell[1] - 1) if cell == chosen else (cell[1],)
            rooms = {y: ROOMS if y == cell[1] else ROOMS[:1] for y in lines}
            tries = ((cut(name, room), y, after) for y in lines for room in rooms[y] for after in (True, False))
            for text, y, after in tries:
                start = cell[0] + (y == cell[1]) if after else cell[0] - cell_len(text) + (y != cell[1])
                if self._is_free(glyphs, text, start, y, cell):
                    _write(glyphs, text, start, y, style)
                    break
        return glyphs

    def _is_free(self, glyphs: Glyphs, text: str, start: int, y: int, point: tuple[int, int]) -> bool:
        """Whether a name has room for itself, with an empty cell between it and what is not its own point."""
        stop = start + cell_len(text)
        if start < 0 or stop > self.columns or not 0 <= y < self.rows:
            return False
        return not any((x, y) in glyphs for x in range(start - 1, stop + 1) if (x, y) != point)

    def _cell(self, point: Array) -> tuple[int, int]:
        share = (point - self.low) / (self.high - self.low)  # [2]
        return round(float(share[0]) * (self.columns - 1)), round((1.0 - float(share[1])) * (self.rows - 1))

    def draw(self, y: int) -> Line:
        """A row of the frame: the ends of d2 at its left, below it the ends of d1."""
        palette = self.look.palette
        row = y - 1
        if row < self.rows:
            end = self.high if row == 0 else self.low
            label = fit(fmt(float(end[1]), 1), MARGIN, "right") if row in (0, self.rows - 1) else " " * MARGIN
            if row == self.rows // 2:
                label = fit("d2", MARGIN, "right")
            line = [Segment(f"{label}│", palette.muted)]
            for column in range(self.columns):
                glyph, style = self.glyphs.get((column, row), (" ", palette.text))
                line.append(Segment(glyph, style))
            return [*line, Segment(" ", palette.text)]
        if row == self.rows:
            return [Segment(" " * MARGIN + "└" + "─" * self.columns + " ", palette.muted)]
        if row > self.rows + 1:
            return self.blank(self.width)
        left, right = fmt(float(self.low[0]), 1), fmt(float(self.high[0]), 1)
        middle = fit(" " * ((self.columns - 2) // 2 - len(left)) + "d1", self.columns - len(left) - len(right))
        return [Segment(" " * (MARGIN + 1) + left + middle + right + " ", palette.muted)]


def _write(glyphs: Glyphs, text: str, start: int, y: int, style: Style) -> None:
    """A text, a glyph for each cell; the second half of a wide character is nothing."""
    x = start
    for character in text:
        width = cell_len(character)
        if width == 0:
            glyph, _ = glyphs[x - 1, y]
            glyphs[x - 1, y] = (glyph + character, style)
            continue
        glyphs[x, y] = (character, style)
        if width == 2:
            glyphs[x + 1, y] = ("", style)
        x += width


def _frame(points: Array) -> tuple[Array, Array]:
    """The corners of a frame around all points, on tenths.  [point, 2] -> [2], [2]"""
    low = np.floor(points.min(axis=0) * 10.0) / 10.0  # [2]
    high = np.ceil(points.max(axis=0) * 10.0) / 10.0  # [2]
    return low, np.where(high > low, high, low + 0.1)  # [2], [2]
