"""The application: themes, palette, and the lesson screen."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.app import App, SystemCommand
from textual.screen import Screen

from kitten_tui import themes
from kitten_tui.commands import COMMANDS
from kitten_tui.core.settings import Settings
from kitten_tui.screens.workbench import Workbench
from kitten_tui.sources.lesson import Lesson
from kitten_tui.stages.selection import Selection
from kitten_tui.stages.view import View
from kitten_tui.words import Words


class KittenApp(App[None]):
    """Built from plain values; knows nothing of a command line."""

    CSS_PATH = "app.tcss"
    TITLE = "kitten-tui"

    def __init__(
        self,
        lesson: Lesson,
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
        start = selection or Selection(query=lesson.query, key=lesson.query)
        view = View(lesson, settings or lesson.settings, start)
        self.lesson_screen = Workbench(view, lesson, Words(language), init)

    def get_default_screen(self) -> Screen[None]:
        return self.lesson_screen

    def action_help_quit(self) -> None:
        """ctrl+c: says how to leave, in the language of the screen."""
        self.lesson_screen.say("message.quit")

    async def action_quit(self) -> None:
        """Leaves, but asks once where numbers were changed and not saved."""
        if self.lesson_screen.history.is_saved or self.lesson_screen.warned:
            self.exit()
        else:
            self.lesson_screen.warn_unsaved()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The registry's commands; a pair of keys is two entries."""
        words = self.lesson_screen.words
        for command in COMMANDS:
            if command.id == "palette":
                continue
            labels = command.label.split(" ") if len(command.keys) == 2 else [command.label] * len(command.keys)
            for label, (key, action) in zip(labels, command.keys, strict=True):
                label = key if command.id == "numbers" else label
                title = f"{words(f'command.{command.id}.name')} ({label})"
                run = partial(self.lesson_screen.run_action, action)
                yield SystemCommand(title, words(f"command.{command.id}.help"), run)
