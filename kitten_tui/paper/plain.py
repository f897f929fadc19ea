"""The lesson as text, stage after stage: for a log, a pipe, a screen reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kitten_tui.core.source import Source
from kitten_tui.ink.about import notes_of, title_of
from kitten_tui.ink.blocks import Look
from kitten_tui.ink.cells import text_of, wrap
from kitten_tui.ink.chrome import status_parts
from kitten_tui.ink.formula import Sum, arithmetic
from kitten_tui.ink.palette import PLAIN
from kitten_tui.ink.say import say
from kitten_tui.ink.sheet import Picture
from kitten_tui.ink.window import is_long
from kitten_tui.stages import Stage, stages_of, turn_to
from kitten_tui.stages.stage import covered
from kitten_tui.stages.view import View
from kitten_tui.words import Words

WIDTH, HEIGHT = 100, 40
"""What is longer than any page is shown as a window of so many lines."""


def plain(source: Source, view: View, words: Words, stages: Sequence[int] | None = None) -> Iterator[str]:
    """The lines of these stages, or of all, without a control character."""
    yield title_of(source, words)
    for note in notes_of(source, view.settings, words):
        yield from wrap(note, WIDTH)
    every = stages_of(source)
    page = turn_to(every[0], view)
    yield words("plain.separator").join(status_parts(page, words))
    for number in range(len(every)) if stages is None else stages:
        yield ""
        yield from _stage(every[number], number, view, words)


def _stage(stage: Stage, number: int, view: View, words: Words) -> Iterator[str]:
    shown = covered(stage, view)  # paper has no key to press
    page = turn_to(stage, shown.with_(stage=number))
    name = words(f"{stage.id}.name")
    yield words("plain.stage", number=number + 1, name=name, formula=page.formula)
    yield ""
    yield from wrap(words(page.lesson), WIDTH)
    yield ""
    if shown is not view:
        yield words("plain.covered")
        yield ""
    look = Look(words, PLAIN, page.selection, page.focused.id)
    picture = Picture(page.sheet, look, WIDTH, HEIGHT if is_long(page.sheet) else WIDTH)
    yield from (text_of(line).rstrip() for line in picture.lines())
    yield ""
    look_at = Sum(page.view.workings, words)
    yield from wrap(" ".join(say(words, phrase, look_at.name) for phrase in page.readings), WIDTH)
    if page.derivation is not None:
        yield from (text_of(line).rstrip() for line in arithmetic(page.derivation, look_at, WIDTH))
