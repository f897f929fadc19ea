"""The fast path against central differences, against the chain, and against itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kitten_tui.core.cell import Cell
from kitten_tui.core.quantity import Scope
from kitten_tui.core.workings import Workings
from kitten_tui.sources.training.lines import TRAINED
from kitten_tui.sources.training.network import forward, loss_and_gradient, said
from kitten_tui.sources.training.optimizer import start, updated
from kitten_tui.sources.training.run import Run
from kitten_tui.sources.training.shape import Parameters, draw
from kitten_tui.sources.training.source import Training
from kitten_tui.sources.training.task import Setup, Task
from kitten_tui.sources.training.tasks import TASKS

H = 1e-5


def small(task: Task, **of_shape: object) -> Setup:
    return replace(task.setup, shape=replace(task.setup.shape, d_model=6, d_k=2, **of_shape), sentences=3)


@pytest.mark.parametrize("scale", [True, False], ids=["scaled", "unscaled"])
@pytest.mark.parametrize("task", TASKS.values(), ids=str)
@pytest.mark.first_is_quick
def test_every_gradient_is_what_central_differences_say(task: Task, scale: bool) -> None:
    setup = small(task, scale=scale)
    batch = task.draw(np.random.default_rng(1), setup.sentences)
    at = draw(setup.shape, 2, "random", setup.spread, np.float64)
    at.flat[:] += 0.1 * np.random.default_rng(3).standard_normal(setup.shape.size)
    _, gradient = loss_and_gradient(at, batch)
    named = Parameters(setup.shape, gradient)
    for name, part in at.items():
        places = np.random.default_rng(4).choice(part.size, min(part.size, 6), replace=False)
        for place in places:
            was = part.flat[place]
            losses = []
            for moved in (was + H, was - H):
                part.flat[place] = moved
                losses.append(loss_and_gradient(at, batch)[0])
            part.flat[place] = was
            slope = (losses[0] - losses[1]) / (2.0 * H)
            assert named[name].flat[place] == pytest.approx(slope, abs=2e-8, rel=1e-5), name


@pytest.mark.parametrize("step", [0, 1, 40])
@pytest.mark.parametrize("task", TASKS.values(), ids=str)
@pytest.mark.first_is_quick
def test_the_chain_says_the_same_as_the_fast_path(task: Task, step: int) -> None:
    run = Run(task, replace(task.setup, sentences=8))
    while run.step < step:
        run.advance()
    source = Training(run, run.state)
    parameters = Parameters(run.setup.shape, run.state.parameters.astype(np.float64))
    went = forward(parameters, source.batch.ids)
    for layer, passed in enumerate(went.layers):
        joined = source.joined(layer, source.settings)
        np.testing.assert_allclose(joined["x"], passed.x, atol=1e-12)
        for head in range(source.n_heads):
            trace = source.trace(layer, head, source.settings)
            np.testing.assert_allclose(trace["weights"], passed.weights[head, 0], atol=1e-12)
            np.testing.assert_allclose(trace["context"], passed.context[head], atol=1e-12)
    np.testing.assert_allclose(joined["x"] + joined["output"], went.last, atol=1e-12)
    single = forward(run.parameters(run.state), source.batch.ids)
    np.testing.assert_allclose(single.last, went.last, atol=1e-4)


def test_every_number_of_a_training_says_where_it_comes_from() -> None:
    run = Run(TASKS["induction"], TASKS["induction"].setup)
    source = Training(run, run.state, tuple("kitkit"))
    workings = Workings(source, source.settings, 1)
    for name in ("x", "q", "scores", "weights", "context", "output"):
        axes = workings.chain[name].axes
        derivation = workings.derive(Cell(name, (2,) * len(axes), 1, 1))
        assert derivation.terms, name


def test_heads_that_begin_equal_stay_equal_to_the_last_bit() -> None:
    task = TASKS["copy"]
    run = Run(task, replace(task.setup, start="same"))
    for _ in range(150):
        run.advance()
    for name, part in run.parameters(run.state).items():
        if part.ndim == 3:
            assert all(np.array_equal(part[0], head) for head in part[1:]), name
    assert run.losses[-1] < 0.5 * run.losses[0]
    run.keep()
    assert not run.kept[-1].measured.distance.any()


def test_plain_descent_goes_against_the_gradient() -> None:
    state = start(np.array([1.0, 2.0]), "sgd")
    after = updated(state, np.array([0.5, -1.0]), 0.1)
    np.testing.assert_allclose(after.parameters, [0.95, 2.1])


def test_the_first_step_of_adam_goes_as_far_as_the_step_size() -> None:
    after = updated(start(np.array([1.0, 2.0]), "adam"), np.array([0.5, -1e-3]), 0.1)
    np.testing.assert_allclose(after.parameters, [0.9, 2.1], rtol=1e-5)


def test_what_is_said_is_a_distribution() -> None:
    task = TASKS["copy"]
    run = Run(task, task.setup)
    parameters, last = run.parameters(run.state), forward(run.parameters(run.state), run.held_out.ids).last
    chances, losses = said(parameters, last, run.held_out.targets.ravel())
    np.testing.assert_allclose(chances.sum(axis=-1), 1.0, rtol=1e-5)
    wanted = np.take_along_axis(chances, run.held_out.targets.reshape(-1, 1), axis=-1)[:, 0]
    np.testing.assert_allclose(losses, -np.log(wanted), rtol=1e-4)


OF_PARAMETERS = {"table": "embedding"}
"""Names of the chain that are others than those of the parameters."""


def by_name(source: Training, kind: str) -> dict[str, np.ndarray]:
    """What the chain has for each parameter, with the shape that the parameter has."""
    parts: dict[str, np.ndarray] = {}
    shape = source.run.setup.shape
    for layer in range(source.n_layers):
        workings = Workings(source, source.settings, layer)
        for name in TRAINED:
            line = kind.format(name)
            if line not in workings.chain or not workings.has(line):
                continue
            of_head = workings.chain[line].scope is Scope.HEAD
            arrays = [workings.array(line, head) for head in range(source.n_heads if of_head else 1)]
            key = OF_PARAMETERS.get(name, name)
            key = key if key in shape.parts else f"{key}.{layer}"
            array = np.array(arrays) if of_head else arrays[0].T if name == "unembedding" else arrays[0]
            if name == "position":
                array = np.concatenate([array, np.zeros((shape.window - len(array), shape.d_model))])
            parts[key] = array.reshape(shape.parts[key])
    return parts


OPTIMIZERS = pytest.mark.parametrize("optimizer", ["adam", "sgd"])
TASKS_AND_STEPS = [(task, step) for task in TASKS.values() for step in (0, 1, 30)]


def at_step(task: Task, step: int, **more: object) -> Run:
    run = Run(task, replace(task.setup, sentences=8, **more))
    while run.step < step:
        run.advance()
    return run


@pytest.mark.parametrize(("task", "step"), TASKS_AND_STEPS, ids=str)
@pytest.mark.first_is_quick
def test_the_gradients_of_the_chain_are_those_of_the_fast_path(task: Task, step: int) -> None:
    run = at_step(task, step)
    source = Training(run, run.state)
    loss, gradient = loss_and_gradient(source.numbers.parameters, source.batch)
    named, by_chain = Parameters(run.setup.shape, gradient), by_name(source, "grad({})")
    assert set(by_chain) == set(named)
    for name, part in by_chain.items():
        np.testing.assert_allclose(part, named[name], rtol=1e-9, atol=1e-12, err_msg=name)
    assert float(source.joined(source.n_layers - 1, source.settings)["loss"]) == pytest.approx(loss, rel=1e-12)


@OPTIMIZERS
@pytest.mark.parametrize(("task", "step"), TASKS_AND_STEPS, ids=str)
@pytest.mark.first_is_quick
def test_the_chain_makes_the_step_that_the_training_makes(task: Task, step: int, optimizer: str) -> None:
    run = at_step(task, step, optimizer=optimizer)
    batch = run.batch(step + 1)
    tokens = tuple(task.vocabulary[number] for number in batch.ids[3])
    source = Training(run, run.state, tokens)
    assert 0.0 < source.numbers.of_source(0)["share"].whole() < 1.0
    _, gradient = loss_and_gradient(source.numbers.parameters, batch)
    whole = Parameters(run.setup.shape, gradient)
    run.advance()
    after = run.parameters(run.state)
    for name, part in by_name(source, "mean({})").items():
        np.testing.assert_allclose(part, whole[name], rtol=1e-9, atol=1e-12, err_msg=name)
    for name, part in by_name(source, "next({})").items():
        np.testing.assert_allclose(part, after[name], rtol=1e-4, atol=2e-5, err_msg=name)


def test_a_sentence_that_the_step_does_not_learn_from_has_no_share_in_it() -> None:
    run = at_step(TASKS["induction"], 0)
    assert Training(run, run.state).numbers.of_source(0)["share"].whole() == 0.0


@OPTIMIZERS
def test_every_number_of_a_step_says_where_it_comes_from(optimizer: str) -> None:
    run = at_step(TASKS["copy"], 3, optimizer=optimizer)
    source = Training(run, run.state)
    workings = Workings(source, source.settings)
    for name, line in workings.chain.items():
        if line.of and workings.has(name):
            derivation = workings.derive(Cell(name, (1,) * len(line.axes), 1))
            assert derivation.recomputed() == pytest.approx(derivation.value, rel=1e-12, abs=1e-18), name
            assert derivation.terms or name.split("(")[0] in ("others", "average", "square"), name


@pytest.mark.parametrize("task", TASKS.values(), ids=str)
def test_a_sentence_by_itself_is_asked_for_what_it_is_asked_for_in_a_batch(task: Task) -> None:
    batch = task.draw(np.random.default_rng(5), 4)
    for sentence in range(4):
        counted = batch.counted[batch.counted // batch.ids.shape[1] == sentence] % batch.ids.shape[1]
        length = counted[-1] + 1  # what comes after it fills up
        alone = task.alone(batch.ids[sentence, :length])
        assert np.array_equal(alone.counted, counted)
        assert np.array_equal(alone.link[0], batch.link[sentence, :length])
        rows = alone.link[0] >= 0
        assert np.array_equal(alone.targets[0][rows], batch.targets[sentence, :length][rows])


def test_a_sentence_in_which_nothing_counts_has_no_loss() -> None:
    run = at_step(TASKS["copy"], 0)
    source = Training(run, run.state, tuple("abc"))
    assert not Workings(source, source.settings).has("loss")
    assert not Workings(source, source.settings).has("grad(w_q)")
