"""The way back on the pages: gradients in the places of their numbers, followed to the loss and to the input."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from kitten_tui.core.cell import Cell
from kitten_tui.core.quantity import grad
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.blocks import Look
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.palette import PLAIN
from kitten_tui.ink.sheet import Picture
from kitten_tui.sources.find import open_source
from kitten_tui.sources.training.opening import open_training
from kitten_tui.sources.training.source import Training
from kitten_tui.stages import Page, stages_of, turn_to
from kitten_tui.stages.figure import Matrix
from kitten_tui.stages.follow import follow, largest
from kitten_tui.stages.view import View
from kitten_tui.words import LANGUAGES, Words

LOSS_AT = 8
TASKS = ("copy", "induction", "kitten-en")

every = pytest.mark.parametrize("task", TASKS)


@cache
def trained(task: str) -> Training:
    run = open_training(task, {"steps": 5})
    while run.step < 5:
        run.advance()
    return Training(run, run.state)


def page(task: str, stage: int, **places: int | str) -> Page:
    source = trained(task)
    view = View(source, source.settings, Selection(query=source.query)).with_(stage=stage, **places)
    return turn_to(stages_of(source)[stage], view)


@every
def test_at_each_stage_gradients_stand_where_their_numbers_stood(task: str) -> None:
    met = set()
    for stage in range(len(stages_of(trained(task)))):
        numbers, back = page(task, stage), page(task, stage, backward=True)
        there = {figure.id: figure for figure in numbers.sheet.stops}
        for figure in back.sheet.stops:
            assert figure.name == grad(there[figure.id].name)
            assert isinstance(figure, Matrix)
            value = back.view.workings.value(figure.cell(back.selection))
            assert value in figure.values
            met.add(figure.name)
    shown = {"x", "w_q", "k", "v", "scores", "weights", "dropped", "context", "concat", "w_o", "output", "logits"}
    assert {grad(name) for name in shown} <= met


@every
@pytest.mark.first_is_quick
def test_the_way_back_is_told_with_the_loss(task: str) -> None:
    for stage in (0, 3, 6):
        (reading,) = page(task, stage, backward=True).readings
        assert reading.key == "gradient.reading"


def test_the_page_that_shows_no_quantity_stays() -> None:
    back = page("copy", 7, backward=True)
    assert not back.sheet.backward
    assert [figure.id for figure in back.sheet.figures] == ["learning"]


@every
@pytest.mark.slow
def test_every_gradient_is_followed_to_a_place_that_shows_it(task: str) -> None:
    source = trained(task)
    start = page(task, 0)
    for layer in range(source.n_layers):
        for name, line in source.chain(layer).items():
            if line.of and start.view.workings.in_layer(layer).has(name):
                view = follow(start, Cell(name, (1,) * len(line.axes), 0, layer), stages_of(source))
                assert view is not None, name
                at = turn_to(stages_of(source)[view.selection.stage], view)
                assert at.derivation is not None
                assert at.derivation.cell.name == name


@every
def test_enter_leads_from_the_embedding_to_the_loss(task: str) -> None:
    source, met = trained(task), []
    at = page(task, 0, backward=True, focus="embedding")
    for _ in range(60):
        assert at.derivation is not None
        gradients = [
            operand.cell
            for term in at.derivation.terms
            for operand in term
            if operand.cell is not None and operand.cell.name.startswith(("grad(", "through("))
        ]
        if not gradients:
            break
        met.append(at.derivation.cell.name)
        view = follow(at, max(gradients, key=lambda cell: abs(at.view.workings.value(cell))), stages_of(source))
        assert view is not None, gradients
        at = turn_to(stages_of(source)[view.selection.stage], view)
        assert at.selection.layer < source.n_layers
    assert at.derivation.cell.name == "grad(surprise)"
    assert met[0] == "grad(embedding)"
    assert "grad(logits)" in met


@every
def test_from_a_gradient_enter_leads_to_the_number_that_it_is_multiplied_by_as_it_is(task: str) -> None:
    source = trained(task)
    view = follow(page(task, 0, backward=True), Cell("x", (1, 1)), stages_of(source))
    assert view is not None
    assert not view.selection.backward


@every
def test_the_loss_is_the_mean_of_what_its_page_shows(task: str) -> None:
    at = page(task, LOSS_AT)
    figures = {figure.id: figure for figure in at.sheet.figures}
    counted, surprise = figures["counted"].values[:, 0].astype(bool), figures["surprise"].values[:, 0]
    fact = figures["mean"].rows[0][1][0]
    assert fact.value == pytest.approx(surprise[counted].mean())
    assert at.view.workings.derive(at.sheet.stop("loss").cell(at.selection)).value == fact.value
    assert at.readings[0].values["loss"] == fact.value


def test_where_nothing_counts_there_is_no_loss_and_nothing_goes_back() -> None:
    source = Training(trained("copy").run, trained("copy").state, tuple("abc"))
    view = View(source, source.settings, Selection(stage=LOSS_AT, backward=True))
    at = turn_to(stages_of(source)[LOSS_AT], view)
    assert [reading.key for reading in at.readings] == ["loss.reading.nothing"]
    assert not turn_to(stages_of(source)[2], view).sheet.backward


def test_a_lesson_has_no_way_back() -> None:
    source = open_source("journey")
    at = turn_to(stages_of(source)[2], View(source, source.settings, Selection(stage=2, backward=True)))
    assert not at.sheet.backward


@every
@pytest.mark.parametrize("language", LANGUAGES)
def test_small_gradients_are_written_in_a_power_of_ten(task: str, language: str) -> None:
    at = page(task, 2, backward=True)
    figure = at.focused
    assert isinstance(figure, Matrix)
    assert figure.unit < 0
    look = Look(Words(language), PLAIN, at.selection, figure.id)
    drawn = "\n".join(text_of(line) for line in Picture(at.sheet, look, 200, 60).lines())
    largest = np.abs(figure.values).max() / 10.0**figure.unit
    assert f"{largest:.3f}"[:4] in drawn
    assert any(power in drawn for power in ("10² ∂L/∂ω", "10³ ∂L/∂ω", "10⁴ ∂L/∂ω"))


def test_largest_of_a_gradient_is_followed() -> None:
    at = page("copy", 2, backward=True)
    assert at.derivation is not None
    assert largest(at.derivation).name == "grad(scaled)"


@every
def test_gradients_below_a_tenth_are_written_in_a_power_of_ten(task: str) -> None:
    sizes = []
    for stage in range(len(stages_of(trained(task)))):
        for figure in page(task, stage, backward=True).sheet.figures:
            if isinstance(figure, Matrix):
                largest = float(np.abs(figure.values).max())
                is_read = largest == 0.0 or largest >= 0.1
                assert figure.unit == 0 if is_read else 10.0**figure.unit <= largest < 10.0 ** (figure.unit + 1)
                sizes.append(largest)
    assert min(sizes) < 0.1


@every
def test_the_places_of_a_vocabulary_are_its_words_and_those_of_a_vector_are_numbered(task: str) -> None:
    source = trained(task)
    view = page(task, 0).view
    assert view.axis("vocabulary").labels == source.trainer.vocabulary
    assert view.axis("d_model").labels == tuple(f"d{place + 1}" for place in range(view.trace["x"].shape[1]))
