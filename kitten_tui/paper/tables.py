"""Figures as tables of numbers, each of which says how it was made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.cell import Cell, Derivation
from kitten_tui.ink.cells import show_token, text_of
from kitten_tui.ink.formula import Sum, arithmetic
from kitten_tui.ink.matrix import LOOKED_AT
from kitten_tui.ink.numbers import extremes
from kitten_tui.ink.say import say_title
from kitten_tui.stages import Page
from kitten_tui.stages.figure import Bars, Facts, Figure, Foot, Matrix, fact_figure
from kitten_tui.stages.view import View
from kitten_tui.words import Words

LONGEST = 10_000
"""Cells of an arithmetic line that nothing shortens."""


@dataclass(frozen=True, eq=False)
class Table:
    """A figure as numbers with labels."""

    id: str
    """That of its figure: a name of the vocabulary, and what tells it from others of this name."""
    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: Array
    """[row, column]"""
    head: int = 0
    layer: int = 0
    heat: bool = False
    ends: tuple[float, float] | None = None
    """From where to where its heat goes, where it has the scale of others."""
    looked_at: bool = False
    """Whether it says how strongly something is looked at."""
    worked: Callable[[int, int], str] | None = None
    """The arithmetic of a number; None where nothing is known of where they come from."""

    @cached_property
    def range(self) -> tuple[float, float]:
        """The ends of its heat."""
        if self.ends is not None:
            return self.ends
        low, high = extremes(self.values)
        return (min(0.0, low), high) if low <= high else (0.0, 1.0)


def tables_of(figure: Figure, page: Page, words: Words) -> Iterator[Table]:
    """The numbers of a figure, of its foot; points on a plane are those of another figure."""
    title = say_title(words, getattr(figure, "title", ())).strip()
    if isinstance(figure, Matrix):
        # A single column says itself what it is.
        title = title or (figure.columns.labels[0] if not figure.columns.name else page.view.chain[figure.name].symbol)
        yield _table(figure, title, figure.all_values, figure.rows.labels, figure.columns.labels, page, words)
        if figure.foot is not None:
            yield from tables_of(figure.foot, page, words)
    elif isinstance(figure, Foot):
        yield _table(figure, "Σ", figure.values[None, :], ("Σ",), figure.columns.labels, page, words)
    elif isinstance(figure, Bars):
        title = title or page.view.chain[figure.name].symbol
        yield _table(figure, title, figure.values[:, None], figure.rows.labels, (title,), page, words)
    elif isinstance(figure, Facts):
        rows = tuple(say_title(words, label).strip() for label, _ in figure.rows)
        columns = tuple(say_title(words, heading).strip() for heading in figure.headings)
        values = np.array([[fact.value for fact in facts] for _, facts in figure.rows])  # [row, column]
        look = Sum(page.view.workings, words)

        def worked(row: int, column: int) -> str:
            return _worked(fact_figure(figure.rows[row][1][column]), page, look)

        yield Table(figure.id, title, rows, columns, values, *_place(figure, page), worked=worked)


def _table(
    figure: Matrix | Foot | Bars,
    title: str,
    values: Array,
    rows: Sequence[str],
    columns: Sequence[str],
    page: Page,
    words: Words,
) -> Table:
    look = Sum(page.view.workings, words)
    places = list(figure.places.values())

    def worked(row: int, column: int) -> str:
        moves: dict[str, int] = {}
        for axis in places:
            moves |= axis.move(row if axis is getattr(figure, "rows", None) else column)
        return _worked(figure, replace(page, view=page.view.with_(**moves)), look)

    place = _place(figure, page)
    heat: dict[str, Any] = {}
    if isinstance(figure, Matrix):
        heat = {"heat": figure.heat, "ends": figure.ends, "looked_at": figure.name in LOOKED_AT}
    return Table(figure.id, title, _shown(rows), _shown(columns), values, *place, **heat, worked=worked)


def grid(view: View, name: str, head: int, values: Array, title: str, words: Words) -> Table:
    """A [query, key] quantity of a head, whatever is looked at."""
    look, layer = Sum(view.workings, words), view.selection.layer

    def worked(query: int, key: int) -> str:
        return _arithmetic(view.workings.derive(Cell(name, (query, key), head, layer)), look)

    rows, columns = _shown(view.source.tokens), _shown(view.source.key_tokens)
    id_ = f"{name}.{head + 1}"
    return Table(id_, title, rows, columns, values, head, layer, heat=True, looked_at=True, worked=worked)


def _shown(labels: Sequence[str]) -> tuple[str, ...]:
    """Somebody else may have written them."""
    return tuple(show_token(label).strip() if label else "" for label in labels)


def _place(figure: Figure, page: Page) -> tuple[int, int]:
    selection = page.selection
    head = selection.head if figure.head is None else figure.head
    return head, selection.layer if figure.layer is None else figure.layer


def _worked(figure: Figure, page: Page, look: Sum) -> str:
    return _arithmetic(page.view.workings.derive(figure.cell(page.selection)), look)


def _arithmetic(derivation: Derivation, look: Sum) -> str:
    return text_of(next(iter(arithmetic(derivation, look, LONGEST)), [])).strip()
