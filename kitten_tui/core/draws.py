"""Random matrices as PyTorch draws them on a CPU: a reader of the book gets the book's numbers, without PyTorch.

PyTorch's CPU generator is MT19937; a float32 uniform number is the low 24 bits of one 32-bit draw, times 2⁻²⁴.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.inputs import HeadWeights, fixed

INITS = ("rand", "linear")
"""torch.rand, as the book's first class has it; nn.Linear without bias, as all later ones."""


class Stream:
    """The numbers that follow torch.manual_seed(seed), in the order in which they are asked for."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.RandomState(seed)

    def rand(self, rows: int, columns: int) -> Array:
        """torch.rand(rows, columns).  -> [rows, columns]"""
        return self._uniform(rows, columns).astype(np.float64)

    def linear(self, d_in: int, d_out: int) -> Array:
        """The weight of nn.Linear(d_in, d_out, bias=False), turned so that x W is its result.  -> [d_in, d_out]

        nn.Linear keeps it as (d_out, d_in) and draws it uniformly in ±1/√d_in.
        """
        bound = np.float32(1.0 / math.sqrt(d_in))
        drawn = self._uniform(d_out, d_in) * (bound + bound) - bound  # [d_out, d_in], in float32 as PyTorch does
        return drawn.T.astype(np.float64)  # [d_in, d_out]

    def _uniform(self, rows: int, columns: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        words = np.frombuffer(self._generator.bytes(4 * rows * columns), dtype="<u4")  # [rows · columns]
        return ((words & 0xFFFFFF).astype(np.float32) * np.float32(2**-24)).reshape(rows, columns)


def draw_heads(seed: int, init: str, n_heads: int, d_model: int, d_k: int) -> tuple[HeadWeights, ...]:
    """The matrices of some heads, one head after another from one stream, each W_q, W_k, W_v."""
    stream = Stream(seed)
    draw: Callable[[int, int], Array] = stream.rand if init == "rand" else stream.linear

    def matrix() -> Array:
        return fixed(draw(d_model, d_k))

    return tuple(HeadWeights(w_q=matrix(), w_k=matrix(), w_v=matrix()) for _ in range(n_heads))
