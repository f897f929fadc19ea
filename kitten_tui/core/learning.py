"""What can be asked of a training: its steps, what was measured at them, and what is expected of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kitten_tui.core.array_types import Array

if TYPE_CHECKING:
    from kitten_tui.core.source import Pulse, Source


@dataclass(frozen=True, eq=False)
class Measured:
    """What is seen at one step, over sentences that nothing is learned from."""

    loss: float
    accuracy: float
    """How often the likeliest token is the one that should be said, where it counts."""
    linked: float
    """The same where there is something to find; nan where there never is."""
    distance: Array
    """How differently the heads of a layer look: 0 alike, 1 at nothing in common. [layer]"""
    previous: Array
    """The mean weight on the token before. [layer, head]"""
    link: Array
    """The mean weight on the key that a query has to find; nan where there never is one. [layer, head]"""
    by_distance: Array
    """How often the right token is said where there is something to find, by how many tokens lie between the query and
    its key, from 0 on; nan where none do. [between]
    """
    depends: Array
    """How strongly what there is at the end of the task's sentence depends on each word: a norm of derivatives. [token]
    """
    waits: int
    """How many steps of reading that sentence have to wait for one another."""
    beside: Mapping[str, Measured] = field(default_factory=dict)
    """The same of what learns beside it, by name."""


@dataclass(frozen=True)
class Expectation:
    """What is expected to come about, written before; whether it did is judged by what was measured."""

    key: str
    """Of the sentence that says it."""
    came: Callable[[Measured], bool]
    values: Mapping[str, object] = field(default_factory=dict)


class Kept(Protocol):
    """A step that is kept."""

    @property
    def step(self) -> int: ...

    @property
    def measured(self) -> Measured: ...


class Trainer(Protocol):
    """A training, seen from the one of its steps that a source is."""

    @property
    def task(self) -> str: ...

    @property
    def about(self) -> Mapping[str, object]:
        """What there is to say about the network and how it learns."""
        ...

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The tokens that can be said."""
        ...

    @property
    def line(self) -> str:
        """What to type to have the same training again."""
        ...

    @property
    def step(self) -> int:
        """The step that is looked at; 0 is before the first."""
        ...

    @property
    def made(self) -> int:
        """How many steps have been made."""
        ...

    @property
    def planned(self) -> int:
        """How many steps were asked for."""
        ...

    @property
    def diverged(self) -> int:
        """The step that led to what is no number, and was not taken; 0 where there was none."""
        ...

    @property
    def kept(self) -> Sequence[Kept]:
        """The steps that can be looked at without being made again, in order."""
        ...

    @property
    def measured(self) -> Measured:
        """What is seen at the step that is looked at."""
        ...

    @property
    def name(self) -> str:
        """What the network is called beside others; empty where it learns alone."""
        ...

    @property
    def sentence(self) -> tuple[str, ...]:
        """That of the task."""
        ...

    @property
    def beside(self) -> Mapping[str, Source]:
        """What learns beside it and has heads to look at, at the same step and the same sentence."""
        ...

    @property
    def link(self) -> str:
        """The key of the words for what a query has to find; empty where it has to find nothing."""
        ...

    @property
    def expected(self) -> Sequence[Expectation]:
        """What should come of it."""
        ...

    def at(self, step: int) -> Source:
        """The same sentence at another step that has been made; made again where it is not kept, to the last bit."""
        ...

    def latest(self) -> Source:
        """The same sentence at the last step, without what takes long to measure."""
        ...

    def advance(self, pulse: Pulse) -> bool:
        """Makes the next step; whether there was one. What `pulse` raises stops it before it begins."""
        ...

    def save(self, folder: Path) -> None:
        """Writes the last step to a new folder, which opens as a model does."""
        ...

    def stop(self) -> None:
        """Keeps the last step too, where nobody goes on."""
        ...
