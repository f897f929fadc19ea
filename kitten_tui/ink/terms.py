"""The words of a stage, explained: those that its figures show, and those of what they are made of."""

from __future__ import annotations

from collections.abc import Collection

from rich.segment import Segment

from kitten_tui.ink.cells import Line, wrap
from kitten_tui.ink.palette import Palette
from kitten_tui.stages import Page, Stage, stages_of, turn_to
from kitten_tui.stages.stage import homes
from kitten_tui.stages.view import View
from kitten_tui.words import Words
from kitten_tui.words.terms import Term, terms

Entry = tuple[Term, View]
"""A word, and where it is shown."""


def entries(page: Page) -> list[Entry]:
    """First what stands on the page, then what that is made of and stands on another."""
    here = [(term, view) for term in terms() if (view := _on(page, term)) is not None]
    told = {term.id for term, _ in here}
    names = {figure.name for figure in page.sheet.stops}
    operands = [ref.name for name in names for ref in page.view.chain.operands(name) if not ref.where]
    others = (term for term in terms() if term.id not in told)
    return [*here, *((term, view) for term in others if (view := _elsewhere(page, term, operands)) is not None)]


def _on(page: Page, term: Term) -> View | None:
    """The page with the cursor in the first figure that shows a word."""
    for figure in page.sheet.stops:
        if term.is_shown_by(figure.name, page.stage.id, page.view.chain):
            head = {} if figure.head is None else {"head": figure.head}
            return page.view.with_(focus=figure.id, **head)
    return None


def _elsewhere(page: Page, term: Term, operands: Collection[str]) -> View | None:
    """The page where one of these quantities is at home, if it shows the word."""
    stages = stages_of(page.view.source)
    for name in operands:
        for number in homes(name, page.view.chain, stages):
            if term.is_shown_by(name, stages[number].id, page.view.chain) and number != page.selection.stage:
                return _on(_opened(page, stages[number], number), term)
    return None


def _opened(page: Page, stage: Stage, number: int) -> Page:
    return turn_to(stage, page.view.with_(stage=number, focus=""))


def name_of(term: Term, words: Words) -> str:
    return words.of({language: texts["name"] for language, texts in term.texts.items()})


def told(entry: Entry, page: Page, words: Words, palette: Palette, width: int) -> list[Line]:
    """Two sentences, and where ⏎ leads."""
    term, view = entry
    text = words.of({language: texts["text"] for language, texts in term.texts.items()})
    stage = words(f"{stages_of(view.source)[view.selection.stage].id}.name")
    here = view.selection.stage == page.selection.stage
    shown = words("terms.here" if here else "terms.there", number=view.selection.stage + 1, stage=stage)
    return [
        *([Segment(row, palette.text)] for row in wrap(text, width)),
        [],
        *([Segment(row, palette.muted)] for row in wrap(shown, width)),
    ]
