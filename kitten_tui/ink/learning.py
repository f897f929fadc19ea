"""A training as a picture: all heads on the left, loss and what is right on the right, what was expected below."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment

from kitten_tui.core.array_types import Array
from kitten_tui.core.measures import HeadSummary
from kitten_tui.desk.phrase import Phrase
from kitten_tui.ink.blocks import Block, Look
from kitten_tui.ink.cells import Line, crop, cut, fit, text_of, wrap
from kitten_tui.ink.grid import LABELS, MAX_PIXELS, MIN_PIXELS, Grid, short
from kitten_tui.ink.numbers import fmt
from kitten_tui.ink.overview import Overview
from kitten_tui.ink.say import say, say_title
from kitten_tui.stages.learning import Learning

LEAST, MOST = 60, 130
"""How wide it is."""
RIGHT, GAP = 26, 2
"""The least width of what stands on the right, and the room before it."""
CURVES, LOW_CURVES = (4, 2), (3, 1)
"""Rows of the curves of loss and accuracy, with room and without."""
HEADINGS = 3
"""Rows of what curves are called and of their steps, where those stand above and below them."""
NUMBER = 6
"""Cells of a loss."""
MARKS = {"learn.judged_came": "✓", "learn.judged_not": "✗", "learn.awaited": "·"}
EIGHTHS = " ▁▂▃▄▅▆▇█"
CAPTION = "caption"


class LearningBlock(Block[Learning]):
    def __init__(self, figure: Learning, look: Look, width: int, height: int) -> None:
        super().__init__(figure, look)
        self.width = width
        self.low = self.cut = False
        """Whether rows are short, so that curves stand beside their numbers; and whether a sentence has but one."""
        for self.low, self.cut in ((False, False), (True, False), (True, True)):
            self._lay_out(height)
            if not height or self.height <= height:
                break

    def _lay_out(self, height: int) -> None:
        """With so many rows; 0 is as many as it takes."""
        self.below = [*self._carried(), *self._expected()]
        room = height - 1 - len(self.below) if height else 2 * MAX_PIXELS
        beside = (0 if self.low else HEADINGS) + len(self.figure.measures)
        self.curves = CURVES if room >= sum(CURVES) + beside else LOW_CURVES
        self.pictures = self._pictures(room)
        if self.low:
            free = max(self.pictures.height - beside - 2, 0)  # beside the pictures
            self.curves = (min(1 + (free + 1) // 2, CURVES[0]), min(1 + free // 2, CURVES[1]))
        self.height = 1 + max(sum(self.curves) + beside, self.pictures.height) + len(self.below)

    def _expected(self) -> list[Line]:
        """What was expected and whether it came, with a mark where there is no room for words."""
        words, width = self.look.words, self.width - 2
        told = [
            f"{MARKS[each.key]} {say(words, _what(each))}" if self.low else say(words, each)
            for each in self.figure.expected
        ]
        lines = [line for each in told for line in ([cut(each, width)] if self.cut else wrap(each, width))]
        return [[Segment(f" {line}", self.look.palette.text)] for line in lines]

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

    @cached_property
    def measures(self) -> list[str]:
        """What tells heads or networks apart, a line each."""
        return [
            f"{say(self.look.words, name)}  " + " ".join(fmt(value, 2 if len(values) > 1 else 3) for value in values)
            for name, values in ((name, values.tolist()) for name, values in self.figure.measures)
        ]

    def _pictures(self, room: int) -> Grid:
        """All heads, as large as there is room for and no larger than a cell for each token."""
        figure = self.figure
        n_rows, n_heads = len(figure.heads), len(figure.heads[0].weights)
        labels = tuple(say_title(self.look.words, each.label) for each in figure.heads)
        labelled = max(LABELS, 2 + max(map(cell_len, labels)))
        right = max(RIGHT, *map(cell_len, self.measures))
        across = (self.width - right - GAP - labelled) // n_heads - 1
        down = 2 * ((room - 1) // n_rows - 1)
        pixels = max(MIN_PIXELS, min(MAX_PIXELS, len(figure.tokens), across, down))
        heads = tuple(
            _summary(row, head, float(of_row.captions[head]), weights)
            for row, of_row in enumerate(figure.heads)
            for head, weights in enumerate(of_row.weights)
        )
        of = Overview(
            *(figure.tokens, n_rows, n_heads, heads),
            layer=figure.layer,
            head=figure.chosen,
            measure=CAPTION,
            layers=labels,
        )
        return Grid(of, self.look.palette, labelled + n_heads * (pixels + 1))

    def _numbers(self, width: int) -> list[Line]:
        """Loss, what is right and what tells heads apart."""
        shares = _share(np.log(np.maximum(self.figure.losses, 1e-6)))  # [step]
        lines = self._low_curves(shares, width) if self.low else self._high_curves(shares, width)
        return lines + [[Segment(fit(line, width), self.look.palette.text)] for line in self.measures]

    def _high_curves(self, shares: Array, width: int) -> list[Line]:
        """Each below its number, and then from which step to which.  [step]"""
        figure = self.figure
        first, last = f"{figure.steps[0]:,}", f"{figure.steps[-1]:,}"
        return [
            self._heading("learn.column.loss", figure.loss, width, say_log=True),
            *self._curve(shares, self.curves[0], width),
            self._heading("learn.column.accuracy", figure.accuracy, width),
            *self._curve(figure.accuracies, self.curves[1], width),
            [Segment(first + fit(last, max(width - len(first), 0), "right"), self.look.palette.muted)],
        ]

    def _low_curves(self, losses: Array, width: int) -> list[Line]:
        """Each beside its number.  [step]"""
        figure = self.figure
        curves = (
            ("learn.column.loss", figure.loss, losses),
            ("learn.column.accuracy", figure.accuracy, figure.accuracies),
        )
        wide = 2 + max(cell_len(self.look.words(name)) for name, _, _ in curves) + NUMBER
        empty: Line = [Segment(fit("", wide), self.look.palette.text)]
        lines: list[Line] = []
        for rows, (name, value, shares) in zip(self.curves, curves, strict=True):
            heading = self._heading(name, value, wide)
            lines += [
                [*(heading if row == 0 else empty), *curve]
                for row, curve in enumerate(self._curve(shares, rows, width - wide))
            ]
        return lines

    def _carried(self) -> list[Line]:
        """A table: how many steps of a network wait for one another, and how strongly its end depends on each word."""
        figure, words, palette = self.figure, self.look.words, self.look.palette
        if not figure.carried:
            return []
        waits = words("learn.column.waits")
        names = [say(words, each.name) for each in figure.carried]
        label = max(map(cell_len, names)) + 2
        columns = [max(cell_len(token), 4) + 1 for token in figure.sentence]
        narrow = label + cell_len(waits) + sum(columns) > self.width
        if narrow:
            columns = [4 for _ in columns]
        heading = "".join(
            " " + fit(token, wide - 1, "right") for token, wide in zip(figure.sentence, columns, strict=True)
        )
        lines: list[Line] = [
            [Segment(f" {words('learn.column.depends')}", palette.title)],
            [Segment(fit("", label) + waits + heading, palette.label)],
        ]
        for name, each in zip(names, figure.carried, strict=True):
            line: Line = [Segment(fit(f" {name}", label), palette.label)]
            line.append(Segment(fit(str(each.waits), cell_len(waits), "right"), palette.result))
            high = float(each.depends.max())
            for value, wide in zip(each.depends.tolist(), columns, strict=True):
                written = short(value) if narrow else fmt(value, 2)
                cell = Segment(fit(written, wide - 1, "right"), palette.ramp(value, 0.0, high))
                line += [Segment(" ", palette.text), cell]
            lines.append(line)
        return lines

    def _heading(self, key: str, value: float, width: int, *, say_log: bool = False) -> Line:
        words, palette = self.look.words, self.look.palette
        scale = f"  {words('learn.log')}" if say_log else ""
        name = words(key) + "  "
        number = fmt(float(value))
        rest = fit(scale, max(width - cell_len(number) - cell_len(name), 0))
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
        spare = left + GAP - cell_len(text_of(picture))
        return [*picture, Segment(" " * spare, self.look.palette.text), *(right[0] if right else [])]

    def draw(self, y: int) -> Line:
        lines = [*self.rows, *self.below]
        line = lines[y - 1] if y <= len(lines) else []
        return [*crop(line, 0, self.width), Segment(fit("", max(self.width - cell_len(text_of(line)), 0)))]


def _what(expected: Phrase) -> Phrase:
    """What was expected, whatever came of it."""
    what = expected.values["what"]
    assert isinstance(what, Phrase)
    return what


def _share(logs: Array) -> Array:
    """Between the smallest and the largest: 0 to 1.  [step]"""
    low, high = logs.min(), logs.max()
    return np.asarray((logs - low) / (high - low) if high > low else np.ones_like(logs))


def _summary(layer: int, head: int, caption: float, weights: Array) -> HeadSummary:
    return HeadSummary(layer, head, {CAPTION: caption}, weights, weights.max(axis=-1), weights.argmax(axis=-1))
