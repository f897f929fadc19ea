"""A page of text over the lesson: the help, and the lesson text where the window is too narrow for its column."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.geometry import Size

from kitten_tui.ink import chrome
from kitten_tui.ink.cells import Line
from kitten_tui.ink.formula import Sum
from kitten_tui.ink.palette import Palette
from kitten_tui.ink.shown import Shown
from kitten_tui.ink.whole import whole
from kitten_tui.offers import Now
from kitten_tui.screens.dialog import Dialog, Panel
from kitten_tui.widgets.inked import InkedText
from kitten_tui.words import Words

Write = Callable[[Palette, int], list[Line]]


class PanelText(InkedText, can_focus=True):
    def __init__(self, write: Write) -> None:
        super().__init__()
        self._write = write

    def write(self, width: int) -> list[Line]:
        return self._write(self.palette, width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.write(width))


class TextScreen(Dialog[None]):
    """Closed by the key that opened it, by escape, or by q."""

    BINDINGS = [
        Binding(key, "dismiss", show=False)
        for key in ("escape", "q", "i", "question_mark", "enter", "space", "equals_sign")
    ]

    def __init__(self, title: str, write: Write) -> None:
        super().__init__()
        self.heading = title
        self.write = write

    @classmethod
    def help(cls, now: Now, words: Words) -> TextScreen:
        return cls(words("help.title"), lambda palette, width: chrome.help_page(now, words, palette, width))

    @classmethod
    def lesson(cls, shown: Shown) -> TextScreen:
        page, words = shown.page, shown.words
        title = words(f"{page.stage.id}.name")
        return cls(title, lambda palette, width: chrome.lesson(page, shown.notes, words, palette, width))

    @classmethod
    def whole(cls, shown: Shown) -> TextScreen:
        page, words = shown.page, shown.words

        def write(palette: Palette, width: int) -> list[Line]:
            look = Sum(page.view.workings, words, palette)
            return [] if page.derivation is None else whole(page.derivation, look, width)

        return cls(words("command.whole.name"), write)

    def compose(self) -> ComposeResult:
        with Panel(self.heading):
            yield PanelText(self.write)
