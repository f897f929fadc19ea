"""What is read beside the figures: the lesson text, its beginning, the keys."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from kitten_tui.commands import grouped, offered
from kitten_tui.ink.blocks import CHANGED
from kitten_tui.ink.cells import Line, fit, wrap
from kitten_tui.ink.matrix import COVERED, DROPPED, PREVIEWED
from kitten_tui.ink.mistake import name_of, told
from kitten_tui.ink.palette import Palette
from kitten_tui.offers import Now
from kitten_tui.stages import Page
from kitten_tui.words import Words

SIGNS = {
    "cursor": "[ ]",
    "chosen": "▸",
    "changed": CHANGED,
    "covered": COVERED,
    "dropped": DROPPED,
    "previewed": PREVIEWED,
    "per_cent": "% /10",
    "whole": "+",
    "repeated": "the#2",
}
"""What stands in figures besides numbers."""
_END = re.compile(r"(?<=[.?!])\s+|(?<=[。？！])")
"""Where a sentence is over."""


def lesson(page: Page, notes: Sequence[str], words: Words, palette: Palette, width: int) -> list[Line]:
    """The lesson text of a stage; with the first stage, what there is to say about the sample."""
    if page.view.settings.variant:
        return [[Segment(name_of(page.view, words), palette.title)], [], *told(page.view, words, palette, width)]
    lines: list[Line] = [[Segment(page.formula, palette.result)], []]
    texts = [words(page.lesson)]
    lines += _paragraphs(texts, palette.text, width)
    if page.selection.stage == 0 and notes:
        lines += [[], *_paragraphs(notes, palette.muted, width)]
    return lines


def beginning(page: Page, words: Words, palette: Palette, width: int, rows: int) -> list[Line]:
    """The first sentences of the lesson text, as many whole ones as so many rows have room for."""
    sentences = [sentence for sentence in _END.split(words(page.lesson).strip()) if sentence]
    for count in range(len(sentences), 0, -1):
        text = joined(sentences[:count])
        lines = wrap(text if count == len(sentences) else f"{text} …", width)
        if len(lines) <= rows:
            return [[Segment(line, palette.text)] for line in lines]
    return []


def joined(sentences: Sequence[str]) -> str:
    """Sentences as running text: no space after a Chinese full stop."""
    return "".join(s if s[-1] in "。？！" else f"{s} " for s in sentences).rstrip()


def _paragraphs(texts: Sequence[str], style: Style, width: int) -> list[Line]:
    return [[Segment(line, style)] for text in texts for line in wrap(text, width)]


def help_page(now: Now, words: Words, palette: Palette, width: int) -> list[Line]:
    """The keys that have something to do, by group; then what stands in figures besides numbers."""
    commands = offered(now)
    column = max(cell_len(command.label) for command in commands) + 3
    lines: list[Line] = []
    for group, of_group in grouped(commands):
        lines.append([Segment(words(f"group.{group}"), palette.title)])
        for command in of_group:
            lines += _entry(command.label, words(f"command.{command.called(now)}.help"), palette, column, width)
        lines.append([])
    lines.append([Segment(words("signs.title"), palette.title)])
    for name, sign in SIGNS.items():
        lines += _entry(sign, words(f"signs.{name}"), palette, column, width)
    lines.append([])
    return lines + _paragraphs([words("help.mouse"), words("help.close")], palette.muted, width)


def _entry(label: str, text: str, palette: Palette, column: int, width: int) -> list[Line]:
    """A key or a sign with what it means, which goes on below itself; a cell is free at the right."""
    first, *rest = wrap(text, width - column - 1)
    line = [Segment(fit(f" {label}", column), palette.key), Segment(first, palette.text)]
    return [line, *([Segment(" " * column + more, palette.text)] for more in rest)]
