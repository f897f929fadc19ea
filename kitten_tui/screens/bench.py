"""The stages under settings that can be switched, with every change in a history that leads back and forth."""

from __future__ import annotations

from dataclasses import fields, replace

from kitten_tui.core.cell import Cell
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.ink.chrome import Shown
from kitten_tui.screens.lesson import LessonScreen
from kitten_tui.sources.history import History, State
from kitten_tui.stages import Page, navigation, turn_to
from kitten_tui.stages.changes import Comparison, effect
from kitten_tui.stages.figure import Phrase, phrase
from kitten_tui.stages.view import View
from kitten_tui.words import Words


class Bench(LessonScreen):
    """Owns the history of changes; what is shown is always its present state."""

    def __init__(self, view: View, lesson: Source, words: Words) -> None:
        self.history = History.of(lesson, view.settings)
        self.flipped = False
        self.warned = False
        """Whether it was said that leaving loses changes; forgotten with the next change."""
        super().__init__(view, lesson, words)

    # What is shown

    @property
    def present(self) -> View:
        """The state that changes are made to, at the place that is selected; not the one that is flipped to."""
        now = self.history.now
        return View(now.lesson, now.settings, self.page.selection)

    def show_view(self, view: View, message: Phrase | None = None) -> None:
        """Settings that came with a view, as in the guided walk, are a change like any other."""
        now = self.history.now
        if self.flipped:
            self.flipped = False
            view = View(now.lesson, now.settings, view.selection)
        elif view.settings != now.settings and view.source is now.lesson:
            name = _difference(now.settings, view.settings)
            self.history = self.history.did(State(now.lesson, view.settings, name, quiet=True))
        super().show_view(view, message)

    def open(self, lesson: Source) -> None:
        self.history = History.of(lesson, lesson.settings)
        self.flipped = False
        super().open(lesson)

    def _shown(self, page: Page, message: Phrase | None = None, chosen: Cell | None = None) -> Shown:
        return replace(super()._shown(page, message, chosen), comparison=self._comparison(page))

    def _comparison(self, page: Page) -> Comparison | None:
        """The page before the last change, as far as the two can be laid over each other."""
        before = self.history.before
        if before is None or self.flipped or self.history.now.quiet or before.lesson.tokens != page.view.tokens:
            return None
        return Comparison(turn_to(page.stage, View(before.lesson, before.settings, page.selection)))

    def _show_state(self, message: Phrase | None = None) -> None:
        """The present state at the place that is selected, as far as that still exists."""
        now = self.history.now
        if now.lesson.tokens != self.page.view.tokens:
            self.trail = ()
        self.lesson = now.lesson
        self.flipped = False
        last = len(now.lesson.tokens) - 1
        old = self.page.selection
        pinned = old.pinned if old.pinned <= last else -1
        selection = old.moved(query=min(old.query, last), key=min(old.key, last), pinned=pinned)
        self.show_view(View(now.lesson, now.settings, selection), message)

    # Changing

    def change(self, name: str, lesson: Source, settings: Settings, since: History | None = None) -> None:
        """One more change; from `since` where a change is still being made."""
        before = (since or self.history).now
        self.history = (since or self.history).did(State(lesson, settings, name))
        self.warned = False
        reached = None
        if before.lesson.tokens == lesson.tokens:
            selection = self.page.selection
            reached = effect(View(lesson, settings, selection), View(before.lesson, before.settings, selection))
        self._show_state(phrase("change.done", name=name, effect=reached or phrase("change.nothing")))

    def change_settings(self, view: View) -> None:
        """A view with other settings as a change."""
        if view.settings != self.history.now.settings:
            self.change(_difference(self.history.now.settings, view.settings), self.lesson, view.settings)

    def action_toggle_scale(self) -> None:
        self.change_settings(navigation.toggle_scale(self.present))

    def action_next_mask(self) -> None:
        self.change_settings(navigation.next_mask(self.present))

    def action_next_dropout(self) -> None:
        self.change_settings(navigation.next_dropout(self.present))

    def action_next_dropped(self) -> None:
        """The next seed for dropout alone."""
        self.change_settings(navigation.next_seed(self.present))

    def refuse(self, problem: str) -> None:
        """What could not be done, in the place of the reading."""
        self.say("change.refused", problem=problem)

    # Back and forth

    def action_undo(self) -> None:
        self._go_to(self.history.place - 1, "change.nothing_to_undo")

    def action_redo(self) -> None:
        self._go_to(self.history.place + 1, "change.nothing_to_redo")

    def _go_to(self, place: int, otherwise: str) -> None:
        if not 0 <= place < len(self.history.states):
            self.say(otherwise)
            return
        self.history = self.history.at(place)
        name = self.history.now.name or self.words("change.opened")
        self._show_state(phrase("change.at", name=name, place=place, count=len(self.history.states) - 1))

    def action_list_changes(self) -> None:
        from kitten_tui.screens.choose import ChooseScreen

        names = [state.name or self.words("change.opened") for state in self.history.states]

        def chosen(place: int | None) -> None:
            if place is not None:
                self._go_to(place, "change.nothing_to_redo")

        self.app.push_screen(ChooseScreen(self.words("change.list"), names, self.history.place), chosen)

    def action_flip(self) -> None:
        """Between before the last change and after it."""
        before = self.history.before
        if before is None or before.lesson.tokens != self.page.view.tokens:
            self.say("change.nothing_to_compare")
            return
        state = self.history.now if self.flipped else before
        page = turn_to(self.page.stage, View(state.lesson, state.settings, self.page.selection))
        self.flipped = not self.flipped
        message = phrase("change.before", name=self.history.now.name) if self.flipped else None
        self.shown = self._shown(page, message)


def _difference(old: Settings, new: Settings) -> str:
    """What is set in another way, as the name of a change."""
    pairs = ((field.name, getattr(old, field.name), getattr(new, field.name)) for field in fields(old))
    return ", ".join(f"{name}: {_written(was)} → {_written(now)}" for name, was, now in pairs if was != now)


def _written(value: object) -> str:
    match value:
        case None:
            return "√d_k"
        case bool():
            return "on" if value else "off"
        case float():
            return f"{value:g}"
        case _:
            return str(value)
