"""What the page of a training shows."""

from __future__ import annotations

from dataclasses import dataclass

from kitten_tui.core.array_types import Array
from kitten_tui.desk.phrase import Phrase
from kitten_tui.stages.figure import Figure, Title


@dataclass(frozen=True, eq=False)
class Heads:
    """The heads of a layer side by side."""

    label: Title
    """What stands before them."""
    weights: tuple[Array, ...]
    """Of each head: [query, key]."""
    captions: Array
    """The number over each. [head]"""


@dataclass(frozen=True, eq=False)
class Carried:
    """How far a network carries what it reads."""

    name: Phrase
    waits: int
    """How many steps wait for one another."""
    depends: Array
    """How strongly its end depends on each word. [token]"""


@dataclass(frozen=True, eq=False, kw_only=True)
class Learning(Figure):
    """How far a training is: all heads at one step, and what was measured at the steps that are kept."""

    tokens: tuple[str, ...]
    heads: tuple[Heads, ...]
    """Layer by layer; then the same of what learns beside it."""
    layer: int = 0
    chosen: int = 0
    """The selected head."""
    steps: tuple[int, ...]
    """Those that are kept."""
    losses: Array
    """[step]"""
    accuracies: Array
    """[step]"""
    place: int
    """The last of them up to the one that is looked at."""
    loss: float
    """At the step that is looked at."""
    accuracy: float
    measures: tuple[tuple[Phrase, Array], ...]
    """What tells heads apart there, or networks: a number for each head, for all of a layer, or from near to far."""
    sentence: tuple[str, ...] = ()
    """What was read, where it is told how far that is carried."""
    carried: tuple[Carried, ...] = ()
    """Of each network that learns."""
    expected: tuple[Phrase, ...]
    """What is expected, and whether it came."""
