"""Dialogs: one answer each, however fast it is given; text that looks like markup; windows of any size."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from piloting import app, hit, model_app, overview, reading, screen, until
from textual.command import DiscoveryHit, Provider
from textual.events import Key, Paste
from textual.pilot import Pilot
from textual.screen import Screen
from textual.system_commands import SystemCommandsProvider
from textual.theme import ThemeProvider
from textual.widgets import Input, OptionList, Static

from kitten_tui.app import CommandDialog, KittenApp
from kitten_tui.paper.sample import save
from kitten_tui.screens.ask import AskScreen
from kitten_tui.screens.choose import ChooseScreen
from kitten_tui.screens.mistakes import MistakesScreen
from kitten_tui.screens.number import NumberScreen
from kitten_tui.screens.text import TextScreen
from kitten_tui.sources.find import open_source
from kitten_tui.typed import LONGEST_LINE

pytestmark = pytest.mark.slow

MARKUP = ["[/]", "[red]", "[/x", "x=1", "a]", "[@click=q]", "[b]c[/b]", "\\[x"]


async def opened(pilot: Pilot[None], kind: type) -> None:
    """Waits until a dialog stands on the screen."""
    for _ in range(200):
        if isinstance(pilot.app.screen, kind):
            return
        await pilot.pause(0.02)
    raise AssertionError(f"no {kind.__name__}: {pilot.app.screen_stack}")


async def filled(pilot: Pilot[None]) -> None:
    """Waits until the palette has something to choose."""
    for _ in range(200):
        if pilot.app.screen.query_one(OptionList).option_count:
            return
        await pilot.pause(0.02)
    raise AssertionError("the palette stays empty")


async def paste(pilot: Pilot[None], text: str) -> None:
    event = Paste(text)
    event.set_sender(pilot.app)
    driver = pilot.app._driver
    assert driver is not None
    driver.send_message(event)
    await pilot.pause()


TWICE = [
    ("slash", *"hello", "enter", "enter"),
    ("n", "x", "enter", "enter"),
    ("3", "e", "enter", "enter"),
    ("s", "c", "enter", "enter"),
    ("s", "c", "escape", "escape"),
    ("question_mark", "q", "q"),
    ("slash", *"hello", "enter", "enter", "enter", "escape"),
]


@pytest.mark.parametrize("keys", TWICE)
async def test_two_answers_in_one_read_close_one_dialog(keys: tuple[str, ...]) -> None:
    async with app().run_test() as pilot:
        await hit(pilot, *keys)
        await pilot.press("escape", "escape")
        assert pilot.app.screen is screen(pilot)
        assert len(pilot.app.screen_stack) == 1


async def test_a_command_that_is_chosen_twice_runs_once() -> None:
    async with app().run_test() as pilot:
        await pilot.press("ctrl+p", *"mask")
        await filled(pilot)
        await hit(pilot, "enter", "enter")
        await pilot.press("enter")
        for _ in range(100):
            await pilot.pause(0.02)
            if screen(pilot).page.view.settings.mask != "none":
                break
        assert screen(pilot).page.view.settings.mask == "causal"
        assert len(screen(pilot).desk.history.states) == 2
        assert not isinstance(pilot.app.screen, CommandDialog)


async def test_a_double_click_chooses_once() -> None:
    async with app().run_test() as pilot:
        await pilot.press("s", "m", "c")
        await opened(pilot, ChooseScreen)
        await pilot.double_click(OptionList, offset=(2, 0))
        await pilot.pause()
        assert len(pilot.app.screen_stack) == 1
        assert screen(pilot).desk.history.place == 0


async def test_keys_after_the_last_one_are_no_fault() -> None:
    opened = app()
    async with opened.run_test() as pilot:
        await hit(pilot, "q", *["down"] * 40, "escape")
        assert not await opened._check_bindings("down", priority=True) or opened.screen_stack
    assert opened.fault is None
    assert not await opened._check_bindings("escape")
    for late in (Key("x", "x"), Paste("text"), Key("escape", None)):
        await opened.on_event(late)


async def test_a_head_that_is_left_twice_leaves_the_overview_open() -> None:
    async with model_app().run_test() as pilot:
        await pilot.app.workers.wait_for_complete()
        await pilot.press("enter")
        await hit(pilot, "v", "v", "v")
        await pilot.pause()
        assert pilot.app.screen_stack == [overview(pilot)]


OPENED = [lambda app: CommandDialog(), lambda app: ChooseScreen("a", ["b"]), lambda app: TextScreen("a", lambda *_: [])]
OPENED += [lambda app: AskScreen(app.words, "ask.sentence", str), lambda app: NumberScreen("a", 1.0, str, app.words)]
OPENED += [lambda app: MistakesScreen(app.first_screen.page.view, "", app.words)]


@pytest.mark.parametrize("make", [*OPENED, lambda app: app._screen_for(reading())])
async def test_what_is_closed_before_it_stands_is_not_filled(make: Callable[[KittenApp], Screen[Any]]) -> None:
    opened = app()
    async with opened.run_test() as pilot:
        for _ in range(2):
            dialog = make(opened)
            opened.push_screen(dialog)
            opened.pop_screen()
            await until(pilot, lambda: not dialog.is_attached)  # noqa: B023
        opened.push_screen(make(opened))
    assert opened.fault is None


@pytest.mark.parametrize("key", ["down", "up", "enter", "pagedown", "end", "escape", "x"])
async def test_a_key_waits_for_the_dialog_that_came_before_it(key: str) -> None:
    opened = app()
    async with opened.run_test() as pilot:
        for make in OPENED:
            dialog = make(opened)
            opened.push_screen(dialog)
            await opened._check_bindings(key)
            assert dialog.is_mounted
            if dialog.is_current:
                opened.pop_screen()
            await pilot.pause()
    assert opened.fault is None


@pytest.mark.parametrize("key", ["ctrl+p", "T"])
async def test_a_palette_may_come_while_the_last_one_is_still_going(key: str) -> None:
    opened = app()
    async with opened.run_test() as pilot:
        for _ in range(5):
            await opened._check_bindings(key)
            await opened._check_bindings("escape")
        await until(pilot, lambda: opened.screen is opened.first_screen)
    assert opened.fault is None


@pytest.mark.parametrize("leave", ["close", "exit"])
@pytest.mark.parametrize("keys", [("ctrl+p",), ("ctrl+p", "m"), ("T",)])
async def test_what_fills_a_list_ends_before_the_list(
    keys: tuple[str, ...], leave: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something to choose comes when the list has gone, from a search that has not been told of that."""
    searches: list[Provider] = []

    async def search(self: Provider, *_: str) -> AsyncIterator[DiscoveryHit]:
        searches.append(self)
        while dialog.query(OptionList):
            await sleep(0)
        yield DiscoveryHit("late", lambda: None)

    for provider in (SystemCommandsProvider, ThemeProvider):
        monkeypatch.setattr(provider, "discover", search)
        monkeypatch.setattr(provider, "search", search)
    opened = app()
    async with opened.run_test() as pilot:
        await pilot.press(keys[0])
        dialog = opened.screen
        await until(pilot, lambda: isinstance(dialog, CommandDialog) and searches)
        await hit(pilot, *keys[1:])
        await until(pilot, lambda: len(searches) == len(keys))
        if leave == "close":
            opened.pop_screen()
            await until(pilot, lambda: not dialog.is_running)
    await opened.workers.wait_for_complete()
    assert opened.fault is None


@pytest.mark.parametrize("keys", [("T",), ("ctrl+p",), ("T", "d"), ("ctrl+p", "m"), ("ctrl+p", "z", "q"), ("s", "c")])
async def test_page_keys_come_before_a_list_is_filled(keys: tuple[str, ...]) -> None:
    async with app().run_test() as pilot:
        await hit(pilot, *keys, "pagedown", "pageup", "down", "end", "home", "pagedown")
        await pilot.pause(0.3)
        await hit(pilot, "x", "pagedown", "backspace", "pageup")
        await pilot.press("escape")
        assert pilot.app.screen is screen(pilot)


@pytest.mark.parametrize("keys", [("3", "e"), ("s", "c"), ("T",), ("ctrl+p",), ("slash",), ("question_mark",), ("n",)])
async def test_a_window_may_be_of_any_size(keys: tuple[str, ...]) -> None:
    sizes = [(9, 24), (8, 24), (5, 24), (2, 24), (1, 24), (90, 2), (90, 1), (1, 1), (3, 500), (90, 30)]
    async with app().run_test(size=(12, 24)) as pilot:
        await hit(pilot, *keys)
        await pilot.pause(0.3)
        for size in sizes:
            await pilot.resize_terminal(*size)
            await hit(pilot, "down", "pagedown", "end", "pageup")
        await pilot.press("escape")
        assert pilot.app.screen is screen(pilot)
    for size in ((1, 24), (9, 24)):
        async with app().run_test(size=size) as pilot:
            await hit(pilot, *keys)
            await pilot.pause(0.2)


def title(pilot: Pilot[None]) -> str:
    """What stands in the frame of the dialog."""
    return pilot.app.screen.query_one("#panel")._border_title.plain  # type: ignore[union-attr]


@pytest.mark.parametrize("token", MARKUP)
async def test_a_token_is_shown_as_it_is_written(token: str, tmp_path: Path) -> None:
    """Through every stage and dialog: as a title, an option, a name, a message."""
    async with app("cats and dogs").run_test(size=(130, 40)) as pilot:
        await pilot.press("n")
        pilot.app.screen.query_one(Input).value = token
        await pilot.press("enter")
        assert screen(pilot).page.view.token == token
        for stage in "1234567":
            await hit(pilot, stage, "enter", "backspace", "equals_sign", "escape")
        await pilot.press("1", "e", "enter")
        assert title(pilot).endswith(f"[{token}, d1]")
        await paste(pilot, token)
        await pilot.press("enter")
        assert token in str(pilot.app.screen.query_one("#problem", Static).render())
        await pilot.press("escape", "c", "escape", "3", "e")
        options = pilot.app.screen.query_one(OptionList)
        assert isinstance(pilot.app.screen, ChooseScreen)
        assert options.option_count
        await pilot.press("escape", "f")
        pilot.app.screen.query_one(Input).value = token + "?"
        await pilot.press("enter", "o")
        pilot.app.screen.query_one(Input).value = token + "?"
        await pilot.press("enter")
        assert token in str(pilot.app.screen.query_one("#problem", Static).render())
        await pilot.press("escape", "ctrl+s")
        pilot.app.screen.query_one(Input).value = str(tmp_path / "no" / f"{token}.toml")
        await pilot.press("enter", "escape", "c")
        assert any(token in str(option.prompt) for option in pilot.app.screen.query_one(OptionList).options)


@pytest.mark.parametrize("text", MARKUP)
async def test_titles_and_notes_are_no_markup(text: str, tmp_path: Path) -> None:
    from dataclasses import replace

    lesson = open_source("kitten")
    path = tmp_path / "mine.toml"
    save(replace(lesson, title={"en": text}, note={"en": text}), lesson.settings, 0, path)
    for width in (90, 130):
        async with KittenApp(open_source(str(path))).run_test(size=(width, 40)) as pilot:
            await pilot.press("1", "i")
            await pilot.pause()
            if width == 90:
                assert isinstance(pilot.app.screen, TextScreen)
            assert screen(pilot).shown.title == text


async def test_a_paste_of_several_lines_is_taken_whole() -> None:
    async with app().run_test() as pilot:
        await pilot.press("slash")
        await paste(pilot, "the cat\r\nsat\non\tthe\u2028mat\x1b[2J\x07")
        assert pilot.app.screen.query_one(Input).value == "the cat sat on the mat[2J"
        await pilot.press("enter")
        assert screen(pilot).page.view.tokens[:6] == ("the", "cat", "sat", "on", "the", "mat")


@pytest.mark.parametrize("keys", [("slash",), ("o",), ("2", "e"), ("n",)])
async def test_a_paste_that_no_line_takes_is_refused(keys: tuple[str, ...]) -> None:
    async with app().run_test() as pilot:
        await pilot.press(*keys)
        if isinstance(pilot.app.screen, ChooseScreen):
            await pilot.press("enter")
        before = pilot.app.screen.query_one(Input).value
        await paste(pilot, "a b\n" * 300_000)
        assert pilot.app.screen.query_one(Input).value == before
        assert f"{LONGEST_LINE:,}" in str(pilot.app.screen.query_one("#problem", Static).render())


async def test_too_many_words_that_were_pasted_are_refused_in_words() -> None:
    async with app().run_test() as pilot:
        await pilot.press("slash")
        await paste(pilot, "word\n" * 257)
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, AskScreen)
        assert "at most 256 words" in str(pilot.app.screen.query_one("#problem", Static).render())


FULL_WIDTH = [
    ("【】", "[]"),
    ("｛｝", "{}"),
    ("《》", "<>"),
    ("？", "?"),
    ("、", "/"),
    ("／", "/"),
    ("＝", "="),
    ("ｓ", "s"),
    ("Ｔ", "T"),
    ("３", "3"),
]


@pytest.mark.parametrize(("typed", "meant"), FULL_WIDTH)
async def test_full_width_keys_do_what_their_narrow_twins_do(typed: str, meant: str) -> None:
    from textual.keys import _character_to_key

    async with app().run_test() as pilot, app().run_test() as other:
        for wide, narrow in zip(typed, meant, strict=True):
            await hit(pilot, wide)
            await hit(other, narrow if narrow.isalnum() else _character_to_key(narrow))
            assert type(pilot.app.screen) is type(other.app.screen)
            first, second = pilot.app.first_screen, other.app.first_screen
            assert first.page.selection == second.page.selection
            assert first.page.view.settings == second.page.view.settings


async def test_full_width_characters_are_typed_as_they_are() -> None:
    async with app().run_test() as pilot:
        await pilot.press("slash")
        await hit(pilot, *"【ａ、")
        assert pilot.app.screen.query_one(Input).value == "【ａ、"
