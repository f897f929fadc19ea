"""Pages that display themselves: as HTML in a notebook, and as text everywhere else, the way Rich does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from rich.console import Console, ConsoleOptions
from rich.jupyter import JupyterMixin
from rich.segment import Segment
from rich.style import Style

from kitten_tui.core.array_types import Array
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.core.trace import Trace
from kitten_tui.desk.selection import Selection
from kitten_tui.ink import heat
from kitten_tui.ink.about import notes_of, title_of
from kitten_tui.ink.cells import Line, harmless, text_of, wrap
from kitten_tui.ink.formula import Sum, arithmetic
from kitten_tui.ink.overview import Overview
from kitten_tui.ink.palette import PLAIN, Palette
from kitten_tui.paper.document import WIDTH, HeadsSection, StageSection
from kitten_tui.sources.errors import SourceError
from kitten_tui.stages import Page, stages_of, turn_to
from kitten_tui.stages.figure import Band, Sheet
from kitten_tui.stages.tokens import counted, one_of, place_of
from kitten_tui.stages.view import View
from kitten_tui.words import Words, language_of_environment

PICTURE = Palette(
    title=Style(bold=True),
    muted=Style(color="#7c8594"),
    label=Style(color="#7c8594"),
    chosen=Style(color="#c05a1c", bold=True),
    cursor=Style(color="#c05a1c", bold=True, underline=True),
    result=Style(color="#c05a1c", bold=True),
    bar=Style(color="#4a78b5"),
    ghost=Style(color="#7c8594"),
    ramp=heat.LIGHT,
)
"""Colours that can be read on light and on dark paper, since nobody knows which the page has."""


class Display(JupyterMixin):
    """Something drawn, in any palette."""

    def __init__(self, draw: Callable[[Palette], Sequence[Line]]) -> None:
        self._draw = draw

    def lines(self, palette: Palette = PICTURE) -> Sequence[Line]:
        return self._draw(palette)

    @property
    def text(self) -> str:
        """Without styles."""
        return "\n".join(harmless(text_of(line)).rstrip() for line in self.lines(PLAIN))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for line in self.lines(PICTURE):
            yield from (Segment(harmless(segment.text), segment.style) for segment in line)
            yield Segment.line()

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Sequence[str], exclude: Sequence[str], **about: Any) -> dict[str, str]:
        """What notebooks ask for; the text has no colours of a terminal in it."""
        bundle = super()._repr_mimebundle_(include, exclude, **about)
        return {kind: self.text if kind == "text/plain" else said for kind, said in bundle.items()}


class HeadDisplay(Display):
    """One head: every quantity by its name, and its page."""

    def __init__(self, source: Source, settings: Settings, layer: int = 0, head: int = 0) -> None:
        self.source = source
        self.settings = settings
        self.layer = layer
        self.head = head

    @property
    def trace(self) -> Trace:
        return self.source.trace(self.layer, self.head, self.settings)

    def __getitem__(self, name: str) -> Array:
        """A quantity with the axes of its declaration.

        Raises:
            LookupError: no quantity is called so, or this source has none.
        """
        trace = self.trace if self.trace.has(name) else self.source.joined(self.layer, self.settings)
        return trace[name]

    def __contains__(self, name: str) -> bool:
        return name in self.keys()

    def keys(self) -> list[str]:
        """The names of the steps that there are, in the order of the lesson."""
        trace, joined = self.trace, self.source.joined(self.layer, self.settings)
        steps = (quantity.name for quantity in trace.chain.values() if quantity.step)
        return [name for name in steps if trace.has(name) or joined.has(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def lines(self, palette: Palette = PICTURE) -> list[Line]:
        """What leads from the scores to the context."""
        pages, at = Pages((self.source,), settings=self.settings), (self.layer + 1, self.head + 1)
        shown = [pages.stage(name, *at).lines(palette) for name in ("scores", "softmax", "context")]
        return [line for lines in shown for line in (*lines, [])]


class Pages(Display):
    """All that a source shows, as pages without keys. Counts from 1, as people do."""

    def __init__(
        self, sources: tuple[Source, ...], words: Words | None = None, settings: Settings | None = None
    ) -> None:
        self.sources = sources
        self.words = words or Words(language_of_environment())
        self.settings = settings or sources[0].settings

    @property
    def source(self) -> Source:
        return self.sources[0]

    def lines(self, palette: Palette = PICTURE) -> list[Line]:
        """The overview where there are several heads, then every stage of the first."""
        lines: list[Line] = []
        for source in self.sources:
            pages = Pages((source,), self.words)
            if source.survey is not None and source.n_layers * source.n_heads > 1:
                lines += [*pages.overview().lines(palette), []]
            for stage in stages_of(source):
                lines += [*pages.stage(stage.id).lines(palette), []]
        return lines

    def overview(self) -> Display:
        """All heads at once.

        Raises:
            SourceError: the source sums up no heads.
        """
        source, survey = self.source, self.source.survey
        if survey is None:
            raise SourceError("overview: expected a model or a recording, found a lesson")
        while source.ready < source.n_layers:
            survey.advance(lambda: None)
        overview = Overview(source.tokens, source.n_layers, source.n_heads, survey.heads, key_tokens=source.key_tokens)

        def draw(palette: Palette) -> list[Line]:
            title: Line = [Segment(title_of(source, self.words), palette.title)]
            return [title, *self._notes(palette), [], *HeadsSection(overview, self.words).lines(palette)]

        return Display(draw)

    def _notes(self, palette: Palette) -> list[Line]:
        notes = notes_of(self.source, self.settings, self.words)
        return [[Segment(line, palette.muted)] for note in notes for line in wrap(note, WIDTH)]

    def stage(
        self,
        stage: str | int,
        layer: int = 1,
        head: int = 1,
        query: str | int | None = None,
        figure: str = "",
        *,
        by_value: bool = False,
        hide_special: bool = False,
    ) -> Display:
        """A stage by its number or its name, such as "softmax"; with a figure by its name, that alone.

        Weights are looked at by the size of the values they carry, or without special tokens, where that is asked for.

        Raises:
            SourceError: the source has no such stage, layer, head, token or figure.
        """
        stages = stages_of(self.source)
        number = self._stage(stage, [each.id for each in stages])
        at = Selection(
            stage=number,
            layer=_place("layer", layer, self.source.n_layers),
            head=_place("head", head, self.source.n_heads),
            query=self._query(query),
            key=min(self.source.query, len(self.source.key_tokens) - 1),
            by_value=by_value,
            hide_special=hide_special,
        )
        page = turn_to(stages[number], View(self.source, self.settings, at))
        sheet = _alone(page.sheet, figure) if figure else page.sheet
        notes = number == 0 and not figure
        return Display(lambda palette: [*(self._notes(palette) if notes else []), *self._page(page, sheet, palette)])

    def _page(self, page: Page, sheet: Sheet, palette: Palette) -> Iterator[Line]:
        words, number = self.words, page.selection.stage + 1
        yield [Segment(f"{number}  {words(f'{page.stage.id}.name')}  {page.formula}", palette.title)]
        yield []
        section = StageSection(replace(page, sheet=sheet), words, page.selection.stage)
        yield from section.lines(palette)
        yield []
        yield from ([Segment(line, palette.text)] for line in wrap(section.reading, WIDTH))
        if page.derivation is not None:
            yield from arithmetic(page.derivation, Sum(page.view.workings, words, palette), WIDTH)

    def head(self, layer: int = 1, head: int = 1) -> HeadDisplay:
        """A head with all its numbers."""
        place = _place("layer", layer, self.source.n_layers), _place("head", head, self.source.n_heads)
        return HeadDisplay(self.source, self.settings, *place)

    @staticmethod
    def _stage(stage: str | int, names: Sequence[str]) -> int:
        place = one_of(str(stage), names)
        if place is not None:
            return place
        raise SourceError(
            f"stage: expected a number from 1 to {len(names)} or one of {', '.join(names)}, found {stage}"
        )

    def _query(self, query: str | int | None) -> int:
        if query is None:
            return self.source.query
        tokens = self.source.tokens
        place = counted(str(query), len(tokens)) if isinstance(query, int) else place_of(query, tokens)
        if place is None:
            raise SourceError(f"query: expected a token or its number from 1 to {len(tokens)}, found {query}")
        return place


def _alone(sheet: Sheet, name: str) -> Sheet:
    """A sheet of one figure."""
    names = [figure.name for figure in sheet.figures if figure.name]
    if name not in names:
        raise SourceError(f"figure: expected one of {', '.join(names)}, found {name}")
    figure = next(figure for figure in sheet.figures if figure.name == name)
    band = next(band for band in sheet.bands if figure in band.figures)
    return replace(sheet, bands=(Band((figure,), band.rows),))


def _place(what: str, number: int, count: int) -> int:
    place = counted(str(number), count)
    if place is None:
        raise SourceError(f"{what}: expected a number from 1 to {count}, found {number}")
    return place
