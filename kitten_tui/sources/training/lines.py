"""The lines of a network that is trained: attention alone, whose layers add to what enters them, its loss, and back."""

from __future__ import annotations

from functools import cache

from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.backward import backward_through
from kitten_tui.core.chain import Chain
from kitten_tui.core.descent import with_step
from kitten_tui.core.loss import TABLE_LINES, with_loss
from kitten_tui.core.quantity import Scope, quantity
from kitten_tui.sources.training.shape import Shape

TRAINED = ("table", "position", "w_q", "w_k", "w_v", "w_o", "unembedding")
"""By the names of the chain."""


@cache
def lines(shape: Shape, optimizer: str) -> tuple[Chain, ...]:
    """The chain of each layer."""
    forward = [_forward(shape, layer) for layer in range(shape.n_layers)]
    forward[-1] = with_loss(forward[-1], "x[token,d_model] + output[token,d_model]")
    both = backward_through(tuple(forward))
    return tuple(with_step(chain, TRAINED, adam=optimizer == "adam") for chain in both)


def _forward(shape: Shape, layer: int) -> Chain:
    if layer:
        line = "before.x[token,d_model] + before.output[token,d_model]"
        return ATTENTION.with_(quantity("x", "x", "token d_model", line, Scope.SHARED, step=True))
    chain = ATTENTION.with_(*TABLE_LINES)
    if shape.positions:
        return chain
    return chain.with_(quantity("x", "x", "token d_model", "embedding[token,d_model]", Scope.SHARED, step=True))
