"""Losses and gradients as torch says them, stored by tests/training/store_torch.py."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kitten_tui.sources.training.network import Batch, loss_and_gradient
from kitten_tui.sources.training.shape import Parameters
from kitten_tui.sources.training.tasks import TASKS

STORED = np.load(Path(__file__).with_name("torch.npz"))


@pytest.mark.parametrize("name", TASKS)
def test_the_loss_and_every_gradient_are_those_of_torch(name: str) -> None:
    told = {part: STORED[f"{name}.{part}"] for part in ("parameters", "ids", "targets", "counted", "gradient")}
    shape = replace(TASKS[name].setup.shape, d_model=6, d_k=2)
    batch = Batch(told["ids"], told["targets"], told["counted"], np.full_like(told["ids"], -1))
    loss, gradient = loss_and_gradient(Parameters(shape, told["parameters"]), batch)
    assert loss == pytest.approx(float(STORED[f"{name}.loss"]), rel=1e-12)
    np.testing.assert_allclose(gradient, told["gradient"], rtol=1e-9, atol=1e-12)
