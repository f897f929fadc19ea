"""Where a number of a head comes from: its operands, the operation, the result, and where each operand lives.

Every quantity has one derivation here or in `stream`; the screen, the plain text and the tests ask it and keep no copy
of their own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from kitten_tui.core import stream
from kitten_tui.core.cell import Cell, Derivation, Factor, Op, Operand, Term, Terms, by_size, products
from kitten_tui.core.experiment import WIDTHS, random_rows
from kitten_tui.core.vocabulary import GAPS
from kitten_tui.core.workings import DERIVATIONS, Derive, Workings, derives

__all__ = ["Cell", "Derivation", "Op", "Operand", "Term", "Terms", "Workings", "by_size", "products"]

Derived = tuple[Op, Sequence[Term]]


@derives("q_projected", "k_projected", "v")
def _projection(of: Workings, cell: Cell) -> Derived:
    token, column = cell.index
    role = cell.name[0]
    bias = of.array(f"b_{role}", cell.head)
    more = () if bias is None else ((of.at(cell, f"b_{role}", column),),)
    return Op.SUM, Terms((of.along(cell, "x", token, None), of.along(cell, f"w_{role}", None, column)), more)


@derives("q", "k")
def _q(of: Workings, cell: Cell) -> Derived:
    """The projection itself, or what its norm and its rotation make of it."""
    rotation = of.trace(cell.head).projected.rotation
    if rotation is not None:
        return stream.rotated(of, cell, rotation)
    if of.array(f"{cell.name}_projected", cell.head) is not None:
        return stream.normed(of, cell, f"{cell.name}_normed")
    return _projection(of, cell)


@derives("scores")
def _scores(of: Workings, cell: Cell) -> Derived:
    query, key = cell.index
    return Op.SUM, Terms((of.along(cell, "q", query, None), of.along(cell, "k", key, None)))


def _divisor(of: Workings, cell: Cell) -> Operand:
    d_k = of.trace(cell.head).d_k
    operand = of.at(cell, "divisor")
    return replace(operand, symbol=f"√{d_k}") if operand.value == math.sqrt(d_k) else operand


@derives("scaled")
def _scaled(of: Workings, cell: Cell) -> Derived:
    score = of.at(cell, "scores", *cell.index)
    if not of.settings_for(cell).scale:
        return Op.SUM, ((score,),)
    return Op.QUOTIENT, ((score,), (_divisor(of, cell),))


@derives("masked")
def _masked(of: Workings, cell: Cell) -> Derived:
    return Op.COVER, ((of.at(cell, "scaled", *cell.index),), (of.at(cell, "allowed", *cell.index),))


@derives("exp")
def _exp(of: Workings, cell: Cell) -> Derived:
    shift = of.at(cell, "shift", cell.index[0])
    terms: tuple[Term, ...] = ((of.at(cell, "masked", *cell.index),),)
    return Op.EXP, terms + (((shift,),) if shift.value else ())


@derives("shift")
def _shift(of: Workings, cell: Cell) -> Derived:
    # A row of ordinary size is not shifted.
    return (Op.LARGEST, Terms((of.along(cell, "masked", cell.index[0], None),))) if of.value(cell) else (Op.GIVEN, ())


def _row_sum(name: str) -> Derive:
    def derive(of: Workings, cell: Cell) -> Derived:
        return Op.SUM, Terms((of.along(cell, name, cell.index[0], None),))

    return derive


DERIVATIONS["total"] = _row_sum("exp")
DERIVATIONS["weight_sum"] = _row_sum("weights")


@derives("weights")
def _weights(of: Workings, cell: Cell) -> Derived:
    return Op.QUOTIENT, ((of.at(cell, "exp", *cell.index),), (of.at(cell, "total", cell.index[0]),))


@derives("headroom")
def _headroom(of: Workings, cell: Cell) -> Derived:
    (query,) = cell.index
    largest = int(of.along(cell, "weights", query, None).values.argmax())
    return Op.LESS, ((Operand(1.0),), (of.at(cell, "weights", query, largest),))


@derives("gradient")
def _gradient(of: Workings, cell: Cell) -> Derived:
    (query,) = cell.index
    weights = of.along(cell, "weights", query, None)
    rest = Factor(1.0 - weights.values, lambda key: None)
    return Op.QUOTIENT, Terms((weights, rest), ((_divisor(of, cell),),))


@derives("dropped")
def _dropped(of: Workings, cell: Cell) -> Derived:
    keep = of.at(cell, "keep", *cell.index)
    return Op.QUOTIENT, ((of.at(cell, "weights", *cell.index), keep), (of.at(cell, "kept_share"),))


@derives("kept_share")
def _kept_share(of: Workings, cell: Cell) -> Derived:
    return Op.LESS, ((Operand(1.0),), (of.at(cell, "rate"),))


@derives("contribution")
def _contribution(of: Workings, cell: Cell) -> Derived:
    query, key, column = cell.index
    return Op.SUM, ((of.at(cell, "dropped", query, key), of.at(cell, "v", key, column)),)


@derives("partial")
def _partial(of: Workings, cell: Cell) -> Derived:
    query, last, column = cell.index
    return Op.SUM, Terms((of.along(cell, "contribution", query, None, column),))[: last + 1]


@derives("context")
def _context(of: Workings, cell: Cell) -> Derived:
    query, column = cell.index
    return Op.SUM, Terms((of.along(cell, "dropped", query, None), of.along(cell, "v", None, column)))


@derives("concat")
def _concat(of: Workings, cell: Cell) -> Derived:
    token, column = cell.index
    head, inner = divmod(column, of.trace(0).d_k)
    return Op.SUM, ((of.at(cell, "context", token, inner, head=head),),)


@derives("output")
def _output(of: Workings, cell: Cell) -> Derived:
    token, column = cell.index
    more = () if of.joined().b_o is None else ((of.at(cell, "b_o", column),),)
    return Op.SUM, Terms((of.along(cell, "concat", token, None), of.along(cell, "w_o", None, column)), more)


def _gap(of: Workings, cell: Cell) -> Derived:
    query, pinned, column = cell.index
    name = GAPS[cell.name]
    return Op.LESS, ((of.at(cell, name, query, column),), (of.at(cell, name, pinned, column),))


for _name in GAPS:
    DERIVATIONS[_name] = _gap


def _typical(of: Workings, cell: Cell) -> Derived:
    width, scale = cell.index
    rows = random_rows(WIDTHS[width], of.settings.seed, bool(scale))[cell.name]  # [row]
    return Op.MEDIAN, tuple((Operand(float(value)),) for value in rows)


DERIVATIONS["typical_headroom"] = _typical
DERIVATIONS["typical_gradient"] = _typical
