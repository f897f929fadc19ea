"""The lesson as text, stage after stage: for a log, a pipe, a screen reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kitten_tui.ink.blocks import Look
from kitten_tui.ink.cells import clean, text_of, wrap
from kitten_tui.ink.chrome import status_parts
from kitten_tui.ink.formula import Sum, arithmetic
from kitten_tui.ink.palette import PLAIN
from kitten_tui.ink.say import say
from kitten_tui.ink.sheet import Picture
from kitten_tui.stages import STAGES, Stage, turn_to
from kitten_tui.stages.view import View
from kitten_tui.words import Words

WIDTH = 100


def plain(
    view: View, words: Words, title: str, notes: Sequence[str], stages: Sequence[int] = range(len(STAGES))
) -> Iterator[str]:
    """The lines of these stages, without a control character."""
    yield clean(title)
    for note in notes:
        yield from wrap(clean(note), WIDTH)
    page = turn_to(STAGES[0], view)
    yield words("plain.separator").join(status_parts(page, words))
    for number in stages:
        yield ""
        yield from _stage(STAGES[number], number, view, words)


def _stage(stage: Stage, number: int, view: View, words: Words) -> Iterator[str]:
    page = turn_to(stage, view.with_(stage=number))
    name = words(f"{stage.id}.name")
    yield words("plain.stage", number=number + 1, name=name, formula=stage.formula)
    yield ""
    yield from wrap(words(f"{stage.id}.lesson"), WIDTH)
    yield ""
    picture = Picture(page.sheet, Look(words, PLAIN, page.selection, page.focused.id), WIDTH, WIDTH)
    yield from (text_of(line).rstrip() for line in picture.lines())
    yield ""
    yield from wrap(say(words, page.reading), WIDTH)
    for line in arithmetic(page.derivation, Sum(view.tokens, view.trace.d_k, words), WIDTH):
        yield text_of(line).rstrip()
