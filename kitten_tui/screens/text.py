"""A page of text over the lesson: the help, and the lesson text where the window is too narrow for its column."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.geometry import Size

from kitten_tui.commands import COMMANDS
from kitten_tui.ink import texts
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

    def read(self, write: Write) -> None:
        """Another text, from its beginning."""
        self._write = write
        self.scroll_to(y=0, animate=False)
        self.rewrite()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.write(self.text_width(width)))


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
        return cls(words("help.title"), lambda palette, width: texts.help_page(now, words, palette, width))

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


class LessonScreen(TextScreen):
    """The text of a stage; the keys that go to another stage take it along."""

    BINDINGS = [
        Binding(key, f"turn({action!r})", show=False, priority=True)  # the text itself would take the arrows
        for command in COMMANDS
        if command.id in ("stage", "numbers")
        for key, action in command.keys
    ]

    def __init__(self, shown: Shown, turn: Callable[[str], Awaitable[Shown]]) -> None:
        super().__init__(*_lesson(shown))
        self.turn = turn
        """Runs an action of the stages; what they show after it."""

    async def action_turn(self, action: str) -> None:
        heading, write = _lesson(await self.turn(action))
        self.query_one(Panel).call(heading)
        self.query_one(PanelText).read(write)


def _lesson(shown: Shown) -> tuple[str, Write]:
    page, words = shown.page, shown.words
    title = words(f"{page.stage.id}.name")
    return title, lambda palette, width: texts.lesson(page, shown.notes, words, palette, width)
