"""Why a score is as large, as a page of a model's head; and the way to the head that wrote a part."""

from __future__ import annotations

import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from piloting import app, computed, hit, model, model_app, overview, said, until
from textual.pilot import Pilot

from kitten_tui.app import KittenApp
from kitten_tui.core.split import LAYER
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.palette import PLAIN
from kitten_tui.screens.model import ModelScreen
from kitten_tui.screens.why import WhyScreen


async def asked(pilot: Pilot[None], layer: int = 1, **places: int) -> WhyScreen:
    """The page of a head of a layer."""
    await computed(pilot)
    screen = overview(pilot)
    screen._open(screen.view.with_(layer=layer, **places))
    await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen))
    await hit(pilot, "Y")
    await until(pilot, lambda: isinstance(pilot.app.screen, WhyScreen))
    return pilot.app.screen  # type: ignore[return-value]


@pytest.mark.parametrize("name", ["gpt2", "llama", "bert"])
@pytest.mark.first_is_quick
async def test_a_score_is_a_table_whose_layers_open(name: str) -> None:
    async with model_app(name).run_test(size=(120, 40)) as pilot:
        page = await asked(pilot, query=3, key=2)
        why = page.why
        score = model(pilot).page.view.row("scores")[2]
        assert why.values.sum() == pytest.approx(score, abs=1e-4)
        lines = [text_of(line) for line in page.write(PLAIN, 100)]
        assert max(map(len, lines)) <= 100
        place = [group.origin.kind for group in why.rows].index(LAYER)
        await hit(pilot, *["down"] * place, "enter")
        assert page.why.at_row.kind == "head"
        assert page.why.table.sum() == pytest.approx(score, abs=1e-4)
        assert len(page.why.rows) > len(why.rows)
        await hit(pilot, "backspace")
        assert [group.origin for group in page.why.rows] == [group.origin for group in why.rows]
        assert page.why.at_row.kind == LAYER


async def test_the_head_that_wrote_a_part_is_gone_to_and_left_again() -> None:
    async with model_app("gpt2").run_test(size=(120, 40)) as pilot:
        page = await asked(pilot, query=3, key=2, head=1)
        left = model(pilot).page.selection
        place = [group.origin.kind for group in page.why.rows].index(LAYER)
        await hit(pilot, *["down"] * place, "enter", "down", "enter")
        await until(pilot, lambda: pilot.app.screen is model(pilot))
        at = model(pilot).page.selection
        assert (at.layer, at.head, at.query) == (0, 1, 3)
        assert model(pilot).page.view.row("weights").argmax() == at.key
        await hit(pilot, "backspace")
        assert model(pilot).page.selection == left


async def test_the_head_of_a_key_is_gone_to_with_the_key_as_query() -> None:
    async with model_app("gpt2").run_test(size=(120, 40)) as pilot:
        page = await asked(pilot, query=3, key=2)
        place = [group.origin.kind for group in page.why.columns].index(LAYER)
        await hit(pilot, *["right"] * (place + 1), "up", "enter", "enter")
        await until(pilot, lambda: pilot.app.screen is model(pilot))
        at = model(pilot).page.selection
        assert (at.layer, at.head, at.query) == (0, 0, 2)


async def test_a_next_token_has_a_list_that_sums_to_its_logit() -> None:
    async with model_app("gpt2").run_test(size=(120, 40)) as pilot:
        page = await asked(pilot, stage=7, rank=1)
        assert page.why.is_list
        view = model(pilot).page.view
        logit = view.source.continuation(view.selection.query).logit[1]  # type: ignore[attr-defined]
        assert page.why.table.sum() == pytest.approx(logit, abs=1e-4)
        await hit(pilot, "right", "down", "up", "escape")
        await until(pilot, lambda: pilot.app.screen is model(pilot))


async def test_it_is_as_wide_as_there_is_room() -> None:
    async with model_app("gpt2").run_test(size=(120, 40)) as pilot:
        page = await asked(pilot, query=3, key=2)
        place = [group.origin.kind for group in page.why.columns].index(LAYER)
        await hit(pilot, *["right"] * (place + 1), "enter")
        for width in (40, 60, 90):
            lines = [text_of(line) for line in page.write(PLAIN, width)]
            assert max(map(len, lines)) <= width


async def test_a_lesson_has_no_parts_to_ask_for() -> None:
    lesson: KittenApp = app()
    async with lesson.run_test(size=(120, 40)) as pilot:
        await hit(pilot, "Y")
        assert said(pilot) == "why.none"
