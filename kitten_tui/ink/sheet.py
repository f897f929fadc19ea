"""A sheet as a picture: blocks beside one another in bands, bands below one another, in the width there is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import zip_longest

from rich.segment import Segment

from kitten_tui.ink.band import UNIT_ROOM, BandOfBlocks, Blocks
from kitten_tui.ink.bars import LEAST_ROOM, MOST_ROOM, BarsBlock
from kitten_tui.ink.blocks import Block, GapBlock, Look, Moves, Place, SignBlock, label_width
from kitten_tui.ink.cells import Line
from kitten_tui.ink.facts import FactsBlock
from kitten_tui.ink.matrix import MatrixBlock
from kitten_tui.ink.plane import PlaneBlock
from kitten_tui.ink.window import MIN_ROWS, Windows, cut_columns, cut_rows, is_long, least, most_rows, share_out
from kitten_tui.stages.figure import Band, Bars, Facts, Figure, Gap, Matrix, Plane, Sheet, Sign
from kitten_tui.stages.learning import Learning

CELL_WIDTHS = (8, 7, 6, 5)
"""From three decimals with room to two without a leading zero; the widest with which a sheet fits is taken."""
SCROLLING = 6
"""The cell width of what does not fit anyway."""
COMPACT_WIDTHS = (3, 2, 1)
"""Per cent, then tenths."""
WINDOW_CELLS = 7
"""The cell width in windows: two decimals of what a residual stream holds."""
LEGEND = 2
"""Lines that a figure which grows leaves for what is said about it."""
FREE = (Bars, Plane, Learning)
"""Figures that take what width is left."""


class Picture:
    """A drawn sheet. Nothing is written until a line is asked for."""

    def __init__(self, sheet: Sheet, look: Look, width: int, height: int = 0, windows: Windows | None = None) -> None:
        self.look = look
        self.windows = windows or Windows()
        self.bands = [] if is_long(sheet) else _lay_out(sheet, look, width, height)
        if not self.bands or (sheet.of_model and not _fit(self.bands, width, height)):
            sheet = _through_windows(sheet, look, width, height, self.windows)
            self.bands = _bands(sheet, look, width, height, WINDOW_CELLS)
        rows = sum(band.height for band in self.bands)
        # A blank line between bands, where it costs no scrolling.
        gap = 1 if rows + len(self.bands) - 1 <= height else 0
        self.tops = [sum(band.height + gap for band in self.bands[:place]) for place in range(len(self.bands))]
        self.height = rows + gap * max(len(self.bands) - 1, 0)
        self.width = max((band.width for band in self.bands), default=0)

    def line(self, y: int, left: int = 0, right: int | None = None, top: int = 0) -> Line:
        """The cells of a line in a window.

        Labels of rows stay at the left of the window, headings at its top, when what they label is scrolled.
        """
        right = self.width if right is None else right
        index = self._band_at(y)
        if index is None:
            return [Segment(" " * (right - left), self.look.palette.text)]
        local = y - self.tops[index]
        return self.bands[index].line(local, left, right, top - self.tops[index])

    def lines(self) -> Iterable[Line]:
        return (self.line(y) for y in range(self.height))

    def moves(self, x: int, y: int, left: int = 0, top: int = 0) -> Moves | None:
        """What pointing at a cell of the picture selects, with the window where `line` has it."""
        index = self._band_at(y)
        if index is None:
            return None
        return self.bands[index].moves(x, y - self.tops[index], left, top - self.tops[index])

    def cursor(self) -> Place | None:
        """Where the cursor is, with the labels that must stay in sight around it."""
        for band, top in zip(self.bands, self.tops, strict=True):
            place = band.cursor()
            if place is not None:
                return Place(place.x, place.y + top, place.width)
        return None

    @property
    def label_width(self) -> int:
        return self.bands[0].label_width if self.bands else 0

    def _band_at(self, y: int) -> int | None:
        for index, (band, top) in enumerate(zip(self.bands, self.tops, strict=True)):
            if top <= y < top + band.height:
                return index
        return None


def is_whole(sheet: Sheet, look: Look, width: int, height: int, *, decimals: bool = False) -> bool:
    """Whether all of a sheet is seen at once in so much room, with nothing scrolled; or with some decimals besides."""
    if is_long(sheet):
        return False
    bands = _lay_out(sheet, look, width, height)
    return _fit(bands, width, height) and not (decimals and any(map(_lacks_all_decimals, bands)))


def _lacks_all_decimals(band: BandOfBlocks) -> bool:
    blocks = (block for block in band.blocks if isinstance(block, MatrixBlock) and not block.small)
    return any(block.rounds and block.format.decimals == 0 for block in blocks)


def _fit(bands: Sequence[BandOfBlocks], width: int, height: int) -> bool:
    return sum(band.height for band in bands) <= height and all(band.width <= width for band in bands)


def _through_windows(sheet: Sheet, look: Look, width: int, height: int, windows: Windows) -> Sheet:
    """The sheet with as much of every figure as fits beside and below the others."""
    labels = max((label_width(band.rows) for band in sheet.bands if band.rows), default=1)
    lines: list[Band] = []
    for band in sheet.bands:
        parts: Sequence[Sequence[Figure]] = [band.figures]
        if not sheet.aligned:
            small = {figure.id: least(figure) for figure in band.figures}
            whole = {figure.id: figure for figure in band.figures}
            flow = _flow(list(small.values()), look, WINDOW_CELLS, WINDOW_CELLS, width - labels)
            parts = [[whole[figure.id] for figure in part] for part in flow]
        lines += [replace(band, figures=tuple(part)) for part in parts]
    counts = _shares_of_columns(lines, look, width - labels, sheet.aligned)
    for place, line in enumerate(lines):
        figures = zip(line.figures, counts[place], strict=True)
        cut = tuple(cut_columns(figure, count, windows, look.selection) for figure, count in figures)
        lines[place] = replace(line, figures=cut)
    wanted = [most_rows(line) for line in lines if line.rows is not None]
    fixed = sum(_lay_out_line(line, look, width).height for line in lines) - sum(wanted)
    rows = iter(share_out(height - fixed, wanted, MIN_ROWS))
    lines = [
        line if line.rows is None else cut_rows(line, str(place), next(rows), windows, look.selection)
        for place, line in enumerate(lines)
    ]
    return replace(sheet, bands=tuple(lines))


def _lay_out_line(line: Band, look: Look, width: int) -> BandOfBlocks:
    each = _spare(line.figures, look, WINDOW_CELLS, WINDOW_CELLS, width)
    blocks = [_block(figure, look, WINDOW_CELLS, WINDOW_CELLS, each, 0) for figure in line.figures]
    return BandOfBlocks(blocks, line.rows, 0, look)


def _shares_of_columns(lines: Sequence[Band], look: Look, width: int, aligned: bool) -> list[list[int]]:
    """How many columns each figure of each line gets; figures that stand below one another get the same."""
    groups = [list(range(len(lines)))] if aligned else [[place] for place in range(len(lines))]
    counts: list[list[int]] = [[] for _ in lines]
    for group in groups:
        places = list(zip_longest(*(lines[line].figures for line in group)))
        wanted = [max((len(f.columns) for f in figures if isinstance(f, Matrix)), default=0) for figures in places]
        # A title may ask for more room than its columns: what it takes, the columns of all go without.
        fitting = bisect_right(
            range(1, width // WINDOW_CELLS + 1), width, key=partial(_width_with, look, places, wanted)
        )
        shares = share_out(max(fitting, 1), wanted, 1)
        for line in group:
            counts[line] = shares[: len(lines[line].figures)]
    return counts


def _width_with(look: Look, places: Sequence[Sequence[Figure | None]], wanted: Sequence[int], room: int) -> int:
    """The width of a line whose figures share room for so many columns."""
    return sum(map(partial(_width_of_place, look), places, share_out(room, wanted, 1)))


def _width_of_place(look: Look, figures: Sequence[Figure | None], columns: int) -> int:
    """The width of figures that stand below one another, with so many columns."""
    cut = (cut_columns(figure, columns, Windows(), look.selection) for figure in figures if figure is not None)
    return max(_least_width(figure, look, WINDOW_CELLS) for figure in cut)


def _lay_out(sheet: Sheet, look: Look, width: int, height: int) -> list[BandOfBlocks]:
    """The bands of a sheet with the widest cells that fit; no label stands twice where that makes it whole."""
    bands = _bands(sheet, look, width, height)
    if height and sheet.aligned and not _fit(bands, width, height):
        lower = _bands(sheet.tight, look, width, height)
        return lower if _fit(lower, width, height) else bands
    return bands


def _bands(sheet: Sheet, look: Look, width: int, height: int, cells: int = 0) -> list[BandOfBlocks]:
    """The bands of a sheet, with cells of this width or else the widest that fit."""
    labels = max((label_width(band.rows) for band in sheet.bands if band.rows), default=1)
    if any(isinstance(figure, Matrix) and figure.compact for figure in sheet.figures):
        labels = max(labels, UNIT_ROOM)
    cell_width = cells or _cell_width(sheet, look, width - labels, height)
    compact = _compact_width(sheet, look, width - labels, cell_width)
    bands: list[BandOfBlocks] = []
    planes: dict[int, partial[Blocks]] = {}
    parts = [
        (part, band)
        for band in sheet.bands
        for part in (
            [band.figures] if sheet.aligned else _flow(band.figures, look, cell_width, compact, width - labels)
        )
    ]
    # Bars are compared, in one line or below one another, so all have the room of those that have least.
    spares = [_spare(part, look, cell_width, compact, width - labels) for part, _ in parts]
    bars = min((spare for (part, _), spare in zip(parts, spares, strict=True) if _has_bars(part)), default=0)
    for (part, band), spare in zip(parts, spares, strict=True):
        each = bars if _has_bars(part) else spare
        draw = partial(_blocks, part, look, cell_width, compact, each)
        grows = any(isinstance(figure, Plane) for figure in part)
        if grows:
            planes[len(bands)] = draw
        bands.append(BandOfBlocks(draw(0 if grows else height), band.rows, labels, look, band.title))
    free = max(height - LEGEND - sum(band.height for band in bands), 0)
    for place, draw in planes.items():  # a plane takes the rows that nothing else needs
        drawn = bands[place]
        bands[place] = BandOfBlocks(draw(drawn.height + free), drawn.rows, labels, look, drawn.title)
    return _aligned(bands) if sheet.aligned else bands


def _cell_width(sheet: Sheet, look: Look, width: int, height: int) -> int:
    """The widest cells with which every band fits in one line.

    If digits are missing then, bands go on below as far as there are lines.
    """
    in_a_line = _in_a_line(sheet, look, width)
    if sheet.aligned or not _lacks_digits(sheet, look, in_a_line):
        return in_a_line
    for cell_width in CELL_WIDTHS:
        flown = [part for band in sheet.bands for part in _flow(band.figures, look, cell_width, cell_width, width)]
        heights = (max(_block(f, look, cell_width, cell_width, 0, 0).height for f in part) for part in flown)
        fits = all(_width(part, look, cell_width, cell_width) <= width for part in flown)
        if cell_width > in_a_line and fits and sum(heights) + len(flown) - 1 <= height - LEGEND:
            return cell_width
    return in_a_line


def _lacks_digits(sheet: Sheet, look: Look, cell_width: int) -> bool:
    """Whether a figure is written with fewer decimals than it has."""
    shown = [MatrixBlock(f, look, cell_width) for f in sheet.figures if isinstance(f, Matrix) and not f.compact]
    return any(block.rounds for block in shown)


def _in_a_line(sheet: Sheet, look: Look, width: int) -> int:
    """The widest cells with which every band fits in one line.

    Small panels have a width of their own, and tables of single numbers have only one.
    """
    bands = [[f for f in band.figures if not getattr(f, "compact", False)] for band in sheet.bands if band.rows]
    for cell_width in CELL_WIDTHS:
        widths = [[_least_width(figure, look, cell_width) for figure in band] for band in bands]
        if sheet.aligned:
            total = sum(map(max, zip_longest(*widths, fillvalue=0)))
        else:
            total = max(map(sum, widths), default=0)
        if total <= width:
            return cell_width
    return SCROLLING


def _aligned(bands: list[BandOfBlocks]) -> list[BandOfBlocks]:
    """Blocks in the same place of each band stand below one another, all as wide as the widest."""
    columns = zip_longest(*([block.width for block in band.blocks] for band in bands), fillvalue=0)
    widths = [max(column) for column in columns]
    for band in bands:
        for place, block in enumerate(band.blocks):
            if isinstance(block, (GapBlock, MatrixBlock)):
                block.width = widths[place]
    return [BandOfBlocks(band.blocks, band.rows, band.label_width, band.look, band.title) for band in bands]


def _compact_width(sheet: Sheet, look: Look, width: int, cell_width: int) -> int:
    """The widest cells with which small panels stand beside one another: all in a line, else two."""
    panels = [[f for f in band.figures if isinstance(f, Matrix) and f.compact] for band in sheet.bands]
    panels = [band for band in panels if band]
    if not panels:
        return cell_width
    *widths, last = (*(w for w in CELL_WIDTHS if w <= cell_width), *COMPACT_WIDTHS)
    # Digits without a gap, under which no label has room, are the last resort.
    for candidates in (widths, [last]):
        for wanted in (len(panels[0]), min(len(panels[0]), 2)):
            for candidate in candidates:
                if all(_width(band[:wanted], look, cell_width, candidate) <= width for band in panels):
                    return candidate
    return COMPACT_WIDTHS[-1]


def _flow(figures: Sequence[Figure], look: Look, cell_width: int, compact: int, width: int) -> list[tuple[Figure, ...]]:
    """Figures in as many lines as they need; a line that goes on ends with its sign."""
    lines: list[list[Figure]] = [[]]
    for figure in figures:
        movable = not isinstance(figure, (Sign, Gap))
        if movable and lines[-1] and _width([*lines[-1], figure], look, cell_width, compact) > width:
            lines.append([])
        lines[-1].append(figure)
    return [tuple(line) for line in lines]


def _width(figures: Sequence[Figure], look: Look, cell_width: int, compact: int) -> int:
    """The least width of these figures side by side."""
    return sum(
        _least_width(figure, look, compact if getattr(figure, "compact", False) else cell_width) for figure in figures
    )


def _least_width(figure: Figure, look: Look, cell_width: int) -> int:
    return _block(figure, look, cell_width, cell_width, 0, 0).width


def _spare(figures: Sequence[Figure], look: Look, cell_width: int, compact: int, width: int) -> int:
    """What is left of the width for each figure of a line that can use it."""
    free = [figure for figure in figures if isinstance(figure, FREE)]
    spare = width - _width(figures, look, cell_width, compact)
    return max(spare // len(free), 0) if free else 0


def _has_bars(figures: Sequence[Figure]) -> bool:
    return any(isinstance(figure, Bars) for figure in figures)


def _blocks(figures: Sequence[Figure], look: Look, cell_width: int, compact: int, spare: int, height: int) -> Blocks:
    return [_block(figure, look, cell_width, compact, spare, height) for figure in figures]


def _block(figure: Figure, look: Look, cell_width: int, compact: int, spare: int, height: int) -> Block[Figure]:
    block: object
    match figure:
        case Matrix():
            block = MatrixBlock(figure, look, compact if figure.compact else cell_width)
        case Bars():
            block = BarsBlock(figure, look, min(LEAST_ROOM + spare, MOST_ROOM))
        case Plane():
            width = min(PlaneBlock.MIN_WIDTH + spare, PlaneBlock.MAX_WIDTH)
            block = PlaneBlock(figure, look, width, height)
        case Learning():
            # Only a training has this picture, and with it all that draws heads.
            from kitten_tui.ink.learning import LEAST, MOST, LearningBlock

            block = LearningBlock(figure, look, min(LEAST + spare, MOST), height)
        case Facts():
            block = FactsBlock(figure, look)
        case Sign():
            block = SignBlock(figure, look)
        case Gap():
            block = GapBlock(figure, look)
        case _:
            raise TypeError(f"nothing draws a {type(figure).__name__}")
    return block  # type: ignore[return-value]
