"""What a model is asked without a screen: how a text goes on, what is thought on the way, what its heads change."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from stored import CHECKPOINTS

from kitten_tui.cli import BAD, OK

GPT2, BERT = str(CHECKPOINTS / "gpt2"), str(CHECKPOINTS / "bert")
STORED = json.loads((CHECKPOINTS / "generated.json").read_text())
TEXT = STORED["text"]


def test_json_has_the_tokens_that_transformers_generates(run):
    told = json.loads(run("--model", GPT2, TEXT, "--generate", "12", "--json").out)
    assert [token["id"] for token in told["generated"]] == STORED["made"]["gpt2"]["greedy"]
    assert told["drawing"] is None
    assert told["text"].startswith(TEXT)
    first = told["generated"][0]
    assert first["place"] == len(told["tokens"]) - 12 + 1
    assert first["probability"] == first["likeliest"][0]["probability"]
    assert first["token"] == first["likeliest"][0]["token"] == told["tokens"][first["place"] - 1]


def test_text_has_a_line_for_each_token(run):
    printed = run("--model", GPT2, TEXT, "--generate", "3")
    assert printed.status == OK
    text, _, headings, *rows = printed.out.splitlines()
    assert text.startswith(TEXT)
    assert headings.split() == ["token", "P", "likeliest"]
    assert [row.split()[0] for row in rows] == ["6", "7", "8"]


def test_what_is_drawn_says_how_likely_that_was(run):
    options = ("--generate", "4", "--temperature", "0.8", "--top-k", "5", "--top-p", "0.9", "--seed", "3")
    told = json.loads(run("--model", GPT2, TEXT, *options, "--json").out)
    assert told["drawing"] == {"temperature": 0.8, "top_k": 5, "top_p": 0.9, "seed": 3}
    assert all(0 < token["drawn"] <= 1 for token in told["generated"])
    assert "P drawn" in run("--model", GPT2, TEXT, *options).out


def test_it_ends_where_the_model_has_no_place_left(run):
    told = json.loads(run("--model", GPT2, TEXT, "--generate", "100", "--json").out)
    assert (len(told["tokens"]), told["stopped"]) == (32, "full")
    assert "the model has room for 32 tokens" in run("--model", GPT2, TEXT, "--generate", "100").out


def test_a_lens_has_the_likeliest_tokens_of_each_word_after_each_layer(run):
    told = json.loads(run("--model", GPT2, TEXT, "--lens", "--json").out)
    assert [layer["layer"] for layer in told["layers"]] == [0, 1, 2]
    first = [word[0]["token"] for word in told["layers"][2]["tokens"]]
    lines = run("--model", GPT2, TEXT, "--lens").out.splitlines()
    assert lines[0].split() == ["word", "before", "1", "2"]
    assert [line.split()[-2] for line in lines[1 : 1 + len(first)]] == [token.strip() for token in first]


@pytest.mark.parametrize("way", ["zero", "mean"])
def test_effects_are_sorted_by_how_far_they_move_the_next_token(run, way):
    options = ("--model", GPT2, TEXT, "--effects", "--in-place", way)
    told = json.loads(run(*options, "--json").out)
    assert (told["complete"], told["in_place"], told["query"]) == (True, way, len(told["tokens"]))
    sizes = [effect["divergence"] for effect in told["effects"]]
    assert sizes == sorted(sizes, reverse=True)
    lines = run(*options).out.splitlines()
    assert lines[0].split()[:4] == ["head", "bits", "ΔP", "cosine"]
    assert [line.split()[0] for line in lines[1:9]] == [f"{e['layer']}.{e['head']}" for e in told["effects"]]


def test_what_each_part_adds_makes_the_logit(run):
    told = json.loads(run("--model", GPT2, TEXT, "--attribution", "--json").out)
    assert sum(share["adds"] for share in told["shares"]) == pytest.approx(told["logit"], abs=1e-4)
    first, _, *rows = run("--model", GPT2, TEXT, "--attribution").out.splitlines()
    assert "part by part" in first
    assert float(rows[-3].split()[-1]) == pytest.approx(told["logit"], abs=1e-3)
    sizes = [abs(float(row.split()[-1])) for row in rows[:-3]]
    assert sizes == sorted(sizes, reverse=True)


def test_why_splits_a_score_by_where_query_and_key_come_from(run):
    options = ("--model", GPT2, TEXT, "--why", "aw:cat", "--layer", "2", "--head", "3")
    told = json.loads(run(*options, "--json").out)
    assert (told["layer"], told["head"], told["query"], told["key"]) == (2, 3, 4, 2)
    assert sum(map(sum, told["values"])) == pytest.approx(told["score"], abs=1e-4)
    assert [len(told["values"]), len(told["values"][0])] == [len(told["of_query"]), len(told["of_key"])]
    chain = json.loads(run("--model", GPT2, TEXT, "--json", "--layer", "2", "--head", "3").out)
    assert told["score"] == pytest.approx(chain["scores"][3][1], abs=1e-5)
    title, _, _corner, headings, *rows = run(*options).out.splitlines()
    assert "head 2.3" in title
    assert headings.split() == ["emb", "pos", "1", "bias", "sum"]
    assert [row.split()[0] for row in rows[:5]] == ["embedding", "position", "layer", "biases", "sum"]
    assert float(rows[4].split()[-1]) == pytest.approx(told["score"], abs=1e-3)


@pytest.mark.parametrize("pair", ["aw:cat", "aw -> cat", "4:2", "aw cat"])
def test_two_words_are_named_in_several_ways(run, pair):
    assert json.loads(run("--model", GPT2, TEXT, "--why", pair, "--json").out)["query"] == 4


def test_without_a_head_all_that_is_printed_is_of_the_model_without_it(run):
    options = ("--model", GPT2, TEXT, "--without", "1.2")
    gone = json.loads(run(*options, "--json", "--layer", "1", "--head", "2").out)
    assert not any(map(any, gone["context"]))
    own = json.loads(run("--model", GPT2, TEXT, "--json", "--layer", "2").out)
    after = json.loads(run(*options, "--json", "--layer", "2").out)
    assert after["weights"] != own["weights"]
    plain = run(*options, "--plain", "--stage", "5", "--head", "2").out
    assert "Changed: head 1.2 says nothing" in plain
    assert "Head 2 is made to say nothing" in plain
    assert "Head 1 is made" not in run(*options, "--plain", "--stage", "5", "--head", "1").out
    assert run(*options, "--heads").out != run("--model", GPT2, TEXT, "--heads").out
    assert json.loads(run(*options, "--without", "1.2", "--json", "--layer", "2").out) == after


@pytest.mark.parametrize(("way", "told"), [("zero", "says nothing"), ("mean", "says the mean")])
def test_reach_says_what_a_change_moves(run, way, told):
    options = ("--model", GPT2, TEXT, "--without", "1.2", "--in-place", way)
    reach = json.loads(run(*options, "--reach", "--json").out)
    effects = json.loads(run("--model", GPT2, TEXT, "--effects", "--in-place", way, "--json").out)["effects"]
    (effect,) = (each for each in effects if (each["layer"], each["head"]) == (1, 2))
    assert reach["divergence"] == pytest.approx(effect["divergence"], abs=1e-6)
    assert reach["likeliest"] == effect["likeliest"]
    sizes = [abs(each["now"] - each["was"]) for each in reach["heads"]]
    assert sizes == sorted(sizes, reverse=True)
    title, *_, rows = run(*options, "--reach").out.split("\n\n")
    assert told in title
    assert "of each head the weight" in rows.lower()


def test_a_model_without_a_head_stands_beside_itself_as_it_was(run):
    told = json.loads(run("--model", GPT2, TEXT, "--without", "1.2", "--beside-start", "--json").out)
    moved = {(each["layer"], each["head"]): each["moved"] for each in told["heads"]}
    assert all((moved[layer, head] > 0) == (layer == 2) for layer, head in moved)


def test_a_weight_of_a_model_is_set_on_the_line(run):
    options = ("--model", GPT2, TEXT, "--set", "w_q l2 h3[1,2]=0.5", "--set", "mask l2[5,1]")
    told = json.loads(run(*options, "--json", "--layer", "2", "--head", "3").out)
    assert told["weights"][4][0] == 0
    assert json.loads(run(*options, "--reach", "--json").out)["changes"] == ["w_q l2 h3[1,2]=0.5", "mask l2[5,1]"]


def test_effects_are_asked_of_any_word(run):
    told = json.loads(run("--model", GPT2, TEXT, "--effects", "--query", "2", "--json").out)
    assert told["query"] == 2


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--lens",), "--lens: expected --model DIR with it, found none"),
        (("--effects",), "--effects: expected --model DIR with it, found none"),
        (
            ("--model", GPT2, TEXT, "--in-place", "mean"),
            "--in-place: expected --effects or --without with it, found neither",
        ),
        (("--model", GPT2, TEXT, "--lens", "--effects"), "--lens: expected alone or with --json, found --effects"),
        (("--model", GPT2, TEXT, "--effects", "--head", "1"), "--effects: expected the model as it is, found --head"),
        (("--model", BERT, TEXT, "--generate", "3"), "--generate: expected a model that says what comes next"),
        (("--why", "a:b"), "--why: expected --model DIR with it, found none"),
        (
            ("--model", GPT2, TEXT, "--why", "cat"),
            "--why: expected two of the, cat, s, aw, the as in WORD:WORD, found cat",
        ),
        (("--model", GPT2, TEXT, "--why", ""), "--why: expected two of the"),
        (
            ("--model", GPT2, TEXT, "--why", "saw:cat", "--query", "2"),
            "--why: expected the model as it is, found --query",
        ),
        (("--model", GPT2, TEXT, "--why", "saw:cat", "--lens"), "--lens: expected alone or with --json, found --why"),
        (("--without", "1.1"), "--without: expected --model DIR with it, found none"),
        (
            ("--model", GPT2, TEXT, "--without", "3.1"),
            "--without: expected LAYER.HEAD, of 2 layers and 4 heads, found 3.1",
        ),
        (("--model", GPT2, TEXT, "--without", "1"), "--without: expected LAYER.HEAD, of 2 layers and 4 heads, found 1"),
        (
            ("--model", GPT2, TEXT, "--set", "rename[2]=dog"),
            "--set: rename[2]=dog: expected a weight such as w_q, mask or without, found rename",
        ),
        (
            ("--model", GPT2, TEXT, "--set", "w_q[1,2]="),
            "--set: w_q[1,2]=: expected a number after =, found nothing",
        ),
        (("--model", GPT2, TEXT, "--reach"), "--reach: expected --without or --set with it, found neither"),
        (
            ("--model", GPT2, TEXT, "--set", "scale=off", "--reach"),
            "--reach: expected a head, a weight or a mask changed",
        ),
        (("--model", GPT2, TEXT, "--without", "1.1", "--generate", "2"), "found one that was changed"),
        (("--model", BERT, "a", "--second", "b", "--without", "1.1"), "--without: expected a model with one text"),
        (("--generate", "3"), "--generate: expected --model DIR with it, found none"),
        (("--top-k", "3"), "--top-k: expected --model DIR with it, found none"),
        (("--model", GPT2, TEXT, "--generate", "0"), "--generate: expected a number from 1 to 100,000, found 0"),
        (("--model", GPT2, TEXT, "--generate", "3", "--heads"), "--generate: expected alone or with --json"),
        (("--model", GPT2, TEXT, "--generate", "3", "--layer", "1"), "--generate: expected the model as it is"),
        (("--model", GPT2, TEXT, "--top-p", "2"), "--top-p: expected a number above 0 and up to 1, found 2"),
    ],
)
def test_what_cannot_go_on_is_refused_in_one_line(run, options, problem):
    printed = run(*options)
    assert printed.status == BAD
    assert problem in printed.err
    assert len(printed.err.splitlines()) == 1
