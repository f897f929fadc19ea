"""A walk of one's own: what is read, and what is refused in one line."""

from __future__ import annotations

import unicodedata
from itertools import product
from pathlib import Path
from time import process_time

import pytest
from walked import opened, sample

from kitten_tui.cli import BAD, main
from kitten_tui.ink.told import options, question, sentence
from kitten_tui.sources.errors import SourceError
from kitten_tui.stages import STAGES
from kitten_tui.walk.guide import told
from kitten_tui.walk.places import PLACES
from kitten_tui.walk.reading import AXES, read_steps
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
        ('key = "most"', "key = 1", "step 1: look.key: expected one of"),
        ('key = "most"', 'key = ["most"]', "step 1: look.key: expected one of"),
        (
            "{divisor}",
            "{divisor:>99999999}",
            "step 1: zh: expected braces around names alone, found {divisor:>99999999}",
        ),
        ("{divisor}", "{divisor!r}", "step 1: zh: expected braces around names alone, found {divisor!r}"),
        ("{divisor}", "{divisor:{most}|b}", "step 1: zh: expected braces around names alone"),
        ("{divisor}", "{divisor.real}", "step 1: zh: expected one of"),
        ("{divisor}", "{}", "step 1: zh: expected one of"),
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


def test_what_a_teacher_wrote_steers_no_terminal(tmp_path: Path) -> None:
    text = GOOD.replace("除以", "\\u001b]52;c;aGk=\\u0007[/]\\u202e").replace('"平"', '"\\n\\u009b2J"')
    (each,) = told(read(tmp_path, text), opened(sample("journey")))
    words = Words("zh")
    said = [sentence(each, words), question(each, words), *options(each, words)]
    assert "[/]" in said[0]
    assert not any(unicodedata.category(sign) in ("Cc", "Cf") for line in said for sign in line)


def test_a_place_that_the_source_does_not_have_leaves_the_step_out(tmp_path: Path) -> None:
    """The last of six words is no dimension of three."""
    step = '[[step]]\nid = "{0}.{1}.{2}"\nstage = "{2}"\nlook = {{{0} = "{1}"}}\nen = "x"\n'
    every = product(AXES, PLACES, (stage.id for stage in STAGES))
    text = "".join(step.format(*names) for names in every)
    view = opened(sample("journey"))
    steps = told(read(tmp_path, text), view)
    assert len(steps) > 100
    for each in steps:
        assert each.page.sheet.bands
        assert each.page.derivation is None or each.page.derivation.value is not None


@pytest.mark.slow
def test_many_steps_are_read_at_once(tmp_path: Path) -> None:
    step = '[[step]]\nid = "{number}"\nstage = "scores"\nen = "x"\n'
    text = "".join(step.format(number=number) for number in range(20_000))
    begun = process_time()
    assert len(read(tmp_path, text)) == 20_000
    assert process_time() - begun < 10.0


@pytest.mark.parametrize("paper", ["--plain", "--json", "--check"])
def test_steps_of_ones_own_are_not_left_out_without_a_word(capsys, paper):
    assert main([paper, "--walk-file", "nowhere.toml"]) == BAD
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (
        "",
        "kitten-tui: --walk-file: expected --walk with it where there is no screen, found none\n",
    )
