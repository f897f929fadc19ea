from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from piloting import (
    app,
    counted_frames,
    counted_layouts,
    hit,
    painted,
    resized,
    said,
    screen,
    settled,
    until,
)
from textual.widgets import Input, Static

from kitten_tui.ink.cells import width_of
from kitten_tui.screens.ask import AskScreen
from kitten_tui.screens.text import TextScreen
from kitten_tui.stages import STAGES
from kitten_tui.widgets.canvas import Canvas
from kitten_tui.widgets.chrome import LessonText, SizeNotice
from kitten_tui.widgets.colours import palette_in
from kitten_tui.widgets.inked import Inked, Pointed


async def test_the_arrows_walk_the_stages_and_stop_at_the_ends() -> None:
    async with app().run_test() as pilot:
        await pilot.press("left")
        assert screen(pilot).page.selection.stage == 0
        await pilot.press(*["right"] * 9)
        assert screen(pilot).page.stage is STAGES[-1]
        assert said(pilot) == "message.stage_edge"
        await pilot.press("left")
        assert screen(pilot).page.selection.stage == 5


async def test_keys_select_query_key_head_and_stage() -> None:
    async with app().run_test() as pilot:
        await pilot.press("3", "down", "l", "right_square_bracket")
        selection = screen(pilot).page.selection
        assert (selection.stage, selection.query, selection.key, selection.head) == (2, 2, 2, 1)
        await pilot.press("up", "h", "left_square_bracket", "j", "k", "tab", "shift+tab")
        selection = screen(pilot).page.selection
        assert (selection.query, selection.key, selection.head) == (1, 1, 0)


async def test_settings_follow_their_keys() -> None:
    async with app().run_test() as pilot:
        await pilot.press("s", "m", "d", "r")
        settings = screen(pilot).page.view.settings
        assert (settings.scale, settings.mask, settings.dropout, settings.seed) == (False, "causal", 0.1, 124)
        assert screen(pilot).page.view.trace["weights"][0, 1] == 0.0


async def test_a_click_on_a_stage_a_token_and_a_cell() -> None:
    pointed: list[Pointed] = []

    def hook(message: object) -> None:
        if isinstance(message, Pointed) and message not in pointed:
            pointed.append(message)

    async with app().run_test(message_hook=hook) as pilot:
        await pilot.click("Rail", offset=(27, 0))
        assert screen(pilot).page.stage.id == "scores"
        await pilot.click("TokenStrip", offset=(20, 0))
        assert screen(pilot).page.view.token == "starts"
        canvas = pilot.app.query_one(Canvas)
        picture = canvas.picture
        assert picture is not None
        await pilot.click("Canvas", offset=(12, 2))
        selection = screen(pilot).page.selection
        assert (selection.query, selection.key) == (0, 0)
    assert [dict(message.moves) for message in pointed] == [
        {"stage": 2},
        {"query": 2},
        {"focus": "scores", "query": 0, "key": 0},
    ]


async def test_a_click_on_a_key_presses_it() -> None:
    async with app().run_test() as pilot:
        await pilot.click("KeyLine", offset=(3, 0))
        assert screen(pilot).page.selection.stage == 1


@pytest.mark.slow
async def test_another_sentence() -> None:
    async with app().run_test() as pilot:
        await pilot.press("slash")
        assert isinstance(pilot.app.screen, AskScreen)
        pilot.app.screen.query_one(Input).value = "the kitten sat"
        await pilot.press("enter")
        assert screen(pilot).page.view.tokens == ("the", "kitten", "sat")
        assert screen(pilot).source.invented


async def test_an_empty_sentence_is_refused_in_place() -> None:
    async with app().run_test() as pilot:
        await pilot.press("slash", "enter")
        assert isinstance(pilot.app.screen, AskScreen)
        assert "at least one word" in str(pilot.app.screen.query_one("#problem", Static).render())
        await pilot.press("escape")
        assert screen(pilot).page.view.tokens[1] == "journey"


async def test_a_bad_file_says_what_is_wrong_and_keeps_what_was_on_screen(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('tokens = ["[red]a[/]"]\nx = [[1, 2], [3]]\n', "utf-8")
    async with app().run_test() as pilot:
        await pilot.press("4", "o")
        pilot.app.screen.query_one(Input).value = str(bad)
        await pilot.press("enter")
        problem = str(pilot.app.screen.query_one("#problem", Static).render())
        assert "x: expected 1 × any numbers" in problem
        await pilot.press("escape")
        assert screen(pilot).page.view.tokens[1] == "journey"
        assert screen(pilot).page.stage.id == "softmax"


async def test_a_sample_opens_by_name() -> None:
    async with app().run_test() as pilot:
        await pilot.press("o")
        pilot.app.screen.query_one(Input).value = "causal"
        await pilot.press("enter")
        assert screen(pilot).page.view.settings.mask == "causal"


async def test_the_language_changes_at_once_and_back() -> None:
    async with app().run_test() as pilot:
        await pilot.press("L")
        assert screen(pilot).words.language == "zh"
        await pilot.press("L")
        assert screen(pilot).words.language == "en"


async def test_the_theme_changes() -> None:
    async with app().run_test() as pilot:
        await pilot.press("t")
        assert pilot.app.theme == "kitten-light"
        await pilot.press("t")
        assert pilot.app.theme == "kitten-dark"


@pytest.mark.parametrize("key", ["question_mark", "i"])
async def test_pages_of_text_open_and_close(key: str) -> None:
    async with app().run_test() as pilot:
        await pilot.press(key)
        assert isinstance(pilot.app.screen, TextScreen)
        await pilot.press("escape")
        assert pilot.app.screen is screen(pilot)


async def test_a_wide_window_has_the_text_beside_the_figures() -> None:
    async with app().run_test(size=(120, 36)) as pilot:
        assert pilot.app.query_one(LessonText).display
        await pilot.press("i")
        assert not pilot.app.query_one(LessonText).display
        await pilot.press("i")
        assert pilot.app.query_one(LessonText).display


@pytest.mark.slow
async def test_a_window_that_is_too_small_says_so_and_recovers() -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        assert not pilot.app.query_one(SizeNotice).display
        for size in ((79, 24), (80, 23)):
            await resized(pilot, *size)
            await until(pilot, lambda: pilot.app.query_one(SizeNotice).display)
            assert not pilot.app.query_one("#body").display
        await resized(pilot, 80, 24)
        await until(pilot, lambda: not pilot.app.query_one(SizeNotice).display)
        assert pilot.app.query_one("#body").display


@pytest.mark.slow
async def test_every_command_is_in_the_palette() -> None:
    async with app().run_test() as pilot:
        titles = [command.title for command in pilot.app.get_system_commands(pilot.app.screen)]
        assert len(titles) == len(set(titles)) > 25
        await pilot.press("ctrl+p")
        await pilot.press(*"dropout", "enter")
        await pilot.pause()
        assert screen(pilot).page.view.settings.dropout == 0.1


@pytest.mark.slow
async def test_the_cursor_stays_in_sight_of_a_long_sentence() -> None:
    async with app(" ".join(f"w{n}" for n in range(60))).run_test() as pilot:
        await pilot.press("3")
        for _ in range(45):
            screen(pilot).action_step_query(1)
            screen(pilot).action_step_along(1)
        await pilot.pause()
        canvas = pilot.app.query_one(Canvas)
        picture = canvas.picture
        assert picture is not None
        place = picture.cursor()
        assert place is not None
        left, top = canvas.scroll_offset
        assert left <= place.x - picture.label_width
        assert place.x + place.width <= left + canvas.scrollable_content_region.width
        assert top < place.y < top + canvas.scrollable_content_region.height


async def test_hostile_tokens_are_shown_as_they_are() -> None:
    async with app("\x1b[31mred [red]x[/] \u202eevil 👨‍👩‍👧 שלום").run_test() as pilot:
        for stage in "1234567":
            await pilot.press(stage)
        assert "\x1b[31m" not in pilot.app.export_screenshot()


@pytest.mark.parametrize("sample", ["journey", "long"])
@pytest.mark.slow
async def test_a_step_of_the_stage_is_one_frame(sample: str) -> None:
    """Bars that come and go ask for one layout at most, and are painted with everything else."""
    there_and_back = ["right"] * 6 + ["left"] * 6
    async with app(sample).run_test(size=(104, 30)) as pilot:
        await pilot.press(*there_and_back)  # makes the bars
        layouts, frames = counted_layouts(pilot), counted_frames(pilot)
        await settled(pilot)
        for key in there_and_back:
            layouts.clear()
            frames.clear()
            await hit(pilot, key)
            await settled(pilot)
            assert len(frames) == 1, screen(pilot).page.stage.id
            assert len(layouts) <= 1, screen(pilot).page.stage.id


@pytest.mark.slow
@pytest.mark.parametrize("size", [(104, 24), (104, 30), (120, 30)])
async def test_the_text_beside_the_figures_keeps_its_last_letters_beside_its_bar(size: tuple[int, int]) -> None:
    async with app().run_test(size=size) as pilot:
        text = pilot.app.query_one(LessonText)
        bars = set()
        for key in ["1", "2", "3", "4", "5", "6", "7", "L"] * 2:
            await pilot.press(key)
            if not text.display:
                continue
            assert max(map(width_of, text._lines)) <= text.scrollable_content_region.width, key
            bars.add(text.show_vertical_scrollbar)
        assert bars == {False, True}


@pytest.mark.parametrize("size", [(80, 24), (104, 30)])
@pytest.mark.parametrize("sample", ["kitten-en", "kitten-zh", "long"])
@pytest.mark.first_is_quick
async def test_a_stage_is_opened_at_the_top_of_its_figures_and_the_first_step_goes_to_the_cursor(
    sample: str, size: tuple[int, int]
) -> None:
    async with app(sample).run_test(size=size) as pilot:
        canvas = pilot.app.query_one(Canvas)
        for stage in ("1", "2", "5"):
            await pilot.press("7", stage)
            assert canvas.scroll_offset.y == 0, stage
            await pilot.press("up")
            place = canvas.picture.cursor()
            assert place is not None
            assert 0 <= place.y - canvas.scroll_offset.y < canvas.scrollable_content_region.height


@pytest.mark.parametrize("keys", ["3", "5", "6", "7", "6 5", "6 7 3"])
@pytest.mark.first_is_quick
async def test_the_bars_stand_where_the_figures_do(keys: str) -> None:
    async with app("long").run_test(size=(80, 24)) as pilot:
        await pilot.press(*keys.split(), *["down"] * 3)
        canvas = pilot.app.query_one(Canvas)
        picture, room = canvas.picture, canvas.scrollable_content_region.size
        assert picture is not None
        assert canvas.show_vertical_scrollbar == (picture.height > room.height)
        assert canvas.show_horizontal_scrollbar == (picture.width > room.width)
        assert canvas.scroll_offset.y > 0
        for bar, at, whole, seen in (
            (canvas.vertical_scrollbar, canvas.scroll_offset.y, picture.height, room.height),
            (canvas.horizontal_scrollbar, canvas.scroll_offset.x, picture.width, room.width),
        ):
            if bar.display:
                assert (bar.position, bar.window_virtual_size, bar.window_size) == (at, whole, seen)


@pytest.mark.slow
@pytest.mark.parametrize("sample", ["journey", "long"])
async def test_painting_what_changed_shows_what_painting_everything_shows(sample: str) -> None:
    keys = ("down", "up", "l", "h", "right", "left", "j", "k", "s", "m", "d", "p", "tab", "right_square_bracket", "t")
    draw = np.random.RandomState(5)
    async with app(sample).run_test() as pilot:
        for _ in range(12):
            await hit(pilot, *(keys[number] for number in draw.randint(len(keys), size=5)))
            assert await painted(pilot) == await painted(pilot, anew=True)


@pytest.mark.slow
async def test_random_keys_break_nothing() -> None:
    presses = "1 l l j tab d m s r 7 tab tab l j ] 2 tab j l space space 4 tab tab tab l k h { } 6 l L t i escape"
    names = {"]": "right_square_bracket", "{": "left_curly_bracket", "}": "right_curly_bracket"}
    async with app().run_test() as pilot:
        await pilot.press(*(names.get(key, key) for key in presses.split()))
        assert screen(pilot).shown is not None


@pytest.mark.parametrize("opening", ["ctrl+p", "T"])
@pytest.mark.parametrize("key", ["pagedown", "pageup"])
@pytest.mark.first_is_quick
async def test_a_list_that_is_not_on_the_screen_yet_turns_no_page(opening: str, key: str) -> None:
    async with app().run_test() as pilot:
        await hit(pilot, opening, key, "escape")
        await pilot.pause()
        assert pilot.app.return_code is None
        assert screen(pilot).page.selection.stage == 0


async def test_another_theme_colours_everything_that_is_drawn() -> None:
    async with app().run_test(size=(120, 36)) as pilot:
        for name in ("kitten-light", "nord", "ansi-dark", "kitten-dark"):
            pilot.app.theme = name
            await settled(pilot)
            for widget in pilot.app.screen.query(Inked):
                assert widget.palette == palette_in(pilot.app, widget.rich_style, widget.background_colors[1])
            text = pilot.app.screen.query_one(LessonText)
            styles = {segment.style for line in text._lines for segment in line}
            assert text.palette.muted in styles
