"""A list to choose from, and beside it what there is to say of the line that is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from kitten_tui.ink.cells import Line, clean
from kitten_tui.ink.palette import Palette
from kitten_tui.screens.choose import Options
from kitten_tui.screens.dialog import Dialog, Panel
from kitten_tui.screens.text import PanelText


class DetailsScreen(Dialog[int | None]):
    """Closes with the place of the line, or with nothing. Subclasses give `told`, and what cannot be chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", show=False)]

    def __init__(self, title: str, options: Sequence[str], place: int = 0) -> None:
        super().__init__()
        self.heading = title
        self.options = options
        self.place = place

    def told(self, place: int, palette: Palette, width: int) -> list[Line]:
        """What there is to say of a line of the list."""
        raise NotImplementedError

    def is_open(self, place: int) -> bool:
        """Whether it can be chosen."""
        return True

    def compose(self) -> ComposeResult:
        with Panel(self.heading), Horizontal():
            yield Options(*(self._option(place) for place in range(len(self.options))))
            yield PanelText(lambda palette, width: self.told(self.place, palette, width))

    def _option(self, place: int) -> Option:
        label = Text(clean(self.options[place]))
        if not self.is_open(place):
            label.stylize("dim")
        return Option(label)

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = self.place

    @on(OptionList.OptionHighlighted)
    def tell(self, event: OptionList.OptionHighlighted) -> None:
        place = self.place = event.option_index
        self.query_one(PanelText).read(lambda palette, width: self.told(place, palette, width))

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        if self.is_open(event.option_index):
            self.dismiss(event.option_index)
