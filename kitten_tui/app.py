"""The application: themes, palette, and the lesson screen."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from textual import on
from textual.app import App, SystemCommand
from textual.command import CommandList, CommandPalette
from textual.screen import Screen

from kitten_tui import themes
from kitten_tui.commands import on_screen
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.screens.lesson import LessonScreen
from kitten_tui.screens.messages import Failed, SourceOpened
from kitten_tui.stages.selection import Selection
from kitten_tui.stages.view import View
from kitten_tui.words import Words


class CommandDialog(CommandPalette):
    """Hands no key on to its list before that stands on the screen: until then Textual has no lines to count."""

    def _action_command_list(self, action: str) -> None:
        if self.query_one(CommandList).size:
            super()._action_command_list(action)


class KittenApp(App[None]):
    """Built from plain values; knows nothing of a command line."""

    CSS_PATH = "app.tcss"
    TITLE = "kitten-tui"

    def __init__(
        self,
        lesson: Source,
        settings: Settings | None = None,
        selection: Selection | None = None,
        language: str = "en",
        theme: str = themes.DARK.name,
        init: str | None = None,
    ) -> None:
        super().__init__()
        for ours in themes.THEMES:
            self.register_theme(ours)
        if self.no_color:
            # Textual's filter turns the terminal's own colours black on black.
            for name, theirs in list(self.available_themes.items()):
                if theirs.ansi:
                    self.unregister_theme(name)
        self.theme = theme if theme in self.available_themes else themes.DARK.name
        self.words = Words(language)
        self.init = init
        self.problem = ""
        """Why the program had to end, if it had to."""
        self.first_screen = self._screen_for(lesson, settings, selection)

    def _screen_for(
        self, source: Source, settings: Settings | None = None, selection: Selection | None = None
    ) -> Screen[Any]:
        """The lesson at its stages, or all heads of a model."""
        start = selection or Selection(query=source.query, key=min(source.query, len(source.key_tokens) - 1))
        view = View(source, settings or source.settings, start)
        if source.survey is None:
            from kitten_tui.screens.workbench import Workbench

            return Workbench(view, source, self.words, self.init)
        from kitten_tui.screens.overview import ATTENTION, OverviewScreen

        opens = selection is not None
        return OverviewScreen(source, self.words, view if opens else view.with_(stage=ATTENTION), opens=opens)

    def get_default_screen(self) -> Screen[Any]:
        return self.first_screen

    @on(SourceOpened)
    def open(self, event: SourceOpened) -> None:
        """Another text in the model, or a lesson over it."""
        from kitten_tui.screens.overview import OverviewScreen

        self.words = event.words
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if isinstance(self.first_screen, OverviewScreen) and event.source.survey is not None:
            self.first_screen.read(event.source, event.words)
        else:
            self.push_screen(self._screen_for(event.source))

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
            self.push_screen(CommandDialog(id="--command-palette"))

    def action_help_quit(self) -> None:
        """ctrl+c: says how to leave, in the language of the screen."""
        self.front.say("message.quit")

    async def action_quit(self) -> None:
        """Leaves, but asks once where numbers were changed and not saved."""
        front = self.front
        if getattr(front, "has_unsaved", False):
            front.warn_unsaved()
        else:
            self.exit()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The registry's commands; a pair of keys is two entries."""
        front = self.front
        words = front.words
        for command in on_screen("stages" if isinstance(front, LessonScreen) else "overview"):
            if command.id == "palette":
                continue
            labels = command.label.split(" ")
            if len(labels) != len(command.keys):
                labels = [command.label] * len(command.keys)
            for label, (key, action) in zip(labels, command.keys, strict=True):
                label = key if command.id == "numbers" else label
                title = f"{words(f'command.{command.id}.name')} ({label})"
                run = partial(front.run_action, action)
                yield SystemCommand(title, words(f"command.{command.id}.help"), run)
