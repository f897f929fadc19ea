"""Between every widget and the terminal."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from kitten_tui.ink.cells import harmless


class Gate(LineFilter):
    """No text in a line steers the terminal, whichever widget drew it."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        text = "".join([segment.text for segment in segments])
        if text.isprintable() or harmless(text) == text:
            return segments
        return [Segment(harmless(text), style, control) for text, style, control in segments]
