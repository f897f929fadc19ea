"""What is changed of a model to see what follows from it: a head that says nothing, a number, a cell of a mask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kitten_tui.core.asking import MEAN, ZERO
from kitten_tui.core.cell import Cell
from kitten_tui.core.chain import Chain
from kitten_tui.core.quantity import Scope, quantity

if TYPE_CHECKING:
    from kitten_tui.core.settings import Settings
    from kitten_tui.core.source import Pulse, Source


@dataclass(frozen=True)
class Without:
    """A head that says something else, or nothing."""

    layer: int
    head: int
    way: str = ZERO

    @property
    def edit(self) -> str:
        """What `--set` says to do the same."""
        return f"without l{self.layer + 1} h{self.head + 1}" + (f"={self.way}" if self.way != ZERO else "")


def way_of(done: tuple[Alteration, ...], layer: int, head: int) -> str:
    """What stands in the place of what a head says, by WAYS; empty where it speaks."""
    own = (each for each in done if isinstance(each, Without) and (each.layer, each.head) == (layer, head))
    return next((each.way for each in own), "")


def next_without(done: tuple[Alteration, ...], layer: int, head: int) -> Without:
    """What is done next to a head: it says nothing, then its mean; that once more lets it speak."""
    return Without(layer, head, MEAN if way_of(done, layer, head) else ZERO)


@dataclass(frozen=True)
class Number:
    """A weight that has another value; heads that share keys and values share what is changed of them."""

    cell: Cell
    value: float

    @property
    def layer(self) -> int:
        return self.cell.layer

    @property
    def edit(self) -> str:
        cell = self.cell
        layer, head = f" l{cell.layer + 1}" if cell.layer else "", f" h{cell.head + 1}" if cell.head else ""
        return f"{cell.name}{layer}{head}[{','.join(str(place + 1) for place in cell.index)}]={float(self.value)!r}"


@dataclass(frozen=True)
class MaskCell:
    """A key that a query may look at and could not before, or the other way round, in all heads of a layer."""

    layer: int
    query: int
    key: int

    @property
    def edit(self) -> str:
        return f"mask l{self.layer + 1}[{self.query + 1},{self.key + 1}]"


Alteration = Without | Number | MaskCell


class Alters(Protocol):
    """Makes a model otherwise than it was trained. Layers before what is changed stay computed, those from it on are
    to be computed again; what cannot be raises a ValueError of one line.
    """

    @property
    def done(self) -> tuple[Alteration, ...]:
        """What was changed, the first change first."""
        ...

    @property
    def before(self) -> Source:
        """The same with nothing changed; computed up to the first change."""
        ...

    def is_input(self, name: str) -> bool:
        """Whether the numbers of this quantity are weights that can be changed."""
        ...

    def without(self, layer: int, head: int, way: str = ZERO) -> Source:
        """With a head that says nothing, or its mean; the same again lets it speak."""
        ...

    def change_number(self, cell: Cell, value: float) -> Source: ...
    def toggle_mask_cell(self, settings: Settings, layer: int, query: int, key: int) -> tuple[Source, Settings]:
        """In force from then on, as the source's own mask."""
        ...


def silenced(chain: Chain) -> Chain:
    """The lines of a layer in which a head says something else than it does: it counts 0 times, and the mean of what
    it says of all tokens once or not at all; other heads count once.
    """
    context = chain["context"]
    mixed = quantity("mixed", "Σα v", "query d_k", context.line)
    line = "speaks mixed[query,d_k] + means mixed_mean[d_k]"
    return chain.with_(
        mixed,
        quantity("mixed_mean", "mean Σα v", "d_k", "mixed[*,d_k] / count"),
        quantity("speaks", "speaks", "", scope=Scope.CONSTANT),
        quantity("means", "means", "", scope=Scope.CONSTANT),
        replace(context, line=line),
    )


@dataclass(frozen=True)
class Reached:
    """The weight of a head that changes most; what it was and what it is."""

    layer: int
    head: int
    query: int
    key: int
    was: float
    now: float

    @property
    def size(self) -> float:
        """What heads are sorted by."""
        return abs(self.now - self.was)


def reached(was: Source, now: Source, pulse: Pulse = lambda: None, first: int = 0) -> Iterator[Reached]:
    """The same heads of two sources with the same tokens, from a layer on: what changes most of their weights."""
    for layer in range(first, was.n_layers):
        for head in range(was.n_heads):
            pulse()
            before, after = was.trace(layer, head, was.settings), now.trace(layer, head, now.settings)
            old, new = before["weights"], after["weights"]  # [query, key]
            query, key = np.unravel_index(int(np.abs(new - old).argmax()), old.shape)
            yield Reached(layer, head, int(query), int(key), float(old[query, key]), float(new[query, key]))
            before.forget()
            after.forget()
