"""Numbers as they stand on the screen, each held against the trace: what is painted is what was computed."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from rich.cells import cell_len

from kitten_tui.app import KittenApp
from kitten_tui.core.cell import Cell
from kitten_tui.core.workings import Workings
from kitten_tui.ink.matrix import PREVIEWED, MatrixBlock
from kitten_tui.ink.numbers import MINUS_INFINITY
from kitten_tui.ink.sheet import BandOfBlocks
from kitten_tui.screens.stages import StageScreen
from kitten_tui.widgets.canvas import Canvas

COMPARED: Counter[str] = Counter()
"""How many cells were held against the trace, by the name of their quantity."""
NUMBER = re.compile(r"(-?)(\d*)(?:\.(\d+))?(?:e(-?\d+))?")
ROUNDING = 1e-9
"""Of what is rounded to a digit, twice."""


def compare(app: KittenApp) -> None:
    """Every whole cell in sight of the figures in front.

    Raises:
        AssertionError: a cell shows another number than the trace has.
    """
    screen = app.screen
    if not isinstance(screen, StageScreen) or screen.shown is None:
        return
    canvas = next(iter(screen.query(Canvas)), None)
    if (
        canvas is None
        or canvas.picture is None
        or not canvas.size
        or screen._layout_required
        or not canvas.is_on_screen
    ):
        return
    view = screen.page.view
    workings = Workings(view.source, view.settings, view.selection.layer)
    rows = _rows(app)
    for band, top in zip(canvas.picture.bands, canvas.picture.tops, strict=True):
        for x, y, width, block, cell in _cells(band, top):
            text = _text(canvas, rows, band, x, y, width)
            if text and text not in ("·", "×"):  # of rows that are not computed nothing stands there
                wanted = workings.value(cell)
                assert _shows(text, wanted, block), f"{cell}: {text!r} stands there, and the trace has {wanted!r}"
                COMPARED[cell.name] += 1


def _rows(app: KittenApp) -> list[str]:
    """The lines of the screen, a character for each cell: one more for the right half of a wide one, no marks."""
    screen = app.screen
    update = screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    return [
        "".join((sign + "\0")[: cell_len(sign)] for segment in row for sign in segment.text)
        for row in ([segment for strip in strips for segment in strip] for strips in update.strips)  # type: ignore[union-attr]
    ]


def _cells(band: BandOfBlocks, top: int) -> Iterator[tuple[int, int, int, MatrixBlock, Cell]]:
    """Each number of a band: its place in the picture, its width and its address."""
    for block, left in zip(band.blocks, band.lefts, strict=True):
        if not isinstance(block, MatrixBlock) or block.figure.beside:  # the numbers of another, or how far they are
            continue
        figure, selection = block.figure, block.look.selection
        if not figure.columns.name and len(figure.columns) > 1:
            continue  # a cursor moves along it in no way that gives its cells an address
        for column in range(len(figure.columns)):
            x = left + block.label_width + column * block.cell_width
            along = figure.columns.move(column)
            if figure.rows.name or len(figure.rows) == 1:
                for row in range(len(figure.rows)):
                    there = selection.moved(**along, **figure.rows.move(row))
                    yield x, top + block.top + row, block.cell_width, block, figure.cell(there)
            if figure.foot is not None:
                yield x, top + block.body.stop, block.cell_width, block, figure.foot.cell(selection.moved(**along))


def _text(canvas: Canvas, rows: list[str], band: BandOfBlocks, x: int, y: int, width: int) -> str | None:
    """What stands on the screen where a cell is; None where it is out of sight or behind labels."""
    scroll, inside = canvas.scroll_offset, canvas.scrollable_content_region.size
    left, line = x - scroll.x, y - scroll.y
    # The first line in sight may be the heading of what was scrolled away.
    if left < band.label_width or left + width > inside.width or not (scroll.y > 0) <= line < inside.height:
        return None
    region = canvas.content_region
    at = region.y + line
    return rows[at][region.x + left : region.x + left + width].strip(f" []*{PREVIEWED}") if at < len(rows) else None


def _shows(text: str, value: float, block: MatrixBlock) -> bool:
    """Whether a text is this number as far as it goes."""
    if text in (MINUS_INFINITY, "∞", "nan"):
        return not math.isfinite(value) and (math.isnan(value) or (value < 0) == (text == MINUS_INFINITY))
    share = block.figure.compact and block.cell_width <= 3
    unit = (0.01 if block.cell_width == 3 else 0.1) if share else 1.0
    if share and text == "+":
        return value >= 1.0 - unit / 2 - ROUNDING
    parts = NUMBER.fullmatch(text)
    if parts is None:
        return False
    sign, whole, after, power = parts.groups()
    unit *= 10.0 ** (int(power or 0) + block.figure.unit)
    shown = float(f"{sign}{whole or 0}.{after or 0}") * unit
    step = unit * 10.0 ** -len(after or "")
    return abs(shown - value) <= step / 2 * (1 + 1e-6) + ROUNDING * abs(value) + 1e-12
