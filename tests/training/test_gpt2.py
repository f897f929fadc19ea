"""What was trained opens as GPT-2 too, and says there what it says here; stored by tests/training/store_gpt2.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kitten_tui.sources.training.network import forward
from kitten_tui.sources.training.run import Run
from kitten_tui.sources.training.saved import NUMBERS, save_run
from tests.training.store_gpt2 import STORED, networks

NEAR = 1e-4
TOLD = np.load(STORED)
RUNS = dict(networks())
every = pytest.mark.parametrize("name", RUNS)


def said(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """The logits and the weights of its sentence.  -> [token, vocab], [layer, head, query, key]"""
    parameters = run.parameters(run.state)
    went = forward(parameters, run.task.ids(run.task.sentence)[None])
    return went.last @ parameters["unembedding"].T, np.array([passed.weights[:, 0] for passed in went.layers])


@every
def test_transformers_says_of_the_folder_what_the_training_says(name: str) -> None:
    logits, weights = said(RUNS[name])
    np.testing.assert_allclose(TOLD[f"{name}.logits"], logits, atol=NEAR)
    np.testing.assert_allclose(TOLD[f"{name}.weights"], weights, atol=NEAR)


@every
def test_the_folder_opens_as_any_gpt2_where_nothing_says_how_it_was_trained(name: str, tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    from kitten_tui.sources.checkpoint.model import open_model
    from kitten_tui.sources.checkpoint.reading import Reading

    run = RUNS[name]
    save_run(run, tmp_path / "model")
    (tmp_path / "model" / NUMBERS).unlink()
    reading = Reading(open_model(str(tmp_path / "model")), " ".join(run.task.sentence))
    reading.compute()
    assert reading.tokens == run.task.sentence
    logits, weights = said(RUNS[name])
    for layer in range(reading.n_layers):
        for head in range(reading.n_heads):
            trace = reading.trace(layer, head, reading.settings)
            np.testing.assert_allclose(trace["weights"], weights[layer, head], atol=NEAR)
    last = reading.model.last(reading.stream(reading.n_layers))
    for row, expected in zip(last, logits, strict=True):
        np.testing.assert_allclose(reading.model.logits(row), expected, atol=NEAR)
