"""The address of a number, and what it means to say where the number comes from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.formula import Op
from kitten_tui.core.products import inverse


@dataclass(frozen=True)
class Cell:
    """The address of one number; indices count from 0 along the axes of its quantity.

    What heads share has one address and not several: see `Workings.address`.
    """

    name: str
    index: tuple[int, ...]
    head: int = 0
    layer: int = 0
    rescaled: bool = False
    """Whether it is taken from the comparison: the same head with the scale switched the other way."""
    step: int | None = None
    """The step of a training that it is looked up at; None is the one that is looked at."""


@dataclass(frozen=True)
class Operand:
    value: float
    cell: Cell | None = None
    """Where it lives; None for a constant."""
    symbol: str | None = ""
    """How it is written, where that says more than its digits; None for a constant that is not worth writing."""
    truth: bool = False
    """Whether it is yes or no."""
    below: bool = False
    """Whether the product is divided by it."""

    @property
    def factor(self) -> float:
        """What the product is multiplied by; nothing divided by nothing is 0."""
        if not self.below:
            return self.value
        return 1.0 / self.value if self.value else 0.0


Term = tuple[Operand, ...]


@dataclass(frozen=True, eq=False)
class Operands:
    """One operand of each term of a long sum."""

    values: Array
    """[term]"""
    cell: Callable[[int], Cell | None]
    """Where the operand of a term lives."""
    symbol: str | None = ""
    truth: bool = False
    below: bool = False

    def operand(self, place: int) -> Operand:
        return Operand(float(self.values[place]), self.cell(place), self.symbol, self.truth, self.below)

    @property
    def factors(self) -> Array:
        """What the products are multiplied by. [term]"""
        return np.asarray(inverse(self.values)) if self.below else self.values


@dataclass(frozen=True, eq=False)
class Terms(Sequence[Term]):
    """The terms of long sums, each made when it is asked for: in a real model there are a thousand."""

    sums: tuple[tuple[Operands, ...], ...]
    """One after another, each with the operands of its terms."""
    more: tuple[Term, ...] = ()
    """What comes after them, such as a bias."""

    def __len__(self) -> int:
        return self.long + len(self.more)

    @cached_property
    def long(self) -> int:
        """How many terms the long sums have."""
        return sum(len(factors[0].values) for factors in self.sums)

    @overload
    def __getitem__(self, place: int) -> Term: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Term]: ...
    def __getitem__(self, place: int | slice) -> Term | Sequence[Term]:
        if isinstance(place, slice):
            places = range(len(self))[place]
            if places.step == 1 and places.start == 0 and places.stop >= self.long:
                return Terms(self.sums, self.more[: places.stop - self.long])
            return tuple(self[at] for at in places)
        place = range(len(self))[place]
        if place >= self.long:
            return self.more[place - self.long]
        for factors in self.sums:
            if place < len(factors[0].values):
                break
            place -= len(factors[0].values)
        return tuple(factor.operand(place) for factor in factors)

    @cached_property
    def products(self) -> Array:
        """The value of each term. [term]"""
        long = [np.prod([one.factors for one in factors], axis=0, dtype=np.float64) for factors in self.sums]
        return np.concatenate([*long, _products(self.more)])  # [term]


def products(terms: Sequence[Term]) -> Array:
    """The value of each term: the product of its operands.  -> [term]"""
    return terms.products if isinstance(terms, Terms) else _products(terms)


def _products(terms: Sequence[Term]) -> Array:
    return np.array([math.prod(operand.factor for operand in term) for term in terms], dtype=np.float64)


def _answers(operand: Operand) -> float:
    """The derivative of what a product is multiplied by, by the operand."""
    return -(operand.factor**2) if operand.below else 1.0


def by_size(terms: Sequence[Term]) -> list[int]:
    """The places of the terms, the largest first whatever their sign."""
    order: list[int] = np.argsort(-np.abs(products(terms)), kind="stable").tolist()
    return order


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
            case Op.EXP | Op.WHERE | Op.NORM | Op.CAP:
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
            case Op.WHERE:
                return parts[0] if parts[1] else -math.inf
            case Op.LESS:
                return parts[0] - parts[1]
            case Op.SHIFT:
                return max(parts)
            case Op.MEDIAN:
                return sorted(parts)[len(parts) // 2]
            case Op.SURPRISE:
                return -math.log(math.fsum(parts))
            case Op.ROOT:
                return math.sqrt(math.fsum(parts))
            case Op.CAP:
                return math.tanh(parts[0] / parts[1]) * parts[1]
            case Op.NORM:
                before, mean, spread, gain, bias = parts
                return (before - mean) / spread * gain + bias

    def slopes(self) -> list[tuple[float, ...]]:
        """The derivative of the number by each operand of each term, nan where it is not finite.

        An operand that is yes or no has none; its slope here is what the formula would have.
        """
        values: list[float] = products(self.terms).tolist()
        return [
            tuple(
                slope * math.prod(_answers(other) if at == place else other.factor for at, other in enumerate(term))
                for place in range(len(term))
            )
            for slope, term in zip(self._outer_slopes(values), self.terms, strict=True)
        ]

    def _outer_slopes(self, values: list[float]) -> list[float]:
        """The derivative of the number by each whole term."""
        count = len(values)
        match self.op:
            case Op.GIVEN:
                return []
            case Op.SUM:
                return [1.0] * count
            case Op.QUOTIENT:
                below = values[-1]
                return [1.0 / below] * (count - 1) + [-self.value / below] if below else [math.nan] * count
            case Op.EXP:
                return [self.value, -self.value][:count]
            case Op.WHERE:
                return [1.0 if values[1] else 0.0, math.nan]
            case Op.LESS:
                return [1.0, -1.0]
            case Op.SHIFT | Op.MEDIAN:
                # A number that several terms share would belong to each of them, and has no one derivative.
                alike = values.count(self.value)
                return [(1.0 if alike == 1 else math.nan) if value == self.value else 0.0 for value in values]
            case Op.SURPRISE:
                whole = math.fsum(values)
                return [-1.0 / whole if whole else math.nan] * count
            case Op.ROOT:
                return [0.5 / self.value if self.value else math.nan] * count
            case Op.CAP:
                share = values[0] / values[1]
                steepness = 1.0 - math.tanh(share) ** 2
                return [steepness, math.tanh(share) - share * steepness]
            case Op.NORM:
                before, mean, spread, gain, _ = values
                return [
                    gain / spread,
                    -gain / spread,
                    -(before - mean) * gain / spread**2,
                    (before - mean) / spread,
                    1.0,
                ]
