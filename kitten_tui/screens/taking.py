"""What is on the screen, taken away as a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kitten_tui.paper.document import Document
from kitten_tui.paper.formats import FORMATS, of_path, write
from kitten_tui.screens.ask import AskScreen
from kitten_tui.sources.errors import ExistsError, SourceError
from kitten_tui.sources.writing import path_of
from kitten_tui.words import Words


def ask_file(screen: Any, words: Words, document: Callable[[], Document]) -> None:
    """Asks for a name, whose suffix is the format; an existing file is only replaced when its name is given twice."""
    refused: list[str] = []

    def answer(text: str) -> str:
        path = path_of(text)
        form = of_path(path)
        try:
            write(document(), path, form, dark=screen.app.current_theme.dark, overwrite=text in refused)
        except ExistsError as error:
            refused.append(text)
            raise SourceError(f"{error}. {words('change.overwrite')}") from None
        return text

    def answered(path: str | None) -> None:
        if path is not None:
            screen.say("message.exported", path=path)

    suffixes = " ".join(f".{each.name}" for each in FORMATS)
    screen.app.push_screen(AskScreen(words, "ask.take", answer, words("ask.suffixes", suffixes=suffixes)), answered)
