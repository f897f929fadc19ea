"""The task `induction`: a random piece over and over, so that heads learn to look for what followed last time."""

from __future__ import annotations

import numpy as np

from kitten_tui.core.array_types import Places
from kitten_tui.core.learning import Expectation, Measured
from kitten_tui.sources.training.copying import LETTERS, alone, repeating
from kitten_tui.sources.training.network import Batch
from kitten_tui.sources.training.shape import Shape
from kitten_tui.sources.training.task import Setup, Task

WINDOW, SHORTEST, LONGEST = 24, 5, 12
"""Tokens of a sentence for induction, and of the piece that repeats in it."""


def repeated(generator: np.random.Generator, sentences: int) -> Batch:
    """A random piece over and over; what follows can be known from the second time on."""
    size = int(generator.integers(SHORTEST, LONGEST + 1))
    piece = generator.integers(0, len(LETTERS), (sentences, size))  # [sentence, place]
    whole = np.tile(piece, (1, -(-(WINDOW + 1) // size)))[:, : WINDOW + 1]  # [sentence, token + 1]
    return repeating(whole, range(size, WINDOW), size - 1)


def repeated_alone(ids: Places) -> Batch:
    """From the second time on can be known what follows in the shortest piece that repeats.  [token] -> …"""
    size = next((size for size in range(1, len(ids)) if np.array_equal(ids[size:], ids[:-size])), len(ids))
    return alone(ids, range(size, len(ids)), size - 1)


def _formed(at: Measured) -> bool:
    """Whether the first layer has a head for the token before, and the second one for what followed last time."""
    return bool(len(at.link) > 1 and at.previous[0].max() >= 0.6 and at.link[1].max() >= 0.6)


def _induction_expected(setup: Setup) -> tuple[Expectation, ...]:
    if setup.shape.n_layers == 1:
        return (Expectation("learn.expected.one_layer", lambda at: float(at.link.max()) < 0.5),)
    if not setup.shape.positions:
        return (Expectation("learn.expected.no_positions", lambda at: float(at.previous[0].max()) < 0.5),)
    return (Expectation("learn.expected.induction", _formed),)


INDUCTION = Task(
    name="induction",
    vocabulary=LETTERS,
    draw=repeated,
    alone=repeated_alone,
    sentence=tuple("kitten" * 4),
    setup=Setup(Shape(len(LETTERS), WINDOW, 2, 2, 48, 24), steps=1500, step_size=3e-3),
    expected=_induction_expected,
    query=11,
    link="learn.link.induction",
)
