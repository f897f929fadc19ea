"""The trained samples are what the training of that name comes to."""

from __future__ import annotations

import numpy as np
import pytest

from kitten_tui.core.workings import Workings
from kitten_tui.sources.find import open_source
from tests.samples.make import trained


@pytest.mark.parametrize("name", ["kitten-en", "kitten-zh"])
def test_a_trained_sample_is_the_last_step_of_its_training(name: str) -> None:
    sample, made = open_source(name), trained(name)
    assert (sample.tokens, sample.title, sample.note) == (made.tokens, made.title, made.note)
    for one, other in zip(sample.inputs.heads, made.inputs.heads, strict=True):
        np.testing.assert_allclose(one.w_q, other.w_q, atol=0.05)  # another machine may round otherwise on the way


@pytest.mark.parametrize("name", ["kitten-en", "kitten-zh"])
def test_one_head_of_a_trained_sample_looks_at_the_animal_and_the_other_does_not(name: str) -> None:
    sample = open_source(name)
    animal = next(place for place, token in enumerate(sample.tokens) if token in ("kitten", "猫"))
    workings = Workings(sample, sample.settings)
    weights = sorted(float(workings.trace(head)["weights"][sample.query, animal]) for head in range(2))
    assert weights[0] < 0.3
    assert weights[1] > 0.6


def test_kitten_is_the_sample_in_the_language() -> None:
    assert open_source("kitten", language="zh").tokens == open_source("kitten-zh").tokens
    assert open_source("kitten").tokens == open_source("kitten-en").tokens
