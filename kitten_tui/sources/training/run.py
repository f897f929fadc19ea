"""A training: its steps, those of them that are kept, and any other made again from the nearest one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kitten_tui.core.learning import Measured
from kitten_tui.sources.training.beside import beside, learner_of
from kitten_tui.sources.training.learner import Learner
from kitten_tui.sources.training.network import Batch
from kitten_tui.sources.training.optimizer import State, start, updated
from kitten_tui.sources.training.shape import Parameters
from kitten_tui.sources.training.task import Setup, Task

FREED = 24 * 2**20
"""Bytes. A step frees all its arrays, and the next one needs as many. glibc would give them back to the system between
the two, page by page, which costs as much as the step; it keeps as much as the largest block that was ever freed.
"""
REMEMBERED = 64
"""How many of the steps that were made again last are at hand, for who goes back step by step."""


@dataclass(frozen=True, eq=False)
class Kept:
    """A step that is kept, with what was measured there."""

    state: State
    measured: Measured

    @property
    def step(self) -> int:
        return self.state.step


@dataclass(frozen=True, eq=False)
class Latest:
    """The last step while others are being made, with what can be seen of it at once."""

    state: State
    measured: Measured
    """What learns beside it, as it was at the last step that was kept."""
    beside: Mapping[str, State]


class Run:
    """Goes on from step to step. What is kept never changes, so that others may read it meanwhile."""

    def __init__(
        self,
        task: Task,
        setup: Setup,
        dtype: npt.DTypeLike = np.float32,
        at: Mapping[str, State] | None = None,
        learner: Learner | None = None,
    ) -> None:
        """`at` are the steps that it and what learns beside it go on from, where those are not the first; its own has
        the name "". `learner` is what learns, if it is not what the task is about.
        """
        at = at or {}
        self.task = task
        self.setup = setup
        self.learner = learner or learner_of(setup)
        self.kept: list[Kept] = []
        self.losses: list[float] = []
        """Of each step's own batch, before it changed anything. [step]"""
        self.state = at.get("") or start(self.learner.begun(dtype), setup.optimizer)
        """After the last step."""
        self._before = self.state
        """After the one before it."""
        self._again: tuple[State, ...] = ()
        """Steps that were made again last."""
        alone = replace(task, beside=())
        self.beside = {
            name: Run(alone, own, dtype, {"": at[name]} if name in at else None, other)
            for name, (own, other) in beside(task.beside, setup).items()
        }
        """What learns from the same sentences, by name."""
        self.diverged = 0
        """The step after which some number was none any more; 0 where all are numbers."""
        np.empty(FREED, np.uint8)
        self._keep()

    @property
    def step(self) -> int:
        """How many steps there have been."""
        return self.state.step

    @cached_property
    def held_out(self) -> Batch:
        """Of a seed that no step has."""
        draw = self.task.look or self.task.draw
        return draw(np.random.default_rng((self.setup.seed, 2**32)), self.task.held_out)

    def batch(self, step: int) -> Batch:
        """The sentences that a step learns from; steps count from 1."""
        return self.task.draw(np.random.default_rng((self.setup.seed, step)), self.setup.sentences)

    def parameters(self, state: State) -> Parameters:
        """Of a transformer, by name."""
        return Parameters(self.setup.shape, state.parameters)

    def advance(self) -> bool:
        """Makes one more step; whether there is one. Where there is no number any more, the last good step stays.

        What learns beside it goes on too, or stays where it was last a number.
        """
        if self.diverged:
            return False
        loss, state = self._after(self.state)
        if not np.isfinite(loss):
            self._go_back()
        elif not np.isfinite(state.parameters).all():
            self._end(self.state)
        else:
            for other in self.beside.values():
                other.advance()
            self.losses.append(loss)
            self._before, self.state = self.state, state
            if is_kept(state.step) or state.step == self.setup.steps:
                self._keep()
        return not self.diverged

    def _go_back(self) -> None:
        """The last step has no loss: the one before it is the last that has."""
        self.losses = self.losses[:-1]
        self._end(self._before)

    def _end(self, state: State) -> None:
        self.state, self.diverged = state, state.step + 1
        self.kept = [kept for kept in self.kept if kept.step <= state.step]
        self.keep()

    def at(self, step: int) -> State:
        """The state after a step that has been made, made again from the nearest one before it that is at hand.

        Raises:
            LookupError: nothing before it is kept.
        """
        kept = self._kept_before(step)
        near = max((*self._at_hand(step), kept.state), key=lambda state: state.step)
        while near.step < step:
            _, near = self._after(near)
            self._again = (*self._again, near)[-REMEMBERED:]
        return near

    def _at_hand(self, step: int) -> list[State]:
        """The steps up to this one that need not be made again, besides those that are kept."""
        return [state for state in (*self._again, self._before, self.state) if state.step <= step]

    def _kept_before(self, step: int) -> Kept:
        place = bisect_right(self.kept, step, key=lambda kept: kept.step) - 1
        if place < 0:
            raise LookupError(f"step {step}: nothing before it is kept")
        return self.kept[place]

    def measured(self, state: State) -> Measured:
        """What is seen at a step."""
        kept = self._kept_before(state.step) if self.kept else None
        return kept.measured if kept is not None and kept.step == state.step else self._measured(state)

    def latest(self) -> Latest:
        state = self.state
        beside = {name: each.at(min(state.step, each.step)) for name, each in self.beside.items()}
        kept = self._kept_before(state.step)
        if kept.step == state.step:
            return Latest(state, kept.measured, beside)
        with np.errstate(all="ignore"):
            told = self.learner.measured(state.parameters, self.held_out)
        last = kept.measured
        told = replace(told, depends=last.depends, waits=last.waits, beside=last.beside)
        return Latest(state, told, beside)

    def keep(self) -> None:
        """The last step too, where somebody stopped."""
        if self.kept[-1].step < self.step:
            self._keep()

    def _keep(self) -> None:
        self.state.parameters.setflags(write=False)
        self.kept.append(Kept(self.state, self._measured(self.state)))

    def _measured(self, state: State) -> Measured:
        ids = self.task.ids(self.task.sentence)
        with np.errstate(all="ignore"):  # what is no number is looked for with the next step
            told = self.learner.measured(state.parameters, self.held_out)
            depends = self.learner.depends(state.parameters, ids) if self.task.carries else told.depends
        others = {name: each.measured(each.at(min(state.step, each.step))) for name, each in self.beside.items()}
        return replace(told, depends=depends, waits=self.learner.waits(len(ids)), beside=others)

    def _after(self, state: State) -> tuple[float, State]:
        with np.errstate(all="ignore"):  # what is no number is looked for afterwards
            loss, gradient = self.learner.loss_and_gradient(state.parameters, self.batch(state.step + 1))
            return loss, updated(state, gradient, self.setup.step_size)


def is_kept(step: int) -> bool:
    """Every step at first, then every second, fifth, tenth …: about a tenth of the way that there has been."""
    for distance in _distances(step):
        if 10 * distance <= step:
            return step % distance == 0
    return True


def _distances(step: int) -> list[int]:
    """1, 2, 5, 10, … up to a step, the largest first."""
    powers = [10**power for power in range(len(str(step)))]
    return [factor * power for power in reversed(powers) for factor in (5, 2, 1)]
