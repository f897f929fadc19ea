"""How large a network is and what it has, and its parameters: one long row of numbers, and names for parts of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import prod

import numpy as np
import numpy.typing as npt

from kitten_tui.core.array_types import Array

STARTS = ("random", "same")
"""Every head from numbers of its own, or all heads of a layer from the same."""
POSITION = 0.5
"""How far the numbers of the table of positions are spread to begin with."""


@dataclass(frozen=True)
class Shape:
    """Attention alone: its layers have no norm, no bias and no feed-forward network."""

    n_vocab: int
    window: int
    """How many tokens it reads at most."""
    n_layers: int = 1
    n_heads: int = 4
    d_model: int = 32
    d_k: int = 8
    positions: bool = True
    scale: bool = True
    """Whether scores are divided by √d_k."""

    @cached_property
    def parts(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter by its name, which is that of the chain and, in a layer, its number from 0."""
        heads, d_model, d_k = self.n_heads, self.d_model, self.d_k
        parts: dict[str, tuple[int, ...]] = {"embedding": (self.n_vocab, d_model)}
        if self.positions:
            parts["position"] = (self.window, d_model)
        for layer in range(self.n_layers):
            of_layer: dict[str, tuple[int, ...]] = {f"w_{role}": (heads, d_model, d_k) for role in "qkv"}
            of_layer["w_o"] = (heads, d_k, d_model)
            parts |= {f"{name}.{layer}": shape for name, shape in of_layer.items()}
        return {**parts, "unembedding": (self.n_vocab, d_model)}

    @cached_property
    def begins(self) -> dict[str, int]:
        """Where each parameter begins in the row of all of them."""
        ends = list(accumulate(map(prod, self.parts.values()), initial=0))
        return dict(zip(self.parts, ends, strict=False))

    @cached_property
    def size(self) -> int:
        """How many numbers are trained."""
        return sum(map(prod, self.parts.values()))


class Parameters(Mapping[str, Array]):
    """Views of one row of numbers, by name."""

    def __init__(self, shape: Shape, flat: Array) -> None:
        self.shape = shape
        self.flat = flat
        """[parameter]"""

    def __getitem__(self, name: str) -> Array:
        size, begin = self.shape.parts[name], self.shape.begins[name]
        return self.flat[begin : begin + prod(size)].reshape(size)

    def __iter__(self) -> Iterator[str]:
        return iter(self.shape.parts)

    def __len__(self) -> int:
        return len(self.shape.parts)

    def projections(self, layer: int) -> Array:
        """W_q of all heads, then W_k, then W_v, which stand after one another.  -> [role · head, d_model, d_k]"""
        name = f"w_q.{layer}"
        (heads, *rest), begin = self.shape.parts[name], self.shape.begins[name]
        return self.flat[begin : begin + 3 * heads * prod(rest)].reshape(3 * heads, *rest)


def draw(shape: Shape, seed: int, start: str, spread: float, dtype: npt.DTypeLike = np.float32) -> Parameters:
    """The numbers that a training begins with, normally distributed.

    `start` is one of STARTS; `spread` is how far those of the embedding are spread, and how much of a matrix's usual
    spread what adds to the stream has.
    """
    generator = np.random.default_rng((seed, 0))
    parameters = Parameters(shape, np.zeros(shape.size, dtype))
    usual = {"embedding": spread, "position": POSITION, "w_o": spread * (shape.n_heads * shape.d_k) ** -0.5}
    for name, part in parameters.items():
        part[...] = generator.standard_normal(part.shape) * usual.get(name.partition(".")[0], shape.d_model**-0.5)
        if start == "same" and part.ndim == 3:
            part[...] = part[0]
    return parameters
