"""A picture of styled lines in which every character stands in its cells, whatever fonts there are: SVG that needs
nothing else, no stylesheet, no network.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import SVG_EXPORT_THEME as NAMED

from kitten_tui.ink.cells import Line, harmless
from kitten_tui.ink.palette import Ground
from kitten_tui.paper.document import Document

WIDTH, HEIGHT = 12, 24
"""Of a cell."""
SIZE, BASELINE = 20, 18
"""Of a letter; a wide one is as high as it is wide, and stands in the middle of its two cells."""
MARGIN = 12
FONTS = (
    "'DejaVu Sans Mono', Menlo, Consolas, 'Cascadia Mono', 'Noto Sans Mono', "
    "'Noto Sans Mono CJK SC', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', monospace"
)
_WORD = re.compile(r"[^ ]+(?: [^ ]+)*")
_DIM = 0.4

# Blocks are drawn and not written: no font makes them meet. Each is a part of its cell: left, top, right, bottom, in
# eighths, and how much of the colour it has.
_Part = tuple[int, int, int, int, float]
_BLOCKS: dict[str, _Part] = {
    **{sign: (0, 0, eighths, 8, 1.0) for eighths, sign in enumerate("▏▎▍▌▋▊▉█", 1)},
    **{sign: (0, 8 - eighths, 8, 8, 1.0) for eighths, sign in enumerate("▁▂▃▄▅▆▇", 1)},
    **{sign: (0, 0, 8, 8, share) for sign, share in zip("░▒▓", (0.25, 0.5, 0.75), strict=True)},
    "▀": (0, 0, 8, 4, 1.0),
    "▐": (4, 0, 8, 8, 1.0),
    "▔": (0, 0, 8, 1, 1.0),
    "▕": (7, 0, 8, 8, 1.0),
}


@dataclass
class _Picture:
    ground: Ground
    width: int = 0
    """In cells."""
    boxes: dict[tuple[str, float], list[str]] = field(default_factory=lambda: defaultdict(list))
    """Outlines, by colour and how much of it is seen."""
    texts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Elements, by what they look like."""

    def line(self, y: int, line: Iterable[Segment]) -> None:
        x = 0
        for style, same in groupby(line, key=lambda segment: segment.style or Style.null()):
            text = harmless("".join(segment.text for segment in same))
            self.run(x, y, text, style)
            x += cell_len(text)
        self.width = max(self.width, x)

    def run(self, x: int, y: int, text: str, style: Style) -> None:
        """Text of one style."""
        ink, back = self._colours(style)
        if back != self.ground.back:
            self._box(back, x, y, cell_len(text), (0, 0, 8, 8, 1.0))
        look = f'fill="{ink}"'
        for name, attribute in _LOOKS.items():
            if getattr(style, name):
                look += f" {attribute}"
        for block, characters in groupby(text, key=_BLOCKS.get):
            piece = "".join(characters)
            if block is not None:
                self._box(ink, x, y, len(piece), block)
            else:
                for start, word in _words(piece):
                    self.texts[look].append(_element(x + start, y, word))
            x += cell_len(piece)

    def _colours(self, style: Style) -> tuple[str, str]:
        """Of the text, and behind it."""
        ink, back = self.ground.text, self.ground.back
        if style.color is not None and not style.color.is_default:
            ink = style.color.get_truecolor(NAMED).hex
        if style.bgcolor is not None and not style.bgcolor.is_default:
            back = style.bgcolor.get_truecolor(NAMED).hex
        if style.reverse:
            ink, back = back, ink
        return (_blended(ink, back) if style.dim else ink), back

    def _box(self, colour: str, x: int, y: int, count: int, part: _Part) -> None:
        """The same part of so many cells; parts of full width are one outline."""
        left, top, right, bottom, share = part
        for cell in (0,) if right - left == 8 else range(count):
            wide = (count if right - left == 8 else 1) * WIDTH * (right - left) / 8
            start, upper, high = (x + cell) * WIDTH + left * WIDTH / 8, y * HEIGHT + top * 3, (bottom - top) * 3
            self.boxes[colour, share].append(f"M{start:g} {upper}h{wide:g}v{high}h{-wide:g}z")


_LOOKS = {
    "bold": 'font-weight="bold"',
    "italic": 'font-style="italic"',
    "underline": 'text-decoration="underline"',
    "strike": 'text-decoration="line-through"',
}


def picture(document: Document) -> str:
    """All of a document as it is drawn."""
    return svg(document.drawn(), document.title, document.language, document.paper)


def svg(lines: Iterable[Line], title: str, language: str = "en", ground: Ground | None = None) -> str:
    """A picture of lines, as wide as the widest. The title is what is read aloud in its place; the language decides how
    Chinese characters are drawn that Japan writes in another way.
    """
    ground = ground or Ground()
    picture = _Picture(ground)
    height = 0
    for y, line in enumerate(lines):
        picture.line(y, line)
        height = y + 1
    wide, high = picture.width * WIDTH + 2 * MARGIN, height * HEIGHT + 2 * MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
            f'role="img" xml:lang={quoteattr("zh-Hans" if language == "zh" else language)} '
            f'font-family="{FONTS}" font-size="{SIZE}">',
            f"<title>{escape(harmless(title))}</title>",
            f'<rect width="{wide}" height="{high}" rx="8" fill="{ground.back}"/>',
            f'<g transform="translate({MARGIN} {MARGIN})">',
            '<g shape-rendering="crispEdges">',
            *(_path(colour, share, outlines) for (colour, share), outlines in picture.boxes.items()),
            "</g>",
            *(line for look, texts in picture.texts.items() for line in (f"<g {look}>", *texts, "</g>")),
            "</g>",
            "</svg>\n",
        ]
    )


def _path(colour: str, share: float, outlines: list[str]) -> str:
    seen = "" if share == 1.0 else f' fill-opacity="{share:g}"'
    together = "\n".join(outlines)
    return f'<path fill="{colour}"{seen} d="{together}"/>'


def _words(text: str) -> Iterator[tuple[int, str]]:
    """What is written, and the cell at which it begins; narrow and wide characters apart.

    A character that a browser counts as two, or with marks upon it, stands alone.
    """
    x = 0
    for kind, characters in groupby(_characters(text), key=_kind):
        together = list(characters)
        if kind == "narrow":
            piece = "".join(together)
            for word in _WORD.finditer(piece):
                yield x + cell_len(piece[: word.start()]), word[0]
            x += cell_len(piece)
        elif kind == "wide":
            yield x, "".join(together)
            x += 2 * len(together)
        else:
            for character in together:
                yield x, character
                x += cell_len(character)


def _characters(text: str) -> Iterator[str]:
    """Each with the marks upon it."""
    character = ""
    for sign in text:
        if character and cell_len(sign):
            yield character
            character = ""
        character += sign
    if character:
        yield character


def _kind(character: str) -> str:
    if len(character) > 1 or character > "\uffff":
        return "alone"
    return "wide" if cell_len(character) == 2 else "narrow"


def _element(x: int, y: int, word: str) -> str:
    """Narrow characters are as long together as their cells; each wide one has a place of its own."""
    cells, top = cell_len(word), y * HEIGHT + BASELINE
    if _kind(word[0]) == "wide" and len(word) * 2 == cells:
        inset = WIDTH - SIZE // 2
        places = " ".join(str((x + place) * WIDTH + inset) for place in range(0, cells, 2))
        return f'<text x="{places}" y="{top}">{escape(word)}</text>'
    length = f'textLength="{cells * WIDTH}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{x * WIDTH}" y="{top}" {length}>{escape(word)}</text>'


def _blended(ink: str, back: str) -> str:
    """What a terminal that draws faintly makes of a colour."""
    one, other = (tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5)) for colour in (ink, back))
    return "#{:02x}{:02x}{:02x}".format(*(round(a + (b - a) * _DIM) for a, b in zip(one, other, strict=True)))
