"""How numbers change by their gradient: plain descent, and Adam. A step takes a state and gives the next one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kitten_tui.core.array_types import Array

OPTIMIZERS = ("adam", "sgd")
MEAN, SQUARE, EPS = 0.9, 0.99, 1e-8
"""How much of Adam's two averages stays at each step, and what keeps it from dividing by nothing."""


@dataclass(frozen=True, eq=False)
class State:
    """All that the next step depends on, besides its batch."""

    step: int
    parameters: Array
    """[parameter]"""
    mean: Array | None = None
    """Adam's average of gradients. [parameter]"""
    square: Array | None = None
    """Adam's average of their squares. [parameter]"""


def start(parameters: Array, optimizer: str) -> State:
    """The state before the first step; `optimizer` is one of OPTIMIZERS."""
    zeros = [np.zeros_like(parameters) for _ in range(2)] if optimizer == "adam" else [None, None]
    return State(0, parameters, *zeros)


def updated(state: State, gradient: Array, step_size: float) -> State:
    """The state after a step.  [parameter]

    Adam: Kingma and Ba (2015), algorithm 1. Both averages begin at 0, and are divided by how much of them is not that.
    """
    step = state.step + 1
    if state.mean is None or state.square is None:
        return State(step, state.parameters - gradient * step_size)
    mean = state.mean * MEAN
    mean += gradient * (1.0 - MEAN)
    square = state.square * SQUARE
    square += gradient * gradient * (1.0 - SQUARE)
    root = square * (1.0 / (1.0 - SQUARE**step))
    np.sqrt(root, out=root)
    root += EPS
    change = mean * (step_size / (1.0 - MEAN**step))
    change /= root
    return State(step, state.parameters - change, mean, square)
