"""What people get wrong in their own code, to choose one of; beside the list what it does to this very lesson."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType

from kitten_tui.core.refused import refused
from kitten_tui.core.settings import VARIANTS
from kitten_tui.core.variants import switched
from kitten_tui.ink import mistake
from kitten_tui.ink.cells import Line, wrap
from kitten_tui.ink.palette import Palette
from kitten_tui.screens.details import DetailsScreen
from kitten_tui.stages.view import View
from kitten_tui.words import Words


class MistakesScreen(DetailsScreen):
    """Closes with the place of a variant in `names`, of which an empty one is the chain as it should be."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("M", "dismiss", show=False)]

    def __init__(self, view: View, variant: str, words: Words) -> None:
        self.view = view
        """Under settings without any variant."""
        self.words = words
        self.names = ("", *VARIANTS) if variant else VARIANTS
        self.reasons = [self._reason(name) for name in self.names]
        """Why each of them cannot be shown; empty where it can."""
        options = [words(f"variant.{name}.name" if name else "variant.none") for name in self.names]
        super().__init__(words("variant.title"), options, self.names.index(variant) if variant else 0)

    def _reason(self, name: str) -> str:
        view = self.view
        reason = refused(view.source, view.settings, view.selection.layer, name) if name else None
        return "" if reason is None else self.words(f"refused.{reason[0]}", name=reason[1])

    def is_open(self, place: int) -> bool:
        return not self.reasons[place]

    def told(self, place: int, palette: Palette, width: int) -> list[Line]:
        name, words = self.names[place], self.words
        if name and not self.reasons[place]:
            wrong = replace(self.view, settings=switched(self.view.settings, name, self.view.source.masks))
            return mistake.told(wrong, words, palette, width)
        text = self.reasons[place] or words("variant.back")
        return [[Segment(row, palette.text)] for row in wrap(text, width)]
