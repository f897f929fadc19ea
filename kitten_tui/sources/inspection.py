"""Looks arrays over that were computed elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.chain import Chain
from kitten_tui.core.faults import Fault, Mistake, faults_of, mistakes_of, tolerance
from kitten_tui.core.quantity import Scope
from kitten_tui.core.trace import Trace

COVERED = ("masked", "allowed", "keep")
"""Where −∞ is no fault, or nothing is a number."""


class Inspection:
    """Answers `Record`; nothing is looked over before it is asked for."""

    def __init__(
        self, given: Mapping[str, Array], lines: Chain, precision: float, trace: Callable[[int, int], Trace]
    ) -> None:
        self.given = given
        self.lines = lines
        self.precision = precision
        self.trace = trace
        self.unread: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in self.lines if name in self.given and name != "allowed")

    @cached_property
    def faults(self) -> tuple[Fault, ...]:
        found = (fault for name in self.names for fault in self._faults_in(name))
        return tuple(sorted(found, key=lambda fault: (fault.layer, fault.head, fault.query)))

    def _faults_in(self, name: str) -> Iterator[Fault]:
        array = self.given[name]
        if self.lines[name].scope is not Scope.HEAD or array.ndim != 4 or name in COVERED:
            return
        for layer, head in np.ndindex(array.shape[:2]):
            if name == "weights":
                yield from faults_of(array[layer, head], layer, head, self._forgiven(array))
                continue
            finite = np.isfinite(array[layer, head])  # [row, column]
            for row in np.flatnonzero(~finite.all(axis=-1)).tolist():
                column = int(finite[row].argmin())
                yield Fault("nan", layer, head, row, column, float(array[layer, head, row, column]), name)

    def _forgiven(self, weights: Array) -> float:
        """How far a row may be from 1."""
        precision = max(self.precision, float(np.finfo(weights.dtype).eps))
        return tolerance(precision, weights.shape[-1])

    def mistakes(self) -> tuple[tuple[int, Mistake], ...]:
        weights = self.given.get("weights")  # [layer, head, query, key]
        if weights is None:
            return ()
        told: list[tuple[int, Mistake]] = []
        for layer, of_layer in enumerate(weights):
            traces = [self.trace(layer, head) for head in range(len(of_layer))]
            has = all(trace.has("scores") for trace in traces)
            scores = np.stack([trace["scores"] for trace in traces]) if has else None  # [head, query, key]
            divisor = float(traces[0]["divisor"]) if traces[0].has("divisor") else None
            found = mistakes_of(of_layer, scores, divisor, self._forgiven(weights))
            told += [(layer, mistake) for mistake in found]
        return tuple(told)
