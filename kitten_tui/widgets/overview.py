"""All heads of a model, and what is known of the selected one."""

from __future__ import annotations

from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kitten_tui.ink.cells import Line, wrap
from kitten_tui.ink.chrome import Drawn
from kitten_tui.ink.grid import Grid
from kitten_tui.ink.keys import key_line
from kitten_tui.ink.large import large, legend
from kitten_tui.ink.overview import Overview, about_head
from kitten_tui.ink.pairs import PairGrid, grid_of, pair_legend
from kitten_tui.offers import Now
from kitten_tui.widgets.inked import Inked, InkedScroll, KeyClicked
from kitten_tui.words import Words


@dataclass
class HeadClicked(Message):
    layer: int
    head: int


class HeadGrid(InkedScroll, can_focus=False):
    """A small heat picture for each head; the numbers of the heads stay at the top."""

    overview: reactive[Overview | None] = reactive(None, repaint=False)
    words: reactive[Words | None] = reactive(None)
    _grid: Grid | None = None

    @property
    def grid(self) -> Grid | None:
        if self._grid is None and self.overview is not None and self.size:
            self._grid = grid_of(self.overview, self.palette, *self.scrollable_content_region.size)
        return self._grid

    @property
    def below(self) -> list[Line]:
        """The selected head, large, where all of it has room below the grid."""
        if self.grid is None or self.overview is None or self.words is None:
            return []
        width, height = self.scrollable_content_region.size
        room = height - self.grid.height - 1
        summary = self.overview.selected
        if summary is None or room < len(summary.thumbnail) + 2:
            return []
        return large(self.overview, self.words, self.palette, width, room)

    def watch_overview(self) -> None:
        self._grid = None
        self._fit()

    def on_resize(self) -> None:
        self._grid = None
        self._fit()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._grid = None

    def _fit(self) -> None:
        grid = self.grid
        if grid is None:
            return
        self.hold(Size(grid.width, grid.height))
        place, (left, top) = grid.cursor(), self.scroll_offset
        width, height = self.scrollable_content_region.size
        top = max(min(top, place.y - grid.top), place.y + grid.row_height - height, 0)
        left = max(min(left, place.x - grid.labels), place.x + place.width - width, 0)
        self.scroll_to(left, top, animate=False, force=True, immediate=True)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if self.grid is None:
            return Strip.blank(width, self.rich_style)
        if self.scroll_offset.y + y >= self.grid.height:
            below, line = self.below, y - self.grid.height - 1
            return self.strip(below[line] if 0 <= line < len(below) else [], width)
        left, top = self.scroll_offset
        strip = self.strip(self.grid.line(top + y, top), max(self.grid.width, left + width))
        return strip.crop(left, left + width)

    def on_click(self, event: events.Click) -> None:
        place, grid = event.get_content_offset(self), self.grid
        if grid is None or place is None or place.y < grid.top:
            return
        found = grid.at(place.x + self.scroll_offset.x, place.y + self.scroll_offset.y)
        if found:
            self.post_message(HeadClicked(*found))


class HeadText(Inked, ScrollView, can_focus=False):
    """The measures of the selected head and its strongest pairs."""

    overview: reactive[Overview | None] = reactive(None)
    words: reactive[Words | None] = reactive(None)

    _lines: list[Line] | None = None

    def lines(self) -> list[Line]:
        if self.overview is None or self.words is None:
            return []
        if self._lines is None:
            self._lines = self._written(self.overview, self.words)
        return self._lines

    def _written(self, overview: Overview, words: Words) -> list[Line]:
        """What is known of the head; where it stands large nowhere else, below what of that leaves it room."""
        width, height = self.scrollable_content_region.size
        whole, brief = (about_head(overview, words, self.palette, width, brief=brief) for brief in (False, True))
        if self.screen.query_one(HeadGrid).below:
            return whole
        for lines in (whole, brief):
            picture = large(overview, words, self.palette, width, height - len(lines) - 1)
            if picture:
                return [*lines, [], *picture]
        return whole

    def _rewrite(self) -> None:
        self._lines = None

    watch_overview = watch_words = on_resize = _rewrite

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._lines = None

    def render_line(self, y: int) -> Strip:
        lines, width = self.lines(), self.scrollable_content_region.width
        return self.strip(lines[y] if y < len(lines) else [], width)


class OverviewLine(Inked):
    """A line of text above the grid."""

    text: reactive[str] = reactive("")

    def __init__(self, part: str, id: str | None = None) -> None:
        super().__init__(id=id)
        self.part = part
        """Of the palette."""

    def render_line(self, y: int) -> Strip:
        rows = wrap(self.text, max(self.size.width - 2, 1))
        text = rows[y] if y < len(rows) else ""
        return self.strip([Segment(f" {text}", getattr(self.palette, self.part))], self.size.width)


class OverviewLegend(Inked):
    """How the pictures of the grid are read."""

    words: reactive[Words | None] = reactive(None)
    overview: reactive[Overview | None] = reactive(None)

    def render_line(self, y: int) -> Strip:
        grid = self.screen.query_one(HeadGrid).grid
        if grid is None or self.words is None:
            return self.strip([], self.size.width)
        if isinstance(grid, PairGrid):
            return self.strip(pair_legend(grid, self.words, self.palette, self.size.width), self.size.width)
        return self.strip(legend(grid, self.words, self.palette, self.size.width), self.size.width)


class OverviewKeys(Inked):
    """The keys."""

    words: reactive[Words | None] = reactive(None)
    now: reactive[Now | None] = reactive(None, always_update=True)

    @property
    def drawn(self) -> Drawn:
        if self.words is None or self.now is None:
            return Drawn([[]])
        return key_line(self.now, self.words, self.palette, self.size.width)

    def render_line(self, y: int) -> Strip:
        return self.strip(self.drawn.lines[0], self.size.width)

    def on_click(self, event: events.Click) -> None:
        action = self.drawn.hit(event.x, event.y)
        if action is not None:
            self.post_message(KeyClicked(str(action)))
