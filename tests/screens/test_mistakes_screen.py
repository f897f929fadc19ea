"""Mistakes and words on the screen: chosen from a list, told beside it, and left without a trace."""

from __future__ import annotations

from dataclasses import replace

import pytest
from piloting import app, computed, model, model_app, reading, said, screen
from textual.widgets import OptionList

from kitten_tui.app import KittenApp
from kitten_tui.screens.mistakes import MistakesScreen
from kitten_tui.screens.terms import TermsScreen
from kitten_tui.stages.figure import Matrix


async def test_a_mistake_is_chosen_stays_over_all_stages_and_is_left() -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        before = screen(pilot).desk
        await pilot.press("4", "M")
        assert isinstance(pilot.app.screen, MistakesScreen)
        await pilot.press("down", "down", "down", "enter")
        assert screen(pilot).desk.settings.variant == "mask_after"
        assert said(pilot) == "variant.on"
        await pilot.press("6", "5", "2", "left")
        assert screen(pilot).page.readings[0].key == "variant.reading"
        await pilot.press("escape")
        after = screen(pilot).desk
        assert (after.settings, after.lens, after.variant) == (before.settings, before.lens, "")
        assert after.history is before.history


async def test_the_numbers_that_are_others_are_marked_and_the_right_ones_are_a_key_away() -> None:
    async with app().run_test(size=(120, 36)) as pilot:
        await pilot.press("4", "M", "enter")
        shown = screen(pilot).shown
        assert shown is not None
        assert shown.comparison is not None
        figure = shown.page.sheet.stop("weights")
        assert isinstance(figure, Matrix)
        assert (shown.comparison.values(figure) != figure.values).any()
        await pilot.press("b")
        assert screen(pilot).desk.settings.variant == ""
        assert said(pilot) == "variant.right"
        await pilot.press("b")
        assert screen(pilot).desk.settings.variant == "softmax_axis"


@pytest.mark.slow
async def test_a_number_is_changed_with_the_mistake_on_and_only_that_is_remembered() -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        await pilot.press("4", "M", "enter", "d", "escape")
        history = screen(pilot).desk.history
        assert [state.settings.variant for state in history.states] == ["", ""]
        assert history.now.settings.dropout == 0.1


@pytest.mark.slow
async def test_with_one_on_the_list_begins_with_the_way_back() -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        await pilot.press("M", "enter", "M")
        asked = pilot.app.screen
        assert isinstance(asked, MistakesScreen)
        assert asked.names[0] == ""
        assert asked.query_one(OptionList).highlighted == 1
        await pilot.press("up", "enter")
        assert said(pilot) == "variant.off"
        assert screen(pilot).desk.variant == ""


@pytest.mark.slow
async def test_what_cannot_be_shown_says_why_and_is_not_chosen() -> None:
    async with app("causal").run_test(size=(80, 24)) as pilot:
        await pilot.press("M")
        asked = pilot.app.screen
        assert isinstance(asked, MistakesScreen)
        place = asked.names.index("no_w_o")
        await pilot.press(*["down"] * place)
        assert asked.reasons[place]
        await pilot.press("enter")
        assert pilot.app.screen is asked
        await pilot.press("escape")
        assert screen(pilot).desk.variant == ""


@pytest.mark.slow
async def test_a_head_of_a_model_can_be_wrong_too() -> None:
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    async with model_app().run_test(size=(80, 24)) as pilot:
        await computed(pilot)
        await pilot.press("enter", "M", "enter")
        assert model(pilot).desk.settings.variant == "softmax_axis"
        await pilot.press("right_curly_bracket", "escape")
        assert model(pilot).desk.variant == ""


async def test_a_word_is_looked_up_and_gone_to() -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        await pilot.press("3", "I")
        asked = pilot.app.screen
        assert isinstance(asked, TermsScreen)
        ids = [term.id for term, _ in asked.entries]
        assert ids[0] == "score"
        assert {"query", "key"} <= {*ids}
        await pilot.press(*["down"] * ids.index("key"), "enter")
        page = screen(pilot).page
        assert (page.stage.id, page.focused.id) == ("projections", "k")


@pytest.mark.parametrize("name", ["mask_after", "softmax_axis", "no_division"])
@pytest.mark.first_is_quick
async def test_a_mistake_that_was_left_stays_off_in_the_heads_opened_afterwards(name: str) -> None:
    """What it switched besides goes with it."""
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    source = reading("bert")
    settings = replace(source.settings, variant=name)
    async with KittenApp(source, settings).run_test(size=(80, 24)) as pilot:
        await computed(pilot)
        await pilot.press("enter")
        assert model(pilot).desk.variant == name
        await pilot.press("v", "right", "enter")  # as it was left: on
        assert model(pilot).desk.variant == name
        assert model(pilot).desk.base == source.settings
        await pilot.press("escape", "v", "right", "enter")
        assert model(pilot).desk.variant == ""
        assert model(pilot).desk.settings == source.settings


async def test_a_mistake_that_is_flipped_away_from_is_still_on_in_the_next_head() -> None:
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    async with model_app().run_test(size=(80, 24)) as pilot:
        await computed(pilot)
        await pilot.press("enter", "M", "enter", "b", "v", "right", "enter")
        assert model(pilot).desk.variant == "softmax_axis"
