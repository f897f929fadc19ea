"""Which heads do grammar, without a screen: the table and JSON, and what is refused."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from stored import CHECKPOINTS

from kitten_tui.cli import BAD, OK
from kitten_tui.core.annotated import RELATIONS

GPT2, BERT, T5 = (str(CHECKPOINTS / name) for name in ("gpt2", "bert", "families/t5"))
ROWS = ("1\tthe\t_\t_\t_\t_\t2\tdet\t_\t_", "2\tcat\t_\t_\t_\t_\t3\tnsubj\t_\t_", "3\tran\t_\t_\t_\t_\t0\troot\t_\t_")


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.conllu"
    path.write_text("\n".join([*ROWS, "", *ROWS, ""]), encoding="utf-8")
    return path


def test_json_has_both_ways_of_each_relation(run):
    told = json.loads(run("--model", BERT, "--atlas", "--json").out)
    assert (told["text"], told["complete"], told["layers"]) == ("en", True, 2)
    relations = [(skill["relation"], skill["looks"]) for skill in told["relations"]]
    assert len(relations) == len(set(relations)) == 2 * len(RELATIONS) - 1
    for skill in told["relations"]:
        assert skill["share"] == skill["right"] / skill["pairs"]
        low, high = skill["interval"]
        assert low <= skill["share"] <= high
        beats = low > max(skill["offset_share"], skill["sink_share"])
        assert skill["does"] == (skill["better_way"] and beats)
    for relation in RELATIONS:
        assert sum(skill["better_way"] for skill in told["relations"] if skill["relation"] == relation) == 1


def test_a_table_has_a_row_for_each_relation(run):
    printed = run("--model", BERT, "--atlas")
    told = json.loads(run("--model", BERT, "--atlas", "--json").out)
    assert printed.status == OK
    headings, *rows = printed.out.splitlines()
    assert headings.split() == ["looks", "at", "head", "right", "interval", "offset", "sink", "does"]
    best = {skill["relation"]: skill for skill in told["relations"] if skill["better_way"]}
    for row, relation in zip(rows, RELATIONS, strict=False):
        skill = best[relation]
        assert f"{skill['layer']}.{skill['head']}" in row.split()
        assert f"{100 * skill['share']:.1f}" in row.split()
    assert rows[len(RELATIONS)] == ""
    assert f"{told['sentences']} sentences, {told['pairs']:,} pairs" in printed.out


def test_the_table_is_told_in_both_languages(run):
    printed = run("--model", BERT, "--atlas", "--text", "zh", "--lang", "zh")
    assert "限定词" in printed.out
    assert "程序自带的中文句子" in printed.out


def test_sentences_may_be_ones_own(run, own):
    told = json.loads(run("--model", BERT, "--atlas", "--text", str(own), "--json").out)
    assert (told["text"], told["sentences"], told["pairs"], told["left_out"]) == ("own.conllu", 2, 4, 0)
    assert {skill["relation"] for skill in told["relations"]} == {"determiner", "subject"}
    rows = run("--model", BERT, "--atlas", "--text", str(own)).out.splitlines()
    assert rows[3].split()[-5:] == ["–"] * 5


def test_a_broken_file_is_named_with_its_line(run, own):
    own.write_text("\n".join([*ROWS[:2], ROWS[2].replace("\t0\t", "\t9\t")]), encoding="utf-8")
    printed = run("--model", BERT, "--atlas", "--text", str(own))
    assert printed.status == BAD
    assert f"{own}: line 3: expected a head from 0 to 3 that is another word, found 9" in printed.err
    assert len(printed.err.splitlines()) == 1


def test_no_name_of_a_file_steers_a_terminal(run, own):
    other = own.with_name("\x1b[2J.conllu")
    own.rename(other)
    printed = run("--model", BERT, "--atlas", "--text", str(other))
    assert printed.status == OK
    assert "\x1b" not in printed.out + printed.err


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--atlas",), "--atlas: expected --model DIR with it, found none"),
        (
            ("--model", BERT, "the cat", "--atlas"),
            "--atlas: expected annotated sentences with --text FILE, found a SOURCE",
        ),
        (("--model", BERT, "--text", "zh"), "--text: expected --atlas with it, found none"),
        (("--model", BERT, "--atlas", "--lens"), "--lens: expected alone or with --json, found --atlas"),
        (("--model", BERT, "--atlas", "--head", "1"), "--atlas: expected the model as it is, found --head"),
        (("--model", BERT, "--atlas", "--second", "a"), "--atlas: expected the model as it is, found --second"),
        (("--model", BERT, "--atlas", "--by-value"), "--atlas: expected the model as it is, found --by-value"),
        (("--model", T5, "--atlas"), "--atlas: expected a model with one text, found two texts"),
        (("--model", GPT2, "--atlas", "--text", "none.conllu"), "none.conllu: No such file or directory"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(run, options, problem):
    printed = run(*options)
    assert printed.status == BAD
    assert problem in printed.err
    assert len(printed.err.splitlines()) == 1


def test_ctrl_c_keeps_the_layers_that_there_are(run, monkeypatch):
    from kitten_tui.sources.checkpoint import grammar

    through = grammar._through

    def stopped(number, *rest):
        if number == 1:
            raise KeyboardInterrupt
        return through(number, *rest)

    monkeypatch.setattr(grammar, "_through", stopped)
    printed = run("--model", BERT, "--atlas")
    assert printed.status == OK
    assert "Stopped: 1 of 2 layers were looked at." in printed.out
    told = json.loads(run("--model", BERT, "--atlas", "--json").out)
    assert (told["complete"], told["layers"]) == (False, 1)
