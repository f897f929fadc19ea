"""A phrase as a sentence: its words from the language, its values written the one way."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from kitten_tui.core.cell import Cell
from kitten_tui.desk.phrase import Phrase, Whole
from kitten_tui.ink.cells import show_token
from kitten_tui.ink.numbers import brief, vector
from kitten_tui.stages.figure import Title
from kitten_tui.words import Words

LONGEST_TEXT = 60


Name = Callable[[Cell], str]


def say(words: Words, phrase: Phrase, name: Name = repr) -> str:
    """The sentence; cells in it are called what `name` calls them."""
    return words(phrase.key, **{key: written(value, words, name) for key, value in phrase.values.items()})


def say_title(words: Words, title: Title) -> str:
    return "".join(part if isinstance(part, str) else say(words, part) for part in title)


def filled(words: Words, text: str, values: Mapping[str, object]) -> str:
    """A sentence that stands in no language's file, with its values."""
    return words.fill(text, **{key: written(value, words) for key, value in values.items()})


def written(value: object, words: Words, name: Name = repr) -> str:
    """A value as it stands in a sentence."""
    if isinstance(value, Phrase):
        return say(words, value, name)
    if isinstance(value, Cell):
        return name(value)
    if isinstance(value, np.ndarray):
        return vector(value)
    if isinstance(value, (float, np.floating)):
        return brief(float(value))
    if isinstance(value, str) and value:
        return show_token(value, None if isinstance(value, Whole) else LONGEST_TEXT)
    return str(value)
