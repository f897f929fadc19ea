"""What a change did: which cells of a figure have another value, and a sentence about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kitten_tui.core.cell import Cell
from kitten_tui.core.ops import Array
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.stages.figure import Matrix
from kitten_tui.stages.stage import Page
from kitten_tui.stages.view import View

EFFECTS = ("weights", "context", "output", "concat", "x")
"""Where a change is told of: the first of these that it reaches."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """A page and the same page before the last change."""

    before: Page

    def values(self, figure: Matrix) -> Array | None:
        """All that the figure had before, None where it had another shape or was not there."""
        for old in self.before.sheet.figures:
            if isinstance(old, Matrix) and old.id == figure.id and old.values.shape == figure.all_values.shape:
                return old.values
        return None

    def changed(self, cell: Cell, value: float) -> bool:
        """Whether a number that stands by itself had another value."""
        was = self.value(cell)
        return was is not None and was != value

    def value(self, cell: Cell) -> float | None:
        """What stood at this address before, None where nothing did."""
        try:
            return self.before.view.workings.value(cell)
        except LookupError:
            return None


def effect(view: View, before: View) -> Phrase | None:
    """How many numbers changed and which most: the weights of the selected head, or what lies behind them."""
    head = view.selection.head
    for name in EFFECTS:
        now, old = view.workings.array(name, head), before.workings.array(name, head)
        if now is None or old is None or now.shape != old.shape:
            continue
        difference = now - old
        changed = int(np.count_nonzero(difference))
        if changed:
            row, column = np.unravel_index(int(np.abs(difference).argmax()), now.shape)
            cell = Cell(name, (int(row), int(column)), head, view.selection.layer)
            largest = float(difference[row, column])
            return phrase(
                "change.effect", name=name, changed=changed, count=now.size, difference=_signed(largest), cell=cell
            )
    return None


def _signed(value: float) -> str:
    return f"{value:+.3f}"
