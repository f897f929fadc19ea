"""What a model thinks on the way, and what changes without a head, as transformers computes it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from stored import CHECKPOINTS, FAMILIES, FAMILY_NAMES, NAMES, NEAR

from kitten_tui.core.asking import MEAN, ZERO
from kitten_tui.core.cell import Cell
from kitten_tui.core.workings import Workings
from kitten_tui.sources.checkpoint.asking import Asking
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.errors import SourceError

with np.load(CHECKPOINTS / "effects.npz") as file:
    STORED = dict(file)
HELD = sorted(name.removesuffix("/own") for name in STORED if name.endswith("/own"))


@cache
def asking(name: str) -> Asking:
    reading = Reading(Model(CHECKPOINTS / name), str(STORED["text"]))
    reading.compute()
    assert reading.asked is not None
    return reading.asked


def softmax(logits: np.ndarray) -> np.ndarray:
    exp = np.exp(logits.astype(np.float64) - logits.max())
    return exp / exp.sum()


@pytest.mark.parametrize("name", HELD)
def test_the_likeliest_tokens_after_each_layer_are_those_of_its_last_norm_and_head(name):
    thoughts = list(asking(name).thoughts(3))
    assert [thought.layer for thought in thoughts] == list(range(len(STORED[f"{name}/lens"])))
    for thought, logits in zip(thoughts, STORED[f"{name}/lens"], strict=True):
        assert np.array_equal(thought.ids[:, 0], logits.argmax(axis=-1))
        assert thought.logit == pytest.approx(np.take_along_axis(logits, thought.ids, axis=-1), abs=NEAR)
        shares = np.stack([softmax(row) for row in logits])
        assert thought.probability == pytest.approx(np.take_along_axis(shares, thought.ids, axis=-1), abs=1e-5)


@pytest.mark.parametrize("name", HELD)
def test_the_last_thought_is_what_the_model_says(name):
    reading, thought = asking(name).reading, list(asking(name).thoughts(4))[-1]
    for place in range(len(reading.ids)):
        says = reading.continuation(place)
        assert tuple(thought.pieces[place]) == says.pieces[:4]
        assert thought.probability[place] == pytest.approx(says.probability[:4], abs=1e-6)


@pytest.mark.parametrize("name", HELD)
def test_what_is_thought_before_a_layer_answers_where_it_comes_from(name):
    """The lines of a layer make the table's numbers of the column before it, out of the stream that enters it."""
    reading = asking(name).reading
    thoughts = list(asking(name).thoughts(3))
    for layer in range(reading.n_layers):
        workings = Workings(reading, reading.settings, layer)
        for token, rank in ((0, 0), (len(reading.ids) - 1, 2)):
            found = workings.derive(Cell("thought_logit", (token, rank), 0, layer))
            assert found.value == pytest.approx(thoughts[layer].logit[token, rank], abs=NEAR)
            assert found.recomputed() == pytest.approx(found.value, abs=NEAR)
            share = workings.value(Cell("thought_probability", (token, rank), 0, layer))
            assert share == pytest.approx(thoughts[layer].probability[token, rank], abs=1e-5)
            made = workings.derive(Cell("thought", (token, 1), 0, layer))
            assert made.terms[0][0].cell == Cell("stream", (token, 1), 0, layer)
            assert made.recomputed() == pytest.approx(made.value, abs=NEAR)


@pytest.mark.parametrize("name", HELD)
def test_without_a_head_the_next_token_is_as_likely_as_with_its_output_at_zero(name):
    """Against transformers with a hook that puts the head's columns to zero before the output projection."""
    reading, own = asking(name).reading, softmax(STORED[f"{name}/own"])
    effects = list(asking(name).effects(len(reading.ids) - 1, ZERO))
    assert [(e.layer, e.head) for e in effects] == [
        (layer, head) for layer in range(reading.n_layers) for head in range(reading.n_heads)
    ]
    first = int(own.argmax())
    for effect in effects:
        logits = STORED[f"{name}/logits"][effect.layer, effect.head]
        without = softmax(logits)
        assert effect.divergence == pytest.approx((own * np.log2(own / without)).sum(), abs=1e-4)
        assert effect.change == pytest.approx(without[first] - own[first], abs=1e-5)
        assert effect.instead == reading.model.tokens.piece(int(logits.argmax()))


@pytest.mark.parametrize("name", ["gpt2", "bert", "families/bloom"])
def test_a_head_that_says_its_mean_changes_what_a_text_of_one_token_says_nothing_of(name):
    """In a text of one token the mean is what the head says."""
    reading = Reading(Model(CHECKPOINTS / name), "a")
    reading.compute()
    effects = list(reading.asked.effects(len(reading.ids) - 1, MEAN))
    assert all(-1 <= effect.cosine <= 1 + 1e-6 for effect in effects)
    if len(reading.ids) == 1:
        assert [effect.cosine for effect in effects] == pytest.approx([1.0] * len(effects), abs=1e-6)
        assert [effect.divergence for effect in effects] == pytest.approx([0.0] * len(effects), abs=1e-6)


ASKED = [*NAMES, *(f"families/{name}" for name in FAMILY_NAMES)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ASKED)
def test_where_every_head_says_what_it_says_nothing_changes(name, monkeypatch):
    """The way through the layers after a head is that of the reading: held to it in every family."""
    reading = Reading(Model((FAMILIES.parent if "/" in name else CHECKPOINTS) / name), "the cat saw the")
    if reading.asked is None:
        pytest.skip("of two stacks")
    reading.compute()
    left = reading.stream(reading.n_layers)
    monkeypatch.setattr("kitten_tui.sources.checkpoint.asking.silenced", lambda said, head, way: said[:, head])
    without = reading.asked._without(0, ZERO, lambda: None)
    assert without == pytest.approx(np.broadcast_to(left, without.shape), abs=5e-4)


def test_it_can_be_stopped_and_keeps_what_it_has():
    stopping = []

    def pulse() -> None:
        if stopping:
            raise KeyboardInterrupt

    asked = asking("gpt2").effects(3, ZERO, pulse)
    effects = [next(asked) for _ in range(asking("gpt2").reading.n_heads)]
    stopping.append(True)
    with pytest.raises(KeyboardInterrupt):
        next(asked)
    assert [effect.layer for effect in effects] == [0] * len(effects)


def test_a_model_without_an_output_head_has_no_thoughts_but_effects():
    reading = Reading(Model(CHECKPOINTS / "gpt2"), "the cat")
    reading.model.config = reading.model.config.__class__(**{**vars(reading.model.config), "classifies": True})
    reading.compute()
    assert not reading.model.says_next
    with pytest.raises(SourceError, match="gpt2: expected a model with an output head, found none"):
        list(reading.asked.thoughts(1))
    effects = list(reading.asked.effects(0, ZERO))
    assert all(effect.divergence is None and effect.change is None for effect in effects)
    assert all(effect.cosine < 1 for effect in effects[:2])
