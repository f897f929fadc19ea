"""The page that learns: it goes on by itself, stops, and any of its steps is looked at from every stage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from piloting import computed
from textual.pilot import Pilot
from textual.widgets import Input, Static

from kitten_tui.app import KittenApp
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.cells import text_of
from kitten_tui.screens.learn import LearnScreen
from kitten_tui.sources.find import open_source
from kitten_tui.sources.training.opening import open_training
from kitten_tui.sources.training.saved import open_saved
from kitten_tui.sources.training.source import Training
from kitten_tui.stages.figure import Matrix
from kitten_tui.widgets.chrome import FootLines
from kitten_tui.words import LANGUAGES


def learning(steps: int = 30, stage: int = 7) -> KittenApp:
    run = open_training("kitten-en", {"steps": steps})
    source = Training(run, run.state)
    return KittenApp(source, selection=Selection(stage=stage, query=source.query))


def screen(pilot: Pilot[None]) -> LearnScreen:
    shown = pilot.app.screen
    assert isinstance(shown, LearnScreen)
    return shown


async def test_all_steps_are_made_and_judged() -> None:
    async with learning().run_test() as pilot:
        await computed(pilot)
        shown = screen(pilot)
        assert shown.trainer.step == shown.trainer.made == 30
        assert shown.page.stage.id == "learn"
        assert [each.key for each in shown.page.sheet.figures[0].expected] == ["learn.judged_not", "learn.judged_not"]
        assert shown.shown is not None
        assert shown.shown.message is None


@pytest.mark.slow
async def test_comma_and_full_stop_walk_through_the_kept_steps_at_every_stage() -> None:
    async with learning(stage=6).run_test() as pilot:
        await computed(pilot)
        shown = screen(pilot)
        last = shown.page.view.trace["weights"]
        await pilot.press("comma")
        assert shown.trainer.step == 28
        assert shown.page.stage.id == "heads"
        assert not np.array_equal(shown.page.view.trace["weights"], last)
        assert shown.shown is not None
        assert shown.shown.comparison is not None
        await pilot.press("full_stop")
        assert np.array_equal(shown.page.view.trace["weights"], last)
        await pilot.press("full_stop")
        assert shown.shown.message is not None
        assert shown.shown.message.key == "learn.last_step"


async def test_z_stops_and_goes_on_for_as_many_steps_again() -> None:
    async with learning(20).run_test() as pilot:
        await computed(pilot)
        await pilot.press("z")
        await computed(pilot)
        assert screen(pilot).trainer.made == 40
        assert screen(pilot).trainer.step == 40


async def test_looking_back_stops_the_training_and_stays_there() -> None:
    async with learning(100_000).run_test() as pilot:
        await pilot.press("comma")
        await computed(pilot)
        shown = screen(pilot)
        step = shown.trainer.step
        assert step < shown.trainer.made < 100_000 or step == 0
        assert not shown.running
        await pilot.pause()
        assert shown.trainer.step == step


@pytest.mark.slow
async def test_another_sentence_is_looked_at_at_the_same_step() -> None:
    async with learning(10).run_test() as pilot:
        await computed(pilot)
        await pilot.press("slash", *"the dog saw", "enter")
        await pilot.pause()
        assert screen(pilot).source.tokens == ("the", "dog", "saw")
        assert screen(pilot).trainer.step == 10
        await pilot.press("comma")
        assert screen(pilot).source.tokens == ("the", "dog", "saw")


@pytest.mark.slow
async def test_numbers_that_are_learned_are_not_changed_by_hand() -> None:
    async with learning(5, stage=1).run_test() as pilot:
        await computed(pilot)
        for key in ("e", "r", "n", "P", "v"):
            await pilot.press(key)
            assert screen(pilot).trainer.step == 5


async def test_the_last_step_is_saved_where_somebody_says(tmp_path: Path) -> None:
    async with learning(5).run_test() as pilot:
        await computed(pilot)
        await pilot.press("ctrl+s")
        pilot.app.screen.query_one(Input).value = str(tmp_path / "model")
        await pilot.press("enter")
        await pilot.pause()
        assert open_saved(str(tmp_path / "model")).step == 5


async def test_z_at_a_lesson_trains_heads_in_the_language_of_the_screen() -> None:
    async with KittenApp(open_source("journey"), language="zh").run_test() as pilot:
        await pilot.press("7", "z")
        await pilot.pause()
        assert screen(pilot).trainer.task == "kitten-zh"
        assert screen(pilot).page.stage.id == "learn"
        await pilot.press("comma")
        await computed(pilot)


async def test_where_nothing_learns_the_keys_of_a_training_say_so() -> None:
    app = KittenApp(open_source("journey"))
    async with app.run_test() as pilot:
        await pilot.press("comma")
        assert app.screen.shown.message.key == "learn.none"


async def test_keys_of_a_model_say_that_a_training_has_no_overview() -> None:
    async with learning().run_test() as pilot:
        await computed(pilot)
        for key in ("w", "v"):
            await pilot.press(key)
            shown = screen(pilot).shown
            assert shown is not None
            assert shown.message is not None
            assert shown.message.key == "message.no_overview"


@pytest.mark.slow
async def test_gradients_stand_at_every_stage_under_every_setting() -> None:
    async with learning(stage=6).run_test() as pilot:
        await computed(pilot)
        for key in ("m", "d", "B", "m", "6", "7", "d"):
            await pilot.press(key)
        page = screen(pilot).page
        panels = [each for each in page.sheet.figures if each.head is not None and isinstance(each, Matrix)]
        assert page.stage.id == "heads"
        assert len(panels) == 2
        assert all(each.name.startswith("grad(") and each.ends is None for each in panels)


async def test_the_line_asks_for_the_steps_that_were_made() -> None:
    async with learning(steps=20).run_test() as pilot:
        await computed(pilot)
        assert "--steps 20" in screen(pilot).trainer.line
        await pilot.press("z")
        await computed(pilot)
        assert f"--steps {screen(pilot).trainer.made}" in screen(pilot).trainer.line


async def test_any_step_is_gone_to_and_is_as_it_was() -> None:
    async with learning(stage=6).run_test() as pilot:
        await computed(pilot)
        assert 23 not in [kept.step for kept in screen(pilot).trainer.kept]
        await pilot.press("Z", "2", "3", "enter")
        await computed(pilot)
        shown = screen(pilot)
        assert (shown.trainer.step, shown.page.stage.id) == (23, "heads")
        run = open_training("kitten-en", {"steps": 30})
        while run.step < 23:
            run.advance()
        again = Training(run, run.state)
        there, expected = shown.page.view.trace["weights"], again.trace(0, 0, again.settings)["weights"]
        assert np.array_equal(there, expected)
        assert shown.trainer.measured.loss == run.measured(run.state).loss


@pytest.mark.parametrize("text", ["31", "-1", "x", ""])
@pytest.mark.first_is_quick
async def test_a_step_that_was_not_made_is_refused_where_it_is_asked_for(text: str) -> None:
    async with learning().run_test() as pilot:
        await computed(pilot)
        await pilot.press("Z")
        pilot.app.screen.query_one(Input).value = text
        await pilot.press("enter")
        await pilot.pause()
        problem = pilot.app.screen.query_one("#problem", Static)
        assert str(problem.render()).startswith("expected a step from 0 to 30, found")
        await pilot.press("escape")
        assert screen(pilot).trainer.step == 30


@pytest.mark.slow
async def test_a_trained_number_is_followed_into_the_step_before_and_back() -> None:
    async with learning(stage=1).run_test() as pilot:
        await computed(pilot)
        shown = screen(pilot)
        shown.look_at(shown.page.view.with_(focus="w_q", d_model=2, d_k=1))
        number = shown.page.derivation
        assert number is not None
        assert number.cell.name == "w_q"
        await pilot.press("enter")
        await computed(pilot)
        made = shown.page.derivation
        assert made is not None
        assert (shown.trainer.step, made.cell.name, made.cell.index) == (29, "next(w_q)", (2, 1))
        assert made.value == pytest.approx(number.value, abs=1e-6)
        assert made.recomputed() == pytest.approx(made.value, rel=1e-12)
        await pilot.press("enter")
        await computed(pilot)
        assert shown.page.derivation is not None
        assert (shown.trainer.step, shown.page.derivation.cell.name) == (29, "w_q")
        await pilot.press("enter")
        await computed(pilot)
        assert shown.trainer.step == 28
        for step, name in ((29, "w_q"), (29, "next(w_q)"), (30, "w_q")):
            await pilot.press("backspace")
            assert shown.page.derivation is not None
            assert (shown.trainer.step, shown.page.derivation.cell.name) == (step, name)
        assert not shown.desk.trail


@pytest.mark.slow
async def test_before_the_first_step_a_number_was_drawn() -> None:
    async with learning(stage=1).run_test() as pilot:
        await computed(pilot)
        await pilot.press("Z", "0", "enter")
        await computed(pilot)
        shown = screen(pilot)
        shown.look_at(shown.page.view.with_(focus="w_q"))
        await pilot.press("enter")
        assert shown.trainer.step == 0
        assert shown.shown is not None
        assert shown.shown.message is not None
        assert shown.shown.message.key == "message.input"


@pytest.mark.slow
async def test_the_way_leads_back_from_a_training_to_the_lesson_it_was_begun_in() -> None:
    app = KittenApp(open_source("journey"))
    async with app.run_test() as pilot:
        lesson = app.first_screen
        await pilot.press("4", "s", "z")
        learns = screen(pilot)
        assert learns.desk.over
        await pilot.press("L", "backspace")
        await pilot.pause()
        assert app.screen is lesson
        assert lesson.words.language == "zh"  # type: ignore[attr-defined]
        assert not lesson.page.view.settings.scale  # type: ignore[attr-defined]
        assert not learns.running or learns.stopping.is_set()


@pytest.mark.slow
async def test_a_changed_lesson_below_a_training_is_not_lost_without_a_word() -> None:
    app = KittenApp(open_source("journey"))
    async with app.run_test() as pilot:
        await pilot.press("r", "z", "q")
        learns = screen(pilot)
        await computed(pilot)
        assert app.return_code is None
        await pilot.press("backspace")
        assert app.screen is app.first_screen
        await pilot.press("q")
        assert app.return_code == 0
        assert learns.stopping.is_set()


async def test_a_training_that_was_asked_for_has_nothing_to_go_back_to() -> None:
    async with learning(10).run_test() as pilot:
        await computed(pilot)
        await pilot.press("backspace")
        shown = screen(pilot).shown
        assert shown is not None
        assert shown.message is not None
        assert shown.message.key == "message.start"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_command_that_repeats_a_training_is_whole_in_the_smallest_window(language: str) -> None:
    run = open_training("kitten-en", {"steps": 10, "seed": 12345, "step_size": 0.00123})
    app = KittenApp(Training(run, run.state), language=language)
    async with app.run_test(size=(80, 24)) as pilot:
        await computed(pilot)
        shown = screen(pilot)
        foot = " ".join(text_of(line).strip() for line in shown.query_one(FootLines).drawn.lines)
        assert shown.trainer.line in foot
