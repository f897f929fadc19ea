"""What learns: a row of numbers, what it comes to on a batch, and what is seen of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from kitten_tui.core.array_types import Array, Places
from kitten_tui.core.learning import Measured
from kitten_tui.sources.training import network
from kitten_tui.sources.training.measured import measure
from kitten_tui.sources.training.network import Batch
from kitten_tui.sources.training.shape import Parameters, Shape, draw


class Learner(Protocol):
    """A network of any kind; its numbers are one row."""

    @property
    def size(self) -> int:
        """How many numbers are trained."""
        ...

    def named(self, flat: Array) -> Mapping[str, Array]:
        """The parts of the row by name.  [parameter] -> …"""
        ...

    def begun(self, dtype: npt.DTypeLike = np.float32) -> Array:
        """Before the first step.  -> [parameter]"""
        ...

    def loss_and_gradient(self, flat: Array, batch: Batch) -> tuple[float, Array]:
        """The mean of −ln P over the places that count.  [parameter] -> …, [parameter]"""
        ...

    def measured(self, flat: Array, batch: Batch) -> Measured: ...

    def depends(self, flat: Array, ids: Places) -> Array:
        """How strongly what it has at the end depends on each word.  [token] -> [token]"""
        ...

    def waits(self, tokens: int) -> int:
        """How many steps of reading so many tokens have to wait for one another."""
        ...


@dataclass(frozen=True)
class Transformer:
    """Layers of attention; `start` is one of shape.STARTS."""

    shape: Shape
    seed: int
    start: str
    spread: float

    @property
    def size(self) -> int:
        return self.shape.size

    def named(self, flat: Array) -> Parameters:
        return Parameters(self.shape, flat)

    def begun(self, dtype: npt.DTypeLike = np.float32) -> Array:
        return draw(self.shape, self.seed, self.start, self.spread, dtype).flat

    def loss_and_gradient(self, flat: Array, batch: Batch) -> tuple[float, Array]:
        return network.loss_and_gradient(self.named(flat), batch)

    def measured(self, flat: Array, batch: Batch) -> Measured:
        return measure(self.named(flat), batch)

    def depends(self, flat: Array, ids: Places) -> Array:
        return network.depends(self.named(flat), ids)

    def waits(self, tokens: int) -> int:
        """Layers wait for one another, tokens do not."""
        return self.shape.n_layers
