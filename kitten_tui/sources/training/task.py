"""What a task is: what is to be said, where it counts, and what is expected to come of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kitten_tui.core.array_types import Places
from kitten_tui.core.learning import Expectation
from kitten_tui.sources.training.network import Batch
from kitten_tui.sources.training.shape import Shape


@dataclass(frozen=True)
class Setup:
    """All that a training depends on, besides its task."""

    shape: Shape
    steps: int
    step_size: float
    sentences: int = 64
    """In each batch."""
    optimizer: str = "adam"
    start: str = "random"
    spread: float = 0.5
    """How far the numbers of the embedding are spread to begin with."""
    seed: int = 0


def following(ids: Places) -> Batch:
    """A sentence in which every next token counts, and nothing has to be found.  [token] -> …"""
    targets = np.append(ids[1:], ids[-1:])  # [token]: of the last one nobody knows what follows
    return Batch(ids[None], targets[None], np.arange(len(ids) - 1), np.full((1, len(ids)), -1))


@dataclass(frozen=True, eq=False)
class Task:
    name: str
    vocabulary: tuple[str, ...]
    draw: Callable[[np.random.Generator, int], Batch]
    """So many sentences of a batch, each with what should be said."""
    sentence: tuple[str, ...]
    """The one that is looked at while the network learns."""
    setup: Setup
    """What holds where nothing else is asked for."""
    expected: Callable[[Setup], tuple[Expectation, ...]]
    query: int = 0
    """The token of the sentence to begin with."""
    alone: Callable[[Places], Batch] = following
    """Any sentence as a batch of its own. [token] -> …"""
    beside: tuple[str, ...] = ()
    """What else learns on the same sentences: of shape.STARTS all but its own, or of recurrent.KINDS."""
    carries: bool = False
    """Whether it is about how far what was read is carried, so that it is measured what the end depends on."""
    held_out: int = 64
    """How many sentences are only ever looked at."""
    look: Callable[[np.random.Generator, int], Batch] | None = None
    """Sentences that are only looked at, where those are others than any that are drawn."""
    asked: tuple[str, ...] = ()
    """What has to be asked for to have it, where that is not its name."""
    link: str = ""
    """The key of the words for what a query has to find, where it has to find something."""

    def __str__(self) -> str:
        return self.name

    def ids(self, tokens: Sequence[str]) -> Places:
        """The numbers of tokens in the vocabulary.  -> [token]

        Raises:
            KeyError: one of them is not in it.
        """
        numbers = {token: number for number, token in enumerate(self.vocabulary)}
        return np.array([numbers[token] for token in tokens], dtype=np.intp)
