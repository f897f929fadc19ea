"""The lesson as text: all of it, and nothing that a terminal would obey."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitten_tui.core.settings import Settings
from kitten_tui.desk.selection import Selection
from kitten_tui.paper.plain import plain
from kitten_tui.sources.find import open_source, samples
from kitten_tui.sources.lesson import Lesson
from kitten_tui.sources.sentence import from_sentence
from kitten_tui.stages import STAGES
from kitten_tui.stages.view import View
from kitten_tui.words import LANGUAGES, Words

COVERED = """
tokens = ["a", "b"]
x = [[1, 2], [3, 4]]
own_mask = [[0, 0], [1, 1]]
[settings]
mask = "own"
[[heads]]
w_q = [[1, 0], [0, 1]]
w_k = [[1, 0], [0, 1]]
w_v = [[1, 0], [0, 1]]
"""


def lines(lesson: Lesson, language: str = "en", given: Settings | None = None, **selection: int) -> list[str]:
    view = View(lesson, given or lesson.settings, Selection(**selection))
    told = replace(lesson, title={"en": "a title"}, note={"en": "a note"}, invented=False)
    return list(plain(told, view, Words(language)))


def headings(language: str) -> list[str]:
    words = Words(language)
    return [
        words("plain.stage", number=number, name=words(f"{stage.id}.name"), formula=stage.formula)
        for number, stage in enumerate(STAGES, start=1)
    ]


def obeyed(text: str) -> list[str]:
    """The characters that a terminal does not print but obeys."""
    return [character for character in text if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", samples())
def test_every_sample_is_printed_with_its_seven_stages_in_order(name, language):
    found = lines(open_source(name), language)
    assert [line for line in found if line in headings(language)] == headings(language)


def test_title_and_notes_come_first():
    assert lines(open_source("journey"))[:2] == ["a title", "a note"]


def test_only_the_stages_asked_for_are_printed():
    view = View(open_source("journey"), Settings(), Selection())
    found = list(plain(view.source, view, Words("en"), [2, 4]))
    assert [line for line in found if line in headings("en")] == [headings("en")[2], headings("en")[4]]


def test_no_line_ends_with_a_space():
    assert [line for line in lines(open_source("journey")) if line != line.rstrip()] == []


def test_the_scores_of_the_worked_example_stand_on_the_page():
    text = "\n".join(lines(open_source("journey"), query=1, key=1))
    assert all(number in text for number in ("1.85", "1.81", "1.54"))


@pytest.mark.parametrize("mask", ["none", "causal"])
@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("text", ["one", "the cat sat", "千里之行，始于足下", "👨‍👩‍👧 e\u0301 שלום"])
def test_a_sentence_is_printed_under_every_setting(text, scale, mask):
    found = lines(from_sentence(text), given=Settings(scale=scale, mask=mask, dropout=0.5))
    assert headings("en")[-1] in found


def test_a_query_that_may_look_at_nothing_is_printed(tmp_path):
    path = tmp_path / "covered.toml"
    path.write_text(COVERED)
    found = lines(open_source(str(path)))
    assert not [line for line in found if "nan" in line]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_full_of_escapes_is_printed_without_any(language):
    found = lines(from_sentence("\x1b[31mred\x07 [red]x[/] \u202eodd \x9b1m"), language)
    assert obeyed("".join(found)) == []


def test_tokens_of_a_file_that_hold_escapes_are_printed_without_any():
    lesson = open_source("causal")
    escaping = replace(lesson.inputs, tokens=("\x1b[31m", "a\nb", "\x07", "\u202e", "\t", "{braces}"))
    assert obeyed("".join(lines(replace(lesson, inputs=escaping)))) == []


def test_a_title_and_a_note_that_hold_escapes_are_printed_without_any():
    view = View(open_source("causal"), Settings(), Selection())
    found = list(
        plain(
            replace(view.source, title={"en": "\x1b]0;title\x07"}, note={"en": "\x1b[2J\nnote"}), view, Words("en"), [0]
        )
    )
    assert obeyed("".join(found)) == []


@given(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=4))
@settings(max_examples=30)
@pytest.mark.slow
def test_any_tokens_are_printed_without_anything_a_terminal_obeys(tokens):
    lesson = from_sentence(" ".join("abcd"[: len(tokens)]))
    any_tokens = replace(lesson, inputs=replace(lesson.inputs, tokens=tuple(tokens)), invented=False)
    assert obeyed("".join(lines(any_tokens))) == []
