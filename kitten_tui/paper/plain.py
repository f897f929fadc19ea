"""A document as text, section after section: for a log, a pipe, a screen reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kitten_tui.core.source import Source
from kitten_tui.ink.about import notes_of, title_of
from kitten_tui.ink.cells import text_of, wrap
from kitten_tui.ink.palette import PLAIN
from kitten_tui.paper.document import WIDTH, Document, Section, lesson
from kitten_tui.stages.view import View
from kitten_tui.words import Words


def plain(source: Source, view: View, words: Words, stages: Sequence[int] | None = None) -> Iterator[str]:
    """The lines of these stages, or of all, without a control character."""
    told = lesson(view, words, stages)
    yield from text(replace(told, title=title_of(source, words), notes=notes_of(source, view.settings, words)))


def text(document: Document) -> Iterator[str]:
    """Its lines, without a control character."""
    yield document.title
    for note in document.notes:
        yield from wrap(note, WIDTH)
    yield document.status
    for section in document.sections:
        yield ""
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    if section.heading:
        yield section.heading
        yield ""
    for paragraph in section.texts:
        yield from wrap(paragraph, WIDTH)
        yield ""
    yield from (text_of(line).rstrip() for line in section.lines(PLAIN))
    yield ""
    yield from wrap(section.reading, WIDTH) if section.reading else ()
    yield from section.arithmetic
