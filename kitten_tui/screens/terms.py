"""The words of a stage, to look one up and to go where it is shown."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from kitten_tui.ink import terms
from kitten_tui.ink.cells import Line
from kitten_tui.ink.palette import Palette
from kitten_tui.screens.details import DetailsScreen
from kitten_tui.stages import Page
from kitten_tui.words import Words


class TermsScreen(DetailsScreen):
    """Closes with the place of a word in `entries`."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("I", "dismiss", show=False)]

    def __init__(self, page: Page, words: Words) -> None:
        self.page = page
        self.words = words
        self.entries = terms.entries(page)
        super().__init__(words("terms.title"), [terms.name_of(term, words) for term, _ in self.entries])

    def told(self, place: int, palette: Palette, width: int) -> list[Line]:
        return terms.told(self.entries[place], self.page, self.words, palette, width) if self.entries else []
