"""Two sources beside each other, as text and as JSON: heads by how differently they look, the numbers of one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rich.cells import cell_len

from kitten_tui.core.array_types import Array
from kitten_tui.core.beside import Beside, HeadChange
from kitten_tui.desk.history import State
from kitten_tui.ink.about import title_of
from kitten_tui.ink.blocks import Look
from kitten_tui.ink.cells import fit, harmless, show_token, text_of, wrap
from kitten_tui.ink.formula import Sum
from kitten_tui.ink.numbers import fmt
from kitten_tui.ink.palette import PLAIN
from kitten_tui.ink.say import say
from kitten_tui.ink.sheet import Picture
from kitten_tui.ink.window import is_long
from kitten_tui.paper.document import HEIGHT, WIDTH
from kitten_tui.stages import stages_of, turn_to
from kitten_tui.stages.beside import of_weights, side_by_side
from kitten_tui.stages.changes import compare
from kitten_tui.stages.figure import Sheet
from kitten_tui.stages.view import View, place_name
from kitten_tui.words import Words

LONGEST = 14
"""Cells of a word in the table."""


@dataclass(frozen=True, eq=False)
class Laid:
    """What is looked at, and what it is laid beside."""

    view: View
    other: State
    changes: tuple[HeadChange, ...]
    """Of all heads, that which looks most differently first."""

    @classmethod
    def of(cls, view: View, other: State) -> Laid:
        """All heads of all layers, which have been computed."""
        beside = beside_of(view, other)
        layers = (beside.in_layer(layer) for layer in range(view.source.n_layers))
        changes = [change for layer in layers for change in layer.changes()]
        return cls(view, other, tuple(sorted(changes, key=lambda change: -change.size)))

    @property
    def beside(self) -> Beside:
        return beside_of(self.view, self.other)

    @property
    def there(self) -> View:
        """The same head of the other."""
        return View(self.other.source, self.other.settings, self.view.selection)


def beside_of(view: View, other: State) -> Beside:
    """The layer that is looked at, on both sides."""
    return Beside.of(view.workings, View(other.source, other.settings, view.selection).workings)


def beside_lines(laid: Laid, words: Words, stages: Sequence[int] = ()) -> Iterator[str]:
    """All heads, then the weights of the selected one, or the figures of these stages, here, there, and the
    difference.
    """
    view = laid.view
    yield title_of(view.source, words)
    yield harmless(words("beside.title", name=say(words, laid.other.name)))
    yield from wrap(rule(laid.beside, words), WIDTH)
    yield ""
    yield from _table(laid, words)
    yield ""
    yield from wrap(words("beside.help"), WIDTH)
    yield ""
    yield words("overview.head", layer=view.selection.layer + 1, head=view.selection.head + 1)
    yield ""
    if not stages:
        weights = of_weights(view, laid.there, laid.beside.came_from)
        yield from () if weights is None else _drawn(view, Sheet((weights,)), words)
    for number in stages:
        stage = stages_of(view.source)[number]
        page = turn_to(stage, view.with_(stage=number))
        page = side_by_side(page, compare(page, laid.there, laid.beside.came_from), laid.other.name)
        yield words("plain.stage", number=number + 1, name=words(f"{stage.id}.name"), formula=page.formula)
        yield ""
        yield from _drawn(page.view, page.sheet, words)
        yield ""
        for reading in page.readings:
            yield from wrap(say(words, reading, Sum(page.view.workings, words).name), WIDTH)
        yield ""


def rule(beside: Beside, words: Words) -> str:
    """Which word stands beside which."""
    here, there = len(beside.places), len(beside.there.source.tokens)
    if here == there:
        return words("beside.by_place", count=here)
    common = sum(place is not None for place in beside.places)
    return words("beside.by_words", here=here, there=there, common=common)


def _table(laid: Laid, words: Words) -> Iterator[str]:
    headings = (words("effects.head"), words("beside.moved"), words("beside.most"), words("beside.here"))
    rows = [(*headings, words("beside.there"), words("beside.difference"))]
    for change in laid.changes:
        pair = " → ".join(_named(laid.view, place) for place in (change.query, change.key))
        numbers = (fmt(change.here), fmt(change.there), f"{change.here - change.there:+.3f}")
        rows.append((f"{change.layer + 1}.{change.head + 1}", fmt(change.size), pair if change.size else "–", *numbers))
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = zip(row, widths, range(len(row)), strict=True)
        yield "  ".join(fit(cell, width, "left" if at in (0, 2) else "right") for cell, width, at in cells).rstrip()


def _named(view: View, place: int) -> str:
    return harmless(show_token(place_name(view.tokens, place).strip(), LONGEST))


def _drawn(view: View, sheet: Sheet, words: Words) -> Iterator[str]:
    look = Look(words, PLAIN, view.selection)
    for line in Picture(sheet, look, WIDTH, HEIGHT if is_long(sheet) else WIDTH).lines():
        yield text_of(line).rstrip()


def beside_json(laid: Laid) -> str:
    """The same as one object, with every step of the selected head on both sides; places count from 1, a word of one
    text alone and −∞ are null.
    """
    view, beside = laid.view, laid.beside
    heads = [
        {
            "layer": change.layer + 1,
            "head": change.head + 1,
            "moved": change.size,
            "query": change.query + 1,
            "key": change.key + 1,
            "here": change.here,
            "there": change.there,
        }
        for change in laid.changes
    ]
    told: dict[str, object] = {
        "tokens": list(view.tokens),
        "beside": list(laid.other.source.tokens),
        "places": [None if place is None else place + 1 for place in beside.places],
        "heads": heads,
        "layer": view.selection.layer + 1,
        "head": view.selection.head + 1,
    }
    for name, quantity in view.chain.items():
        numbers = beside.numbers(name, view.selection.head) if quantity.step else None
        if numbers is not None:
            arrays = {"here": numbers.here, "there": numbers.there, "difference": numbers.difference}
            told[name] = {side: _finite(array) for side, array in arrays.items()}
    return json.dumps(told, allow_nan=False)


def _finite(array: Array) -> list[object]:
    return np.where(np.isfinite(array), array, None).tolist()  # type: ignore[call-overload, no-any-return]
