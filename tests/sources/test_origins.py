"""What logits and scores come from, part by part: sums in every family, and parts as transformers computes them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from stored import CHECKPOINTS, FAMILY_NAMES, NAMES, NEAR

from kitten_tui.core.split import BIASES, LAYER, Origin, grouped, sums
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.checkpoint.split import streams
from kitten_tui.sources.errors import SourceError

ASKED = [*NAMES, *(f"families/{name}" for name in FAMILY_NAMES)]
TEXT = "the cat saw the"
with np.load(CHECKPOINTS / "origins.npz") as file:
    STORED = dict(file)
HELD = sorted({name.rpartition("/")[0] for name in STORED} - {""})


@cache
def reading(name: str) -> Reading:
    of = Reading(Model(CHECKPOINTS / name), TEXT)
    if of.asked is None:
        pytest.skip("of two stacks")
    of.compute()
    return of


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.first_is_quick
def test_what_all_parts_of_a_query_and_a_key_give_is_the_score(name):
    """In every family, in the first layer and in the last, before and after the place that is turned to."""
    of = reading(name)
    last = len(of.ids) - 1
    for layer in (0, of.n_layers - 1):
        for head in (0, of.n_heads - 1):
            scores = of.trace(layer, head, of.settings)["scores"]
            for query, key in ((last, 1), (last, last), (0, last)):
                split = of.asked.split(layer, head, query, key)
                assert split.score == pytest.approx(scores[query, key], abs=NEAR)
                assert split.values.sum() == pytest.approx(split.score, abs=NEAR)
                before = [(each.layer, each.head) for each in split.of_query if each.kind == "head"]
                assert before == [(number, each) for number in range(layer) for each in range(of.n_heads)]
                assert len(set(split.of_key)) == len(split.of_key)


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.first_is_quick
def test_parts_are_those_of_the_chain(name):
    """What a network gives is what the chain says that it adds, where nothing is normalised after it."""
    of = reading(name)
    if of.model.config.family.norms_after:
        pytest.skip("norms come after what is added")
    (parts,) = streams(of, of.n_layers, [1])
    for layer in range(of.n_layers):
        added = of.joined(layer, of.settings)["mlp"][1]
        vector = parts.vectors[parts.origins.index(Origin("network", layer))]
        assert vector == pytest.approx(added, abs=NEAR)


@pytest.mark.parametrize("name", HELD)
def test_queries_and_keys_have_the_parts_that_transformers_gives_them(name):
    """By what goes of them where a hook leaves one part out and holds all others, and the size of every norm."""
    of, stored = reading(name), STORED[f"{name}/values"]
    query, key, head = STORED[f"{name}/at"].tolist()
    split = of.asked.split(of.n_layers - 1, head, query, key)
    rows, columns = (
        [at for at, each in enumerate(side) if "bias" not in each.kind] for side in (split.of_query, split.of_key)
    )
    assert split.values[np.ix_(rows, columns)] == pytest.approx(stored, abs=NEAR)


@pytest.mark.parametrize("name", ASKED)
def test_what_all_parts_add_is_the_logit(name):
    """And what they are is the stream: in every family that says what follows by a norm and a matrix."""
    of = reading(name)
    if not of.model.says_next:
        pytest.skip("says nothing of what follows")
    last = len(of.ids) - 1
    if not of.asked.has_parts:
        with pytest.raises(SourceError, match="expected a last norm and a matrix before the logits"):
            of.asked.attribution(last)
        return
    following = of.continuation(last)
    for rank in (0, 1):
        taken = of.asked.attribution(last, rank)
        assert sum(share.value for share in taken.shares) == pytest.approx(taken.logit, abs=NEAR)
        assert taken.token == following.pieces[rank]
        if "logit_cap" not in of.model.config.amounts:
            assert taken.logit == pytest.approx(following.logit[rank], abs=NEAR)
    heads = [(each.origin.layer, each.origin.head) for each in taken.shares if each.origin.kind == "head"]
    assert heads == [(layer, head) for layer in range(of.n_layers) for head in range(of.n_heads)]


def test_what_a_head_adds_is_its_context_through_its_rows_and_the_last_norm():
    """Written out once, with numbers of the chain."""
    of = reading("llama")
    last = len(of.ids) - 1
    taken = of.asked.attribution(last)
    context = of.trace(1, 2, of.settings)["context"][last].astype(np.float64)
    w_o, d_k = of.layer(1).o[0], of.model.config.d_k
    norm, stream = of.model.final_norm, of.stream(of.n_layers)[last].astype(np.float64)
    size = np.sqrt((stream**2).mean() + norm.eps)
    row = of.continuation(last).rows[0]
    added = (context @ w_o[2 * d_k : 3 * d_k] / size * norm.gain) @ row
    (share,) = (share for share in taken.shares if share.origin == Origin("head", 1, 2))
    assert share.value == pytest.approx(added, abs=1e-6)


def test_a_model_without_an_output_head_has_no_logit_but_scores():
    of = Reading(Model(CHECKPOINTS / "gpt2"), TEXT)
    of.model.config = of.model.config.__class__(**{**vars(of.model.config), "classifies": True})
    of.compute()
    with pytest.raises(SourceError, match="gpt2: expected a model with an output head, found none"):
        of.asked.attribution(1)
    split = of.asked.split(1, 0, 2, 1)
    assert split.values.sum() == pytest.approx(split.score, abs=NEAR)


def test_a_score_needs_no_layer_after_it():
    of = Reading(Model(CHECKPOINTS / "llama"), TEXT)
    of.compute(1)
    split = of.asked.split(0, 1, 2, 1)
    assert split.values.sum() == pytest.approx(split.score, abs=NEAR)


def test_parts_are_taken_together_by_layer_until_one_is_opened():
    split = reading("gpt2").asked.split(1, 0, 2, 1)
    closed = grouped(split.of_query)
    assert [group.origin.kind for group in closed] == ["embedding", "position", LAYER, BIASES]
    opened = grouped(split.of_query, {Origin(LAYER, 0)})
    heads = reading("gpt2").n_heads
    assert [group.origin.kind for group in opened] == ["embedding", "position", *["head"] * heads, "network", BIASES]
    for rows in (closed, opened):
        table = sums(split.values, rows, closed)
        assert table.shape == (len(rows), len(closed))
        assert table.sum() == pytest.approx(split.score, abs=NEAR)
