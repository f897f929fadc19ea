"""What a screen draws."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from kitten_tui.core.cell import Cell
from kitten_tui.desk.desk import Desk
from kitten_tui.desk.phrase import Phrase
from kitten_tui.ink.about import notes_of, title_of
from kitten_tui.offers import AtStage
from kitten_tui.stages import Page, stages_of, turn_to
from kitten_tui.stages.changes import Comparison, compare
from kitten_tui.stages.view import View
from kitten_tui.words import Words


@dataclass(frozen=True, eq=False)
class Shown:
    """The page of a desk in a language, and what is to be said just now."""

    desk: Desk
    page: Page
    words: Words
    message: Phrase | None = None
    """What is said in place of the reading."""
    chosen: Cell | None = None
    """The operand that is chosen while the arithmetic line has the arrows."""

    @classmethod
    def of(cls, desk: Desk, words: Words, message: Phrase | None = None) -> Shown:
        """The page that a desk is opened at; the desk's selection moves to where there is something on it."""
        view = View(desk.source, desk.settings, desk.selection)
        page = turn_to(stages_of(desk.source)[desk.selection.stage], view)
        return cls(replace(desk, selection=page.selection), page, words, message)

    @property
    def now(self) -> AtStage:
        """What keys are offered for."""
        return AtStage(self.desk, self.page)

    @property
    def title(self) -> str:
        return title_of(self.desk.source, self.words)

    @property
    def notes(self) -> tuple[str, ...]:
        return notes_of(self.desk.source, self.desk.settings, self.words)

    @property
    def trail(self) -> tuple[Cell, ...]:
        """The cells that were followed to come here, the first one first."""
        return tuple(step.cell for step in self.desk.trail)

    @cached_property
    def comparison(self) -> Comparison | None:
        """The page before the last change, as far as the two can be laid over each other."""
        before = self.desk.compared
        if before is None:
            return None
        view = View(before.source, before.settings, self.page.selection)
        return compare(self.page, view, self.desk.present.came_from)
