"""What a derivation says of its number, for everything that a line may do with its parts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from kitten_tui.core.cell import Cell, Derivation, Operand, Term
from kitten_tui.core.formula import Op

TERMS = {
    Op.SUM: 3,
    Op.QUOTIENT: 3,
    Op.EXP: 2,
    Op.LESS: 2,
    Op.SHIFT: 4,
    Op.MEDIAN: 5,
    Op.SURPRISE: 2,
    Op.ROOT: 2,
    Op.CAP: 2,
    Op.NORM: 5,
}
"""How many parts each takes here."""
H = 1e-6


def derivation(op: Op, seed: int) -> Derivation:
    """Each part a product of two operands, the second of which may divide."""
    draw = np.random.default_rng(seed)

    def operand(*, below: bool = False) -> Operand:
        return Operand(float(draw.uniform(0.5, 2.0)), Cell("x", ()), below=below)

    terms = tuple((operand(), operand(below=bool(place % 2))) for place in range(TERMS[op]))
    unnamed = Derivation(Cell("y", ()), math.nan, op, terms)
    return replace(unnamed, value=unnamed.recomputed())


def changed(of: Derivation, place: int, at: int, by: float) -> float:
    terms: list[Term] = list(of.terms)
    term = list(terms[place])
    term[at] = replace(term[at], value=term[at].value + by)
    terms[place] = tuple(term)
    return replace(of, terms=tuple(terms)).recomputed()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("op", TERMS)
def test_each_slope_is_how_much_the_number_changes_with_the_operand(op: Op, seed: int) -> None:
    of = derivation(op, seed)
    for place, slopes in enumerate(of.slopes()):
        for at, slope in enumerate(slopes):
            measured = (changed(of, place, at, H) - changed(of, place, at, -H)) / (2.0 * H)
            assert slope == pytest.approx(measured, rel=1e-6, abs=1e-8), (op, place, at)


@pytest.mark.parametrize("x", [-40.0, -1.0, 0.0, 0.3, 25.0])
def test_a_cap_bends_a_number_and_is_never_passed(x: float) -> None:
    """c tanh(x / c): nearly x where that is small, nearly c where it is large."""
    capped = Derivation(Cell("y", ()), 0.0, Op.CAP, ((Operand(x),), (Operand(10.0),))).recomputed()
    assert capped == pytest.approx(10.0 * math.tanh(x / 10.0))
    assert abs(capped) <= min(abs(x), 10.0)
