"""What is asked for in more than one place: another source, and the name of a new file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kitten_tui.core.source import Source
from kitten_tui.sources.errors import ExistsError, SourceError
from kitten_tui.words import Words


def ask_source(
    screen: Any,
    words: Words,
    question: str,
    answer: Callable[[str], Source],
    opened: Callable[[Source], None],
    hint: str = "",
) -> None:
    """Asks what is to be looked at instead."""
    from kitten_tui.screens.ask import AskScreen  # 20 ms: Input, only when something is asked

    def answered(source: Source | None) -> None:
        if source is not None:
            opened(source)

    screen.app.push_screen(AskScreen(words, question, answer, hint), answered)


def ask_file_to_open(screen: Any, words: Words, opened: Callable[[Source], None]) -> None:
    """Asks for the name of a sample or a file."""
    from kitten_tui.sources.find import open_file, sample_names

    hint = words("ask.samples", names=", ".join(sample_names()))
    ask_source(screen, words, "ask.file", lambda text: open_file(text, words.language), opened, hint)


def ask_name(
    screen: Any,
    words: Words,
    question: str,
    write: Callable[[str, bool], None],
    written: Callable[[str], None],
    hint: str = "",
) -> None:
    """Asks for the name of a file to write; one that is there is only replaced when its name is given twice.

    `write` is given the name, and whether it may replace.
    """
    from kitten_tui.screens.ask import AskScreen

    refused: list[str] = []

    def answer(text: str) -> str:
        try:
            write(text, text in refused)
        except ExistsError as error:
            refused.append(text)
            raise SourceError(f"{error}. {words('change.overwrite')}") from None
        return text

    def answered(text: str | None) -> None:
        if text is not None:
            written(text)

    screen.app.push_screen(AskScreen(words, question, answer, hint), answered)
