"""What a teacher needs at a projector: the selected row alone, and a clean start."""

from __future__ import annotations

import pytest
from piloting import app, computed, model, model_app, said, screen
from textual.pilot import Pilot

from kitten_tui.widgets.canvas import Canvas


def seen(pilot: Pilot[None]) -> str:
    """The figures as they stand on the screen."""
    return "\n".join("".join(part.text for part in line) for line in pilot.app.screen.query_one(Canvas).lines)


def rows(pilot: Pilot[None]) -> list[str]:
    """Those of their lines that hold numbers, but for what is said of the heat."""
    lines = seen(pilot).splitlines()
    return [line for line in lines if ": " not in line and any(character.isdigit() for character in line)]


async def test_the_selected_row_is_seen_alone_and_follows_the_cursor() -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        await pilot.press("3")
        whole = seen(pilot)
        await pilot.press("S")
        assert said(pilot) == "message.alone"
        (row,) = rows(pilot)
        assert row.startswith("▸journey")
        assert row in whole
        await pilot.press("down")
        assert "▸starts" in seen(pilot)
        assert row not in seen(pilot)
        await pilot.press("up", "S")
        assert seen(pilot) == whole


async def test_a_walk_is_told_with_everything_in_sight() -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        await pilot.press("3", "S", "space")
        assert len(rows(pilot)) == 6
        await pilot.press("escape")
        assert screen(pilot).page.selection.alone


async def test_a_clean_start_is_as_it_was_opened_and_changes_can_be_made_again() -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        opened = screen(pilot).desk
        await pilot.press("4", "space", "right", "right", "down", "enter", "escape")
        await pilot.press("s", "greater_than_sign", "P", "p", "S", "M", "enter", "0")
        desk = screen(pilot).desk
        assert said(pilot) == "message.restarted"
        assert (desk.source, desk.settings, desk.selection) == (opened.source, opened.settings, opened.selection)
        assert (desk.variant, desk.trail, desk.lens) == ("", (), None)
        await pilot.press("U", "U", "U")
        assert screen(pilot).desk.history.place == 3
        await pilot.press("4", "space")
        assert pilot.app.screen.guide.score == (0, 0)  # type: ignore[attr-defined]


async def test_a_head_of_a_model_has_a_clean_start() -> None:
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    async with model_app().run_test(size=(80, 24)) as pilot:
        await computed(pilot)
        await pilot.press("right", "enter")
        opened = model(pilot).desk
        await pilot.press("right_square_bracket", "s", "5", "0")
        desk = model(pilot).desk
        assert (desk.settings, desk.selection) == (opened.settings, opened.selection)
