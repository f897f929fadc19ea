"""What a step is seen at: the view it makes, beside the one that the reader has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.stages.view import View


@dataclass(frozen=True, eq=False)
class Scene:
    reader: View
    """As the reader has it."""
    before: View
    """Before the last thing that the step does."""
    view: View
    """After all that it does, with the cursor where the step looks."""

    @property
    def query(self) -> int:
        return self.view.selection.query

    @property
    def key(self) -> int:
        return self.view.selection.key

    def row(self, name: str) -> Array:
        """Of the selected query and head.

        Raises:
            LookupError: the source has no such quantity.
        """
        return self.view.row(name)

    @cached_property
    def weights(self) -> Array:
        """[key]"""
        return self.row("weights")

    @cached_property
    def scores(self) -> Array:
        """[key]"""
        return self.row("scores")

    def score(self, query: int, key: int) -> float:
        return float(self.view.trace.row("scores", query)[key])

    @property
    def largest_with_division(self) -> float:
        return self._largest(self.view.settings.scale)

    @property
    def largest_without_division(self) -> float:
        return self._largest(not self.view.settings.scale)

    def _largest(self, here: bool) -> float:
        """The largest weight of the row, here or with the division switched."""
        if not self.view.can_rescale:
            raise LookupError("the weights do not follow from a division")
        trace = self.view.trace if here else self.view.rescaled
        return float(trace.row("weights", self.query).max())

    @cached_property
    def heads_look(self) -> list[int]:
        """The key that each head gives most of the selected query's weight to."""
        view = self.view
        return [int(np.argmax(view.row("dropped", head))) for head in range(view.source.n_heads)]
