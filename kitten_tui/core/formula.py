"""The language of formulas: products of quantities by their indices, added up, and what is done with the sums.

    x[token,*] w_q[*,d_k] + b_q?[d_k]       a product is summed over *; what has a ? is left out where there is none
    exp[query,key] / total[query]           nothing divided by nothing is 0
    scaled[query,key] where allowed[query,key]     −∞ elsewhere
    e^(masked[query,key] − shift[query])    √( … )   −ln( … )   shift( … )   median( … )
    a − b   (a − b) / c × d + e   a / c × d
    −a[query,*] b[query,*] /c[query] + d[query]    a product may be taken off, and divided by some of its factors
    cap tanh(scaled[query,key] / cap)       between −cap and cap, and hardly changed where it is small

An index is an axis of the result, or
    *       every place, added up, or chosen from by what stands around it
    ≤key    every place up to that one
    max     the place of the largest
    ~d_k    the dimension that a rotation mixes with that one
    @d_k    the place that this dimension of this head has where all heads stand side by side
    #token  of all heads, the head and the token that stand here where their rows, one token's after the other's, are
            cut into heads without being turned round
A name may say where the quantity is looked up: `before.mlp` is of the layer before, `after.grad(stream)` of the one
after; `heads.context[token,concat]` is of all heads side by side, `heads.through(x)[*,token,d_model]`, with an index
more, of each of them. A name may have another one in it: `grad(x)`. `count` is how many terms a * has, `count[d_model]`
how many places that axis has; a number is itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Op(Enum):
    """What is done with the parts of a formula; a part is a product of operands, with * a sum of products."""

    GIVEN = "given"
    """Nothing: the number is an input."""
    SUM = "sum"
    """All parts added up."""
    QUOTIENT = "quotient"
    """All parts but the last added up, divided by the last; nothing divided by nothing is 0."""
    EXP = "exp"
    """e to the power of the first part less the second."""
    WHERE = "where"
    """The first part where the second is 1; −∞ where it is 0."""
    LESS = "less"
    """The first part less the second."""
    SHIFT = "shift"
    """The largest of the terms where it is far from 0; else 0."""
    MEDIAN = "median"
    """The term in the middle, of an odd number of them."""
    SURPRISE = "surprise"
    """Minus the logarithm of all parts added up, e being its base."""
    ROOT = "root"
    """The square root of all parts added up."""
    CAP = "cap"
    """The tangent of the first part over the second, times the second."""
    NORM = "norm"
    """The first part less the second, over the third, times the fourth, plus the fifth."""


@dataclass(frozen=True)
class Ref:
    """A quantity in a formula, with what stands at each of its indices."""

    name: str
    labels: tuple[str, ...] = ()
    optional: bool = False
    where: str = ""
    """Empty for the same head and layer; "before", "after" or "heads"."""
    below: bool = False
    """Whether the product is divided by it."""


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Count:
    """How many terms the sum has that is divided by it, or how many places an axis has."""

    axis: str = ""
    below: bool = False


Factor = Ref | Number | Count
Part = tuple[Factor, ...]


@dataclass(frozen=True)
class Formula:
    op: Op
    parts: tuple[Part, ...]

    @property
    def refs(self) -> Iterator[Ref]:
        """The quantities in it, in the order in which they are written."""
        return (factor for part in self.parts for factor in part if isinstance(factor, Ref))


_REF = re.compile(r"(/?)(?:(before|after|heads)\.)?([a-z]\w*(?:\([a-z]\w*\))?)(\??)(?:\[([^\]\s]*)\])?")
_CALL = re.compile(r"(e\^|√|−ln|shift|median)\((.*)\)")
_NORM = re.compile(r"(?:\((.*) − (.*)\)|(.*)) / (.*) × (.*?)(?: \+ (.*))?")
_CAP = re.compile(r"(\w+) tanh\((.*) / \1\)")
_CALLS = {"√": Op.ROOT, "−ln": Op.SURPRISE, "shift": Op.SHIFT, "median": Op.MEDIAN}


def read(line: str) -> Formula:
    """A line as a formula.

    Raises:
        ValueError: it is none; the message holds the part that is not understood.
    """
    if call := _CALL.fullmatch(line):
        name, inside = call.groups()
        if name == "e^":
            return Formula(Op.EXP, _parts(inside, " − "))
        return Formula(_CALLS[name], _parts(inside, " + "))
    if cap := _CAP.fullmatch(line):
        return Formula(Op.CAP, (_part(cap[2]), _part(cap[1])))
    if norm := _NORM.fullmatch(line):
        centred, mean, before, spread, gain, bias = norm.groups()
        return Formula(Op.NORM, tuple(_part(text or "0") for text in (centred or before, mean, spread, gain, bias)))
    if " where " in line:
        return Formula(Op.WHERE, _parts(line, " where "))
    above, over, below = line.partition(" / ")
    if over:
        return Formula(Op.QUOTIENT, (*_parts(above, " + "), _part(below)))
    if " − " in line:
        return Formula(Op.LESS, _parts(line, " − "))
    return Formula(Op.SUM, _parts(line, " + "))


def _parts(text: str, sign: str) -> tuple[Part, ...]:
    return tuple(_part(part) for part in text.split(sign))


def _part(text: str) -> Part:
    if text.startswith("−"):
        first, *others = _part(text[1:])
        return (Number(-first.value), *others) if isinstance(first, Number) else (Number(-1.0), first, *others)
    return tuple(_factor(word) for word in text.split() or [text])


def _factor(word: str) -> Factor:
    if word.replace(".", "", 1).isdigit():
        return Number(float(word))
    ref = _REF.fullmatch(word)
    if ref is None:
        raise ValueError(f"expected a quantity such as q[query,*], found {word!r}")
    below, where, name, optional, labels = ref.groups()
    if name == "count":
        return Count(labels or "", bool(below))
    return Ref(name, tuple(labels.split(",")) if labels else (), bool(optional), where or "", bool(below))
