"""What a lesson says about itself."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from kitten_tui.core.settings import Settings
from kitten_tui.sources.lesson import Lesson
from kitten_tui.words import Words


def title_of(lesson: Lesson, words: Words) -> str:
    """Its title, or else its sentence."""
    return words.of(lesson.title) or sentence(lesson.tokens)


def sentence(tokens: Sequence[str]) -> str:
    """The tokens as a line of text: no space beside a Chinese character."""
    text = ""
    for token in tokens:
        wide = any(unicodedata.east_asian_width(character) in "WF" for character in (text[-1:], token[0]) if character)
        text += token if wide or not text else f" {token}"
    return text


def notes_of(lesson: Lesson, settings: Settings, words: Words) -> tuple[str, ...]:
    """Its note, and that its numbers are invented where they are."""
    note = words.of(lesson.note)
    invented = words("invented_note", seed=settings.seed) if lesson.invented else ""
    return tuple(text for text in (note, invented) if text)
