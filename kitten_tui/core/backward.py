"""The backward pass: for every quantity that leads to the loss a line that says how the loss changes with it.

A sum of products differentiates into sums of products, so the line of a gradient is made from the lines of those that
use the quantity: the gradient of the user, times what the quantity is multiplied by there, added up over all users
(Rumelhart, Hinton and Williams, 1986). It is a line like any other, and answers the same five questions.

    grad(weights)   grad(dropped)[query,key] keep[query,key] / kept_share
    grad(total)     −grad(weights)[query,*] weights[query,*] / total[query]
    grad(w_q)       grad(q)[*,d_k] x[*,d_model]

What is not taken apart (a feed-forward network) has to give what comes back through it, `through(mlp)`; where nobody
gives it, no gradient before it is there.

What heads share has a part of its gradient from each of them, `through(x)`. What a layer leaves is used by the next
one: its gradient begins with `after.grad(stream)`. The gradient of the loss by itself is 1, and left out of products.

No gradient have: what is yes or no; a single number, which is set and not learned; and the shift of a softmax, which
is the same whatever is taken off all of its row, so that what comes back along the shift adds up to nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from kitten_tui.core.chain import Chain
from kitten_tui.core.formula import Count, Factor, Formula, Number, Op, Part, Ref
from kitten_tui.core.products import STAR
from kitten_tui.core.quantity import LOSS, Quantity, Scope, grad, quantity

SHARED = (Scope.SOURCE, Scope.SHARED)
"""What all heads of a layer have in common."""
MINUS = Number(-1.0)


def through(name: str) -> str:
    """What the part of it is called that comes back through one head."""
    return f"through({name})"


def symbol_of(of: Quantity) -> str:
    return f"∂L/∂({of.symbol})" if " " in of.symbol else f"∂L/∂{of.symbol}"


def backward(chain: Chain, after: Chain | None = None) -> Chain:
    """The chain with the lines of its backward pass, the loss first; unchanged where nothing leads to a loss.

    `after` is that of the next layer, with its own backward pass.

    Raises:
        ValueError: a line is of a kind that has no gradient of one line.
    """
    lines = _Backward(chain, after)
    return Chain((*chain.values(), *(line for name in reversed([*chain]) for line in lines.of(name))))


def backward_through(chains: tuple[Chain, ...]) -> tuple[Chain, ...]:
    """The same for the chains of all layers, the last of which has the loss."""
    finished: list[Chain] = []
    for chain in reversed(chains):
        finished.insert(0, backward(chain, finished[0] if finished else None))
    return tuple(finished)


@dataclass(frozen=True)
class _Use:
    """One place where a quantity stands in the line of another."""

    user: Quantity
    part: int
    at: int
    ref: Ref
    after: bool = False
    """Whether the user is of the next layer."""


class _Backward:
    """The lines of gradients of one layer."""

    def __init__(self, chain: Chain, after: Chain | None) -> None:
        self.chain = chain
        self.after = after

    def of(self, name: str) -> Iterator[Quantity]:
        """The lines for a quantity; none where it has no gradient."""
        if name not in self._felt:
            return
        about = self.chain[name]
        here, in_heads = Counter[Part](), Counter[Part]()
        for use in self._uses(name):
            of_head = use.user.scope is Scope.HEAD and about.scope in SHARED
            (in_heads if of_head else here).update(_slopes(use, about))
        if in_heads:
            symbol = f"{symbol_of(about)} in head"
            yield quantity(through(name), symbol, " ".join(about.axes), _written(in_heads), of=name)
            here[(Ref(through(name), (STAR, *about.axes), where="heads"),)] += 1
        for name_ in self._opaque(name):
            here[(Ref(through(name_), about.axes),)] += 1
        if about.opaque:
            symbol = f"{symbol_of(about)} in it"
            yield Quantity(through(name), symbol, about.axes, scope=about.scope, opaque=(grad(name),), of=name)
        scope = Scope.LAYER if about.scope in SHARED else about.scope
        yield quantity(grad(name), symbol_of(about), " ".join(about.axes), _written(here), scope, of=name)

    @cached_property
    def _felt(self) -> set[str]:
        """What leads to the loss and has a gradient."""
        felt: dict[str, bool] = {}

        def leads(name: str) -> bool:
            if name not in felt:
                uses = self._all_uses.get(name, ())
                felt[name] = not _silent(self.chain[name]) and (
                    any(use.after or use.user.name == LOSS or leads(use.user.name) for use in uses)
                    or any(leads(user.name) for user in self.chain.values() if name in user.opaque)
                )
            return felt[name]

        return {name for name in self.chain if leads(name)}

    def _uses(self, name: str) -> Iterator[_Use]:
        uses = self._all_uses.get(name, ())
        return (use for use in uses if use.after or use.user.name == LOSS or use.user.name in self._felt)

    def _opaque(self, name: str) -> Iterator[str]:
        """What takes the quantity in and is not taken apart."""
        return (user.name for user in self.chain.values() if name in user.opaque and user.name in self._felt)

    @cached_property
    def _all_uses(self) -> Mapping[str, list[_Use]]:
        uses: dict[str, list[_Use]] = {}
        for user in self.chain.values():
            for use in _places(user, ("", "heads")):
                uses.setdefault(use.ref.name, []).append(use)
        for user in () if self.after is None else self.after.values():
            if grad(user.name) in (self.after or {}):
                for use in _places(user, ("before",)):
                    uses.setdefault(use.ref.name, []).append(replace(use, after=True))
        return uses


def _silent(about: Quantity) -> bool:
    """Whether it has no gradient, whatever it leads to."""
    op = None if about.formula is None else about.formula.op
    set_ = not about.axes or about.scope in (Scope.CONSTANT, Scope.SETTING)
    return about.truth or set_ or op in (Op.SHIFT, Op.MEDIAN)


def _places(user: Quantity, where: tuple[str, ...]) -> Iterator[_Use]:
    for number, part in enumerate(user.formula.parts if user.formula else ()):
        for at, factor in enumerate(part):
            if isinstance(factor, Ref) and factor.where in where:
                yield _Use(user, number, at, factor)


def _slopes(use: _Use, about: Quantity) -> Iterator[Part]:
    """The products that one use adds to a gradient, with the indices of the quantity."""
    formula = use.user.formula
    assert formula is not None
    others = (*formula.parts[use.part][: use.at], *formula.parts[use.part][use.at + 1 :])
    above = () if use.user.name == LOSS else (Ref(grad(use.user.name), use.user.axes),)
    for outer in _outer(use, formula):
        whole = (*above, *others, *outer)
        if any(isinstance(factor, Number) and factor.value == 0.0 for factor in whole):
            continue
        yield _Places(use, about).put(whole)


def _outer(use: _Use, formula: Formula) -> Iterator[Part]:
    """The derivative of a number by one of the parts of its line, as products, with the indices of that line."""
    parts, own = formula.parts, Ref(use.user.name, use.user.axes)
    last = use.part == len(parts) - 1
    if use.ref.below:
        raise ValueError(f"{use.user.name}: {use.ref.name}: no gradient is made of what a product is divided by")
    match formula.op:
        case Op.SUM:
            yield ()
        case Op.QUOTIENT if last:
            yield (MINUS, own, *_below(parts[-1]))
        case Op.QUOTIENT:
            yield _below(parts[-1])
        case Op.EXP:
            yield (MINUS, own) if last else (own,)
        case Op.WHERE:
            yield parts[1]
        case Op.LESS:
            yield (MINUS,) if last else ()
        case Op.SURPRISE if len(parts) == 1:
            yield (MINUS, *_below(parts[0]))
        case Op.ROOT:
            yield (Number(0.5), *_below((own,)))
        case Op.CAP if not last:
            over = _below(parts[-1])
            yield ()
            yield (MINUS, own, own, *over, *over)
        case Op.NORM:
            yield from _norm(use.part, parts)
        case _:
            raise ValueError(f"{use.user.name}: no gradient is made of such a line: {use.user.line}")


def _norm(at: int, parts: tuple[Part, ...]) -> Iterator[Part]:
    """By the part at this place of (before − mean) / spread × gain + bias."""
    before, mean, spread, gain, _ = parts
    over = _below(spread)
    match at:
        case 0:
            yield (*gain, *over)
        case 1:
            yield (MINUS, *gain, *over)
        case 2:
            yield (MINUS, *before, *gain, *over, *over)
            yield (*mean, *gain, *over, *over)
        case 3:
            yield (*before, *over)
            yield (MINUS, *mean, *over)
        case _:
            yield ()


def _below(part: Part) -> Part:
    """What a product is multiplied by where it is divided by this one."""
    return tuple(
        Number(1.0 / factor.value) if isinstance(factor, Number) else replace(factor, below=not factor.below)
        for factor in part
    )


class _Places:
    """Puts the indices of a quantity in the place of those that the line of its user has."""

    def __init__(self, use: _Use, about: Quantity) -> None:
        self.use = use
        self.named: dict[str, str] = {}
        for label, axis in zip(use.ref.labels, about.axes, strict=True):
            if label.startswith("~"):
                # A pair of dimensions is each other's partner.
                self.named[label[1:]] = f"~{axis}"
            elif label == "max" or label.startswith("≤"):
                raise ValueError(f"{use.user.name}: {use.ref.name}: no gradient is made of such an index: {label}")
            else:
                self.named[label] = axis
        if use.ref.where == "heads":
            self.named[use.ref.labels[-1]] = f"@{about.axes[-1]}"

    def put(self, part: Part) -> Part:
        """The same product with these indices.

        Raises:
            ValueError: it would have to be added up along two of them.
        """
        added_up = {label for factor in part for label in _labels(factor) if label.lstrip("~") not in self.named}
        if len(added_up) > 1:
            names = " and ".join(sorted(added_up))
            raise ValueError(f"{self.use.user.name}: {self.use.ref.name}: its gradient is a sum along {names} at once")
        return tuple(self._factor(factor) for factor in part)

    def _factor(self, factor: Factor) -> Factor:
        if isinstance(factor, Count):
            return replace(factor, axis=self.named[factor.axis or STAR])
        if isinstance(factor, Number):
            return factor
        where = ("" if factor.where == "before" else "after") if self.use.after else factor.where
        return replace(factor, labels=tuple(self._label(label) for label in factor.labels), where=where)

    def _label(self, label: str) -> str:
        name = self.named.get(label.lstrip("~"), STAR)
        if not label.startswith("~"):
            return name
        return name[1:] if name.startswith("~") else f"~{name}"


def _labels(factor: Factor) -> tuple[str, ...]:
    return factor.labels if isinstance(factor, Ref) else ()


# A line is written and read again, so that what a gradient is stands there to be read.


def _written(parts: Mapping[Part, int]) -> str:
    """A line of products, each so many times."""
    if len(parts) == 1:
        ((part, times),) = parts.items()
        match [factor for factor in part if not isinstance(factor, Number) and factor.below]:
            case [divisor] if STAR not in _labels(divisor):
                rest = tuple(factor for factor in part if factor is not divisor)
                return f"{_product(rest, times)} / {_text(replace(divisor, below=False))}"
    return " + ".join(_product(part, times) for part, times in parts.items())


def _product(part: Part, times: int) -> str:
    number = float(times)
    for factor in part:
        number *= factor.value if isinstance(factor, Number) else 1.0
    factors = [factor for factor in part if not isinstance(factor, Number)]
    factors.sort(key=lambda factor: factor.below)
    size = [] if abs(number) == 1.0 and factors and not factors[0].below else [f"{abs(number):g}"]
    return ("−" if number < 0.0 else "") + " ".join([*size, *map(_text, factors)])


def _text(factor: Ref | Count) -> str:
    below = "/" if factor.below else ""
    if isinstance(factor, Count):
        return f"{below}count[{factor.axis}]"
    where = f"{factor.where}." if factor.where else ""
    labels = f"[{','.join(factor.labels)}]" if factor.labels else ""
    return f"{below}{where}{factor.name}{'?' if factor.optional else ''}{labels}"
