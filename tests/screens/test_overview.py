from __future__ import annotations

import shutil
from pathlib import Path
from threading import Event, Semaphore
from typing import Any

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from piloting import (
    CHECKPOINTS,
    TEXT,
    computed,
    hit,
    model,
    model_app,
    overview,
    reading,
    resized,
    said_of_model,
    type_in,
    until,
)
from safetensors.numpy import load_file, save_file
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Static

from kitten_tui.app import KittenApp
from kitten_tui.core.measures import MEASURES
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.cells import text_of
from kitten_tui.screens.ask import AskScreen
from kitten_tui.screens.model import ModelScreen
from kitten_tui.screens.text import TextScreen
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.stages import STAGES
from kitten_tui.widgets.overview import HeadGrid, HeadText, OverviewLine


def selected(pilot: Pilot[None]) -> tuple[int, int]:
    of = overview(pilot).overview
    return of.layer, of.head


def lines(pilot: Pilot[None]) -> list[str]:
    """The title and the line below it."""
    return [line.text for line in overview(pilot).query(OverviewLine)]


def screen_text(app: App[None]) -> str:
    """Everything on the screen, a line for each row of the terminal."""
    return "\n".join(text_of(strip) for strip in app.screen._compositor.render_strips())


class Slow(Reading):
    """Computes a layer only when it is let."""

    def __init__(self, model: Model, text: str) -> None:
        super().__init__(model, text)
        self.let, self.begun = Semaphore(0), Event()

    def advance(self, pulse: Any = lambda: None) -> None:
        self.begun.set()
        while not self.let.acquire(timeout=0.01):
            pulse()
        super().advance(pulse)


def slow() -> Slow:
    return Slow(Model(CHECKPOINTS / "llama"), TEXT)


async def computed_to(pilot: Pilot[None], ready: int) -> None:
    """Lets one layer after another be computed, up to this many."""
    source = overview(pilot).source
    assert isinstance(source, Slow)
    for _ in range(ready - source.ready):
        source.let.release()
    while source.ready < ready:
        await pilot.pause(0.01)
    await until(pilot, lambda: len(overview(pilot).overview.heads) >= ready * source.n_heads)
    await pilot.pause()


# What is seen


async def test_a_model_opens_with_all_its_heads() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        of = overview(pilot).overview
        assert pilot.app.screen is overview(pilot)
        assert [(head.layer, head.head) for head in of.heads] == [(l, h) for l in range(2) for h in range(4)]  # noqa: E741


async def test_the_title_names_the_model_and_the_text_and_the_state_how_much_there_is() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        assert lines(pilot)[0] == f"llama: {TEXT}"
        assert "2 layers × 4 heads, 13 tokens" in lines(pilot)[1]


async def test_a_text_that_was_cut_says_so() -> None:
    async with model_app("llama", "the cat " * 100).run_test(size=(80, 24)) as pilot:
        await computed(pilot)
        assert "2 layers × 4 heads, 64 of 202 tokens" in lines(pilot)[1]


async def test_every_head_has_a_picture_on_the_screen() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        rows = [row for row in screen_text(pilot.app).splitlines() if "▀" in row]
        assert [len(row.split()) for row in rows] == [4] * 14  # a pixel for each of 13 tokens


@pytest.mark.slow
async def test_a_wide_window_has_the_selected_head_beside_the_pictures() -> None:
    async with model_app().run_test(size=(120, 36)) as pilot:
        await computed(pilot)
        assert pilot.app.screen.query_one(HeadText).display
        assert "Layer 1, head 1" in screen_text(pilot.app)


async def test_a_window_that_is_too_small_says_so_and_recovers() -> None:
    async with model_app().run_test(size=(80, 24)) as pilot:
        await computed(pilot)
        assert not pilot.app.screen.query_one("#overview-notice").display
        for size in ((79, 24), (80, 23)):
            await resized(pilot, *size)
            await until(pilot, lambda: pilot.app.screen.query_one("#overview-notice").display)
            await until(pilot, lambda: not pilot.app.screen.query_one(HeadGrid).region)
        await resized(pilot, 80, 24)
        await until(pilot, lambda: not pilot.app.screen.query_one("#overview-notice").display)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_notice_has_words(language: str) -> None:
    async with KittenApp(reading(), language=language).run_test(size=(60, 20)) as pilot:
        await computed(pilot)
        assert "80 × 24" in screen_text(pilot.app)


async def test_hostile_text_reaches_no_terminal() -> None:
    app = model_app("llama", "\x1b[31mred\x9b2J [red]x[/] \u202eevil 👨‍👩‍👧 שלום \x07")
    async with app.run_test() as pilot:
        await computed(pilot)
        await pilot.press("tab", "O", "i")
        for shown in (screen_text(pilot.app), pilot.app.export_screenshot()):
            assert not {"\x1b", "\x9b", "\x07", "\u202e", "\u200d"} & set(shown)


# Keys


async def test_the_arrows_select_a_head_and_stop_at_the_edges() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        await pilot.press("right", "down")
        assert selected(pilot) == (1, 1)
        await hit(pilot, *["right"] * 5, *["down"] * 3)
        assert selected(pilot) == (1, 3)
        await hit(pilot, *["left"] * 6, *["up"] * 3)
        assert selected(pilot) == (0, 0)


async def test_a_measure_is_chosen_back_and_forth() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        await pilot.press("tab")
        assert overview(pilot).overview.measure == MEASURES[1]
        await pilot.press("shift+tab", "shift+tab")
        assert overview(pilot).overview.measure == MEASURES[-1]


@pytest.mark.slow
async def test_sorted_heads_are_looked_at_from_the_largest() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        await pilot.press("tab", "tab", "O")
        of = overview(pilot).overview
        largest = max(of.heads, key=lambda head: head.measures["previous"])
        assert selected(pilot) == (largest.layer, largest.head)
        await pilot.press("O")
        assert selected(pilot) == (largest.layer, largest.head)


async def test_the_state_says_in_which_order() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        await pilot.press("tab", "O")
        assert lines(pilot)[1].strip().startswith("the largest first: to the first token")


async def test_a_click_selects_a_head_and_another_opens_it() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        await pilot.click(HeadGrid, offset=(25, 14))
        assert selected(pilot) == (1, 1)
        await pilot.click(HeadGrid, offset=(25, 14))
        assert isinstance(pilot.app.screen, ModelScreen)
        assert (model(pilot).page.selection.layer, model(pilot).page.selection.head) == (1, 1)


@pytest.mark.slow
async def test_every_line_of_a_picture_belongs_to_its_head() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        widget = pilot.app.screen.query_one(HeadGrid)
        grid, content = widget.grid, widget.scrollable_content_region.offset
        assert grid is not None
        last = grid.top + grid.picture_height  # the last line of the first layer's pictures
        await pilot.press("right")
        await pilot.click(offset=(content.x + grid.labels, content.y + last))
        assert selected(pilot) == (0, 0)


async def test_a_click_on_the_numbers_of_the_heads_selects_nothing() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        content = pilot.app.screen.query_one(HeadGrid).scrollable_content_region.offset
        await pilot.click(offset=(content.x + 25, content.y))
        assert selected(pilot) == (0, 0)


async def test_a_click_on_a_key_presses_it() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        await pilot.click("OverviewKeys", offset=(18, 0))
        assert isinstance(pilot.app.screen, ModelScreen)


async def test_enter_opens_the_selected_head_at_its_scores() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        await pilot.press("right", "right", "down", "enter")
        page = model(pilot).page
        assert (page.stage.id, page.selection.layer, page.selection.head) == ("scores", 1, 2)


async def weighed(pilot: Pilot[None]) -> None:
    """Waits until what two words give each other is there for every head."""
    between = overview(pilot).overview.between
    while between is None or len(between.weights) < 8:
        await pilot.pause()
        between = overview(pilot).overview.between


def given(query: int, key: int) -> dict[tuple[int, int], float]:
    """What each head of the tiny model gives from one token to another."""
    source = reading()
    source.compute()
    heads = [(layer, head) for layer in range(2) for head in range(4)]
    return {place: float(source.trace(*place, source.settings)["weights"][query, key]) for place in heads}


@pytest.mark.slow
async def test_two_words_sort_the_heads_and_enter_opens_the_largest_there() -> None:
    app = model_app()
    async with app.run_test() as pilot:
        await computed(pilot)
        await pilot.press("w")
        await type_in(pilot, "5 2")
        await weighed(pilot)
        weights, found = given(4, 1), overview(pilot).overview
        assert found.order == sorted(weights, key=lambda place: -weights[place])
        assert (found.layer, found.head) == found.order[0]
        await pilot.press("enter")
        selection = model(pilot).page.selection
        assert (selection.layer, selection.head, selection.query, selection.key) == (*found.order[0], 4, 1)
        assert model(pilot).page.derivation.value == pytest.approx(weights[found.order[0]])


@pytest.mark.slow
async def test_the_selected_cell_is_two_words_too() -> None:
    app = model_app()
    async with app.run_test() as pilot:
        await computed(pilot)
        await pilot.press("enter", "up", "up", "h", "w")
        await weighed(pilot)
        between = overview(pilot).overview.between
        assert between is not None
        assert (between.query, between.key) == (10, 11)
        assert between.weights == pytest.approx(tuple(given(10, 11).values()))


@pytest.mark.slow
async def test_what_are_no_two_words_is_said() -> None:
    app = model_app()
    async with app.run_test() as pilot:
        await computed(pilot)
        await pilot.press("w")
        await type_in(pilot, "cat horse")
        assert "horse" in str(app.screen.query_one("#problem", Static).render())
        await pilot.press("escape")
        assert overview(pilot).overview.between is None


async def test_another_text_forgets_the_two_words() -> None:
    app = model_app()
    async with app.run_test() as pilot:
        await computed(pilot)
        overview(pilot).look_between(4, 1)
        await weighed(pilot)
        overview(pilot).read(reading(text="the dog"), overview(pilot).words)
        await computed(pilot)
        assert (overview(pilot).overview.between, overview(pilot).overview.measure) == (None, MEASURES[0])


@pytest.mark.slow
async def test_a_head_opens_at_the_query_and_key_that_were_looked_at() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        await pilot.press("enter", "3", "up", "up", "h", "v", "right", "enter")
        selection = model(pilot).page.selection
        assert (selection.head, selection.stage) == (1, 2)
        last = len(model(pilot).page.view.tokens) - 1
        assert (selection.query, selection.key) == (last - 2, last - 1)


@pytest.mark.slow
async def test_v_comes_back_to_the_head_that_was_looked_at_in_its_language() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        await pilot.press("enter", "right_curly_bracket", "right_square_bracket", "L", "v")
        assert pilot.app.screen is overview(pilot)
        assert selected(pilot) == (1, 1)
        assert overview(pilot).words.language == "zh"


@pytest.mark.slow
async def test_a_head_is_opened_where_the_last_one_was_left() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        await pilot.press("enter", "4", "up", "up", "v", "right", "enter")
        page = model(pilot).page
        assert (page.stage.id, page.selection.query, page.selection.head) == ("softmax", 10, 1)


@pytest.mark.parametrize("key", ["i", "question_mark"])
@pytest.mark.first_is_quick
async def test_pages_of_text_open_and_close(key: str) -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        await pilot.press(key)
        assert isinstance(pilot.app.screen, TextScreen)
        await pilot.press("escape")
        assert pilot.app.screen is overview(pilot)


async def test_the_language_changes_at_once_and_back() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        await pilot.press("L")
        assert "层 ↓ 头 →" in lines(pilot)[1] or overview(pilot).words("overview.by_place") in lines(pilot)[1]
        await pilot.press("L")
        assert overview(pilot).words.language == "en"


async def test_the_theme_changes() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        await pilot.press("t")
        assert pilot.app.theme == "kitten-light"


async def test_q_leaves() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        await pilot.press("q")
        assert pilot.app._exit


async def test_every_command_is_in_the_palette() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        titles = [command.title for command in pilot.app.get_system_commands(pilot.app.screen)]
        assert len(titles) == len(set(titles)) > 10


@pytest.mark.slow
async def test_another_text_is_read_by_the_same_model() -> None:
    async with model_app().run_test() as pilot:
        await computed(pilot)
        of = overview(pilot).source.model
        await pilot.press("L", "slash")
        assert isinstance(pilot.app.screen, AskScreen)
        await type_in(pilot, "a kitten")
        await pilot.pause()
        await computed(pilot)
        assert overview(pilot).source.model is of
        assert overview(pilot).source.text == "a kitten"
        assert overview(pilot).words.language == "zh"
        assert overview(pilot).source.ready == 2


@pytest.mark.slow
async def test_random_keys_break_nothing() -> None:
    keys = [
        *(
            "left",
            "right",
            "up",
            "down",
            "enter",
            "tab",
            "shift+tab",
            "O",
            "i",
            "z",
            "L",
            "t",
            "v",
            "escape",
            "question_mark",
        ),
        *("right_curly_bracket", "tab", "4", "7", "x", "backspace", "f", "g", "u", "m", "space", "home"),
    ]
    draw = np.random.RandomState(7)
    async with model_app().run_test() as pilot:
        await computed(pilot)
        for place in range(5):
            await hit(pilot, *(keys[number] for number in draw.randint(len(keys), size=30)))
            await pilot.resize_terminal(*((80, 24), (120, 36), (60, 20))[place % 3])
        assert pilot.app.is_running
        assert pilot.app.return_code in (None, 0)


# Computing


async def test_keys_are_answered_while_a_layer_is_computed() -> None:
    source = slow()
    async with KittenApp(source).run_test() as pilot:
        try:
            assert source.begun.wait(5)
            await pilot.press("right", "down", "tab", "O", "O", "L")
            assert (source.ready, overview(pilot).overview.measure) == (0, MEASURES[1])
            assert overview(pilot).words.language == "zh"
        finally:
            overview(pilot).stopping.set()


async def test_how_far_the_computing_is_is_said() -> None:
    async with KittenApp(slow()).run_test() as pilot:
        try:
            assert "computing layer 1 of 2 …" in lines(pilot)[1]
            await computed_to(pilot, 1)
            assert "computing layer 2 of 2 …" in lines(pilot)[1]
            assert len(overview(pilot).overview.heads) == 4
            await computed_to(pilot, 2)
            assert "2 layers × 4 heads" in lines(pilot)[1]
        finally:
            overview(pilot).stopping.set()


async def test_a_head_of_a_layer_that_has_not_been_computed_is_not_opened() -> None:
    async with KittenApp(slow()).run_test() as pilot:
        try:
            await computed_to(pilot, 1)
            await pilot.press("down", "enter")
            assert pilot.app.screen is overview(pilot)
            assert lines(pilot)[1] == "Layer 2 has not been computed yet."
            await pilot.press("up", "enter")
            assert isinstance(pilot.app.screen, ModelScreen)
            await pilot.press("7", "right_curly_bracket")  # its output needs the layer itself
            assert (said_of_model(pilot), model(pilot).page.selection.layer) == ("message.not_yet", 0)
        finally:
            overview(pilot).stopping.set()


async def test_computing_is_stopped_and_goes_on() -> None:
    source = slow()
    async with KittenApp(source).run_test() as pilot:
        try:
            await computed_to(pilot, 1)
            await pilot.press("z")
            await pilot.app.workers.wait_for_complete()
            assert "stopped after 1 of 2 layers; z goes on" in lines(pilot)[1]
            source.let.release()
            await pilot.pause(0.05)
            assert source.ready == 1
            await pilot.press("z")
            await computed_to(pilot, 2)
            assert "2 layers × 4 heads" in lines(pilot)[1]
        finally:
            overview(pilot).stopping.set()


async def test_stopping_and_going_on_at_once_computes_every_layer_once() -> None:
    source = slow()
    async with KittenApp(source).run_test() as pilot:
        try:
            await hit(pilot, *["z"] * 6)
            await computed_to(pilot, 2)
            assert (source.ready, len(overview(pilot).overview.heads)) == (2, 8)
        finally:
            overview(pilot).stopping.set()


async def test_a_stage_that_was_asked_for_opens_as_soon_as_its_layer_is_there() -> None:
    source = slow()
    async with KittenApp(source, selection=Selection(stage=3, layer=1, head=2)).run_test() as pilot:
        try:
            await computed_to(pilot, 1)
            assert pilot.app.screen is overview(pilot)
            await computed_to(pilot, 2)
            page = model(pilot).page
            assert (page.stage.id, page.selection.layer, page.selection.head) == ("softmax", 1, 2)
        finally:
            overview(pilot).stopping.set()


async def test_leaving_while_a_layer_is_computed_waits_for_nothing() -> None:
    source = slow()
    async with KittenApp(source).run_test() as pilot:
        assert source.begun.wait(5)
        await pilot.press("q")
    assert source.ready == 0


def spoiled(tmp_path: Path, part: str) -> Path:
    """A model with a number in this part of its last layer that is none."""
    folder = Path(shutil.copytree(CHECKPOINTS / "llama", tmp_path / "model"))
    tensors = load_file(folder / "model.safetensors")
    name = next(name for name in tensors if f"layers.1.{part}" in name)
    tensors[name][0, 0] = np.nan
    save_file(tensors, folder / "model.safetensors")
    return folder


@pytest.mark.parametrize(("part", "stage"), [("self_attn.q_proj", 0), ("mlp.up_proj", len(STAGES))])
async def test_a_tensor_that_holds_no_numbers_ends_the_program_and_is_named(
    part: str, stage: int, tmp_path: Path
) -> None:
    reading = Reading(Model(spoiled(tmp_path, part)), TEXT)
    app = KittenApp(reading, selection=Selection(stage=stage, layer=1) if stage else None)
    async with app.run_test() as pilot:
        while not app._exit:
            await pilot.pause(0.01)
    assert app.return_code == 2
    assert f"layers.1.{part}" in app.problem
    assert "\n" not in app.problem


async def test_a_size_may_come_before_there_is_anything_to_draw_on() -> None:
    screen = model_app().first_screen
    screen.look_at(screen.overview)


@pytest.mark.parametrize("size", [(120, 36), (160, 40), (200, 50)])
@pytest.mark.parametrize("text", [TEXT, "the cat saw the dog and the cat ran away from it"])
@pytest.mark.first_is_quick
async def test_the_selected_head_stands_large_where_there_is_room(text: str, size: tuple[int, int]) -> None:
    async with model_app("llama", text).run_test(size=size) as pilot:
        await computed(pilot)
        grid, beside = pilot.app.screen.query_one(HeadGrid), pilot.app.screen.query_one(HeadText)
        lines = ["".join(segment.text for segment in line) for line in (*grid.below, *beside.lines())]
        titles = (grid.words("large.per_cent"), grid.words("large.heat"))  # type: ignore[misc]
        assert sum(line.startswith(titles) for line in lines) == 1
        assert len(beside.lines()) <= beside.scrollable_content_region.height
