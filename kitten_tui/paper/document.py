"""What is taken away, before it is written in any format: sections with texts, tables and one number worked out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from rich.segment import Segment

from kitten_tui.core.source import Source
from kitten_tui.core.weighed import PLAIN
from kitten_tui.ink import mistake
from kitten_tui.ink.about import notes_of, title_of
from kitten_tui.ink.arcs import Arcs, draw
from kitten_tui.ink.blocks import Look
from kitten_tui.ink.cells import Line, text_of, wrap
from kitten_tui.ink.chrome import status_parts
from kitten_tui.ink.formula import Sum, arithmetic
from kitten_tui.ink.grid import Grid
from kitten_tui.ink.overview import Overview, about_head, measure_name, named
from kitten_tui.ink.palette import DARK, LIGHT, PAPER_DARK, PAPER_LIGHT, Ground, Palette
from kitten_tui.ink.say import say
from kitten_tui.ink.sheet import Picture
from kitten_tui.ink.window import is_long
from kitten_tui.paper.tables import Table, grid, tables_of
from kitten_tui.stages import Page, stages_of, turn_to
from kitten_tui.stages.figure import Band, Figure, Sheet
from kitten_tui.stages.stage import covered
from kitten_tui.stages.view import View
from kitten_tui.words import Words

WIDTH, HEIGHT = 100, 40
"""Cells of a line; what is longer than any page is shown as a window of so many lines."""


class Section(Protocol):
    """A part of a document."""

    @property
    def id(self) -> str: ...

    @property
    def heading(self) -> str: ...

    @property
    def texts(self) -> tuple[str, ...]:
        """Paragraphs that stand before the figures."""
        ...

    @property
    def tables(self) -> tuple[Table, ...]: ...

    @property
    def reading(self) -> str:
        """The figures read aloud."""
        ...

    @property
    def arithmetic(self) -> tuple[str, ...]:
        """The selected number worked out, and in words what is done."""
        ...

    @property
    def is_drawing(self) -> bool:
        """Whether its figures as they are drawn say what no table does."""
        ...

    def lines(self, palette: Palette) -> list[Line]:
        """The figures as they are drawn."""
        ...


@dataclass(frozen=True, eq=False)
class Document:
    title: str
    notes: tuple[str, ...]
    status: str
    """Of which head and under which settings it all is."""
    language: str
    sections: Sequence[Section]
    dark: bool = True
    """Whether it is drawn on a dark ground."""
    ground: Ground | None = None
    """What it is drawn on, where that is not the ground of paper."""

    @property
    def palette(self) -> Palette:
        return PAPER_DARK if self.dark else PAPER_LIGHT

    @property
    def paper(self) -> Ground:
        """What it is drawn on."""
        return self.ground or (DARK if self.dark else LIGHT)

    @property
    def tables(self) -> Iterator[tuple[Section, Table]]:
        return ((section, table) for section in self.sections for table in section.tables)

    def drawn(self) -> list[Line]:
        """All of it as lines; of a single section nothing but the section."""
        many = len(self.sections) > 1
        return [line for section in self.sections for line in _section_lines(section, self.palette, many)]


def _section_lines(section: Section, palette: Palette, spaced: bool) -> Iterator[Line]:
    def text(line: str) -> Line:
        return [Segment(line, palette.text)]

    if section.heading:
        yield [Segment(f" {section.heading}", palette.title)]
        yield []
    yield from section.lines(palette)
    below = [*wrap(section.reading, WIDTH - 2), *section.arithmetic] if section.reading else section.arithmetic
    if below:
        yield []
        yield from (text(f" {line}") for line in below)
    if spaced:
        yield []
        yield []


def lesson(view: View, words: Words, stages: Sequence[int] | None = None) -> Document:
    """These stages, or all."""
    every = stages_of(view.source)
    numbers = range(len(every)) if stages is None else stages
    return document(view, words, [StageSection.of(number, view, words) for number in numbers])


def figure(page: Page, words: Words) -> Document:
    """The figure with the cursor alone."""
    return document(page.view, words, [FigureSection(page, words)])


def stage(page: Page, words: Words) -> Document:
    """A stage as it is looked at."""
    return document(page.view, words, [StageSection(page, words, page.selection.stage)])


def heads(source: Source, overview: Overview, words: Words) -> Document:
    """All heads with their measures, in the order of the overview."""
    section = HeadsSection(overview, words)
    notes = notes_of(source, source.settings, words)
    return Document(title_of(source, words), notes, "", words.language, [section])


def arcs(view: View, query: int, words: Words, *, several: bool) -> Document:
    """The lines between words, of one word or where `query` is −1 of all."""
    return document(view, words, [ArcsSection(view, Arcs.of(view, query, several=several), words)])


def document(view: View, words: Words, sections: Sequence[Section]) -> Document:
    """These sections, with what there is to say about their source."""
    page = turn_to(stages_of(view.source)[0], view)
    told = mistake.notes(view, words)
    notes = (*told, *notes_of(view.source, view.settings, words))
    status = words("plain.separator").join([*told[:1], *status_parts(page, words)])
    return Document(title_of(view.source, words), notes, status, words.language, sections)


@dataclass(frozen=True, eq=False)
class StageSection:
    """A stage: its text, its figures, what they say."""

    is_drawing = False

    page: Page
    words: Words
    number: int
    is_covered: bool = False
    """Whether the future is covered here alone, since paper has no key to press."""

    @classmethod
    def of(cls, number: int, view: View, words: Words) -> StageSection:
        of_stage = stages_of(view.source)[number]
        shown = covered(of_stage, view)
        return cls(turn_to(of_stage, shown.with_(stage=number)), words, number, shown is not view)

    @property
    def id(self) -> str:
        return self.page.stage.id

    @property
    def heading(self) -> str:
        name = self.words(f"{self.page.stage.id}.name")
        return self.words("plain.stage", number=self.number + 1, name=name, formula=self.page.formula)

    @property
    def texts(self) -> tuple[str, ...]:
        if self.page.view.settings.variant:  # what is wrong is said once, above all stages
            return ()
        lesson = tuple(self.words(self.page.lesson).split("\n\n"))
        return (*lesson, self.words("plain.covered")) if self.is_covered else lesson

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        return tuple(table for each in self.page.sheet.figures for table in tables_of(each, self.page, self.words))

    @property
    def _sum(self) -> Sum:
        return Sum(self.page.view.workings, self.words)

    @property
    def reading(self) -> str:
        return " ".join(say(self.words, phrase, self._sum.name) for phrase in self.page.readings)

    @property
    def arithmetic(self) -> tuple[str, ...]:
        if self.page.derivation is None:
            return ()
        return tuple(text_of(line).rstrip() for line in arithmetic(self.page.derivation, self._sum, WIDTH))

    def lines(self, palette: Palette) -> list[Line]:
        sheet = self.page.sheet
        look = Look(self.words, palette, self.page.selection, self.page.focused.id)
        return list(Picture(sheet, look, WIDTH, HEIGHT if is_long(sheet) else WIDTH).lines())


class FigureSection(StageSection):
    """One figure of a stage, and nothing around it."""

    def __init__(self, page: Page, words: Words) -> None:
        bands = page.sheet.bands
        alone = next(
            (Band((each,), band.rows) for band in bands for each in band.figures if _holds(each, page.focused.id)), None
        )
        sheet = replace(page.sheet, bands=bands if alone is None else (alone,))
        super().__init__(replace(page, sheet=sheet), words, page.selection.stage)

    @property
    def heading(self) -> str:
        return ""

    @property
    def texts(self) -> tuple[str, ...]:
        return ()

    @property
    def reading(self) -> str:
        return ""


def _holds(figure: Figure, id_: str) -> bool:
    """Whether the cursor stands in this figure, in its foot or in one of its single numbers."""
    return any(stop.id == id_ for stop in Sheet((Band((figure,)),)).stops)


@dataclass(frozen=True, eq=False)
class HeadsSection:
    """All heads of a model."""

    overview: Overview
    words: Words

    id = "heads"
    is_drawing = False
    reading = ""
    arithmetic: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        of, words = self.overview, self.words
        measure = measure_name(of, words, of.measure)
        return named(of, words, words("overview.title", order=words("overview.name"), measure=measure))

    @property
    def texts(self) -> tuple[str, ...]:
        return ()

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        of = self.overview
        columns = tuple(of.measures)
        ready = [place for place in of.order if of.summary(*place) is not None]
        values = np.array([[of.value(*place, name) for name in columns] for place in ready])  # [head, measure]
        rows = tuple(f"{layer + 1}.{head + 1}" for layer, head in ready)
        names = tuple(
            self.words(f"measure.{name}.name") if name != "between" else measure_name(of, self.words, name)
            for name in columns
        )
        return (Table("heads", self.heading, rows, names, values.reshape(len(rows), len(names))),)

    def lines(self, palette: Palette) -> list[Line]:
        grid = Grid(self.overview, palette, WIDTH).lines()
        return [*grid, [], *about_head(self.overview, self.words, palette, WIDTH)]


@dataclass(frozen=True, eq=False)
class ArcsSection:
    """The words and the lines between them, with the weights of each head as a table."""

    view: View
    arcs: Arcs
    words: Words

    id = "arcs"
    reading = ""
    texts: tuple[str, ...] = ()
    arithmetic: tuple[str, ...] = ()
    is_drawing = True

    @property
    def heading(self) -> str:
        return self.words("arcs.name", layer=self.view.selection.layer + 1)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        symbol = self.view.chain[self.arcs.weighed].symbol if self.arcs.weighed != PLAIN else "α"
        return tuple(
            grid(self.view, self.arcs.weighed, head, weights, f"{symbol} {head + 1}", self.words)
            for head, weights in zip(self.arcs.heads, self.arcs.weights, strict=True)
        )

    def lines(self, palette: Palette) -> list[Line]:
        return draw(self.arcs, self.words, palette, WIDTH)


@dataclass(frozen=True, eq=False)
class Screen:
    """What a screen shows, in its own colours."""

    shown: Sequence[Line]

    id = "screen"
    heading = reading = ""
    texts: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    arithmetic: tuple[str, ...] = ()
    is_drawing = True

    def lines(self, palette: Palette) -> list[Line]:
        return list(self.shown)
