"""A second text on the screen: asked for, and gone through part by part."""

from __future__ import annotations

import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from piloting import CHECKPOINTS, computed, model, model_app, overview, said_of_model, type_in

from kitten_tui.app import KittenApp
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.texts import TWO_STACKS, TWO_TEXTS, open_texts


def app(name: str, second: str | None = None) -> KittenApp:
    return KittenApp(open_texts(Model(CHECKPOINTS / name), "the cat saw the dog", second))


@pytest.mark.slow
async def test_a_second_text_is_asked_for_at_all_heads():
    async with app("bert").run_test() as pilot:
        await computed(pilot)
        await pilot.press("backslash")
        await type_in(pilot, "it ran")
        await computed(pilot)
        seen = []
        for _ in TWO_TEXTS:
            source = overview(pilot).source
            seen.append(source.part)
            assert len(overview(pilot).overview.heads) == source.n_layers * source.n_heads
            await pilot.press("W")
            await computed(pilot)
        assert seen == list(TWO_TEXTS)


async def test_a_second_text_is_asked_for_at_a_stage():
    async with app("families/bart").run_test() as pilot:
        await computed(pilot)
        await pilot.press("enter", "backslash")
        await type_in(pilot, "the dog ran")
        await computed(pilot)
        assert overview(pilot).source.part == "encoder"
        await pilot.press("W", "W")
        await computed(pilot)
        cross = overview(pilot).source
        assert cross.part == "cross"
        assert "dog" in cross.tokens
        await pilot.press("enter", "1", "right", "right", "enter", "backspace")
        assert model(pilot).page.view.is_cross


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "part"),
    [*(("families/t5", part) for part in TWO_STACKS), ("bert", "A-B"), ("bert", "B-B"), ("bert", "whole")],
)
async def test_every_stage_of_a_part_is_walked_through(name, part):
    source = open_texts(Model(CHECKPOINTS / name), "the cat saw the dog", "the dog ran", part)
    async with KittenApp(source).run_test() as pilot:
        await computed(pilot)
        await pilot.press("enter")
        for number in range(1, 8):
            await pilot.press(
                str(number), "right", "left", "tab", "down", "l", "enter", "backspace", "p", "s", "s", "m"
            )
            await pilot.press(
                "d", "R", "g", "G", "A", "escape", "L", "x", "escape", "i", "i", "question_mark", "escape"
            )
        await pilot.press("v")
        await pilot.press("w", "escape", "O", "tab", "i", "escape")
        assert pilot.app.is_running


async def test_a_model_that_takes_no_pairs_says_so():
    async with model_app("llama").run_test() as pilot:
        await computed(pilot)
        await pilot.press("enter", "backslash")
        assert said_of_model(pilot) == "message.no_pairs"
