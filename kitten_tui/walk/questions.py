"""What the walk asks: each kind of question by its name, with its answer from what is on the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.walk.facts import column_sum, heads_apart, on_previous
from kitten_tui.walk.rules import LIKE, UNLIKE
from kitten_tui.walk.scene import Scene

MOST_OPTIONS = 4


@dataclass(frozen=True)
class Asked:
    """What can be answered, and what is right."""

    right: int
    """The place of the right answer."""
    options: tuple[object, ...] = ()
    """Words and numbers; nothing where the step says in each language what can be chosen."""


Ask = Callable[[Scene], Asked]


@dataclass(frozen=True)
class Kind:
    ask: Ask
    options: int = 0
    """How many texts the step has to give to choose from; 0 where words and numbers of the screen are chosen from."""


def _among(places: Sequence[int], right: int, name: Callable[[int], object]) -> Asked:
    """The right one of these places with some others, all in their order."""
    others = [place for place in places if place != right]
    shown = sorted([right, *_spread(others, MOST_OPTIONS - 1)])
    return Asked(shown.index(right), tuple(name(place) for place in shown))


def _spread(places: Sequence[int], count: int) -> list[int]:
    """So many of them, from the first to the last."""
    if len(places) <= count:
        return list(places)
    return [places[round(at)] for at in np.linspace(0, len(places) - 1, count)]


def _clearly(values: Array, least: float = UNLIKE) -> int:
    """The place of the largest.

    Raises:
        LookupError: another is as large as far as one sees.
    """
    order = np.sort(values)
    if len(order) < 2 or order[-1] - order[-2] <= least:
        raise LookupError("there is no single answer")
    return int(values.argmax())


def _most(scene: Scene) -> Asked:
    """Which word gets most of the query's weight."""
    seen = [int(key) for key in np.flatnonzero(scene.view.truth("allowed"))]
    return _among(seen, seen[_clearly(scene.weights[seen])], scene.view.key_name)


def _sharpness(scene: Scene) -> Asked:
    """Whether the row is flatter (0), sharper (1) or the same (2) without the division."""
    change = scene.largest_without_division - scene.largest_with_division
    return Asked(2 if abs(change) <= LIKE else int(change > 0))


def _zero_sum(scene: Scene) -> Asked:
    """What is left of a row where 0 was put in the place of weights: less than 1."""
    left = float(scene.row("weight_sum"))
    numbers = [1.0, 1.0 + (1.0 - left)]
    place = scene.query % 3  # not always the same
    numbers.insert(place, left)
    return Asked(place, tuple(numbers))


def _change(scene: Scene) -> Asked:
    """Whether z changes (0) or stays (1)."""
    stays = np.allclose(scene.row("context"), scene.before.row("context"), rtol=0, atol=LIKE)
    return Asked(int(stays))


def _columns(scene: Scene) -> Asked:
    """Whether the selected column adds up to 1, too (0), or not (1)."""
    return Asked(int(abs(column_sum(scene) - 1.0) > UNLIKE))


def _previous(scene: Scene) -> Asked:
    """Which head looks most at the word before."""
    return _among(range(scene.view.source.n_heads), _clearly(on_previous(scene)), lambda head: head + 1)


def _apart(scene: Scene) -> Asked:
    """Whether training drives heads apart (0) or leaves them as alike as they were (1)."""
    first, last = heads_apart(scene, last=False), heads_apart(scene, last=True)
    if last < first:
        raise LookupError("they have come nearer")
    return Asked(int(last - first <= LIKE))


QUESTIONS: dict[str, Kind] = {
    "most": Kind(_most),
    "sharpness": Kind(_sharpness, options=3),
    "zero_sum": Kind(_zero_sum),
    "change": Kind(_change, options=2),
    "columns": Kind(_columns, options=2),
    "previous": Kind(_previous),
    "apart": Kind(_apart, options=2),
}
