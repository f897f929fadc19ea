from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from piloting import (
    LONG,
    TEXT,
    app,
    computed,
    hit,
    model,
    overview,
    painted,
    reading,
    resized,
    said,
    said_of_model,
    type_in,
    until,
)
from textual.pilot import Pilot

from kitten_tui.app import KittenApp
from kitten_tui.core.cell import Cell
from kitten_tui.core.settings import Settings
from kitten_tui.core.workings import Workings
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.cells import crop, text_of
from kitten_tui.ink.matrix import COVERED, DROPPED, MatrixBlock
from kitten_tui.screens.ask import AskScreen
from kitten_tui.screens.choose import ChooseScreen
from kitten_tui.screens.model import ModelScreen
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.stages import STAGES, stages_of, turn_to
from kitten_tui.stages.follow import follow
from kitten_tui.widgets.canvas import Canvas
from kitten_tui.widgets.chrome import SizeNotice

FAMILIES = ("gpt2", "llama-wide", "bert", "distilbert", "roberta", "gpt_neox", "mistral", "qwen2-sliding", "qwen3")


@cache
def read(name: str = "llama", text: str = TEXT) -> Reading:
    found = reading(name, text)
    found.compute()
    return found


def opened(name: str = "llama", text: str = TEXT, language: str = "en", **places: int) -> KittenApp:
    """A model whose layers are all there, at the scores of the second layer unless another place is named."""
    selection = Selection(**({"stage": 2, "layer": 1, "query": 3, "key": 3} | places))
    return KittenApp(read(name, text), selection=selection, language=language)


def here(pilot: Pilot[None]) -> Cell:
    return model(pilot).page.derivation.cell


def canvas(pilot: Pilot[None]) -> Canvas:
    return model(pilot).query_one(Canvas)


# Stages


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
async def test_every_stage_of_every_family_is_drawn_in_both_languages(name: str) -> None:
    async with opened(name).run_test() as pilot:
        for _ in range(2):
            for number, stage in enumerate(STAGES[:7]):
                model(pilot).action_go_to_stage(number + 1)
                assert model(pilot).page.stage is stage
                picture = canvas(pilot).picture
                assert picture is not None
                assert any(text_of(line).strip() for line in picture.lines())
            await hit(pilot, "L")
        assert said_of_model(pilot) == ""


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.slow
async def test_a_window_that_is_too_small_says_so_and_recovers(language: str) -> None:
    async with opened(language=language).run_test() as pilot:
        await resized(pilot, 60, 20)
        notice = model(pilot).query_one(SizeNotice)
        await until(pilot, lambda: notice.display)
        assert any("80 × 24" in text_of(line) for line in notice.drawn.lines)
        assert not model(pilot).query_one("#body").display
        await resized(pilot, 80, 24)
        await until(pilot, lambda: not notice.display)


@pytest.mark.parametrize(("name", "size"), [("llama", (80, 24)), ("qwen3", (120, 36)), ("gpt2", (80, 24))])
@pytest.mark.first_is_quick
async def test_a_long_text_needs_no_scrolling_to_the_side(name: str, size: tuple[int, int]) -> None:
    async with opened(name, LONG).run_test(size=size) as pilot:
        for number in range(1, len(STAGES) + 1):
            await hit(pilot, str(number))
            assert canvas(pilot).max_scroll_x == 0, number


@pytest.mark.slow
async def test_the_cursor_stays_in_sight_of_a_long_text() -> None:
    async with opened("llama", LONG).run_test() as pilot:
        for number in range(1, len(STAGES) + 1):
            await hit(pilot, str(number))
            for _ in range(4):
                model(pilot).action_step_query(11)
                model(pilot).action_step_along(2)
            await pilot.pause()
            shown = canvas(pilot)
            picture = shown.picture
            assert picture is not None
            place = picture.cursor()
            assert place is not None
            left, top = shown.scroll_offset
            assert left <= place.x
            assert place.x + place.width <= left + shown.scrollable_content_region.width
            assert top <= place.y < top + shown.scrollable_content_region.height


@pytest.mark.parametrize("number", range(1, 8))
@pytest.mark.first_is_quick
async def test_the_cursor_is_in_sight_as_soon_as_a_stage_is_opened(number: int) -> None:
    async with opened(query=0).run_test() as pilot:
        await pilot.press(str(number))
        shown = canvas(pilot)
        picture = shown.picture
        assert picture is not None
        place = picture.cursor()
        assert place is not None
        top = shown.scroll_offset.y
        assert top <= place.y < top + shown.scrollable_content_region.height


def seen(block: MatrixBlock, row: int, column: int) -> str:
    """What stands in a cell."""
    left = block.label_width + column * block.cell_width
    line = block.line(block.top + row, 0, block.width)
    return text_of(crop(line, left, left + block.cell_width)).strip(" []*░")


def is_rounded(text: str, value: float, percent: bool, tenths: bool) -> bool:
    """Whether a number is written with as many digits as stand there."""
    if percent or tenths:
        scale = 100 if percent else 10
        return (text == "+" and value * scale >= scale - 0.5) or abs(float(text) - scale * value) <= 0.501
    if text in ("−∞", "∞"):
        return np.isinf(value)
    if "e" in text:
        return float(text) == pytest.approx(value, rel=0.5)
    decimals = len(text.partition(".")[2])
    return abs(float(text) - value) <= 0.501 * 10.0**-decimals


@pytest.mark.parametrize(
    ("name", "text"),
    [("llama-wide", TEXT), ("bert", TEXT), ("qwen3", TEXT), ("gpt_neox", LONG), ("gpt2", LONG), ("mistral", LONG)],
    ids=lambda value: value if value not in (TEXT, LONG) else "short" if value is TEXT else "long",
)
@pytest.mark.first_is_quick
async def test_the_numbers_on_the_screen_are_those_of_the_model(name: str, text: str) -> None:
    draw, checked = np.random.RandomState(3), 0
    async with opened(name, text).run_test() as pilot:
        for number in range(1, len(STAGES) + 1):
            await hit(pilot, str(number))
            picture, page = canvas(pilot).picture, model(pilot).page
            assert picture is not None
            workings = Workings(read(name, text), read(name, text).settings, 1)
            blocks = [block for band in picture.bands for block in band.blocks if isinstance(block, MatrixBlock)]
            for block in blocks:
                figure = block.figure
                for _ in range(6):
                    row, column = draw.randint(len(figure.rows)), draw.randint(len(figure.columns))
                    there = page.selection.moved(**figure.rows.move(row), **figure.columns.move(column))
                    if figure.id.startswith("dropped.") and not figure.compact:
                        continue  # a row for each head: its cells are of the head of the row
                    shown = seen(block, row, column)
                    if shown in (COVERED, DROPPED):
                        continue
                    value = workings.value(figure.cell(there))
                    compact = figure.compact
                    assert is_rounded(
                        shown, value, compact and block.cell_width == 3, compact and block.cell_width < 3
                    ), (page.stage.id, figure.id, row, column, shown, value)
                    checked += 1
    assert checked > 50


# Where the keys lead


async def test_braces_select_the_layer_and_brackets_the_head() -> None:
    async with opened().run_test() as pilot:
        await pilot.press("left_curly_bracket", "right_square_bracket", "right_square_bracket")
        assert (model(pilot).page.selection.layer, model(pilot).page.selection.head) == (0, 2)
        await hit(pilot, "left_curly_bracket", *["right_square_bracket"] * 5)
        assert (model(pilot).page.selection.layer, model(pilot).page.selection.head) == (0, 3)
        await hit(pilot, *["right_curly_bracket"] * 3, *["left_square_bracket"] * 9)
        assert (model(pilot).page.selection.layer, model(pilot).page.selection.head) == (1, 0)


@pytest.mark.parametrize("name", ["llama", "qwen3", "gpt_neox", "gpt2", "bert"])
@pytest.mark.first_is_quick
async def test_following_a_weight_leads_to_the_layer_before_and_back(name: str) -> None:
    async with opened(name).run_test() as pilot:
        model(pilot).look_at(model(pilot).page.view.with_(stage=3, focus="weights", query=3, key=0))
        way = [here(pilot)]
        while model(pilot).page.selection.layer == 1 and len(way) < 30:
            model(pilot).action_follow()
            way.append(here(pilot))
        names = [cell.name for cell in way]
        assert names[0] == "weights"
        assert "x" in names
        assert (model(pilot).page.selection.layer, way[-1].layer) == (0, 0)
        for cell in reversed(way[:-1]):
            model(pilot).action_back()
            assert here(pilot) == cell
        assert model(pilot).page.selection.layer == 1
        await pilot.press("backspace")
        assert said_of_model(pilot) == "message.start"


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.first_is_quick
async def test_following_always_ends_at_an_input(name: str) -> None:
    async with opened(name, stage=4).run_test() as pilot:
        for _ in range(80):
            model(pilot).action_follow()
            if said_of_model(pilot):
                break
        network = model(pilot).page.derivation.cell.name == "mlp"
        assert said_of_model(pilot) == ("message.no_further" if network else "message.input")
        assert model(pilot).page.derivation.terms == () or all(
            operand.cell is None for term in model(pilot).page.derivation.terms for operand in term
        )


FIXED = ("e", "n", "N", "delete", "less_than_sign", "greater_than_sign", "P", "r")


@pytest.mark.slow
async def test_the_numbers_of_a_model_stay_as_they_are() -> None:
    async with opened().run_test() as pilot:
        for key in FIXED:
            await pilot.press("h", key)
            assert said_of_model(pilot) == "message.model_fixed", key
            assert model(pilot).page.view.settings == read().settings


async def test_settings_are_switched_for_this_layer_and_back() -> None:
    async with opened(stage=3).run_test() as pilot:
        before = model(pilot).page.view.row("weights").copy()
        x = model(pilot).page.view.trace["x"]
        await pilot.press("s", "m", "d")
        settings = model(pilot).page.view.settings
        assert (settings.scale, settings.mask, settings.dropout) == (False, "none", 0.1)
        assert not np.allclose(model(pilot).page.view.row("weights"), before)
        np.testing.assert_array_equal(model(pilot).page.view.trace["x"], x)
        await pilot.press("u", "u", "u")
        np.testing.assert_array_equal(model(pilot).page.view.row("weights"), before)
        await pilot.press("u")
        assert said_of_model(pilot) == "change.nothing_to_undo"


@pytest.mark.slow
async def test_changes_are_listed_and_redone() -> None:
    async with opened().run_test() as pilot:
        await pilot.press("s", "d", "u", "U", "c")
        assert isinstance(pilot.app.screen, ChooseScreen)
        await pilot.press("up", "up", "enter")
        assert model(pilot).page.view.settings == read().settings


@pytest.mark.slow
async def test_a_changed_head_is_laid_over_what_it_was() -> None:
    async with opened().run_test() as pilot:
        await pilot.press("s", "4", "b")
        assert model(pilot).page.view.settings == read().settings
        await pilot.press("b")
        assert not model(pilot).page.view.settings.scale


@pytest.mark.slow
async def test_a_token_is_found_and_the_next_one() -> None:
    async with opened(query=0).run_test() as pilot:
        tokens = model(pilot).page.view.tokens
        wanted = [place for place, token in enumerate(tokens) if "cat" in token.casefold()]
        assert len(wanted) == 2
        await pilot.press("f")
        assert isinstance(pilot.app.screen, AskScreen)
        await type_in(pilot, "CAT")
        found = [model(pilot).page.selection.query]
        for _ in range(2):
            await pilot.press("F")
            found.append(model(pilot).page.selection.query)
        assert found == [*wanted, wanted[0]]


@pytest.mark.slow
async def test_what_is_not_found_is_said() -> None:
    async with opened().run_test() as pilot:
        await pilot.press("f")
        await type_in(pilot, "xyz")
        assert said_of_model(pilot) == "message.not_found"
        assert model(pilot).page.selection.query == 3


async def test_g_leads_to_the_strongest_key_and_on_to_the_next() -> None:
    async with opened(query=9).run_test() as pilot:
        order = np.argsort(-read().trace(1, 0, read().settings)["weights"][9], kind="stable").tolist()
        found = []
        for key in ("g", "G", "G"):
            await pilot.press(key)
            found.append(model(pilot).page.selection.key)
        assert found == order[:3]


async def test_all_weights_are_saved(tmp_path: Path) -> None:
    path = tmp_path / "all.npz"
    async with opened().run_test() as pilot:
        await pilot.press("ctrl+s")
        await type_in(pilot, str(path))
        await computed(pilot)
        assert said_of_model(pilot) == "message.saved"
    with np.load(path, allow_pickle=False) as file:
        assert sorted(file) == ["tokens", "weights"]
        np.testing.assert_array_equal(file["weights"][1, 2], read().trace(1, 2, read().settings)["weights"])


@pytest.mark.parametrize("name", ["there.npz", "weights.txt", "", "no/such/folder.npz"])
@pytest.mark.first_is_quick
async def test_what_cannot_be_saved_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "there.npz").write_text("mine")
    async with opened().run_test() as pilot:
        await pilot.press("ctrl+s")
        await type_in(pilot, str(tmp_path / name) if name else "")
        await computed(pilot)
        assert isinstance(pilot.app.screen, AskScreen) or said_of_model(pilot) == "change.refused"
    assert [path.name for path in tmp_path.iterdir()] == ["there.npz"]
    assert (tmp_path / "there.npz").read_text() == "mine"


async def test_another_text_is_read_by_the_same_model() -> None:
    async with opened().run_test() as pilot:
        of = model(pilot).source.model
        await pilot.press("slash")
        await type_in(pilot, "a kitten")
        await pilot.pause()
        await computed(pilot)
        assert pilot.app.screen is overview(pilot)
        assert overview(pilot).source.text == "a kitten"
        assert overview(pilot).source.model is of


@pytest.mark.slow
async def test_a_lesson_in_place_of_the_model() -> None:
    async with opened().run_test() as pilot:
        await pilot.press("o")
        await type_in(pilot, "journey")
        await pilot.pause()
        assert model(pilot).page.view.tokens[1] == "journey"


async def test_an_empty_text_is_refused_in_place() -> None:
    async with opened("gpt2").run_test() as pilot:
        await pilot.press("slash", "enter")
        assert isinstance(pilot.app.screen, AskScreen)
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, ModelScreen)


async def test_a_lesson_has_no_overview() -> None:
    async with app().run_test() as pilot:
        await pilot.press("v")
        assert said(pilot) == "message.no_overview"


@pytest.mark.slow
async def test_painting_what_changed_shows_what_painting_everything_shows() -> None:
    keys = (
        "down",
        "up",
        "l",
        "h",
        "right",
        "left",
        "j",
        "k",
        "s",
        "m",
        "G",
        "F",
        "tab",
        "right_square_bracket",
        "enter",
    )
    draw = np.random.RandomState(5)
    async with opened("gpt2", LONG).run_test() as pilot:
        for _ in range(12):
            await hit(pilot, *(keys[number] for number in draw.randint(len(keys), size=5)))
            assert await painted(pilot) == await painted(pilot, anew=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["qwen3"])
async def test_random_keys_break_nothing(name: str) -> None:
    keys = [
        *("left", "right", "up", "down", "h", "l", "j", "k", "tab", "shift+tab", "space", "enter", "backspace", "a"),
        *("left_square_bracket", "right_square_bracket", "left_curly_bracket", "right_curly_bracket", "p", "g", "G"),
        *("1", "2", "3", "4", "5", "6", "7", "s", "m", "d", "R", "u", "U", "b", "L", "F", "e", "r", "equals_sign"),
        *("escape", "i", "t", "P", "delete", "end", "c"),
    ]
    draw = np.random.RandomState(11)
    async with opened(name).run_test() as pilot:
        for place in range(5):
            await hit(pilot, *(keys[number] for number in draw.randint(len(keys), size=30)))
            await pilot.resize_terminal(*((80, 24), (120, 36), (60, 20), (200, 50))[place % 4])
        assert pilot.app.is_running
        assert pilot.app.return_code in (None, 0)


HOSTILE = "\x1b[31mred\x9b2J [red]x[/] \u202eevil 👨‍👩‍👧 שלום \x07\ttab"


@pytest.mark.parametrize("name", ["llama", "gpt2", "bert"])
@pytest.mark.first_is_quick
async def test_hostile_text_reaches_no_terminal(name: str) -> None:
    async with opened(name, HOSTILE).run_test() as pilot:
        for number in range(1, len(STAGES) + 1):
            await hit(pilot, str(number))
            rows = [text_of(strip) for strip in pilot.app.screen._compositor.render_strips()]
            for shown in (*rows, pilot.app.export_screenshot()):
                assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200d\u202a-\u202e]", shown)


@pytest.mark.slow
async def test_what_is_followed_into_another_layer_is_as_the_model_has_it_and_the_way_back_as_it_was() -> None:
    """Without its mask a middle query of this layer sees more; what the layer before put out does not change."""
    async with opened(query=3, layer=1).run_test() as pilot:
        await hit(pilot, "m", "1")
        front = model(pilot)
        assert front.page.view.settings.mask == "none"
        view = follow(front.page, Cell("output", (3, 2), layer=0), stages_of(front.source))
        assert view is not None
        assert view.settings == front.source.settings
        assert turn_to(stages_of(front.source)[view.selection.stage], view).derivation.value == pytest.approx(
            front.page.view.workings.value(Cell("output", (3, 2), layer=0))
        )
        front.action_follow()
        front.action_back()
        assert front.page.view.settings.mask == "none"


async def test_the_page_of_what_comes_next_can_be_the_first_that_is_opened() -> None:
    app = KittenApp(reading("gpt2"), selection=Selection(stage=7))
    async with app.run_test() as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert model(pilot).page.stage.id == "continuation"


async def test_the_settings_of_the_command_line_and_of_the_last_head_hold_for_the_next_one() -> None:
    settings = Settings(mask="none", scale=False)
    app = KittenApp(reading("gpt2"), settings)
    async with app.run_test() as pilot:
        await app.workers.wait_for_complete()
        await hit(pilot, "enter")
        assert model(pilot).page.view.settings == settings
        await hit(pilot, "d", "v", "right", "enter")
        assert model(pilot).page.view.settings == replace(settings, dropout=0.1)
