"""The address of a number, and what it means to say where the number comes from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import overload

import numpy as np

from kitten_tui.core.ops import Array
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
            object.__setattr__(self, "layer", 0)


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
    ROOT = "root"
    """The square root of all terms added up."""
    NORM = "norm"
    """The first term less the second, over the third, times the fourth, plus the fifth."""


@dataclass(frozen=True)
class Operand:
    value: float
    cell: Cell | None = None
    """Where it lives; None for a constant."""
    symbol: str = ""
    """How a constant is written, where that says more than its digits."""


Term = tuple[Operand, ...]


@dataclass(frozen=True, eq=False)
class Factor:
    """One operand of each term of a long sum."""

    values: Array
    """[term]"""
    cell: Callable[[int], Cell | None]
    """Where the operand of a term lives."""


@dataclass(frozen=True, eq=False)
class Terms(Sequence[Term]):
    """The terms of a long sum, each made when it is asked for: in a real model there are a thousand."""

    factors: tuple[Factor, ...]
    more: tuple[Term, ...] = ()
    """What comes after them, such as a bias."""

    def __len__(self) -> int:
        return len(self.factors[0].values) + len(self.more)

    @overload
    def __getitem__(self, place: int) -> Term: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Term]: ...
    def __getitem__(self, place: int | slice) -> Term | Sequence[Term]:
        if isinstance(place, slice):
            return _Part(self, range(len(self))[place])
        long = len(self.factors[0].values)
        place = range(len(self))[place]
        if place >= long:
            return self.more[place - long]
        return tuple(Operand(float(factor.values[place]), factor.cell(place)) for factor in self.factors)

    @cached_property
    def products(self) -> Array:
        """The value of each term. [term]"""
        long = np.prod([factor.values for factor in self.factors], axis=0, dtype=np.float64)  # [term]
        return np.concatenate([long, _products(self.more)])  # [term]


@dataclass(frozen=True, eq=False)
class _Part(Sequence[Term]):
    """Some of the terms of a long sum."""

    terms: Terms
    places: range

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, place: int) -> Term: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Term]: ...
    def __getitem__(self, place: int | slice) -> Term | Sequence[Term]:
        if isinstance(place, slice):
            return _Part(self.terms, self.places[place])
        return self.terms[self.places[place]]

    @property
    def products(self) -> Array:
        return self.terms.products[self.places.start : self.places.stop : self.places.step]


def products(terms: Sequence[Term]) -> Array:
    """The value of each term: the product of its operands.  -> [term]"""
    return terms.products if isinstance(terms, (Terms, _Part)) else _products(terms)


def _products(terms: Sequence[Term]) -> Array:
    return np.array([math.prod(operand.value for operand in term) for term in terms], dtype=np.float64)


def by_size(terms: Sequence[Term]) -> list[int]:
    """The places of the terms, the largest first whatever their sign."""
    found: list[int] = np.argsort(-np.abs(products(terms)), kind="stable").tolist()
    return found


@dataclass(frozen=True)
class Derivation:
    cell: Cell
    value: float
    op: Op
    terms: Sequence[Term] = ()

    @property
    def main(self) -> Sequence[Term]:
        """The terms that make the number; the others divide, cover or shift it."""
        match self.op:
            case Op.EXP | Op.COVER | Op.NORM:
                return self.terms[:1]
            case Op.QUOTIENT:
                return self.terms[:-1]
            case _:
                return self.terms

    def recomputed(self) -> float:
        """The value, from the operands alone."""
        parts: list[float] = products(self.terms).tolist()
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
            case Op.ROOT:
                return math.sqrt(math.fsum(parts))
            case Op.NORM:
                before, mean, spread, gain, bias = parts
                return (before - mean) / spread * gain + bias
