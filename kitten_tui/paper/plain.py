"""A document as text, section after section: for a log, a pipe, a screen reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kitten_tui.core.source import Source
from kitten_tui.ink import mistake
from kitten_tui.ink.about import notes_of, title_of
from kitten_tui.ink.cells import harmless, text_of, wrap
from kitten_tui.ink.palette import PLAIN
from kitten_tui.paper.document import WIDTH, Document, Section, lesson
from kitten_tui.paper.order import Drawn, Heading, Paragraph, Reading, Worked, parts
from kitten_tui.stages.view import View
from kitten_tui.words import Words


def plain(source: Source, view: View, words: Words, stages: Sequence[int] | None = None) -> Iterator[str]:
    """The lines of these stages, or of all, without a control character."""
    notes = (*mistake.notes(view, words), *notes_of(source, view.settings, words))
    told = lesson(view, words, stages)
    yield from text(replace(told, title=title_of(source, words), notes=notes))


def as_text(document: Document) -> str:
    """All of it at once."""
    return "".join(f"{harmless(line)}\n" for line in text(document))


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
    for part in parts(section, draws=True):
        match part:
            case Heading(text=text):
                yield text
                yield ""
            case Paragraph(text=text):
                yield from wrap(text, WIDTH)
                yield ""
            case Drawn():
                yield from (text_of(line).rstrip() for line in section.lines(PLAIN))
                yield ""
            case Reading(text=text):
                yield from wrap(text, WIDTH)
            case Worked(lines=lines):
                yield from lines
