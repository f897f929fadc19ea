"""What a lesson says about itself."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from kitten_tui.core.quantity import Scope
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Record, Source
from kitten_tui.ink.altered import said, titled
from kitten_tui.ink.cells import clean, clean_lines
from kitten_tui.stages.view import fault_said
from kitten_tui.words import Words

MOST_FAULTS = 5
"""How many rows are named one by one."""


def title_of(source: Source, words: Words) -> str:
    """Its title, or else its sentence."""
    if source.trainer is not None:
        return words("learn.title", task=source.trainer.task, step=source.trainer.step)
    title = _shown(words.of(source.title) or sentence(source.tokens))
    if source.alters is not None and source.alters.done:
        title = titled(source.alters.done, title, words)
    return words("part.title", part=words(f"part.{source.part}"), title=title) if source.part else title


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
    facts = source.model_facts
    if facts is not None:
        notes = [_shown(words("model.note", **facts)), words("model.settings")]
        changed = said(source, words)
        notes[1:1] = [changed] if changed else []
        if facts["quantised"]:
            notes.insert(len(notes) - 1, _shown(words("model.quantised", kinds=facts["quantised"])))
        if facts["chat"]:
            notes.append(_shown(words("model.chat", text=facts["chat"])))
        return tuple([words("model.cut", **facts), *notes] if facts["whole"] > facts["read"] else notes)
    if source.record is not None:
        return (*_record_notes(source, source.record, words), *_own_note(source, words))
    note = _paragraphs(words.of(source.note))
    invented = ""
    if source.invented:
        invented = words("invented_note", seed=settings.seed)
    elif source.invented_tokens:
        names = ", ".join(sorted(map(clean, source.invented_tokens)))
        invented = words("invented_words", tokens=names, count=len(source.invented_tokens))
    return tuple(text for text in (note, invented) if text)


def _own_note(source: Source, words: Words) -> tuple[str, ...]:
    note = _paragraphs(words.of(source.note))
    return (note,) if note else ()


def _record_notes(source: Source, record: Record, words: Words) -> Iterator[str]:
    """What was brought, what is computed from it, and what is wrong with it."""
    chain, trace, joined = source.chain(0), source.trace(0, 0, source.settings), source.joined(0, source.settings)
    made = [
        name
        for name, quantity in chain.items()
        if quantity.step
        and name not in ("dropped", *record.names)
        and (joined if quantity.scope is Scope.LAYER else trace).has(name)
    ]
    symbols = [", ".join(chain[name].symbol for name in names) for names in (record.names, made)]
    yield words("record.given", names=symbols[0])
    if made:
        yield words("record.made", names=symbols[1])
    if record.unread:
        yield _shown(words("record.unread", names=", ".join(record.unread)))
    yield from fault_lines(source, record, words)


def fault_lines(source: Source, record: Record, words: Words) -> Iterator[str]:
    """What is wrong with what was brought, the first few of many."""
    for fault in record.faults[:MOST_FAULTS]:
        said = fault_said(source, fault)
        yield _shown(words(said.key, **{key: clean(str(value)) for key, value in said.values.items()}))
    if len(record.faults) > MOST_FAULTS:
        yield words("fault.more", count=len(record.faults) - MOST_FAULTS)


@lru_cache(maxsize=16)
def _paragraphs(text: str) -> str:
    """A note may be long, and is asked for with every key."""
    return clean_lines(text)
