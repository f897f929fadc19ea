"""Steps: kept, made again, stopped; and what is refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.training.opening import line_of, open_training
from kitten_tui.sources.training.run import Run, is_kept
from kitten_tui.sources.training.source import Training, words_of
from kitten_tui.sources.training.task import Task
from kitten_tui.sources.training.tasks import TASKS


def trained(task: Task, steps: int, **more: object) -> Run:
    run = Run(task, replace(task.setup, steps=steps, **more))
    while run.step < steps and run.advance():
        pass
    return run


def test_a_step_that_is_made_again_has_the_same_bits() -> None:
    task = TASKS["copy"]
    run = Run(task, replace(task.setup, steps=130))
    seen = {0: run.state}
    while run.step < 130:
        run.advance()
        seen[run.step] = run.state
    for step in (0, 7, 33, 97, 123, 130):
        again = run.at(step)
        for name in ("parameters", "mean", "square"):
            assert np.array_equal(getattr(again, name), getattr(seen[step], name))
    assert [kept.step for kept in run.kept][-3:] == [110, 120, 130]


def test_the_same_seed_is_the_same_training_and_another_is_another() -> None:
    one, same, other = (trained(TASKS["copy"], 20, seed=seed).state.parameters for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_steps_are_kept_at_a_distance_that_grows() -> None:
    kept = [step for step in range(3001) if is_kept(step)]
    assert kept[:21] == [*range(21)]
    assert kept[21] == 22
    assert all(after - before <= max(1, before // 10) for before, after in pairwise(kept))
    assert len(kept) < 120


def test_a_training_that_diverges_keeps_the_last_good_step() -> None:
    run = trained(TASKS["copy"], 50, optimizer="sgd", step_size=1e30)
    assert 0 < run.diverged <= 50
    assert run.step == run.diverged - 1 == run.kept[-1].step
    assert np.isfinite(run.state.parameters).all()
    assert np.isfinite(run.kept[-1].measured.loss)
    assert not run.advance()


@pytest.mark.parametrize(
    ("name", "asked", "said"),
    [
        ("copies", {}, "--train: expected one of copy, "),
        ("copy", {"steps": 0}, "--steps: expected a number from 1 to 1,000,000, found 0"),
        ("copy", {"step_size": -1.0}, "--step-size: expected a number above 0, found -1"),
        ("copy", {"step_size": float("nan")}, "--step-size: expected a number above 0, found nan"),
        ("copy", {"optimizer": "lion"}, "--optimizer: expected one of adam, sgd, found lion"),
        ("copy", {"start": "zero"}, "--start: expected one of random, same, found zero"),
        (
            "copy",
            {"d_model": 512, "d_k": 128, "layers": 12},
            "--train: expected at most 2,000,000 numbers to train, found ",
        ),
        ("copy", {"layers": 13}, "--layers: expected a number from 1 to 12, found 13"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(name: str, asked: dict[str, object], said: str) -> None:
    with pytest.raises(SourceError) as refused:
        open_training(name, asked)
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


def test_a_sentence_has_to_be_of_the_vocabulary_and_fit_the_window() -> None:
    run = open_training("induction", {})
    assert Training(run, run.state, words_of(run, "abcabc")).tokens == tuple("abcabc")
    assert words_of(run, "a b c") == ("a", "b", "c")
    for text in ("kitten zebra", "a" * 25, " "):
        with pytest.raises(SourceError, match="SOURCE: expected"):
            Training(run, run.state, words_of(run, text))


def test_the_line_that_is_shown_asks_for_the_same_training() -> None:
    run = open_training("copy", {"steps": 10, "seed": 3, "start": "same", "d_k": 4, "positions": False})
    assert line_of(run.task, run.setup) == (
        "kitten-tui --train copy --steps 10 --start same --seed 3 --d-k 4 --no-positions"
    )


@pytest.mark.parametrize("start", ["random", "same"])
@pytest.mark.first_is_quick
def test_heads_come_apart_and_copy_and_those_that_began_equal_beside_them_do_not(start: str) -> None:
    run = trained(TASKS["copy"], 300, start=start)
    at = run.kept[-1].measured
    assert all(each.came(at) for each in run.task.expected(run.setup))
    assert len(run.task.expected(run.setup)) == 3
    assert [*at.beside] == ["same" if start == "random" else "random"]
    begun = run.kept[0].measured
    same, random = sorted(float(each.distance[0]) for each in (begun, *begun.beside.values()))
    assert same == 0.0 < random < 0.25


def test_a_control_is_the_training_that_it_would_be_alone() -> None:
    beside, alone = trained(TASKS["copy"], 12), trained(TASKS["copy"], 12, start="same")
    assert np.array_equal(beside.beside["same"].state.parameters, alone.state.parameters)
    assert np.array_equal(alone.beside["random"].state.parameters, beside.state.parameters)


def test_a_control_that_diverges_stays_where_it_was_a_number() -> None:
    run = Run(TASKS["copy"], replace(TASKS["copy"].setup, steps=5))
    run.beside["same"].setup = replace(run.setup, step_size=1e30, optimizer="sgd", start="same")
    while run.step < 5:
        assert run.advance()
    assert run.beside["same"].step < 5
    assert np.isfinite(run.kept[-1].measured.beside["same"].loss)


@pytest.mark.slow
def test_steps_further_back_are_at_hand_after_one_was_made_again() -> None:
    run = trained(TASKS["copy"], 130)
    again = run.at(119)
    assert run.at(119) is again
    assert run.at(118).step == 118
    run._after = None  # type: ignore[assignment,method-assign]  # nothing is made again
    assert [run.at(step).step for step in (118, 115, 111, 130, 129)] == [118, 115, 111, 130, 129]


def test_the_latest_step_is_measured_as_it_is_and_what_learns_beside_it_as_it_was_kept_last() -> None:
    run = trained(TASKS["copy"], 100)
    while run.step < 107:
        run.advance()
    assert run.kept[-1].step == 100
    latest = run.latest()
    assert latest.state.step == 107
    assert latest.measured.loss == run.measured(run.state).loss != run.kept[-1].measured.loss
    assert latest.measured.beside is run.kept[-1].measured.beside
    assert latest.beside["same"] is run.beside["same"].state


@pytest.mark.parametrize("name", ["kitten-en", "kitten-zh"])
def test_one_head_finds_the_animal_that_it_stands_for(name: str) -> None:
    run = trained(TASKS[name], 200)
    assert all(each.came(run.kept[-1].measured) for each in run.task.expected(run.setup))


@pytest.mark.parametrize("name", ["kitten-en", "kitten-zh"])
def test_the_word_after_it_is_what_the_animal_does(name: str) -> None:
    task = TASKS[name]
    batch = task.draw(np.random.default_rng(5), 40)
    does = {"kitten": "purred", "dog": "barked", "bird": "sang", "猫": "喵喵叫", "狗": "汪汪叫", "鸟": "啾啾叫"}
    sentence, it = np.nonzero(batch.link >= 0)
    assert len(sentence) == 40
    for row, place in zip(sentence, it, strict=True):
        animal = task.vocabulary[batch.ids[row, batch.link[row, place]]]
        assert task.vocabulary[batch.targets[row, place]] == does[animal]


@pytest.mark.slow
def test_an_induction_head_forms_in_two_layers_and_in_no_single_one() -> None:
    task = TASKS["induction"]
    for setup in (task.setup, replace(task.setup, shape=replace(task.setup.shape, n_layers=1))):
        run = trained(task, 1200, shape=setup.shape)
        assert all(each.came(run.kept[-1].measured) for each in task.expected(setup))
