"""The lesson as a sheet of arithmetic: every input can be changed, and everything that depends on it follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

from kitten_tui.core.derivation import Cell
from kitten_tui.core.settings import Settings
from kitten_tui.ink.chrome import Shown
from kitten_tui.ink.formula import cell_name
from kitten_tui.ink.numbers import fmt
from kitten_tui.screens.lesson import LessonScreen
from kitten_tui.sources import edits
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.history import History, State
from kitten_tui.sources.lesson import Lesson
from kitten_tui.sources.save import ExistsError, save
from kitten_tui.stages import Page, navigation, turn_to
from kitten_tui.stages.changes import Comparison, effect
from kitten_tui.stages.figure import Phrase, phrase
from kitten_tui.stages.follow import inputs_behind
from kitten_tui.stages.view import View
from kitten_tui.words import Words

SETTINGS = ("divisor", "rate", "keep")
"""Inputs that are no number of the lesson; which weights are kept is drawn from the seed."""


class Workbench(LessonScreen):
    """Owns the history of changes; what is shown is always its present state."""

    def __init__(self, view: View, lesson: Lesson, words: Words, init: str | None = None) -> None:
        self.history = History.of(lesson, view.settings)
        self.init = init
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

    def open(self, lesson: Lesson) -> None:
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

    def change(self, name: str, lesson: Lesson, settings: Settings, since: History | None = None) -> None:
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

    def action_next_seed(self) -> None:
        settings = navigation.next_seed(self.present).settings
        if self.lesson.invented and self.init is None:
            lesson = edits.reinvent(self.lesson, settings.seed)
        else:
            lesson = edits.redraw(self.lesson, settings.seed, self.init or "linear")
        self.change(f"W: seed {settings.seed}", lesson, settings)

    def action_change(self) -> None:
        """Changes the selected number, or one of the inputs it is made of."""
        cell = self.page.derivation.cell
        if self._is_input(cell):
            self._change_input(cell)
            return
        cells = inputs_behind(self.page.view.workings, cell, self._is_input)
        from kitten_tui.screens.choose import ChooseScreen

        workings = self.page.view.workings
        options = [f"{self._called(cell)} = {fmt(workings.value(cell))}" for cell in cells]

        def chosen(place: int | None) -> None:
            if place is not None:
                self._change_input(cells[place])

        self.app.push_screen(ChooseScreen(self.words("change.which"), options), chosen)

    def _is_input(self, cell: Cell) -> bool:
        return cell.name in (*SETTINGS, "allowed") or edits.is_input(self.lesson, cell.name)

    def _change_input(self, cell: Cell) -> None:
        if cell.name == "allowed":
            lesson, settings = edits.toggle_mask_cell(self.lesson, self.history.now.settings, *cell.index)
            self.change(self._called(cell), lesson, settings)
            return
        from kitten_tui.screens.number import NumberScreen

        since = self.history
        name = "seed" if cell.name == "keep" else self._called(cell)
        value = float(since.now.settings.seed) if cell.name == "keep" else self.page.view.workings.value(cell)

        def live(number: float) -> str:
            """Applies a number; what is wrong with it, if anything."""
            try:
                lesson, settings = self._with_number(since.now, cell, number)
            except ValueError as error:  # SourceError is one
                return str(error)
            self.change(f"{name} {fmt(value)} → {fmt(number)}", lesson, settings, since)
            return ""

        def closed(kept: bool | None) -> None:
            if not kept:
                self.history = since
                self._show_state()

        self.app.push_screen(NumberScreen(name, value, live, self.words), closed)

    @staticmethod
    def _with_number(state: State, cell: Cell, number: float) -> tuple[Lesson, Settings]:
        match cell.name:
            case "divisor":
                return state.lesson, replace(state.settings, divisor=number, scale=True)
            case "rate":
                return state.lesson, replace(state.settings, dropout=number)
            case "keep":
                if not number.is_integer():
                    raise SourceError(f"seed: expected a whole number, found {number}")
                return state.lesson, replace(state.settings, seed=int(number))
            case _:
                return edits.change_number(state.lesson, cell, number), state.settings

    def _called(self, cell: Cell) -> str:
        head = self.lesson.n_heads > 1
        return cell_name(cell, self.page.view.tokens, self.page.view.trace.d_k, head=head)

    # Tokens

    def action_rename_token(self) -> None:
        place = self.page.selection.query
        self._ask_token("change.rename", lambda token: edits.rename_token(self.lesson, place, token))

    def action_insert_token(self) -> None:
        place = self.page.selection.query + 1
        self._ask_token("change.insert", lambda token: edits.insert_token(self.lesson, place, token))

    def _ask_token(self, question: str, edit: Callable[[str], Lesson]) -> None:
        from kitten_tui.screens.ask import AskScreen

        def answer(text: str) -> State:
            token = text.strip()
            return State(edit(token), self.history.now.settings, f"{self.words(question)}: {token}")

        def answered(state: State | None) -> None:
            if state is not None:
                self.change(state.name, state.lesson, state.settings)

        self.app.push_screen(AskScreen(self.words, question, answer), answered)

    def action_delete_token(self) -> None:
        place = self.page.selection.query
        self._edit_tokens(f"− {self.page.view.token}", lambda: edits.delete_token(self.lesson, place))

    def action_swap_token(self, by: int) -> None:
        """The word changes places with its neighbour, and stays selected."""
        query = self.page.selection.query
        left = min(query, query + by)
        if not 0 <= left < len(self.lesson.tokens) - 1:
            return
        name = f"{self.lesson.tokens[left]} ↔ {self.lesson.tokens[left + 1]}"
        self._edit_tokens(name, lambda: edits.swap_tokens(self.lesson, left))

    def _edit_tokens(self, name: str, edit: Callable[[], Lesson]) -> None:
        try:
            self.change(name, edit(), self.history.now.settings)
        except SourceError as error:
            self.refuse(str(error))

    def action_next_positions(self) -> None:
        """The sample's positions, none, sinusoidal."""
        opened, kinds = self.history.opened.lesson, edits.POSITIONS
        kind = kinds[(kinds.index(edits.position_kind(self.lesson, opened)) + 1) % len(kinds)]
        self._edit_tokens(f"p: {kind}", lambda: edits.with_positions(self.lesson, kind, opened))

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

    # Keeping

    def warn_unsaved(self) -> None:
        self.warned = True
        self.say("change.unsaved")

    def action_save(self) -> None:
        from kitten_tui.screens.ask import AskScreen

        refused: list[str] = []

        def answer(text: str) -> str:
            """The path that was written; an existing file only when its name is given twice."""
            now = self.history.now
            try:
                save(
                    now.lesson,
                    now.settings,
                    self.page.selection.query,
                    Path(text).expanduser(),
                    overwrite=text in refused,
                )
            except ExistsError as error:
                refused.append(text)
                raise SourceError(f"{error}. {self.words('change.overwrite')}") from None
            return text

        def saved(path: str | None) -> None:
            if path is not None:
                self.history = self.history.marked_saved()
                self.say("change.saved", path=path)

        self.app.push_screen(AskScreen(self.words, "change.save", answer), saved)


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
