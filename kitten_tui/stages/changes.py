"""What a change did: which numbers are others, each compared with its own before, and a sentence about it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.beside import OF_WORDS, Beside, CameFrom, carried, stayed
from kitten_tui.core.cell import Cell
from kitten_tui.core.quantity import Scope
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.desk.selection import Selection
from kitten_tui.stages.figure import Matrix
from kitten_tui.stages.stage import Page, turn_to
from kitten_tui.stages.view import View

EFFECTS = ("weights", "context", "output", "concat", "x")
"""Where a change is told of: the first of these that it reaches."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """A page before the last change, to compare one with that is looked at now."""

    before: Page
    """Its selection is at the words that are selected now, where there were such."""
    selection: Selection
    """What is selected now."""
    came_from: CameFrom = stayed
    scale: bool = True
    """Whether scores are divided now."""

    def values(self, figure: Matrix) -> Array | None:
        """All that the figure had before, nan where a word is new; None where it had another shape or was not there."""
        old = self.figure(figure)
        if old is None:
            return None
        axes = (figure.rows.name, figure.columns.name)
        held = [axis for axis in figure.axes if axis in OF_WORDS and axis not in axes]
        if any(self.came_from(self.selection.at(axis)) is None for axis in held):
            return np.full(figure.all_values.shape, np.nan)
        return self.carried(old.all_values, figure)

    def figure(self, figure: Matrix) -> Matrix | None:
        """The same figure before; None where it was not there."""
        old = next((each for each in self.before.sheet.figures if each.id == figure.id), None)
        return old if isinstance(old, Matrix) else None

    def carried(self, old: Array, figure: Matrix) -> Array | None:
        """What belongs to the cells of the figure before, at the places that they have now."""
        axes = (figure.rows.name, figure.columns.name)
        return carried(old, axes, figure.all_values.shape, self.came_from)

    def changed(self, cell: Cell, value: float, *, same_division: bool = False) -> bool:
        """Whether a number that stands by itself had another value, or belongs to a new word.

        `same_division`: it is compared with what had the same division, whichever was the comparison then.
        """
        there = self._there(cell)
        if there is None:
            return True
        if same_division and self.before.view.settings.scale != self.scale:
            there = replace(there, rescaled=not there.rescaled)
        was = self._value(there)
        return was is not None and was != value

    def value(self, cell: Cell) -> float | None:
        """What the number had before, None where there was no such number."""
        there = self._there(cell)
        return None if there is None else self._value(there)

    def _there(self, cell: Cell) -> Cell | None:
        """The address that the number had; None where it belongs to a new word."""
        chain = self.before.view.workings.in_layer(cell.layer).chain
        axes = chain[cell.name].axes if cell.name in chain else ()
        index = [
            self.came_from(place) if axis in OF_WORDS else place for axis, place in zip(axes, cell.index, strict=False)
        ]
        return None if None in index else replace(cell, index=tuple(index))  # type: ignore[arg-type]

    def _value(self, cell: Cell) -> float | None:
        try:
            return self.before.view.workings.value(cell)
        except LookupError:
            return None


def compare(page: Page, before: View, came_from: CameFrom) -> Comparison:
    """A page with what it was before a change; the words that are selected are found where they stood."""
    old = page.selection
    there = {axis: came_from(old.at(axis)) for axis in ("query", "key", "pinned") if old.at(axis) >= 0}
    selection = old.moved(**{axis: place or 0 for axis, place in there.items()})
    return Comparison(
        turn_to(page.stage, View(before.source, before.settings, selection)),
        old,
        came_from,
        page.view.settings.scale,
    )


def effect(view: View, before: View, came_from: CameFrom = stayed) -> Phrase | None:
    """How many numbers changed and which most: the weights of the selected head, or what lies behind them."""
    head = view.selection.head
    for name in EFFECTS:
        changed = _changes(view, before, name, head, came_from)
        if changed is None or not np.count_nonzero(changed):
            continue
        difference = np.where(np.isnan(changed), 0.0, changed)
        row, column = np.unravel_index(int(np.abs(difference).argmax()), difference.shape)
        cell = Cell(name, (int(row), int(column)), head, view.selection.layer)
        new = int(np.isnan(changed).sum())
        key = "change.effect" if not new else "change.effect_new" if difference.any() else "change.effect_all_new"
        return phrase(
            key,
            name=name,
            changed=int(np.count_nonzero(changed)),
            count=changed.size,
            new=new,
            difference=_signed(float(difference[row, column])),
            cell=cell,
            where=_heads(view, before, name, came_from),
        )
    return None


def _changes(view: View, before: View, name: str, head: int, came_from: CameFrom) -> Array | None:
    """By how much each number of a quantity is another, nan where it is new."""
    numbers = Beside(view.workings, before.workings, came_from).numbers(name, head)
    return None if numbers is None else numbers.difference


def _heads(view: View, before: View, name: str, came_from: CameFrom) -> Phrase | str:
    """In which heads the numbers changed, where there are several and they can be changed."""
    count = view.source.n_heads
    if view.chain[name].scope is not Scope.HEAD or count == 1 or view.source.editor is None:
        return ""
    every = [_changes(view, before, name, head, came_from) for head in range(count)]
    others = [str(head + 1) for head, changed in enumerate(every) if changed is not None and changed.any()]
    if len(others) == count:
        return phrase("change.all_heads", count=count)
    return phrase("change.some_heads", count=len(others), heads=", ".join(others))


def _signed(value: float) -> str:
    return f"{value:+.3f}"
