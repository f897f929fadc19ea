"""Every configuration of every family gives the numbers of transformers, in the computing and in the lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from stored import CHECKPOINTS, FAMILIES, FAMILY_NAMES, NAMES, NEAR, stored_family

from kitten_tui.core.cell import Cell, Operand
from kitten_tui.core.workings import Workings
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.formula import Sum, arithmetic
from kitten_tui.paper.check import checks
from kitten_tui.sources.checkpoint.families import FAMILIES as KNOWN
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.stages import stages_of
from kitten_tui.stages.follow import follow
from kitten_tui.stages.stage import Page, Stage, turn_to
from kitten_tui.stages.view import View
from kitten_tui.words import LANGUAGES, Words

every = pytest.mark.parametrize("name", FAMILY_NAMES)


def test_every_family_has_a_checkpoint():
    configs = [*(CHECKPOINTS / name for name in NAMES), *(FAMILIES / name for name in FAMILY_NAMES)]
    assert {json.loads((folder / "config.json").read_text())["model_type"] for folder in configs} == set(KNOWN)


@cache
def read(name: str) -> Reading:
    reading = Reading(Model(FAMILIES / name), str(stored_family(name)["text"]))
    reading.compute()
    return reading


def hidden(reading: Reading, layer: int) -> np.ndarray:
    """What transformers calls a hidden state: what enters a layer where norms come after, else the stream."""
    family = reading.model.config.family
    if layer < reading.n_layers:
        return reading.entering(layer) if family.norms_after else reading.stream(layer)
    stream = reading.stream(layer)
    return reading.model.layer(layer - 1).mlp_norm(stream) if family.norms_after else reading.model.final_norm(stream)


def near(found: object, wanted: np.ndarray) -> None:
    array = np.array(found)
    assert array.shape == wanted.shape
    assert float(np.abs(array - wanted).max()) < NEAR * max(1.0, float(np.abs(wanted).max()))


@every
@pytest.mark.first_is_quick
def test_the_numbers_are_those_of_transformers(name):
    reading, wanted = read(name), stored_family(name)
    config, layers, heads = reading.model.config, range(reading.n_layers), range(reading.n_heads)
    traces = [[reading.trace(layer, head, reading.settings) for head in heads] for layer in layers]
    assert list(reading.ids) == wanted["ids"].tolist()
    near([[trace["weights"] for trace in row] for row in traces], wanted["attentions"])
    near([hidden(reading, layer) for layer in range(reading.n_layers + 1)], wanted["hidden_states"])
    for role in "qkv":
        if role in wanted:
            every_ = wanted[role]
            shared = heads if every_.shape[1] == reading.n_heads else [config.kv_head(head) for head in heads]
            near([[trace[role] for trace in row] for row in traces], every_[:, list(shared)])
    if "logits" in wanted:
        last = [reading.model.last(row) for row in reading.stream(reading.n_layers)]
        near([reading.model.logits(row) for row in last], wanted["logits"])
        assert reading.next_tokens is not None


@every
@pytest.mark.first_is_quick
def test_the_lines_give_what_is_computed_all_at_once(name):
    """Each head's context, and the parts that the stream is the sum of."""
    reading = read(name)
    for layer in range(reading.n_layers):
        contexts = [reading.trace(layer, head, reading.settings)["context"] for head in range(reading.n_heads)]
        joined = reading.joined(layer, reading.settings)
        near(joined["concat"], np.concatenate(contexts, axis=1))
        assert joined.outer is not None
        near(joined.outer.by_line("x"), reading.entering(layer))
        if not layer or not reading.model.config.family.norms_after:
            near(joined.outer.by_line("stream"), reading.stream(layer))
    assert all(check.passed for check in checks(reading, reading.settings))


@pytest.mark.slow
@every
def test_what_is_summed_up_in_passing_is_of_the_weights(name):
    reading = read(name)
    for head in reading.heads:
        weights = reading.trace(head.layer, head.head, reading.settings)["weights"].astype(np.float64)
        entropy = -(weights * np.log2(np.where(weights > 0, weights, 1.0))).sum(axis=-1).mean()
        assert head.measures["entropy"] == pytest.approx(entropy, abs=NEAR)
        assert head.measures["first"] == pytest.approx(weights[1:, 0].mean(), abs=NEAR)


@pytest.mark.slow
@every
def test_every_step_answers_where_it_comes_from(name):
    """Followed down from what leaves the last layer, each number is what its operands make."""
    reading = read(name)
    workings = Workings(reading, reading.settings, reading.n_layers - 1)
    wanted, seen = [Cell("output", (3, 1), layer=reading.n_layers - 1), Cell("weights", (4, 2), head=1)], set[str]()
    while wanted:
        cell = wanted.pop()
        derivation = workings.derive(cell)
        assert derivation.recomputed() == pytest.approx(derivation.value, rel=2e-4, abs=2e-4), cell
        for term in list(derivation.terms)[:3] + list(derivation.terms)[-1:]:
            for operand in term:
                if operand.cell is not None and (key := f"{operand.cell.name} {operand.cell.layer}") not in seen:
                    seen.add(key)
                    wanted.append(operand.cell)
    assert {"stream 0", "embedding 0"} <= seen


LINES = [
    *("albert", "bloom", "cohere-normed", "falcon-alibi", "gemma2", "gpt_oss", "granite", "modernbert", "mpnet"),
    *("olmo2", "qwen2_moe", "smollm3", "stablelm-parallel"),
]
"""One of every kind of line that only some families have."""


@pytest.mark.slow
@pytest.mark.parametrize("name", LINES)
def test_every_page_is_drawn_and_its_numbers_lead_to_where_they_come_from(name):
    source = read(name)
    for layer in range(source.n_layers):
        for number, stage in enumerate(stages_of(source)):
            places = Selection(stage=number, layer=layer, head=1, query=4, key=2)
            page = turn_to(stage, View(source, source.settings, places))
            for figure in page.sheet.stops:
                at = turn_to(stage, page.view.with_(focus=figure.id))
                assert at.derivation is not None
                for language in LANGUAGES:
                    assert all(arithmetic(at.derivation, Sum(at.view.workings, Words(language)), 120))
                terms = at.derivation.terms
                for operand in (*terms[0], *terms[-1]) if terms else ():
                    if operand.cell is not None:
                        led_to(at, operand, stages_of(source))


def led_to(page: Page, operand: Operand, stages: Sequence[Stage]) -> None:
    assert operand.cell is not None
    there = follow(page, operand.cell, stages)
    assert there is not None, operand.cell
    reached = turn_to(stages[there.selection.stage], there).derivation
    assert reached is not None
    assert reached.value == operand.value, (operand.cell, reached.cell)
