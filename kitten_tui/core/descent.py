"""The lines of one step of training: from the gradients of a batch to the next value of each trained number.

    mean(w_q)       share grad(w_q)[d_model,d_k] + others(w_q)[d_model,d_k]
    next(w_q)       w_q[d_model,d_k] − step_size mean(w_q)[d_model,d_k]

A step uses the mean of the gradients of its sentences, weighted by their places that count: the one that is looked at
has its `share` in it, and `others(w_q)` is what the others add. Adam: Kingma and Ba (2015), algorithm 1.
What a step made is `earlier` of what the next one begins with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from kitten_tui.core.chain import Chain
from kitten_tui.core.quantity import Quantity, Scope, grad, quantity

SHARED = Scope.SHARED

STEP_LINES = (
    quantity("share", "share", "", scope=SHARED),
    quantity("step_size", "η", "", scope=SHARED),
)
"""What a step is given."""
ADAM_LINES = (
    quantity("average_stays", "β₁", "", scope=SHARED),
    quantity("average_comes", "1 − β₁", "", "1 − average_stays", SHARED),
    quantity("average_begun", "1 − β₁ᵗ", "", scope=SHARED),
    quantity("square_stays", "β₂", "", scope=SHARED),
    quantity("square_comes", "1 − β₂", "", "1 − square_stays", SHARED),
    quantity("square_begun", "1 − β₂ᵗ", "", scope=SHARED),
    quantity("step_eps", "ε", "", scope=SHARED),
)
"""What Adam is given: how much of its averages stays, and how much of them is not the 0 that they began with."""

PLAIN = (
    ("others", "mean ∂L/∂{} of the others", ""),
    ("mean", "mean ∂L/∂{}", "share grad({0}){1} + others({0}){1}"),
    ("next", "next {}", "{0}{1} − step_size mean({0}){1}"),
)
"""Plain descent: what each trained quantity has besides, its symbol, and its line."""
ADAM = (
    *PLAIN[:2],
    ("average", "m of {}", ""),
    ("next_average", "next m of {}", "average_stays average({0}){1} + average_comes mean({0}){1}"),
    ("square", "v of {}", ""),
    ("next_square", "next v of {}", "square_stays square({0}){1} + square_comes mean({0}){1} mean({0}){1}"),
    ("direction", "m̂ of {}", "next_average({0}){1} / average_begun"),
    ("root", "√v̂ of {}", "√(next_square({0}){1} /square_begun)"),
    ("over", "√v̂ + ε of {}", "root({0}){1} + step_eps"),
    ("move", "m̂ ÷ (√v̂ + ε) of {}", "direction({0}){1} / over({0}){1}"),
    ("next", "next {}", "{0}{1} − step_size move({0}){1}"),
)
"""The same with averages of gradients and of their squares."""
AVERAGES = ("average", "square")
"""Those of them that a step hands to the next one."""
KINDS = tuple(kind for kind, _, _ in ADAM)


def with_step(chain: Chain, trained: Iterable[str], *, adam: bool) -> Chain:
    """A chain with its backward pass, with a step of training for those of these quantities that it has."""
    names = [name for name in trained if grad(name) in chain]
    made = (replace(chain[name], earlier=f"next({name})") for name in names)
    lines = [line for name in names for line in _lines(chain[name], chain[grad(name)].scope, ADAM if adam else PLAIN)]
    return Chain((*chain.with_(*made).values(), *STEP_LINES, *(ADAM_LINES if adam else ()), *lines))


def _lines(of: Quantity, scope: Scope, kinds: tuple[tuple[str, str, str], ...]) -> Iterator[Quantity]:
    places = f"[{','.join(of.axes)}]"
    for kind, symbol, line in kinds:
        made = line.format(of.name, places)
        earlier = f"next_{kind}({of.name})" if kind in AVERAGES else ""
        yield Quantity(
            *(f"{kind}({of.name})", symbol.format(of.symbol), of.axes, made, scope), of=of.name, earlier=earlier
        )
