"""Every screen in every window and language: nothing is cut, nothing overlaps, nothing jumps."""

from __future__ import annotations

import re

import pytest
from piloting import hit, screen, settled
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widget import Widget

from kitten_tui.app import KittenApp
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.sheet import is_whole
from kitten_tui.ink.texts import beginning
from kitten_tui.sources.find import open_source
from kitten_tui.stages import STAGES
from kitten_tui.widgets.canvas import Canvas
from kitten_tui.widgets.chrome import FootLines, KeyLine, LessonText, Rail, TitleLine, TokenStrip
from kitten_tui.words import LANGUAGES

SIZES = ((80, 24), (104, 30), (120, 36), (200, 50))
PARTS = (TitleLine, Rail, TokenStrip, Canvas, LessonText, FootLines, KeyLine)

pytestmark = pytest.mark.slow


def rows(pilot: Pilot[None]) -> list[str]:
    """The screen as it stands in the terminal, a text for each row."""
    return ["".join(segment.text for segment in strip) for strip in pilot.app.screen._compositor.render_strips()]


def of(pilot: Pilot[None], part: type[Widget]) -> list[str]:
    """What a part of the screen writes, in its own window."""
    region = pilot.app.screen.query_one(part).scrollable_content_region
    return [_cells(row, region.x, region.right) for row in rows(pilot)[region.y : region.bottom]]


def _cells(row: str, left: int, right: int) -> str:
    text, x = "", 0
    for character in row:
        if left <= x < right:
            text += character
        x += cell_len(character)
    return text


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def boxes(pilot: Pilot[None]) -> dict[type[Widget], object]:
    """Where everything stands, whether or not the lesson text has given way."""
    parts = {part: pilot.app.screen.query_one(part).region for part in PARTS}
    figures, text = parts.pop(Canvas), parts.pop(LessonText)
    return {**parts, Canvas: figures.union(text) if text else figures}


def gave_way_rightly(pilot: Pilot[None]) -> bool:
    """Whether the lesson text stands beside the figures unless they are whole only without it."""
    shown, canvas = screen(pilot).shown, pilot.app.screen.query_one(Canvas)
    text = pilot.app.screen.query_one(LessonText)
    assert shown is not None
    width, height = pilot.app.screen.query_one("#body").size
    if text.display or width < 104:
        return True
    sheet, look, bar = shown.page.sheet, canvas.look(shown), canvas.styles.scrollbar_size_vertical
    column = text.styles.width.value
    decimals = is_whole(sheet, look, width - bar, height, decimals=True)
    return not is_whole(sheet, look, width - bar - int(column), height, decimals=decimals) and canvas.max_scroll_y == 0


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("source", ["journey", "kitten-en", "kitten-zh", "long"])
async def test_no_word_is_cut_nothing_overlaps_and_nothing_jumps(
    source: str, size: tuple[int, int], language: str
) -> None:
    app = KittenApp(open_source(source), language=language)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        places = boxes(pilot)
        for number, stage in enumerate(STAGES, start=1):
            await pilot.press(str(number))
            await settled(pilot)
            assert all(cell_len(row) == size[0] for row in rows(pilot))
            assert boxes(pilot) == places, stage.id
            assert gave_way_rightly(pilot), stage.id
            regions = [pilot.app.screen.query_one(part).region for part in PARTS]
            shown = [region for region in regions if region]
            assert not any(one.overlaps(other) for one in shown for other in shown if one is not other)
            await reads_whole(pilot)
            before = text_of_canvas(pilot)
            await hit(pilot, "right_square_bracket", "left_square_bracket")
            await settled(pilot)
            assert text_of_canvas(pilot) == before, stage.id


def text_of_canvas(pilot: Pilot[None]) -> list[str]:
    return [text_of(line) for line in pilot.app.screen.query_one(Canvas).lines]


async def reads_whole(pilot: Pilot[None]) -> None:
    """All words of the lesson text, and the sentences of it below the figure, stand there as they are."""
    page, words = screen(pilot).page, screen(pilot).words
    lesson = squeezed(words(page.lesson))
    text = pilot.app.screen.query_one(LessonText)
    if text.display:
        read = list(of(pilot, LessonText))
        while text.scroll_offset.y < text.max_scroll_y:
            before = text.scroll_offset.y
            await pilot.press("pagedown")
            await settled(pilot)
            read += of(pilot, LessonText)[before - int(text.scroll_offset.y) :]
        await hit(pilot, *["pageup"] * 4)
        await settled(pilot)
        assert lesson in squeezed("".join(read))
    else:
        canvas, picture = pilot.app.screen.query_one(Canvas), pilot.app.screen.query_one(Canvas).picture
        assert picture is not None
        free = canvas.size.height - picture.height
        said = squeezed("".join(text_of_canvas(pilot)[picture.height :]))
        if free >= 4:
            first = beginning(page, words, canvas.palette, canvas.size.width - 2, free - 3)
            assert first
            assert squeezed("".join(map(text_of, first))) in said


@pytest.mark.parametrize("language", LANGUAGES)
async def test_stage_keys_turn_the_text_that_lies_over_the_lesson(language: str) -> None:
    app = KittenApp(open_source("journey"), language=language)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("i")
        for number, stage in enumerate(STAGES, start=1):
            await pilot.press(str(number))
            await settled(pilot)
            assert screen(pilot).page.stage is stage
            assert screen(pilot).words(f"{stage.id}.name") in "".join(rows(pilot))
        await pilot.press("left")
        assert screen(pilot).page.stage is STAGES[-2]
        await pilot.press("i")
        assert pilot.app.screen is screen(pilot)
