"""What of a page can be taken along as text: the number, its arithmetic, its row, the figures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kitten_tui.desk.line import line_of
from kitten_tui.ink.blocks import Look
from kitten_tui.ink.cells import clean, text_of
from kitten_tui.ink.formula import Sum, arithmetic
from kitten_tui.ink.palette import PLAIN
from kitten_tui.ink.sheet import Picture
from kitten_tui.ink.shown import Shown
from kitten_tui.stages.figure import Bars, Matrix

WIDTH, HEIGHT = 100, 40
LONGEST = 1000
"""An arithmetic line is copied with as many terms as stand in this many cells."""


def copies(shown: Shown) -> Iterator[tuple[str, str]]:
    """A key of the words for each, and the text; numbers of a row with all their digits, a tab between them."""
    page, words = shown.page, shown.words
    derivation, figure = page.derivation, page.focused
    if derivation is not None:
        yield "copy.number", repr(derivation.value)
        sums = arithmetic(derivation, Sum(page.view.workings, words), LONGEST)
        yield "copy.arithmetic", text_of(next(iter(sums), [])).strip()
    if isinstance(figure, Matrix):
        row = figure.values[figure.rows.at(page.selection)]
        yield "copy.row", "\t".join(map(repr, np.asarray(row, dtype=float).tolist()))
    elif isinstance(figure, Bars):
        yield "copy.row", "\t".join(map(repr, np.asarray(figure.values, dtype=float).ravel().tolist()))
    line = line_of(shown.desk)
    if line is not None:
        yield "copy.line", line
    look = Look(words, PLAIN, page.selection, figure.id)
    picture = Picture(page.sheet, look, WIDTH, HEIGHT)
    yield "copy.figure", "\n".join(clean(text_of(line)).rstrip() for line in picture.lines())
