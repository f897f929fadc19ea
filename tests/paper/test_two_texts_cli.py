"""Two texts without a screen: each part as text, JSON, measures and files, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from stored import CHECKPOINTS, FAMILIES

from kitten_tui.cli import BAD, OK
from kitten_tui.sources.checkpoint import model as checkpoint
from kitten_tui.sources.recorded import open_recording

T5, BERT = str(FAMILIES / "t5"), str(CHECKPOINTS / "bert")
TEXTS = ("the cat saw", "--second", "a dog ran")


@pytest.fixture(autouse=True)
def fresh():
    """Nobody gets a model that was opened by another test."""
    checkpoint.open_model.cache_clear()


@pytest.mark.parametrize(
    ("model", "part", "name"),
    [
        (T5, "encoder", "encoder"),
        (T5, "cross", "cross-attention"),
        (BERT, "A-B", "A → B"),
        (BERT, "whole", "both texts"),
    ],
)
def test_each_part_is_printed_by_its_name(run, model, part, name):
    ran = run("--model", model, *TEXTS, "--part", part, "--plain")
    assert ran.status == OK
    assert ran.out.startswith(name)
    assert all(f"\n{number}. " in ran.out for number in range(1, 8))


def test_json_of_cross_attention_has_the_tokens_of_both_sides(run):
    made = json.loads(run("--model", T5, *TEXTS, "--json", "--layer", "2").out)
    assert (made["tokens"], made["key_tokens"]) == (["<pad>", "a", "dog", "ran"], ["the", "cat", "saw"])
    assert np.array(made["weights"]).sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert np.array(made["memory"]).shape == (3, 16)


def test_heads_of_a_part_are_measured_between_its_texts(run):
    out = run("--model", T5, *TEXTS, "--heads", "--from", "dog", "--to", "cat").out
    assert len([line for line in out.splitlines() if line[:1].isdigit()]) == 12
    assert run("--model", BERT, *TEXTS, "--part", "B-A", "--heads", "--json").status == OK


def test_a_number_of_cross_attention_says_where_it_comes_from(run):
    out = run("--model", T5, *TEXTS, "--explain", "k[cat,d2]").out
    assert "a row of enc times a column of W_k" in out
    out = run("--model", BERT, *TEXTS, "--part", "A-B", "--explain", "weights[1,1]").out
    assert "its exp ÷ the sum of the row" in out


def test_what_is_saved_of_a_part_opens_again(run, tmp_path):
    path = tmp_path / "cross.npz"
    assert run("--model", T5, *TEXTS, "--save", str(path)).status == OK
    recording = open_recording(path)
    assert recording.key_tokens == ("the", "cat", "saw")
    assert recording.n_layers == 3


@pytest.mark.parametrize("part", ["encoder", "decoder", "cross"])
def test_every_part_passes_its_checks(run, part):
    assert run("--model", T5, *TEXTS, "--part", part, "--check").status == OK


REFUSED = {
    ("--second", "x", "a sentence"): "--second: expected --model with it",
    ("--part", "cross", "a sentence"): "--part: expected --model with it",
    ("--model", str(CHECKPOINTS / "gpt2"), *TEXTS): "--second: expected a model that takes two texts",
    ("--model", BERT, "the cat", "--second", " "): "--second: expected a sentence",
    ("--model", BERT, "the cat", "--part", "A-B"): "--part: expected two texts",
    ("--model", T5, "the cat", "--part", "A-B"): "--part: expected one of encoder, decoder, cross",
    ("--model", BERT, *TEXTS, "--part", "cross"): "--part: expected one of whole, A-A",
    ("--train", "copy", "--second", "x"): "--second: expected --model with it",
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_what_has_no_second_text_says_so_in_a_line(run, arguments):
    ran = run(*arguments, "--plain")
    assert ran.status == BAD
    assert ran.out == ""
    assert ran.err.startswith(f"kitten-tui: {REFUSED[arguments]}")
    assert ran.err.count("\n") == 1
