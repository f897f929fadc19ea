"""A source under settings with something selected: what every stage is given to look at."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from kitten_tui.core.array_types import Array, Mask
from kitten_tui.core.chain import Chain
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.core.trace import Trace
from kitten_tui.core.weighed import PLAIN, WEIGHED, WITHOUT_SPECIAL
from kitten_tui.core.workings import Workings
from kitten_tui.desk.phrase import Phrase
from kitten_tui.desk.selection import Selection
from kitten_tui.stages.figure import Axis, Band, Figure, Foot, Gap, Matrix, Sign, Title

if TYPE_CHECKING:
    from kitten_tui.core.faults import Fault

WRONG = "⚠"
"""Stands before a row in which something is wrong."""


@dataclass(frozen=True, eq=False)
class View:
    source: Source
    settings: Settings
    selection: Selection

    @cached_property
    def workings(self) -> Workings:
        return Workings(self.source, self.settings, self.selection.layer)

    @property
    def chain(self) -> Chain:
        """The lines of the layer that is looked at."""
        return self.workings.chain

    @property
    def trace(self) -> Trace:
        """The selected head."""
        return self.head(self.selection.head)

    @property
    def rescaled(self) -> Trace:
        """The same head with the scale switched the other way, to compare with."""
        return self.workings.trace(self.selection.head, rescaled=True)

    @property
    def can_rescale(self) -> bool:
        """Whether the weights follow from scores through a division that can be switched."""
        made = self.chain.steps("scores", "masked")[1:]
        return bool(made) and self.has("sensitivity") and not {*made, "exp", "total", "weights"} & {*self.trace.given}

    def head(self, index: int) -> Trace:
        return self.workings.trace(index)

    def row(self, name: str, head: int | None = None) -> Array:
        """What a [query, …] quantity has for the selected query, in the selected head or another.

        Raises:
            LookupError: the source has no such quantity.
        """
        return self.head(self.selection.head if head is None else head).row(name, self.selection.query)

    def truth(self, name: str, head: int | None = None) -> Mask:
        """The same of a quantity that is yes or no.  -> [key]"""
        return self.row(name, head).astype(bool, copy=False)

    @property
    def tokens(self) -> tuple[str, ...]:
        return self.source.tokens

    @property
    def is_cross(self) -> bool:
        """Whether other tokens are looked at than those that look."""
        return self.source.key_tokens is not self.source.tokens

    @property
    def token(self) -> str:
        """The selected query."""
        return self.name(self.selection.query)

    def name(self, place: int) -> str:
        """A token as a sentence about it names it; one that stands there more than once gets its place."""
        return place_name(self.tokens, place)

    def key_name(self, place: int) -> str:
        """The same of a token that is looked at."""
        return place_name(self.source.key_tokens, place)

    @property
    def d_k(self) -> int:
        return self.workings.head_width

    @property
    def divisor_name(self) -> str:
        """What scores are divided by with the scale on, as it is written."""
        trace = self.trace if self.settings.scale else self.rescaled
        if not trace.has("divisor"):
            return "√d_k"
        return trace.symbol("divisor", ()) or f"{float(trace['divisor']):.4g}"

    @cached_property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong with the selected head, of numbers that were computed elsewhere."""
        record, at = self.source.record, self.selection
        every = () if record is None else record.faults
        return tuple(fault for fault in every if (fault.layer, fault.head) == (at.layer, at.head))

    def said(self, fault: Fault) -> Phrase:
        """A fault in words."""
        return fault_said(self.source, fault)

    def with_(self, **places: int | str) -> View:
        return replace(self, selection=self.selection.moved(**places))

    def axis(self, name: str) -> Axis:
        """An axis of the vocabulary with its labels."""
        if name in ("token", "query"):
            wrong = {fault.query for fault in self.faults} if name == "query" else set()
            return Axis(name, tuple(_marked(wrong, self.tokens)) if wrong else self.tokens)
        if name == "key":
            return Axis(name, self.source.key_tokens)
        if name == "expert":
            return Axis(name, tuple(str(place + 1) for place in range(self.workings.size(name))))
        if name == "concat":
            d_k = self.d_k
            return Axis(name, tuple(f"{h + 1}.{d + 1}" for h in range(self.source.n_heads) for d in range(d_k)))
        if name == "vocabulary" and self.source.trainer is not None:
            return Axis(name, self.source.trainer.vocabulary)
        return Axis(name, _numbered(self.workings.size(name)))

    def has(self, name: str) -> bool:
        """Whether the source has this quantity."""
        return self.workings.has(name, self.selection.head)

    @property
    def weighed(self) -> str:
        """The quantity that is looked at as weights."""
        at = self.selection
        name = WEIGHED[at.by_value, at.hide_special]
        return name if name == PLAIN or self.has(name) else PLAIN

    @property
    def special(self) -> Mask | None:
        """Where special tokens are hidden; None where they are not.  -> [query, key]"""
        return ~self.trace.truth("words") if self.weighed in WITHOUT_SPECIAL else None

    def matrix(self, name: str, *, head: int | None = None, rows: str = "", back: int = 0) -> Matrix | None:
        """A quantity of the vocabulary as a figure, with the axes it has there; `back` is so many layers before.

        Its first axis can be shown as another: the values of the tokens as the values of the keys. None where the
        source has no such quantity.
        """
        workings = self.workings.in_layer(self.selection.layer - back)
        if name not in workings.chain:
            return None
        values = workings.array(name, self.selection.head if head is None else head)
        if values is None:
            return None
        quantity = workings.chain[name]
        first, *rest = quantity.axes
        if self.is_cross and first == "token" and workings.chain.of_keys(name):
            rows = rows or "key"
        axes = (rows or first, *rest)
        return Matrix(
            id=name,
            name=name,
            title=(quantity.symbol,),
            values=values,
            rows=self.axis_of(axes[0], values.shape[0]),
            columns=self.axis_of(axes[1], values.shape[1]),
            axes=axes,
            head=head,
            layer=self.selection.layer - back if back else None,
        )

    def numbers_of_tokens(self, name: str) -> Matrix | None:
        """A quantity with one number for each token, or for each query, as a column."""
        values = self.workings.array(name, self.selection.head)  # [token]
        if values is None:
            return None
        return Matrix(
            id=name,
            name=name,
            values=values[:, None],
            rows=self.axis(self.chain[name].axes[0]),
            columns=Axis("", (self.chain[name].symbol,)),
            axes=self.chain[name].axes,
            heat=False,
        )

    @property
    def pinned(self) -> int | None:
        """The query whose row stays beside the selected one."""
        pinned = self.selection.pinned
        return pinned if 0 <= pinned < len(self.tokens) else None

    def pinned_rows(self, name: str) -> tuple[Band, ...]:
        """The pinned query's row of a quantity, and how much more the selected one has; nothing without a pin."""
        if self.pinned is None or not self.has(name):
            return ()
        columns = self.chain[name].axes[1]
        row, gap = self._pinned_row(name, self.pinned)  # [column], [column]
        return (
            self._row(f"{name}.pinned", name, ("pinned", columns), row, f"↑{self.name(self.pinned)}"),
            self._row(f"{name}.gap", f"{name}_gap", ("query", "pinned", columns), gap, "Δ"),
        )

    def _row(self, id_: str, name: str, axes: tuple[str, ...], row: Array, label: str) -> Band:
        columns = self.axis_of(axes[-1], len(row))
        rows = Axis("", (label,))
        values = row[None, :]
        matrix = Matrix(
            id=id_, name=name, values=values, rows=rows, columns=columns, axes=axes, column_labels=False, untitled=True
        )
        return Band((matrix,), rows)

    def pinned_columns(self, name: str) -> tuple[Matrix, ...]:
        """The same, written downwards: a row for each key."""
        if self.pinned is None or not self.has(name):
            return ()
        row, gap = self._pinned_row(name, self.pinned)  # [key], [key]
        symbol = self.chain[name].symbol
        pinned, more = self._column(name, row, f"{symbol}↑"), self._column(f"{name}_gap", gap, f"Δ{symbol}")
        return (
            replace(pinned, id=f"{name}.pinned", axes=("pinned", "key")),
            replace(more, id=f"{name}.gap", axes=("query", "pinned", "key"), heat=False),
        )

    def _pinned_row(self, name: str, pinned: int) -> tuple[Array, Array]:
        """The pinned query's row of a quantity, and how much more the selected one has."""
        row = self.trace.row(name, pinned)  # [column]
        return row, self.row(name) - row

    def bias(self, name: str) -> Matrix | None:
        """What is added to every row of a projection, as a row."""
        values, quantity = self.workings.array(name, self.selection.head), self.chain[name]  # [column]
        if values is None:
            return None
        return Matrix(
            id=name,
            name=name,
            title=(quantity.symbol,),
            values=values[None, :],
            rows=Axis("", ("",)),
            columns=self.axis_of(quantity.axes[0], len(values)),
            axes=quantity.axes,
            column_labels=False,
        )

    def column(self, name: str, *, label: str = "", short: str = "", sum_name: str = "") -> Matrix | None:
        """The selected row of a [query, key] quantity, written downwards: a row for each key, and their sum."""
        if not self.has(name):
            return None
        foot = None
        if sum_name and self.chain[sum_name].axes == ("query",):
            sums = np.asarray(self.row(sum_name))[None]  # [1]
            foot = Foot(id=sum_name, name=sum_name, axes=("query",), values=sums, columns=Axis("", ("",)))
        column = self._column(name, self.row(name), label or self.chain[name].symbol, short)
        return replace(column, foot=foot)

    def _column(self, name: str, values: Array, label: str, short: str = "") -> Matrix:
        return Matrix(
            id=name,
            name=name,
            values=np.asarray(values)[:, None],
            rows=self.axis("key"),
            columns=Axis("", (label,), short=(short,) if short else ()),
            axes=("query", "key"),
        )

    def axis_of(self, name: str, size: int) -> Axis:
        """An axis of the vocabulary where it has this many places."""
        axis = self.axis(name)
        # W_o may lead to a width that is not d_model's.
        return axis if len(axis) == size else Axis(name, _numbered(size))


def _marked(wrong: Collection[int], tokens: Sequence[str]) -> Iterator[str]:
    for place, token in enumerate(tokens):
        yield f"{WRONG}{token}" if place in wrong else token


def fault_said(source: Source, fault: Fault) -> Phrase:
    """A fault in words, with its place."""
    symbol = source.chain(fault.layer)[fault.name].symbol
    of_keys = "key" in source.chain(fault.layer)[fault.name].axes
    queries = source.key_tokens if source.chain(fault.layer).of_keys(fault.name) and not of_keys else source.tokens
    key = "" if fault.key < 0 else place_name(source.key_tokens, fault.key) if of_keys else f"d{fault.key + 1}"
    place = {"layer": fault.layer + 1, "head": fault.head + 1, "token": place_name(queries, fault.query), "at": key}
    return Phrase(f"fault.{fault.kind}", {**place, "value": f"{fault.value:.4g}", "name": symbol})


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


def line_up(*figures: Figure | None) -> tuple[Figure, ...]:
    """Figures in a row without those that are missing; a sign stands only between two that are there."""
    row: list[Figure] = []
    for figure in figures:
        if figure is None:
            continue
        if isinstance(figure, Sign) and (not row or isinstance(row[-1], Sign)):
            row[-1:] = [figure] if row else []
            continue
        row.append(figure)
    return tuple(row[:-1] if row and isinstance(row[-1], Sign) else row)


def styled(figure: Matrix | None, **look: object) -> Matrix | None:
    """The figure drawn otherwise, if there is one."""
    return None if figure is None else replace(figure, **look)  # type: ignore[arg-type]


def banded(figures: Iterable[Figure | None], rows: Axis | None = None, title: Title = ()) -> tuple[Band, ...]:
    """A band of those figures that there are, or none."""
    row = line_up(*figures)
    return (Band(row, rows, title),) if any(figure.name for figure in row) else ()
