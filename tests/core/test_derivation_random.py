"""The law of derivations over random lessons: every number follows from its operands, which live where they say."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitten_tui.core.cell import Cell
from kitten_tui.core.inputs import HeadWeights, Inputs, fixed
from kitten_tui.core.quantity import Scope
from kitten_tui.core.settings import Settings
from kitten_tui.core.workings import Workings
from kitten_tui.sources.lesson import Lesson


@st.composite
def lessons(draw: st.DrawFn) -> Lesson:
    n, d_model, d_k, n_heads = (draw(st.integers(1, most)) for most in (3, 3, 2, 2))
    random = np.random.RandomState(draw(st.integers(0, 2**16)))
    size = draw(st.sampled_from([0.1, 1.0, 6.0]))

    def array(*shape: int) -> np.ndarray:
        return fixed(random.uniform(-size, size, shape))

    biased = draw(st.booleans())
    heads = tuple(
        HeadWeights(
            *(array(d_model, d_k) for _ in "qkv"), *(array(d_k) if biased and role != "k" else None for role in "qkv")
        )
        for _ in range(n_heads)
    )
    embedding, position = array(n, d_model), array(n, d_model)
    inputs = Inputs(
        tokens=tuple("abc"[:n]),
        x=embedding + position,
        heads=heads,
        embedding=embedding,
        position=position,
        w_o=array(n_heads * d_k, 2),
        b_o=array(2) if biased else None,
        own_mask=random.uniform(size=(n, n)) < 0.6,
    )
    return Lesson(inputs)


switches = st.builds(
    Settings,
    scale=st.booleans(),
    divisor=st.sampled_from([None, 0.5, 8.0]),
    mask=st.sampled_from(["none", "causal", "own"]),
    dropout=st.sampled_from([0.0, 0.4]),
    seed=st.integers(0, 99),
)


def cells(workings: Workings) -> list[Cell]:
    found = []
    for name, quantity in workings.chain.items():
        heads = range(workings.source.n_heads) if quantity.scope is Scope.HEAD else [0]
        array = workings.array(name)
        if array is not None and quantity.scope is not Scope.CONSTANT:
            found += [Cell(name, index, head) for index in product(*map(range, array.shape)) for head in heads]
    return found


@settings(max_examples=25)
@given(lesson=lessons(), given_settings=switches)
@pytest.mark.slow
def test_every_number_of_a_random_lesson_follows_from_its_operands(lesson: Lesson, given_settings: Settings) -> None:
    workings = Workings(lesson, given_settings)
    for cell in cells(workings):
        found = workings.derive(cell)
        assert math.isclose(found.recomputed(), found.value, rel_tol=1e-12, abs_tol=1e-9), cell
        for operand in (operand for term in found.terms for operand in term):
            assert operand.cell is None or workings.value(operand.cell) == operand.value, (cell, operand)
