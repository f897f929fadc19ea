"""Where the numbers around a head come from: what enters a layer, norms, rotary positions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kitten_tui.core.cell import Cell, Factor, Op, Operand, Term, Terms
from kitten_tui.core.rotary import Rotation
from kitten_tui.core.vocabulary import NORMS, QUANTITIES
from kitten_tui.core.workings import DERIVATIONS, Workings, derives

Derived = tuple[Op, Sequence[Term]]


@derives("x")
def _x(of: Workings, cell: Cell) -> Derived:
    if of.source.entry(cell.layer) is not None:
        return normed(of, cell, "x")
    if of.source.embedding is None:
        return Op.GIVEN, ()
    return Op.SUM, ((of.at(cell, "embedding", *cell.index),), (of.at(cell, "position", *cell.index),))


@derives("stream")
def _stream(of: Workings, cell: Cell) -> Derived:
    """The residual stream: what the layer before took in, and what its parts added."""
    entry = of.source.entry(cell.layer)
    assert entry is not None
    token, column = cell.index
    terms = []
    for name, back in entry.parts:
        index = (column,) if name == "segment" else (token, column)
        terms.append((of.at(cell, name, *index, back=back),))
    return Op.SUM, tuple(terms)


@derives("attended")
def _attended(of: Workings, cell: Cell) -> Derived:
    return Op.SUM, ((of.at(cell, "x", *cell.index),), (of.at(cell, "output", *cell.index),))


@derives("middle", "q_normed", "k_normed")
def _normed(of: Workings, cell: Cell) -> Derived:
    return normed(of, cell, cell.name)


def normed(of: Workings, cell: Cell, owner: str) -> Derived:
    """(before − μ) / σ · γ + β; an RMSNorm has neither μ nor β."""
    token, column = cell.index
    none = Operand(0.0)
    has_mean, has_bias = of.has(f"{owner}_mean", cell.head), of.has(f"{owner}_bias", cell.head)
    return Op.NORM, (
        (of.at(cell, NORMS[owner], token, column),),
        (of.at(cell, f"{owner}_mean", token) if has_mean else none,),
        (of.at(cell, f"{owner}_spread", token),),
        (of.at(cell, f"{owner}_gain", column),),
        (of.at(cell, f"{owner}_bias", column) if has_bias else none,),
    )


def _mean(of: Workings, cell: Cell) -> Derived:
    before = of.along(cell, NORMS[_owner(cell)], cell.index[0], None)
    return Op.QUOTIENT, Terms((before,), ((Operand(float(len(before.values))),),))


def _centred(of: Workings, cell: Cell) -> Derived:
    owner = _owner(cell)
    return Op.LESS, (
        (of.at(cell, NORMS[owner], *cell.index),),
        (of.at(cell, f"{owner}_mean", cell.index[0]),),
    )


def _variance(of: Workings, cell: Cell) -> Derived:
    owner = _owner(cell)
    one = of.along(
        cell, f"{owner}_centred" if of.has(f"{owner}_mean", cell.head) else NORMS[owner], cell.index[0], None
    )
    return Op.QUOTIENT, Terms((one, one), ((Operand(float(len(one.values))),),))


def _spread(of: Workings, cell: Cell) -> Derived:
    owner = _owner(cell)
    eps = of.epsilon(owner, cell.head)
    return Op.ROOT, ((of.at(cell, f"{owner}_variance", cell.index[0]),), (Operand(eps, symbol=f"{eps:g}"),))


def _owner(cell: Cell) -> str:
    return cell.name.rpartition("_")[0]


for _name in NORMS:
    for _part, _derive in (("mean", _mean), ("centred", _centred), ("variance", _variance), ("spread", _spread)):
        if f"{_name}_{_part}" in QUANTITIES:
            DERIVATIONS[f"{_name}_{_part}"] = _derive


def rotated(of: Workings, cell: Cell, rotation: Rotation) -> Derived:
    """Each dimension with its partner half a width away, by the cosine and the sine of the angle of their pair."""
    token, column = cell.index
    name = cell.name + ("_normed" if of.array(f"{cell.name}_normed", cell.head) is not None else "_projected")
    one = of.at(cell, name, token, column)
    if column >= rotation.width:
        return Op.SUM, ((one,),)
    half = rotation.width // 2
    first = column < half
    other = of.at(cell, name, token, column + half if first else column - half)
    angle = rotation.angle(token, column)
    scale = "" if rotation.factor == 1.0 else f"{rotation.factor:.3g} "
    sign, minus = (-1.0, "-") if first else (1.0, "")
    cos = Operand(rotation.factor * math.cos(angle), symbol=f"{scale}cos {angle:.3g}")
    sin = Operand(sign * rotation.factor * math.sin(angle), symbol=f"{minus}{scale}sin {angle:.3g}")
    return Op.SUM, ((cos, one), (sin, other))


@derives("probability")
def _probability(of: Workings, cell: Cell) -> Derived:
    total = of.source.continuation(cell.index[0]).total
    return Op.EXP, ((of.at(cell, "logit", *cell.index),), (Operand(total),))


@derives("logit")
def _logit(of: Workings, cell: Cell) -> Derived:
    """The last vector and the token's row of the output head: neither is shown, so their numbers have no address."""
    token, rank = cell.index
    found = of.source.continuation(token)
    return Op.SUM, Terms((Factor(found.last, lambda _: None), Factor(found.rows[rank], lambda _: None)))
