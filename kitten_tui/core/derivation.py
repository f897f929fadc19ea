"""Where a number comes from: its operands, the operation, the result, and where each operand lives.

Every quantity has one derivation here; the screen, the plain text and the tests ask it and keep no copy of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from kitten_tui.core.cell import Cell, Derivation, Op, Operand, Term
from kitten_tui.core.experiment import WIDTHS, random_rows, typical
from kitten_tui.core.ops import Array
from kitten_tui.core.trace import Joined, Settings, Source, Trace
from kitten_tui.core.vocabulary import GAPS, QUANTITIES, Scope

__all__ = ["Cell", "Derivation", "Op", "Operand", "Term", "Workings"]


@dataclass(frozen=True)
class Workings:
    """One layer of a source under fixed settings: reads any cell and derives it."""

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

    def array(self, name: str, head: int = 0, *, rescaled: bool = False) -> Array | None:
        """The array of a quantity, None where the source has none; axes as in the vocabulary.

        contribution and partial are made a query at a time and have no array: see Trace.
        """
        if name in GAPS:
            rows = self.array(GAPS[name], head, rescaled=rescaled)  # [query, column]
            return None if rows is None else rows[:, None, :] - rows[None, :, :]  # [query, pinned, column]
        if QUANTITIES[name].scope is Scope.SETTING:
            return typical(name, self.settings.seed)  # [width, scale]
        if QUANTITIES[name].scope is Scope.LAYER:
            found = getattr(self.joined(rescaled=rescaled), name)
        elif QUANTITIES[name].scope is Scope.SOURCE:
            found = getattr(self.source, name)
        else:
            trace = self.trace(head, rescaled=rescaled)
            found = getattr(trace.weights_of if name[:2] in ("w_", "b_") else trace, name)
        return found if found is None else np.asarray(found)

    def value(self, cell: Cell) -> float:
        """The number at this address.

        Raises:
            LookupError: the source has no such quantity, or the index lies outside it.
        """
        if any(place < 0 for place in cell.index):
            raise IndexError(f"{cell.name}: {cell.index}")
        if cell.name in ("contribution", "partial"):
            trace = self.trace(cell.head, rescaled=cell.rescaled)
            rows: Array = getattr(trace, cell.name)(cell.index[0])  # [key, d_k]
            return float(rows[cell.index[1:]])
        if cell.name in GAPS:
            query, pinned, column = cell.index
            pair = (replace(cell, name=GAPS[cell.name], index=(row, column)) for row in (query, pinned))
            return self.value(next(pair)) - self.value(next(pair))
        array = self.array(cell.name, cell.head, rescaled=cell.rescaled)
        if array is None:
            raise LookupError(f"{cell.name}: this source has none")
        return float(array[cell.index])

    def derive(self, cell: Cell) -> Derivation:
        """How the number at this address is made.

        Raises:
            LookupError: as for `value`.
        """
        derive = DERIVATIONS.get(cell.name)
        if derive is None or (cell.name == "x" and self.source.embedding is None):
            return Derivation(cell, self.value(cell), Op.GIVEN)
        op, terms = derive(self, cell)
        return Derivation(cell, self.value(cell), op, terms)

    def at(self, origin: Cell, name: str, *index: int, head: int | None = None) -> Operand:
        """A cell of the same head, layer and scale as an operand."""
        cell = replace(origin, name=name, index=index, head=origin.head if head is None else head)
        return Operand(self.value(cell), cell)


Derive = Callable[[Workings, Cell], tuple[Op, tuple[Term, ...]]]
DERIVATIONS: dict[str, Derive] = {}


def derives(name: str) -> Callable[[Derive], Derive]:
    def register(derive: Derive) -> Derive:
        DERIVATIONS[name] = derive
        return derive

    return register


@derives("x")
def _x(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    return Op.SUM, ((of.at(cell, "embedding", *cell.index),), (of.at(cell, "position", *cell.index),))


def _projection(role: str) -> Derive:
    def derive(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
        token, column = cell.index
        width = of.trace(cell.head).x.shape[-1]
        terms: tuple[Term, ...] = tuple(
            (of.at(cell, "x", token, row), of.at(cell, f"w_{role}", row, column)) for row in range(width)
        )
        if of.array(f"b_{role}", cell.head) is not None:
            terms += ((of.at(cell, f"b_{role}", column),),)
        return Op.SUM, terms

    return derive


for _role in "qkv":
    DERIVATIONS[_role] = _projection(_role)


@derives("scores")
def _scores(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    query, key = cell.index
    d_k = of.trace(cell.head).d_k
    return Op.SUM, tuple((of.at(cell, "q", query, i), of.at(cell, "k", key, i)) for i in range(d_k))


def _divisor(of: Workings, cell: Cell) -> Operand:
    trace = of.trace(cell.head, rescaled=cell.rescaled)
    operand = of.at(cell, "divisor")
    return replace(operand, symbol=f"√{trace.d_k}") if trace.divisor == math.sqrt(trace.d_k) else operand


@derives("scaled")
def _scaled(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    score = of.at(cell, "scores", *cell.index)
    if not of.settings_for(cell).scale:
        return Op.SUM, ((score,),)
    return Op.QUOTIENT, ((score,), (_divisor(of, cell),))


@derives("masked")
def _masked(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    return Op.COVER, ((of.at(cell, "scaled", *cell.index),), (of.at(cell, "allowed", *cell.index),))


@derives("exp")
def _exp(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    shift = of.at(cell, "shift", cell.index[0])
    terms: tuple[Term, ...] = ((of.at(cell, "masked", *cell.index),),)
    return Op.EXP, terms + (((shift,),) if shift.value else ())


@derives("shift")
def _shift(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    row = tuple((of.at(cell, "masked", cell.index[0], key),) for key in range(len(of.source.tokens)))
    # A row of ordinary size is not shifted.
    return (Op.LARGEST, row) if of.value(cell) else (Op.GIVEN, ())


def _row_sum(name: str) -> Derive:
    def derive(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
        (query,) = cell.index
        return Op.SUM, tuple((of.at(cell, name, query, key),) for key in range(len(of.source.tokens)))

    return derive


DERIVATIONS["total"] = _row_sum("exp")
DERIVATIONS["weight_sum"] = _row_sum("weights")


@derives("weights")
def _weights(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    return Op.QUOTIENT, ((of.at(cell, "exp", *cell.index),), (of.at(cell, "total", cell.index[0]),))


@derives("headroom")
def _headroom(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    (query,) = cell.index
    largest = int(of.trace(cell.head, rescaled=cell.rescaled).weights[query].argmax())
    return Op.LESS, ((Operand(1.0),), (of.at(cell, "weights", query, largest),))


@derives("gradient")
def _gradient(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    (query,) = cell.index
    weights = [of.at(cell, "weights", query, key) for key in range(len(of.source.tokens))]
    slopes = tuple((weight, Operand(1.0 - weight.value)) for weight in weights)
    return Op.QUOTIENT, (*slopes, (_divisor(of, cell),))


@derives("dropped")
def _dropped(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    keep = of.at(cell, "keep", *cell.index)
    return Op.QUOTIENT, ((of.at(cell, "weights", *cell.index), keep), (of.at(cell, "kept_share"),))


@derives("kept_share")
def _kept_share(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    return Op.LESS, ((Operand(1.0),), (of.at(cell, "rate"),))


@derives("contribution")
def _contribution(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    query, key, column = cell.index
    return Op.SUM, ((of.at(cell, "dropped", query, key), of.at(cell, "v", key, column)),)


@derives("partial")
def _partial(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    query, last, column = cell.index
    return Op.SUM, tuple((of.at(cell, "contribution", query, key, column),) for key in range(last + 1))


@derives("context")
def _context(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    query, column = cell.index
    keys = range(len(of.source.tokens))
    return Op.SUM, tuple((of.at(cell, "dropped", query, key), of.at(cell, "v", key, column)) for key in keys)


@derives("concat")
def _concat(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    token, column = cell.index
    head, inner = divmod(column, of.trace(0).d_k)
    return Op.SUM, ((of.at(cell, "context", token, inner, head=head),),)


@derives("output")
def _output(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    token, column = cell.index
    width = of.joined().concat.shape[-1]
    terms: tuple[Term, ...] = tuple(
        (of.at(cell, "concat", token, row), of.at(cell, "w_o", row, column)) for row in range(width)
    )
    if of.joined().b_o is not None:
        terms += ((of.at(cell, "b_o", column),),)
    return Op.SUM, terms


def _gap(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    query, pinned, column = cell.index
    name = GAPS[cell.name]
    return Op.LESS, ((of.at(cell, name, query, column),), (of.at(cell, name, pinned, column),))


for _name in GAPS:
    DERIVATIONS[_name] = _gap


def _typical(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    width, scale = cell.index
    rows = random_rows(WIDTHS[width], of.settings.seed, bool(scale))[cell.name]  # [row]
    return Op.MEDIAN, tuple((Operand(float(value)),) for value in rows)


DERIVATIONS["typical_headroom"] = _typical
DERIVATIONS["typical_gradient"] = _typical
