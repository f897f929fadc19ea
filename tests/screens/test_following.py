from __future__ import annotations

import pytest
from piloting import app, said, screen
from textual.pilot import Pilot

from kitten_tui.core.cell import Cell
from kitten_tui.screens.text import TextScreen


def here(pilot: Pilot[None]) -> Cell:
    return screen(pilot).page.derivation.cell


@pytest.mark.slow
async def test_follow_leads_down_to_an_embedding_and_back() -> None:
    async with app().run_test() as pilot:
        await pilot.press("7", "tab", "tab", "tab", "tab", "tab")
        assert here(pilot).name == "output"
        seen = [here(pilot)]
        for _ in range(11):
            await pilot.press("enter")
            seen.append(here(pilot))
        assert here(pilot).name == "embedding"
        await pilot.press("enter")
        assert said(pilot) == "message.input"
        for cell in reversed(seen[:-1]):
            await pilot.press("backspace")
            assert here(pilot) == cell
        await pilot.press("backspace")
        assert said(pilot) == "message.start"


async def test_an_operand_is_chosen_with_the_arrows() -> None:
    async with app().run_test() as pilot:
        await pilot.press("3", "a", "right", "right", "right")
        assert screen(pilot).page.stage.id == "scores"
        assert screen(pilot).shown is not None
        await pilot.press("enter")
        assert here(pilot) == Cell("k", (1, 1))
        assert screen(pilot).page.stage.id == "projections"


async def test_leaving_the_arithmetic_gives_the_arrows_back() -> None:
    async with app().run_test() as pilot:
        await pilot.press("3", "a", "escape", "right")
        assert screen(pilot).page.stage.id == "softmax"


async def test_another_stage_ends_the_way() -> None:
    async with app().run_test() as pilot:
        await pilot.press("3", "enter", "3", "backspace")
        assert said(pilot) == "message.start"


async def test_the_whole_sum_opens() -> None:
    async with app().run_test() as pilot:
        await pilot.press("5", "equals_sign")
        assert isinstance(pilot.app.screen, TextScreen)
        await pilot.press("escape")
        assert pilot.app.screen is screen(pilot)
