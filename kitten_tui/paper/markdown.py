"""A document as Markdown: headings, tables, and the selected number worked out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kitten_tui.ink.cells import harmless, text_of
from kitten_tui.ink.numbers import exact
from kitten_tui.ink.palette import PLAIN
from kitten_tui.paper.document import Document, Section
from kitten_tui.paper.order import Drawn, Heading, Paragraph, Reading, Worked, parts
from kitten_tui.paper.tables import Table

MOST_NUMBERS = 20_000
"""A longer table stands there as it is drawn."""
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~&])")


def markdown(document: Document) -> str:
    """The whole text. Nothing foreign in it is markup."""
    lines = [f"# {_text(document.title)}", "", *(_paragraph(note) for note in document.notes)]
    lines += [_paragraph(document.status)] if document.status else []
    for section in document.sections:
        lines += _section(section)
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(section: Section) -> Iterator[str]:
    for part in parts(section, most=MOST_NUMBERS):
        match part:
            case Heading(text=text):
                yield f"## {_text(text)}\n"
            case Paragraph(text=text) | Reading(text=text):
                yield _paragraph(text)
            case Drawn():
                yield from _code(text_of(line).rstrip() for line in section.lines(PLAIN))
            case Worked(lines=worked):
                yield from _code(iter(worked))
            case _:
                yield from _table(part)


def _paragraph(text: str) -> str:
    return _text(text).replace("\n", " ") + "\n"


def _code(lines: Iterator[str]) -> Iterator[str]:
    yield from (f"    {harmless(line)}".rstrip() for line in lines)
    yield ""


def _table(table: Table) -> Iterator[str]:
    yield f"**{_text(table.title)}**\n"
    yield _row("", *map(_text, table.columns))
    yield _row("---", *["---:"] * len(table.columns))
    for label, values in zip(table.rows, table.values.tolist(), strict=True):
        yield _row(_text(label), *map(exact, values))
    yield ""


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _text(text: str) -> str:
    return _MARKS.sub(r"\\\1", harmless(text))
