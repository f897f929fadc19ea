"""What attention can be asked of, whatever it comes from, and the small things that only some of it can do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from kitten_tui.core.array_types import Array
from kitten_tui.core.cell import Cell
from kitten_tui.core.chain import Chain
from kitten_tui.core.settings import Settings
from kitten_tui.core.trace import Trace

if TYPE_CHECKING:
    from kitten_tui.core.altering import Alters
    from kitten_tui.core.asking import Asked
    from kitten_tui.core.faults import Fault, Mistake
    from kitten_tui.core.learning import Trainer
    from kitten_tui.core.measures import HeadSummary  # 6 ms, and only models and recordings sum up their heads
    from kitten_tui.core.next_tokens import GoesOn, NextTokens


@dataclass(frozen=True, eq=False)
class Reference:
    """Published values to compare with."""

    source: str
    head: int
    settings: Settings
    tolerance: float
    values: Mapping[str, Array]
    """By vocabulary name."""


@dataclass(frozen=True)
class Traits:
    """What sets a layer apart from others of its model, or from what most models do."""

    window: int | None = None
    """How many tokens before it a query sees at most; None is all."""
    both_ways: bool = False
    """Whether it sees as many after it."""
    windows: int = 0
    """How many other layers have a window, where this one has none."""
    turned: int = 0
    """How many other layers turn queries and keys by place, where this one does not."""
    shared: range | None = None
    """The layers that have the same weights, this one included."""


NOTHING_SPECIAL = Traits()

Pulse = Callable[[], None]
"""Called now and then during long work; what it raises stops that."""


class Survey(Protocol):
    """Sums up every head, layer by layer as they are computed."""

    @property
    def computing(self) -> AbstractContextManager[Any]:
        """Held by the one thread that adds layers."""
        ...

    @property
    def heads(self) -> tuple[HeadSummary, ...]:
        """Those of the layers that are ready."""
        ...

    def advance(self, pulse: Pulse) -> None:
        """Computes the next layer."""
        ...

    def apart(self) -> Source:
        """The same for another thread, with the layers that are ready."""
        ...


class Reader(Protocol):
    """Looks at another text in the same way."""

    def read(self, text: str) -> Source: ...


class Pairs(Protocol):
    """Looks at a second text beside the first."""

    def read_second(self, second: str) -> Source: ...


class Record(Protocol):
    """What is known of numbers that were computed elsewhere."""

    @property
    def names(self) -> tuple[str, ...]:
        """The quantities that were brought; all others are computed from them."""
        ...

    @property
    def unread(self) -> tuple[str, ...]:
        """What came with them and is no quantity that is known."""
        ...

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong with them, the first fault of each row, by layer, head and query."""
        ...

    def mistakes(self) -> tuple[tuple[int, Mistake], ...]:
        """For each layer, what whoever computed them may have done wrong; nothing where it cannot be told."""
        ...


def next_part(source: Source) -> Source | None:
    """What came together with a source, one after another; None where nothing did."""
    parts = source.parts
    return parts[(parts.index(source) + 1) % len(parts)] if len(parts) > 1 else None


class Editor(Protocol):
    """Makes the next source out of one whose inputs can be changed; what cannot be raises a ValueError of one line."""

    def is_input(self, name: str) -> bool:
        """Whether the numbers of this quantity are given, in any head, and not computed."""
        ...

    def change_number(self, cell: Cell, value: float) -> Source: ...
    def toggle_mask_cell(self, settings: Settings, query: int, key: int) -> tuple[Source, Settings]: ...
    def rename_token(self, place: int, token: str) -> Source: ...
    def insert_token(self, place: int, token: str) -> Source: ...
    def delete_token(self, place: int) -> Source: ...
    def swap_tokens(self, place: int) -> Source: ...
    def next_positions(self, original: Array | None) -> tuple[Source, str]:
        """Other positions, and what they are called; `original` are those of the source as it was opened."""
        ...

    def other_matrices(self, seed: int, init: str | None) -> Source:
        """Drawn from a seed, as they were before or in a way that has a name."""
        ...


class Source(Protocol):
    """Where attention comes from: a lesson, a checkpoint, a recording, a step of a training."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """Those that look: the queries."""
        ...

    @property
    def key_tokens(self) -> tuple[str, ...]:
        """Those that are looked at; the same but in cross-attention."""
        ...

    @property
    def n_layers(self) -> int: ...

    @property
    def ready(self) -> int:
        """How many layers have been computed."""
        ...

    @property
    def n_heads(self) -> int: ...

    @property
    def query(self) -> int:
        """The token to begin with."""
        ...

    @property
    def origin(self) -> tuple[str, ...]:
        """The words of a command line that open it as it was opened; nothing where none do."""
        ...

    @property
    def title(self) -> Mapping[str, str]:
        """In each language it was written in, by language code; "" is any."""
        ...

    @property
    def note(self) -> Mapping[str, str]: ...

    @property
    def model_facts(self) -> Mapping[str, Any] | None:
        """What there is to say about a model and how much of the text it reads; None for what is no model."""
        ...

    @property
    def invented(self) -> bool:
        """Whether the numbers stand for nothing: made up for a sentence that somebody typed."""
        ...

    @property
    def invented_tokens(self) -> Collection[str]:
        """Those whose vectors are made up."""
        ...

    @property
    def untrained(self) -> bool:
        """Whether its matrices are known to have been drawn at random, and nothing was learned since."""
        ...

    @property
    def part(self) -> str:
        """Which of several that belong together it is, by the end of its words part.<part>; nothing where none do."""
        ...

    @property
    def parts(self) -> tuple[Source, ...]:
        """All that belong together, such as encoder, decoder and cross-attention, with this one among them; nothing
        where it is alone.
        """
        ...

    @property
    def settings(self) -> Settings:
        """To begin with; in a model those it was trained with, which hold in every layer that is not looked at."""
        ...

    @property
    def masks(self) -> tuple[str, ...]:
        """The masks that this source can be looked at with, of MASKS."""
        ...

    @property
    def references(self) -> tuple[Reference, ...]:
        """Published values of it."""
        ...

    def shared_by(self, head: int) -> tuple[int, range] | None:
        """The head of keys and values that a head uses, and all heads that use it; None where each has its own."""
        ...

    def chain(self, layer: int) -> Chain:
        """The lines of a layer."""
        ...

    def traits(self, layer: int) -> Traits:
        """What sets a layer apart from others."""
        ...

    def trace(self, layer: int, head: int, settings: Settings) -> Trace:
        """Every quantity of one head; layer and head count from 0."""
        ...

    def joined(self, layer: int, settings: Settings) -> Trace:
        """What the heads of a layer share and make together."""
        ...

    # What only some can do; None where a source cannot.

    @property
    def next_tokens(self) -> NextTokens | None: ...

    @property
    def goes_on(self) -> GoesOn | None: ...

    @property
    def asked(self) -> Asked | None: ...

    @property
    def survey(self) -> Survey | None: ...

    @property
    def reader(self) -> Reader | None: ...

    @property
    def pairs(self) -> Pairs | None: ...

    @property
    def editor(self) -> Editor | None: ...

    @property
    def alters(self) -> Alters | None: ...

    @property
    def record(self) -> Record | None: ...

    @property
    def trainer(self) -> Trainer | None: ...
