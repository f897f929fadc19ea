"""All heads of a model as a grid of small heat pictures: two pixels in every cell, one above the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from rich.segment import Segment
from rich.style import Style

from kitten_tui.core.measures import MEASURES, HeadSummary, Pair, weights_between
from kitten_tui.core.ops import Array
from kitten_tui.core.source import Source
from kitten_tui.ink.blocks import Place
from kitten_tui.ink.cells import Line, fit, show_token, wrap
from kitten_tui.ink.numbers import fmt
from kitten_tui.ink.palette import Palette
from kitten_tui.stages.view import place_name
from kitten_tui.words import Words

LABELS = 4
"""Room for the numbers of the layers."""
MIN_PIXELS, MAX_PIXELS = 5, 16
"""How wide and high a picture may be."""
SHADES = " ░▒▓█"
"""Where there is no colour, a cell is as dark as the mean of its two pixels."""


BETWEEN = "between"
"""The measure of two words: what the one gives the other."""


@dataclass(frozen=True, eq=False)
class Between:
    """Two words, and what each head gives from the one to the other, as far as it has been computed."""

    query: int
    key: int
    weights: tuple[float, ...] = ()
    """By layer and head."""

    @classmethod
    def of(cls, source: Source, query: int, key: int) -> Between:
        """With the weights of all layers that are ready."""
        layers = [weights_between(source, layer, query, key) for layer in range(source.ready)]
        return cls(query, key, tuple(weight for weights in layers for weight in weights))


@dataclass(frozen=True, eq=False)
class Overview:
    """What is shown: the heads that have been computed, in an order, and the one that is selected."""

    tokens: Sequence[str]
    n_layers: int
    n_heads: int
    heads: tuple[HeadSummary, ...]
    key_tokens: Sequence[str] = ()
    """Those that are looked at, where they are others."""
    layer: int = 0
    head: int = 0
    measure: str = MEASURES[0]
    sorted: bool = False
    """By the measure, the largest first, and not by layer and head."""
    between: Between | None = None
    """The two words that were chosen."""

    @cached_property
    def order(self) -> list[tuple[int, int]]:
        """The layer and head of each place of the grid, in reading order."""
        places = [(layer, head) for layer in range(self.n_layers) for head in range(self.n_heads)]
        return sorted(places, key=self._key) if self.sorted else places

    def _key(self, place: tuple[int, int]) -> float:
        value = self.value(*place)
        return math.inf if math.isnan(value) else -value

    def summary(self, layer: int, head: int) -> HeadSummary | None:
        """None where the layer has not been computed."""
        place = layer * self.n_heads + head
        return self.heads[place] if place < len(self.heads) else None

    def value(self, layer: int, head: int, measure: str = "") -> float:
        """Of the measure that is looked at, or of another; nan where there is none."""
        measure = measure or self.measure
        if measure == BETWEEN and self.between is not None:
            place = layer * self.n_heads + head
            return self.between.weights[place] if place < len(self.between.weights) else math.nan
        summary = self.summary(layer, head)
        return math.nan if summary is None else summary.measures[measure]

    @property
    def largest(self) -> float:
        """Of the measure, over all heads."""
        return max((value for place in self.order if not math.isnan(value := self.value(*place))), default=math.nan)

    @property
    def measures(self) -> tuple[str, ...]:
        """What heads can be looked at by."""
        return MEASURES if self.between is None else (*MEASURES, BETWEEN)

    @property
    def selected(self) -> HeadSummary | None:
        return self.summary(self.layer, self.head)


class Grid:
    """The pictures of all heads: a row for each layer, or as many beside one another as fit where they are sorted."""

    def __init__(self, of: Overview, palette: Palette, width: int) -> None:
        self.of = of
        self.palette = palette
        self._pictures: dict[tuple[int, int], Array] = {}
        room = width - self.labels
        fitting = room // of.n_heads - 1
        self.pixels = max(MIN_PIXELS, min(fitting, MAX_PIXELS))
        if of.sorted:
            # A caption such as 12.12 .34 wants more room than a picture may.
            self.pixels = max(self.pixels, 9)
        self.columns = max(room // (self.pixels + 1), 1) if of.sorted else of.n_heads
        self.rows = -(-len(of.order) // self.columns)
        self.picture_height = -(-self.pixels // 2)
        self.row_height = self.picture_height + 1
        self.height = self.top + self.rows * self.row_height
        self.width = self.labels + self.columns * (self.pixels + 1)

    @property
    def labels(self) -> int:
        return 0 if self.of.sorted else LABELS

    @property
    def top(self) -> int:
        """The line of the head numbers, where the columns are heads."""
        return 0 if self.of.sorted else 1

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
            here = row == self.of.layer
            text = f"{'▸' if here else ' '}{row + 1}" if inside == 0 else ""
            line.append(Segment(fit(text, self.labels), self.palette.chosen if here else self.palette.label))
        for place in range(row * self.columns, min((row + 1) * self.columns, len(self.of.order))):
            line += self._cell(*self.of.order[place], inside)
        return line

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
        if self.of.measure != BETWEEN:
            return self.palette.muted
        return self.palette.muted + self.palette.ramp(self.of.value(layer, head), 0.0, self._largest)

    @cached_property
    def _largest(self) -> float:
        return self.of.largest

    def _shrunk(self, layer: int, head: int, summary: HeadSummary) -> Array:
        """The picture of a head at this size, made once for all its lines."""
        if (layer, head) not in self._pictures:
            self._pictures[layer, head] = shrink(summary.thumbnail, self.pixels)
        return self._pictures[layer, head]

    def _caption(self, layer: int, head: int) -> str:
        value = self.of.value(layer, head)
        written = "–" if math.isnan(value) else short(value)
        return f"{layer + 1}.{head + 1} {written}" if self.of.sorted else written

    def _pixels(self, pixels: Array, above: int, below: int, high: float) -> Line:
        """Half blocks: the colour of the upper pixel before, that of the lower behind."""
        ramp, line = self.palette.ramp, []
        for column in range(self.pixels):
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
        place = row * self.columns + column
        if y < self.top or x < self.labels or column >= self.columns or place >= len(self.of.order):
            return None
        return self.of.order[place]

    def cursor(self) -> Place:
        """Where the selected head is."""
        row, column = divmod(self.of.order.index((self.of.layer, self.of.head)), self.columns)
        return Place(self.labels + column * (self.pixels + 1), self.top + row * self.row_height, self.pixels)

    def step(self, right: int, down: int) -> tuple[int, int]:
        """The head beside the selected one, or the selected one at an edge."""
        place = self.of.order.index((self.of.layer, self.of.head))
        row, column = divmod(place, self.columns)
        if down == 0 and self.of.sorted:
            place = max(0, min(place + right, len(self.of.order) - 1))
        elif 0 <= row + down < self.rows and 0 <= column + right < self.columns:
            place += down * self.columns + right
        return self.of.order[min(place, len(self.of.order) - 1)]


def _pixel(pixels: Array, row: int, column: int) -> float:
    return float(pixels[row, column]) if row < len(pixels) else 0.0


def shrink(thumbnail: Array, size: int) -> Array:
    """The same picture with this many pixels a side: means over queries, sums over keys.  -> [size, size]"""
    rows, columns = (_shares(pixels, size) for pixels in thumbnail.shape)  # [size, row], [size, column]
    return np.asarray((rows / rows.sum(axis=1, keepdims=True)) @ thumbnail @ columns.T)  # [size, size]


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


def about_head(of: Overview, words: Words, palette: Palette, width: int) -> list[Line]:
    """The selected head in numbers and in words."""
    lines: list[Line] = [
        [Segment(words("overview.head", layer=of.layer + 1, head=of.head + 1), palette.chosen)],
    ]
    summary = of.selected
    if summary is None:
        return [*lines, [Segment(words("overview.waiting"), palette.muted)]]
    lines += [[Segment(text, palette.text)] for text in wrap(measure_help(of, words), width)]
    lines += [[], [Segment(fit(words("overview.uniform"), 15, "right"), palette.muted)]]
    for name in of.measures:
        style = palette.result if name == of.measure else palette.text
        lines.append(
            [
                Segment(f"{written(of.value(of.layer, of.head, name)):>7}", style),
                Segment(f"{written(summary.uniform.get(name, math.nan)):>7} ", palette.muted),
                Segment(fit(measure_name(of, words, name), width - 15), style),
            ]
        )
    lines += [[], [Segment(words("overview.pairs"), palette.title)]]
    for pair in summary.pairs:
        names = Segment(arrow(of, pair), palette.text)
        lines.append([Segment(f"{fmt(pair.weight):>8}  ", palette.result), names])
    return lines


def written(value: float) -> str:
    """A measure, or a dash where the text has none."""
    return "–" if math.isnan(value) else fmt(value)


def measure_name(of: Overview, words: Words, name: str) -> str:
    """What a measure is called; that of two words by them, and the sink of the selected head by its token."""
    if name == BETWEEN and of.between is not None:
        return arrow(of, of.between)
    if name == "sink" and of.selected is not None:
        keys = of.key_tokens or of.tokens
        return words("overview.sink", token=show_token(place_name(keys, of.selected.sink).strip(), 14))
    return words(f"measure.{name}.name")


def measure_help(of: Overview, words: Words) -> str:
    """What the measure is."""
    if of.measure == BETWEEN and of.between is not None:
        return words("overview.between", pair=arrow(of, of.between))
    return words(f"measure.{of.measure}.help")


def arrow(of: Overview, pair: Pair | Between) -> str:
    """A query and a key by their names."""
    names = (place_name(of.tokens, pair.query), place_name(of.key_tokens or of.tokens, pair.key))
    return " → ".join(show_token(name.strip(), 14) for name in names)
