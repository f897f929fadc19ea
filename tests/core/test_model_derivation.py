"""Every number of a real model answers "where do you come from?" too, across its layers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from test_derivation import OF_MODELS, QUANTITIES

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from kitten_tui.core.cell import Cell, Derivation
from kitten_tui.core.formula import Op
from kitten_tui.core.quantity import Quantity, Scope
from kitten_tui.core.settings import Settings
from kitten_tui.core.workings import Workings
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.stages.follow import largest

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
NAMES = ("llama", "qwen3", "gpt2", "gpt2-bare", "bert", "gpt_neox", "mistral")
SPOTS = 4
"""Cells of each quantity in each layer."""
REL, NEAR = 2e-4, 2e-5
"""The numbers are of float32, and a sum of them may be large on the way."""
GIVEN = {"embedding", "position", "segment", "mlp", "w_q", "w_k", "w_v", "b_q", "b_k", "b_v", "w_o", "b_o"}
SWITCHED = {"divisor", "allowed", "keep", "rate", "shift", "words"}
"""What the settings give, the shift of a row that needs none, and which tokens are words."""
LEARNED = {name for name in OF_MODELS if name.endswith(("_gain", "_bias"))}

every = pytest.mark.parametrize("name", NAMES)


@cache
def reading(name: str) -> Reading:
    with np.load(CHECKPOINTS / name / "expected.npz", allow_pickle=False) as file:
        found = Reading(Model(CHECKPOINTS / name), str(file["text"]))
    found.compute()
    return found


def workings(name: str, layer: int = 0) -> Workings:
    return Workings(reading(name), reading(name).settings, layer)


def shape_of(of: Workings, name: str) -> tuple[int, ...] | None:
    """None where the source has no such quantity."""
    if "thought" in of.chain and name in ("thought_logit", "thought_probability"):
        return (len(of.source.tokens), 4)
    if name in ("logit", "probability"):
        found = of.source.continuation(0).pieces if of.source.next_tokens is not None else ()
        return (len(of.source.tokens), len(found)) if found else None
    array = of.array(name)
    return None if array is None else array.shape


def quantities(name: str, layer: int) -> dict[str, Quantity]:
    """What has an address in a layer."""
    return {each.name: each for each in reading(name).chain(layer).values() if each.scope is not Scope.CONSTANT}


def cells(name: str, layer: int) -> list[Cell]:
    """Some of every quantity that the layer has."""
    of, draw, found = workings(name, layer), np.random.RandomState(layer), []
    for quantity, about in quantities(name, layer).items():
        shape = shape_of(of, quantity)
        if shape is None or "width" in about.axes:
            continue
        for _ in range(SPOTS):
            index = tuple(int(draw.randint(size)) for size in shape)
            found.append(Cell(quantity, index, int(draw.randint(of.source.n_heads)), layer))
    return found


@cache
def derived(name: str) -> tuple[Derivation, ...]:
    layers = range(reading(name).n_layers)
    return tuple(workings(name, layer).derive(cell) for layer in layers for cell in cells(name, layer))


def near(one: float, other: float) -> bool:
    return one == pytest.approx(other, rel=REL, abs=NEAR)


@every
def test_the_operands_lead_to_the_value(name):
    assert not [found for found in derived(name) if not near(found.recomputed(), found.value)]


@every
@pytest.mark.first_is_quick
def test_every_operand_has_the_value_of_the_cell_it_names(name):
    operands = (operand for found in derived(name) for term in found.terms for operand in term)
    named = (operand for operand in operands if operand.cell is not None)
    assert not [operand for operand in named if not near(workings(name).value(operand.cell), operand.value)]


@every
def test_only_what_the_model_learned_or_the_settings_switch_is_given(name):
    given = {found.cell.name for found in derived(name) if found.op is Op.GIVEN}
    assert given <= GIVEN | SWITCHED | LEARNED


def test_numbers_less_a_mean_are_derived_where_there_are_any():
    of = workings("llama")
    assert not of.has("x_centred") or of.derive(Cell("x_centred", (1, 1)))


@every
def test_an_index_outside_a_quantity_has_no_cell(name):
    with pytest.raises(LookupError):
        workings(name, 1).derive(Cell("stream", (99, 0), layer=1))


@pytest.mark.parametrize("quantity", sorted(OF_MODELS))
@pytest.mark.first_is_quick
def test_what_no_lesson_has_is_met_in_a_model(quantity):
    assert any(found.cell.name == quantity for name in NAMES for found in derived(name))


@every
def test_what_a_model_has_and_no_lesson_has_is_told(name):
    assert set(quantities(name, 0)) | set(quantities(name, 1)) <= set(QUANTITIES) | OF_MODELS


@every
def test_following_the_largest_operands_leads_to_the_layer_before(name):
    cell, met = Cell("x", (5, 3), layer=1), []
    while cell is not None and cell.layer == 1:
        assert cell not in met
        met.append(cell)
        cell = largest(workings(name, 1).derive(cell))
    assert cell is not None
    assert cell.layer == 0


@every
def test_what_a_layer_before_gave_does_not_depend_on_how_this_one_is_looked_at(name):
    cell = Cell("x", (5, 3), layer=1)
    other = Workings(reading(name), Settings(scale=False), 1)
    assert other.value(cell) == workings(name, 1).value(cell)


@every
@pytest.mark.parametrize("quantity", ["stream", "scaled", "weights", "context", "concat", "output"])
def test_the_comparison_is_derived_truly_too(name, quantity):
    found = workings(name, 1).derive(Cell(quantity, (7, 2), 1, 1, rescaled=True))
    assert near(found.recomputed(), found.value)


@pytest.mark.parametrize("name", ["llama", "bert"])
def test_the_experiment_follows_the_seed_in_every_layer(name):
    of = Workings(reading(name), replace(reading(name).settings, seed=9), 1)
    for column in range(2):
        found = of.derive(Cell("typical_sensitivity", (1, column), 0, 1))
        assert found.recomputed() == found.value


def test_what_comes_next_is_followed_without_leaving_the_layer():
    from kitten_tui.desk.selection import Selection
    from kitten_tui.stages import stages_of, turn_to
    from kitten_tui.stages.follow import follow
    from kitten_tui.stages.view import View

    source = reading("llama")
    stages = stages_of(source)
    page = turn_to(stages[-1], View(source, source.settings, Selection(stage=len(stages) - 1, layer=1)))
    there = follow(page, largest(page.derivation), stages)
    assert there is not None
    assert there.selection.layer == 1
