"""A saved lesson opens again to the same bits, is there whole or not at all, and takes nobody's place unasked."""

from __future__ import annotations

import os
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kitten_tui.core.cell import Cell
from kitten_tui.core.inputs import HeadWeights, Inputs, fixed
from kitten_tui.core.settings import Settings
from kitten_tui.paper.sample import save, to_toml
from kitten_tui.sources.errors import ExistsError, SourceError
from kitten_tui.sources.find import open_source, samples
from kitten_tui.sources.lesson import Lesson
from kitten_tui.sources.sample import MAX_NUMBER, read_sample
from kitten_tui.sources.sentence import from_sentence

HOSTILE = [
    '"',
    "'",
    '"""',
    "\\",
    "\\u0041",
    "\\\n",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\u2028",
    "\u202e",
    "\ufeff",
    "\ufffe",
    "\U0010ffff",
    "👨‍👩‍👧‍👦",
    "🏴\U000e0067\U000e007f",
    "é",
    "e\u0301",
    "#",
    "]",
    "{braces}",
    " ",
    "猫",
]


def edited() -> Lesson:
    """A lesson that has been through every edit, with biases, an own mask, and numbers of many digits."""
    lesson = open_source("journey")
    biased = replace(lesson.inputs.heads[0], b_q=fixed([0.1, -0.0]), b_v=fixed([1 / 3, 5e-324]))
    inputs = replace(lesson.inputs, heads=(biased, *lesson.inputs.heads[1:]), b_o=fixed([1e9, -1e9, 1e-7]))
    lesson = replace(lesson, inputs=inputs).editor.redraw(5, "linear")
    lesson = lesson.editor.insert_token(2, 'a "new" one').editor.swap_tokens(3)
    lesson = lesson.editor.change_number(Cell("embedding", (0, 1)), 0.1 + 0.2)
    return lesson.editor.toggle_mask_cell(Settings(mask="causal"), 0, 1)[0]


LESSONS = {
    **{name: open_source(name) for name in samples()},
    "sentence": from_sentence("the cat saw the dog", 9),
    "one word": from_sentence("alone"),
    "many words": from_sentence("word " * 256),
    "edited": edited(),
    "hostile": replace(from_sentence("a " * len(HOSTILE)), title={"en": "".join(HOSTILE)}),
}
LESSONS["hostile"] = replace(
    LESSONS["hostile"],
    inputs=replace(LESSONS["hostile"].inputs, tokens=tuple(HOSTILE)),
    note={"zh": "\n".join(HOSTILE), 'a "language"': "", "": "none"},
)
each_lesson = pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)


def bits(inputs: Inputs | HeadWeights) -> list[object]:
    """Everything in it, arrays with their shapes and kinds to the last bit."""
    values = [getattr(inputs, field.name) for field in fields(inputs) if field.name != "heads"]
    return [(v.shape, v.dtype, v.tobytes()) if isinstance(v, np.ndarray) else v for v in values]


def everything(lesson: Lesson) -> list[object]:
    return [
        bits(lesson.inputs),
        [bits(head) for head in lesson.inputs.heads],
        (dict(lesson.title), dict(lesson.note), lesson.settings, lesson.query, lesson.invented),
        [
            (of.source, of.head, of.settings, of.tolerance, {key: v.tobytes() for key, v in of.values.items()})
            for of in lesson.references
        ],
    ]


def saved(lesson: Lesson, path: Path, settings: Settings | None = None, query: int | None = None) -> Lesson:
    """The lesson, saved and opened again."""
    settings = lesson.settings if settings is None else settings
    save(lesson, settings, lesson.query if query is None else query, path, overwrite=True)
    return read_sample(path)


def refused(*arguments, **options) -> str:
    with pytest.raises(SourceError) as error:
        save(*arguments, **options)
    message = str(error.value)
    assert len(message.splitlines()) == 1
    assert "expected" in message
    assert "found" in message
    return message


@pytest.fixture
def kitten() -> tuple[Lesson, Settings, int]:
    lesson = LESSONS["kitten-en"]
    return lesson, lesson.settings, lesson.query


# --- the same bits


@each_lesson
def test_a_saved_lesson_opens_to_the_same_bits(lesson, tmp_path):
    assert everything(saved(lesson, tmp_path / "lesson.toml")) == everything(lesson)


@each_lesson
def test_a_lesson_saved_twice_is_the_same_file(lesson, tmp_path):
    path = tmp_path / "lesson.toml"
    again = saved(lesson, path)
    assert to_toml(again, again.settings, again.query) == path.read_text(encoding="utf-8")


@each_lesson
def test_everything_that_follows_is_the_same(lesson, tmp_path):
    settings = Settings(scale=False, mask="causal", dropout=0.25, seed=3)
    again = saved(lesson, tmp_path / "lesson.toml", settings)
    one, other = (of.trace(0, of.n_heads - 1, settings) for of in (lesson, again))
    assert one["context"].tobytes() == other["context"].tobytes()
    assert again.joined(0, settings)["concat"].tobytes() == lesson.joined(0, settings)["concat"].tobytes()


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5), st.data())
@example(["\r\n"], None)
def test_any_tokens_open_again(tmp_path_factory, tokens, data):
    lesson = from_sentence("a " * len(tokens))
    lesson = replace(lesson, inputs=replace(lesson.inputs, tokens=tuple(tokens)))
    query = 0 if data is None else data.draw(st.integers(0, len(tokens) - 1))
    again = saved(lesson, tmp_path_factory.getbasetemp() / "any.toml", query=query)
    assert (again.tokens, again.query) == (tuple(tokens), query)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3))
def test_any_texts_open_again(tmp_path_factory, texts):
    lesson = replace(from_sentence("a cat"), title=texts, note=texts)
    again = saved(lesson, tmp_path_factory.getbasetemp() / "any.toml")
    assert (again.title, again.note) == (texts, texts)


@given(st.lists(st.floats(-MAX_NUMBER, MAX_NUMBER), min_size=4, max_size=4))
def test_any_numbers_open_again(tmp_path_factory, row):
    lesson = from_sentence("a cat")
    for column, value in enumerate(row):
        lesson = lesson.editor.change_number(Cell("embedding", (1, column)), value)
    again = saved(lesson, tmp_path_factory.getbasetemp() / "any.toml")
    assert bits(again.inputs) == bits(lesson.inputs)


@given(
    st.builds(
        Settings,
        scale=st.booleans(),
        mask=st.sampled_from(["none", "causal", "own"]),
        dropout=st.floats(0, 1, exclude_max=True),
        seed=st.integers(0, 2**32 - 1),
    )
)
def test_any_settings_open_again(tmp_path_factory, settings):
    assert saved(LESSONS["edited"], tmp_path_factory.getbasetemp() / "any.toml", settings).settings == settings


def test_a_rate_of_numpy_opens_again(tmp_path):
    settings = Settings(dropout=np.float64(0.1))
    assert saved(LESSONS["kitten-en"], tmp_path / "lesson.toml", settings).settings == settings


def test_references_keep_the_settings_they_were_published_for(tmp_path):
    again = saved(LESSONS["journey"], tmp_path / "lesson.toml", Settings(scale=False, dropout=0.5, seed=1))
    assert [of.settings for of in again.references] == [of.settings for of in LESSONS["journey"].references]


def test_invented_numbers_stay_marked_as_invented(tmp_path):
    assert saved(LESSONS["sentence"], tmp_path / "lesson.toml").invented
    assert not saved(LESSONS["journey"], tmp_path / "lesson.toml").invented


def test_a_mask_cell_that_was_toggled_is_still_toggled(tmp_path):
    lesson, settings = LESSONS["sentence"].editor.toggle_mask_cell(Settings(mask="causal"), 0, 3)
    again = saved(lesson, tmp_path / "lesson.toml", settings)
    assert again.settings.mask == "own"
    assert again.trace(0, 0, again.settings)["allowed"][0].tolist() == [True, False, False, True, False]


# --- the text


def test_the_file_is_written_to_be_read(tmp_path):
    """One row of numbers a line; what cannot be seen is an escape; heads are counted."""
    inputs = Inputs(
        tokens=("the", "ki\u200dtten", 'a "b" \\'),
        x=fixed([[0.1, 2], [-3.5, 1e-7], [0, -0.0]]),
        heads=(HeadWeights(w_q=fixed([[1], [2]]), w_k=fixed([[3], [4]]), w_v=fixed([[5], [6]]), b_k=fixed([7])),),
        own_mask=np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]], dtype=bool),
    )
    lesson = Lesson(inputs, title={"en": "Two\nlines"}, invented=True)
    assert to_toml(lesson, Settings(mask="own", dropout=0.5), 2) == (
        r"""title.en = "Two\nlines"
invented = true

tokens = ["the", "ki\u200Dtten", "a \"b\" \\"]

x = [
  [0.1, 2.0],
  [-3.5, 1e-07],
  [0.0, -0.0],
]

own_mask = [
  [1, 0, 0],
  [1, 1, 0],
  [0, 0, 1],
]

[settings]
scale = true
mask = "own"
dropout = 0.5
seed = 123
query = 3

[[heads]]  # 1
w_q = [
  [1.0],
  [2.0],
]
w_k = [
  [3.0],
  [4.0],
]
w_v = [
  [5.0],
  [6.0],
]
b_k = [7.0]
"""
    )


def test_many_tokens_stand_eight_on_a_line():
    text = to_toml(LESSONS["long"], Settings(), 0)
    assert '  "The", "little", "kitten", "looked", "at", "everything", ",", "but",\n' in text


@each_lesson
def test_the_file_holds_nothing_that_a_terminal_obeys(lesson):
    text = to_toml(lesson, lesson.settings, lesson.query)
    assert not [c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u2028\u202e\ufeff")]


@each_lesson
def test_the_file_is_plain_toml(lesson):
    assert tomllib.loads(to_toml(lesson, lesson.settings, lesson.query))["tokens"] == list(lesson.tokens)


@pytest.mark.parametrize(("text", "marked"), [("", False), ("invented = false\n", False), ("invented = true\n", True)])
def test_a_sample_may_say_that_its_numbers_are_invented(tmp_path, text, marked):
    path = tmp_path / "lesson.toml"
    path.write_text(text + to_toml(LESSONS["journey"], Settings(), 0), encoding="utf-8")
    assert read_sample(path).invented is marked


@pytest.mark.parametrize(
    ("value", "found"), [("1", "the number 1"), ('"yes"', "the string 'yes'"), ('["kitten"]', "a list")]
)
def test_invented_are_all_numbers_none_or_those_of_words(tmp_path, value, found):
    path = tmp_path / "lesson.toml"
    path.write_text(f"invented = {value}\n" + to_toml(LESSONS["journey"], Settings(), 0), encoding="utf-8")
    with pytest.raises(SourceError) as error:
        read_sample(path)
    assert (
        str(error.value) == f"{path}: invented: expected true, false or a list of words of the sentence, found {found}"
    )


def test_words_whose_vectors_were_made_up_are_kept(tmp_path):
    path = tmp_path / "lesson.toml"
    renamed = LESSONS["journey"].editor.rename_token(1, "kitten")
    assert (renamed.spelled, renamed.invented, renamed.invented_tokens) == ({"kitten"}, False, {"kitten"})
    path.write_text(to_toml(renamed, Settings(), 0), encoding="utf-8")
    assert read_sample(path).spelled == {"kitten"}
    assert renamed.editor.rename_token(1, "one").spelled == set()


# --- whole or not at all


def test_a_file_that_is_there_is_not_overwritten_unasked(tmp_path, kitten):
    path = tmp_path / "mine.toml"
    path.write_text("mine")
    with pytest.raises(ExistsError):
        save(*kitten, path)
    assert refused(*kitten, path) == f"{path}: expected the name of a new file, found one that is there already"
    assert (path.read_text(), os.listdir(tmp_path)) == ("mine", ["mine.toml"])


def test_a_file_that_is_there_is_overwritten_when_asked(tmp_path, kitten):
    path = tmp_path / "mine.toml"
    path.write_text("mine")
    save(*kitten, path, overwrite=True)
    assert everything(read_sample(path)) == everything(kitten[0])
    assert os.listdir(tmp_path) == ["mine.toml"]


@pytest.mark.parametrize("step", ["replace", "fsync"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), OSError("no reason"), KeyboardInterrupt()])
@pytest.mark.parametrize("before", ["mine", None])
def test_what_fails_half_way_leaves_the_folder_as_it_was(tmp_path, monkeypatch, kitten, step, error, before):
    path = tmp_path / "mine.toml"
    if before is not None:
        path.write_text(before)

    def fail(*arguments: object) -> None:
        assert len(os.listdir(tmp_path)) == (1 if before is None else 2)  # the temporary file stands beside it
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(os, step, fail)
        with pytest.raises(KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else SourceError):
            save(*kitten, path, overwrite=True)
    assert {name: (tmp_path / name).read_text() for name in os.listdir(tmp_path)} == (
        {} if before is None else {"mine.toml": before}
    )


@pytest.mark.parametrize(
    ("error", "reason"), [(OSError(28, "No space left on device"), "No space left on device"), (OSError("why"), "why")]
)
def test_the_reason_of_a_failure_is_told(tmp_path, monkeypatch, kitten, error, reason):
    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(os, "replace", fail)
    path = tmp_path / "mine.toml"
    assert refused(*kitten, path) == f"{path}: expected a file that can be written, found: {reason}"


def test_what_is_replaced_was_written_to_the_disk_before(tmp_path, monkeypatch, kitten):
    steps = []
    for name in ("fsync", "replace"):
        step = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *given, name=name, step=step: (steps.append(name), step(*given))[1])
    save(*kitten, tmp_path / "mine.toml")
    assert steps == ["fsync", "replace"]


def test_a_link_stays_a_link_and_what_it_leads_to_is_written(tmp_path, kitten):
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "target.toml", tmp_path / "link.toml"
    target.write_text("mine")
    link.symlink_to(target)
    with pytest.raises(ExistsError):
        save(*kitten, link)
    save(*kitten, link, overwrite=True)
    assert link.is_symlink()
    assert not target.is_symlink()
    assert everything(read_sample(target)) == everything(kitten[0])


def test_a_link_to_nothing_gets_what_it_leads_to(tmp_path, kitten):
    link = tmp_path / "link.toml"
    link.symlink_to("target.toml")
    save(*kitten, link)
    assert link.is_symlink()
    assert read_sample(tmp_path / "target.toml").tokens == kitten[0].tokens


def test_a_link_to_itself_is_refused(tmp_path, kitten):
    link = tmp_path / "link.toml"
    link.symlink_to(link)
    message = f"{link}: expected a name for a file, found a link that leads to itself"
    assert refused(*kitten, link, overwrite=True) == message


def test_an_overwritten_file_keeps_who_may_read_it(tmp_path, kitten):
    path = tmp_path / "mine.toml"
    path.write_text("mine")
    path.chmod(0o640)
    save(*kitten, path, overwrite=True)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_new_file_may_be_read_by_whom_any_new_file_may(tmp_path, kitten):
    (tmp_path / "any").touch()
    save(*kitten, tmp_path / "mine.toml")
    assert (tmp_path / "mine.toml").stat().st_mode == (tmp_path / "any").stat().st_mode


@pytest.mark.parametrize("name", ["mine", "mine.txt", "my own lesson.toml", "我的.toml", ".hidden", "a" * 250])
def test_a_file_may_have_any_name(tmp_path, kitten, name):
    save(*kitten, tmp_path / name)
    assert read_sample(tmp_path / name).tokens == kitten[0].tokens


# --- refusals


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_directory_is_refused(tmp_path, kitten, overwrite):
    message = f"{tmp_path}: expected a name for a file, found a directory"
    assert refused(*kitten, tmp_path, overwrite=overwrite) == message


def test_no_name_is_refused(tmp_path, monkeypatch, kitten):
    monkeypatch.chdir(tmp_path)
    assert refused(*kitten, Path("")).endswith("expected a name for a file, found a directory")


@pytest.mark.parametrize("name", ["no/mine.toml", "file/mine.toml"])
def test_a_folder_that_is_not_there_is_refused_and_not_made(tmp_path, kitten, name):
    (tmp_path / "file").touch()
    path = tmp_path / name
    assert refused(*kitten, path) == f"{path}: expected a folder that is there, found none"
    assert os.listdir(tmp_path) == ["file"]


def test_a_device_is_refused(kitten):
    message = refused(*kitten, Path("/dev/null"), overwrite=True)
    assert message == "/dev/null: expected a name for a file, found a device"


def test_a_null_byte_in_the_name_is_refused(tmp_path, kitten):
    assert refused(*kitten, tmp_path / "a\0b").endswith("expected a name for a file, found a null byte in it")


def test_a_name_too_long_is_refused(tmp_path, kitten):
    message = refused(*kitten, tmp_path / ("a" * 300))
    assert message.endswith(": expected a file that can be written, found: File name too long")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name == "nt" or (hasattr(os, "geteuid") and os.geteuid() == 0), reason="may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_refused(tmp_path, kitten):
    tmp_path.chmod(0o500)
    message = refused(*kitten, tmp_path / "mine.toml")
    tmp_path.chmod(0o700)
    assert message.endswith(": expected a file that can be written, found: Permission denied")


@pytest.mark.parametrize("query", [-1, 10])
def test_a_query_outside_the_sentence_is_refused(tmp_path, kitten, query):
    message = refused(kitten[0], kitten[1], query, tmp_path / "mine.toml")
    assert message == f"query: expected one from 1 to 6, found {query + 1}"


def test_the_mask_own_of_a_lesson_that_has_none_is_refused(tmp_path, kitten):
    message = refused(kitten[0], Settings(mask="own"), 0, tmp_path / "mine.toml")
    assert message == "mask: expected one of none, causal, found own"


@pytest.mark.parametrize(("token", "half"), [("\ud800", "U+D800"), ("a\udcff", "U+DCFF")], ids=ascii)
def test_half_a_character_is_refused_for_utf_8_has_none(tmp_path, token, half):
    lesson = LESSONS["kitten-en"].editor.rename_token(2, token)
    message = refused(lesson, lesson.settings, 0, tmp_path / "mine.toml")
    assert message == f"tokens[3]: expected whole characters, found half of one, {half}"
    assert os.listdir(tmp_path) == []


def test_a_lesson_too_large_to_open_again_is_not_saved(tmp_path):
    lesson = replace(LESSONS["kitten-en"], note={"en": "a" * 2_000_000})
    path = tmp_path / "mine.toml"
    message = refused(lesson, lesson.settings, 0, path)
    assert message.startswith(f"{path}: expected a sample of at most 2,000,000 bytes, found 2,00")
    assert os.listdir(tmp_path) == []
