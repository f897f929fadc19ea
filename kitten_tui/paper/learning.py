"""What a training came to: a table of its steps, and what was expected beside what came."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from kitten_tui.core.array_types import Array
from kitten_tui.core.learning import Kept, Measured, Trainer
from kitten_tui.ink.cells import fit, wrap
from kitten_tui.ink.numbers import fmt
from kitten_tui.words import Words

ROWS = 16
"""Steps in the table."""
WIDTH = 100
MEASURES = {
    "learn.column.accuracy": "learn.measure.accuracy",
    "learn.column.distance": "learn.measure.distance",
    "learn.column.previous": "learn.measure.previous",
}
"""What stands over a column, and what it is."""


def learning_table(trainer: Trainer, words: Words) -> Iterator[str]:
    """What learns, the steps, and the expectations with what came of them."""
    yield words("learn.about", **trainer.about)
    yield trainer.line
    yield ""
    headings = [*map(words, ("learn.column.step", "learn.column.loss", *MEASURES))]
    if trainer.link:
        headings.append(words(trainer.link))
    for name in trainer.beside:
        headings += [words(f"learn.right.{name}"), words(f"learn.distance.{name}")]
    rows = [_row(kept, trainer) for kept in some(trainer.kept)]
    widths = [max(map(cell_len, column)) for column in zip(headings, *rows, strict=True)]
    for row in (headings, *rows):
        yield "   ".join(fit(text, width, "right") for text, width in zip(row, widths, strict=True)).rstrip()
    yield ""
    for name, help_ in MEASURES.items():
        yield from wrap(f"{words(name)}: {words(help_)}", WIDTH)
    if trainer.link:
        yield from wrap(f"{words(trainer.link)}: {words('learn.measure.link')}", WIDTH)
    for name in trainer.beside:
        yield from wrap(f"{words(f'learn.start.{name}')}: {words(f'learn.measure.{name}')}", WIDTH)
    yield ""
    yield from _carried(trainer, words)
    if trainer.diverged:
        yield words("learn.diverged", step=trainer.diverged)
    for expectation in trainer.expected:
        state = words("learn.came" if expectation.came(trainer.kept[-1].measured) else "learn.not_come")
        yield from wrap(f"{state}  {words(expectation.key, **expectation.values)}", WIDTH)


def _carried(trainer: Trainer, words: Words) -> Iterator[str]:
    """How far each network carries what it reads: what is right by distance, on what its end depends, what waits."""
    at = trainer.kept[-1].measured
    if not len(at.depends):
        return
    every = {trainer.name: at, **at.beside}
    names = {name: fit(words(f"learn.beside.{name}"), 12) for name in every}
    numbers = {"learn.by_distance": [*_there(at.by_distance)], "learn.depends": [*range(len(at.depends))]}
    for key, places in numbers.items():
        yield from wrap(words(key), WIDTH)
        for name, measured in every.items():
            values = measured.by_distance if key == "learn.by_distance" else measured.depends
            told = " ".join(fit(fmt(float(values[place]), 2), 5, "right") for place in places)
            yield from wrap(f"  {names[name]}{told}", 12 + 6 * 26)
        yield ""
    yield words("learn.waits")
    yield from (f"  {names[name]}{measured.waits:5}" for name, measured in every.items())
    yield ""


def _there(values: Array) -> Iterator[int]:
    """Where there is a number."""
    return (place for place, value in enumerate(values.tolist()) if not math.isnan(value))


def some(kept: Sequence[Kept]) -> list[Kept]:
    """So many of the kept steps, the first and the last among them."""
    last = len(kept) - 1
    places = sorted({round(last * place / (ROWS - 1)) for place in range(ROWS)})
    return [kept[place] for place in places]


def _row(kept: Kept, trainer: Trainer) -> list[str]:
    at = kept.measured
    row = [str(kept.step), fmt(at.loss), fmt(at.accuracy), _heads(at.distance[:, None]), _heads(at.previous)]
    row += [_heads(at.link)] if trainer.link else []
    for other in (at.beside[name] for name in trainer.beside):
        row += [fmt(other.accuracy), _heads(other.distance[:, None], 3)]
    return row


def _heads(values: Array, decimals: int = 2) -> str:
    """A number for each head, layers apart.  [layer, head]"""
    return " │ ".join(" ".join(fmt(float(value), decimals) for value in layer) for layer in values)


def learning_json(trainer: Trainer) -> str:
    """The same as one object, with every kept step; what cannot be measured is null."""
    steps = [{"step": kept.step, **_numbers(kept.measured)} for kept in trainer.kept]
    expected = [
        {"expectation": each.key.rpartition(".")[2], "came": each.came(trainer.kept[-1].measured)}
        for each in trainer.expected
    ]
    about = {**trainer.about, "line": trainer.line, "steps_made": trainer.made, "diverged": trainer.diverged or None}
    return json.dumps({**about, "steps": steps, "expected": expected}, allow_nan=False)


def _numbers(at: Measured) -> dict[str, object]:
    carried = {"by_distance": _list(at.by_distance), "depends": _list(at.depends), "waits": at.waits}
    return {
        "loss": at.loss,
        "accuracy": at.accuracy,
        "distance": at.distance.tolist(),
        "previous": at.previous.tolist(),
        "link": [_list(layer) for layer in at.link],
        **(carried if len(at.depends) else {}),
        **({"beside": {name: _numbers(other) for name, other in at.beside.items()}} if at.beside else {}),
    }


def _list(values: Array) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]
