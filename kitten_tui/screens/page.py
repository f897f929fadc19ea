"""A desk on the screen: its page, what is said of it, and what is asked and taken along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.geometry import Size
from textual.reactive import reactive
from textual.screen import Screen

from kitten_tui.commands import on_screen
from kitten_tui.core.cell import Cell
from kitten_tui.core.source import Source
from kitten_tui.desk.desk import Command, Desk, Lay, LookAt, Open
from kitten_tui.desk.history import State
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.ink.cells import cut
from kitten_tui.ink.room import share
from kitten_tui.ink.shown import Shown
from kitten_tui.offers import AtStage, AtWalk
from kitten_tui.screens.asking import ask_file_to_open, ask_source
from kitten_tui.screens.dialog import ClosedOnce
from kitten_tui.stages import Page
from kitten_tui.stages.view import View
from kitten_tui.widgets.canvas import Canvas
from kitten_tui.widgets.chrome import FootLines, KeyLine, LessonText, Rail, SizeNotice, TitleLine, TokenStrip
from kitten_tui.widgets.inked import KeyClicked
from kitten_tui.words import Words

LONGEST_OPTION = 120
"""Cells of a text that is offered in a list."""

BINDINGS: list[BindingType] = [
    Binding(key, action, command.id, show=False) for command in on_screen("stages") for key, action in command.keys
]
BINDINGS.append(Binding("escape", "leave", show=False))


class PageScreen(ClosedOnce, Screen[Any], inherit_bindings=False):
    """One desk at a time; everything on the screen follows from it."""

    BINDINGS = BINDINGS
    HORIZONTAL_BREAKPOINTS = [(0, "-small"), (80, "-narrow"), (104, "-wide"), (120, "-broad")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-high"), (30, "-tall")]
    AUTO_FOCUS = None

    shown: reactive[Shown | None] = reactive(None, repaint=False)

    def __init__(self, view: View, lesson: Source, words: Words) -> None:
        super().__init__()
        desk = Desk.of(lesson, view.settings, view.selection)
        self.set_reactive(PageScreen.shown, Shown.of(desk, words))
        self._shared: tuple[object, ...] = ()
        """For which figures the room was shared."""

    def compose(self) -> ComposeResult:
        shown = PageScreen.shown
        yield TitleLine().data_bind(shown)
        yield Rail().data_bind(shown)
        yield TokenStrip().data_bind(shown)
        with Horizontal(id="body"):
            yield Canvas().data_bind(shown)
            yield LessonText().data_bind(shown)
        yield FootLines().data_bind(shown)
        yield KeyLine().data_bind(shown)
        yield SizeNotice().data_bind(shown)

    @property
    def _now(self) -> Shown:
        assert self.shown is not None
        return self.shown

    @property
    def desk(self) -> Desk:
        return self._now.desk

    @property
    def page(self) -> Page:
        return self._now.page

    @property
    def words(self) -> Words:
        return self._now.words

    @property
    def now(self) -> AtStage | AtWalk:
        return self._now.now

    @property
    def source(self) -> Source:
        return self.desk.source

    # How the room is shared

    def watch_shown(self) -> None:
        self._share_room()

    def on_resize(self) -> None:
        self.call_next(self._share_room)  # once everything has its size

    def _share_room(self) -> None:
        """Folds the lesson text where the figures need its room, and takes the line above them.

        What moves the selection or changes a number moves nothing else.
        """
        if not self.query(LessonText):  # the last of what stands there
            return
        body, canvas, text = self.query_one("#body"), self.query_one(Canvas), self.query_one(LessonText)
        page, narrow, hidden = self.page, self.has_class("-narrow"), self.has_class("-without-text")
        view, aside = page.view, not (narrow or hidden)
        arrangement = (page.stage, page.sheet.backward, view.selection.layer, view.tokens, view.settings, view.pinned)
        shared = (*arrangement, self.words.language, body.size, narrow, hidden)
        if not body.size or shared == self._shared:
            return
        self._shared = shared
        bar = canvas.styles.scrollbar_size_vertical
        column, air = int(text.styles.width.value) if text.styles.width else 0, int(self.has_class("-tall"))
        width, height = body.size
        room = share(page.sheet, canvas.look(self._now), width - bar, height, column * aside, air)
        self.set_class(narrow or (aside and not room.text), "-folded")
        self.set_class(not room.air, "-flush")
        canvas.foresee(Size(width - column * (aside and room.text), height))
        text.foresee(Size(column, height))

    def do(self, command: Command, message: Phrase | None = None) -> None:
        """The desk after a command, and something to say about it."""
        self.shown = Shown.of(self.desk.do(command), self.words, message)

    def lay(self, other: State) -> None:
        """Beside another state, before it is looked at."""
        self.set_reactive(PageScreen.shown, Shown.of(self.desk.do(Lay(other)), self.words))

    def look_at(self, view: View) -> None:
        """Another place, under the settings of the present one or through others that come with it."""
        self.do(LookAt(view.selection, None if view.settings == self.page.view.settings else view.settings))

    def open(self, source: Source) -> None:
        """Another source, at the same stage, under the settings it asks for."""
        self.do(Open(source))

    def speak(self, words: Words) -> None:
        """The same page in another language."""
        self.shown = replace(self._now, words=words, message=None, chosen=None)

    def say(self, key: str, **values: object) -> None:
        """A sentence in the place of the reading, until the next key."""
        self.shown = replace(self._now, message=phrase(key, **values), chosen=None)

    def _choose(self, operand: Cell | None) -> None:
        """The arrows move along the arithmetic line, or no longer."""
        self.shown = replace(self._now, message=None, chosen=operand)

    @on(KeyClicked)
    async def press_key(self, event: KeyClicked) -> None:
        await self.run_action(event.action)

    def action_show_whole(self) -> None:
        from kitten_tui.screens.text import TextScreen

        if self.page.derivation is not None:
            self.app.push_screen(TextScreen.whole(self._now))

    def action_copy(self) -> None:
        """Offers what can be taken along; the terminal has the clipboard, and may keep it to itself."""
        from kitten_tui.ink.copies import copies
        from kitten_tui.screens.choose import ChooseScreen

        texts = list(copies(self._now))
        options = [f"{self.words(key)}: {cut(text, LONGEST_OPTION)}" for key, text in texts]

        def chosen(place: int | None) -> None:
            if place is not None:
                self.app.copy_to_clipboard(texts[place][1])
                self.say("copy.sent", text=texts[place][1])

        self.app.push_screen(ChooseScreen(self.words("copy.title"), options), chosen)

    def action_take(self) -> None:
        """Offers the figure, the stage and the lesson as a file."""
        from kitten_tui.paper.document import figure, lesson, stage
        from kitten_tui.screens.choose import ChooseScreen
        from kitten_tui.screens.taking import ask_file

        page, words = self.page, self.words
        documents = (lambda: figure(page, words), lambda: stage(page, words), lambda: lesson(page.view, words))

        def chosen(place: int | None) -> None:
            if place is not None:
                ask_file(self, words, documents[place])

        options = [words("take.figure"), words("take.stage"), words("take.lesson")]
        self.app.push_screen(ChooseScreen(words("take.title"), options), chosen)

    def action_arcs(self) -> None:
        from kitten_tui.screens.arcs import ArcsScreen

        if self.page.view.has("weights"):
            self.app.push_screen(ArcsScreen(self.page.view, self.words))

    def action_ask_sentence(self) -> None:
        from kitten_tui.sources.find import sentence

        self._ask("ask.sentence", lambda text: sentence(text, self.page.view.settings.seed))

    def action_ask_file(self) -> None:
        ask_file_to_open(self, self.words, self.open)

    def _ask(self, question: str, answer: Callable[[str], Source]) -> None:
        ask_source(self, self.words, question, answer, self.open)

    def action_toggle_lesson(self) -> None:
        if self.has_class("-folded"):
            self._open_lesson()
        else:
            self.toggle_class("-without-text")
            self._share_room()

    def action_explain_words(self) -> None:
        """The words of this stage; the one that is chosen is gone to."""
        from kitten_tui.screens.terms import TermsScreen

        asked = TermsScreen(self.page, self.words)

        def chosen(place: int | None) -> None:
            if place is not None:
                self.do(LookAt(asked.entries[place][1].selection))

        self.app.push_screen(asked, chosen)

    def action_scroll_text(self, by: int) -> None:
        """A page of the lesson text, which is shown for it where it is not."""
        text = self.query_one(LessonText)
        if self.has_class("-folded"):
            self._open_lesson()
        elif self.has_class("-without-text"):
            self.remove_class("-without-text")
            self._share_room()
        else:
            text.scroll_relative(y=by * max(text.size.height - 1, 1), animate=False)

    def _open_lesson(self) -> None:
        from kitten_tui.screens.text import LessonScreen

        async def turn(action: str) -> Shown:
            await self.run_action(action)
            return self._now

        self.app.push_screen(LessonScreen(self._now, turn))

    def action_help(self) -> None:
        from kitten_tui.screens.text import TextScreen

        self.app.push_screen(TextScreen.help(self.now, self.words))

    def action_next_language(self) -> None:
        self.speak(Words(self.words.next_language))
