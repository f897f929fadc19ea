"""The walk on paper: a section for each step, with its question, what it points at and its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from kitten_tui.ink.cells import Line
from kitten_tui.ink.mistake import code_lines
from kitten_tui.ink.palette import Palette
from kitten_tui.ink.told import options, question, sentence
from kitten_tui.paper.document import Document, StageSection, document
from kitten_tui.paper.tables import Table
from kitten_tui.stages.figure import Band, Figure, Matrix
from kitten_tui.stages.light import Lit
from kitten_tui.stages.view import View
from kitten_tui.walk.guide import Told, told
from kitten_tui.walk.step import Step
from kitten_tui.words import Words


def walk(view: View, words: Words, steps: Sequence[Step], *, asks: bool = True, stage: int | None = None) -> Document:
    """The steps that are true of a source, those of all stages or of one."""
    every = [each for each in told(steps, view) if stage is None or each.stage == stage]
    numbers: dict[int, int] = {}
    sections = []
    for each in every:
        numbers[each.stage] = numbers.get(each.stage, 0) + 1
        sections.append(StepSection(each, words, numbers[each.stage], asks=asks))
    return document(view, words, sections)


@dataclass(frozen=True, eq=False)
class StepSection:
    """A step: what it points at, and nothing around it."""

    told: Told
    words: Words
    number: int
    """Among the steps of its stage, from 1."""
    asks: bool

    is_drawing = False

    @property
    def id(self) -> str:
        return self.told.step.id

    @property
    def heading(self) -> str:
        stage = self.told.page.stage
        number = f"{self.told.stage + 1}.{self.number}"
        return self.words("walk.heading", number=number, name=self.words(f"{stage.id}.name"))

    @property
    def texts(self) -> tuple[str, ...]:
        if self.told.asked is None or not self.asks:
            return ()
        choices = self.words("walk.or").join(options(self.told, self.words))
        return (self.words("walk.question", question=question(self.told, self.words), options=choices),)

    @property
    def tables(self) -> tuple[Table, ...]:
        return self._figures.tables

    @property
    def reading(self) -> str:
        return sentence(self.told, self.words)

    @property
    def arithmetic(self) -> tuple[str, ...]:
        if self.told.page.view.settings.variant:
            return code_lines(self.told.page.view, self.words)
        return self._figures.arithmetic if self.told.step.sum else ()

    def lines(self, palette: Palette) -> list[Line]:
        return self._figures.lines(palette)

    @cached_property
    def _figures(self) -> StageSection:
        """The page with what is pointed at alone."""
        page = self.told.page
        bands = (_lit_part(band, self.told.lit) for band in page.sheet.bands)
        sheet = replace(page.sheet, bands=tuple(band for band in bands if band.figures), aligned=False)
        return StageSection(replace(page, sheet=sheet), self.words, self.told.stage)


def _lit_part(band: Band, lit: Lit) -> Band:
    return replace(band, figures=tuple(figure for figure in band.figures if _is_lit(figure, lit)))


def _is_lit(figure: Figure, lit: Lit) -> bool:
    foot = figure.foot if isinstance(figure, Matrix) else None
    return bool(figure.id) and (lit.lights_figure(figure.id) or (foot is not None and lit.lights_figure(foot.id)))
