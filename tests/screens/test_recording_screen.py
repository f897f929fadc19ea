"""Attention that was computed elsewhere, on the screen: all heads, and each at every stage."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))

from piloting import hit, model, overview, type_in
from test_every_source import SOURCES, words_of_the_new_lines  # noqa: F401  (a fixture)

from kitten_tui.app import KittenApp
from kitten_tui.sources.parts import encoder_decoder
from kitten_tui.sources.recording import Recording
from kitten_tui.stages import STAGES

KEYS = (
    "right",
    "tab",
    "down",
    "h",
    "a",
    "enter",
    "enter",
    "backspace",
    "p",
    "s",
    "m",
    "d",
    "e",
    "g",
    "G",
    "equals_sign",
)


@pytest.mark.slow
async def test_parts_that_came_together_follow_one_another():
    cross, weights = weights_of(2, 3), weights_of(2, 2)
    parts = encoder_decoder(weights_of(3, 3), weights, cross, ["le", "chat", "noir"], ["the", "cat"])
    async with app(parts[0]).run_test() as pilot:
        seen = []
        for _ in range(3):
            await pilot.app.workers.wait_for_complete()
            await pilot.pause()
            seen.append(overview(pilot).source)
            await pilot.press("W")
        assert seen == list(parts)
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("enter", "W")
        await pilot.pause()
        assert overview(pilot).source is parts[1]


def weights_of(queries: int, keys: int) -> np.ndarray:
    return np.full((1, 2, queries, keys), 1.0 / keys)


def app(source: Recording) -> KittenApp:
    return KittenApp(source)


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
async def test_all_heads_are_seen_at_once(name):
    source = SOURCES[name]
    async with app(source).run_test() as pilot:
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        assert len(overview(pilot).overview.heads) == source.n_layers * source.n_heads
        await pilot.press("tab", "O", "right", "i")
        await pilot.press("escape")


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
async def test_every_stage_is_walked_through_with_every_key(name):
    source = SOURCES[name]
    async with app(source).run_test() as pilot:
        await pilot.app.workers.wait_for_complete()
        await pilot.press("enter")
        for number in range(1, len(STAGES) + 1):
            await pilot.press(str(number))
            assert model(pilot).page.stage is STAGES[number - 1]
            await hit(pilot, *KEYS)
            await pilot.press("escape", "escape")
        assert pilot.app.is_running


@pytest.mark.parametrize("key", ["e", "slash", "n"])
@pytest.mark.first_is_quick
async def test_what_a_recording_cannot_do_is_said(key):
    async with app(SOURCES["weights alone"]).run_test() as pilot:
        await pilot.app.workers.wait_for_complete()
        await pilot.press("enter", key)
        shown = model(pilot).shown
        assert shown is not None
        assert shown.message is not None
        assert shown.message.key == "message.recording_fixed"


async def test_a_recording_is_saved(tmp_path):
    source, path = SOURCES["q and k alone"], tmp_path / "all.npz"
    async with app(source).run_test() as pilot:
        await pilot.app.workers.wait_for_complete()
        await pilot.press("enter", "ctrl+s")
        await type_in(pilot, str(path))
        await pilot.app.workers.wait_for_complete()
        shown = model(pilot).shown
        assert shown is not None
        assert shown.message is not None
        assert shown.message.key == "message.saved"
    with np.load(path, allow_pickle=False) as file:
        weights = source.trace(0, 0, source.settings)["weights"]
        np.testing.assert_allclose(file["weights"][0, 0], weights, atol=1e-7)


@pytest.mark.parametrize(("name", "stage"), [("weights alone", "softmax"), ("q and k alone", "scores")])
async def test_a_head_opens_at_the_first_stage_that_has_something_to_show(name, stage):
    async with app(SOURCES[name]).run_test() as pilot:
        await pilot.app.workers.wait_for_complete()
        await pilot.press("enter")
        assert model(pilot).page.stage.id == stage
