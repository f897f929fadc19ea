"""A head of a model at its stages: it can be made to say nothing or its mean, its weights and mask be changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kitten_tui.core.altering import Alters, MaskCell, Number, next_without
from kitten_tui.core.cell import Cell
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.desk.history import State
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.ink.formula import cell_name
from kitten_tui.ink.numbers import fmt
from kitten_tui.offers import AtStage, alters_cell, can_alter
from kitten_tui.screens.stopping import StoppedError, pulse_of
from kitten_tui.screens.switching import SwitchingScreen
from kitten_tui.sources.errors import SourceError, plainly
from kitten_tui.stages.altered import name_of

Changed = tuple[Source, Settings]


class AlteringScreen(SwitchingScreen):
    """What is changed is computed again from there on, while the screen answers; then it is a change like any other."""

    altering = False
    """Whether a change is being computed."""

    def say_fixed(self) -> None:
        raise NotImplementedError

    def action_without(self) -> None:
        """The selected head says nothing, then its mean, then speaks again."""
        alters, at = self.desk.present.source.alters, self.page.selection
        if alters is None or not can_alter(self.now):
            self.say("altered.none")
            return
        change, settings = next_without(alters.done, at.layer, at.head), self.desk.present.settings
        name = name_of(change, alters.done)
        self._alter(lambda: (alters.without(at.layer, at.head, change.way), settings), name, change.edit)

    def action_change(self) -> None:
        """The weight at the cursor, or the cell of the mask."""
        now, alters = self.now, self.desk.present.source.alters
        if alters is None or not isinstance(now, AtStage) or not alters_cell(now):
            self.say_fixed()
            return
        derivation = self.page.derivation
        assert derivation is not None  # something stands at the cursor
        cell = derivation.cell
        if alters.is_input(cell.name):
            self._ask_number(alters, cell)
            return
        (query, key), layer, settings = cell.index, cell.layer, self.desk.present.settings
        view = self.page.view
        name = phrase("altered.mask", layer=layer + 1, query=view.name(query).strip(), at=view.key_name(key).strip())
        edit = MaskCell(layer, query, key).edit
        self._alter(lambda: alters.toggle_mask_cell(settings, layer, query, key), name, edit)

    def _ask_number(self, alters: Alters, cell: Cell) -> None:
        from kitten_tui.screens.ask import AskScreen

        value, settings = self.page.view.workings.value(cell), self.desk.present.settings

        def answer(text: str) -> tuple[float, Source]:
            try:
                number = float(text)
            except ValueError:
                raise SourceError(self.words("change.no_number", text=text)) from None
            return number, alters.change_number(cell, number)

        def answered(answer: tuple[float, Source] | None) -> None:
            if answer is not None:
                number, other = answer
                said = phrase("change.number", name=self._called(cell), was=fmt(value), now=fmt(number))
                self._alter(lambda: (other, settings), said, Number(cell, number).edit)

        hint = f"{self._called(cell)} = {fmt(value)}"
        self.app.push_screen(AskScreen(self.words, "altered.number_ask", answer, hint), answered)

    def _called(self, cell: Cell) -> str:
        return cell_name(cell, self.page.view.workings, head=self.source.n_heads > 1)

    def _alter(self, change: Callable[[], Changed], name: Phrase, edit: str) -> None:
        """One change at a time."""
        if self.altering:
            return
        try:
            with plainly():
                source, settings = change()
        except SourceError as error:
            self.refuse(str(error))
            return
        self.altering = True
        self.say("altered.progress", layers=source.n_layers - source.ready)
        state = State(source, settings, name, edit=edit)
        self.run_worker(partial(self._compute, state, self.desk.present), thread=True, exit_on_error=False)

    def _compute(self, state: State, before: State) -> None:
        """Runs in a thread: the layers from the change on."""
        source = state.source
        problem, survey = "", source.survey
        assert survey is not None  # only models come here
        try:
            with plainly():
                pulse = pulse_of()
                while source.ready < source.n_layers:
                    survey.advance(pulse)
        except StoppedError:
            return
        except SourceError as error:
            problem = str(error)
        self.app.call_from_thread(self._altered, state, before, problem)

    def _altered(self, state: State, before: State, problem: str) -> None:
        """Nothing is changed of what was itself left meanwhile."""
        self.altering = False
        if problem:
            self.refuse(problem)
        elif self.desk.present is before:
            self.change(state.name, state.source, state.settings, edit=state.edit)
