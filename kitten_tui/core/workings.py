"""Reads any number of a source by its address, and says where it comes from by its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.cell import Cell, Derivation, Operand, Operands, Term, Terms
from kitten_tui.core.chain import Chain
from kitten_tui.core.formula import Count, Formula, Number, Op, Part, Ref
from kitten_tui.core.products import STAR, cut_from
from kitten_tui.core.quantity import Quantity, Scope
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.core.trace import MissingError, Trace
from kitten_tui.core.variants import varied


@dataclass(frozen=True)
class Workings:
    """A source with one of its layers under settings; its other layers are as the source has them."""

    source: Source
    settings: Settings
    layer: int = 0

    @cached_property
    def chain(self) -> Chain:
        """The lines of this layer, as it is computed."""
        return varied(self.source.chain(self.layer), self.settings.variant)

    @cached_property
    def _asked(self) -> dict[tuple[int | None, bool], Trace]:
        """The traces that were asked for, by head and scale: a page asks for each a hundred times."""
        return {}

    def trace(self, head: int, *, rescaled: bool = False) -> Trace:
        """Every quantity of a head, or of the comparison with the scale switched."""
        if (head, rescaled) not in self._asked:
            self._asked[head, rescaled] = self.source.trace(self.layer, head, self._settings(rescaled))
        return self._asked[head, rescaled]

    def joined(self, *, rescaled: bool = False) -> Trace:
        """What the heads of the layer share and make together."""
        if (None, rescaled) not in self._asked:
            self._asked[None, rescaled] = self.source.joined(self.layer, self._settings(rescaled))
        return self._asked[None, rescaled]

    def _settings(self, rescaled: bool) -> Settings:
        return replace(self.settings, scale=not self.settings.scale) if rescaled else self.settings

    def in_layer(self, layer: int) -> Workings:
        """The same source with another of its layers, under the settings that the source has there."""
        return self if layer == self.layer else Workings(self.source, self.source.settings, layer)

    def at(self, cell: Cell) -> Workings:
        """Where a number is looked up: in its layer, at its step."""
        trainer = self.source.trainer
        if cell.step is None or trainer is None or cell.step == trainer.step:
            return self.in_layer(cell.layer)
        return replace(self, source=trainer.at(cell.step)).in_layer(cell.layer)

    def address(self, cell: Cell) -> Cell:
        """The one address of a number: what heads share, and what no scale reaches, has no head and no comparison."""
        scope = self.chain[cell.name].scope
        if scope is Scope.SOURCE:
            return Cell(cell.name, cell.index, step=cell.step)
        if scope is Scope.SETTING:
            return Cell(cell.name, cell.index, layer=cell.layer, step=cell.step)
        return cell if scope is Scope.HEAD else replace(cell, head=0)

    def _holder(self, name: str, head: int, rescaled: bool) -> Trace:
        """The trace that has a quantity, or makes it."""
        scope = self.chain[name].scope
        if scope is Scope.HEAD:
            return self.trace(head, rescaled=rescaled)
        joined = self.joined(rescaled=rescaled)
        return joined if scope is Scope.LAYER else joined.outer or joined

    def array(self, name: str, head: int = 0, *, rescaled: bool = False) -> Array | None:
        """The array of a quantity, None where the source has none or makes it a row at a time; axes as declared.

        Raises:
            LookupError: no quantity is called so.
        """
        holder = self._holder(name, head, rescaled)
        try:
            return holder[name] if holder.has(name) else None
        except MissingError:
            return None

    def has(self, name: str, head: int = 0) -> bool:
        """Whether the source has this quantity."""
        return name in self.chain and self._holder(name, head, False).has(name)

    def is_given(self, name: str, head: int = 0) -> bool:
        """Whether the source has this quantity without its line."""
        return name in self.chain and name in self._holder(name, head, False).given

    def size(self, axis: str) -> int:
        """How many places an axis has; 0 where the source does not tell."""
        return self.joined().sizes.get(axis, 0)

    @property
    def head_width(self) -> int:
        """How many dimensions each head adds to the row of all heads."""
        return self.size("d_v") or self.size("d_k") or 1

    def numbers(self, cell: Cell, index: Sequence[int | None]) -> Array:
        """The numbers of the cell's quantity at these places; None is all places of an axis.

        Of a [query, …] quantity only the row is computed.

        Raises:
            LookupError: the source has no such quantity, or the index lies outside it.
        """
        of = self.at(cell)
        return of._holder(cell.name, cell.head, cell.rescaled).at(cell.name, index)

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
        of = self.at(cell)
        cell = of.address(cell)
        quantity = of.chain[cell.name]
        trace = of._holder(cell.name, cell.head, cell.rescaled)
        value = float(trace.at(cell.name, cell.index))
        line = trace.chain[cell.name].formula
        # Where nothing is shifted, nothing was looked for.
        if line is None or not trace.follows(cell.name) or (line.op is Op.SHIFT and value == 0.0):
            return of._given(cell, value)
        return Derivation(cell, value, line.op, _Terms(of, trace, quantity, cell).of(line))

    def _given(self, cell: Cell, value: float) -> Derivation:
        """Of a number that is no result here: in a training it is what the step before made of it."""
        name, trainer = self.chain[cell.name].earlier, self.source.trainer
        if not name or trainer is None or trainer.step <= trainer.kept[0].step or not self.has(name, cell.head):
            return Derivation(cell, value, Op.GIVEN)
        made = Operand(value, replace(cell, name=name, step=trainer.step - 1))
        return Derivation(cell, value, Op.SUM, ((made,),))


@dataclass(frozen=True)
class _Terms:
    """Makes the terms of one cell from the line of its quantity."""

    workings: Workings
    trace: Trace
    quantity: Quantity
    cell: Cell

    def of(self, line: Formula) -> Sequence[Term]:
        long: list[tuple[Operands, ...]] = []
        single: list[Term] = []
        for part in line.parts:
            if part == (Count(),):
                single.append((Operand(float(len(long[-1][0].values))),))
            elif any(isinstance(factor, Ref) and not self._is_there(factor) for factor in part):
                single += [(Operand(0.0),)] if line.op is Op.NORM else []
            elif any(isinstance(factor, Ref) and _open(factor) for factor in part):
                long.append(self._along(part))
            elif (term := self._term(part)) is not None:
                single.append(term)
        if line.op is Op.EXP and single[1][0].value == 0.0:
            single.pop()
        return Terms(tuple(long), tuple(single)) if long else tuple(single)

    def _is_there(self, ref: Ref) -> bool:
        return not ref.optional or self.trace.has(ref.name)

    def _term(self, part: Part) -> Term | None:
        """The operands of a product; None where a constant that is not worth writing makes it nothing."""
        operands = []
        for factor in part:
            if isinstance(factor, Ref):
                operand = self._operand(factor)
                if operand.symbol is not None:
                    operands.append(operand)
                elif operand.value == 0.0:
                    return None
            else:
                operands.append(self._constant(factor))
        return tuple(operands)

    def _constant(self, factor: Number | Count) -> Operand:
        if isinstance(factor, Number):
            return Operand(factor.value)
        return Operand(float(self.trace.sizes[factor.axis]), below=factor.below)

    def _operand(self, ref: Ref) -> Operand:
        index = self._index(ref)
        quantity, symbol = self.trace.chain[ref.name], self.trace.symbol(ref.name, index)
        if quantity.scope is Scope.CONSTANT:
            return Operand(float(self.trace.at(ref.name, index)), symbol=symbol, below=ref.below)
        cell = self._cell(ref, index)
        return Operand(self.workings.value(cell), cell, symbol, quantity.truth, ref.below)

    def _index(self, ref: Ref) -> tuple[int, ...]:
        """What stands at each index of an operand, with the places of the cell."""
        places = dict(zip(self.quantity.axes, self.cell.index, strict=True))
        index: list[int | None] = []
        for at, label in enumerate(ref.labels):
            if label == "max":
                index.append(None)
            elif label.startswith("~"):
                index.append(int(self.trace["partner"][places[label[1:]]]))
            elif label.startswith("#"):
                index.append(self._cut_from()[0])
            elif label.startswith("@"):
                own = self.trace.places_of_own(self.trace[ref.name].shape[at])
                index.append(own[places[label[1:]]])
            else:
                index.append(places[label])
        if None in index:
            best = int(self.trace.at(ref.name, index).argmax())
            index = [best if place is None else place for place in index]
        return tuple(index)  # type: ignore[arg-type]

    def _cell(self, ref: Ref, index: tuple[int, ...]) -> Cell:
        cell = self.cell
        match ref.where:
            case "before":
                # What went into this layer does not depend on how this layer is looked at.
                before = self.workings.in_layer(cell.layer - 1)
                at = replace(cell, name=ref.name, index=index, layer=cell.layer - 1, rescaled=False)
                return before.address(at)
            case "after":
                after = self.workings.in_layer(cell.layer + 1)
                at = replace(cell, name=ref.name, index=index, layer=cell.layer + 1, rescaled=False)
                return after.address(at)
            case "heads" if ref.labels[0].startswith("#"):
                return replace(cell, name=ref.name, index=index, head=self._cut_from()[1])
            case "heads":
                width = self.trace.heads[0]().row(ref.name, index[0]).shape[-1]
                head, inner = divmod(index[-1], width)
                return replace(cell, name=ref.name, index=(*index[:-1], inner), head=head)
            case _:
                return self.workings.address(replace(cell, name=ref.name, index=index))

    def _cut_from(self) -> tuple[int, int]:
        """The token and the head that stand in the cell's place where heads are cut without being turned."""
        trace = self.trace
        return cut_from(trace.index, self.cell.index[0], len(trace.heads), trace.sizes["token"])

    def _beside(self, ref: Ref) -> Trace:
        """The trace that an operand is looked up in."""
        beside = {"before": self.trace.before, "after": self.trace.after}.get(ref.where)
        return self.trace if beside is None else beside()

    def _along(self, part: Part) -> tuple[Operands, ...]:
        """The operands of a long sum, each for all of its terms."""
        along = {
            at: self._places(factor) for at, factor in enumerate(part) if isinstance(factor, Ref) and _open(factor)
        }
        count = len(next(iter(along.values())).values)
        return tuple(along[at] if at in along else self._same(factor, count) for at, factor in enumerate(part))

    def _same(self, factor: Ref | Number | Count, count: int) -> Operands:
        """An operand that all terms have."""
        operand = self._operand(factor) if isinstance(factor, Ref) else self._constant(factor)
        values = np.full(count, operand.value)  # [term]
        return Operands(values, lambda _: operand.cell, operand.symbol, operand.truth, operand.below)

    def _places(self, ref: Ref) -> Operands:
        """The places of a quantity along the index that is left open."""
        places = dict(zip(self.quantity.axes, self.cell.index, strict=True))
        open_at = next(at for at, label in enumerate(ref.labels) if _open_label(label))
        index = [places.get(label) for label in ref.labels]
        index[open_at] = None
        quantity = self.trace.chain[ref.name]
        if len(ref.labels) > len(quantity.axes):
            return self._of_heads(ref, tuple(index[1:]))  # type: ignore[arg-type]
        values = self._beside(ref).at(ref.name, index)  # [term]
        if ref.labels[open_at] != STAR:
            values = values[: places[ref.labels[open_at][1:]] + 1]

        def cell(along: int) -> Cell | None:
            index[open_at] = along
            return None if quantity.scope is Scope.CONSTANT else self._cell(ref, tuple(index))  # type: ignore[arg-type]

        return Operands(values, cell, truth=quantity.truth, below=ref.below)

    def _of_heads(self, ref: Ref, index: tuple[int, ...]) -> Operands:
        """The same place of a quantity in each head."""
        values = np.array([float(head().at(ref.name, index)) for head in self.trace.heads])  # [term]
        cell = self.cell
        return Operands(values, lambda head: replace(cell, name=ref.name, index=index, head=head), below=ref.below)


def _open(ref: Ref) -> bool:
    """Whether it stands for many terms."""
    return any(_open_label(label) for label in ref.labels)


def _open_label(label: str) -> bool:
    return label == STAR or label.startswith("≤")
