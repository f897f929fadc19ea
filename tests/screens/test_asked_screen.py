"""All heads are asked what changes without each, and what is thought on the way."""

from __future__ import annotations

import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from piloting import computed, hit, model_app, overview

from kitten_tui.core.asking import ZERO
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.overview import EFFECT, about_head
from kitten_tui.ink.palette import PLAIN
from kitten_tui.screens.text import TextScreen


async def test_heads_are_sorted_by_what_changes_without_them():
    app = model_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await computed(pilot)
        await hit(pilot, "E")
        await computed(pilot)
        screen = overview(pilot)
        of, source = screen.overview, screen.source
        effects = list(source.asked.effects(source.query, ZERO))
        assert of.effects == tuple(effects)
        assert (of.measure, of.sorted) == (EFFECT, True)
        sizes = [of.value(*place) for place in of.order]
        assert sizes == sorted((effect.size for effect in effects), reverse=True)
        assert (of.layer, of.head) == of.order[0]
        told = " ".join(text_of(line) for line in about_head(of, screen.words, PLAIN, 60))
        assert f"{of.effect(of.layer, of.head).cosine:.4f}" in told
        await hit(pilot, "tab")
        assert overview(pilot).overview.measure != EFFECT


async def test_what_was_stopped_goes_on_where_it_was():
    app = model_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await computed(pilot)
        await hit(pilot, "E", "E")
        await computed(pilot)
        kept = overview(pilot).overview.effects
        assert overview(pilot).asking is None
        await hit(pilot, "E")
        await computed(pilot)
        of = overview(pilot).overview
        assert len(of.effects) == of.n_layers * of.n_heads
        whole = len(kept) // of.n_heads * of.n_heads
        assert of.effects[:whole] == kept[:whole]


@pytest.mark.parametrize("name", ["llama", "bert"])
@pytest.mark.first_is_quick
async def test_thoughts_on_the_way_are_a_page(name):
    app = model_app(name)
    async with app.run_test(size=(120, 40)) as pilot:
        await computed(pilot)
        asked = overview(pilot).source
        await hit(pilot, "K")
        await computed(pilot)
        if asked.next_tokens is None:
            assert not isinstance(app.screen, TextScreen)
            return
        assert isinstance(app.screen, TextScreen)
        lines = [text_of(line) for line in app.screen.write(PLAIN, 100)]
        last = list(asked.asked.thoughts(1))[-1]
        rows = lines[-1 - len(asked.tokens) : -1]
        assert [row.split()[-2] for row in rows] == [pieces[0].strip() or "␣" for pieces in last.pieces]
        await hit(pilot, "escape")
        assert app.screen is overview(pilot)


async def test_a_page_of_thoughts_is_as_wide_as_there_is_room():
    app = model_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await computed(pilot)
        await hit(pilot, "K")
        await computed(pilot)
        for width in (24, 40, 60):
            lines = [text_of(line) for line in app.screen.write(PLAIN, width)]
            assert max(map(len, lines)) <= width
