"""The lines between words, from any stage and from all heads."""

from __future__ import annotations

import pytest
from piloting import app, computed, model_app, overview, screen

from kitten_tui.screens.arcs import ArcsScreen


@pytest.mark.parametrize("stage", ["1", "4", "7"])
@pytest.mark.slow
async def test_lines_open_over_any_stage_and_close_again(stage: str) -> None:
    async with app("kitten").run_test() as pilot:
        await pilot.press(stage, "A")
        arcs = pilot.app.screen
        assert isinstance(arcs, ArcsScreen)
        start = arcs.arcs
        assert start.query == screen(pilot).page.selection.query
        await pilot.press("down", "right_square_bracket", "a")
        assert arcs.arcs.query == min(start.query + 1, len(start.tokens) - 1)
        assert arcs.arcs.heads == tuple(range(screen(pilot).source.n_heads))
        await pilot.press(*["up"] * 40)
        assert arcs.arcs.query == -1
        await pilot.press("A")
        assert pilot.app.screen is screen(pilot)


async def test_lines_open_over_all_heads_for_the_selected_one() -> None:
    pytest.importorskip("tokenizers")
    async with model_app().run_test() as pilot:
        await computed(pilot)
        await pilot.press("right", "A")
        assert isinstance(pilot.app.screen, ArcsScreen)
        assert pilot.app.screen.arcs.heads == (1,)
        await pilot.press("escape")
        assert pilot.app.screen is overview(pilot)
