"""Attention of a text that was written token by token: for each step its layers, the first step of the whole prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.sources.arrays import array_of
from kitten_tui.sources.errors import SourceError


def are_steps(value: Any) -> bool:
    """Whether these are steps of layers, as transformers' `generate` returns them, and not layers."""
    return (
        isinstance(value, (tuple, list))
        and len(value) > 0
        and all(isinstance(step, (tuple, list)) and len(step) > 0 for step in value)
        and all(getattr(layer, "ndim", 0) >= 3 for step in value for layer in step)
    )


def rows_of_steps(steps: Sequence[Sequence[Any]], *, across: bool = False) -> Array:
    """One grid for each head, the rows of every step below one another; a key that came later has 0.
    Across to another text, every key is there from the first step.

    -> [layer, head, query, key]

    Raises:
        SourceError: steps have other layers, or a batch of several texts.
    """
    layers = len(steps[0])
    rows: list[Array] = []  # [layer, head, query, key] each
    for number, step in enumerate(steps, start=1):
        if len(step) != layers:
            raise SourceError(f"attention: step {number}: expected {layers} layers, found {len(step)}")
        array = array_of(step, f"attention: step {number}")
        if array.ndim == 5:
            if array.shape[1] != 1:
                raise SourceError(f"attention: step {number}: expected one text, found a batch of {array.shape[1]}")
            array = array[:, 0]
        rows.append(array)
    queries = sum(array.shape[2] for array in rows)
    keys = rows[0].shape[3] if across else queries
    grid = np.zeros((*rows[0].shape[:2], queries, keys), dtype=rows[0].dtype)
    first = 0
    for array in rows:
        # A cache of fixed size has room for keys that have not come.
        last, known = first + array.shape[2], min(array.shape[3], keys)
        grid[:, :, first:last, :known] = array[..., :known]
        first = last
    return grid
