"""One number to change: typed, or nudged while everything behind the dialog follows."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input, Static

from kitten_tui.ink.cells import clean
from kitten_tui.screens.dialog import Dialog, Panel
from kitten_tui.words import Words

DECIMALS = 6
"""Nudges of a tenth add up to tenths, not to 0.30000000000000004."""


class NumberScreen(Dialog[bool]):
    """Closes with whether the change is kept. `live` applies a number and says what is wrong with it, if anything."""

    BINDINGS = [
        Binding("escape", "dismiss(False)", show=False),
        Binding("up", "nudge(0.1)", show=False, priority=True),
        Binding("down", "nudge(-0.1)", show=False, priority=True),
        Binding("shift+up", "nudge(1.0)", show=False, priority=True),
        Binding("shift+down", "nudge(-1.0)", show=False, priority=True),
    ]

    def __init__(self, name: str, value: float, live: Callable[[float], str], words: Words) -> None:
        super().__init__()
        self.heading = name
        self.value = value
        self.live = live
        self.words = words
        self.problem = ""

    def compose(self) -> ComposeResult:
        with Panel(self.heading):
            yield Input(f"{self.value:g}" if self.value == float(f"{self.value:g}") else repr(self.value))
            yield Static(id="problem", markup=False)
            yield Static(self.words("change.keys"), classes="hint", markup=False)

    def action_nudge(self, by: float) -> None:
        number = self._number() if self.is_current else None
        if number is not None and self._apply(round(number + by, DECIMALS)):
            self.query_one(Input).value = f"{round(number + by, DECIMALS):g}"

    @on(Input.Submitted)
    def keep(self) -> None:
        number = self._number() if self.is_current else None
        if number is not None and self._apply(number):
            self.dismiss(True)

    def _number(self) -> float | None:
        text = self.query_one(Input).value.strip()
        try:
            return float(text)
        except ValueError:
            self.refuse(self.words("change.no_number", text=text))
            return None

    def _apply(self, number: float) -> bool:
        problem = self.live(number)
        self.refuse(problem)
        return not problem

    def refuse(self, problem: str) -> None:
        """Says what is wrong with the number, or that nothing is."""
        if problem != self.problem:  # a line that is written anew is laid out anew, and all that stands around it
            self.problem = problem
            self.query_one("#problem", Static).update(Text(clean(problem)))
