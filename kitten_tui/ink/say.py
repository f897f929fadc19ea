"""A phrase as a sentence: its words from the language, its values written the one way."""

from __future__ import annotations

import numpy as np

from kitten_tui.ink.cells import show_token
from kitten_tui.ink.numbers import brief, vector
from kitten_tui.stages.figure import Phrase, Title
from kitten_tui.words import Words

LONGEST_TOKEN = 20


def say(words: Words, phrase: Phrase) -> str:
    return words(phrase.key, **{name: _written(value) for name, value in phrase.values.items()})


def say_title(words: Words, title: Title) -> str:
    return "".join(part if isinstance(part, str) else say(words, part) for part in title)


def _written(value: object) -> str:
    if isinstance(value, np.ndarray):
        return vector(value)
    if isinstance(value, (float, np.floating)):
        return brief(float(value))
    return show_token(value, LONGEST_TOKEN) if isinstance(value, str) else str(value)
