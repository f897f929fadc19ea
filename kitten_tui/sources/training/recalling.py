"""The first word has to be said again after others: what attention finds in one hop, and an RNN has to carry along."""

from __future__ import annotations

import numpy as np

from kitten_tui.core.array_types import Places
from kitten_tui.core.learning import Expectation, Measured
from kitten_tui.sources.training.network import Batch
from kitten_tui.sources.training.recurrent import KINDS
from kitten_tui.sources.training.shape import Shape
from kitten_tui.sources.training.task import Setup, Task

NAMES = ("kitten", "dog", "bird", "mouse", "fox", "bear", "hen", "cow")
OTHERS = ("the", "a", "and", "then", "so", "but", "or", "on")
ASKED = "?"
LONGEST = 24
"""The most words between the first and the question."""
FAR = 16
"""From how many on it is far."""


def recalled(generator: np.random.Generator, sentences: int) -> Batch:
    """kitten and so the … ?: only the answer to the question counts."""
    first = generator.integers(0, len(NAMES), sentences)  # [sentence]
    between = generator.integers(1, LONGEST + 1, sentences)  # [sentence]
    ids = generator.integers(len(NAMES), len(NAMES) + len(OTHERS), (sentences, LONGEST + 2))  # [sentence, token]
    every = np.arange(sentences)  # [sentence]
    ids[:, 0] = first
    ids[every, between + 1] = len(NAMES) + len(OTHERS)
    targets = np.roll(ids, -1, axis=1)  # [sentence, token]
    targets[every, between + 1] = first
    link = np.full(ids.shape, -1)  # [sentence, token]
    link[every, between + 1] = 0
    return Batch(ids, targets, np.flatnonzero(link.ravel() == 0), link)


def recalled_alone(ids: Places) -> Batch:
    """Where it is asked, the first word should be said.  [token] -> …"""
    asked = np.flatnonzero(ids == len(NAMES) + len(OTHERS))  # [counted]
    targets, link = np.append(ids[1:], ids[-1:]), np.full(len(ids), -1)  # [token], [token]
    targets[asked], link[asked] = ids[0], 0
    return Batch(ids[None], targets[None], asked, link[None])


def _far(at: Measured) -> float:
    return float(at.by_distance[FAR:].mean())


def _gates(at: Measured) -> bool:
    return _far(at.beside["elman"]) < _far(at.beside["gru"]) <= at.accuracy


def _hop(at: Measured) -> bool:
    """Whether attention depends on the first word more than on any other, and Elman's state hardly does."""
    elman = at.beside["elman"].depends
    return bool(at.depends.argmax() == 0 and elman[0] < 0.1 * elman[-1])


def _expected(setup: Setup) -> tuple[Expectation, ...]:
    values = {"far": str(FAR)}
    return (
        Expectation("learn.expected.recalls", lambda at: at.accuracy >= 0.99),
        Expectation("learn.expected.forgets", lambda at: _far(at.beside["elman"]) < 0.75, values),
        Expectation("learn.expected.gates", _gates, values),
        Expectation("learn.expected.hop", _hop),
    )


RECALL = Task(
    name="recall",
    vocabulary=(*NAMES, *OTHERS, ASKED),
    draw=recalled,
    sentence=("kitten", "and", "then", "the", "but", "so", "a", "on", "the", "or", ASKED),
    setup=Setup(Shape(len(NAMES) + len(OTHERS) + 1, LONGEST + 2, 1, 2, 16, 8), steps=200, step_size=5e-3),
    expected=_expected,
    query=10,
    link="learn.link.recall",
    alone=recalled_alone,
    beside=KINDS,
    carries=True,
    held_out=480,
)
