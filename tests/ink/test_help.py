"""What is read beside the figures is whole."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from rich.cells import cell_len

from kitten_tui.commands import grouped, offered
from kitten_tui.desk.desk import Desk
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.palette import PLAIN
from kitten_tui.ink.shown import Shown
from kitten_tui.ink.texts import SIGNS, beginning, help_page
from kitten_tui.sources.find import open_source
from kitten_tui.words import LANGUAGES, Words

every_language = pytest.mark.parametrize("language", LANGUAGES)


def shown(language: str) -> Shown:
    lesson = open_source("journey")
    return Shown.of(Desk.of(lesson, lesson.settings, Selection(query=1, key=1)), Words(language))


def squeezed(text: str) -> str:
    """Without the spaces at which it may be broken."""
    return "".join(text.split())


def entries(lines: Iterable[str], column: int) -> list[tuple[str, str]]:
    """What stands in the column at the left, and all that stands beside it and below that."""
    told: list[tuple[str, str]] = []
    for line in lines:
        label, text = line[:column].strip(), squeezed(line[column:])
        if label:
            told.append((label, text))
        else:
            told[-1] = told[-1][0], told[-1][1] + text
    return told


@every_language
@pytest.mark.parametrize("width", [30, 47, 78, 140])
def test_every_key_and_every_sign_is_told_whole_under_its_heading(width: int, language: str) -> None:
    now, words = shown(language).now, Words(language)
    lines = [text_of(line) for line in help_page(now, words, PLAIN, width)]
    *blocks, last = "\n".join(lines).split("\n\n")
    column = max(len(command.label) for command in offered(now)) + 3
    wanted = {
        words(f"group.{group}"): [(each.label, words(f"command.{each.called(now)}.help")) for each in commands]
        for group, commands in grouped(offered(now))
    }
    wanted[words("signs.title")] = [(sign, words(f"signs.{name}")) for name, sign in SIGNS.items()]
    told = {title: entries(lines, column) for title, *lines in (block.split("\n") for block in blocks)}
    assert told == {title: [(label, squeezed(text)) for label, text in of_title] for title, of_title in wanted.items()}
    assert squeezed(last) == squeezed(words("help.mouse") + words("help.close"))
    assert all(cell_len(line) < width for block in blocks for line in block.split("\n"))
    assert all(cell_len(line) <= width for line in lines)


@every_language
@pytest.mark.parametrize("rows", range(4))
def test_where_no_sentence_has_room_the_lesson_does_not_begin(rows: int, language: str) -> None:
    assert beginning(shown(language).page, Words(language), PLAIN, 8, rows) == []
