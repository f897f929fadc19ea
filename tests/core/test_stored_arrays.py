"""Every array is what it was before the chain: lessons to 1e-12, models to 1e-6 of their size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from store_arrays import STORED, lessons, models

from kitten_tui.core.workings import Workings

LESSONS, MODELS = 1e-12, 1e-6


def differing(kind: str, heads: Iterator[tuple[str, Workings, int]], tolerance: float) -> tuple[int, list[str]]:
    """How many arrays were compared, and which are not what was stored."""
    with np.load(STORED / f"{kind}.npz") as file:
        stored = dict(file)
    compared, wrong = 0, []
    for key, workings, head in heads:
        mine = {name.rpartition("/")[2]: array for name, array in stored.items() if name.startswith(f"{key}/")}
        for name, array in mine.items():
            made = workings.array(name, head)
            compared += 1
            same = made is not None and made.shape == array.shape
            size = np.maximum(1.0, np.abs(np.where(np.isfinite(array), array, 0.0)))
            if not same or not np.allclose(made / size, array / size, rtol=0.0, atol=tolerance, equal_nan=True):
                wrong.append(f"{key}/{name}")
    return compared, wrong


def test_every_array_of_a_lesson_is_the_stored_one():
    compared, wrong = differing("lessons", lessons(), LESSONS)
    assert (compared > 900, wrong) == (True, [])


def test_every_array_of_a_model_is_the_stored_one():
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    compared, wrong = differing("models", models(), MODELS)
    assert (compared > 1500, wrong) == (True, [])
