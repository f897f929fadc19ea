"""What a screen draws."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from kitten_tui.core.cell import Cell
from kitten_tui.desk.desk import Desk
from kitten_tui.desk.phrase import Phrase
from kitten_tui.ink.about import notes_of, title_of
from kitten_tui.offers import AtStage, AtWalk
from kitten_tui.stages import Page, stages_of, turn_to
from kitten_tui.stages.alone import alone
from kitten_tui.stages.beside import side_by_side
from kitten_tui.stages.changes import Comparison, compare
from kitten_tui.stages.light import EVERYTHING, Lit
from kitten_tui.stages.view import View
from kitten_tui.words import Words

if TYPE_CHECKING:
    from kitten_tui.walk.guide import Guide


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
    guide: Guide | None = None
    """The walk that this is a step of."""

    @classmethod
    def of(cls, desk: Desk, words: Words, message: Phrase | None = None) -> Shown:
        """The page that a desk is opened at; the desk's selection moves to where there is something on it."""
        view = View(desk.source, desk.settings, desk.selection)
        page = turn_to(stages_of(desk.source)[desk.selection.stage], view)
        shown = cls(replace(desk, selection=page.selection), page, words, message)
        return shown._laid() if desk.beside and desk.other is not None else shown

    def _laid(self) -> Shown:
        """With every figure beside itself as it is in another state."""
        other, comparison = self.desk.other, self.comparison
        if other is None or comparison is None:
            return self
        page = side_by_side(self.page, comparison, other.name)
        laid = replace(self, page=page, desk=replace(self.desk, selection=page.selection))
        laid.__dict__["comparison"] = comparison  # the other page is drawn up once
        return laid

    @classmethod
    def of_walk(cls, guide: Guide, words: Words, message: Phrase | None = None) -> Shown:
        """A step of a walk, on a desk of its own."""
        page = guide.now.page
        desk = Desk.of(page.view.source, page.view.settings, page.selection)
        return cls(desk, page, words, message, guide=guide)

    @property
    def now(self) -> AtStage | AtWalk:
        """What keys are offered for."""
        return AtStage(self.desk, self.page) if self.guide is None else AtWalk(self.guide, self.page.view.source)

    @property
    def lit(self) -> Lit:
        """What is pointed at, and covered while it is asked for; or the selected row alone."""
        if self.guide is not None:
            return self.guide.lit
        return alone(self.page) if self.page.selection.alone else EVERYTHING

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
        return compare(self.page, view, self.desk.came_from)
