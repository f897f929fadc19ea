"""The lines around the figure."""

from __future__ import annotations

from rich.segment import Segment
from textual.message import Message

from kitten_tui.ink import chrome, texts, told
from kitten_tui.ink.cells import Line, wrap
from kitten_tui.ink.chrome import Drawn
from kitten_tui.ink.keys import key_line
from kitten_tui.ink.shown import Shown
from kitten_tui.stages import stages_of
from kitten_tui.widgets.inked import InkedLines, InkedText, KeyClicked, Pointed


class TitleLine(InkedLines):
    """Where we are, and under which settings."""

    def draw(self, shown: Shown, width: int) -> Drawn:
        way = told.way(shown.guide, shown.words) if shown.guide is not None else ()
        return chrome.title_line(shown.page, shown.title, shown.words, self.palette, width, way)


class Rail(InkedLines):
    """The stages."""

    def draw(self, shown: Shown, width: int) -> Drawn:
        return chrome.rail(
            stages_of(shown.page.view.source), shown.page.selection.stage, shown.words, self.palette, width
        )

    def clicked(self, value: int | str) -> Message:
        return Pointed({"stage": value})


class TokenStrip(InkedLines):
    """The sentence."""

    def draw(self, shown: Shown, width: int) -> Drawn:
        page = shown.page
        query = page.selection.query
        view = page.view
        asks = bool(shown.lit.covers)  # what is asked for stands nowhere
        weighs = page.stage.weighs and not asks and not view.is_cross and view.has("dropped")
        weights = view.row(view.weighed) if weighs else None
        return chrome.strip(page.view.tokens, weights, query, self.palette, width)

    def clicked(self, value: int | str) -> Message:
        return Pointed({"query": value})


class FootLines(InkedLines):
    """The reading and the arithmetic."""

    def draw(self, shown: Shown, width: int) -> Drawn:
        return chrome.foot(shown, self.palette, width)


class KeyLine(InkedLines):
    """The keys."""

    def draw(self, shown: Shown, width: int) -> Drawn:
        return key_line(shown.now, shown.words, self.palette, width)

    def clicked(self, value: int | str) -> Message:
        return KeyClicked(str(value))


class LessonText(InkedText):
    """What the stage is about, in words."""

    def watch_shown(self, before: Shown | None, after: Shown | None) -> None:
        if before is None or after is None or before.page.stage is not after.page.stage:
            self.scroll_to(y=0, animate=False)
        elif before.words is after.words and before.notes == after.notes and not _varied(before, after):
            return
        self.rewrite()

    def write(self, width: int) -> list[Line]:
        if self.shown is None or (self.shown.lit.covers and _varied(self.shown)):  # it would say what is asked for
            return []
        return texts.lesson(self.shown.page, self.shown.notes, self.shown.words, self.palette, width)


def _varied(*shown: Shown) -> bool:
    """Whether there is a mistake to be told of, with its numbers."""
    return any(each.page.view.settings.variant for each in shown)


class SizeNotice(InkedLines):
    """Said in place of everything when the window is too small."""

    def draw(self, shown: Shown, width: int) -> Drawn:
        size = self.app.size
        text = shown.words("too_small", width=size.width, height=size.height)
        return Drawn([[Segment(line, self.palette.text)] for line in wrap(text, max(width, 2))])
