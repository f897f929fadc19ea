"""What a quantity is: a name, a symbol, axes, and the one line that makes it from others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from kitten_tui.core.formula import Formula, read

LOSS = "loss"
"""What the number is called that training makes small."""


def grad(name: str) -> str:
    """What the gradient of the loss by a quantity is called."""
    return f"grad({name})"


class Scope(Enum):
    """What a quantity belongs to."""

    SOURCE = "source"
    SHARED = "shared"
    """The same in all heads of a layer."""
    HEAD = "head"
    LAYER = "layer"
    SETTING = "setting"
    """Of no layer and no head: the experiment beside the lesson, and what comes after the last layer."""
    CONSTANT = "constant"
    """A number without a place of its own: nothing shows it, and it is written where it is used."""


@dataclass(frozen=True)
class Quantity:
    """A line of a chain."""

    name: str
    symbol: str
    """As the article writes it."""
    axes: tuple[str, ...]
    """What its indices count: token, query, key, d_model, d_k, concat …"""
    line: str = ""
    """The formula as it is written; empty where the quantity can only be given."""
    scope: Scope = Scope.HEAD
    step: bool = False
    """Whether it is a step of the lesson itself, which the JSON of a head holds, and not a number on the way."""
    truth: bool = False
    """Whether it is yes or no, so that nothing has a derivative by it."""
    opaque: tuple[str, ...] = ()
    """What it is computed from, where that is done by something that is not taken apart."""
    of: str = ""
    """The quantity that it says something about, such as a gradient: it is there where that one is."""
    earlier: str = ""
    """In a training: the quantity that this number was at the step before, where that step made it."""

    @cached_property
    def formula(self) -> Formula | None:
        """The line, read when it is first needed.

        Raises:
            ValueError: the line is no formula.
        """
        return read(self.line) if self.line else None


def quantity(
    name: str,
    symbol: str,
    axes: str,
    line: str = "",
    scope: Scope = Scope.HEAD,
    *,
    step: bool = False,
    truth: bool = False,
    opaque: tuple[str, ...] = (),
    of: str = "",
) -> Quantity:
    """A line of a chain, its axes written with spaces between them."""
    return Quantity(name, symbol, tuple(axes.split()), line, scope, step, truth, opaque, of)
