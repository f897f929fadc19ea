"""In which order a section is told, whatever it is written in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kitten_tui.paper.document import Section
from kitten_tui.paper.tables import Table


@dataclass(frozen=True)
class Heading:
    text: str


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Drawn:
    """The figures as they are drawn."""


@dataclass(frozen=True)
class Reading:
    """The figures read aloud."""

    text: str


@dataclass(frozen=True)
class Worked:
    """The selected number."""

    lines: tuple[str, ...]


Part = Heading | Paragraph | Drawn | Table | Reading | Worked


def parts(section: Section, *, most: int = 0, draws: bool = False) -> Iterator[Part]:
    """The parts of a section. Its figures are tables, of at most so many numbers each; they are drawn where one has
    more, where `draws` asks for it, and besides the tables where the drawing says what no table does.
    """
    if section.heading:
        yield Heading(section.heading)
    yield from map(Paragraph, section.texts)
    if draws or any(table.values.size > most for table in section.tables):
        yield Drawn()
    else:
        if section.is_drawing:
            yield Drawn()
        yield from section.tables
    if section.reading:
        yield Reading(section.reading)
    if section.arithmetic:
        yield Worked(section.arithmetic)
