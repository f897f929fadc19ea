"""What is on the screen, taken away as a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kitten_tui.paper.document import Document
from kitten_tui.paper.formats import FORMATS, of_path, write
from kitten_tui.screens.asking import ask_name
from kitten_tui.sources.writing import path_of
from kitten_tui.words import Words


def ask_file(
    screen: Any, words: Words, document: Callable[[], Document], said: Callable[[str], None] | None = None
) -> None:
    """Asks for a name, whose suffix is the format."""

    def written(text: str, overwrite: bool) -> None:
        path = path_of(text)
        form = of_path(path)
        write(document(), path, form, dark=screen.app.current_theme.dark, overwrite=overwrite)

    suffixes = words("ask.suffixes", suffixes=" ".join(f".{each.name}" for each in FORMATS))
    told = said or (lambda path: screen.say("message.saved", path=path))
    ask_name(screen, words, "ask.take", written, told, suffixes)
