"""A text goes on at the stages, one key a token."""

from __future__ import annotations

import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from piloting import TEXT, computed, hit, model, overview, reading, said_of_model

from kitten_tui.app import KittenApp
from kitten_tui.desk.selection import Selection
from kitten_tui.screens.model import ModelScreen
from kitten_tui.screens.overview import OverviewScreen

NEXT = 7


def opened(name: str = "llama", **places: int) -> KittenApp:
    read = reading(name, TEXT)
    read.compute()
    return KittenApp(read, selection=Selection(**({"stage": NEXT, "layer": 1, "query": 3} | places)))


async def test_a_key_appends_the_likeliest_token_and_another_takes_it_back():
    app = opened()
    async with app.run_test(size=(120, 40)) as pilot:
        before = model(pilot).source
        n = len(before.tokens)
        await hit(pilot, "plus")
        await computed(pilot)
        source = model(pilot).source
        assert source.tokens[-1] == before.continuation(n - 1).pieces[0]
        assert model(pilot).page.selection.query == n
        await hit(pilot, "plus")
        await computed(pilot)
        await hit(pilot, "minus", "minus")
        assert model(pilot).source is before
        await hit(pilot, "minus")
        assert said_of_model(pilot) == "going_on.first"


async def test_the_new_token_is_a_row_of_every_picture():
    app = opened(stage=3)
    async with app.run_test(size=(120, 40)) as pilot:
        n = len(model(pilot).source.tokens)
        await hit(pilot, "plus")
        await computed(pilot)
        view = model(pilot).page.view
        assert view.trace["weights"].shape == (n + 1, n + 1)
        assert view.row("weights").sum() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.slow
async def test_the_overview_reads_what_the_text_has_become():
    app = opened()
    async with app.run_test(size=(120, 40)) as pilot:
        n = len(model(pilot).source.tokens)
        await hit(pilot, "plus")
        await computed(pilot)
        await hit(pilot, "v")
        await computed(pilot)
        assert isinstance(app.screen, OverviewScreen)
        assert len(overview(pilot).source.tokens) == n + 1
        assert overview(pilot).overview.heads
        await hit(pilot, "enter")
        assert isinstance(app.screen, ModelScreen)
        assert len(model(pilot).source.tokens) == n + 1


async def test_a_model_that_fills_gaps_does_not_go_on():
    app = opened("bert")
    async with app.run_test(size=(120, 40)) as pilot:
        await hit(pilot, "plus")
        assert said_of_model(pilot) == "going_on.none"
