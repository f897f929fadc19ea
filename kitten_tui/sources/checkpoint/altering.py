"""A reading in a model that is otherwise than it was trained; what comes before the change stays computed."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from kitten_tui.core.altering import Alteration, MaskCell, Number, Without
from kitten_tui.core.array_types import Array
from kitten_tui.core.asking import MEAN, WAYS, ZERO
from kitten_tui.core.cell import Cell
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.core.trace import Value
from kitten_tui.sources.checkpoint.layer import OF_HEAD, OF_LAYER, Layer
from kitten_tui.sources.checkpoint.masked import mask_of
from kitten_tui.sources.errors import SourceError

if TYPE_CHECKING:
    from kitten_tui.sources.checkpoint.reading import Reading

MAX_NUMBER = 1e6


def silenced(said: Array, head: int, way: str) -> Array:
    """What stands in the place of what a head says.  [token, head, d_k] -> [token, d_k], or [d_k] for every token"""
    own = said[:, head]  # [token, d_k]
    return own.mean(axis=0) if way == MEAN else np.zeros_like(own)


@dataclass(frozen=True, eq=False)
class Altering:
    """What can be changed of a reading. Answers `Alters`."""

    reading: Reading

    @property
    def done(self) -> tuple[Alteration, ...]:
        return self.reading.altered

    @property
    def before(self) -> Reading:
        first = min((each.layer for each in self.done), default=self.reading.ready)
        return self._from(first, ())

    def is_input(self, name: str) -> bool:
        return name in OF_HEAD + OF_LAYER and self._array(Cell(name, ())) is not None

    def without(self, layer: int, head: int, way: str = ZERO) -> Reading:
        """Raises:
        SourceError: there is no such head, or it cannot say that.
        """
        _expect("layer", layer, self.reading.n_layers)
        _expect("head", head, self.reading.n_heads)
        if way not in WAYS:
            raise SourceError(f"without: expected one of {', '.join(WAYS)}, found {way}")
        others = tuple(
            each for each in self.done if not isinstance(each, Without) or (each.layer, each.head) != (layer, head)
        )
        again = Without(layer, head, way) in self.done
        return self._from(layer, others if again else (*others, Without(layer, head, way)))

    def change_number(self, cell: Cell, value: float) -> Reading:
        """Raises:
        SourceError: the cell is no weight, lies outside, or the value is no number a model may hold.
        """
        names = ", ".join(name for name in OF_HEAD + OF_LAYER if self.is_input(name))
        if not self.is_input(cell.name):
            raise SourceError(f"{cell.name}: expected a weight of this model ({names}), found another quantity")
        _expect("layer", cell.layer, self.reading.n_layers)
        _expect("head", cell.head, self.reading.n_heads)
        array = self._array(cell)
        assert array is not None  # it is an input
        inside = len(cell.index) == array.ndim
        if not inside or not all(0 <= place < size for place, size in zip(cell.index, array.shape, strict=True)):
            size = " × ".join(map(str, array.shape))
            raise SourceError(f"{cell.name}: expected a place among {size} numbers, found one outside")
        if not abs(value) <= MAX_NUMBER:  # nan is not less than anything
            raise SourceError(f"{cell.name}: expected a number within ±{MAX_NUMBER:.0e}, found {value:.3g}")
        config = self.reading.model.config
        first = next(
            layer for layer in range(config.n_layers) if config.weights_of(layer) == config.weights_of(cell.layer)
        )
        return self._from(first, (*self.done, Number(cell, value)))

    def _array(self, cell: Cell) -> Array | None:
        weights = self.reading.layer(cell.layer)
        if cell.name in OF_LAYER:
            return weights.o[OF_LAYER.index(cell.name)]
        array: Array | None = getattr(weights.head(cell.head), cell.name)
        return array

    def toggle_mask_cell(self, settings: Settings, layer: int, query: int, key: int) -> tuple[Reading, Settings]:
        """Raises:
        SourceError: there is no such place, or the query would have nothing left to look at.
        """
        reading, n = self.reading, len(self.reading.ids)
        _expect("layer", layer, reading.n_layers)
        _expect("query", query, n)
        _expect("key", key, n)
        cell = MaskCell(layer, query, key)
        done = tuple(each for each in self.done if each != cell) if cell in self.done else (*self.done, cell)
        other = self._from(layer, done)
        if not mask_of(other, layer)[query].any():
            raise SourceError(f"mask: expected a key that query {query + 1} may look at, found none left")
        return other, replace(settings, mask=other.settings.mask)

    def with_all(self, alterations: tuple[Alteration, ...]) -> Reading:
        """With these and nothing else; nothing is computed."""
        return self._from(0, alterations)

    def _from(self, layer: int, alterations: tuple[Alteration, ...]) -> Reading:
        """With these, computed up to a layer."""
        other = copy(self.reading)
        origin = self.reading.origin
        opened = origin[: len(origin) - 2 * len(self.done)]
        other.altered = alterations
        other.origin = (*opened, *(word for each in alterations for word in ("--set", each.edit))) if opened else ()
        other.passed = self.reading.passed[:layer]
        other.computing, other.begun, other.left, other.keys_and_values = Lock(), None, None, None
        trained = self.reading.model.trained or self.reading.model
        numbers = tuple(each for each in alterations if isinstance(each, Number))
        other.model = copy(trained) if numbers else trained
        if numbers:
            other.model.numbers, other.model.trained = numbers, trained
        other._forget()
        return other


def altered_alike(reading: Source, altered: tuple[Alteration, ...]) -> Source:
    """Another text in the model as it was changed; what was changed of a mask belongs to the text that it was of."""
    kept = tuple(each for each in altered if not isinstance(each, MaskCell))
    alters = reading.alters
    return alters.with_all(kept) if kept and isinstance(alters, Altering) else reading


def said_of(altered: tuple[Alteration, ...], layer: int, head: int) -> dict[str, Value]:
    """What the lines of a layer with a silenced head are given of each head; nothing in other layers."""
    gone = [each for each in altered if isinstance(each, Without) and each.layer == layer]
    own = next((each for each in gone if each.head == head), None)
    return {"speaks": float(own is None), "means": float(own is not None and own.way == MEAN)} if gone else {}


def with_silenced(concat: Array, layer: Layer, altered: tuple[Alteration, ...]) -> Array:
    """What the heads of a layer say, side by side, without those that are to say nothing.

    [token, head·d_k] -> [token, head·d_k]
    """
    gone = [each for each in altered if isinstance(each, Without) and each.layer == layer.number]
    if not gone:
        return concat
    said = concat.reshape(len(concat), layer.config.n_heads, -1)  # [token, head, d_k]
    after = said.copy()
    for each in gone:
        after[:, each.head] = silenced(said, each.head, each.way)
    return after.reshape(concat.shape)


def _expect(what: str, place: int, count: int) -> None:
    if not 0 <= place < count:
        raise SourceError(f"{what}: expected one from 1 to {count}, found {place + 1}")
