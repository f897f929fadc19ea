"""Writes stored/lessons.npz and stored/models.npz: every quantity of every sample and of the tiny checkpoints.

The files in the repository were written by the program as it was when each quantity had a function of its own; the
chain is held to them. Run this only to add what is new: `python tests/core/store_arrays.py` lists what would be added
and writes it with `--write`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "checkpoints"))

from stored import CHECKPOINTS, NAMES, expected

from kitten_tui.core.quantity import Scope
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.core.workings import Workings
from kitten_tui.sources.find import open_source, samples

STORED = Path(__file__).parent / "stored"
SETTINGS = (
    Settings(),
    Settings(scale=False, dropout=0.5),
    Settings(mask="causal"),
    Settings(mask="causal", divisor=0.5, dropout=0.1, seed=7),
    Settings(mask="own", dropout=0.2),
)
SENTENCE = "the cat sat on the mat"
FEW = (0, 3)
"""The settings under which the long sample is stored."""


def lessons() -> Iterator[tuple[str, Workings, int]]:
    """Each stored head of a lesson: its key, its workings, its number."""
    for name in (*samples(), SENTENCE):
        lesson = open_source(name)
        for number, settings in enumerate(SETTINGS):
            if settings.mask in lesson.masks and (name != "long" or number in FEW):
                every = range(lesson.n_heads)
                for head in every if name != "long" else (0, every[-1]):
                    yield f"{name}/{number}/{head + 1}", Workings(lesson, settings), head


def models() -> Iterator[tuple[str, Workings, int]]:
    """Each stored head of a tiny checkpoint."""
    from kitten_tui.sources.checkpoint.model import Model
    from kitten_tui.sources.checkpoint.reading import Reading

    for name in NAMES:
        reading: Source = Reading(Model(CHECKPOINTS / name), str(expected(name)["text"]))
        reading.compute()  # type: ignore[attr-defined]
        for layer in range(reading.n_layers):
            for head in (0, reading.n_heads - 1):
                yield f"{name}/{layer + 1}/{head + 1}", Workings(reading, reading.settings, layer), head


def arrays(workings: Workings, head: int) -> Iterator[tuple[str, np.ndarray]]:
    """What is computed and no larger than a grid."""
    for name, quantity in workings.chain.items():
        if quantity.line and len(quantity.axes) <= 2 and quantity.scope not in (Scope.SETTING, Scope.SOURCE):
            array = workings.array(name, head)
            if array is not None:
                yield name, array


def main() -> None:
    for kind, heads in (("lessons", lessons()), ("models", models())):
        path = STORED / f"{kind}.npz"
        with np.load(path) as file:
            kept = dict(file)
        found = {f"{key}/{name}": array for key, of, head in heads for name, array in arrays(of, head)}
        new = {key: array for key, array in found.items() if key not in kept}
        print(path.name, len(kept), "stored,", len(new), "new")
        if "--write" in sys.argv:
            np.savez_compressed(path, **kept, **new)


if __name__ == "__main__":
    main()
