"""Pieces that come again: said once more after a mark, or repeated until the sentence ends."""

from __future__ import annotations

import string

import numpy as np

from kitten_tui.core.learning import Expectation, Measured
from kitten_tui.core.ops import Places
from kitten_tui.sources.training.network import Batch
from kitten_tui.sources.training.shape import STARTS, Shape
from kitten_tui.sources.training.task import Setup, Task

MARK = "|"
LETTERS = tuple(string.ascii_lowercase[:20])
PIECE = 8
"""Letters that are to be copied."""
WINDOW, SHORTEST, LONGEST = 24, 5, 12
"""Tokens of a sentence for induction, and of the piece that repeats in it."""


def copied(generator: np.random.Generator, sentences: int) -> Batch:
    """a b c | a b c: what stands before the mark, again after it."""
    piece = generator.integers(0, len(LETTERS), (sentences, PIECE))  # [sentence, place]
    mark = np.full((sentences, 1), len(LETTERS))  # [sentence, 1]
    whole = np.concatenate([piece, mark, piece], axis=1)  # [sentence, token + 1]
    return _repeating(whole, range(PIECE, 2 * PIECE), PIECE)


def repeated(generator: np.random.Generator, sentences: int) -> Batch:
    """A random piece over and over; what follows can be known from the second time on."""
    size = int(generator.integers(SHORTEST, LONGEST + 1))
    piece = generator.integers(0, len(LETTERS), (sentences, size))  # [sentence, place]
    whole = np.tile(piece, (1, -(-(WINDOW + 1) // size)))[:, : WINDOW + 1]  # [sentence, token + 1]
    return _repeating(whole, range(size, WINDOW), size - 1)


def copied_alone(ids: Places) -> Batch:
    """What stands before the first mark should be said after it.  [token] -> …"""
    size = int(np.argmax(ids == len(LETTERS))) or len(ids)
    return _alone(ids, range(size, min(2 * size, len(ids))), size)


def repeated_alone(ids: Places) -> Batch:
    """From the second time on can be known what follows in the shortest piece that repeats.  [token] -> …"""
    size = next((size for size in range(1, len(ids)) if np.array_equal(ids[size:], ids[:-size])), len(ids))
    return _alone(ids, range(size, len(ids)), size - 1)


def _alone(ids: Places, places: range, back: int) -> Batch:
    """At these places should be said what stands so many tokens before them.  [token] -> …"""
    every = np.array(places, dtype=np.intp)  # [place]
    link = np.full(len(ids), -1)  # [token]
    link[every] = every - back
    targets = np.append(ids[1:], ids[-1:])  # [token]: where nothing counts, what follows
    targets[every] = ids[link[every]]
    return Batch(ids[None], targets[None], every, link[None])


def _repeating(whole: np.ndarray[tuple[int, int], np.dtype[np.intp]], places: range, back: int) -> Batch:
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
