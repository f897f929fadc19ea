"""What a stage shows: plain data with labels, no colour and no language.

A sheet is a stack of bands; a band is a table whose rows share their labels; a figure is a group of its columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kitten_tui.core.array_types import Array, Mask
from kitten_tui.core.cell import Cell
from kitten_tui.desk.phrase import Phrase
from kitten_tui.desk.selection import Selection


@dataclass(frozen=True)
class Axis:
    """One direction of a figure: the axis of the selection that it shows, and a label for each place."""

    name: str
    labels: tuple[str, ...]
    first: int = 0
    """Where it begins, when it is a window on a longer one."""
    whole: tuple[str, ...] = ()
    """The labels of the longer one."""
    short: tuple[str, ...] = ()
    """What stands for labels that have no room, where there is something shorter than their beginning."""

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, selection: Selection) -> int:
        """The place along it that is selected, counted from its first label."""
        return selection.at(self.name) - self.first if self.name else 0

    def move(self, place: int) -> dict[str, int]:
        """What selecting a place along it means."""
        return {self.name: self.first + place} if self.name else {}

    def cut(self, first: int, count: int) -> Axis:
        """A window on it."""
        shown = slice(first, first + count)
        return Axis(self.name, self.labels[shown], self.first + first, self.whole or self.labels, self.short[shown])


Title = tuple[str | Phrase, ...]
"""Symbols as they are, words as phrases."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Figure:
    """A group of columns of a band."""

    id: str
    """Unique in its sheet; the cursor finds the figure by it."""
    name: str
    """The quantity of the vocabulary whose cells these are."""
    title: Title = ()
    short: Title = ()
    """Its title where that has no room."""
    axes: tuple[str, ...] = ()
    """What the indices of its cells are, as axes of the selection."""
    head: int | None = None
    """The head it belongs to, where it is not the selected one."""
    fixed: tuple[int, ...] = ()
    """The further indices of its cells, which no key moves."""
    layer: int | None = None
    """The layer it belongs to, where it is not the selected one."""
    rescaled: bool = False
    """Whether it shows the comparison with the scale switched the other way."""

    def cell(self, selection: Selection) -> Cell:
        """The cell of this figure that the selection points at."""
        return Cell(
            name=self.name,
            index=(*(selection.at(axis) for axis in self.axes), *self.fixed),
            head=selection.head if self.head is None else self.head,
            layer=selection.layer if self.layer is None else self.layer,
            rescaled=self.rescaled,
        )

    @property
    def places(self) -> Mapping[str, Axis]:
        """The axes along which the cursor moves in it."""
        return {}


@dataclass(frozen=True, eq=False, kw_only=True)
class Foot(Figure):
    """The row under a matrix that its columns add up to."""

    values: Array
    """[column]"""
    columns: Axis

    @property
    def places(self) -> Mapping[str, Axis]:
        return {self.columns.name: self.columns} if self.columns.name else {}


@dataclass(frozen=True, eq=False, kw_only=True)
class Matrix(Figure):
    """Numbers with heat behind them."""

    values: Array
    """[row, column]"""
    rows: Axis
    columns: Axis
    heat: bool = True
    hidden: Mask | None = None
    """Cells that a mask covers. [row, column]"""
    dropped: Mask | None = None
    """Cells that dropout covers. [row, column]"""
    previewed: Mask | None = None
    """Cells that a mask would cover if it were on. [row, column]"""
    ends: tuple[float, float] | None = None
    """From where to where its heat goes, where it has the scale of others."""
    compact: bool = False
    """Shown in per cent or tenths where space is short."""
    row_labels: bool = False
    """Whether it carries labels of its own, since the band has others."""
    column_labels: bool = True
    untitled: bool = False
    """Whether its rows begin at once, since the figure above has the same columns."""
    foot: Foot | None = None
    """What its columns add up to."""
    whole: Array | None = None
    """All its numbers, where it is a window on them. [row, column]"""
    unit: int = 0
    """The power of ten that its numbers are written in."""
    beside: str = ""
    """The id of the figure that has the cursor for it, where it is only there to compare that with."""
    diverges: bool = False
    """Whether its heat tells what is above 0 from what is below."""

    @property
    def all_values(self) -> Array:
        """[row, column]"""
        return self.values if self.whole is None else self.whole

    def cut(self, rows: range, columns: range) -> Matrix:
        """A window on it."""
        window = (slice(rows.start, rows.stop), slice(columns.start, columns.stop))
        foot = self.foot
        if foot is not None:
            values = foot.values[columns.start : columns.stop]
            foot = replace(foot, values=values, columns=foot.columns.cut(columns.start, len(columns)))
        return replace(
            self,
            values=self.values[window],
            whole=self.all_values,
            rows=self.rows.cut(rows.start, len(rows)),
            columns=self.columns.cut(columns.start, len(columns)),
            hidden=None if self.hidden is None else self.hidden[window],
            dropped=None if self.dropped is None else self.dropped[window],
            previewed=None if self.previewed is None else self.previewed[window],
            foot=foot,
        )

    @property
    def places(self) -> Mapping[str, Axis]:
        return {axis.name: axis for axis in (self.rows, self.columns) if axis.name}


@dataclass(frozen=True, eq=False, kw_only=True)
class Bars(Figure):
    """One bar a row, all to one scale."""

    values: Array
    """[row]"""
    rows: Axis
    largest: float
    """What a full bar stands for."""
    ghost: bool = False
    """Whether it is a comparison rather than the thing itself."""

    @property
    def places(self) -> Mapping[str, Axis]:
        return {self.rows.name: self.rows}


@dataclass(frozen=True, eq=False, kw_only=True)
class Sign(Figure):
    """An operator between two figures."""

    text: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Gap(Figure):
    """Room between figures; in an aligned sheet, as much as the figure in the same place of another band takes."""

    width: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class Plane(Figure):
    """Two-dimensional vectors as points, with the one they add up to."""

    points: Array
    """[key, 2]"""
    names: tuple[str, ...]
    """Of the points. [key]"""
    target: Array
    """Marked with z. [2]"""
    selected: int
    """The point that the cursor is at."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Fact:
    """A number that stands by itself, with the cell it is."""

    id: str
    name: str
    value: float
    axes: tuple[str, ...] = ()
    fixed: tuple[int, ...] = ()
    layer: int | None = None
    rescaled: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Facts(Figure):
    """A small table of single numbers: a label for each row, a heading for each column."""

    headings: tuple[Title, ...]
    rows: tuple[tuple[Title, tuple[Fact, ...]], ...]


@dataclass(frozen=True, eq=False)
class Band:
    """Figures beside one another that share the labels of their rows."""

    figures: tuple[Figure, ...]
    rows: Axis | None = None
    title: Title = ()
    """Of the first of them that have none of their own."""

    def repeats(self, below: Band) -> bool:
        """Whether its matrices stand above others with the same columns, and alone."""
        pairs = [pair for pair in zip(self.figures, below.figures, strict=False) if not isinstance(pair[0], Gap)]
        return bool(pairs) and all(
            isinstance(figure, Matrix)
            and isinstance(other, Matrix)
            and figure.columns.labels == other.columns.labels
            and figure.column_labels
            and other.column_labels
            for figure, other in pairs
        )


@dataclass(frozen=True, eq=False)
class Sheet:
    """What a stage shows."""

    bands: tuple[Band, ...]
    aligned: bool = False
    """Whether figures in the same place of different bands stand exactly below one another."""
    backward: bool = False
    """Whether gradients stand in the place of numbers."""
    of_model: bool = False
    """Whether what does not fit is shown through windows rather than scrolled."""
    formula: str = ""
    """What the page is about, where that is not what its stage says."""

    @property
    def tight(self) -> Sheet:
        """Without the labels of columns that stand again in the band below, which makes it lower."""
        bands = [*self.bands]
        for place, below in enumerate(self.bands[1:]):
            if self.aligned and bands[place].repeats(below):
                figures = (
                    replace(f, column_labels=False) if isinstance(f, Matrix) else f for f in bands[place].figures
                )
                bands[place] = replace(bands[place], figures=tuple(figures))
        return replace(self, bands=tuple(bands))

    @property
    def figures(self) -> tuple[Figure, ...]:
        return tuple(figure for band in self.bands for figure in band.figures)

    @property
    def stops(self) -> tuple[Figure, ...]:
        """The figures the cursor can stand in, in reading order; the single numbers of a table are one each."""
        stops: list[Figure] = []
        for figure in self.figures:
            if isinstance(figure, Facts):
                stops += [fact_figure(fact) for _, facts in figure.rows for fact in facts]
            elif isinstance(figure, Bars) or (isinstance(figure, Matrix) and not figure.beside):
                stops.append(figure)
                if isinstance(figure, Matrix) and figure.foot:
                    stops.append(figure.foot)
        return tuple(stops)

    def stop(self, id_: str) -> Figure | None:
        """The figure of this id that the cursor can stand in."""
        return next((figure for figure in self.stops if figure.id == id_), None)


def fact_figure(fact: Fact) -> Figure:
    """A single number as a figure that the cursor can stand in."""
    about = {"fixed": fact.fixed, "layer": fact.layer, "rescaled": fact.rescaled}
    return Figure(id=fact.id, name=fact.name, axes=fact.axes, **about)  # type: ignore[arg-type]
