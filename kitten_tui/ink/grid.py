"""The pictures of all heads beside and below one another: two pixels in every cell, one above the other."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from kitten_tui.core.array_types import Array
from kitten_tui.core.measures import HeadSummary
from kitten_tui.ink.blocks import Place
from kitten_tui.ink.cells import Line, fit
from kitten_tui.ink.numbers import fmt
from kitten_tui.ink.overview import BETWEEN, EFFECT, Overview
from kitten_tui.ink.palette import Palette

LABELS = 4
"""Room for the numbers of the layers."""
MIN_PIXELS, MAX_PIXELS = 5, 16
"""How wide and high a picture may be."""
CAPTION = 9
"""The room of one such as 12.12 .34, which may be more than that of a picture."""
SHADES = " ░▒▓█"
"""Where there is no colour, a cell is as dark as the mean of its two pixels."""


class Grid:
    """The pictures of all heads: a row for each layer, or as many beside one another as fit where they are sorted."""

    def __init__(self, of: Overview, palette: Palette, width: int, height: int = 0) -> None:
        self.of = of
        self.palette = palette
        self._pictures: dict[tuple[int, int], Array] = {}
        room = width - self.labels
        self.lines_of_layer = 1
        """A layer goes on below where its pictures would be too small otherwise."""
        if not of.sorted:
            self.lines_of_layer = self._lines_of_layer(room, height)
        self.columns = -(-of.n_heads // self.lines_of_layer)
        self.pixels = self._pixels_with(room, self.columns)
        if of.sorted:
            self.pixels = self._alone(room)
            self.columns = max(room // (self.pixels + 1), 1)
        self.rows = -(-len(of.order) // self.columns) if of.sorted else of.n_layers * self.lines_of_layer
        self.tall = self._tall(height)
        self.picture_height = -(-self.tall // 2)
        self.row_height = self.picture_height + 1
        self.height = self.top + self.rows * self.row_height
        self.width = self.labels + self.columns * (self.pixels + 1)

    def _alone(self, room: int) -> int:
        """How wide a head is where its neighbours are any heads, of so much room."""
        return max(self.pixels, CAPTION)

    @property
    def picture_width(self) -> int:
        """Of one picture, in pixels."""
        return self.pixels

    def _pixels_with(self, room: int, columns: int) -> int:
        """How wide pictures are beside one another: a whole number of pixels for each key, if there is one."""
        fitting = max(MIN_PIXELS, min(room // columns - 1, MAX_PIXELS))
        even = fitting - fitting % self._keys
        return even if even >= MIN_PIXELS else fitting

    def _lines_of_layer(self, room: int, height: int) -> int:
        """On how many lines the heads of a layer stand: on more than one if keys were squeezed and lines are free."""
        least = 1
        for count in range(1, self.of.n_heads + 1):
            columns = -(-self.of.n_heads // count)
            pixels = self._pixels_with(room, columns)
            needed = self.top + self.of.n_layers * count * (-(-pixels // 2) + 1)
            if needed <= height and pixels >= CAPTION:
                least = count
            if pixels >= self._keys or needed > height:
                break
        return least

    def _tall(self, height: int) -> int:
        """How high pictures are: as wide as they are, or more where queries were squeezed and lines are free."""
        queries = min(len(self.of.pictured[0]), MAX_PIXELS)
        free = 2 * ((height - self.top) // self.rows - 1)
        wide = self.picture_width
        return max(wide, min(queries, free)) if wide < queries and not self.of.sorted else wide

    @property
    def _keys(self) -> int:
        return max(len(self.of.pictured[1]), 1)

    @property
    def labels(self) -> int:
        return 0 if self.of.sorted else max(LABELS, 2 + max(map(cell_len, self.of.layers), default=0))

    @property
    def top(self) -> int:
        """The line of the head numbers, where the columns are heads."""
        return 0 if self._says_which else 1

    @property
    def _says_which(self) -> bool:
        """Whether captions say which heads they are of, since the columns do not."""
        return self.of.sorted or self.lines_of_layer > 1

    def lines(self) -> list[Line]:
        return [self.line(y) for y in range(self.height)]

    def line(self, y: int, top: int = 0) -> Line:
        """A line of the grid; the numbers of the heads stay at the top of the window."""
        if y < self.top or (self.top and y == top):
            labels = [Segment(fit("", self.labels), self.palette.text)]
            chosen = self.of.head
            return labels + [self._heading(head, head == chosen) for head in range(self.columns)]
        row, inside = divmod(y - self.top, self.row_height)
        line: Line = []
        if self.labels:
            layer, part = divmod(row, self.lines_of_layer)
            here = layer == self.of.layer
            name = self.of.layers[layer] if self.of.layers else layer + 1
            text = f"{'▸' if here else ' '}{name}" if inside == part == 0 else ""
            line.append(Segment(fit(text, self.labels), self.palette.chosen if here else self.palette.label))
        for place in self._places(row):
            line += self._cell(*self.of.order[place], inside)
        return line

    def _places(self, row: int) -> range:
        """What stands on a row, as places in the order; a layer begins on a row of its own."""
        if self.of.sorted:
            return range(row * self.columns, min((row + 1) * self.columns, len(self.of.order)))
        layer, part = divmod(row, self.lines_of_layer)
        first = layer * self.of.n_heads
        return range(first + part * self.columns, first + min((part + 1) * self.columns, self.of.n_heads))

    def _row_and_column(self) -> tuple[int, int]:
        """Where the selected head is."""
        place = self.of.order.index((self.of.layer, self.of.head))
        if self.of.sorted:
            return divmod(place, self.columns)
        part, column = divmod(self.of.head, self.columns)
        return self.of.layer * self.lines_of_layer + part, column

    def _heading(self, head: int, chosen: bool) -> Segment:
        return Segment(fit(f" {head + 1}", self.pixels + 1), self.palette.chosen if chosen else self.palette.muted)

    def _cell(self, layer: int, head: int, inside: int) -> Line:
        """A line of one head: its caption, or two rows of its pixels."""
        selected = (layer, head) == (self.of.layer, self.of.head)
        summary = self.of.summary(layer, head)
        if inside == 0:
            style = self.palette.cursor if selected else self._ground(layer, head)
            return [Segment(fit(self._caption(layer, head), self.pixels), style), Segment(" ", self.palette.text)]
        if summary is None:
            return [Segment(fit("·" if inside == 1 else "", self.pixels + 1), self.palette.muted)]
        pixels = self._shrunk(layer, head, summary)
        above, below = 2 * (inside - 1), 2 * (inside - 1) + 1
        high = float(pixels.max())
        return [*self._pixels(pixels, above, below, high), Segment(" ", self.palette.text)]

    def _ground(self, layer: int, head: int) -> Style:
        """Of a caption: the weight of two words is a heat of its own, from 0 to the largest."""
        if self.of.measure not in (BETWEEN, EFFECT):
            return self.palette.muted
        return self.palette.muted + self.palette.ramp(self.of.value(layer, head), 0.0, self._largest)

    @cached_property
    def _largest(self) -> float:
        return self.of.largest

    def _shrunk(self, layer: int, head: int, summary: HeadSummary) -> Array:
        """The picture of a head at this size, made once for all its lines."""
        if (layer, head) not in self._pictures:
            self._pictures[layer, head] = shrink(summary.thumbnail, self.tall, self.picture_width)
        return self._pictures[layer, head]

    def _caption(self, layer: int, head: int) -> str:
        value = self.of.value(layer, head)
        written = "–" if math.isnan(value) else short(value)
        return f"{layer + 1}.{head + 1} {written}" if self._says_which else written

    def _pixels(self, pixels: Array, above: int, below: int, high: float) -> Line:
        """Half blocks: the colour of the upper pixel before, that of the lower behind."""
        ramp, line = self.palette.ramp, []
        for column in range(self.picture_width):
            upper = _pixel(pixels, above, column)
            lower = _pixel(pixels, below, column)
            if not ramp.styles:
                mean = (upper + lower) / 2.0 / high if high else 0.0
                shade = SHADES[min(round(mean**0.5 * (len(SHADES) - 1)), len(SHADES) - 1)]
                line.append(Segment(shade, self.palette.text))
                continue
            # The root tells small weights apart; a long row has few others.
            colour = [ramp(math.sqrt(max(value, 0.0)), 0.0, math.sqrt(high)).bgcolor for value in (upper, lower)]
            line.append(Segment("▀", Style(color=colour[0], bgcolor=colour[1])))
        return line

    def at(self, x: int, y: int) -> tuple[int, int] | None:
        """The layer and head that is pointed at."""
        row, column = (y - self.top) // self.row_height, (x - self.labels) // (self.pixels + 1)
        if y < self.top or x < self.labels or row >= self.rows or column >= len(self._places(row)):
            return None
        return self.of.order[self._places(row)[column]]

    def cursor(self) -> Place:
        """Where the selected head is."""
        row, column = self._row_and_column()
        return Place(self.labels + column * (self.pixels + 1), self.top + row * self.row_height, self.pixels)

    def step(self, right: int, down: int) -> tuple[int, int]:
        """The head beside the selected one, or the selected one at an edge."""
        place = self.of.order.index((self.of.layer, self.of.head))
        row, column = self._row_and_column()
        if down == 0 and self.of.sorted:
            place = max(0, min(place + right, len(self.of.order) - 1))
        elif down == 0:
            return self.of.layer, max(0, min(self.of.head + right, self.of.n_heads - 1))
        elif 0 <= row + down < self.rows:
            places = self._places(row + down)
            place = places[min(column, len(places) - 1)]
        return self.of.order[place]


def _pixel(pixels: Array, row: int, column: int) -> float:
    return float(pixels[row, column]) if row < len(pixels) else 0.0


def shrink(thumbnail: Array, tall: int, wide: int | None = None) -> Array:
    """The same picture with so many pixels, or as many a side: means over queries, sums over keys.  -> [tall, wide]"""
    wide = tall if wide is None else wide
    rows, columns = (_shares(n, size) for n, size in zip(thumbnail.shape, (tall, wide), strict=True))  # [size, pixel]
    return np.asarray((rows / rows.sum(axis=1, keepdims=True)) @ thumbnail @ columns.T)  # [tall, wide]


def _shares(n: int, size: int) -> Array:
    """How much of each pixel lies in each of the new ones.  -> [size, pixel]"""
    edges = np.arange(size + 1) * n / size  # [size + 1]
    low = np.maximum(edges[:-1, None], np.arange(n))  # [size, pixel]
    high = np.minimum(edges[1:, None], np.arange(n) + 1.0)  # [size, pixel]
    return np.asarray(np.maximum(high - low, 0.0))


def short(value: float) -> str:
    """A measure in four characters at most: .25, 1.5, 12, 512."""
    if abs(value) < 0.995:
        return fmt(value, 2).replace("0.", ".", 1)
    return fmt(value, 1) if abs(value) < 99.5 else fmt(value, 0)
