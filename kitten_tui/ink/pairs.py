"""The pictures of all heads beside those of what stands beside: here, there, and the difference."""

from __future__ import annotations

import math

import numpy as np
from rich.segment import Segment
from rich.style import Style

from kitten_tui.core.array_types import Array
from kitten_tui.core.weighed import PLAIN
from kitten_tui.ink.cells import Line, fit, width_of
from kitten_tui.ink.grid import CAPTION, MAX_PIXELS, MIN_PIXELS, Grid, short, shrink
from kitten_tui.ink.overview import MOVED, Overview
from kitten_tui.ink.palette import Palette
from kitten_tui.words import Words

TOGETHER = 3
"""Pictures of a head, where heads are sorted and so have room."""
PLAINLY = 0.25
"""The share of the largest difference, by its root, from which a sign says it where there is no colour."""


def grid_of(of: Overview, palette: Palette, width: int, height: int = 0) -> Grid:
    """With what stands beside, where there is something, and heads are looked at as they are."""
    kind = Grid if of.others is None or of.weighed != PLAIN else PairGrid
    return kind(of, palette, width, height)


class PairGrid(Grid):
    """Of each head three pictures where they are sorted; where each has its place, the difference alone."""

    def _alone(self, room: int) -> int:
        side = max(MIN_PIXELS, min(self._keys, MAX_PIXELS, (room - TOGETHER) // TOGETHER))
        return max(TOGETHER * side + TOGETHER - 1, CAPTION)

    @property
    def picture_width(self) -> int:
        return (self.pixels - TOGETHER + 1) // TOGETHER if self.of.sorted else self.pixels

    def _cell(self, layer: int, head: int, inside: int) -> Line:
        if inside == 0:
            return super()._cell(layer, head, inside)
        change, summary, others = self.of.change(layer, head), self.of.summary(layer, head), self.of.others
        if change is None or summary is None or others is None:
            return [Segment(fit("·" if inside == 1 else "", self.pixels + 1), self.palette.muted)]
        above, line, gap = 2 * (inside - 1), [], Segment(" ", self.palette.text)
        if self.of.sorted:
            there = others.heads[layer * self.of.n_heads + head]
            for picture in (summary.thumbnail, there.thumbnail):
                pixels = shrink(picture, self.tall, self.picture_width)
                line += [*self._pixels(pixels, above, above + 1, float(pixels.max())), gap]
        line += self._signed(shrink(change.picture, self.tall, self.picture_width), above, others.largest)
        missing = self.pixels + 1 - width_of(line)
        return [*line, Segment(" " * missing, self.palette.text)]

    def _ground(self, layer: int, head: int) -> Style:
        """Of a caption: how differently the head looks, from 0 to the most."""
        if self.of.measure != MOVED:
            return super()._ground(layer, head)
        return self.palette.muted + self.palette.ramp(self.of.value(layer, head), 0.0, self._largest)

    def _signed(self, pixels: Array, above: int, largest: float) -> Line:
        """Two rows of a difference, all to one scale: the root tells small ones apart.  [row, column]"""
        ramp, line = self.palette.change, []
        for column in range(self.picture_width):
            rows = [float(pixels[row, column]) if row < len(pixels) else 0.0 for row in (above, above + 1)]
            if not ramp.styles:
                mean = root(sum(rows) / 2, largest)
                line.append(Segment(" " if abs(mean) < PLAINLY else "+" if mean > 0 else "−", self.palette.text))
                continue
            colour = [ramp(root(value, largest), -1.0, 1.0).bgcolor for value in rows]
            line.append(Segment("▀", Style(color=colour[0], bgcolor=colour[1])))
        return line


def root(value: float, largest: float) -> float:
    """The root of a share of the largest, with its sign."""
    return float(np.sign(value)) * math.sqrt(abs(value) / largest) if largest else 0.0


def pair_legend(grid: PairGrid, words: Words, palette: Palette, width: int) -> Line:
    """Which pictures stand beside one another, and what the heat of a difference says."""
    of = grid.of
    largest = 0.0 if of.others is None else of.others.largest
    steps = [Segment(" ", style) for style in palette.change.styles] or [Segment("−  +", Style.null())]
    names = words("overview.three") if of.sorted else words("beside.difference")
    ends = (f" {words('overview.axes')}   {names}   −{short(largest)} ", f" +{short(largest)}")
    line = [Segment(ends[0], palette.muted), *steps, Segment(ends[1], palette.muted)]
    after = Segment(words("overview.root"), palette.muted)
    return [*line, after] if width_of([*line, after]) <= width else line
