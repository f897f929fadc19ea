"""What a training came to: a table of its steps, and what was expected beside what came."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence

from rich.cells import cell_len

from kitten_tui.core.learning import Kept, Measured, Trainer
from kitten_tui.core.ops import Array
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


BESIDE = {
    "attention": "learn.beside.attention",
    "elman": "learn.beside.elman",
    "gru": "learn.beside.gru",
}
"""What each network is called."""


def learning_table(trainer: Trainer, words: Words) -> Iterator[str]:
    """What learns, the steps, and the expectations with what came of them."""
    yield words("learn.about", **trainer.about)
    yield trainer.line
    yield ""
    headings = [*map(words, ("learn.column.step", "learn.column.loss", *MEASURES))]
    if trainer.link:
        headings.append(words(trainer.link))
    rows = [_row(kept, has_link=bool(trainer.link)) for kept in some(trainer.kept)]
    widths = [max(map(cell_len, column)) for column in zip(headings, *rows, strict=True)]
    for row in (headings, *rows):
        yield "   ".join(fit(text, width, "right") for text, width in zip(row, widths, strict=True)).rstrip()
    yield ""
    for name, help_ in MEASURES.items():
        yield from wrap(f"{words(name)}: {words(help_)}", WIDTH)
    if trainer.link:
        yield from wrap(f"{words(trainer.link)}: {words('learn.measure.link')}", WIDTH)
    yield ""
    yield from _beside(trainer, words)
    if trainer.diverged:
        yield words("learn.diverged", step=trainer.diverged)
    for expectation in trainer.expected:
        state = words("learn.came" if expectation.came(trainer.kept[-1].measured) else "learn.not_come")
        yield from wrap(f"{state}  {words(expectation.key, **expectation.values)}", WIDTH)


def _beside(trainer: Trainer, words: Words) -> Iterator[str]:
    """What learns beside attention: what is right by distance, and on what the end of the sentence depends."""
    at = trainer.kept[-1].measured
    for key, told in (("learn.by_distance", at.by_distance), ("learn.depends", at.depends)):
        if told:
            yield from wrap(words(key, n=len(at.depends["elman"]), layers=trainer.about["layers"]), WIDTH)
        for kind, values in told.items():
            numbers = " ".join(fit(fmt(float(value), 2), 5, "right") for value in values)
            yield from wrap(f"  {fit(words(BESIDE[kind]), 12)}{numbers}", 12 + 6 * 26)
        if told:
            yield ""


def some(kept: Sequence[Kept]) -> list[Kept]:
    """So many of the kept steps, the first and the last among them."""
    last = len(kept) - 1
    places = sorted({round(last * place / (ROWS - 1)) for place in range(ROWS)})
    return [kept[place] for place in places]


def _row(kept: Kept, *, has_link: bool) -> list[str]:
    at = kept.measured
    row = [str(kept.step), fmt(at.loss), fmt(at.accuracy), _heads(at.distance[:, None]), _heads(at.previous)]
    return [*row, _heads(at.link)] if has_link else row


def _heads(values: Array) -> str:
    """A number for each head, layers apart.  [layer, head]"""
    return " │ ".join(" ".join(fmt(float(value), 2) for value in layer) for layer in values)


def learning_json(trainer: Trainer) -> str:
    """The same as one object, with every kept step; what cannot be measured is null."""
    steps = [{"step": kept.step, **_numbers(kept.measured)} for kept in trainer.kept]
    expected = [
        {"expectation": each.key.rpartition(".")[2], "came": each.came(trainer.kept[-1].measured)}
        for each in trainer.expected
    ]
    about = {**trainer.about, "line": trainer.line, "steps_made": trainer.made, "diverged": trainer.diverged or None}
    return json.dumps({**about, "steps": steps, "expected": expected}, allow_nan=False)


def _lists(arrays: Mapping[str, Array]) -> dict[str, list[float]]:
    return {name: array.tolist() for name, array in arrays.items()}


def _numbers(at: Measured) -> dict[str, object]:
    return {
        "loss": at.loss,
        "accuracy": at.accuracy,
        "distance": at.distance.tolist(),
        "previous": at.previous.tolist(),
        **({"by_distance": _lists(at.by_distance), "depends": _lists(at.depends)} if at.by_distance else {}),
        "link": [[None if math.isnan(value) else value for value in layer] for layer in at.link.tolist()],
    }
