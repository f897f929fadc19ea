"""A walk of one's own: what is read, and what is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from walked import opened, sample

from kitten_tui.ink.told import options, question, sentence
from kitten_tui.sources.errors import SourceError
from kitten_tui.walk.guide import told
from kitten_tui.walk.reading import read_steps
from kitten_tui.words import Words

GOOD = """
[[step]]
id = "mine"
stage = "softmax"
if = ["is_sharper_without"]
do = ["scale=off"]
look = {key = "most"}
light = ["weights row"]
zh = "除以 {divisor} 时，“{most}”得到 {with_division}。"
[step.ask]
kind = "sharpness"
options = {zh = ["平", "尖", "一样"]}
zh = "变平还是变尖？"
"""


def read(folder: Path, text: str):
    path = folder / "walk.toml"
    path.write_text(text, "utf-8")
    return read_steps(path)


def test_one_language_is_enough(tmp_path: Path) -> None:
    (each,) = told(read(tmp_path, GOOD), opened(sample("journey")))
    words = Words("en")
    assert "“" in sentence(each, words)
    assert "√2" in sentence(each, words)
    assert (question(each, words), options(each, words)) == ("变平还是变尖？", ("平", "尖", "一样"))
    assert each.asked is not None
    assert each.asked.right == 1


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ('stage = "softmax"', 'stage = "softmox"', "step 1: stage: expected one of 11 names, such as softmax"),
        ('"is_sharper_without"', '"is_sharper"', "such as is_sharper_without"),
        ('"scale=off"', '"scale=0"', "step 1: do: expected scale=on or scale=off, found scale=0"),
        ('"scale=off"', '"jump"', "step 1: do: expected one of"),
        ("{divisor}", "{divisr}", "step 1: zh: expected one of"),
        ("{divisor}", "{divisor", "step 1: zh: expected braces around names alone"),
        ('key = "most"', 'kay = "most"', "step 1: look.kay: expected one of"),
        ('key = "most"', 'key = "mist"', "step 1: look.key: expected one of"),
        ('"weights row"', '"weights rows"', "step 1: light: expected one of"),
        ('["平", "尖", "一样"]', '["平"]', "ask: options.zh: expected 3 texts to choose from, found 1"),
        ('kind = "sharpness"', 'kind = "sharp"', "ask: kind: expected one of"),
        ('id = "mine"', "id = 3", "step 1: id: expected a text, found 3"),
        ('id = "mine"', 'id = "mine"\nname = "x"', "step 1: name: expected one of id, stage"),
        ('zh = "除以', 'fr = "除以', "step 1: fr: expected one of"),
        ("[[step]]", "[step]", "expected at least one table [[step]], found none"),
        ("[[step]]", "[[step", "expected valid TOML"),
    ],
)
def test_what_is_not_known_is_named_with_its_line(tmp_path: Path, was: str, now: str, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(tmp_path, GOOD.replace(was, now, 1))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    if "step 1" in said:
        assert "walk.toml: line 2: " in str(caught.value)


def test_two_steps_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="line 15: step 2: id: expected another than before, found mine"):
        read(tmp_path, GOOD + GOOD)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="expected a readable file"):
        read_steps(tmp_path / "none.toml")
