"""What all widgets of the lesson share: what they show, the palette they draw with, the message they post."""

from __future__ import annotations

from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from kitten_tui.ink.blocks import Moves
from kitten_tui.ink.cells import Line
from kitten_tui.ink.chrome import Drawn
from kitten_tui.ink.palette import Palette
from kitten_tui.ink.shown import Shown
from kitten_tui.widgets.colours import palette_in


@dataclass
class Pointed(Message):
    """Something was clicked that moves the selection."""

    moves: Moves


@dataclass
class KeyClicked(Message):
    """A key in the last line was clicked."""

    action: str


class Inked(Widget):
    """A widget that draws with ink."""

    shown: reactive[Shown | None] = reactive(None, repaint=False)  # each widget repaints what has changed in it
    _palette: Palette | None = None

    @property
    def palette(self) -> Palette:
        """The styles of the current theme on this widget's background."""
        if self._palette is None:
            self._palette = palette_in(self.app, self.rich_style, self.background_colors[1])
        return self._palette

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette = None

    def strip(self, line: Line, width: int) -> Strip:
        """A line as Textual has it, filled up to a width."""
        return Strip(line).adjust_cell_length(width, self.palette.text)


class InkedLines(Inked):
    """A few lines without scrolling. Subclasses give `draw`."""

    _drawn: Drawn | None = None

    def draw(self, shown: Shown, width: int) -> Drawn:
        raise NotImplementedError

    def clicked(self, value: int | str) -> Message | None:
        """The message that a click on this means."""
        return None

    @property
    def drawn(self) -> Drawn:
        if self._drawn is None:
            self._drawn = Drawn([]) if self.shown is None else self.draw(self.shown, self.size.width)
        return self._drawn

    def watch_shown(self) -> None:
        before, self._drawn = self._drawn, None
        if before is None or not self.size or self.drawn.lines != before.lines:
            self.refresh()

    def on_resize(self) -> None:
        self._drawn = None

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._drawn = None

    def render_line(self, y: int) -> Strip:
        lines = self.drawn.lines
        return self.strip(lines[y] if y < len(lines) else [], self.size.width)

    def on_click(self, event: events.Click) -> None:
        value = self.drawn.hit(event.x, event.y)
        message = None if value is None else self.clicked(value)
        if message is not None:
            self.post_message(message)


class InkedScroll(Inked, ScrollView, can_focus=False):
    """A drawing that scrolls where it is larger than its place; a change of both takes one layout and one frame."""

    _held: tuple[Size, Size] | None = None

    def foresee(self, size: Size) -> None:
        """The size that the layout which is to come gives it, so that it is drawn for that at once."""
        self._size_updated(size, self.virtual_size, self.container_size)

    def hold(self, drawing: Size) -> None:
        """The scrolled area gets this size, and the bars come or go at once, not with the layout after the next."""
        if self.styles.auto_dimensions:
            self.virtual_size = drawing
        else:  # what is drawn in a place of a fixed size moves nothing around it
            self.set_reactive(Widget.virtual_size, drawing)
        self._scroll_update(drawing)

    def _scroll_update(self, virtual_size: Size) -> None:
        # Every layout of the screen asks for this, and what it changes in a bar takes a frame of its own.
        held = virtual_size, self.container_size
        if held == self._held:
            return
        self._held = held
        super()._scroll_update(virtual_size)
        if self.show_horizontal_scrollbar and not self.show_vertical_scrollbar:
            # A layout sees no bar at the right, even where its room is kept free.
            self.horizontal_scrollbar.window_size = self.container_size.width


class InkedText(InkedScroll, can_focus=False):
    """Wrapped text that scrolls when it is longer than its place. Subclasses give `write`."""

    _lines: list[Line] = []

    def write(self, width: int) -> list[Line]:
        raise NotImplementedError

    def text_width(self, width: int) -> int:
        """What of a width is written on: the column of the bar is kept free, so that no line lies under it."""
        return width - self.styles.scrollbar_size_vertical

    def rewrite(self) -> None:
        """Write again for this width."""
        width = self.text_width(self.container_size.width)
        before, self._lines = self._lines, self.write(width) if width > 0 else []
        self.hold(Size(width, len(self._lines)))
        if self._lines != before:
            self.refresh()

    def on_resize(self) -> None:
        self.rewrite()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self.is_mounted:
            self.rewrite()

    def render_line(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        line = self._lines[row] if row < len(self._lines) else []
        return self.strip(line or [Segment("")], self.scrollable_content_region.width)
