"""Why a number of a model is as large as it is, over what is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding

from kitten_tui.core.asking import Asked
from kitten_tui.core.source import Pulse
from kitten_tui.core.split import Origin
from kitten_tui.ink.cells import Line, show_token, wrap
from kitten_tui.ink.numbers import fmt
from kitten_tui.ink.palette import Palette
from kitten_tui.ink.why import Why, table, told
from kitten_tui.screens.dialog import Dialog, Panel
from kitten_tui.screens.text import PanelText
from kitten_tui.stages import STAGES
from kitten_tui.stages.view import View
from kitten_tui.words import Words

KEYS = {
    "left,h": "step(-1, 0)",
    "right,l": "step(1, 0)",
    "up,k": "step(0, -1)",
    "down,j": "step(0, 1)",
    "enter": "open",
    "backspace": "close",
    "escape,q,Y": "dismiss",
}


@dataclass(frozen=True, eq=False)
class Answer:
    """A table, and what stands around it."""

    why: Why
    title: str
    help: str
    places: tuple[int, int]
    """The token that asks and the one that is looked at."""
    names: tuple[str, str]

    @classmethod
    def of(cls, view: View, asked: Asked, pulse: Pulse, words: Words) -> Answer:
        """Why the selected score is as large, or at the next token its logit.

        Raises:
            SourceError: a tensor cannot be read.
        """
        at = view.selection
        if view.has("scores") and at.stage < len(STAGES):
            split = asked.split(at.layer, at.head, at.query, at.key, pulse)
            names = view.name(at.query).strip(), view.key_name(at.key).strip()
            told = {"query": names[0], "at": names[1], "layer": at.layer + 1, "head": at.head + 1}
            title = words("why.title", **told, score=fmt(split.score))
            why = Why(split.of_query, split.of_key, split.values)
            return cls(why, title, words("why.help"), (at.query, at.key), names)
        taken = asked.attribution(at.query, at.rank)
        name = view.name(at.query).strip()
        title = words("why.title_logit", logit=fmt(taken.logit), token=show_token(taken.token), query=name)
        values = np.array([[share.value] for share in taken.shares])  # [part, 1]
        why = Why(tuple(share.origin for share in taken.shares), (Origin("logit"),), values)
        return cls(why, title, words("attribution.help"), (at.query, at.query), (name, name))


class WhyScreen(Dialog[tuple[Origin, int] | None]):
    """Closes with a head to go to, and the token that it wrote at."""

    BINDINGS = [Binding(key, action, show=False, priority=True) for key, action in KEYS.items()]

    def __init__(self, answer: Answer, words: Words) -> None:
        super().__init__()
        self.answer = answer
        self.why = answer.why
        self.words = words

    def compose(self) -> ComposeResult:
        with Panel(self.words("command.why.name")):
            yield PanelText(self.write)

    def write(self, palette: Palette, width: int) -> list[Line]:
        said = told(self.why, self.answer.names, self.words)
        lines: list[Line] = [[Segment(row, palette.title)] for row in wrap(self.answer.title, width)]
        lines += [
            [],
            *([Segment(row, palette.text)] for row in wrap(said, width)),
            [],
            *table(self.why, self.words, palette, width),
            [],
        ]
        return [*lines, *([Segment(row, palette.muted)] for row in wrap(self.answer.help, width))]

    def _look_at(self, why: Why) -> None:
        self.why = why
        text = self.query_one(PanelText)
        text.rewrite()
        text.scroll_to(y=max(why.row + 6 - text.size.height // 2, 0), animate=False)

    def action_step(self, right: int, down: int) -> None:
        self._look_at(self.why.stepped(right, down))

    def action_open(self) -> None:
        if self.why.can_open:
            self._look_at(self.why.opened())
        elif self.why.head is not None:
            origin, is_row = self.why.head
            self.dismiss((origin, self.answer.places[0 if is_row else 1]))

    def action_close(self) -> None:
        self._look_at(self.why.closed())
