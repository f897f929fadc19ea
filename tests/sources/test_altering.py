"""A model otherwise than it was trained: what follows from that is what follows from such a model."""

from __future__ import annotations

import shutil
from functools import cache

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from safetensors.numpy import load_file, save_file
from stored import CHECKPOINTS, NEAR

from kitten_tui.core.altering import Without, reached
from kitten_tui.core.asking import MEAN, ZERO
from kitten_tui.core.cell import Cell
from kitten_tui.core.workings import Workings
from kitten_tui.sources.checkpoint import reading as module
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.setting import changed

with np.load(CHECKPOINTS / "effects.npz") as file:
    STORED = dict(file)
HELD = sorted(name.removesuffix("/own") for name in STORED if name.endswith("/own"))
TEXT = "the cat saw the"
NAMES = ["gpt2", "llama", "bert", "qwen2-sliding", "families/gemma2", "families/bloom"]


@cache
def reading(name: str) -> Reading:
    of = Reading(Model(CHECKPOINTS / name), TEXT)
    of.compute()
    return of


def logits(of: Reading) -> np.ndarray:
    """After the last token. [vocab]"""
    of.compute()
    return of.model.logits(of.model.last(of.stream(of.n_layers)[-1]))


@pytest.mark.parametrize("name", HELD)
def test_a_model_without_a_head_says_what_transformers_says_without_it(name):
    of = reading(name)
    for layer in range(of.n_layers):
        for head in range(of.n_heads):
            assert logits(of.alters.without(layer, head)) == pytest.approx(
                STORED[f"{name}/logits"][layer, head], abs=NEAR
            )
    assert logits(of) == pytest.approx(STORED[f"{name}/own"], abs=NEAR)


@pytest.mark.parametrize("name", NAMES)
def test_a_head_that_says_nothing_shows_nothing_and_all_else_follows(name):
    of = reading(name)
    other = of.alters.without(0, 1, MEAN).alters.without(0, 0)
    other.compute()
    own = of.settings
    said = other.joined(0, own)["concat"].reshape(len(of.ids), of.n_heads, -1)
    assert not said[:, 0].any()
    assert said[:, 1] == pytest.approx(
        np.broadcast_to(of.trace(0, 1, own)["context"].mean(axis=0), said[:, 1].shape), abs=1e-5
    )
    for head in range(of.n_heads):
        assert other.trace(0, head, own)["context"] == pytest.approx(said[:, head], abs=1e-5)
        assert other.trace(0, head, own)["weights"] == pytest.approx(of.trace(0, head, own)["weights"])
        derivation = Workings(other, own).derive(Cell("context", (2, 1), head))
        assert derivation.recomputed() == pytest.approx(derivation.value, abs=1e-5)
        assert derivation.value == pytest.approx(said[2, head, 1], abs=1e-5)


def test_what_is_taken_back_is_as_it_was():
    of = reading("gpt2")
    gone = of.alters.without(0, 1)
    back = gone.alters.without(0, 1)
    assert (gone.alters.done, back.alters.done) == ((Without(0, 1, ZERO),), ())
    assert np.array_equal(logits(back), logits(of))
    assert gone.goes_on is None
    assert back.goes_on is not None


def test_layers_before_a_change_are_not_computed_again(monkeypatch):
    of, computed = reading("gpt2"), []
    attend = module.attend

    def counting(layer, *arguments, **more):
        computed.append(layer.number)
        return attend(layer, *arguments, **more)

    monkeypatch.setattr(module, "attend", counting)
    changes = (
        of.alters.without(1, 0),
        of.alters.change_number(Cell("w_q", (0, 0), 0, 1), 0.5),
        of.alters.toggle_mask_cell(of.settings, 1, 2, 0)[0],
    )
    for other in changes:
        assert other.ready == 1
        other.compute()
    assert computed == [1, 1, 1]
    assert other.passed[0] is of.passed[0]


def test_a_changed_weight_is_that_of_a_file_that_has_it(tmp_path):
    """For queries, keys that heads share, values and the output, in a file of its own."""
    cells = {
        "q_proj": Cell("w_q", (3, 1), 2, 1),
        "k_proj": Cell("w_k", (2, 0), 3, 1),
        "v_proj": Cell("w_v", (5, 1), 1, 1),
        "o_proj": Cell("w_o", (4, 6), 0, 1),
    }
    of = reading("llama")
    other, d_k = of, of.model.config.d_k
    shutil.copytree(CHECKPOINTS / "llama", tmp_path / "llama")
    path = tmp_path / "llama" / "model.safetensors"
    weights = {name: array.copy() for name, array in load_file(path).items()}
    for place, (name, cell) in enumerate(cells.items()):
        value = 0.25 + place
        other = other.alters.change_number(cell, value)
        row, column = cell.index
        heads = {"q_proj": cell.head, "o_proj": 0}.get(name, of.model.config.kv_head(cell.head))
        weights[f"model.layers.1.self_attn.{name}.weight"][column + heads * d_k, row] = value
        assert other.trace(1, cell.head, of.settings).chain is not None
    save_file(weights, path)
    there = Reading(Model(tmp_path / "llama"), TEXT)
    assert np.array_equal(logits(other), logits(there))
    for cell in (cells["q_proj"], cells["v_proj"]):
        assert (
            other.trace(1, cell.head, of.settings)[cell.name][cell.index]
            != of.trace(1, cell.head, of.settings)[cell.name][cell.index]
        )


@pytest.mark.parametrize("name", NAMES)
def test_what_a_query_may_look_at_is_changed_in_one_layer(name):
    of = reading(name)
    last, layer = len(of.ids) - 1, of.n_layers - 1
    other, settings = of.alters.toggle_mask_cell(of.settings, layer, last, 0)
    other.compute()
    assert settings == other.settings
    assert settings.mask == "own"
    was = of.trace(layer, 0, of.settings).truth("allowed")
    now = other.trace(layer, 0, settings).truth("allowed")
    assert np.argwhere(was != now).tolist() == [[last, 0]]
    for head in range(of.n_heads):
        said = other.joined(layer, settings)["concat"].reshape(last + 1, of.n_heads, -1)[:, head]
        weights, v = other.trace(layer, head, settings)["weights"], other.trace(layer, head, settings)["v"]
        assert said == pytest.approx(weights @ v, abs=1e-5)
    back, settings = other.alters.toggle_mask_cell(settings, layer, last, 0)
    assert (back.alters.done, settings) == ((), of.settings)
    if layer:
        assert np.array_equal(other.own_mask(0), of.trace(0, 0, of.settings).truth("allowed"))


def test_what_changes_in_heads_is_the_largest_change_of_a_weight():
    of = reading("gpt2")
    other = of.alters.without(0, 1)
    other.compute()
    heads = list(reached(of, other))
    assert [(each.layer, each.head) for each in heads] == [
        (layer, head) for layer in range(2) for head in range(of.n_heads)
    ]
    assert all(each.size == 0 for each in heads[: of.n_heads])
    for each in heads[of.n_heads :]:
        was, now = (one.trace(each.layer, each.head, of.settings)["weights"] for one in (of, other))
        assert each.size == pytest.approx(np.abs(now - was).max())
        assert (each.was, each.now) == (was[each.query, each.key], now[each.query, each.key])
    assert any(each.size > 0 for each in heads)


def test_what_moves_is_what_is_told_of_a_head_alone():
    of = reading("gpt2")
    effects = list(of.asked.effects(3, ZERO))
    other = of.alters.without(1, 2)
    other.compute()
    moved, effect = of.asked.moved(other, 3), effects[of.n_heads + 2]
    assert (moved.cosine, moved.divergence) == pytest.approx((effect.cosine, effect.divergence), abs=1e-5)


@pytest.mark.parametrize(
    "text", ["without l2 h3", "without l1 h2=mean", "w_q l2 h2[1,2]=0.5", "mask l2[5,1]", "b_o[4]=-1.0"]
)
def test_a_change_says_what_does_the_same(text):
    of = reading("gpt2")
    other, _ = changed(of, of, of.settings, text)
    (change,) = other.alters.done
    assert change.edit == text
    other.compute()
    settings, layer = other.settings, change.layer
    said = other.joined(layer, settings)["concat"].reshape(len(of.ids), of.n_heads, -1)
    for head in range(of.n_heads):
        assert other.trace(layer, head, settings)["context"] == pytest.approx(said[:, head], abs=1e-5)
    assert not np.array_equal(logits(other), logits(of))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("without l9 h1", "layer: expected one from 1 to 2, found 9"),
        ("without l1 h9", "head: expected one from 1 to 4, found 9"),
        ("without l1 h1=half", "expected one of zero, mean, found half"),
        ("scores[1,1]=2", "expected a weight such as w_q, mask or without, found scores"),
        ("w_q[99,1]=2", "w_q: expected a place among"),
        ("w_q[1,1]=nan", "w_q: expected a number within"),
        ("w_q l3[1,1]=1", "layer: expected one from 1 to 2, found 3"),
        ("mask l1[1,1]", "mask: expected a key that query 1 may look at, found none left"),
        ("mask l1[9,1]", "query: expected one from 1 to 5, found 9"),
    ],
)
def test_what_cannot_be_changed_is_refused_in_one_line(text, problem):
    of = reading("gpt2")
    with pytest.raises(SourceError, match="--set: ") as refused:
        changed(of, of, of.settings, text)
    assert problem in str(refused.value)


def test_another_text_is_read_in_the_changed_model_but_its_mask_is_its_own():
    of = reading("gpt2")
    other, _ = of.alters.without(0, 1).alters.toggle_mask_cell(of.settings, 0, 2, 0)
    there = other.read("the dog ran")
    assert there.alters.done == (Without(0, 1),)
    there.compute()
    assert not there.joined(0, there.settings)["concat"].reshape(len(there.ids), of.n_heads, -1)[:, 1].any()
