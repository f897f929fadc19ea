"""What of a page is pointed at, and what of it is covered for a while."""

from __future__ import annotations

from dataclasses import dataclass

PARTS = ("all", "row", "column", "cell", "mirror", "future")
"""Of a matrix: the selected row, column or cell, the cell on the other side of the diagonal, or what comes after the
diagonal in the selected row.
"""


Place = tuple[int, int]
"""A row and a column."""


@dataclass(frozen=True)
class Light:
    """A figure, or a part of it."""

    figure: str
    """The id of the figure."""
    part: str = "all"
    """One of PARTS."""

    def falls_on(self, place: Place, at: Place) -> bool:
        """Whether it reaches a cell, a row and a column, where this row and column are selected."""
        (row, column), (at_row, at_column) = place, at
        match self.part:
            case "row":
                return row == at_row
            case "column":
                return column == at_column
            case "cell":
                return place == at
            case "mirror":
                return (column, row) == at
            case "future":
                return row == at_row < column
        return True


@dataclass(frozen=True)
class Lit:
    """What is lit while all else is dim, and what is covered; without any light everything is lit."""

    lights: tuple[Light, ...] = ()
    covers: tuple[Light, ...] = ()
    alone: bool = False
    """Whether what is not lit is not seen at all."""

    def lights_figure(self, id_: str) -> bool:
        """Whether anything of a figure is lit."""
        return not self.lights or any(light.figure == id_ for light in self.lights)

    def lights_cell(self, id_: str, place: Place, at: Place) -> bool:
        return not self.lights or _reaches(self.lights, id_, place, at)

    def covers_figure(self, id_: str) -> bool:
        """Whether anything of a figure is covered."""
        return any(cover.figure == id_ for cover in self.covers)

    def covers_cell(self, id_: str, place: Place, at: Place) -> bool:
        return _reaches(self.covers, id_, place, at)


def _reaches(lights: tuple[Light, ...], id_: str, place: Place, at: Place) -> bool:
    return any(light.figure == id_ and light.falls_on(place, at) for light in lights)


EVERYTHING = Lit()
