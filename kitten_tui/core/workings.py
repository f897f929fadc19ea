"""Reads any number of a source by its address, and says where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kitten_tui.core.cell import Cell, Derivation, Factor, Op, Operand, Term
from kitten_tui.core.experiment import typical
from kitten_tui.core.network import Normed
from kitten_tui.core.ops import Array
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.core.trace import Joined, Trace
from kitten_tui.core.vocabulary import GAPS, NEXT, NORM_PARTS, NORMS, QUANTITIES, Scope

_BEFORE = {before: owner for owner, before in NORMS.items()}


@dataclass(frozen=True)
class Workings:
    """A source with one of its layers under settings; its other layers are as the source has them."""

    source: Source
    settings: Settings
    layer: int = 0

    def trace(self, head: int, *, rescaled: bool = False) -> Trace:
        """Every intermediate of a head, or of the comparison with the scale switched."""
        return self.source.trace(self.layer, head, self._settings(rescaled))

    def joined(self, *, rescaled: bool = False) -> Joined:
        """The heads of the layer together."""
        return self.source.joined(self.layer, self._settings(rescaled))

    def settings_for(self, cell: Cell) -> Settings:
        """What holds for this cell: the comparison has the scale switched."""
        return self._settings(cell.rescaled)

    def _settings(self, rescaled: bool) -> Settings:
        return replace(self.settings, scale=not self.settings.scale) if rescaled else self.settings

    def in_layer(self, layer: int) -> Workings:
        """The same source with another of its layers, under the settings that the source has there."""
        return self if layer == self.layer else Workings(self.source, self.source.settings, layer)

    def array(self, name: str, head: int = 0, *, rescaled: bool = False) -> Array | None:
        """The array of a quantity, None where the source has none; axes as in the vocabulary.

        contribution and partial are made a query at a time and have no array: see Trace.
        """
        if name in GAPS:
            rows = self.array(GAPS[name], head, rescaled=rescaled)  # [query, column]
            return None if rows is None else rows[:, None, :] - rows[None, :, :]  # [query, pinned, column]
        found = self._found(name, head, rescaled)
        return found if found is None else np.asarray(found)

    def _found(self, name: str, head: int, rescaled: bool) -> object:
        scope = QUANTITIES[name].scope
        if scope is Scope.SETTING:
            return typical(name, self.settings.seed)  # [width, scale]
        if name in NEXT:
            return None  # made for one token at a time
        if scope is Scope.SOURCE:
            return getattr(self.source, name)
        owner, _, part = name.rpartition("_")
        if owner in NORMS and part in NORM_PARTS:
            norm = self._norm(owner, head, rescaled)
            if norm is None or (part == "centred" and norm.mean is None):
                return None
            return getattr(norm, part)
        if name in _BEFORE and name != "attended":
            return self._before(name, head)
        if scope is Scope.LAYER:
            return getattr(self.joined(rescaled=rescaled), name)
        trace = self.trace(head, rescaled=rescaled)
        if name in ("q_normed", "k_normed"):
            # One step after the projection is the query itself; it has its own name only where another step follows.
            projected = trace.projected
            return getattr(projected, name) if self._norm(name, head) and projected.rotation else None
        return getattr(trace.weights_of if name[:2] in ("w_", "b_") else trace, name)

    def _before(self, name: str, head: int) -> Array | None:
        """What a norm is made of, where it is not also something else."""
        if name == "stream":
            entry = self.source.entry(self.layer)
            return None if entry is None else entry.norm.before
        projected = self.trace(head).projected
        alone = projected.rotation is None and self._norm(_BEFORE[name], head) is None
        found: Array | None = None if alone else getattr(projected, name)
        return found

    def _norm(self, owner: str, head: int, rescaled: bool = False) -> Normed | None:
        match owner:
            case "x":
                entry = self.source.entry(self.layer)
                return None if entry is None else entry.norm
            case "middle":
                return self.joined(rescaled=rescaled).middle_norm
            case "q_normed":
                return self.trace(head).projected.q_norm
            case _:
                return self.trace(head).projected.k_norm

    def epsilon(self, owner: str, head: int) -> float:
        """What a norm adds to the variance."""
        norm = self._norm(owner, head)
        return 0.0 if norm is None else norm.eps

    def has(self, name: str, head: int = 0) -> bool:
        """Whether the source has this quantity."""
        if name == "mlp":
            return self.joined().network is not None  # a whole network is not run to find that out
        return name in QUANTITIES and self.array(name, head) is not None

    def numbers(self, cell: Cell, index: Sequence[int | None]) -> Array:
        """The numbers of the cell's quantity at these places; None is all places of an axis.

        Of a [query, …] quantity only the row is computed.

        Raises:
            LookupError: the source has no such quantity, or the index lies outside it.
        """
        if any(place is not None and place < 0 for place in index):
            raise IndexError(f"{cell.name}: {index}")
        of = self.in_layer(cell.layer)
        rest = tuple(slice(None) if place is None else place for place in index)
        query = index[0] if index else None
        if cell.name in GAPS:
            name = replace(cell, name=GAPS[cell.name])
            return of.numbers(name, (index[0], index[2])) - of.numbers(name, index[1:])
        if query is not None and QUANTITIES[cell.name].axes[0] == "query":
            trace = of.source.trace(of.layer, cell.head, of.settings_for(cell))
            if query >= len(trace.allowed):
                raise IndexError(f"{cell.name}: {index}")
            if cell.name in ("contribution", "partial"):
                rows: Array = getattr(trace, cell.name)(query)  # [key, d_k]
                return np.asarray(rows[rest[1:]])
            row = getattr(trace.only(query), cell.name)  # [1, …]
            return np.asarray(row[(0, *rest[1:])])
        if cell.name in NEXT and query is not None and of.source.has_head:
            if query >= len(of.source.tokens):
                raise IndexError(f"{cell.name}: {index}")
            return np.asarray(getattr(of.source.continuation(query), cell.name)[rest[1:]])
        array = of.array(cell.name, cell.head, rescaled=cell.rescaled)
        if array is None:
            raise LookupError(f"{cell.name}: this source has none")
        return np.asarray(array[rest])

    def value(self, cell: Cell) -> float:
        """The number at this address.

        Raises:
            LookupError: the source has no such quantity, or the index lies outside it.
        """
        return float(self.numbers(cell, cell.index))

    def derive(self, cell: Cell) -> Derivation:
        """How the number at this address is made.

        Raises:
            LookupError: as for `value`.
        """
        value = self.value(cell)
        derive = DERIVATIONS.get(cell.name)
        if derive is None:
            return Derivation(cell, value, Op.GIVEN)
        op, terms = derive(self.in_layer(cell.layer), cell)
        return Derivation(cell, value, op, terms)

    def at(self, origin: Cell, name: str, *index: int, head: int | None = None, back: int = 0) -> Operand:
        """A cell of the same head, layer and scale as an operand; `back` is so many layers before."""
        head = origin.head if head is None else head
        # What went into this layer does not depend on how this layer is looked at.
        rescaled = origin.rescaled and not back
        cell = Cell(name, index, head, origin.layer - back, rescaled)
        return Operand(self.value(cell), cell)

    def along(self, origin: Cell, name: str, *index: int | None) -> Factor:
        """The operands of a long sum: the places of a quantity along the axis that is left open."""
        place = index.index(None)
        before, after = index[:place], index[place + 1 :]

        def cell(along: int) -> Cell:
            return Cell(name, (*before, along, *after), origin.head, origin.layer, origin.rescaled)  # type: ignore[arg-type]

        return Factor(self.numbers(Cell(name, (), origin.head, origin.layer, origin.rescaled), index), cell)


Derive = Callable[[Workings, Cell], tuple[Op, Sequence[Term]]]
DERIVATIONS: dict[str, Derive] = {}


def derives(*names: str) -> Callable[[Derive], Derive]:
    """Registers how quantities are derived; each has one derivation."""

    def register(derive: Derive) -> Derive:
        for name in names:
            DERIVATIONS[name] = derive
        return derive

    return register
