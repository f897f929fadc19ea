"""The walk over the stages: a step at a time, on a desk of its own; the one below stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.worker import get_current_worker

from kitten_tui.commands import on_screen
from kitten_tui.ink.shown import Shown
from kitten_tui.screens.page import PageScreen
from kitten_tui.stages.view import View
from kitten_tui.walk.actions import takes_time
from kitten_tui.walk.guide import Guide, Told, told
from kitten_tui.walk.step import Step
from kitten_tui.walk.walking import Left, Walking
from kitten_tui.widgets.inked import Pointed
from kitten_tui.words import Words

BINDINGS: list[BindingType] = [
    Binding(key, action, command.id, show=False) for command in on_screen("walk") for key, action in command.keys
]
_OWN = {key for command in on_screen("walk") for key, _ in command.keys}
BINDINGS += [
    Binding(key, f"leave_walk({action!r})", show=False)
    for command in on_screen("stages")
    for key, action in command.keys
    if key not in _OWN
]


@dataclass
class MoreTold(Message):
    """Steps that took longer to be told."""

    steps: tuple[Told, ...]


class WalkScreen(PageScreen, inherit_bindings=False):
    """Tells and asks. Any key of the stages leaves it and does what it does there."""

    BINDINGS = BINDINGS

    def __init__(self, guide: Guide, words: Words, reader: View, order: Sequence[Step]) -> None:
        """`reader` is what is looked at below, `order` every step there could be."""
        super().__init__(guide.now.page.view, guide.now.page.view.source, words)
        self.set_reactive(WalkScreen.shown, Shown.of_walk(guide, words))
        self.reader = reader
        self.order = order

    def on_mount(self) -> None:
        known = {each.step.id for each in self.guide.steps}
        later = [step for step in self.order if step.id not in known and takes_time(step.does)]
        if later:
            self.run_worker(partial(self._tell, later), thread=True)

    def _tell(self, steps: Sequence[Step]) -> None:
        """Runs in a thread: what no key should have to wait for."""
        every = told(steps, self.reader)
        if every and not get_current_worker().is_cancelled:
            self.post_message(MoreTold(every))

    @on(MoreTold)
    def take_steps(self, event: MoreTold) -> None:
        """More of the walk has come to be told."""
        self.shown = replace(self._now, guide=self.guide.joined(event.steps, self.order))

    @classmethod
    def of(cls, view: View, words: Words, walking: Walking) -> WalkScreen | None:
        """From the stage that is looked at, or where this stage was left; None where no step is true of the source."""
        at_once = [step for step in walking.steps if not takes_time(step.does)]
        guide = Guide(told(at_once, view), asks=walking.asks, answers=walking.answers)
        if not guide.steps:
            return None
        guide = guide.at_stage(view.selection.stage)
        place = next((n for n, each in enumerate(guide.steps) if each.step.id == walking.left_at), None)
        if place is not None and guide.steps[place].stage == guide.now.stage:
            guide = guide.at(place)
        return cls(guide, words, view, walking.steps)

    @property
    def guide(self) -> Guide:
        guide = self._now.guide
        assert guide is not None  # every picture of this screen is one of a step
        return guide

    def show(self, guide: Guide) -> None:
        self.shown = Shown.of_walk(guide, self.words)

    def action_on(self) -> None:
        """By a key that may be held."""
        if self.guide.asking is not None and not self.guide.is_met:
            self.say("walk.held")
        else:
            self.show(self.guide.on())

    def action_turn(self, by: int) -> None:
        self.show(self.guide.on() if by > 0 else self.guide.back())

    def action_choose_answer(self, by: int) -> None:
        self.show(self.guide.choose(by))

    def action_answer(self) -> None:
        self.show(self.guide.respond())

    def action_walk_to(self, stage: int) -> None:
        self.show(self.guide.at_stage(stage - 1))

    def action_leave_walk(self, action: str = "") -> None:
        """To where the walk has come, and there does what a key asked for."""
        now = self.guide.now
        self.dismiss(Left(now.stage, now.step.id, self.guide.answers, self.words, action))

    @on(Pointed)
    def follow_pointer(self, event: Pointed) -> None:
        stage = event.moves.get("stage")
        if isinstance(stage, int):
            self.action_walk_to(stage)
