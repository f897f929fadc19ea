"""Keys that are pressed without a terminal, and pictures of what they lead to."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from kitten_tui.cli import BAD, OK
from kitten_tui.commands import COMMANDS
from kitten_tui.paper.formats import FORMATS
from kitten_tui.script import is_key, read_scripts

DRAWS = [form.name for form in FORMATS if form.draws and form.name != "png"]


def words(path: Path) -> str:
    return "".join(ElementTree.fromstring(path.read_text("utf-8")).itertext())


def test_each_picture_is_of_what_the_keys_before_it_lead_to(run, tmp_path: Path) -> None:
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    ran = run("--press", "3", "--shot", str(first), "--press", "right right", "--shot", str(second), "--size", "100x30")
    assert (ran.status, ran.out, ran.err) == (OK, "", "")
    assert "ω = q · k" in words(first)
    assert "running sum" in words(second)
    assert 'viewBox="0 0 1224 744"' in first.read_text("utf-8")  # 100 × 30 cells and a margin


@pytest.mark.parametrize("form", DRAWS)
@pytest.mark.first_is_quick
def test_a_screen_is_written_in_every_format_that_draws(run, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"screen.{form}"
    assert run("--press", "4", "--shot", str(path), "--lang", "zh").status == OK
    assert "权重" in path.read_text("utf-8")


@pytest.mark.slow
def test_the_same_keys_make_the_same_picture(run, tmp_path: Path) -> None:
    pictures = [tmp_path / f"{number}.svg" for number in range(2)]
    for path in pictures:
        assert run("kitten", "--press", "2 e escape n c a t enter", "--shot", str(path)).status == OK
    assert pictures[0].read_bytes() == pictures[1].read_bytes()
    assert "cat" in words(pictures[0])


def test_a_file_of_scripts_is_played_from_its_first_to_its_last(run, tmp_path: Path) -> None:
    (tmp_path / "all.toml").write_text(
        '[[script]]\nname = "one"\nkeys = ["3"]\nsee = "scores"\n'
        '[[script]]\nname = "two"\nsource = "kitten"\nlanguage = "zh"\nkeys = "7 ]"\nmask = "causal"\n'
    )
    ran = run("--script", str(tmp_path / "all.toml"), "--shot", str(tmp_path / "{name}.svg"))
    assert (ran.status, ran.err) == (OK, "")
    assert "ω = q · k" in words(tmp_path / "one.svg")
    assert "因果掩码" in words(tmp_path / "two.svg")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--press", "3 rihgt", "--shot", "a.svg"], "--press: step 2: expected a key such as right, enter"),
        (
            ["--press", "3 q 4", "--shot", "a.svg"],
            "--press: step 3: 4: expected a screen, found that the program has ended",
        ),
        (["--press", "3"], "--press: expected --shot FILE after it, found none"),
        (["--press", "3", "--shot", "a.csv"], "a.csv: expected a name that ends in one of .svg, .html"),
        (["--press", "3", "--shot", "nowhere/a.svg"], "expected a folder that is there"),
        (["--press", "3", "--shot", "a.svg", "--plain"], "--press: expected alone, found --plain"),
        (["--press", "3", "--shot", "a.svg", "--size", "9x9"], "--size: expected columns and rows from 10x5"),
        (["--size", "80x24"], "--size: expected --press, --shot or --script with it, found none"),
        (["--script", "none.toml"], "none.toml: expected a readable file, found: No such file or directory"),
        (["--press", "wait:100", "--shot", "a.svg"], "step 1: expected a key"),
    ],
)
def test_what_cannot_be_played_is_one_line(run, tmp_path: Path, monkeypatch, asked: list[str], said: str) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run(*asked)
    assert (ran.status, ran.out) == (BAD, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ('keys = ["3", "nope"]', "step 2: expected a key"),
        ("colour = 1", "one: colour: expected one of name, keys"),
        ('size = "80"', "one: size: expected columns and rows"),
        ('stage = "nowhere"', "--stage: expected a number from 1 to 7"),
        ("keys = 3", "one: keys: expected a list of keys"),
        ('model = "nowhere"\nsource = "a"', "nowhere"),
        ('mask = "purple"', "one: argument --mask"),
        ("head = " + "1" * 5000, "expected valid TOML, found: ValueError"),
        (f"{'a.' * 60}b = 1", "expected keys of at most 50 parts"),
        ("model = true", "one: argument --model: expected one argument"),
        ('stage = {a = "\\u001b[2J"}', "--stage: expected a number from 1 to 7"),
    ],
)
def test_a_script_that_cannot_be_played_is_named(run, tmp_path: Path, script: str, said: str) -> None:
    (tmp_path / "all.toml").write_text(f'[[script]]\nname = "one"\n{script}\n')
    ran = run("--script", str(tmp_path / "all.toml"))
    assert (ran.status, ran.out) == (BAD, "")
    assert said in ran.err


@pytest.mark.slow
def test_a_step_that_never_settles_is_told_by_its_number(run, tmp_path: Path) -> None:
    ran = run("--press", "2 z", "--shot", str(tmp_path / "a.svg"), "--patience", "0.3")
    assert (ran.status, ran.out) == (BAD, "")
    assert "--press: step 2: z: expected that the screen settles within 0.3 s" in ran.err


def test_every_key_of_the_program_is_one() -> None:
    assert all(is_key(key) for command in COMMANDS for key, _ in command.keys)
    assert all(map(is_key, ("]", "?", "小", "ctrl+c", "shift+up", "F", "f1", "space")))
    assert not any(map(is_key, ("rihgt", "wait:5", "", "ctrl+", "hyper+a", " ")))


def test_the_scripts_of_the_pictures_are_read() -> None:
    scripts = read_scripts(Path(__file__).parents[1] / "snapshots" / "scripts.toml")
    assert all(script.told["see"] for script in scripts)
