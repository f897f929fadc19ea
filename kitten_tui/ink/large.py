"""The selected head of the overview, large enough for names and numbers, and how all pictures of heads are read."""

from __future__ import annotations

import math

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from kitten_tui.core.array_types import Array
from kitten_tui.ink.cells import Line, cut, fit, show_token, start_of, width_of
from kitten_tui.ink.grid import SHADES, Grid, shrink
from kitten_tui.ink.numbers import fmt, percent
from kitten_tui.ink.overview import Overview
from kitten_tui.ink.palette import Palette
from kitten_tui.words import Words

LONGEST_LABEL = 10
CELLS = (3, 2, 1)
"""Per cent, then heat alone."""
MIN_ROWS = 12
"""Of a picture that is worth its room, where the text has as many tokens."""


def large(of: Overview, words: Words, palette: Palette, width: int, height: int) -> list[Line]:
    """The selected head with the names of its queries and keys; nothing where it is not computed or has no room.

    A text that is longer than the picture is shown through cells of several tokens, named by their first.
    """
    summary = of.selected
    if summary is None:
        return []
    queries, keys = of.pictured
    label = min(max(cell_len(show_token(token)) for token in queries), LONGEST_LABEL) + 1
    rows, columns = summary.thumbnail.shape
    cell = next((cell for cell in CELLS if columns * cell <= width - label), 1)
    rows, columns = min(rows, height - 2), min(columns, (width - label) // cell)
    if any(given < min(size, MIN_ROWS) for given, size in zip((rows, columns), summary.thumbnail.shape, strict=True)):
        return []
    weights = shrink(summary.thumbnail, rows, columns)  # [row, column]
    named = cell == CELLS[0]
    title = words("large.per_cent" if named else "large.heat")
    stands_for = extent(len(queries), rows, len(keys), columns, words)
    lines: list[Line] = [[Segment(cut(f"{title}  {stands_for}", width), palette.title)]]
    firsts = [keys[column * len(keys) // columns] for column in range(columns)]
    names = "".join(fit(_start(show_token(token.strip() or token), cell), cell, "right") for token in firsts)
    lines.append([Segment(" " * label, palette.text), Segment(names, palette.muted)])
    for row in range(rows):
        name = show_token(queries[row * len(queries) // rows], label - 1)
        lines.append([Segment(fit(name, label), palette.label), *_row(weights[row], weights, cell, palette)])
    return [[*line, Segment(" " * max(width - width_of(line), 0), palette.text)] for line in lines]


def _start(name: str, cell: int) -> str:
    """As much of a name as stands above a cell, with a gap beside it unless its first character is wide."""
    return start_of(name, max(cell - 1, 1)) or start_of(name, cell)


def _row(row: Array, weights: Array, cell: int, palette: Palette) -> Line:
    high = math.sqrt(float(weights.max()))
    line: Line = []
    for weight in map(float, row):
        share = math.sqrt(max(weight, 0.0))
        text = fit(percent(weight), cell, "right") if cell == CELLS[0] else " " * cell
        if not palette.ramp.styles and cell != CELLS[0]:
            text = SHADES[min(round(share / high * (len(SHADES) - 1)), len(SHADES) - 1) if high else 0] * cell
        line.append(Segment(text, palette.ramp(share, 0.0, high) if palette.ramp.styles else palette.text))
    return line


def extent(queries: int, rows: int, keys: int, columns: int, words: Words) -> str:
    """How many tokens a cell stands for, or how many cells stand for a token."""
    of_rows, of_columns = queries / rows, keys / columns
    if of_rows == of_columns:
        if of_rows < 1:
            return words("large.cells", count=number(1 / of_rows))
        return words("large.one" if of_rows == 1 else "large.tokens", count=number(of_rows))
    return words("large.both", queries=number(of_rows), keys=number(of_columns))


def number(value: float) -> str:
    """A count, with a decimal where it is no whole number."""
    return fmt(value, 0 if float(value).is_integer() else 1)


def legend(grid: Grid, words: Words, palette: Palette, width: int) -> Line:
    """Which way the pictures of the grid go, what a cell of them stands for, and what its heat says."""
    of = grid.of
    queries, keys = map(len, of.pictured)
    cell = extent(queries, grid.tall, keys, grid.picture_width, words)
    steps: list[Segment] = [Segment(" ", style) for style in palette.ramp.styles]
    if not steps:
        steps = [Segment(SHADES, Style.null())]
    before, after = f" {words('overview.axes')}   {cell}   0 ", f" {words('overview.heat')}"
    line = [Segment(before, palette.muted), *steps, Segment(after, palette.muted)]
    root = Segment(words("overview.root"), palette.muted)
    return [*line, root] if width_of([*line, root]) <= width else line
