"""A list to choose one line of."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import OptionList

from kitten_tui.ink.cells import clean
from kitten_tui.screens.dialog import Dialog, Panel


class Options(OptionList):
    """Turns no page before it stands on the screen: until then Textual has no lines to count."""

    def action_page_up(self) -> None:
        if self.scrollable_content_region:
            super().action_page_up()  # type: ignore[no-untyped-call]

    def action_page_down(self) -> None:
        if self.scrollable_content_region:
            super().action_page_down()  # type: ignore[no-untyped-call]


class ChooseScreen(Dialog[int | None]):
    """Closes with the place of the line, or with nothing."""

    BINDINGS = [Binding("escape", "dismiss", show=False)]

    def __init__(self, title: str, options: Sequence[str], place: int = 0) -> None:
        super().__init__()
        self.heading = title
        self.options = options
        self.place = place

    def compose(self) -> ComposeResult:
        with Panel(self.heading):
            yield Options(*(Text(clean(option)) for option in self.options))

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = self.place

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index)
