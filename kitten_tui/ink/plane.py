"""Two-dimensional vectors as a picture: the values as numbered points, and z where they add up."""

from __future__ import annotations

import numpy as np
from rich.segment import Segment
from rich.style import Style

from kitten_tui.core.ops import Array
from kitten_tui.ink.blocks import Block, Look
from kitten_tui.ink.cells import Line, fit
from kitten_tui.ink.numbers import fmt
from kitten_tui.stages.figure import Plane

MARGIN = 5

Glyphs = dict[tuple[int, int], tuple[str, Style]]


class PlaneBlock(Block[Plane]):
    """A frame of d1 and d2, with the ends of both axes written at them."""

    MIN_WIDTH = 20
    MAX_WIDTH = 46
    HEIGHTS = range(9, 17)

    def __init__(self, figure: Plane, look: Look, width: int, height: int) -> None:
        super().__init__(figure, look)
        self.width = width
        self.height = min(max(height, self.HEIGHTS.start), self.HEIGHTS.stop)
        self.columns = width - MARGIN - 2  # │ at the left, a space at the right
        self.rows = self.height - 3  # the title, the axis below, its ends
        self.low, self.high = _frame(np.vstack([figure.points, figure.target[None, :]]))
        self.glyphs = self._glyphs()

    def _glyphs(self) -> Glyphs:
        """What stands at each cell; where several meet, z is seen first, then the selected value."""
        figure, palette = self.figure, self.look.palette
        order = [place for place in range(len(figure.points)) if place != figure.selected] + [figure.selected]
        glyphs: Glyphs = {}
        for place in order:
            number = str(place + 1) if len(figure.points) < 10 else "•"
            glyphs[self._cell(figure.points[place])] = (
                number,
                palette.cursor if place == figure.selected else palette.label,
            )
        glyphs[self._cell(figure.target)] = ("z", palette.result)
        return glyphs

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


def _frame(points: Array) -> tuple[Array, Array]:
    """The corners of a frame around all points, on tenths.  [point, 2] -> [2], [2]"""
    low = np.floor(points.min(axis=0) * 10.0) / 10.0  # [2]
    high = np.ceil(points.max(axis=0) * 10.0) / 10.0  # [2]
    return low, np.where(high > low, high, low + 0.1)  # [2], [2]
