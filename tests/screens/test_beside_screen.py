"""Two at once on the screen: all heads beside those of another text, every figure here, there, and the difference."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from piloting import app, computed, hit, model, model_app, overview, reading, said, screen, type_in, until

from kitten_tui.app import KittenApp
from kitten_tui.core.beside import Beside
from kitten_tui.core.cell import Cell
from kitten_tui.desk.history import State
from kitten_tui.desk.phrase import phrase
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.overview import MOVED, about_head
from kitten_tui.ink.pairs import PairGrid
from kitten_tui.ink.palette import PLAIN
from kitten_tui.screens.ask import AskScreen
from kitten_tui.stages import STAGES
from kitten_tui.stages.figure import Matrix
from kitten_tui.stages.scores import SCORES

OTHER = "the dog saw the cat and the dog ran"
SIZE = (120, 40)


def threes(page) -> list[tuple[Matrix, ...]]:
    return [band.figures for band in page.sheet.bands]


async def lay_other(pilot) -> None:
    """Another text beside the one that is looked at, all layers of both."""
    await computed(pilot)
    await hit(pilot, "D")
    await type_in(pilot, OTHER)
    await computed(pilot)


async def test_heads_are_sorted_by_how_differently_they_look():
    opened = model_app()
    async with opened.run_test(size=SIZE) as pilot:
        await lay_other(pilot)
        of = overview(pilot).overview
        assert (of.measure, of.sorted, of.others.tokens) == (MOVED, True, overview(pilot).other.source.tokens)
        sizes = [of.value(*place) for place in of.order]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[0] > 0
        assert (of.layer, of.head) == of.order[0]
        told = " ".join(text_of(line) for line in about_head(of, overview(pilot).words, PLAIN, 60))
        assert f"{of.change(of.layer, of.head).here:.3f}" in told
        await hit(pilot, "D")
        assert overview(pilot).overview.others is None
        assert overview(pilot).overview.measure != MOVED


async def test_three_pictures_of_each_head_where_heads_are_sorted_and_the_difference_where_each_has_its_place():
    opened = model_app()
    async with opened.run_test(size=SIZE) as pilot:
        await lay_other(pilot)
        of = overview(pilot).overview
        grid = PairGrid(of, PLAIN, 80, 40)
        assert grid.pixels == 3 * grid.picture_width + 2
        assert grid.columns * (grid.pixels + 1) <= 80
        assert all(len(text_of(line)) <= 80 for line in grid.lines())
        await hit(pilot, "O")
        of = overview(pilot).overview
        grid = PairGrid(of, PLAIN, 80, 40)
        assert grid.pixels == grid.picture_width
        signs = "".join(text_of(line) for line in grid.lines())
        assert "+" in signs
        assert "−" in signs


async def test_a_head_is_opened_with_the_same_head_beside_it():
    opened = model_app()
    async with opened.run_test(size=SIZE) as pilot:
        await lay_other(pilot)
        other = overview(pilot).other
        await hit(pilot, "enter")
        page, desk = model(pilot).page, model(pilot).desk
        assert desk.beside
        shown = page.view
        beside = Beside.of(shown.workings, Beside.of(shown.workings, shown.workings).there)
        assert not beside.numbers("scores", 0).difference.any()
        three = next(figures for figures in threes(page) if figures[0].name == "scores")
        numbers = [
            source.trace(shown.selection.layer, shown.selection.head, source.settings)["scores"]
            for source in (shown.source, other.source)
        ]
        assert np.array_equal(three[0].values, numbers[0])
        assert np.array_equal(three[1].values, numbers[1])
        assert np.allclose(three[2].values, numbers[0] - numbers[1])
        await hit(pilot, "2")
        focus = model(pilot).page.focused.id
        await hit(pilot, "tab")
        assert model(pilot).page.focused.id != focus
        assert model(pilot).desk.beside
        await hit(pilot, "D")
        assert not model(pilot).desk.beside
        assert not any(getattr(each, "beside", "") for each in model(pilot).page.sheet.figures)
        await hit(pilot, "D")
        assert model(pilot).desk.beside


async def test_another_text_stands_beside_nothing():
    opened = model_app()
    async with opened.run_test(size=SIZE) as pilot:
        await lay_other(pilot)
        await hit(pilot, "slash")
        await type_in(pilot, "the cat ran")
        await computed(pilot)
        assert overview(pilot).other is None
        assert overview(pilot).overview.others is None
        assert overview(pilot).overview.measure != MOVED


async def test_a_text_that_has_nothing_in_common_is_refused_where_it_is_asked_for():
    opened = model_app("gpt2")
    async with opened.run_test(size=SIZE) as pilot:
        await computed(pilot)
        await hit(pilot, "D")
        await type_in(pilot, "42")
        assert isinstance(opened.screen, AskScreen)
        await hit(pilot, "escape")
        assert overview(pilot).other is None


async def test_a_lesson_stands_beside_itself_as_it_was_opened():
    opened = app()
    async with opened.run_test(size=SIZE) as pilot:
        await hit(pilot, "D")
        assert said(pilot) == "beside.unchanged_yet"
        await hit(pilot, "s", "4", "D")
        desk, page = screen(pilot).desk, screen(pilot).page
        assert desk.beside
        assert page.readings[0].key in ("beside.differs", "beside.same")
        assert all(len(figures) == 3 for figures in threes(page))
        await hit(pilot, "D")
        assert said(pilot) == "beside.off"


async def test_a_model_stands_beside_itself_as_it_was_opened():
    opened = model_app()
    async with opened.run_test(size=SIZE) as pilot:
        await computed(pilot)
        await hit(pilot, "enter", "s", "D")
        desk, page = model(pilot).desk, model(pilot).page
        assert desk.beside
        assert desk.other.source is desk.history.opened.source
        assert page.readings[0].key in ("beside.differs", "beside.same")


async def test_a_training_stands_beside_another_of_its_steps():
    from kitten_tui.sources.training.opening import open_training
    from kitten_tui.sources.training.source import Training

    run = open_training("copy", {"steps": 3})
    for _ in range(3):
        run.advance()
    run.keep()
    opened = KittenApp(Training(run, run.state), selection=Selection(stage=STAGES.index(SCORES)))
    async with opened.run_test(size=SIZE) as pilot:
        await hit(pilot, "D")
        await type_in(pilot, "0")
        await computed(pilot)
        page, desk = screen(pilot).page, screen(pilot).desk
        assert desk.beside
        assert desk.other.source.trainer.step == 0
        now, then = (each.trace(0, 0, each.settings)["scores"] for each in (desk.source, desk.other.source))
        three = next(figures for figures in threes(page) if figures[0].name == "scores")
        assert np.allclose(three[2].values, now - then)


async def test_what_is_asked_for_on_the_line_stands_beside_at_once():
    from kitten_tui.sources.find import open_source

    opened = open_source("journey")
    changed = opened.editor.change_number(Cell("w_q", (0, 0), 0), 3.0)
    other = State(opened, opened.settings, phrase("beside.opened"))
    app = KittenApp(changed, selection=Selection(stage=STAGES.index(SCORES)), other=other)
    async with app.run_test(size=(80, 24)) as pilot:
        page = screen(pilot).page
        assert page.readings[0].key == "beside.differs"
        await hit(pilot, "down")
        assert screen(pilot).desk.beside


@pytest.mark.parametrize("stage", range(1, 8))
@pytest.mark.first_is_quick
async def test_every_stage_stands_beside_itself(stage):
    opened = app("two-heads" if stage == 7 else "journey")
    async with opened.run_test(size=(80, 24)) as pilot:
        await hit(pilot, "s", "D", str(stage))
        page = screen(pilot).page
        assert screen(pilot).desk.beside
        assert page.focused.id == "" or page.derivation is not None
        await hit(pilot, "l", "j", "enter")


async def test_a_head_that_is_opened_at_once_has_the_same_head_beside_it_as_soon_as_that_is_computed():
    source = reading()
    there = source.reader.read(OTHER)
    other = State(there, there.settings, phrase("beside.text", text=OTHER))
    opened = KittenApp(source, selection=Selection(stage=3, layer=1, head=2), other=other)
    async with opened.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: getattr(model(pilot), "desk", None) is not None and model(pilot).desk.beside)
        assert model(pilot).desk.other.source.tokens == there.tokens
        assert (model(pilot).page.selection.layer, model(pilot).page.selection.head) == (1, 2)
