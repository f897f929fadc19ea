"""The words and the lines between them, over what is looked at."""

from __future__ import annotations

from dataclasses import replace

from textual.binding import Binding

from kitten_tui.ink.arcs import Arcs, draw
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
    "V": "weigh('by_value', 'value_share')",
    "H": "weigh('hide_special', 'word_share')",
    "x": "take",
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
        self.said = ""
        """What there is to say, until the next key."""

    @property
    def arcs(self) -> Arcs:
        return Arcs.of(self.view, self.query_place, several=self.several)

    def _arcs(self, palette: Palette, width: int) -> list[Line]:
        return draw(self.arcs, self.words, palette, width, self.said or self.words("arcs.keys"))

    def _redraw(self, said: str = "") -> None:
        self.said = said
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

    def action_weigh(self, name: str, needed: str) -> None:
        """Weights as they are, or weighed in another way."""
        if self.view.has(needed):
            self.view = self.view.with_(**{name: not getattr(self.view.selection, name)})
        self._redraw()

    def action_take(self) -> None:
        """The lines as a file."""
        from kitten_tui.paper.document import arcs
        from kitten_tui.screens.taking import ask_file

        view, words, query, several = self.view, self.words, self.query_place, self.several

        def written(path: str) -> None:
            self._redraw(words("message.saved", path=path))

        ask_file(self, words, lambda: arcs(view, query, words, several=several), written)
