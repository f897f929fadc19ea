"""The lesson as a sheet of arithmetic: every input can be changed, and everything that depends on it follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from kitten_tui.core.cell import Cell
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Editor, Source
from kitten_tui.core.workings import Workings
from kitten_tui.desk.desk import Restore, Save, Warn
from kitten_tui.desk.history import Places, State
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.ink.formula import cell_name
from kitten_tui.ink.numbers import fmt
from kitten_tui.screens.asking import ask_name
from kitten_tui.screens.messages import SourceOpened
from kitten_tui.screens.switching import SwitchingScreen
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.setting import edit_of
from kitten_tui.sources.writing import path_of
from kitten_tui.stages import navigation
from kitten_tui.stages.follow import inputs_behind
from kitten_tui.stages.view import View
from kitten_tui.words import Words

if TYPE_CHECKING:
    from kitten_tui.crash import Unsaved

SETTINGS = ("divisor", "rate", "keep")
"""Inputs that are no number of the lesson; which weights are kept is drawn from the seed."""


class EditingScreen(SwitchingScreen):
    """A lesson, whose numbers, words and positions can be changed too."""

    def __init__(self, view: View, lesson: Source, words: Words, init: str | None = None) -> None:
        self.init = init
        super().__init__(view, lesson, words)

    @property
    def editor(self) -> Editor:
        """Of the lesson in its present state."""
        return _editor_of(self.desk.present)

    def open(self, source: Source) -> None:
        """A lesson takes the place of this one; a model brings screens of its own."""
        if source.editor is not None:
            super().open(source)
        else:
            self.post_message(SourceOpened(source, self.words))

    def action_next_seed(self) -> None:
        settings = navigation.next_seed(self.present).settings
        lesson = self.editor.other_matrices(settings.seed, self.init)
        edit = f"matrices={settings.seed}" + (f":{self.init}" if self.init else "")
        self.change(phrase("change.matrices", seed=settings.seed), lesson, settings, edit=edit)

    def action_change(self) -> None:
        """Changes the selected number, or one of the inputs it is made of."""
        if self.page.derivation is None:
            return
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
        return cell.name in (*SETTINGS, "allowed") or self.editor.is_input(cell.name)

    def _change_input(self, cell: Cell) -> None:
        if cell.name == "allowed":
            under, (query, key) = self.present.settings, cell.index
            lesson, settings = self.editor.toggle_mask_cell(under, query, key)
            edit = f"mask:{under.mask}[{query + 1},{key + 1}]"
            self.change(phrase("change.mask_cell", cell=self._called(cell)), lesson, settings, edit=edit)
            return
        from kitten_tui.screens.number import NumberScreen

        since = self.desk.history
        name = "seed" if cell.name == "keep" else self._called(cell)
        value = float(since.now.settings.seed) if cell.name == "keep" else self.page.view.workings.value(cell)

        def live(number: float) -> str:
            """Applies a number; what is wrong with it, if anything."""
            try:
                lesson, settings = self._with_number(since.now, cell, number)
            except ValueError as error:  # SourceError is one
                return str(error)
            said = phrase("change.number", name=name, was=fmt(value), now=fmt(number))
            edit = edit_of(cell, number) if lesson is not since.now.source else ""
            self.change(said, lesson, settings, since, edit=edit)
            return ""

        def closed(kept: bool | None) -> None:
            if not kept:
                self.do(Restore(since))

        self.app.push_screen(NumberScreen(name, value, live, self.words), closed)

    @staticmethod
    def _with_number(state: State, cell: Cell, number: float) -> tuple[Source, Settings]:
        match cell.name:
            case "divisor":
                return state.source, replace(state.settings, divisor=number, scale=True)
            case "rate":
                return state.source, replace(state.settings, dropout=number)
            case "keep":
                if not number.is_integer():
                    raise SourceError(f"seed: expected a whole number, found {number}")
                return state.source, replace(state.settings, seed=int(number))
            case _:
                return _editor_of(state).change_number(cell, number), state.settings

    def _called(self, cell: Cell) -> str:
        workings = self.page.view.workings
        return cell_name(cell, workings, head=workings.source.n_heads > 1)

    def action_toggle_training(self) -> None:
        """Trains heads before one's eyes, on sentences in the language of the screen."""
        from kitten_tui.sources.training.opening import open_training
        from kitten_tui.sources.training.source import Training

        run = open_training(f"kitten-{self.words.language}", {})
        self.post_message(SourceOpened(Training(run, run.state), self.words, over=True))

    # Tokens

    def action_rename_token(self) -> None:
        place = self.page.selection.query
        old = self.page.view.tokens[place]
        places = (*range(place), None, *range(place + 1, len(self.page.view.tokens)))

        def rename(token: str) -> Source:
            return self.editor.rename_token(place, token)

        self._ask_token("change.rename", "change.renamed", rename, places, f"rename[{place + 1}]", old)

    def action_insert_token(self) -> None:
        place = self.page.selection.query + 1
        places = (*range(place), None, *range(place, len(self.page.view.tokens)))

        def insert(token: str) -> Source:
            return self.editor.insert_token(place, token)

        self._ask_token("change.insert", "change.inserted", insert, places, f"insert[{place + 1}]")

    def _ask_token(
        self, question: str, done: str, edit: Callable[[str], Source], places: Places, said: str, old: str = ""
    ) -> None:
        from kitten_tui.screens.ask import AskScreen

        def answer(text: str) -> State:
            token = text.strip()
            name = phrase(done, token=token, old=old)
            moved = None if token == old else places
            return State(edit(token), self.desk.present.settings, name, moved, f"{said}={token}")

        def answered(state: State | None) -> None:
            if state is not None:
                self.change(state.name, state.source, state.settings, places=state.places, edit=state.edit)

        self.app.push_screen(AskScreen(self.words, question, answer), answered)

    def action_delete_token(self) -> None:
        place = self.page.selection.query
        deleted = phrase("change.deleted", token=self.page.view.token)
        places = tuple(each for each in range(len(self.page.view.tokens)) if each != place)
        self._edit_tokens(deleted, lambda: self.editor.delete_token(place), places, f"delete[{place + 1}]")

    def action_swap_token(self, by: int) -> None:
        """The word changes places with its neighbour, and stays selected."""
        query = self.page.selection.query
        left = min(query, query + by)
        tokens = self.desk.present.source.tokens
        if len(tokens) == 1:
            self.say("message.one_word")
        if not 0 <= left < len(tokens) - 1:
            return
        swapped = phrase("change.swapped", left=tokens[left], right=tokens[left + 1])
        places = (*range(left), left + 1, left, *range(left + 2, len(tokens)))
        self._edit_tokens(swapped, lambda: self.editor.swap_tokens(left), places, f"swap[{left + 1}]")

    def _edit_tokens(self, name: Phrase, edit: Callable[[], Source], places: Places, said: str) -> None:
        try:
            self.change(name, edit(), self.desk.present.settings, places=places, edit=said)
        except SourceError as error:
            self.refuse(str(error))

    def action_next_positions(self) -> None:
        """The sample's positions, none, sinusoidal."""
        opened = self.desk.history.opened
        original = Workings(opened.source, opened.settings).array("position")
        try:
            lesson, kind = self.editor.next_positions(original)
        except SourceError as error:
            self.refuse(str(error))
        else:
            said = phrase("change.positions", kind=phrase(f"setting.position_{kind}"))
            self.change(said, lesson, self.desk.present.settings, edit=f"positions={kind}")

    # Keeping

    @property
    def has_unsaved(self) -> bool:
        """Whether leaving would lose changes that were not warned of yet."""
        return self.desk.has_unsaved

    @property
    def unsaved(self) -> Unsaved | None:
        """What would be lost if everything ended here."""
        desk = self.desk
        return None if desk.history.is_saved else (desk.present.source, desk.present.settings, desk.selection.query)

    def warn_unsaved(self) -> None:
        self.do(Warn(), phrase("change.unsaved"))

    def action_save(self) -> None:
        from kitten_tui.paper.sample import save

        def write(text: str, overwrite: bool) -> None:
            settings, query = self.desk.present.settings, self.page.selection.query
            save(self.desk.present.source, settings, query, path_of(text), overwrite=overwrite)

        def written(path: str) -> None:
            self.do(Save(), phrase("change.saved", path=path))

        ask_name(self, self.words, "change.save", write, written)


def _editor_of(state: State) -> Editor:
    editor = state.source.editor
    assert editor is not None  # only what can be edited comes to a workbench
    return editor
