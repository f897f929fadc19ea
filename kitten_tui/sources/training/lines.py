"""The lines of a network that is trained: attention alone, whose layers add to what enters them."""

from __future__ import annotations

from functools import cache

from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.chain import Chain
from kitten_tui.core.quantity import Scope, quantity
from kitten_tui.sources.training.shape import Shape


@cache
def layer_lines(shape: Shape, layer: int) -> Chain:
    """The chain of one layer."""
    if layer:
        line = "before.x[token,d_model] + before.output[token,d_model]"
    elif shape.positions:
        return ATTENTION
    else:
        line = "embedding[token,d_model]"
    return ATTENTION.with_(quantity("x", "x", "token d_model", line, Scope.SHARED, step=True))
