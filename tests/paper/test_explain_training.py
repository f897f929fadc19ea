"""A training answers for its loss, its gradients and the step that follows, by their names and their symbols."""

from __future__ import annotations

from functools import cache

import pytest

from kitten_tui.core.workings import Workings
from kitten_tui.paper.explain import CellError, explain, parse_cell
from kitten_tui.sources.training.run import Run
from kitten_tui.sources.training.source import Training
from kitten_tui.sources.training.tasks import TASKS
from kitten_tui.words import LANGUAGES, Words


@cache
def workings(task: str = "induction") -> Workings:
    run = Run(TASKS[task], TASKS[task].setup)
    for _ in range(3):
        run.advance()
    source = Training(run, run.state)
    return Workings(source, source.settings)


def told(text: str, language: str = "en", depth: int = 1) -> list[str]:
    return list(explain(workings(), parse_cell(text, workings(), 0), depth, Words(language)))


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("loss", "L = ("),
        ("surprise[7]", "−ln P[k#7] = −ln("),
        ("grad(scores) h2[7,2]", "∂L/∂ω h2[k#7, i#2] = "),
        ("∂L/∂W_q[1,2]", "∂L/∂W_q h1[d1, d2] = "),
        ("through(x) h2[7,1]", "∂L/∂x in head h2[k#7, d1] = "),
        ("predicted[7,t]", "P[k#7, t] = "),
        ("next(w_q)[1,1]", "next W_q h1[d1, d1] = "),
        ("w_q[1,1]", "W_q h1[d1, d1] = "),
    ],
)
def test_a_number_of_a_training_is_found_by_its_name(text: str, begins: str) -> None:
    line, said = told(text)
    assert line.startswith(begins)
    assert said.strip()


def test_what_is_said_of_a_gradient_names_where_it_comes_back_from() -> None:
    assert "what comes back from x of the next layer" in told("grad(output)[3,1]")[1]
    assert "what comes back from q × how" in told("grad(w_q)[3,1]")[1]
    assert "each head × how" in told("grad(x)[3,1]")[1]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.slow
def test_the_way_from_the_gradient_of_the_embedding_to_the_loss_can_be_told(language: str) -> None:
    lines = told("grad(embedding)[3,1]", language, depth=5)
    assert len(lines) > 20


def test_all_that_a_training_has_can_be_told_in_both_languages() -> None:
    of = workings()
    for layer in range(2):
        chain = of.in_layer(layer).chain
        for name in chain:
            if of.in_layer(layer).has(name) and "pinned" not in chain[name].axes and "width" not in chain[name].axes:
                places = f"[{','.join('1' for _ in chain[name].axes)}]" if chain[name].axes else ""
                cell = parse_cell(f"{name}{places}", of.in_layer(layer), 1)
                for language in LANGUAGES:
                    assert list(explain(of, cell, 1, Words(language)))


def test_a_quantity_that_is_in_no_layer_is_refused_by_name() -> None:
    with pytest.raises(CellError, match="expected a quantity such as weights"):
        parse_cell("grad(nothing)[1]", workings(), 0)


@pytest.mark.parametrize("name", ["w_q", "w_o", "unembedding", "table", "position", "average(w_k)", "square(w_v)"])
@pytest.mark.first_is_quick
def test_a_trained_number_is_what_the_step_before_made_of_it(name: str) -> None:
    of = workings().in_layer(1 if name == "unembedding" else 0)
    cell = parse_cell(f"{name}[2,1]", of, 1)
    ((made,),) = of.derive(cell).terms
    assert made.cell is not None
    assert made.cell.step == 2
    assert of.value(made.cell) == pytest.approx(of.value(cell), rel=1e-4, abs=2e-6)
    before = of.derive(made.cell)
    assert before.terms
    assert all(operand.cell is None or operand.cell.step == 2 for term in before.terms for operand in term)
    assert before.recomputed() == pytest.approx(before.value, rel=1e-9)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_each_step_made_of_a_number_is_told_down_to_how_it_was_drawn(language: str) -> None:
    lines = told("w_q[1,1]", language, depth=7)
    for step in (2, 1, 0):
        assert any((f" at step {step}" if language == "en" else f"第 {step} 步的") in line for line in lines)
