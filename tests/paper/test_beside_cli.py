"""Two at once without a screen: two texts, two models, a lesson and its start, two steps of a training."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from stored import CHECKPOINTS

from kitten_tui.cli import BAD, OK

GPT2, LLAMA, BERT = (str(CHECKPOINTS / name) for name in ("gpt2", "llama", "bert"))
ONE, OTHER, LONGER = "the cat sat", "the dog sat", "the small cat sat"


def told(run, *options):
    printed = run(*options, "--json")
    assert printed.status == OK, printed.err
    return json.loads(printed.out)


def test_json_has_a_quantity_here_there_and_the_difference(run):
    beside = told(run, "--model", GPT2, ONE, "--beside", OTHER, "--layer", "2", "--head", "1")
    alone = [told(run, "--model", GPT2, text, "--layer", "2", "--head", "1") for text in (ONE, OTHER)]
    assert beside["beside"] == alone[1]["tokens"]
    for name in ("q", "k", "scores", "weights", "context"):
        here, there, difference = (np.array(beside[name][side]) for side in ("here", "there", "difference"))
        assert np.array_equal(here, alone[0][name])
        assert np.array_equal(there, alone[1][name])
        assert np.allclose(difference, here - there)


def test_heads_are_sorted_by_how_much_of_their_weight_moves(run):
    beside = told(run, "--model", GPT2, ONE, "--beside", OTHER)
    sizes = [head["moved"] for head in beside["heads"]]
    assert sizes == sorted(sizes, reverse=True)
    first = beside["heads"][0]
    assert (beside["layer"], beside["head"]) == (first["layer"], first["head"])
    weights = {side: np.array(beside["weights"][side]) for side in ("here", "there")}
    apart = np.abs(weights["here"] - weights["there"]).sum(axis=1).mean() / 2
    assert first["moved"] == pytest.approx(apart)
    lines = run("--model", GPT2, ONE, "--beside", OTHER, "--plain").out.splitlines()
    table = lines.index(next(line for line in lines if line.startswith("head ")))
    named = [line.split()[0] for line in lines[table + 1 : table + 1 + len(sizes)]]
    assert named == [f"{head['layer']}.{head['head']}" for head in beside["heads"]]


def test_of_texts_of_other_lengths_what_both_begin_and_end_with_is_compared(run):
    beside = told(run, "--model", GPT2, ONE, "--beside", LONGER)
    n, other = len(beside["tokens"]), len(beside["beside"])
    assert other > n
    for place, there in enumerate(beside["places"]):
        assert there is None or beside["tokens"][place] == beside["beside"][there - 1]
    assert beside["places"][0] == 1
    assert beside["places"][-1] == other
    plain = run("--model", GPT2, ONE, "--beside", LONGER, "--plain").out
    assert "what lies between is in one text alone" in " ".join(plain.split())


def test_one_text_in_two_models(run, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    for file in (CHECKPOINTS / "gpt2").iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    same = told(run, "--model", GPT2, ONE, "--beside-model", str(other))
    assert {head["moved"] for head in same["heads"]} == {0.0}
    assert not np.array(same["weights"]["difference"]).any()


def test_a_lesson_beside_itself_as_it_was_opened(run):
    beside = told(run, "journey", "--set", "w_q[1,1]=3", "--beside-start")
    assert np.array(beside["q"]["difference"]).any()
    assert not np.array(beside["k"]["difference"]).any()
    plain = run("journey", "--set", "w_q[1,1]=3", "--beside-start", "--plain", "--stage", "3").out
    assert "Beside it: the same as it was opened" in plain
    assert "ω here − there" in plain


def test_a_training_at_two_steps(run):
    options = ("--train", "copy", "--steps", "4", "--beside-step", "0")
    beside = told(run, *options)
    assert beside["heads"][0]["moved"] > 0
    assert beside["tokens"] == beside["beside"]
    same = told(run, *options[:-1], "4")
    assert {head["moved"] for head in same["heads"]} == {0.0}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--beside", "a"), "--beside: expected --model or --train with it, found none"),
        (("--beside-model", GPT2), "--beside-model: expected --model with it, found none"),
        (("--beside-start",), "--beside-start: expected --set or --without with it, found none"),
        (("--beside-step", "3"), "--beside-step: expected --train or --model with it, found none"),
        (("--model", GPT2, ONE, "--beside-step", "3"), "--beside-step: expected --train TASK or a saved training"),
        (
            ("--train", "copy", "--steps", "2", "--beside-step", "3"),
            "--beside-step: expected a step from 0 to 2, found 3",
        ),
        (("--model", GPT2, ONE, "--beside", ""), "--beside: expected a sentence, found nothing in it"),
        (("--model", GPT2, ONE, "--beside", OTHER, "--heads"), "--beside: expected alone, or with --plain or --json"),
        (("--model", BERT, ONE, "--second", OTHER, "--beside", OTHER), "--beside: expected alone"),
        (("--model", GPT2, ONE, "--beside", OTHER, "--beside-model", GPT2), "--beside: expected alone"),
        (("--model", GPT2, "-", "--beside-model", GPT2), "--beside-model: expected a text on the line, found -"),
        (("--model", GPT2, ONE, "--beside-model", BERT), "--beside-model: expected the same tokens, found '[CLS]'"),
        (("--model", GPT2, ONE, "--beside", "42 17"), "found"),
    ],
)
def test_what_cannot_be_laid_beside_is_refused_in_one_line(run, options, problem):
    printed = run(*options, "--json")
    assert printed.status == BAD
    assert problem in printed.err
    assert len(printed.err.splitlines()) == 1


def test_a_saved_training_has_no_step_before_it_to_stand_beside(run, tmp_path):
    mine = str(tmp_path / "mine")
    assert run("--train", "copy", "--steps", "2", "--save-model", mine, "--plain").status == OK
    refused = run("--model", mine, "--beside-step", "1", "--plain")
    assert (refused.status, refused.out) == (BAD, "")
    assert refused.err == "kitten-tui: --beside-step: expected a step from 2 to 2, found 1\n"
