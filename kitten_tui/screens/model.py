"""A head of a real model at its stages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

from textual.worker import get_current_worker

from kitten_tui.core.cell import Cell
from kitten_tui.core.next_tokens import GoesOn
from kitten_tui.core.source import Source, Survey
from kitten_tui.core.split import Origin
from kitten_tui.desk.desk import Command, Follow, Move
from kitten_tui.desk.history import History
from kitten_tui.desk.phrase import Phrase
from kitten_tui.ink.shown import Shown
from kitten_tui.offers import AtStage, asks_why
from kitten_tui.screens.altering import AlteringScreen
from kitten_tui.screens.messages import SourceOpened
from kitten_tui.screens.page import PageScreen
from kitten_tui.screens.stopping import StoppedError, pulse_of
from kitten_tui.screens.why import Answer, WhyScreen
from kitten_tui.sources.errors import NotYetError, SourceError, plainly
from kitten_tui.stages import STAGES
from kitten_tui.stages.softmax import SOFTMAX
from kitten_tui.stages.view import View
from kitten_tui.words import Words


@dataclass(frozen=True)
class Left:
    """Where the stages were left for the overview."""

    layer: int
    head: int
    words: Words
    pair: tuple[int, int] | None = None
    """The query and the key that all heads are asked for."""
    source: Source | None = None
    """What was looked at last: the text may have gone on."""
    history: History | None = None
    """What was changed of it."""


class ModelScreen(AlteringScreen):
    """Shows layers as far as they have been computed."""

    appending = False
    """Whether one more token is being computed."""

    @property
    def left(self) -> View:
        """What is looked at, to be opened so again: through a mistake, but not under what that switches itself."""
        desk = self.desk
        return View(desk.source, replace(desk.base, variant=desk.variant), desk.selection)

    def take_up(self, history: History | None) -> None:
        """What was changed of the source before it was opened here can be undone here."""
        if history is not None and history.now.source is self.source:
            self.set_reactive(PageScreen.shown, Shown.of(replace(self.desk, history=history), self.words))

    def do(self, command: Command, message: Phrase | None = None) -> None:
        """The desk stays as it is where a command leads to what is not there yet, or cannot be read."""
        try:
            with plainly():
                layer = self.desk.do(command).selection.layer
                if layer >= self.source.ready:
                    raise NotYetError(layer)
                super().do(command, message)
        except NotYetError as error:
            self.say("message.not_yet", layer=error.layer + 1)
        except SourceError as error:
            self.refuse(str(error))

    def refresh_state(self) -> None:
        """One more layer has been computed, as the line above says."""
        self.shown = replace(self._now)

    def open(self, source: Source) -> None:
        """A lesson in place of the model, or another text in the model: both begin anew."""
        self.post_message(SourceOpened(source, self.words))

    def action_overview(self) -> None:
        self._leave()

    def action_weigh(self) -> None:
        """What every head gives from the selected query to the selected key."""
        self._leave((self.page.selection.query, self.page.selection.key))

    def _leave(self, pair: tuple[int, int] | None = None) -> None:
        """Back to all heads, where there is such a page."""
        selection = self.page.selection
        if self.source.survey is None:
            self.say("message.no_overview")
        else:
            self.dismiss(Left(selection.layer, selection.head, self.words, pair, self.source, self.desk.history))

    def action_ask_sentence(self) -> None:
        reader = self.source.reader
        if reader is not None:
            self._ask("ask.sentence", reader.read)
        else:
            self.say("message.recording_fixed")

    def action_ask_second(self) -> None:
        pairs = self.source.pairs
        if pairs is not None:
            self._ask("ask.second", pairs.read_second)
        else:
            self.say("message.no_pairs")

    def action_step_text(self, by: int) -> None:
        """One token more, computed while the screen answers, or one back."""
        going, ready = self.source.goes_on, self.source.ready == self.source.n_layers
        if going is None:
            self.say("going_on.none")
        elif by < 0:
            shorter = going.shorter
            if shorter is None:
                self.say("going_on.first")
            else:
                self._show_text(shorter)
        elif not ready:
            self.say("message.not_yet", layer=self.source.n_layers)
        elif not self.appending:
            self.appending = True
            self.run_worker(partial(self._append, going), thread=True, exit_on_error=False)

    def _append(self, going: GoesOn) -> None:
        try:
            with plainly():
                longer = going.longer(pulse_of())
        except StoppedError:
            return
        except SourceError as error:
            self.app.call_from_thread(self._appended, None, str(error))
        else:
            self.app.call_from_thread(self._appended, longer)

    def _appended(self, longer: Source | None, problem: str = "") -> None:
        self.appending = False
        if longer is None:
            self.refuse(problem)
        else:
            self._show_text(longer)

    def _show_text(self, source: Source) -> None:
        """At its last token."""
        self.do(Move(source, query=len(source.tokens) - 1))

    def action_why(self) -> None:
        """Where the selected score comes from, or at the next token its logit."""
        if isinstance(self.now, AtStage) and asks_why(self.now):
            self.say("why.progress")
            self.run_worker(partial(self._ask_why, self.page.view), thread=True, exclusive=True, group="why")
        else:
            self.say("why.none")

    def _ask_why(self, view: View) -> None:
        """Runs in a thread."""
        asked = cast(Survey, view.source.survey).apart().asked
        assert asked is not None  # it was asked of the same
        try:
            with plainly():
                answer = Answer.of(view, asked, pulse_of(), self.words)
        except StoppedError:
            return
        except SourceError as error:
            self.app.call_from_thread(self.refuse, str(error))
        else:
            self.app.call_from_thread(self._show_why, view, answer)

    def _show_why(self, view: View, answer: Answer) -> None:
        """As long as nobody looks elsewhere."""
        if self.page.view is not view or self.app.screen is not self:
            return
        self.shown = replace(self._now, message=None)

        def to_head(chosen: tuple[Origin, int] | None) -> None:
            if chosen is not None:
                origin, token = chosen
                self._go_to_head(view, origin.layer, origin.head, token)

        self.app.push_screen(WhyScreen(answer, self.words), to_head)

    def _go_to_head(self, view: View, layer: int, head: int, token: int) -> None:
        """A head that wrote what a token brought, with that token as the query; the way back leads here."""
        at = view.selection
        there = view.with_(stage=min(at.stage, STAGES.index(SOFTMAX)), layer=layer, head=head, query=token, focus="")
        strongest = int(there.row(there.weighed).argmax())
        left = Cell("scores", (at.query, at.key), at.head, at.layer)
        self.do(Follow(left, there.selection.moved(key=strongest)))

    def action_save(self) -> None:
        """All weights, as a file of arrays; the screen stays awake meanwhile."""
        from kitten_tui.paper.save import check_path
        from kitten_tui.screens.ask import AskScreen
        from kitten_tui.sources.writing import path_of

        survey = self.source.survey
        if survey is None:
            return

        def answer(text: str) -> Path:
            path = path_of(text)
            check_path(path)
            return path

        def answered(path: Path | None) -> None:
            if path is not None:
                self.say("message.saving", path=str(path))
                self.run_worker(lambda: self._save(survey, path), thread=True, exit_on_error=False)

        self.app.push_screen(AskScreen(self.words, "ask.export", answer), answered)

    def _save(self, survey: Survey, path: Path) -> None:
        from kitten_tui.paper.save import save

        worker = get_current_worker()
        try:
            with plainly():
                save(survey, path, pulse=pulse_of())
        except StoppedError:
            pass
        except SourceError as error:
            if not worker.is_cancelled:
                self.app.call_from_thread(self.refuse, str(error))
        else:
            if not worker.is_cancelled:
                self.app.call_from_thread(self.say, "message.saved", path=str(path))

    def say_fixed(self) -> None:
        """Why the numbers are not changed by hand."""
        self.say("message.recording_fixed" if self.source.reader is None else "message.model_fixed")

    def _fixed(self, *_: object) -> None:
        self.say_fixed()

    action_rename_token = _fixed
    action_insert_token = _fixed
    action_delete_token = _fixed
    action_swap_token = _fixed
    action_next_positions = _fixed
    action_next_seed = _fixed
