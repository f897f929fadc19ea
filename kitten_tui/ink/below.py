"""What stands below the figures where rows are free: how they are read, and how the lesson begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.segment import Segment

from kitten_tui.ink.blocks import CHANGED, Look
from kitten_tui.ink.cells import Line, show_token, width_of
from kitten_tui.ink.matrix import COVERED, DROPPED, PREVIEWED, MatrixBlock
from kitten_tui.ink.numbers import brief
from kitten_tui.ink.sheet import Picture
from kitten_tui.ink.texts import beginning
from kitten_tui.stages import Page
from kitten_tui.stages.view import place_name

SWATCH = "  "
"""The room of a step of heat."""


def below(picture: Picture, page: Page, width: int, rows: int, *, tells: bool) -> list[Line]:
    """At most so many lines, each group after an empty one; the text only where it has no place of its own."""
    legend = legend_line(picture, page, width)
    lines: list[Line] = []
    if legend and rows:
        lines = [legend] if rows == 1 else [[], legend]
    if tells:
        text = beginning(page, picture.look.words, picture.look.palette, width - 2, rows - len(lines) - 1)
        lines += [[], *([Segment(" ", picture.look.palette.text), *line] for line in text)] if text else []
    return lines


def legend_line(picture: Picture, page: Page, width: int) -> Line:
    """What heat and signs mean in this picture, as far as there is room."""
    line: Line = []
    for part in _parts(picture, page):
        part = [Segment("   " if line else " ", picture.look.palette.muted), *part]
        if width_of(line) + width_of(part) <= width:
            line += part
    return line


def _parts(picture: Picture, page: Page) -> Iterator[Line]:
    look, blocks = picture.look, list(matrices(picture))
    heated = [block for block in blocks if block.figure.heat]
    if heated and look.palette.ramp.styles:
        yield _heat(next((block for block in heated if block.focused), heated[0]), heated, page, look)
    repeated = _repeated(page)
    if repeated:
        name, place = repeated
        yield [Segment(look.words("legend.repeated", name=show_token(name), place=place), look.palette.muted)]
    figures = [block.figure for block in blocks]
    widths = {min(block.cell_width, 3) for block in blocks if block.small}
    signs = {
        "per_cent": 3 in widths,
        "tenths": bool(widths) and 3 not in widths,
        "covered": any(f.hidden is not None and f.hidden.any() and f.name != "masked" for f in figures),
        "dropped": any(f.dropped is not None and f.dropped.any() for f in figures),
        "previewed": any(f.previewed is not None and f.previewed.any() for f in figures),
        "changed": look.comparison is not None,
    }
    marks = {"covered": COVERED, "dropped": DROPPED, "previewed": PREVIEWED, "changed": CHANGED}
    for name, there in signs.items():
        if there:
            yield [Segment(look.words(f"legend.{name}", sign=marks.get(name, "")), look.palette.muted)]


def _repeated(page: Page) -> tuple[str, int] | None:
    """A name that says its place, as it is spoken of here, since the same token stands elsewhere too."""
    view = page.view
    spoken = (value for phrase in page.readings for value in phrase.values.values())
    for name in (*spoken, view.token, view.key_name(view.selection.key)):
        if isinstance(name, str) and name[name.rfind("#") + 1 :].isdecimal():
            place = int(name.rpartition("#")[2])
            for tokens in (view.tokens, view.source.key_tokens):
                if 0 < place <= len(tokens) and name == place_name(tokens, place - 1) != tokens[place - 1]:
                    return name, place
    return None


def matrices(picture: Picture) -> Iterator[MatrixBlock]:
    """The matrices of a picture, in reading order."""
    for band in picture.bands:
        for block in band.blocks:
            if isinstance(block, MatrixBlock):
                yield block


def _heat(block: MatrixBlock, heated: Sequence[MatrixBlock], page: Page, look: Look) -> Line:
    """The scale of one table, from the number that is coldest to the one that is hottest."""
    muted, (low, high) = look.palette.muted, block.range
    columns = block.figure.columns
    symbol = columns.labels[0] if not columns.name and columns.labels[0] else page.view.chain[block.figure.name].symbol
    others = len({other.range for other in heated}) > 1
    scale = "legend.heads" if block.figure.ends else "legend.each" if others else ""
    return [
        Segment(f"{symbol}: {brief(low)} ", muted),
        *(Segment(SWATCH, style) for style in block.ramp.styles),
        Segment(f" {brief(high)}", muted),
        Segment(look.words(scale) if scale else "", muted),
    ]
