"""y offers what can be taken along, and sends it to the terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from piloting import app, model_app, said, screen
from textual.widgets import OptionList

sys.path.insert(0, str(Path(__file__).parents[1] / "desk"))

from test_line import opened, same

from kitten_tui.desk.line import line_of
from kitten_tui.ink.copies import copies
from kitten_tui.screens.choose import ChooseScreen


@pytest.mark.parametrize("stage", "1234567")
@pytest.mark.first_is_quick
async def test_every_stage_has_something_to_copy(stage: str) -> None:
    async with app().run_test() as pilot:
        await pilot.press(stage)
        page = screen(pilot).page
        texts = dict(copies(screen(pilot).shown))
        assert float(texts["copy.number"]) == page.view.workings.value(page.derivation.cell)
        assert texts["copy.figure"].count("\n") > 2
        assert "\x1b" not in "".join(texts.values())


async def test_what_is_chosen_is_sent_and_said() -> None:
    async with app().run_test() as pilot:
        await pilot.press("3", "y")
        assert isinstance(pilot.app.screen, ChooseScreen)
        shown = [str(option.prompt) for option in pilot.app.screen.query_one(OptionList).options]
        assert shown[0].endswith(repr(screen(pilot).page.view.workings.value(screen(pilot).page.derivation.cell)))
        await pilot.press("enter")
        assert said(pilot) == "copy.sent"
        assert pilot.app.clipboard == shown[0].rpartition(": ")[2]


async def test_a_row_is_copied_with_all_its_digits() -> None:
    async with app().run_test() as pilot:
        await pilot.press("3", "y", "down", "down", "enter")
        page = screen(pilot).page
        row = [float(number) for number in pilot.app.clipboard.split("\t")]
        assert row == page.view.row("scores").tolist()


async def test_a_number_of_a_model_is_copied() -> None:
    async with model_app().run_test() as pilot:
        await pilot.app.workers.wait_for_complete()
        await pilot.press("enter", "y", "enter")
        float(pilot.app.clipboard)


@pytest.mark.slow
async def test_a_view_is_copied_with_its_changes_as_a_line_that_opens_it():
    async with app("journey").run_test() as pilot:
        await pilot.press("4", "down", "l", "m", "P", "r", "greater_than_sign", "delete", "N", *"dog", "enter")
        await pilot.press("6", "e", "1")
        line = line_of(screen(pilot).desk)
        assert line is not None
        assert "insert[" in line
        same(screen(pilot).desk, opened(line))
