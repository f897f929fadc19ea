"""What learns beside a transformer on the same sentences, so that one sees what the difference makes: its control with
heads that begin otherwise, and networks that read word by word, with about as many numbers.
"""

from __future__ import annotations

from dataclasses import replace

from kitten_tui.sources.training.learner import Learner, Transformer
from kitten_tui.sources.training.recurrent import Recurrent
from kitten_tui.sources.training.shape import STARTS
from kitten_tui.sources.training.task import Setup

ATTENTION = "attention"


def learner_of(setup: Setup) -> Transformer:
    """What the task is about."""
    return Transformer(setup.shape, setup.seed, setup.start, setup.spread)


def name_of(names: tuple[str, ...], setup: Setup) -> str:
    """What that is called beside what has these names; empty where there is nothing beside it."""
    if not names:
        return ""
    return setup.start if set(names) <= set(STARTS) else ATTENTION


def beside(names: tuple[str, ...], setup: Setup) -> dict[str, tuple[Setup, Learner]]:
    """By name, of STARTS or of recurrent.KINDS; the start that the transformer itself has is not beside it."""
    return {name: _learner(name, setup) for name in names if name != setup.start}


def _learner(name: str, setup: Setup) -> tuple[Setup, Learner]:
    if name in STARTS:
        own = replace(setup, start=name)
        return own, learner_of(own)
    return setup, as_large(name, setup)


def as_large(kind: str, setup: Setup) -> Recurrent:
    """The recurrent network whose size is nearest to that of the transformer."""
    shape = setup.shape
    every = (Recurrent(kind, shape.n_vocab, shape.d_model, width, setup.seed) for width in range(2, 4 * shape.d_model))
    return min(every, key=lambda each: abs(each.size - shape.size))
