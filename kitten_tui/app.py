"""The application: themes, palette, and the lesson screen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import on
from textual._compositor import LayoutUpdate
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.command import CommandList, CommandPalette
from textual.events import Event, InputEvent, Key, Paste
from textual.keys import _character_to_key
from textual.message import Message
from textual.screen import Screen
from textual.theme import ThemeProvider
from textual.widgets import Button, Input, OptionList
from textual.worker import WorkerFailed

from kitten_tui import themes
from kitten_tui.commands import offered
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.desk.selection import Selection
from kitten_tui.screens.dialog import ClosedOnce
from kitten_tui.screens.messages import Failed, SourceOpened
from kitten_tui.sources.errors import problem_of
from kitten_tui.stages import STAGES, stages_of
from kitten_tui.stages.view import View
from kitten_tui.typed import LONGEST_LINE, narrow, one_line
from kitten_tui.walk.walking import Walking
from kitten_tui.widgets.gate import Gate
from kitten_tui.words import Words

if TYPE_CHECKING:
    from textual.driver import Driver

    from kitten_tui.crash import Unsaved
    from kitten_tui.desk.history import State
    from kitten_tui.paper.document import Document


class CommandDialog(ClosedOnce, CommandPalette):
    """Hands no key on to its list before that stands on the screen: until then Textual has no lines to count."""

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def ignore_a_second_answer(self, event: Message) -> None:
        """Textual runs what was chosen once for each answer."""
        if not self.is_current:
            event.prevent_default()

    def _select_or_command(self, event: Input.Submitted | Button.Pressed | None = None) -> None:
        if self.is_current:
            super()._select_or_command(event)

    def _action_command_list(self, action: str) -> None:
        if self.query_one(CommandList).scrollable_content_region:
            super()._action_command_list(action)


def _first(source: Source) -> int:
    """The stage that a source is opened at: a training where it is seen to learn."""
    return len(STAGES) if source.trainer is not None else 0


class KittenApp(App[None]):
    """Built from plain values; knows nothing of a command line."""

    CSS_PATH = "app.tcss"
    TITLE = "kitten-tui"
    # Also while a dialog asks, whose keys are its own.
    BINDINGS = [Binding("ctrl+z", "suspend_process", show=False, priority=True)]

    def __init__(
        self,
        lesson: Source,
        settings: Settings | None = None,
        selection: Selection | None = None,
        language: str = "en",
        theme: str = themes.DARK.name,
        init: str | None = None,
        opens: bool = True,
        walking: Walking | None = None,
        *,
        walks: bool = False,
        other: State | None = None,
    ) -> None:
        """`opens` says whether what is selected of a model is opened, or all its heads are shown; `other` is laid
        beside it.
        """
        super().__init__()
        for ours in themes.THEMES:
            self.register_theme(ours)
        if self.no_color:
            # Textual's filter turns the terminal's own colours black on black.
            for name, theirs in list(self.available_themes.items()):
                if theirs.ansi:
                    self.unregister_theme(name)
        self._filters.append(Gate())
        self.theme = theme if theme in self.available_themes else themes.DARK.name
        self.words = Words(language)
        self.init = init
        self.walking = walking or Walking()
        """How a source is walked through."""
        self.walks = walks
        """Whether the first page that can be is walked from."""
        self.problem = ""
        """Why the program had to end, if it had to."""
        self.fault: BaseException | None = None
        """What the program itself did wrong, if it had to end because of that."""
        self.unsaved: Unsaved | None = None
        """What a fault would take away."""
        self.first_screen = self._screen_for(lesson, settings, selection, opens=opens and selection is not None)
        if other is not None:
            self.first_screen.lay(other)  # type: ignore[attr-defined]

    def _screen_for(
        self,
        source: Source,
        settings: Settings | None = None,
        selection: Selection | None = None,
        *,
        over: bool = False,
        opens: bool = False,
    ) -> Screen[Any]:
        """The lesson at its stages, or all heads of a model."""
        key = min(source.query, len(source.key_tokens) - 1)
        start = selection or Selection(stage=_first(source), query=source.query, key=key)
        view = View(source, settings or source.settings, start)
        if source.trainer is not None:
            from kitten_tui.screens.learn import LearnScreen

            return LearnScreen(view, source, self.words, over=over)
        if source.survey is None:
            from kitten_tui.screens.editing import EditingScreen

            return EditingScreen(view, source, self.words, self.init)
        from kitten_tui.screens.overview import OverviewScreen, first_stage

        return OverviewScreen(source, self.words, view if opens else view.with_(stage=first_stage(source)), opens=opens)

    def get_driver_class(self) -> type[Driver]:
        ours = super().get_driver_class()
        if ours.__name__ != "LinuxDriver":  # another system, or another one was asked for
            return ours
        from kitten_tui.terminal import Terminal

        return Terminal

    def paint_anew(self) -> None:
        """Nothing of what was painted stands any more."""
        self.refresh(layout=True)

    @property
    def changes(self) -> Unsaved | None:
        """What was changed and not saved, on any screen."""
        kept = (getattr(screen, "unsaved", None) for screen in reversed(self.screen_stack))
        return next((changes for changes in kept if changes is not None), None)

    def lose_terminal(self, status: int) -> None:
        """Nobody sees the screen any more."""
        self.unsaved = self.changes
        self.exit(return_code=status)

    def _handle_exception(self, error: Exception) -> None:
        """A fault ends the program. It is told of after the screen has gone, without Textual's pages of locals.

        What is no fault, such as a file that has gone, is one line; changes that would be lost are worth the pages.
        """
        self._return_code = 1
        if self._exception is None:  # Textual's tests look here
            self._exception = error
            self._exception_event.set()
        if self.fault is None and not self.problem:
            fault = error.error if isinstance(error, WorkerFailed) else error
            self.unsaved = self.changes
            problem = problem_of(fault)
            if problem is None or self.unsaved is not None:
                self.fault = fault
            else:
                self.problem = problem
        self._close_messages_no_wait()

    async def on_event(self, event: Event) -> None:
        """Keys and pastes as they come, before anything answers them; after the last screen nothing does."""
        if isinstance(event, InputEvent | Paste) and not self.screen_stack:
            return
        if isinstance(event, Paste) and not event.is_forwarded:
            await self._built()
            length = len(event.text) + (len(self.focused.value) if isinstance(self.focused, Input) else 0)
            if length > LONGEST_LINE:
                self._refuse_paste(length)
                return
            event = Paste(one_line(event.text))
        elif isinstance(event, Key) and not event.is_forwarded and not isinstance(self.focused, Input):
            character = narrow(event.character)
            if character is not None:
                event = Key(character if character.isalnum() else _character_to_key(character), character)
        await super().on_event(event)

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        """What a key does; one that comes while the screens go, or after the last one, does nothing."""
        await self._built()
        return self.is_running and bool(self.screen_stack) and await super()._check_bindings(key, priority)

    async def _built(self) -> None:
        """Waits for what stands in the screen in front; a key that came together with the one that opened it asks."""
        while self.is_running and self.screen_stack and self.screen._task is not None and not self.screen.is_mounted:
            await self.screen._mounted_event.wait()

    def _refuse_paste(self, length: int) -> None:
        """A paste that no line takes is refused where it would have stood."""
        refuse = getattr(self.screen, "refuse", None)
        if refuse is not None:
            refuse(self.front.words("ask.too_long", most=f"{LONGEST_LINE:,}", length=f"{length:,}"))

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """The screen as a picture, in which Chinese has its room; Textual's snapshots and its command ask for it."""
        from kitten_tui.paper.svg import picture

        return picture(replace(self.picture(simplify=simplify), title=title or self.title))

    def picture(self, *, simplify: bool = False) -> Document:
        """The screen, in its own colours, to be written in a format that draws."""
        from kitten_tui.ink.palette import Ground
        from kitten_tui.paper.document import Document, Screen

        screen = self.screen
        update = screen._compositor.render_update(full=True, screen_stack=self._background_screens, simplify=simplify)
        assert isinstance(update, LayoutUpdate)
        lines = [[segment for strip in strips for segment in strip] for strips in update.strips]
        theme = self.current_theme
        ground = Ground(theme.foreground or Ground.text, theme.background or Ground.back)
        return Document(self.title, (), "", self.front.words.language, (Screen(lines),), theme.dark, ground)

    def get_default_screen(self) -> Screen[Any]:
        return self.first_screen

    @on(SourceOpened)
    def open(self, event: SourceOpened) -> None:
        """Another text in the model, or a lesson over it."""
        from kitten_tui.screens.overview import OverviewScreen

        self.words = event.words
        while len(self.screen_stack) > 1 and not event.over:
            self.pop_screen()
        if isinstance(self.first_screen, OverviewScreen) and event.source.survey is not None:
            self.first_screen.read(event.source, event.words)
        else:
            self.push_screen(self._screen_for(event.source, over=event.over))

    @on(Failed)
    def fail(self, event: Failed) -> None:
        self.problem = event.problem
        self.exit(return_code=2)

    @property
    def front(self) -> Any:
        """The screen in front that is no dialog."""
        return next(screen for screen in reversed(self.screen_stack) if hasattr(screen, "say"))

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, CommandDialog):
            self.push_screen(CommandDialog())

    def action_toggle_theme(self) -> None:
        self.theme = (themes.LIGHT if self.current_theme.dark else themes.DARK).name

    def search_themes(self) -> None:
        """The list of themes, in a palette that is as careful as the other one."""
        if not isinstance(self.screen, CommandDialog):
            self.push_screen(CommandDialog(providers=[ThemeProvider], placeholder=self.front.words("ask.theme")))

    def action_help_quit(self) -> None:
        """ctrl+c: says how to leave, in the language of the screen."""
        self.front.say("message.quit")

    async def action_quit(self) -> None:
        """Leaves, but asks once where numbers were changed and not saved."""
        front = self.front
        unsaved = [screen for screen in self.screen_stack if getattr(screen, "has_unsaved", False)]
        for screen in unsaved:
            screen.warn_unsaved()  # type: ignore[attr-defined]
        if unsaved and front not in unsaved:
            front.say("change.unsaved_below")
        if not unsaved:
            self.exit()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The registry's commands; a pair of keys is two entries."""
        front = self.front
        words = front.words
        for command in offered(front.now):
            if command.id == "palette":
                continue
            labels = command.label.split(" ")
            if len(labels) != len(command.keys):
                labels = [command.label] * len(command.keys)
            for label, (key, action) in zip(labels, command.keys, strict=True):
                if command.id == "numbers" and int(key) > len(stages_of(front.now.source)):
                    break
                label = key if command.id == "numbers" else label
                called = f"command.{command.called(front.now)}"
                run = partial(front.run_action, action)
                yield SystemCommand(f"{words(f'{called}.name')} ({label})", words(f"{called}.help"), run)
