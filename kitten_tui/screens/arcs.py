"""The words and the lines between them, over what is looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from textual.binding import Binding

from kitten_tui.ink.arcs import MOST_HEADS, Arcs, draw
from kitten_tui.ink.cells import Line
from kitten_tui.ink.palette import Palette
from kitten_tui.screens.text import PanelText, TextScreen
from kitten_tui.stages.view import View
from kitten_tui.words import Words

KEYS = {
    "up": "step_word(-1)",
    "down": "step_word(1)",
    "left_square_bracket": "step_head(-1)",
    "right_square_bracket": "step_head(1)",
    "a": "toggle_heads",
    "A": "dismiss",
}


class ArcsScreen(TextScreen):
    """↑ ↓ keep one word's lines, before the first word are those of all; [ ] is another head, a several at once."""

    BINDINGS = [Binding(key, action, show=False, priority=True) for key, action in KEYS.items()]

    def __init__(self, view: View, words: Words) -> None:
        super().__init__(words("arcs.name", layer=view.selection.layer + 1), self._arcs)
        self.view = view
        self.words = words
        self.several = False
        self.query_place = view.selection.query

    @property
    def arcs(self) -> Arcs:
        """Of the selected head, or of the first of its layer beside it."""
        source, head = self.view.source, self.view.selection.head
        first = head // MOST_HEADS * MOST_HEADS
        heads = range(first, min(first + MOST_HEADS, source.n_heads)) if self.several else range(head, head + 1)
        weights = np.stack([self.view.head(each)["weights"] for each in heads])  # [head, query, key]
        return Arcs(source.tokens, source.key_tokens, weights, tuple(heads), self.query_place)

    def _arcs(self, palette: Palette, width: int) -> list[Line]:
        return draw(self.arcs, self.words, palette, width)

    def _redraw(self) -> None:
        text = self.query_one(PanelText)
        text.rewrite()
        text.scroll_to(y=max(self.query_place + 2 - text.size.height // 2, 0), animate=False)

    def action_step_word(self, by: int) -> None:
        self.query_place = max(-1, min(self.query_place + by, len(self.view.tokens) - 1))
        self._redraw()

    def action_step_head(self, by: int) -> None:
        at = self.view.selection
        head = (at.head + by) % self.view.source.n_heads
        self.view = replace(self.view, selection=at.moved(head=head))
        self._redraw()

    def action_toggle_heads(self) -> None:
        self.several = not self.several
        self._redraw()
