"""The program without a screen: what it prints, where, and with which exit status."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest

import kitten_tui
from kitten_tui.cli import BAD, FAILED, OK, main
from kitten_tui.core.settings import Settings
from kitten_tui.options import parser
from kitten_tui.sources.find import open_source, samples
from kitten_tui.sources.sentence import tokenise
from kitten_tui.stages import STAGES
from kitten_tui.words import Words

ESCAPES = "\x1b[31mred\x07 [red]x[/]"
ENDLESS = "9" * 5000
BAD_USAGE = [
    ("stage above", ["--stage", "8"], "--stage: expected a number from 1 to 7 or one of vectors,"),
    ("stage 0", ["--stage", "0"], "--stage: expected a number from 1 to 7"),
    ("stage unknown", ["--stage", "softmaxx"], "found softmaxx"),
    ("stage of another alphabet", ["--stage", "³"], "--stage: expected a number from 1 to 7"),
    ("stage endless", ["--stage", ENDLESS], "--stage: expected a number from 1 to 7"),
    ("head 0", ["--head", "0"], "--head: expected a number from 1 to 3, found 0"),
    ("head above", ["--head", "4"], "--head: expected a number from 1 to 3, found 4"),
    ("head as a word", ["--head", "one"], "argument --head: invalid int value: 'one'"),
    ("layer above", ["--layer", "2"], "--layer: expected a number from 1 to 1, found 2"),
    (
        "query unknown",
        ["--query", "nobody"],
        "--query: expected one of Your, journey, starts, with, one, step or a number",
    ),
    ("query above", ["--query", "7"], "number from 1 to 6, found 7"),
    ("query empty", ["--query", ""], "--query: expected one of"),
    ("query endless", ["--query", ENDLESS], "--query: expected one of"),
    ("query with escapes", ["--query", "\x1b[31m\nred"], "--query: expected one of"),
    ("mask unknown", ["--mask", "future"], "argument --mask: invalid choice: 'future'"),
    ("mask the lesson has not", ["--mask", "own"], "--mask: expected one of none, causal for this source, found own"),
    ("dropout 1", ["--dropout", "1"], "dropout: expected a rate from 0 to below 1, found 1.0"),
    ("dropout nan", ["--dropout", "nan"], "dropout: expected a rate from 0 to below 1, found nan"),
    ("dropout as a word", ["--dropout", "half"], "argument --dropout: invalid float value: 'half'"),
    ("seed negative", ["--seed", "-1"], "seed: expected a whole number from 0 to 2³² − 1, found -1"),
    ("seed too large", ["--seed", "4294967296"], "seed: expected a whole number from 0 to 2³² − 1, found 4294967296"),
    ("seed of a sentence too large", ["a cat", "--seed", "4294967296"], "seed: expected a whole number from 0"),
    ("language unknown", ["--lang", "fr"], "argument --lang: invalid choice: 'fr'"),
    ("two papers", ["--json", "--plain"], "not allowed with argument"),
    ("unknown option", ["--nope"], "unrecognized arguments: --nope"),
    ("two sources", ["one", "two"], "unrecognized arguments: two"),
    ("option with two dashes", ["--head=--"], "--head: expected a value, found --"),
    ("option without value", ["--head"], "argument --head: expected one argument"),
    ("missing file", ["nothing.toml"], "nothing.toml: expected a file or the name of a sample"),
    ("missing path", ["/no/such"], "/no/such: expected a file or the name of a sample"),
    ("no sentence", [""], "sentence: expected at least one word, found none"),
    ("too many words", ["word " * 257], "sentence: expected at most 256 words, found 257"),
]
bad_usage = pytest.mark.parametrize(
    ("argv", "fragment"), [pytest.param(argv, fragment, id=name) for name, argv, fragment in BAD_USAGE]
)
HEADLESS = [["--json"], ["--plain"], ["--check"], ["--help"], ["--head", "9"]]


def controls(text: str) -> set[str]:
    return {character for character in text if unicodedata.category(character) == "Cc"} - {"\n"}


def headings(out: str, language: str = "en") -> list[int]:
    """The numbers of the stages that are printed, in order."""
    words = Words(language)
    known = {
        words("plain.stage", number=number, name=words(f"{stage.id}.name"), formula=stage.formula): number
        for number, stage in enumerate(STAGES, start=1)
    }
    return [known[line] for line in out.splitlines() if line in known]


@pytest.fixture
def altered(tmp_path) -> str:
    """A copy of the sample journey with one published digit changed."""
    text = samples()["journey"].read_text(encoding="utf-8")
    copy = tmp_path / "altered.toml"
    assert text.count("[0.230914, 1.09661]") == 1
    copy.write_text(text.replace("[0.230914, 1.09661]", "[0.230924, 1.09661]"), encoding="utf-8")
    return str(copy)


@bad_usage
def test_bad_usage_is_said(run, argv, fragment):
    assert fragment in run(*argv).err


@bad_usage
def test_bad_usage_is_one_clean_line_and_status_2(run, argv, fragment):
    ran = run(*argv)
    assert (ran.status, ran.out, ran.err.count("\n"), controls(ran.err)) == (BAD, "", 1, set())


@pytest.mark.parametrize(
    "argv", [[], ["--plain"], ["--json"], ["--check"], ["--help"], ["--version"], ["a cat"]], ids=str
)
def test_what_can_be_done_ends_with_status_0_and_no_error(run, argv):
    ran = run(*argv)
    assert (ran.status, ran.err) == (OK, "")


def test_a_token_that_stands_there_twice_is_named_as_on_the_screen(run):
    said = run("the cat saw the cat", "--query", "dog").err
    assert "--query: expected one of the#1, cat#2, saw, the#4, cat#5 or a number" in said


def test_without_a_terminal_the_lesson_is_printed(run):
    assert run().out == run("--plain").out


def test_version_is_the_version_of_the_package(run):
    assert run("--version").out == f"kitten-tui {kitten_tui.__version__}\n"


@pytest.mark.parametrize(
    "option",
    ["--json", "--plain", "--check", "--stage", "--head", "--query", "--no-scale", "--mask", "--seed", "--lang"],
)
def test_help_names_every_option(run, option):
    assert option in run("--help").out


def test_json_is_one_line(run):
    assert run("--json").out.count("\n") == 1


def test_json_counts_layer_and_head_from_1(run):
    found = json.loads(run("--json", "--head", "2").out)
    assert (found["layer"], found["head"]) == (1, 2)


def test_json_has_the_settings_that_were_asked_for(run):
    found = json.loads(run("--json", "--no-scale", "--mask", "causal", "--dropout", "0.5", "--seed", "7").out)
    asked = {"scale": False, "mask": "causal", "dropout": 0.5, "seed": 7}
    assert asked.items() <= found["settings"].items()


def test_json_begins_with_the_settings_of_the_sample(run):
    assert json.loads(run("causal", "--json").out)["settings"]["mask"] == "causal"


def test_an_option_wins_over_the_settings_of_the_sample(run):
    assert json.loads(run("causal", "--json", "--mask", "none").out)["settings"]["mask"] == "none"


def test_json_has_null_where_the_future_is_covered(run):
    masked = json.loads(run("--json", "--mask", "causal").out)["masked"]
    assert [[number is None for number in row] for row in masked] == np.triu(np.ones((6, 6), bool), k=1).tolist()


@pytest.mark.parametrize("name", ["q", "scores", "weights", "dropped", "context"])
def test_json_has_every_digit_of_the_head_that_was_asked_for(run, name):
    found = json.loads(run("--json", "--head", "3", "--dropout", "0.1").out)
    trace = open_source("journey").trace(0, 2, Settings(dropout=0.1))
    assert np.array_equal(np.array(found[name]), trace[name])


def test_json_of_a_sentence_has_its_tokens(run):
    assert json.loads(run("--json", "this and/or that").out)["tokens"] == ["this", "and", "/", "or", "that"]


def test_another_seed_changes_the_matrices_of_a_sentence_and_not_its_vectors(run):
    one, other = (json.loads(run("--json", "a cat", "--seed", seed).out) for seed in "12")
    assert (one["embedding"] == other["embedding"], one["q"] == other["q"]) == (True, False)


def test_plain_has_all_seven_stages_in_order(run):
    assert headings(run("--plain").out) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(("asked", "number"), [("3", 3), ("scores", 3), ("7", 7), ("heads", 7)])
def test_plain_with_a_stage_has_only_it(run, asked, number):
    assert headings(run("--plain", "--stage", asked).out) == [number]


def test_plain_begins_with_the_title(run):
    assert run("--plain").out.startswith("Your journey starts with one step\n")


def test_plain_of_a_sentence_says_that_the_numbers_are_invented(run):
    said = Words("en")("invented_note", seed=7).split()[:5]
    assert " ".join(said) in run("a cat", "--plain", "--seed", "7").out


@pytest.mark.parametrize("language", ["en", "zh"])
def test_plain_obeys_no_escape_in_the_sentence(run, language):
    assert controls(run("--plain", "--lang", language, ESCAPES).out) == set()


def test_plain_takes_no_markup_from_the_sentence(run):
    assert "[ red ] x [ / ]" in run("--plain", ESCAPES).out


def test_plain_speaks_the_language_asked_for(run):
    out = run("--plain", "--lang", "zh").out
    assert (out.startswith("千里之行，始于足下\n"), headings(out, "zh")) == (True, [1, 2, 3, 4, 5, 6, 7])


@pytest.mark.parametrize(("variable", "value"), [("LANG", "zh_CN.UTF-8"), ("LC_ALL", "zh"), ("LC_MESSAGES", "zh_TW")])
def test_plain_speaks_the_language_of_the_environment(run, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    assert headings(run("--plain").out, "zh") == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("query", ["starts", "3"])
def test_the_query_is_a_token_or_its_number(run, query):
    assert run("--plain", "--stage", "3", "--query", query).out != run("--plain", "--stage", "3").out
    assert run("--query", query).out == run("--query", "starts").out


@pytest.mark.parametrize("name", samples())
@pytest.mark.first_is_quick
def test_the_check_of_every_sample_passes(run, name):
    assert run(name, "--check").status == OK


def test_the_check_of_an_altered_reference_fails_with_status_1(run, altered):
    assert run(altered, "--check").status == FAILED


def test_the_check_names_the_one_that_failed(run, altered):
    failed = [line for line in run(altered, "--check").out.splitlines() if line.startswith(Words("en")("check.failed"))]
    assert len(failed) == 1
    assert "q of head 1, Raschka, chapter 3" in failed[0]


def test_an_altered_reference_is_still_a_lesson(run, altered):
    assert run(altered, "--plain").status == OK


@pytest.mark.parametrize("option", ["--json", "--plain", "--check"])
def test_a_file_is_a_source_like_its_sample(run, tmp_path, option):
    copy = tmp_path / "copy.toml"
    copy.write_bytes(samples()["causal"].read_bytes())
    assert run(str(copy), option).out == run("causal", option).out


def test_a_file_with_a_mistake_is_one_line_and_status_2(run, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text('tokens = ["a"]\nx = [[1, nan]]\n')
    ran = run(str(path))
    expected = f"kitten-tui: {path}: x[1][2]: expected a number within ±1e+09, found nan\n"
    assert (ran.status, ran.out, ran.err) == (BAD, "", expected)


def test_a_file_with_a_number_that_no_float_can_hold_is_one_line_and_status_2(run, tmp_path):
    path = tmp_path / "huge.toml"
    text = samples()["causal"].read_text(encoding="utf-8")
    path.write_text(text.replace("[settings]", "[settings]\ndropout = 1" + "0" * 400), encoding="utf-8")
    ran = run(str(path))
    assert (ran.status, ran.out, ran.err.count("\n")) == (BAD, "", 1)


def test_a_key_that_holds_an_escape_is_shown_without_it(run, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text('"\\u001b[31m\\nred" = 1\n')
    err = run(str(path)).err
    assert (controls(err), err.count("\n")) == (set(), 1)


def test_a_dash_is_the_sentence_on_standard_input(run, type_in):
    type_in("千里 one-way\n".encode())
    assert json.loads(run("-", "--json").out)["tokens"] == list(tokenise("千里 one-way"))


def test_standard_input_is_always_a_sentence_even_where_a_sample_has_that_name(run, type_in):
    type_in(b"journey\n")
    assert json.loads(run("-", "--json").out)["tokens"] == ["journey"]


def test_a_byte_order_mark_on_standard_input_is_no_word(run, type_in):
    type_in("\ufeffone two".encode())
    assert json.loads(run("-", "--json").out)["tokens"] == ["one", "two"]


@pytest.mark.parametrize(
    ("raw", "fragment"),
    [
        (b"", "sentence: expected at least one word, found none"),
        (b" \n\t", "sentence: expected at least one word, found none"),
        (b"caf\xe9", "-: expected UTF-8, found byte 0xe9 at position 3"),
        (b"a" * 100_001, "-: expected a sentence of at most 100,000 bytes, found more"),
    ],
    ids=["nothing", "spaces", "Latin-1", "too long"],
)
def test_a_standard_input_that_is_no_sentence_is_refused(run, type_in, raw, fragment):
    type_in(raw)
    ran = run("-")
    assert (ran.status, ran.err) == (BAD, f"kitten-tui: {fragment}\n")


def test_a_closed_standard_input_is_refused_in_one_line(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    ran = run("-")
    assert (ran.status, ran.err.count("\n")) == (BAD, 1)


def test_the_reader_of_the_pipe_may_leave():
    process = program("--plain", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), err) == (OK, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk to write to")
def test_a_full_disk_is_said_without_a_traceback():
    with open("/dev/full", "wb") as full:
        process = program("--plain", stdout=full, stderr=subprocess.PIPE)
    _, err = process.communicate()
    assert b"Traceback" not in err


@pytest.mark.parametrize("option", ["--plain", "--json", "--help"])
@pytest.mark.first_is_quick
def test_a_closed_standard_output_is_no_traceback(option):
    shell = f'exec "{sys.executable}" -m kitten_tui {option} >&-'
    ran = subprocess.run(["sh", "-c", shell], capture_output=True, check=False)
    assert b"Traceback" not in ran.stderr


def test_a_terminal_that_cannot_write_chinese_gets_codes(monkeypatch):
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    status = main(["--plain", "千里"])
    narrow.flush()
    assert (status, b"\\u5343" in narrow.buffer.getvalue()) == (OK, True)


@pytest.mark.parametrize("argv", HEADLESS, ids=str)
@pytest.mark.first_is_quick
def test_what_needs_no_screen_imports_no_textual(argv):
    code = "import sys; from kitten_tui.cli import main; main(sys.argv[1:]); sys.exit('textual' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, check=False)
    assert (ran.returncode, b"Traceback" in ran.stderr) == (0, False)


def test_importing_the_package_costs_no_numpy():
    code = "import kitten_tui, kitten_tui.cli, sys; sys.exit('numpy' in sys.modules or 'rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def program(*argv: str, **streams) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-m", "kitten_tui", *argv], stdin=subprocess.DEVNULL, **streams)


def test_the_help_has_every_option_in_a_group_and_the_exit_statuses() -> None:
    options = parser()
    titles = {action.dest: group.title for group in options._action_groups for action in group._group_actions}
    assert {dest for dest, title in titles.items() if title == "options"} == {"help", "version"}
    said = " ".join(options.format_help().split())
    assert all(f"{status}" in said.split("Exit status:")[1] for status in (OK, FAILED, BAD, 130))


CONFIGS = {
    'language = "de"': "language: expected one of en, zh, found 'de'",
    "theme = 3": "theme: expected the name of a theme, found 3",
    'colour = "red"': "colour: expected one of language, theme",
    "language": "expected valid TOML",
    "a = " + "1" * 5000: "expected valid TOML, found: ValueError",
    f"{'a.' * 60}b = 1": "expected keys of at most 50 parts",
}


def configured(folder: Path, text: str) -> Path:
    path = folder / "kitten-tui" / "config.toml"
    path.parent.mkdir()
    path.write_text(text)
    return path


def test_a_config_file_says_what_the_command_line_does_not(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    configured(tmp_path, 'language = "zh"\n')
    assert main(["journey", "--plain", "--stage", "1"]) == OK
    assert Words("zh")("vectors.name") in capsys.readouterr().out
    assert main(["journey", "--plain", "--stage", "1", "--lang", "en"]) == OK
    assert Words("en")("vectors.name") in capsys.readouterr().out


@pytest.mark.parametrize("text", CONFIGS)
def test_what_is_wrong_in_a_config_file_is_named(text, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = configured(tmp_path, text)
    assert main(["journey", "--plain"]) == BAD
    said = capsys.readouterr().err
    assert str(path) in said
    assert CONFIGS[text] in said
    assert said.count("\n") == 1
