"""What is told of a mistake: what it is, what it changes, how somebody would notice, and the line that does it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.segment import Segment

from kitten_tui.core.cell import Cell
from kitten_tui.desk.phrase import phrase
from kitten_tui.ink.cells import Line, wrap
from kitten_tui.ink.formula import cell_name
from kitten_tui.ink.palette import Palette
from kitten_tui.ink.say import say
from kitten_tui.stages import mistaken, stages_of
from kitten_tui.stages.stage import homes
from kitten_tui.stages.view import View
from kitten_tui.words import Words

RIGHT, WRONG = "✓", "✗"
"""Before a line of NumPy."""


def name_of(view: View, words: Words) -> str:
    """What is wrong, in a few words."""
    return words(mistaken.title(view))


def notes(view: View, words: Words) -> tuple[str, ...]:
    """What paper says above all else; nothing where everything is as it should be."""
    if not view.settings.variant:
        return ()
    return f"{WRONG} {name_of(view, words)}", *code(view, words), *paragraphs(view, words)


def paragraphs(view: View, words: Words) -> tuple[str, ...]:
    """What it is, what it changes here, and how somebody would notice."""

    def called(cell: Cell) -> str:
        return cell_name(cell, view.workings, head=view.source.n_heads > 1)

    effect = mistaken.effect(view, lambda name: homes(name, view.chain, stages_of(view.source)))
    what = words(f"variant.{view.settings.variant}.what")
    noticed = phrase("variant.noticed", notice=mistaken.notice(view))
    return what, *(say(words, told, called) for told in (effect, noticed))


def code(view: View, words: Words) -> Iterator[str]:
    """The lines that are right, and those that stand in their place."""
    right, wrong = mistaken.listing(view)
    for mark, lines in ((RIGHT, right), (WRONG, wrong or (words("variant.no_line"),))):
        yield from (f"{mark} {line}" for line in lines)


def code_lines(view: View, words: Words) -> tuple[str, str]:
    """The same, a line for what is right and one for what stands in its place."""
    right, wrong = ("; ".join(lines) for lines in mistaken.listing(view))
    return f"{RIGHT} {right}", f"{WRONG} {wrong or words('variant.no_line')}"


def told(view: View, words: Words, palette: Palette, width: int) -> list[Line]:
    """All of it."""
    lines: list[Line] = []
    for line in code(view, words):
        style = palette.result if line.startswith(RIGHT) else palette.chosen
        first, *more = wrap(line, width)
        lines += [[Segment(first, style)], *([Segment(f"  {rest}", style)] for rest in more)]
    for text in paragraphs(view, words):
        lines += [[], *([Segment(row, palette.text)] for row in wrap(text, width))]
    return lines
