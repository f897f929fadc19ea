"""Why a number is as large as it is: a table of what each part of a model adds to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment

from kitten_tui.core.array_types import Array
from kitten_tui.core.split import BIASES, LAYER, Group, Origin, grouped, sums
from kitten_tui.ink.cells import Line, fit
from kitten_tui.ink.numbers import fmt, signed
from kitten_tui.ink.palette import Palette
from kitten_tui.words import Words

NAMES = -1
"""The row or the column of names, where the cursor can stand too."""
SHORT = ("embedding", "position", "segment", "layer", "network")
"""What has a name for the head of a column; heads have their numbers there, and biases one name for all."""
AIR = 2
"""Cells between columns."""


@dataclass(frozen=True, eq=False)
class Why:
    """A table with its cursor; what is opened of it stands part by part, all else by layer."""

    of_rows: tuple[Origin, ...]
    of_columns: tuple[Origin, ...]
    values: Array
    """[part, part]"""
    open_rows: frozenset[Origin] = frozenset()
    open_columns: frozenset[Origin] = frozenset()
    row: int = 0
    column: int = NAMES

    @cached_property
    def rows(self) -> tuple[Group, ...]:
        return grouped(self.of_rows, self.open_rows)

    @cached_property
    def columns(self) -> tuple[Group, ...]:
        return grouped(self.of_columns, self.open_columns)

    @cached_property
    def table(self) -> Array:
        """[row, column]"""
        return sums(self.values, self.rows, self.columns)

    @property
    def is_list(self) -> bool:
        """Whether there is one column, which has no sum beside it."""
        return len(self.of_columns) == 1

    def stepped(self, right: int, down: int) -> Why:
        """With the cursor elsewhere; it stands on a number or on a name."""
        row = min(max(self.row + down, NAMES), len(self.rows) - 1)
        column = min(max(self.column + right, NAMES), len(self.columns) - 1)
        if self.is_list:
            return replace(self, row=max(row, 0), column=NAMES)
        return self if row == column == NAMES else replace(self, row=row, column=column)

    @property
    def at_row(self) -> Origin | None:
        return None if self.row == NAMES else self.rows[self.row].origin

    @property
    def at_column(self) -> Origin | None:
        return None if self.column == NAMES else self.columns[self.column].origin

    @property
    def head(self) -> tuple[Origin, bool] | None:
        """The head that the cursor stands at, and whether it is one of the rows."""
        for origin, is_row in ((self.at_row, True), (self.at_column, False)):
            if origin is not None and origin.kind == "head":
                return origin, is_row
        return None

    @property
    def can_open(self) -> bool:
        return any(origin is not None and origin.kind in (LAYER, BIASES) for origin in (self.at_row, self.at_column))

    @property
    def can_close(self) -> bool:
        return any(origin is not None and origin.together != origin for origin in (self.at_row, self.at_column))

    def opened(self) -> Why:
        """What the cursor stands at, part by part."""
        return self._with(self._of(self.at_row, self.open_rows), self._of(self.at_column, self.open_columns))

    def closed(self) -> Why:
        """What the cursor stands at, taken together again."""
        rows, columns = (
            opened if origin is None else opened - {origin.together}
            for origin, opened in ((self.at_row, self.open_rows), (self.at_column, self.open_columns))
        )
        return self._with(rows, columns)

    @staticmethod
    def _of(origin: Origin | None, opened: frozenset[Origin]) -> frozenset[Origin]:
        return opened if origin is None or origin.kind not in (LAYER, BIASES) else opened | {origin}

    def _with(self, rows: frozenset[Origin], columns: frozenset[Origin]) -> Why:
        """The cursor stays at the first part that it stood at."""
        other = replace(self, open_rows=rows, open_columns=columns)
        places = (
            place if place == NAMES else _place_of(groups[place].members[0], anew)
            for place, groups, anew in ((self.row, self.rows, other.rows), (self.column, self.columns, other.columns))
        )
        row, column = places
        return replace(other, row=row, column=column)


def _place_of(member: int, groups: Sequence[Group]) -> int:
    return next(place for place, group in enumerate(groups) if member in group.members)


def name_of(origin: Origin, words: Words) -> str:
    """A part as it stands in a list."""
    key = f"part_of.{origin.kind}"
    if origin.kind == "bias" and origin.layer >= 0:
        key = "part_of.bias_of"
    return words(key, layer=origin.layer + 1, head=origin.head + 1)


def short(origin: Origin, words: Words) -> str:
    """The same over a column."""
    match origin.kind:
        case "head":
            return f"{origin.layer + 1}.{origin.head + 1}"
        case "biases" | "bias" | "embedding_bias":
            return words("part_of.short_bias") + (f" {origin.layer + 1}" if origin.layer >= 0 else "")
        case _:
            return words(f"part_of.short_{origin.kind}", layer=origin.layer + 1)


def table(why: Why, words: Words, palette: Palette, width: int = 0, *, bare: bool = False) -> Iterator[Line]:
    """A row for each part, with its sum; as many columns as there is room for around the cursor, all without a width.

    A bare one has no cursor.
    """
    decimals = 3 if np.abs(why.table).max(initial=0.0) < 100 else 1
    names = [name_of(group.origin, words) for group in why.rows]
    total = words("part_of.sum")
    first = max(cell_len(name) for name in (*names, total))
    heads = [words("part_of.adds")] if why.is_list else [short(group.origin, words) for group in why.columns]
    full = np.vstack([why.table, why.table.sum(axis=0)])  # [row and sum, column]
    full = full if why.is_list else np.column_stack([full, full.sum(axis=1)])  # [row and sum, column and sum]
    heads = heads if why.is_list else [*heads, total]
    cells = [[fmt(float(value), decimals) for value in row] for row in full]
    widths = [max(map(cell_len, column)) for column in zip(heads, *cells, strict=True)]
    shown = _window(widths, max(why.column, 0), width - first if width else 0)
    heading = [Segment(fit("", first))]
    for column in shown:
        style = palette.label
        if not bare and column == why.column:
            style = palette.cursor if why.row == NAMES else palette.chosen
        heading += [Segment(" " * AIR), Segment(fit(heads[column], widths[column], "right"), style)]
    yield heading
    most = float(np.abs(why.table).max(initial=0.0))
    for row, name in enumerate([*names, total]):
        here = not bare and row == why.row
        style = palette.label
        if here:
            style = palette.cursor if why.column == NAMES else palette.chosen
        line = [Segment(fit(name, first), style)]
        for column in shown:
            text = fit(cells[row][column], widths[column], "right")
            inside = row < len(why.rows) and column < len(why.columns)
            style = palette.quiet(abs(float(full[row, column])), 0.0, most) if inside else palette.result
            if here and column == why.column:
                style = palette.cursor
            line += [Segment(" " * AIR), Segment(text, style)]
        yield line


def _window(widths: Sequence[int], at: int, room: int) -> list[int]:
    """The columns that fit beside the names: from the first one on, or around the one that has to be seen; the last
    one is the sum of all, and always there.
    """
    *inner, last = range(len(widths))
    if not room or not inner:
        return [*inner, last]
    room -= widths[last] + AIR
    first = at = min(at, len(inner) - 1)
    taken, stop = widths[at] + AIR, at + 1
    while first > 0 and taken + widths[first - 1] + AIR <= room:
        first -= 1
        taken += widths[first] + AIR
    while stop < len(inner) and taken + widths[stop] + AIR <= room:
        taken += widths[stop] + AIR
        stop += 1
    return [*inner[first:stop], last]


def told(why: Why, names: tuple[str, str], words: Words) -> str:
    """What the cursor stands at, with its number, and what a key would do there; names are those of the two tokens."""
    row, column = why.at_row, why.at_column
    if why.is_list or column is None:
        assert row is not None
        value, what = float(why.table[why.row].sum()), name_of(row, words)
        said = words("why.of_list" if why.is_list else "why.of_query", part=what, token=names[0], value=signed(value))
    elif row is None:
        value = float(why.table[:, why.column].sum())
        said = words("why.of_key", part=name_of(column, words), token=names[1], value=signed(value))
    else:
        parts = {"row": name_of(row, words), "column": name_of(column, words), "query": names[0], "at": names[1]}
        said = words("why.of_both", **parts, value=signed(float(why.table[why.row, why.column])))
    keys = []
    if why.can_open:
        keys.append(words("why.open"))
    elif why.head is not None:
        origin, _ = why.head
        keys.append(words("why.go", layer=origin.layer + 1, head=origin.head + 1))
    if why.can_close:
        keys.append(words("why.close"))
    return "   ".join([said, *keys])


def largest(why: Why, count: int) -> list[tuple[Origin, Origin, float]]:
    """The pairs of parts that give most, whatever the sign."""
    order = np.argsort(-np.abs(why.values), axis=None, kind="stable")[:count]
    places = np.stack(np.unravel_index(order, why.values.shape), axis=1)  # [pair, 2]
    return [
        (why.of_rows[row], why.of_columns[column], float(why.values[row, column])) for row, column in places.tolist()
    ]
