"""A stage that is opened shows the top of its figures, with the cursor in sight."""

from __future__ import annotations

import pytest
from piloting import screen, settled
from textual.pilot import Pilot

from kitten_tui.app import KittenApp
from kitten_tui.ink.blocks import HEADING
from kitten_tui.sources.find import open_source, samples
from kitten_tui.stages import STAGES
from kitten_tui.widgets.canvas import Canvas
from kitten_tui.words import LANGUAGES


def is_at_top(pilot: Pilot[None]) -> bool:
    """Whether the first figure's top is in sight, or as much of it as the selected row leaves, and the cursor is."""
    canvas = pilot.app.screen.query_one(Canvas)
    cursor = canvas.picture and canvas.picture.cursor()
    assert cursor
    width, height = canvas.scrollable_content_region.size
    across = range(canvas.scroll_offset.x, canvas.scroll_offset.x + width)
    needed = max(cursor.y + 1 - height, 0)
    return canvas.scroll_offset.y == needed <= HEADING and cursor.x in across


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", [(80, 24), (104, 30)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("source", sorted(samples()))
async def test_a_stage_opens_at_its_top(source: str, size: tuple[int, int], language: str) -> None:
    async with KittenApp(open_source(source), language=language).run_test(size=size) as pilot:
        await settled(pilot)
        for number, stage in enumerate(STAGES, start=1):
            assert is_at_top(pilot), screen(pilot).page.stage.id
            await pilot.press(str(number))
            await settled(pilot)
            assert screen(pilot).page.stage is stage
            assert is_at_top(pilot), stage.id


async def test_another_source_opens_at_its_top() -> None:
    async with KittenApp(open_source("long")).run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", "tab")
        screen(pilot).open(open_source("long"))
        await settled(pilot)
        assert is_at_top(pilot)


async def test_a_window_with_room_begins_with_the_result() -> None:
    async with KittenApp(open_source("journey")).run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        assert screen(pilot).page.focused.id == "x"
