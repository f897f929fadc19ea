"""What is offered works: no key in the last line, the help or the palette refuses; what is not offered does nothing."""

from __future__ import annotations

import random

import pytest
from piloting import app, computed, model_app, screen
from textual.pilot import Pilot

from kitten_tui.app import KittenApp
from kitten_tui.commands import offered, on_screen
from kitten_tui.ink.shown import Shown
from kitten_tui.screens.altering import AlteringScreen
from kitten_tui.screens.stages import StageScreen
from kitten_tui.stages import stages_of

ELSEWHERE = {
    "quit",
    "suspend",
    "palette",
    "themes",
    "theme",
    "overview",
    "copy",
    "language",
    "lesson",
    "help",
    "changes",
    "train",
    "between",
    "part",
    "scroll",
    "why",
}
"""What leaves the page, or looks at it in another way."""
REFUSALS = {
    "change.refused",
    "change.nothing_to_undo",
    "change.nothing_to_redo",
    "change.nothing_to_compare",
    "learn.none",
    "learn.fixed",
    "gradient.none",
    "going_on.none",
    "going_on.first",
    "why.none",
    "beside.none",
    "beside.unchanged_yet",
    "altered.none",
    "weighed.no_special",
    "message.no_pairs",
    *(
        f"message.{each}"
        for each in (
            "no_overview",
            "one_layer",
            "one_part",
            "one_word",
            "one_row",
            "not_found",
            "recording_fixed",
            "end",
        )
    ),
    *(f"message.{each}" for each in ("model_fixed", "input", "no_further", "start", "stage_edge", "nothing_dropped")),
}
KEYS = ("right", "down", "l", "tab", "enter", "backspace", "s", "m", "d", "p", "left", "j", "right_square_bracket")
CHANGES = ("N", "delete", "greater_than_sign", "r", "u", "P")


async def does(pilot: Pilot[None], of: StageScreen, before: Shown, action: str) -> bool:
    """Whether an action leads anywhere from here and does not refuse."""
    of.shown = before
    await of.run_action(action)
    await pilot.pause()
    if pilot.app.screen is not of:
        await pilot.press("escape")
        return True
    after = of.shown
    assert after is not None
    if after.message is not None:
        return after.message.key not in REFUSALS
    return looked_at(after) != looked_at(before) or after.chosen is not None


def looked_at(shown: Shown) -> tuple[object, ...]:
    return shown.desk.source, shown.desk.settings, shown.desk.selection, shown.desk.beside


async def follow_every_offer(pilot: Pilot[None], of: StageScreen, keys: list[str]) -> set[str]:
    """The commands that were offered, each of which did something in one direction at least."""
    told = set()
    for key in keys:
        await pilot.press(key)
        if pilot.app.screen is not of:
            await pilot.press("escape")
        before = of.shown
        assert before is not None
        known = offered(before.now)
        for command in on_screen("stages"):
            if command.id in ELSEWHERE:
                continue
            done = [await does(pilot, of, before, action) for _, action in command.keys[: len(stages_of(of.source))]]
            if command in known:
                assert any(done), (command.id, before.page.selection)
                told.add(command.id)
            else:
                assert not any(done), (command.id, before.page.selection)
        of.shown = before
    return told


def some(count: int, seed: int, *more: str) -> list[str]:
    return random.Random(seed).choices((*KEYS, *more), k=count)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
async def test_what_a_lesson_offers_works(seed: int) -> None:
    async with app().run_test(size=(104, 30)) as pilot:
        told = await follow_every_offer(pilot, screen(pilot), ["1", *some(4, seed, *CHANGES)])
    assert {"edit", "rename", "save", "undo"} <= told
    assert not {"layer", "read"} & told


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gpt2", "bert"])
async def test_what_a_model_offers_works(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is changed of a model is computed in a thread, and would come while something else is looked at."""
    monkeypatch.setattr(AlteringScreen, "_alter", lambda self, *change: self.say("altered.progress", layers=1))
    async with model_app(name).run_test(size=(104, 30)) as pilot:
        await computed(pilot)
        await pilot.press("enter")
        front = pilot.app.screen
        assert isinstance(front, StageScreen)
        told = await follow_every_offer(pilot, front, ["1", *some(3, 1)])
    assert {"layer", "head", "sentence", "without"} <= told
    assert not {"rename", "draw", "positions"} & told


async def silent(pilot: Pilot[None], of: StageScreen) -> set[str]:
    """The keys that have nothing to do at any stage, and do not say why."""
    told = set()
    for stage in range(len(stages_of(of.source))):
        of.action_go_to_stage(stage + 1)
        before = of.shown
        assert before is not None
        works = offered(before.now)
        for command in (command for command in on_screen("stages") if command not in works):
            for _, action in command.keys:
                of.shown = before
                await of.run_action(action)
                for _ in range(10):  # what is said may come a frame later on a busy machine
                    await pilot.pause()
                    if pilot.app.screen is not of or (of.shown is not None and of.shown.message is not None):
                        break
                else:
                    told.add(command.id)
    return told


@pytest.mark.slow
@pytest.mark.parametrize("source", ["journey", "one"])
async def test_a_key_that_has_nothing_to_do_in_a_lesson_says_why(source: str) -> None:
    async with app(source).run_test(size=(104, 30)) as pilot:
        assert await silent(pilot, screen(pilot)) == set()


@pytest.mark.slow
async def test_a_key_that_has_nothing_to_do_in_a_model_says_why() -> None:
    async with model_app("gpt2").run_test(size=(104, 30)) as pilot:
        await computed(pilot)
        await pilot.press("enter")
        front = pilot.app.screen
        assert isinstance(front, StageScreen)
        assert await silent(pilot, front) == set()


async def test_the_eighth_page_opens_by_its_number_where_there_is_one() -> None:
    async with model_app("gpt2").run_test(size=(104, 30)) as pilot:
        await computed(pilot)
        await pilot.press("enter", "8")
        front = pilot.app.screen
        assert isinstance(front, StageScreen)
        assert front.page.selection.stage == 7
    async with app().run_test(size=(104, 30)) as pilot:
        await pilot.press("8")
        assert screen(pilot).page.selection.stage == 0
        assert screen(pilot).shown.message.key == "message.stage_edge"


async def test_the_help_and_the_palette_name_what_is_offered() -> None:
    async with app().run_test(size=(104, 30)) as pilot:
        front = screen(pilot)
        assert isinstance(pilot.app, KittenApp)
        titles = [command.title for command in pilot.app.get_system_commands(front)]
        words = front.words
        for command in on_screen("stages"):
            named = any(title.startswith(f"{words(f'command.{command.called(front.now)}.name')} (") for title in titles)
            assert named == (command in offered(front.now) and command.id != "palette"), command.id
