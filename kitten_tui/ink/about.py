"""What a lesson says about itself."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.ink.cells import clean
from kitten_tui.words import Words


def title_of(source: Source, words: Words) -> str:
    """Its title, or else its sentence."""
    if source.trainer is not None:
        return words("learn.title", task=source.trainer.task, step=source.trainer.step)
    return _shown(words.of(source.title) or sentence(source.tokens))


@lru_cache(maxsize=16)
def _shown(text: str) -> str:
    """Somebody else wrote it. It may be the whole text that a model reads, and is asked for with every key."""
    return clean(text)


def sentence(tokens: Sequence[str]) -> str:
    """The tokens as a line of text: no space beside a Chinese character."""
    text = ""
    for token in tokens:
        wide = any(unicodedata.east_asian_width(character) in "WF" for character in (text[-1:], token[0]) if character)
        text += token if wide or not text else f" {token}"
    return text


def notes_of(source: Source, settings: Settings, words: Words) -> tuple[str, ...]:
    """Its note, and that its numbers are invented or the text cut where they are."""
    facts = source.facts
    if facts is not None:
        notes = [_shown(words("model.note", **facts)), words("model.settings")]
        if facts["quantised"]:
            notes.insert(1, _shown(words("model.quantised", kinds=facts["quantised"])))
        return tuple([words("model.cut", **facts), *notes] if facts["whole"] > facts["read"] else notes)
    note = _paragraphs(words.of(source.note))
    invented = ""
    if source.invented:
        invented = words("invented_note", seed=settings.seed)
    elif source.invented_tokens:
        names = ", ".join(sorted(map(clean, source.invented_tokens)))
        invented = words("invented_words", tokens=names, count=len(source.invented_tokens))
    return tuple(text for text in (note, invented) if text)


@lru_cache(maxsize=16)
def _paragraphs(text: str) -> str:
    """A note may have paragraphs; nothing else in it reaches a terminal as it is."""
    return "\n".join(clean(line) for line in text.splitlines())
