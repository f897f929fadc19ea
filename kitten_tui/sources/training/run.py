"""A training: its steps, those of them that are kept, and any other made again from the nearest one."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kitten_tui.core.learning import Measured
from kitten_tui.sources.training.beside import Beside
from kitten_tui.sources.training.measured import measure
from kitten_tui.sources.training.network import Batch, loss_and_gradient
from kitten_tui.sources.training.optimizer import State, start, updated
from kitten_tui.sources.training.shape import Parameters, draw
from kitten_tui.sources.training.task import Setup, Task


@dataclass(frozen=True, eq=False)
class Kept:
    """A step that is kept, with what was measured there."""

    state: State
    measured: Measured

    @property
    def step(self) -> int:
        return self.state.step


class Run:
    """Goes on from step to step. What is kept never changes, so that others may read it meanwhile."""

    def __init__(self, task: Task, setup: Setup, dtype: npt.DTypeLike = np.float32, at: State | None = None) -> None:
        """`at` is the step that it goes on from, where that is not the first."""
        self.task = task
        self.setup = setup
        self.kept: list[Kept] = []
        self.losses: list[float] = []
        """Of each step's own batch, before it changed anything. [step]"""
        self.state = at or start(draw(setup.shape, setup.seed, setup.start, setup.spread, dtype).flat, setup.optimizer)
        """After the last step."""
        self._before = self.state
        """After the one before it."""
        self.beside = Beside(task, setup)
        """What learns from the same sentences; only the last step of it is there."""
        self.diverged = 0
        """The step after which some number was none any more; 0 where all are numbers."""
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
        return Parameters(self.setup.shape, state.parameters)

    def advance(self) -> bool:
        """Makes one more step; whether there is one. Where there is no number any more, the last good step stays."""
        if self.diverged:
            return False
        loss, state = self._after(self.state)
        if not np.isfinite(loss):
            self._go_back()
        elif not np.isfinite(state.parameters).all():
            self._end(self.state)
        else:
            self.losses.append(loss)
            if self.task.beside:
                self.beside.advance(self.batch(state.step))
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
        """The state after a step that has been made, made again from the nearest kept one before it."""
        place = bisect_right(self.kept, step, key=lambda kept: kept.step) - 1
        if place < 0:
            raise LookupError(f"step {step}: nothing before it is kept")
        state = self.kept[place].state
        while state.step < step:
            _, state = self._after(state)
        return state

    def keep(self) -> None:
        """The last step too, where somebody stopped."""
        if self.kept[-1].step < self.step:
            self._keep()

    def _keep(self) -> None:
        self.state.parameters.setflags(write=False)
        with np.errstate(all="ignore"):  # what is no number is looked for with the next step
            parameters = self.parameters(self.state)
            measured = measure(parameters, self.held_out)
            if self.task.beside:
                by_distance = self.beside.by_distance(parameters, self.held_out)
                depends = self.beside.depends(parameters, self.task.ids(self.task.sentence))
                measured = replace(measured, by_distance=by_distance, depends=depends)
            self.kept.append(Kept(self.state, measured))

    def _after(self, state: State) -> tuple[float, State]:
        with np.errstate(all="ignore"):  # what is no number is looked for afterwards
            loss, gradient = loss_and_gradient(self.parameters(state), self.batch(state.step + 1))
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
