from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from piloting import (
    app,
    resized,
    said,
    screen,
)
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from kitten_tui.core.draws import draw_heads
from kitten_tui.desk.phrase import phrase
from kitten_tui.screens.choose import ChooseScreen
from kitten_tui.screens.number import NumberScreen
from kitten_tui.screens.text import PanelText
from kitten_tui.sources.find import open_source
from kitten_tui.sources.sample import read_sample
from kitten_tui.stages.stage import UNSEEN

TO_W_Q = ("2", *["shift+tab"] * 4)
"""The keys from anywhere to W_q[d1, d1]."""


def w_q(pilot: Pilot[None]) -> float:
    return float(screen(pilot).page.view.trace["w_q"][0, 0])


async def type_in(pilot: Pilot[None], text: str) -> None:
    pilot.app.screen.query_one(Input).value = text
    await pilot.press("enter")


async def test_a_typed_number_is_kept_and_everything_follows() -> None:
    async with app().run_test() as pilot:
        await pilot.press(*TO_W_Q, "e")
        assert isinstance(pilot.app.screen, NumberScreen)
        await type_in(pilot, "1.25")
        trace = screen(pilot).page.view.trace
        assert w_q(pilot) == 1.25
        np.testing.assert_allclose(trace["q"], trace["x"] @ trace["w_q"])
        assert said(pilot) == "change.done"
        assert screen(pilot).desk.present.name == phrase(
            "change.number", name="W_q h1[d1, d1]", was="0.296", now="1.250"
        )


@pytest.mark.slow
async def test_nudges_are_live_and_escape_takes_them_back() -> None:
    async with app().run_test() as pilot:
        await pilot.press(*TO_W_Q, "e", "up", "up", "shift+down")
        assert w_q(pilot) == pytest.approx(0.29611194 - 0.8, abs=1e-6)
        await pilot.press("escape")
        assert w_q(pilot) == 0.29611194
        assert len(screen(pilot).desk.history.states) == 1


@pytest.mark.parametrize("text", ["", "kitten", "nan", "inf", "1e300"])
@pytest.mark.first_is_quick
async def test_what_is_no_number_is_refused_in_place(text: str) -> None:
    async with app().run_test() as pilot:
        await pilot.press(*TO_W_Q, "e")
        await type_in(pilot, text)
        assert isinstance(pilot.app.screen, NumberScreen)
        assert "expected" in str(pilot.app.screen.query_one("#problem", Static).render())
        await pilot.press("escape")
        assert w_q(pilot) == 0.29611194


async def test_a_computed_number_offers_the_inputs_behind_it() -> None:
    async with app().run_test() as pilot:
        await pilot.press("3", "e")
        assert isinstance(pilot.app.screen, ChooseScreen)
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, NumberScreen)
        await type_in(pilot, "0")
        assert screen(pilot).page.view.trace["scores"][1, 1] != pytest.approx(1.852384, abs=1e-6)


@pytest.mark.slow
async def test_what_changed_is_told_in_the_arithmetic_line() -> None:
    async with app().run_test() as pilot:
        await pilot.press(*TO_W_Q, "e")
        await type_in(pilot, "1.25")
        await pilot.press("4")
        shown = screen(pilot).shown
        assert shown is not None
        assert shown.comparison is not None
        assert shown.comparison.value(shown.page.derivation.cell) == pytest.approx(0.226384, abs=1e-6)


async def test_undo_and_redo_lead_back_to_the_same_bits() -> None:
    async with app().run_test() as pilot:
        before = screen(pilot).page.view.trace["context"]
        await pilot.press(*TO_W_Q, "e")
        await type_in(pilot, "1.25")
        after = screen(pilot).page.view.trace["context"]
        await pilot.press("m", "u", "u")
        np.testing.assert_array_equal(screen(pilot).page.view.trace["context"], before)
        await pilot.press("u")
        assert said(pilot) == "change.nothing_to_undo"
        await pilot.press("U")
        np.testing.assert_array_equal(screen(pilot).page.view.trace["context"], after)
        await pilot.press("U", "U")
        assert screen(pilot).page.view.settings.mask == "causal"
        assert said(pilot) == "change.nothing_to_redo"


@pytest.mark.slow
async def test_the_list_of_changes_leads_to_any_of_them() -> None:
    async with app().run_test() as pilot:
        await pilot.press("m", "s", "d", "c")
        assert pilot.app.screen.query_one(OptionList).option_count == 4
        await pilot.press("up", "up", "up", "enter")
        assert screen(pilot).page.view.settings == open_source("journey").settings


async def test_flipping_shows_before_and_after() -> None:
    async with app().run_test() as pilot:
        await pilot.press("b")
        assert said(pilot) == "change.nothing_to_compare"
        await pilot.press("m", "b")
        assert screen(pilot).page.view.settings.mask == "none"
        await pilot.press("b")
        assert screen(pilot).page.view.settings.mask == "causal"


async def test_a_mask_cell_is_toggled() -> None:
    async with app().run_test() as pilot:
        await pilot.press("6", "h", "a", "e")
        await pilot.press("escape")
        screen(pilot).look_at(screen(pilot).page.view.with_(focus=UNSEEN + "allowed", query=1, key=4))
        await pilot.press("e")
        assert screen(pilot).page.view.settings.mask == "own"
        assert screen(pilot).page.view.trace["weights"][1, 4] == 0.0


@pytest.mark.slow
async def test_the_divisor_and_the_dropout_rate_are_inputs() -> None:
    async with app().run_test() as pilot:
        await pilot.press("4")
        screen(pilot).look_at(screen(pilot).page.view.with_(focus=UNSEEN + "divisor"))
        await pilot.press("e")
        await type_in(pilot, "0.5")
        assert screen(pilot).page.view.trace["divisor"] == 0.5
        await pilot.press("6")
        screen(pilot).look_at(screen(pilot).page.view.with_(focus=UNSEEN + "rate"))
        await pilot.press("e")
        await type_in(pilot, "1")
        assert isinstance(pilot.app.screen, NumberScreen)
        await type_in(pilot, "0.25")
        assert screen(pilot).page.view.settings.dropout == 0.25


@pytest.mark.slow
async def test_words_are_renamed_inserted_swapped_and_deleted() -> None:
    async with app().run_test() as pilot:
        await pilot.press("n")
        await type_in(pilot, "walk")
        await pilot.press("N")
        await type_in(pilot, "quietly")
        assert screen(pilot).page.view.tokens == ("Your", "walk", "quietly", "starts", "with", "one", "step")
        await pilot.press("greater_than_sign")
        assert screen(pilot).page.view.tokens[1:3] == ("quietly", "walk")
        await pilot.press("delete", "delete", "delete", "delete", "delete", "delete", "delete")
        assert len(screen(pilot).page.view.tokens) == 1
        assert said(pilot) == "change.refused"
        await pilot.press(*["u"] * 20)
        assert screen(pilot).page.view.tokens == open_source("journey").tokens


async def test_a_word_is_carried_two_places_and_stays_selected() -> None:
    async with app().run_test() as pilot:
        await pilot.press("4", "greater_than_sign", "greater_than_sign")
        assert screen(pilot).page.view.tokens == ("Your", "starts", "with", "journey", "one", "step")
        assert screen(pilot).page.view.token == "journey"
        assert said(pilot) == "change.done"
        assert screen(pilot).shown.comparison is not None
        await pilot.press("b")
        assert screen(pilot).page.view.tokens == ("Your", "starts", "journey", "with", "one", "step")
        assert screen(pilot).page.view.token == "journey"


async def test_positions_go_round() -> None:
    async with app().run_test() as pilot:
        own = open_source("journey").inputs.position
        await pilot.press("P")
        assert not screen(pilot).source.inputs.position.any()  # type: ignore[union-attr]
        await pilot.press("P", "P")
        np.testing.assert_array_equal(screen(pilot).source.inputs.position, own)


async def test_another_draw_is_the_books() -> None:
    async with app().run_test() as pilot:
        await pilot.press("r")
        drawn = draw_heads(124, "linear", 3, 3, 2)[0].w_q
        np.testing.assert_array_equal(screen(pilot).page.view.trace["w_q"], drawn)


async def test_a_changed_lesson_is_saved_and_opens_again_to_the_same_bits(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    async with app().run_test() as pilot:
        await pilot.press(*TO_W_Q, "e")
        await type_in(pilot, "1.25")
        await pilot.press("m", "ctrl+s")
        await type_in(pilot, str(path))
        assert said(pilot) == "change.saved"
        again = read_sample(path)
        opened = again.trace(0, 0, again.settings)
        np.testing.assert_array_equal(opened["context"], screen(pilot).page.view.trace["context"])
        path.write_text("mine", "utf-8")
        await pilot.press("ctrl+s")
        await type_in(pilot, str(path))
        assert path.read_text("utf-8") == "mine"
        await pilot.press("enter")
        assert path.read_text("utf-8") != "mine"


async def test_leaving_with_unsaved_changes_asks_once() -> None:
    async with app().run_test() as pilot:
        await pilot.press(*TO_W_Q, "e")
        await type_in(pilot, "1.25")
        await pilot.press("q")
        assert pilot.app.is_running
        assert said(pilot) == "change.unsaved"
        await pilot.press("q")
        assert pilot.app._exit


async def test_leaving_without_changes_asks_nothing() -> None:
    async with app().run_test() as pilot:
        await pilot.press("m", "q")
        assert pilot.app._exit


async def test_another_lesson_begins_a_history_of_its_own() -> None:
    async with app().run_test() as pilot:
        await pilot.press("m", "o")
        await type_in(pilot, "causal")
        assert len(screen(pilot).desk.history.states) == 1
        await pilot.press("u")
        assert said(pilot) == "change.nothing_to_undo"


@pytest.mark.slow
async def test_going_back_after_a_change_shows_the_present_numbers() -> None:
    async with app().run_test() as pilot:
        await pilot.press("3", "enter", "enter", "enter", "e")
        await type_in(pilot, "9")
        await pilot.press("backspace", "backspace", "backspace")
        page = screen(pilot).page
        assert page.derivation.cell.name == "scores"
        assert page.view.source is screen(pilot).desk.present.source
        assert page.derivation.value != pytest.approx(1.852384, abs=1e-6)


async def test_moving_after_a_flip_shows_the_present_numbers() -> None:
    async with app().run_test() as pilot:
        await pilot.press("d", "b", "down")
        assert screen(pilot).page.view.settings.dropout == 0.1
        await pilot.press("d", "b", "d")
        assert screen(pilot).page.view.settings.dropout == 0.5
        assert len(screen(pilot).desk.history.states) == 4


@pytest.mark.slow
async def test_a_narrower_window_shows_fewer_operands_to_choose() -> None:
    async with app().run_test(size=(200, 36)) as pilot:
        await pilot.press("7", *["tab"] * 5, "a", *["right"] * 11)
        await resized(pilot, 80, 24)
        await pilot.press("right")
        shown = screen(pilot).shown
        assert shown is not None
        assert shown.chosen is not None


@pytest.mark.slow
async def test_a_long_page_scrolls() -> None:
    async with app().run_test() as pilot:
        await pilot.press("question_mark", "down", "down")
        assert pilot.app.screen.query_one(PanelText).scroll_offset.y == 2
        await pilot.press("end")
        text = pilot.app.screen.query_one(PanelText)
        assert text.scroll_offset.y == text.max_scroll_y > 10


@pytest.mark.slow
async def test_help_survives_a_window_of_a_few_columns() -> None:
    async with app().run_test() as pilot:
        await pilot.press("question_mark")
        await pilot.resize_terminal(6, 4)
        await pilot.resize_terminal(80, 24)
        assert pilot.app.is_running
