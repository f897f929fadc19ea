"""The lesson text gives way where the figures are whole only without it, and nowhere else; headings are whole."""

from __future__ import annotations

from itertools import product

import pytest
from rich.cells import cell_len

from kitten_tui.core.settings import Settings
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.blocks import Block, Look
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.matrix import MatrixBlock
from kitten_tui.ink.palette import PLAIN
from kitten_tui.ink.room import Room, share
from kitten_tui.ink.sheet import Picture, is_whole
from kitten_tui.sources.find import open_source, samples
from kitten_tui.stages import STAGES, Page, turn_to
from kitten_tui.stages.figure import Figure
from kitten_tui.stages.view import View
from kitten_tui.words import LANGUAGES, Words

SOURCES = (*samples(), "小猫看见一个球，它喵喵叫了", "the cat saw the cat")
ROOMS = ((79, 15, 0, 0), (103, 21, 36, 1), (119, 27, 40, 1), (199, 41, 40, 1))
"""Columns and lines of a window, and what the text and the line above the figures take of it."""


def pages(source: str, settings: Settings | None = None, **selected: int) -> list[Page]:
    lesson = open_source(source)
    query = len(lesson.tokens) - 1
    here = Selection(query=query, key=query, **selected)
    return [turn_to(stage, View(lesson, settings or lesson.settings, here)) for stage in STAGES]


def look(page: Page, language: str = "en") -> Look:
    return Look(Words(language), selection=page.selection, focus=page.focused.id, palette=PLAIN)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.first_is_quick
def test_the_text_gives_way_where_the_figures_are_whole_only_without_it(source: str) -> None:
    for page, (width, height, text, air), language in product(pages(source), ROOMS, LANGUAGES):
        room, drawn = share(page.sheet, look(page, language), width, height, text, air), look(page, language)
        whole = is_whole(page.sheet, drawn, width - text * room.text, height - air * room.air)
        if not whole:
            assert room == Room()
            assert not is_whole(page.sheet, drawn, width, height)
        decimals = is_whole(
            page.sheet, drawn, width - text * room.text, height - air * room.air, decimals=True
        )  # which is worth the room too
        if not room.text:
            assert not is_whole(page.sheet, drawn, width - text, height, decimals=decimals)
        if not room.air:
            assert not is_whole(page.sheet, drawn, width - text * room.text, height - air, decimals=decimals)


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_whole_is_drawn_in_the_room_it_has(source: str) -> None:
    for page, (width, height, *_) in product(pages(source), ROOMS):
        if is_whole(page.sheet, look(page), width, height):
            picture = Picture(page.sheet, look(page), width, height)
            assert picture.width <= width
            assert picture.height <= height


SETTINGS = (None, Settings(mask="causal", dropout=0.5), Settings(scale=False))


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("source", SOURCES)
def test_no_title_and_no_heading_of_a_step_is_cut(source: str, language: str) -> None:
    for settings, pinned, (width, height, text, _) in product(SETTINGS, (-1, 0), ROOMS):
        for page in pages(source, settings, pinned=pinned):
            for columns in {width, width - text}:
                for band in Picture(page.sheet, look(page, language), columns, height).bands:
                    for block in band.blocks:
                        assert cell_len(block.title) < block.width or not block.title, (
                            page.stage.id,
                            columns,
                            block.title,
                        )
                        assert is_headed(block), (page.stage.id, columns)


def is_headed(block: Block[Figure]) -> bool:
    """Whether the name of a column that stands alone is whole."""
    figure = block.figure
    if not isinstance(block, MatrixBlock) or figure.columns.name or not figure.column_labels:
        return True
    drawn = text_of(block.line(1, 0, block.width)).split()
    return all(label in (*figure.columns.labels, *figure.columns.short) for label in drawn)
