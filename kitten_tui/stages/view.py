"""A source under settings with something selected: what every stage is given to look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from kitten_tui.core.derivation import Workings
from kitten_tui.core.ops import Array
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.core.trace import Joined, Trace
from kitten_tui.core.vocabulary import QUANTITIES
from kitten_tui.stages.figure import Axis, Band, Figure, Foot, Gap, Matrix, Sign
from kitten_tui.stages.selection import Selection


@dataclass(frozen=True, eq=False)
class View:
    source: Source
    settings: Settings
    selection: Selection

    @cached_property
    def workings(self) -> Workings:
        return Workings(self.source, self.settings, self.selection.layer)

    @property
    def trace(self) -> Trace:
        """The selected head."""
        return self.head(self.selection.head)

    @property
    def row(self) -> Trace:
        """The row of the selected query alone, in the selected head."""
        return self.trace.only(self.selection.query)

    @property
    def rescaled(self) -> Trace:
        """The same row with the scale switched the other way, to compare with."""
        return self.workings.trace(self.selection.head, rescaled=True).only(self.selection.query)

    @property
    def joined(self) -> Joined:
        return self.workings.joined()

    @property
    def tokens(self) -> tuple[str, ...]:
        return self.source.tokens

    @property
    def token(self) -> str:
        """The selected query."""
        return self.name(self.selection.query)

    def name(self, place: int) -> str:
        """A token as a sentence about it names it; one that stands there more than once gets its place."""
        return place_name(self.tokens, place)

    @property
    def divisor_name(self) -> str:
        """What scores are divided by with the scale on, as it is written."""
        divisor, projected = self.settings.divisor, self.trace.projected
        if divisor is None and projected.own_divisor is None:
            return f"√{projected.d_k}"
        return f"{divisor or projected.natural_divisor:.4g}"

    def head(self, index: int) -> Trace:
        return self.workings.trace(index)

    def with_(self, **places: int | str) -> View:
        return replace(self, selection=self.selection.moved(**places))

    def axis(self, name: str) -> Axis:
        """An axis of the vocabulary with its labels."""
        if name in ("token", "query", "key"):
            return Axis(name, self.tokens)
        if name == "concat":
            d_k = self.trace.d_k
            return Axis(name, tuple(f"{h + 1}.{d + 1}" for h in range(self.source.n_heads) for d in range(d_k)))
        width = self.trace.d_k if name == "d_k" else self.trace.x.shape[-1]
        return Axis(name, _numbered(width))

    def has(self, name: str) -> bool:
        """Whether the source has this quantity."""
        return self.workings.has(name, self.selection.head)

    def present(self, figures: Iterable[Figure]) -> tuple[Figure, ...]:
        """Those whose quantity the source has."""
        return tuple(figure for figure in figures if self.has(figure.name))

    def matrix(self, name: str, *, head: int | None = None, rows: str = "", back: int = 0, **look: Any) -> Matrix:
        """A quantity of the vocabulary as a figure, with the axes it has there; `back` is so many layers before.

        Its first axis can be shown as another: the values of the tokens as the values of the keys.
        """
        workings = self.workings.in_layer(self.selection.layer - back)
        values = workings.array(name, self.selection.head if head is None else head)
        assert values is not None
        axes = QUANTITIES[name].axes
        if rows:
            axes = (rows, *axes[1:])
        look.setdefault("title", (QUANTITIES[name].symbol,))
        return Matrix(
            id=look.pop("id", name),
            name=name,
            values=values,
            rows=self._axis_of(axes[0], values.shape[0]),
            columns=self._axis_of(axes[1], values.shape[1]),
            axes=axes,
            head=head,
            layer=self.selection.layer - back if back else None,
            **look,
        )

    def numbers_of_tokens(self, name: str) -> Matrix:
        """A quantity with one number for each token, as a column."""
        values = self.workings.array(name, self.selection.head)
        assert values is not None
        return Matrix(
            id=name,
            name=name,
            values=values[:, None],
            rows=self.axis("token"),
            columns=Axis("", (QUANTITIES[name].symbol,)),
            axes=("token",),
            heat=False,
        )

    @property
    def pinned(self) -> int | None:
        """The query whose row stays beside the selected one."""
        pinned = self.selection.pinned
        return pinned if 0 <= pinned < len(self.tokens) else None

    def pinned_rows(self, name: str) -> tuple[Band, ...]:
        """The pinned query's row of a quantity, and how much more the selected one has; nothing without a pin."""
        if self.pinned is None:
            return ()
        values = self.workings.array(name, self.selection.head)
        assert values is not None
        columns = QUANTITIES[name].axes[1]
        row, gap = values[self.pinned], values[self.selection.query] - values[self.pinned]  # [column]
        return (
            self._row(f"{name}.pinned", name, ("pinned", columns), row, f"↑{self.name(self.pinned)}"),
            self._row(f"{name}.gap", f"{name}_gap", ("query", "pinned", columns), gap, "Δ"),
        )

    def _row(self, id_: str, name: str, axes: tuple[str, ...], row: Array, label: str) -> Band:
        columns = self._axis_of(axes[-1], len(row))
        rows = Axis("", (label,))
        values = row[None, :]
        matrix = Matrix(
            id=id_, name=name, values=values, rows=rows, columns=columns, axes=axes, column_labels=False, untitled=True
        )
        return Band((matrix,), rows)

    def pinned_columns(self, name: str) -> tuple[Matrix, ...]:
        """The same, written downwards: a row for each key."""
        if self.pinned is None:
            return ()
        values = self.workings.array(name, self.selection.head)
        assert values is not None
        row, gap = values[self.pinned], values[self.selection.query] - values[self.pinned]  # [key]
        symbol = QUANTITIES[name].symbol
        pinned = self.column(name, row, id=f"{name}.pinned", label=f"{symbol}↑")
        return (
            replace(pinned, axes=("pinned", "key")),
            replace(
                self.column(f"{name}_gap", gap, id=f"{name}.gap", label=f"Δ{symbol}", heat=False),
                axes=("query", "pinned", "key"),
            ),
        )

    def bias(self, name: str) -> Matrix:
        """What is added to every row of a projection, as a row."""
        values = self.workings.array(name, self.selection.head)
        assert values is not None
        return Matrix(
            id=name,
            name=name,
            title=(QUANTITIES[name].symbol,),
            values=values[None, :],
            rows=Axis("", ("",)),
            columns=self._axis_of(QUANTITIES[name].axes[0], len(values)),
            axes=QUANTITIES[name].axes,
            column_labels=False,
        )

    def column(self, name: str, values: Array, *, sum_name: str = "", **look: Any) -> Matrix:
        """The selected row of a [query, key] quantity, written downwards: a row for each key, and their sum."""
        if sum_name:
            sums = np.asarray(getattr(self.row, sum_name))  # [1]
            look["foot"] = Foot(id=sum_name, name=sum_name, axes=("query",), values=sums, columns=Axis("", ("",)))
        return Matrix(
            id=look.pop("id", name),
            name=name,
            values=np.asarray(values)[:, None],
            rows=self.axis("key"),
            columns=Axis("", (look.pop("label", QUANTITIES[name].symbol),)),
            axes=("query", "key"),
            **look,
        )

    def _axis_of(self, name: str, size: int) -> Axis:
        axis = self.axis(name)
        # W_o may lead to a width that is not d_model's.
        return axis if len(axis) == size else Axis(name, _numbered(size))


def place_name(tokens: Sequence[str], place: int) -> str:
    """A token with its place, counted from 1, where the same token stands elsewhere too."""
    token = tokens[place]
    return f"{token}#{place + 1}" if tokens.count(token) > 1 else token


@lru_cache(maxsize=16)
def _numbered(size: int) -> tuple[str, ...]:
    return tuple(f"d{number}" for number in range(1, size + 1))


def sign(text: str) -> Sign:
    return Sign(id=f"sign {text}", name="", text=text)


def gap(width: int = 0) -> Gap:
    return Gap(id="gap", name="", width=width)
