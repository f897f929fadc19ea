"""The figures of a stage: drawn line by line, only those in sight."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from textual import events
from textual.geometry import Offset, Size
from textual.strip import Strip

from kitten_tui.desk.selection import Selection
from kitten_tui.ink.below import below
from kitten_tui.ink.blocks import HEADING, Look
from kitten_tui.ink.cells import Line
from kitten_tui.ink.sheet import Picture
from kitten_tui.ink.shown import Shown
from kitten_tui.ink.window import Windows
from kitten_tui.widgets.inked import InkedScroll, Pointed


class Canvas(InkedScroll, can_focus=False):
    """Scrolls in both directions; labels stay in sight."""

    _picture: Picture | None = None
    _seen: tuple[object, ...] = ()
    """Of which picture, and where in it, the lines are."""
    _lines: Sequence[Line] = ()

    def __init__(self) -> None:
        super().__init__()
        self._windows = Windows()
        self._opened: Selection | None = None
        """What was selected when the stage was opened, as long as that is looked at from the top."""

    @property
    def picture(self) -> Picture | None:
        """The sheet laid out for this window; what is too wide for it leaves a line to the bar below."""
        if self._picture is None and self.shown is not None:
            sheet, look = self.shown.page.sheet, self.look(self.shown)
            width, height = self.container_size
            width -= self.styles.scrollbar_size_vertical  # always kept free
            self._picture = Picture(sheet, look, width, height, self._windows)
            if self._picture.width > width:
                height -= self.styles.scrollbar_size_horizontal
                self._picture = Picture(sheet, look, width, height, self._windows)
        return self._picture

    def look(self, shown: Shown) -> Look:
        """What its figures are drawn with."""
        page = shown.page
        return Look(shown.words, self.palette, page.selection, page.focused.id, shown.comparison, lit=shown.lit)

    def watch_shown(self, before: Shown | None, after: Shown | None) -> None:
        self._picture = None
        turned = before is not None and after is not None and before.page.stage is not after.page.stage
        if turned:
            self._windows = Windows()
        if turned or before is None:
            self._opened = after.page.selection if after is not None and _begins(after) else None
        self._fit(Offset() if turned else self.scroll_offset)

    def on_resize(self) -> None:
        self._picture = None
        self._fit(self.scroll_offset)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._picture = None

    def _fit(self, scroll: Offset) -> None:
        """The scrolled area is as large as the picture, and the window moves no further than to show the cursor."""
        picture = self.picture
        if picture is None or not self.size:
            return
        self.hold(Size(picture.width, picture.height))
        place = picture.cursor()
        # A stage is opened at the top of its figures, where they begin; the first step goes to the cursor.
        if self.shown is not None and self.shown.page.selection == self._opened:
            scroll = Offset()
        elif place is not None:
            width, height = self.scrollable_content_region.size
            # Labels cover the left of the window and a heading its top; near a band's top its title shows too.
            first = (place.x - picture.label_width, place.y - HEADING)
            last = (place.x + place.width - width, place.y + 1 - height)
            scroll = Offset(
                *(max(min(now, most), least, 0) for now, most, least in zip(scroll, first, last, strict=True))
            )
        self.scroll_to(*scroll, animate=False, force=True, immediate=True)
        before = self._lines
        for y, (old, new) in enumerate(zip_longest(before, self.lines)):
            if old != new:
                self.refresh_line(self.scroll_offset.y + y)

    @property
    def lines(self) -> Sequence[Line]:
        """What is in sight."""
        picture = self.picture
        if picture is None:
            return ()
        (left, top), (width, height) = self.scroll_offset, self.scrollable_content_region.size
        seen = (picture, left, top, width, height)
        if seen != self._seen:
            self._seen = seen
            self._lines = [picture.line(y, left, left + width, top) for y in range(top, top + height)]
            free = height - picture.height
            if self.shown is not None and free > 0:
                # The text may have a place of its own, and a step of a walk says one thing.
                tells = self.screen.has_class("-folded") and self.shown.guide is None
                self._lines[picture.height :] = self._filled(
                    below(picture, self.shown.page, width, free, tells=tells), free
                )
        return self._lines

    def _filled(self, lines: list[Line], count: int) -> list[Line]:
        return [*lines, *([] for _ in range(count - len(lines)))]

    def render_line(self, y: int) -> Strip:
        width, lines = self.scrollable_content_region.width, self.lines
        return self.strip(lines[y], width) if y < len(lines) else Strip.blank(width, self.rich_style)

    def on_click(self, event: events.Click) -> None:
        left, top = self.scroll_offset
        place = event.get_content_offset(self)
        if self.picture is None or place is None:
            return
        moves = self.picture.moves(place.x + left, place.y + top, left, top)
        if moves:
            self.post_message(Pointed(moves))


def _begins(shown: Shown) -> bool:
    """Whether a stage of a lesson is opened with its cursor where it begins, and not where a number was followed to."""
    page = shown.page
    start = page.stage.focus.format(head=page.selection.head + 1)
    begins = page.focused.id == start and not shown.trail and not page.sheet.of_model
    return begins and shown.guide is None
