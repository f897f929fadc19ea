"""What the argument of the program means: a sample's name, a file, or a sentence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.find import DEFAULT, open_file, open_source, read_text, sample_names, samples
from kitten_tui.sources.lesson import Lesson
from kitten_tui.sources.sentence import tokenise

SENTENCES = [
    "hello",
    "this and/or that",
    "either / or",
    "1 / 2 cup",
    "你好 世界",
    "it ends with toml",
    "two\nlines.toml",
    "and/or",
    "他/她坐在垫子上",
    "今天是2024/05/01",
    "I opened README.md",
    "我打开了config.json",
    "my notes.txt",
    "folder\\file",
]
PATHS = [
    "nothing.toml",
    "NOTHING.TOML",
    "data.json",
    "model.safetensors",
    "/no/such",
    "./here",
    "../there",
    "~/lesson",
    "~/no such lesson",
]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_the_default_is_a_sample():
    assert DEFAULT in samples()


@pytest.mark.parametrize("name", samples())
def test_every_sample_opens_by_name(name):
    assert not open_source(name).invented


@pytest.mark.parametrize("name", samples())
def test_every_sample_begins_at_a_word_of_its_own_with_a_title_in_both_languages(name):
    lesson = open_source(name)
    assert 0 <= lesson.query < len(lesson.tokens)
    assert {"en", "zh"} <= set(lesson.title)


def test_a_file_opens_by_its_path(tmp_path):
    copy = tmp_path / "copy.toml"
    shutil.copy(samples()["causal"], copy)
    assert open_source(str(copy)).tokens == open_source("causal").tokens


def test_a_file_needs_no_suffix():
    shutil.copy(samples()["causal"], "lesson")
    assert not open_source("lesson").invented


def test_a_file_may_have_spaces_in_its_name():
    shutil.copy(samples()["causal"], "my own lesson")
    assert not open_source("my own lesson").invented


def test_the_name_of_a_sample_wins_over_a_file():
    Path(DEFAULT).write_text("no sample at all")
    assert len(open_source(DEFAULT).references) > 0


def test_a_directory_is_refused():
    Path("folder").mkdir()
    with pytest.raises(SourceError, match=r"^folder: expected a sample file, found a directory$"):
        open_source("./folder")


def test_a_word_that_is_also_a_folder_is_a_word():
    Path("hello").mkdir()
    assert open_source("hello").tokens == ("hello",)
    assert read_text("hello") == "hello"


@pytest.mark.parametrize("raw", [b"the cat", b"the cat\n", b"the cat\r\n", b"\xef\xbb\xbfthe cat\r\n", b"the cat\n\n"])
def test_the_end_of_the_last_line_and_a_byte_order_mark_are_no_text(raw):
    Path("text.txt").write_bytes(raw)
    assert read_text("text.txt") == "the cat"


def test_lines_within_a_text_stay():
    Path("text.txt").write_bytes(b"the cat\nsat\n")
    assert read_text("text.txt") == "the cat\nsat"


def test_the_error_names_the_way_out():
    with pytest.raises(SourceError, match="- reads a sentence from standard input"):
        open_source("/no such thing")
    with pytest.raises(SourceError, match="- reads a text from standard input"):
        read_text("nothing.txt")


@pytest.mark.parametrize("text", SENTENCES)
def test_words_are_a_sentence(text):
    assert open_source(text).tokens == tokenise(text)


@pytest.mark.parametrize("text", PATHS)
def test_what_looks_like_a_path_and_is_not_there_is_no_sentence(text):
    with pytest.raises(SourceError) as error:
        open_source(text)
    assert str(error.value).startswith(f"{text}: expected a file or the name of a sample (")


@pytest.mark.parametrize("text", ["/no\rsuch", "/no\x0bsuch", "/no\u2028such"], ids=ascii)
def test_the_error_about_a_path_of_two_lines_is_one_line(text):
    with pytest.raises(SourceError) as error:
        open_source(text)
    assert len(str(error.value).splitlines()) == 1


def test_the_error_lists_the_samples():
    with pytest.raises(SourceError, match=", ".join(sample_names())):
        open_source("nothing.toml")


def test_every_name_that_is_listed_opens_a_sample_and_every_sample_is_listed():
    assert {*samples(), "kitten"} == set(sample_names())
    for name in sample_names():
        assert open_source(name).origin[0] in samples()


@pytest.mark.parametrize("text", ["hello", "", "\0", "a" * 5000], ids=["word", "nothing", "null byte", "very long"])
def test_where_a_file_is_asked_for_a_sentence_is_none(text):
    with pytest.raises(SourceError, match="expected a file or the name of a sample"):
        open_file(text)


def test_an_argument_of_nothing_is_refused():
    with pytest.raises(SourceError, match="expected at least one word, found none"):
        open_source("")


def test_a_sentence_longer_than_a_file_name_may_be_is_a_sentence():
    assert len(open_source("word " * 200).tokens) == 200


def test_a_null_byte_in_a_sentence_is_left_out():
    assert open_source("one\0 two").tokens == ("one", "two")


def test_the_seed_of_a_sentence_can_be_chosen():
    assert open_source("hello", 7).settings.seed == 7


@given(st.text(max_size=20))
def test_any_argument_is_a_lesson_or_one_line(text):
    try:
        found = open_source(text)
    except SourceError as error:
        found = str(error)
    assert isinstance(found, Lesson) or "expected" in found
