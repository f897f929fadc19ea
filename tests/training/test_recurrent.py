"""The networks that read word by word: their gradients, and what their states depend on."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from kitten_tui.sources.training.network import depends, forward
from kitten_tui.sources.training.recurrent import KINDS, Recurrent
from kitten_tui.sources.training.run import Run
from kitten_tui.sources.training.tasks import TASKS
from kitten_tui.threads import VARIABLES

H = 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_every_gradient_is_what_central_differences_say(kind: str) -> None:
    batch = TASKS["recall"].draw(np.random.default_rng(1), 3)
    network = Recurrent(kind, len(TASKS["recall"].vocabulary), 4, 5, seed=2)
    flat = network.begun(np.float64)
    flat += 0.1 * np.random.default_rng(3).standard_normal(len(flat))
    _, gradient = network.loss_and_gradient(flat, batch)
    named = network.named(gradient)
    for name, part in network.named(flat).items():
        for place in np.random.default_rng(4).choice(part.size, min(part.size, 5), replace=False):
            was, losses = part.flat[place], []
            for moved in (was + H, was - H):
                part.flat[place] = moved
                losses.append(network.loss_and_gradient(flat, batch)[0])
            part.flat[place] = was
            assert named[name].flat[place] == pytest.approx((losses[0] - losses[1]) / (2 * H), abs=1e-8, rel=1e-5), name


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_state_depends_on_is_what_differences_say(kind: str) -> None:
    task = TASKS["recall"]
    ids = task.ids(task.sentence)
    network = Recurrent(kind, len(task.vocabulary), 4, 5, seed=2)
    flat = network.begun(np.float64)
    parts, told = network.named(flat), network.depends(flat, ids)
    x = parts["embedding"][ids][None]
    for token in (0, len(ids) - 1):
        square = 0.0
        for place in range(4):
            ends = []
            for by in (H, -H):
                moved = x.copy()
                moved[0, token, place] += by
                ends.append(network.states(parts, moved)[-1, 0])
            square += float(np.square((ends[0] - ends[1]) / (2 * H)).sum())
        assert told[token] == pytest.approx(np.sqrt(square), rel=1e-5)


def test_what_attention_depends_on_is_what_differences_say() -> None:
    task = TASKS["recall"]
    run = Run(task, replace(task.setup, shape=replace(task.setup.shape, d_model=4, d_k=2)), np.float64)
    parameters, ids = run.parameters(run.state), task.ids(task.sentence)
    told = depends(parameters, ids)
    moved = replace(task.setup.shape, d_model=4, d_k=2)
    square = 0.0
    for place in range(4):
        ends = []
        for by in (H, -H):
            flat = run.state.parameters.copy()
            other = type(parameters)(moved, flat)
            other["position"][0, place] += by
            ends.append(forward(other, ids[None]).last[-1])
        square += float(np.square((ends[0] - ends[1]) / (2 * H)).sum())
    assert told[0] == pytest.approx(np.sqrt(square), rel=1e-5)


def test_all_three_are_about_equally_large() -> None:
    run = Run(TASKS["recall"], TASKS["recall"].setup)
    for other in run.beside.values():
        assert other.learner.size == pytest.approx(run.learner.size, rel=0.05)


def test_what_waits_is_each_word_for_the_one_before_or_no_word_at_all() -> None:
    run = Run(TASKS["recall"], TASKS["recall"].setup)
    at = run.kept[0].measured
    assert (at.waits, {name: other.waits for name, other in at.beside.items()}) == (1, {"elman": 11, "gru": 11})


@pytest.mark.slow
def test_what_learns_beside_is_made_again_with_the_same_bits() -> None:
    run = Run(TASKS["recall"], replace(TASKS["recall"].setup, sentences=4))
    seen = []
    while run.step < 33:
        run.advance()
        seen.append({name: other.state for name, other in run.beside.items()})
    for step in (3, 27, 31):
        for name, other in run.beside.items():
            assert np.array_equal(other.at(step).parameters, seen[step - 1][name].parameters)


@pytest.mark.slow
def test_attention_recalls_at_every_distance_and_elman_does_not_yet() -> None:
    """As the program trains it, with one thread: sums of several threads differ in their last bits."""
    code = (
        "from kitten_tui.sources.training.run import Run\n"
        "from kitten_tui.sources.training.tasks import TASKS\n"
        "run = Run(TASKS['recall'], TASKS['recall'].setup)\n"
        "while run.step < run.setup.steps: run.advance()\n"
        "print([each.came(run.kept[-1].measured) for each in run.task.expected(run.setup)])\n"
    )
    alone = os.environ | dict.fromkeys(VARIABLES, "1")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=alone)
    assert done.stdout == "[True, True, True, True]\n"
