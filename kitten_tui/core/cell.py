"""The address of a number, and what it means to say where the number comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

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
