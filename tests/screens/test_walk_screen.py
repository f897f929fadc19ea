"""The walk on the screen: what each key does, and that nothing of it stays."""

from __future__ import annotations

import random

import pytest
from piloting import app, computed, hit, screen, type_in, until
from textual.pilot import Pilot

from kitten_tui.desk.desk import Desk
from kitten_tui.desk.history import History
from kitten_tui.screens.walk import WalkScreen
from kitten_tui.widgets.chrome import LessonText


def walk(pilot) -> WalkScreen:
    front = pilot.app.screen
    assert isinstance(front, WalkScreen)
    return front


async def to(pilot, step: str) -> None:
    """Walks on to a step, once all steps are there."""
    await computed(pilot)
    while walk(pilot).guide.now.step.id != step:
        await pilot.press("right")


async def test_the_walk_begins_at_the_stage_that_is_looked_at() -> None:
    async with app().run_test() as pilot:
        await pilot.press("3", "space")
        assert walk(pilot).guide.now.step.stage == "scores"


@pytest.mark.slow
async def test_leaving_the_walk_leaves_all_but_the_stage_as_it_was() -> None:
    async with app().run_test() as pilot:
        await pilot.press("s", "down", "s", "u", "1")
        before = screen(pilot).desk
        await pilot.press("space")
        await to(pilot, "context.bag")
        await pilot.press("escape")
        after = screen(pilot).desk
        assert pilot.app.screen is screen(pilot)
        assert after.history is before.history
        assert (after.lens, after.trail, after.flipped) == (before.lens, before.trail, before.flipped)
        assert after.selection.stage == 4
        assert after.selection.moved(stage=0, focus=before.selection.focus) == before.selection


async def test_another_key_leaves_the_walk_and_does_what_it_does() -> None:
    async with app().run_test() as pilot:
        await pilot.press("4", "space", "s")
        assert not screen(pilot).desk.settings.scale
        assert len(screen(pilot).desk.history.states) == 2


async def test_a_held_space_stops_at_a_question() -> None:
    async with app().run_test() as pilot:
        await pilot.press("1", "space")
        await hit(pilot, *["space"] * 60)
        guide = walk(pilot).guide
        assert guide.asking is not None
        assert guide.now.step.id == "softmax.most"
        await pilot.press("down", "space")  # another key was pressed: nothing is held
        assert walk(pilot).guide.asking is None
        assert walk(pilot).guide.now.step.id == "softmax.most"


async def test_an_answer_counts_and_the_reason_follows() -> None:
    async with app().run_test() as pilot:
        await pilot.press("4", "space")
        await to(pilot, "softmax.most")
        asked = walk(pilot).guide.asking
        assert asked is not None
        await pilot.press(*["down"] * asked.right, "enter")
        guide = walk(pilot).guide
        assert guide.asking is None
        assert guide.score == (1, 1)
        assert guide.now.step.id == "softmax.most"
        await pilot.press("escape", "space")  # the score is kept, and the place
        assert walk(pilot).guide.score == (1, 1)
        assert walk(pilot).guide.now.step.id == "softmax.most"


@pytest.mark.slow
async def test_a_presenter_walks_through_everything_and_back() -> None:
    async with app().run_test() as pilot:
        await pilot.press("1", "space")
        await computed(pilot)
        seen = []
        while not walk(pilot).guide.has_ended:
            seen.append(walk(pilot).guide.now.step.id)
            await pilot.press("pagedown")
        assert list(dict.fromkeys(seen)) == [each.step.id for each in walk(pilot).guide.steps]
        await pilot.press(*["pageup"] * 60)
        assert walk(pilot).guide.place == 0


@pytest.mark.slow
async def test_q_in_the_walk_warns_of_what_would_be_lost() -> None:
    async with app().run_test() as pilot:
        await pilot.press("r", "space", "q")
        assert pilot.app.is_running
        shown = walk(pilot).shown
        assert shown is not None
        assert shown.message is not None
        assert shown.message.key == "change.unsaved_below"


@pytest.mark.parametrize("key", ["L", "t"])
@pytest.mark.slow
async def test_language_and_theme_change_within_the_walk(key: str) -> None:
    async with app().run_test() as pilot:
        await pilot.press("space", key)
        assert walk(pilot).guide.place == 0


STEPS = ("right", "right", "right", "pagedown", "space", "left", "pageup", "down", "up", "enter", "2", "5", "6", "7")
"""What is done in a walk."""
WAYS = {
    "escape": (),
    "i": ("i",),
    "slash": ("escape",),
    "o": ("escape",),
    "M": ("escape",),
    "I": ("escape",),
    "A": ("escape",),
    "x": ("escape",),
    "equals_sign": ("escape",),
    "q": (),
}
"""Keys that leave it, with those that close what they open."""


def kept(desk: Desk) -> tuple[History, object, object, object]:
    """All that a walk leaves as it was: the reader's numbers, settings and place."""
    return desk.history, desk.settings, desk.lens, desk.selection.moved(stage=0, focus="", concat=0)


async def leave_somewhere(pilot: Pilot[None], seed: int) -> None:
    """Begins at a random stage of a changed lesson, goes on at random, and leaves by a random way."""
    draw = random.Random(seed)
    await pilot.press(*draw.sample(("s", "m", "d", "down", "l", "P", "right_square_bracket"), 3))
    await pilot.press(draw.choice("1234567"))
    before = screen(pilot).desk
    await pilot.press("space")
    await hit(pilot, *draw.choices(STEPS, k=draw.randrange(30)))
    assert isinstance(pilot.app.screen, WalkScreen)
    assert screen(pilot).desk is before
    key = draw.choice([*WAYS])
    await pilot.press(key, *WAYS[key])
    after = screen(pilot).desk
    assert kept(after) == kept(before), (seed, key)
    assert after.history is before.history


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.first_is_quick
async def test_wherever_and_however_a_walk_is_left_all_is_as_it_was(seed: int) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        await leave_somewhere(pilot, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 15))
@pytest.mark.parametrize("source", ["journey", "kitten-en"])
async def test_wherever_and_however_every_walk_is_left(source: str, seed: int) -> None:
    async with app(source).run_test(size=(80, 24)) as pilot:
        await leave_somewhere(pilot, seed)


async def test_another_lesson_opened_from_a_walk_is_as_it_is_without_one() -> None:
    async with app().run_test() as pilot:
        await pilot.press("5", "space")
        await to(pilot, "context.bag")
        await pilot.press("slash")
        await type_in(pilot, "a kitten sat")
        desk = screen(pilot).desk
        assert (desk.source.tokens, desk.settings) == (("a", "kitten", "sat"), desk.source.settings)
        assert len(desk.history.states) == 1
        await pilot.press("space")
        assert walk(pilot).guide.now.step.stage == "context"


async def test_heads_are_trained_in_a_step_and_the_lesson_is_there_again() -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        await pilot.press("7", "space")
        await to(pilot, "heads.trained")
        page = walk(pilot).page
        assert page.stage.id == "learn"
        assert page.view.source.trainer is not None
        await pilot.press("enter", "escape")
        assert screen(pilot).page.stage.id == "heads"
        assert screen(pilot).source.trainer is None


async def test_what_is_asked_of_a_replaced_line_is_not_said_beside_it() -> None:
    async with app().run_test(size=(120, 36)) as pilot:
        await pilot.press("6", "space")
        await to(pilot, "mask.zero")
        text = pilot.app.screen.query_one(LessonText)
        await until(pilot, lambda: not text.write(38))
        await pilot.press("enter")
        await until(pilot, lambda: text.write(38))
