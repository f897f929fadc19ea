"""A training before one's eyes: it goes on in a thread, and any of its steps is looked at meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from time import monotonic, sleep

from textual import on
from textual.message import Message
from textual.worker import get_current_worker

from kitten_tui.core.cell import Cell
from kitten_tui.core.learning import Trainer
from kitten_tui.core.source import Source
from kitten_tui.desk.desk import Lay, Move
from kitten_tui.desk.history import State
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.screens.model import ModelScreen
from kitten_tui.screens.stages import StageScreen
from kitten_tui.sources.errors import SourceError
from kitten_tui.stages.view import View
from kitten_tui.words import Words

FRAME = 0.06
"""Seconds from one picture to the next."""


@dataclass
class StepsMade(Message):
    """There are more steps to show."""

    pace: float
    """Steps in a second, since the training went on."""
    ended: bool = False


@dataclass
class StepMade(Message):
    """A step was made again."""

    source: Source
    then: Callable[[Source], None]
    """What was waiting for it."""


class LearnScreen(ModelScreen):
    """Goes on until all steps are made that were asked for, and stops where somebody looks back."""

    def __init__(self, view: View, source: Source, words: Words, *, over: bool = False) -> None:
        super().__init__(view, source, words)
        self.set_reactive(LearnScreen.shown, replace(self._now, desk=replace(self.desk, over=over)))
        self.stopping = Event()
        self.drawn = Event()
        """Set when the last picture that was asked for stands, so that no more are asked for than can be drawn."""
        self.goal = self.trainer.planned
        self.running = False

    @property
    def trainer(self) -> Trainer:
        trainer = self.desk.present.source.trainer
        assert trainer is not None  # only what learns comes to this screen
        return trainer

    def on_mount(self) -> None:
        if self.trainer.made < self.goal:
            self._go_on()

    def on_unmount(self) -> None:
        self.stopping.set()

    # Going on

    def _go_on(self) -> None:
        self.stopping, self.running = Event(), True
        self.drawn.set()
        self.run_worker(partial(self._steps, self.trainer, self.goal, self.stopping), thread=True, exclusive=True)

    def _steps(self, trainer: Trainer, goal: int, stopping: Event) -> None:
        """Runs in a thread: the next step, and the next, until all are made or somebody stops it."""
        worker = get_current_worker()
        begun, first, last = monotonic(), trainer.made, 0.0

        def pace() -> float:
            return (trainer.made - first) / max(monotonic() - begun, 1e-3)

        while trainer.made < goal and not (stopping.is_set() or worker.is_cancelled):
            if not trainer.advance(lambda: None):
                break
            sleep(0)  # whoever waits to answer a key comes first
            if monotonic() - last >= FRAME and self.drawn.is_set():
                self.drawn.clear()
                self.post_message(StepsMade(pace()))
                last = monotonic()
        if not worker.is_cancelled:
            trainer.stop()
            self.post_message(StepsMade(pace(), ended=True))

    @on(StepsMade)
    def show_steps(self, event: StepsMade) -> None:
        """The last step that was made, unless somebody looks at another one."""
        if event.ended:
            self.running = False
        if not self.stopping.is_set():
            going = None if event.ended else self._progress(event.pace)
            self._show(self.trainer.latest(), going, compared=event.ended)
        self.drawn.set()

    def _progress(self, pace: float) -> Phrase:
        made, goal = f"{self.trainer.made:,}", f"{self.goal:,}"
        return phrase("learn.running", step=made, steps=goal, pace=f"{pace:,.0f}")

    def _show(self, source: Source, message: Phrase | None = None, *, compared: bool = True) -> None:
        """A step, with what changed since the kept one before it."""
        trainer = source.trainer
        assert trainer is not None
        before = [kept.step for kept in trainer.kept if kept.step < trainer.step] if compared else []
        self.do(Move(source, trainer.at(before[-1]) if before else None), message)

    def action_toggle_training(self) -> None:
        if self.running:
            self.stopping.set()
            self._show(self.trainer.latest())
            return
        trainer = self.trainer
        if trainer.diverged:
            self.say("learn.diverged", step=trainer.diverged)
            return
        if trainer.made >= self.goal:
            self.goal = trainer.made + trainer.planned
        self._go_on()

    def action_step_training(self, by: int) -> None:
        """To the kept step before or after the one that is looked at."""
        self.stopping.set()
        here = self.trainer.step
        steps = [kept.step for kept in self.trainer.kept]
        others = [step for step in steps if (step < here if by < 0 else step > here)]
        if others:
            self._show(self.trainer.at(others[-1] if by < 0 else others[0]))
        else:
            self.say("learn.first_step" if by < 0 else "learn.last_step")

    def action_ask_step(self) -> None:
        """Asks for a step, and makes it again where it is not kept."""

        self._ask_step("learn.ask_step", self._show)

    def action_lay_beside(self) -> None:
        """Beside another step, which is asked for."""

        def lay(source: Source) -> None:
            step = 0 if source.trainer is None else source.trainer.step
            self.do(Lay(State(source, self.desk.present.settings, phrase("change.step", step=step))))

        if self.desk.beside:
            super().action_lay_beside()
        else:
            self._ask_step("beside.ask_step", lay)

    def _ask_step(self, question: str, then: Callable[[Source], None]) -> None:
        from kitten_tui.screens.ask import AskScreen

        self.stopping.set()
        first, last = self.trainer.kept[0].step, self.trainer.made

        def answer(text: str) -> int:
            text = text.strip()
            if not (text.isascii() and text.isdigit() and len(text) < 10 and first <= int(text) <= last):
                raise SourceError(self.words("learn.no_step", first=f"{first:,}", last=f"{last:,}", text=text))
            return int(text)

        def answered(step: int | None) -> None:
            if step is not None:
                self._made_again(step, then)

        self.app.push_screen(AskScreen(self.words, question, answer), answered)

    def follow(self, cell: Cell) -> None:
        """To the step before too, where that made the number."""
        page = self.page

        def arrived(_: Source) -> None:
            if self.page is page:
                StageScreen.follow(self, cell)

        if cell.step is None:
            super().follow(cell)
        else:
            self.stopping.set()
            self._made_again(cell.step, arrived)

    def _made_again(self, step: int, then: Callable[[Source], None]) -> None:
        """Goes on with a step, which may take as long as a tenth of the way to it."""
        self.say("learn.making", step=f"{step:,}")
        work = partial(self._make_again, self.trainer, step, then)
        self.run_worker(work, thread=True, exclusive=True, group="step")

    def _make_again(self, trainer: Trainer, step: int, then: Callable[[Source], None]) -> None:
        """Runs in a thread."""
        worker, source = get_current_worker(), trainer.at(step)
        if not worker.is_cancelled:
            self.post_message(StepMade(source, then))

    @on(StepMade)
    def show_step(self, event: StepMade) -> None:
        event.then(event.source)

    def action_back(self) -> None:
        """After the numbers that were followed, to the lesson that was left for the training, if there is one."""
        if self.desk.trail or not self.desk.over:
            super().action_back()
            return
        self.stopping.set()
        below, words = self.app.screen_stack[-2], self.words
        self.dismiss()
        if isinstance(below, StageScreen):
            below.speak(words)

    def action_restart(self) -> None:
        self.stopping.set()
        super().action_restart()

    # What a training is not

    def open(self, source: Source) -> None:
        """Another sentence at the same step; anything else takes the place of the training."""
        if source.trainer is None:
            self.stopping.set()
            super().open(source)
        else:
            StageScreen.open(self, source)

    def say_fixed(self) -> None:
        self.say("learn.fixed")

    def action_save(self) -> None:
        """The last step, as a folder that --model opens."""
        from kitten_tui.screens.ask import AskScreen
        from kitten_tui.sources.writing import path_of

        def answer(text: str) -> str:
            self.trainer.save(path_of(text))
            return text

        def saved(path: str | None) -> None:
            if path is not None:
                self.say("learn.saved", path=path)

        self.app.push_screen(AskScreen(self.words, "learn.save", answer), saved)
