"""A training as a picture: all heads on the left, loss and what is right on the right, what was expected below."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from rich.segment import Segment

from kitten_tui.core.measures import HeadSummary
from kitten_tui.core.ops import Array
from kitten_tui.ink.blocks import Block, Look
from kitten_tui.ink.cells import Line, crop, fit, text_of, wrap
from kitten_tui.ink.grid import LABELS, MAX_PIXELS, MIN_PIXELS, Grid
from kitten_tui.ink.numbers import fmt
from kitten_tui.ink.overview import Overview
from kitten_tui.ink.say import say
from kitten_tui.stages.figure import Learning

LEAST, MOST = 60, 130
"""How wide it is."""
RIGHT, GAP = 26, 2
"""The least width of what stands on the right, and the room before it."""
CURVES, LOW_CURVES = (4, 2), (3, 1)
"""Rows of the curves of loss and accuracy, with room and without."""
NUMBERS = 12
"""Rows of what stands on the right, with room."""
EIGHTHS = " ▁▂▃▄▅▆▇█"
CAPTION = "caption"


class LearningBlock(Block[Learning]):
    def __init__(self, figure: Learning, look: Look, width: int, height: int) -> None:
        super().__init__(figure, look)
        self.width = width
        below = [line for each in figure.expected for line in wrap(say(look.words, each), width - 2)]
        self.expected: list[Line] = [[Segment(f" {line}", look.palette.text)] for line in below]
        room = height - 1 - len(self.expected) if height else 2 * MAX_PIXELS
        self.curves = CURVES if room >= NUMBERS else LOW_CURVES
        self.pictures = self._pictures(room)
        numbers = sum(self.curves) + 3 + len(figure.measures)
        self.height = 1 + max(numbers, self.pictures.height) + len(self.expected)

    @cached_property
    def rows(self) -> list[Line]:
        """Drawn when they are asked for: to know how wide it is, nothing has to be drawn."""
        pictures = self.pictures
        right = self._numbers(self.width - pictures.width - GAP)
        empty: Line = []
        return [
            self._beside(pictures.line(y) if y < pictures.height else empty, pictures.width, right[y : y + 1])
            for y in range(max(len(right), pictures.height))
        ]

    def _pictures(self, room: int) -> Grid:
        """All heads, as large as there is room for and no larger than a cell for each token."""
        figure = self.figure
        n_layers, n_heads = len(figure.weights), len(figure.weights[0])
        across = (self.width - RIGHT - GAP - LABELS) // n_heads - 1
        down = 2 * ((room - 1) // n_layers - 1)
        pixels = max(MIN_PIXELS, min(MAX_PIXELS, len(figure.tokens), across, down))
        heads = tuple(
            _summary(layer, head, float(figure.captions[layer, head]), weights)
            for layer, of_layer in enumerate(figure.weights)
            for head, weights in enumerate(of_layer)
        )
        of = Overview(figure.tokens, n_layers, n_heads, heads, layer=figure.layer, head=figure.chosen, measure=CAPTION)
        return Grid(of, self.look.palette, LABELS + n_heads * (pixels + 1))

    def _numbers(self, width: int) -> list[Line]:
        """Loss, what is right and what tells heads apart."""
        figure, look = self.figure, self.look
        losses, accuracies = figure.losses, figure.accuracies
        logs = np.log(np.maximum(losses, 1e-6))  # [step]
        lines = [
            self._heading("learn.column.loss", losses[figure.place], width, say_log=True),
            *self._curve(_share(logs), self.curves[0], width),
            self._heading("learn.column.accuracy", accuracies[figure.place], width),
            *self._curve(accuracies, self.curves[1], width),
        ]
        first, last = f"{figure.steps[0]:,}", f"{figure.steps[-1]:,}"
        lines.append([Segment(first + fit(last, max(width - len(first), 0), "right"), look.palette.muted)])
        for key, values in figure.measures:
            numbers = " ".join(fmt(float(value), 2) for value in values)
            line = f"{look.words(key)}  {numbers}"
            lines.append([Segment(fit(line, width), look.palette.text)])
        return lines

    def _heading(self, key: str, value: float, width: int, *, say_log: bool = False) -> Line:
        words, palette = self.look.words, self.look.palette
        scale = f"  {words('learn.log')}" if say_log else ""
        name = words(key) + "  "
        number = fmt(float(value))
        rest = fit(scale, max(width - len(number) - len(name), 0))
        return [Segment(name, palette.title), Segment(number, palette.result), Segment(rest, palette.muted)]

    def _curve(self, shares: Array, rows: int, width: int) -> list[Line]:
        """A column for each of the steps as far as there are columns, the one that is looked at marked.  [step]"""
        palette, figure = self.look.palette, self.figure
        places = np.linspace(0, len(shares) - 1, min(width, len(shares))).round().astype(int)  # [column]
        chosen = int(np.abs(places - figure.place).argmin())
        heights = np.round(np.clip(shares[places], 0.0, 1.0) * rows * 8).astype(int)  # [column]
        lines: list[Line] = []
        for row in reversed(range(rows)):
            text = "".join(EIGHTHS[max(0, min(8, height - 8 * row))] for height in heights)
            lines.append(
                [
                    Segment(text[:chosen], palette.label),
                    Segment(text[chosen], palette.cursor),
                    Segment(fit(text[chosen + 1 :], width - chosen - 1), palette.label),
                ]
            )
        return lines

    def _beside(self, picture: Line, left: int, right: list[Line]) -> Line:
        spare = left + GAP - len(text_of(picture))
        return [*picture, Segment(" " * spare, self.look.palette.text), *(right[0] if right else [])]

    def draw(self, y: int) -> Line:
        lines = [*self.rows, *self.expected]
        line = lines[y - 1] if y <= len(lines) else []
        return [*crop(line, 0, self.width), Segment(fit("", max(self.width - len(text_of(line)), 0)))]


def _share(logs: Array) -> Array:
    """Between the smallest and the largest: 0 to 1.  [step]"""
    low, high = logs.min(), logs.max()
    return np.asarray((logs - low) / (high - low) if high > low else np.ones_like(logs))


def _summary(layer: int, head: int, caption: float, weights: Array) -> HeadSummary:
    return HeadSummary(layer, head, {CAPTION: caption}, weights, weights.max(axis=-1), weights.argmax(axis=-1))
