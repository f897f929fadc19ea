"""What a source says about itself: what is invented, what is wrong, and where."""

from __future__ import annotations

import numpy as np
import pytest

from kitten_tui.ink.about import MOST_FAULTS, fault_lines, notes_of, sentence
from kitten_tui.sources.find import open_source
from kitten_tui.sources.recording import Recording
from kitten_tui.words import LANGUAGES, Words

TOKENS = ("the", "cat", "sat")

every_language = pytest.mark.parametrize("language", LANGUAGES)


@every_language
def test_each_fault_is_told_with_its_place(language: str) -> None:
    weights, v = np.full((2, 1, 3, 3), 1.0 / 3.0), np.ones((2, 1, 3, 2))
    weights[0, 0, 0, 1] = np.nan
    weights[0, 0, 1] = -0.5, 1.0, 0.5
    weights[0, 0, 2] *= 2.0
    v[1, 0, 1, 1] = np.inf
    source, words = Recording({"weights": weights, "v": v}, TOKENS), Words(language)
    assert list(fault_lines(source, source.record, words)) == [
        words("fault.nan", layer=1, head=1, name="α", token="the", value="nan", at="cat"),
        words("fault.negative", layer=1, head=1, token="cat", value="-0.5", at="the"),
        words("fault.sum", layer=1, head=1, token="sat", value="2"),
        words("fault.nan", layer=2, head=1, name="v", token="cat", value="inf", at="d2"),
    ]


@every_language
@pytest.mark.parametrize("rows", [MOST_FAULTS - 1, MOST_FAULTS, MOST_FAULTS + 1, MOST_FAULTS + 4])
def test_of_many_faults_the_first_are_told_and_the_others_counted(rows: int, language: str) -> None:
    source = Recording({"weights": np.full((1, 1, rows, rows), 2.0 / rows)}, [f"t{row}" for row in range(rows)])
    words = Words(language)
    told = list(fault_lines(source, source.record, words))
    others = rows - MOST_FAULTS
    assert [f"t{row}" in line for row, line in enumerate(told[:MOST_FAULTS])] == [True] * min(rows, MOST_FAULTS)
    assert told[MOST_FAULTS:] == ([words("fault.more", count=others)] if others > 0 else [])


@every_language
def test_words_whose_vectors_are_made_up_are_named(language: str) -> None:
    words, lesson = Words(language), open_source("journey")
    assert lesson.editor is not None
    one = lesson.editor.insert_token(1, "zebra")
    assert notes_of(one, one.settings, words) == (words("invented_words", tokens="zebra", count=1),)
    two = one.editor.insert_token(4, "ape")
    assert notes_of(two, two.settings, words) == (words("invented_words", tokens="ape, zebra", count=2),)


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (("the", "cat"), "the cat"),
        (("小", "猫"), "小猫"),
        (("the", "猫"), "the猫"),
        (("猫", "sat"), "猫sat"),
        (("the", "A猫"), "the A猫"),
        (("猫A", "sat"), "猫A sat"),
    ],
)
def test_no_space_stands_beside_a_chinese_character_and_one_between_all_others(
    tokens: tuple[str, ...], text: str
) -> None:
    assert sentence(tokens) == text
