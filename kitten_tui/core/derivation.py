"""Where a number comes from: its operands, the operation, the result, and where each operand lives.

Every quantity has one derivation here; the screen, the plain text and the tests ask it and keep no copy of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from kitten_tui.core.experiment import ROWS, WIDTHS, random_rows
from kitten_tui.core.ops import Array
from kitten_tui.core.trace import Joined, Settings, Source, Trace
from kitten_tui.core.vocabulary import QUANTITIES, Scope


@dataclass(frozen=True)
class Cell:
    """The address of one number; indices count from 0 along the axes of its quantity."""

    name: str
    index: tuple[int, ...]
    head: int = 0
    layer: int = 0
    rescaled: bool = False
    """Whether it is taken from the comparison: the same head with the scale switched the other way."""

    def __post_init__(self) -> None:
        """What heads share, and what no scale reaches, has one address and not several."""
        scope = QUANTITIES[self.name].scope if self.name in QUANTITIES else Scope.HEAD
        if scope is not Scope.HEAD:
            object.__setattr__(self, "head", 0)
        if scope in (Scope.SOURCE, Scope.SETTING):
            object.__setattr__(self, "rescaled", False)


class Op(Enum):
    """What is done with the terms; a term is a product of operands."""

    GIVEN = "given"
    """Nothing: the number is an input."""
    SUM = "sum"
    """All terms added up."""
    QUOTIENT = "quotient"
    """All terms but the last added up, divided by the last; nothing divided by nothing is 0."""
    EXP = "exp"
    """e to the power of the first term less the second, if there is one."""
    COVER = "cover"
    """The first term where the second is 1; −∞ where it is 0."""
    LESS = "less"
    """The first term less the second."""
    LARGEST = "largest"
    """The largest of the terms."""
    MEDIAN = "median"
    """The term in the middle, of an odd number of them."""


@dataclass(frozen=True)
class Operand:
    value: float
    cell: Cell | None = None
    """Where it lives; None for a constant."""
    symbol: str = ""
    """How a constant is written, where that says more than its digits."""


Term = tuple[Operand, ...]


@dataclass(frozen=True)
class Derivation:
    cell: Cell
    value: float
    op: Op
    terms: tuple[Term, ...] = ()

    def recomputed(self) -> float:
        """The value, from the operands alone."""
        parts = [math.prod(operand.value for operand in term) for term in self.terms]
        match self.op:
            case Op.GIVEN:
                return self.value
            case Op.SUM:
                return math.fsum(parts)
            case Op.QUOTIENT:
                return math.fsum(parts[:-1]) / parts[-1] if parts[-1] else 0.0
            case Op.EXP:
                return math.exp(parts[0] - math.fsum(parts[1:]))
            case Op.COVER:
                return parts[0] if parts[1] else -math.inf
            case Op.LESS:
                return parts[0] - parts[1]
            case Op.LARGEST:
                return max(parts)
            case Op.MEDIAN:
                return sorted(parts)[len(parts) // 2]


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

    def _settings(self, rescaled: bool) -> Settings:
        return replace(self.settings, scale=not self.settings.scale) if rescaled else self.settings

    def array(self, name: str, head: int = 0, *, rescaled: bool = False) -> Array | None:
        """The array of a quantity, None where the source has none; axes as in the vocabulary.

        contribution and partial are made a query at a time and have no array: see Trace.
        """
        if QUANTITIES[name].scope is Scope.SETTING:
            rows = [[random_rows(d_k, self.settings.seed, scale)[name] for scale in (False, True)] for d_k in WIDTHS]
            # Of an odd number; np.median would cost an import that is felt at the first key.
            return np.sort(rows, axis=-1)[..., ROWS // 2]  # [width, scale]
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
        if cell.name in ("contribution", "partial"):
            trace = self.trace(cell.head, rescaled=cell.rescaled)
            rows: Array = getattr(trace, cell.name)(cell.index[0])  # [key, d_k]
            return float(rows[cell.index[1:]])
        array = self.array(cell.name, cell.head, rescaled=cell.rescaled)
        if array is None:
            raise LookupError(f"{cell.name}: this source has none")
        if any(place < 0 for place in cell.index):
            raise IndexError(f"{cell.name}: {cell.index}")
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
    return Op.QUOTIENT, ((of.at(cell, "scores", *cell.index),), (_divisor(of, cell),))


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


def _typical(of: Workings, cell: Cell) -> tuple[Op, tuple[Term, ...]]:
    width, scale = cell.index
    rows = random_rows(WIDTHS[width], of.settings.seed, bool(scale))[cell.name]  # [row]
    return Op.MEDIAN, tuple((Operand(float(value)),) for value in rows)


DERIVATIONS["typical_headroom"] = _typical
DERIVATIONS["typical_gradient"] = _typical
