"""Recurrent networks that learn beside attention, from the same sentences, with about as many numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kitten_tui.core.ops import Array, Places
from kitten_tui.sources.training.network import Batch, depends, forward, said
from kitten_tui.sources.training.recurrent import Recurrent
from kitten_tui.sources.training.shape import Parameters
from kitten_tui.sources.training.task import Setup, Task

ATTENTION = "attention"


class Beside:
    """The networks of a task with their states, which go on step by step with the training."""

    def __init__(self, task: Task, setup: Setup) -> None:
        self.setup = setup
        self.networks = {kind: _as_large(kind, setup) for kind in task.beside}
        self.states = {kind: each.begun(setup.seed, setup.optimizer) for kind, each in self.networks.items()}

    def advance(self, batch: Batch) -> None:
        """A step of each. One that comes to no number stays where it was."""
        for kind, network in self.networks.items():
            after = network.after(self.states[kind], batch, self.setup.step_size)
            if np.isfinite(after.parameters).all():
                self.states[kind] = after

    def by_distance(self, parameters: Parameters, batch: Batch) -> Mapping[str, Array]:
        """How often each is right, by how many tokens lie between.  -> [between]"""
        if not self.networks:
            return {}
        sentence, query = np.divmod(batch.counted, batch.ids.shape[1])  # [counted], [counted]
        between = query - batch.link[sentence, query] - 1  # [counted]
        rights = {ATTENTION: _right(parameters, batch)}
        rights |= {kind: each.right(self.states[kind].parameters, batch) for kind, each in self.networks.items()}
        return {kind: _means(right, between) for kind, right in rights.items()}

    def depends(self, parameters: Parameters, ids: Places) -> Mapping[str, Array]:
        """How strongly what each has at the end depends on each word.  [token] -> [token]"""
        if not self.networks:
            return {}
        told = {kind: each.depends(self.states[kind].parameters, ids) for kind, each in self.networks.items()}
        return {ATTENTION: depends(parameters, ids), **told}


def _as_large(kind: str, setup: Setup) -> Recurrent:
    """The one whose size is nearest to that of the transformer."""
    shape = setup.shape
    every = (Recurrent(kind, shape.n_vocab, shape.d_model, width) for width in range(2, 4 * shape.d_model))
    return min(every, key=lambda each: abs(each.size - shape.size))


def _right(parameters: Parameters, batch: Batch) -> Array:
    targets = batch.targets.ravel()[batch.counted]  # [counted]
    chances, _ = said(parameters, forward(parameters, batch.ids).last[batch.counted], targets)
    return np.asarray(chances.argmax(axis=-1) == targets)


def _means(right: Array, between: Places) -> Array:
    """[counted], [counted] -> [between], from one token between"""
    counts = np.bincount(between)[1:]  # [between]
    return np.asarray(np.bincount(between, weights=right)[1:] / np.maximum(counts, 1))
