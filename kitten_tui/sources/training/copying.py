"""The task `copy`: a piece is said once more after a mark; and what tasks of things that come again share."""

from __future__ import annotations

import string

import numpy as np

from kitten_tui.core.array_types import Places
from kitten_tui.core.learning import Expectation, Measured
from kitten_tui.sources.training.network import Batch
from kitten_tui.sources.training.shape import STARTS, Shape
from kitten_tui.sources.training.task import Setup, Task

MARK = "|"
LETTERS = tuple(string.ascii_lowercase[:20])
PIECE = 8
"""Letters that are to be copied."""


def copied(generator: np.random.Generator, sentences: int) -> Batch:
    """a b c | a b c: what stands before the mark, again after it."""
    piece = generator.integers(0, len(LETTERS), (sentences, PIECE))  # [sentence, place]
    mark = np.full((sentences, 1), len(LETTERS))  # [sentence, 1]
    whole = np.concatenate([piece, mark, piece], axis=1)  # [sentence, token + 1]
    return repeating(whole, range(PIECE, 2 * PIECE), PIECE)


def copied_alone(ids: Places) -> Batch:
    """What stands before the first mark should be said after it.  [token] -> …"""
    size = int(np.argmax(ids == len(LETTERS))) or len(ids)
    return alone(ids, range(size, min(2 * size, len(ids))), size)


def alone(ids: Places, places: range, back: int) -> Batch:
    """At these places should be said what stands so many tokens before them.  [token] -> …"""
    every = np.array(places, dtype=np.intp)  # [place]
    link = np.full(len(ids), -1)  # [token]
    link[every] = every - back
    targets = np.append(ids[1:], ids[-1:])  # [token]: where nothing counts, what follows
    targets[every] = ids[link[every]]
    return Batch(ids[None], targets[None], every, link[None])


def repeating(whole: np.ndarray[tuple[int, int], np.dtype[np.intp]], places: range, back: int) -> Batch:
    """What should be said at these places stands so many tokens before them.  [sentence, token + 1]"""
    ids, targets = np.ascontiguousarray(whole[:, :-1]), np.ascontiguousarray(whole[:, 1:])  # [sentence, token] each
    every = np.array(places)  # [place]
    link = np.full(ids.shape, -1)  # [sentence, token]
    link[:, every] = every - back
    return Batch(ids, targets, np.flatnonzero(link.ravel() >= 0), link)


def _copy_expected(setup: Setup) -> tuple[Expectation, ...]:
    def of(at: Measured, start: str) -> Measured:
        """Of the two that learn from the same sentences, the one that began so."""
        return at if setup.start == start else at.beside[start]

    return (
        Expectation("learn.expected.copied", lambda at: of(at, "random").accuracy >= 0.99),
        Expectation("learn.expected.apart", lambda at: float(of(at, "random").distance.min()) >= 0.3),
        Expectation("learn.expected.same", lambda at: not of(at, "same").distance.any()),
    )


COPY = Task(
    name="copy",
    vocabulary=(*LETTERS, MARK),
    draw=copied,
    alone=copied_alone,
    sentence=(*"sleeping", MARK, *"sleepin"),
    setup=Setup(Shape(len(LETTERS) + 1, 2 * PIECE, 1, 4, 16, 2), steps=600, step_size=1e-2),
    expected=_copy_expected,
    query=PIECE,
    link="learn.link.copy",
    beside=STARTS,
)
