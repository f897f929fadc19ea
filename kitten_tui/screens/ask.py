"""A question with one line for the answer; a wrong answer is told what is wrong and can be mended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input, Static

from kitten_tui.ink.cells import clean
from kitten_tui.screens.dialog import Dialog, Panel
from kitten_tui.sources.errors import SourceError, plainly
from kitten_tui.words import Words

Answer = TypeVar("Answer")


class AskScreen(Dialog[Answer | None], Generic[Answer]):
    """Closes with what the answer leads to, or with nothing."""

    BINDINGS = [Binding("escape", "dismiss", show=False)]

    def __init__(self, words: Words, question: str, answer: Callable[[str], Answer], hint: str = "") -> None:
        super().__init__()
        self.words = words
        self.question = question
        self.answer = answer
        self.hint = hint

    def compose(self) -> ComposeResult:
        with Panel(self.words(self.question)):
            yield Input()
            yield Static(id="problem", markup=False)
            if self.hint:
                yield Static(self.hint, classes="hint", markup=False)
            yield Static(self.words("ask.close"), classes="hint", markup=False)

    @on(Input.Submitted)
    def open_answer(self, event: Input.Submitted) -> None:
        if not self.is_current:
            return
        try:
            with plainly():
                answer = self.answer(event.value)
        except SourceError as error:
            self.refuse(str(error))
        else:
            self.dismiss(answer)

    def refuse(self, problem: str) -> None:
        """Says what is wrong with the answer."""
        self.query_one("#problem", Static).update(Text(clean(problem)))
