"""Whatever stands in a sample file, the person who holds it gets a lesson or one line that says what is wrong."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.lesson import Lesson
from kitten_tui.sources.sample import read_sample

LESSON = {"tokens": '["a", "b"]', "x": "[[0.1, 0.2], [0.3, 0.4]]"}
SUM = {"x": None, "embedding": "[[0.1, 0.2], [0.3, 0.4]]", "position": "[[0, 0.1], [0.1, 0]]"}
HEAD = {"w_q": "[[1, 0], [0, 1]]", "w_k": "[[1, 0], [0, 1]]", "w_v": "[[1, 0], [0, 1]]"}
HUGE = "1" + "0" * 400
ENDLESS = "0x" + "f" * 5000
"""Python reads it and then refuses to write it down in digits."""


def lines(values: dict[str, str | None], changes: dict[str, str | None]) -> str:
    return "".join(f"{key} = {value}\n" for key, value in {**values, **changes}.items() if value is not None)


def sample(*tables: str, **changes: str | None) -> str:
    """A whole sample with these values for its keys; None leaves a key out."""
    return lines(LESSON, changes) + ("".join(tables) or head())


def head(**changes: str | None) -> str:
    return "[[heads]]\n" + lines(HEAD, changes)


def begin(**settings: str) -> str:
    return sample("[settings]\n" + lines({}, settings), head())


def reference(**changes: str | None) -> str:
    return sample(head(), "[[reference]]\n" + lines({"source": '"a book"', "q": "[[1, 2], [3, 4]]"}, changes))


def row(name: str, text: str | bytes, fragment: str):
    return pytest.param(text, fragment, id=name)


NUMBERS = [
    row("nan", sample(x="[[nan, 0], [0, 0]]"), "x[1][1]: expected a number within ±1e+09, found nan"),
    row("infinity", sample(x="[[0, 0], [0, inf]]"), "x[2][2]: expected a number within ±1e+09, found inf"),
    row("minus infinity", sample(x="[[0, -inf], [0, 0]]"), "x[1][2]: expected a number within ±1e+09, found -inf"),
    row("too large", sample(x="[[0, 2e9], [0, 0]]"), "x[1][2]: expected a number within ±1e+09, found 2e+09"),
    row("whole and too large", sample(x=f"[[{HUGE}, 0], [0, 0]]"), "x[1][1]: expected a number within ±1e+09, found"),
    row("endless", sample(x=f"[[{ENDLESS}, 0], [0, 0]]"), "x[1][1]: expected a number within ±1e+09, found"),
    row("string", sample(x='[["0", 0], [0, 0]]'), "x[1][1]: expected a number, found the string '0'"),
    row("boolean", sample(x="[[0, 0], [true, 0]]"), "x[2][1]: expected a number, found the boolean True"),
    row("date", sample(x="[[0, 0], [1979-05-27, 0]]"), "x[2][1]: expected a number, found date"),
    row("table", sample(x="[[0, 0], [{a = 1}, 0]]"), "x[2][1]: expected a number, found a table"),
    row("string in a matrix", sample(head(w_k='[[1, 0], [0, "1"]]')), "heads[1].w_k[2][2]: expected a number"),
    row("nan in a bias", sample(head(b_q="[0, nan]")), "heads[1].b_q[2]: expected a number within ±1e+09, found nan"),
    row("nan in a reference", reference(q="[[nan, 2], [3, 4]]"), "reference[1].q[1][1]: expected a number within"),
]
SHAPES = [
    row("too few rows", sample(x="[[1, 2]]"), "x: expected 2 × any numbers, found 1 × 2"),
    row("no rows", sample(x="[]"), "x: expected 2 × any numbers, found 0"),
    row("empty rows", sample(x="[[], []]"), "x: expected 2 × any numbers, found 2 × 0"),
    row("ragged rows", sample(x="[[1, 2], [3]]"), "x: expected 2 × any numbers, found rows of different lengths"),
    row("number among rows", sample(x="[[1, 2], 3]"), "x: expected 2 × any numbers, found rows of different lengths"),
    row("one row", sample(x="[1, 2]"), "x: expected 2 × any numbers, found 2"),
    row("too deep", sample(x="[[[1], [2]], [[3], [4]]]"), "x: expected 2 × any numbers, found 2 × 2 × 1"),
    row("a number", sample(x="1"), "x: expected 2 × any numbers, found the number 1"),
    row("an endless number", sample(x=ENDLESS), "x: expected 2 × any numbers, found the number"),
    row("a string", sample(x='"1 2"'), "x: expected 2 × any numbers, found the string '1 2'"),
    row("a table", sample(x="{a = 1}"), "x: expected 2 × any numbers, found a table"),
    row("position", sample(**SUM | {"position": "[[1], [2]]"}), "position: expected 2 × 2 numbers, found 2 × 1"),
    row("w_q", sample(head(w_q="[[1, 0]]")), "heads[1].w_q: expected 2 × any numbers, found 1 × 2"),
    row("w_k", sample(head(w_k="[[1], [0]]")), "heads[1].w_k: expected 2 × 2 numbers, found 2 × 1"),
    row("w_v", sample(head(w_v="[[1, 2, 3], [1, 2, 3]]")), "heads[1].w_v: expected 2 × 2 numbers, found 2 × 3"),
    row("b_v", sample(head(b_v="[1, 2, 3]")), "heads[1].b_v: expected 2 numbers, found 3"),
    row("w_o", sample(w_o="[[1, 2]]"), "w_o: expected 2 × any numbers, found 1 × 2"),
    row("w_o of two heads", sample(head(), head(), w_o="[[1], [2]]"), "w_o: expected 4 × any numbers, found 2 × 1"),
    row("b_o", sample(w_o="[[1, 2], [3, 4]]", b_o="[1]"), "b_o: expected 2 numbers, found 1"),
    row("own_mask", sample(own_mask="[[1, 0]]"), "own_mask: expected 2 × 2 numbers, found 1 × 2"),
    row("reference", reference(q="[1, 2]"), "reference[1].q: expected any × any numbers, found 2"),
    row(
        "heads of different widths",
        sample(head(), head(w_q="[[1], [1]]", w_k="[[1], [1]]", w_v="[[1], [1]]")),
        "heads[2].w_q: expected 2 × 2 numbers, found 2 × 1",
    ),
]
MISSING = [
    row("tokens", sample(tokens=None), "tokens: expected a list of strings, found nothing"),
    row("vectors", sample(x=None), "x: expected embedding and position, or x alone, found none of them"),
    row("position", sample(**SUM | {"position": None}), "expected embedding and position, or x alone, found embedding"),
    row(
        "embedding", sample(**SUM | {"embedding": None}), "expected embedding and position, or x alone, found position"
    ),
    row("w_q", sample(head(w_q=None)), "heads[1].w_q: expected 2 × any numbers, found nothing"),
    row("w_v", sample(head(), head(w_v=None)), "heads[2].w_v: expected 2 × 2 numbers, found nothing"),
    row("heads", sample("\n"), "heads: expected at least one [[heads]] table with w_q, w_k and w_v, found none"),
    row("w_o for a b_o", sample(b_o="[1, 2]"), "b_o: expected a w_o for it to follow, found none"),
    row("source of a reference", reference(source=None), "reference[1].source: expected a string, found nothing"),
    row(
        "own_mask for the mask own", begin(mask='"own"'), "settings.mask: expected an own_mask in the file, found none"
    ),
    row("everything", "", "tokens: expected a list of strings, found nothing"),
]
WORDS = [
    row("no token", sample(tokens="[]"), "tokens: expected at least one, found none"),
    row(
        "empty token", sample(tokens='["a", ""]'), "tokens[2]: expected a string that is not empty, found the string ''"
    ),
    row(
        "number as token",
        sample(tokens='["a", 2]'),
        "tokens[2]: expected a string that is not empty, found the number 2",
    ),
    row("endless token", sample(tokens=f'["a", {ENDLESS}]'), "tokens[2]: expected a string that is not empty, found"),
    row("sentence as tokens", sample(tokens='"a b"'), "tokens: expected a list of strings, found the string 'a b'"),
    row("257 tokens", sample(tokens='["a"' + ', "a"' * 256 + "]"), "tokens: expected at most 256, found 257"),
    row("number as title", sample(title="3"), "title: expected a string, or one for each language, found the number 3"),
    row("number in a title", sample(title="{en = 3}"), "title: expected a string for each language, found a table"),
    row("list as note", sample(note='["a"]'), "note: expected a string, or one for each language, found a list"),
]
TABLES = [
    row(
        "x beside embedding",
        sample(**SUM | {"x": LESSON["x"]}),
        "x: expected embedding and position, or x alone, found",
    ),
    row("unknown key", sample(embeding="[[1]]"), "embeding: expected only title, note, tokens, embedding, position, x"),
    row("unknown key of a head", sample(head(w_o="[[1]]")), "heads[1].w_o: expected only w_q, w_k, w_v, b_q, b_k, b_v"),
    row("unknown key of settings", begin(scaled="true"), "settings.scaled: expected only scale, "),
    row("unknown key of a reference", reference(qq="[[1]]"), "reference[1].qq: expected only source, tolerance, head"),
    row("unknown key of two lines", sample(**{'"one\\ntwo"': "1"}), "expected only title, note, tokens"),
    row("unknown setting of two lines", begin(**{'"one\\ntwo"': "1"}), "expected only scale, "),
    row("heads as a table", sample("[heads]\n"), "heads: expected [[heads]] tables, found a table"),
    row("heads as numbers", sample("\n", heads="[1]"), "heads[1]: expected a table, found the number 1"),
    row(
        "reference as a table",
        sample(head(), "[reference]\n"),
        "reference: expected [[reference]] tables, found a table",
    ),
    row("settings as a number", sample(settings="1"), "settings: expected a table, found the number 1"),
    row("mask of other numbers", sample(own_mask="[[1, 0], [2, 1]]"), "own_mask: expected only 0 and 1, found"),
    row(
        "mask of booleans", sample(own_mask="[[true, false], [true, true]]"), "own_mask[1][1]: expected a number, found"
    ),
]
SETTINGS = [
    row("scale as a number", begin(scale="1"), ": settings.scale: expected true or false, found the number 1"),
    row("unknown mask", begin(mask='"future"'), ": settings.mask: expected one of none, causal, own, found 'future'"),
    row("mask of two lines", begin(mask='"one\\ntwo"'), ": settings.mask: expected one of none, causal, own, found"),
    row("mask as a number", begin(mask="1"), ": settings.mask: expected a string, found the number 1"),
    row("endless mask", begin(mask=ENDLESS), ": settings.mask: expected a string, found"),
    row("dropout of 1", begin(dropout="1"), ": settings.dropout: expected a rate from 0 to below 1, found 1.0"),
    row("negative dropout", begin(dropout="-0.5"), ": settings.dropout: expected a rate from 0 to below 1, found -0.5"),
    row("dropout nan", begin(dropout="nan"), ": settings.dropout: expected a rate from 0 to below 1, found nan"),
    row("dropout as a string", begin(dropout='"a"'), ": settings.dropout: expected a number, found the string 'a'"),
    row("dropout as a boolean", begin(dropout="true"), ": settings.dropout: expected a number, found the boolean True"),
    row("huge dropout", begin(dropout=HUGE), ": settings.dropout: expected a rate from 0 to below 1, found"),
    row("negative seed", begin(seed="-1"), ": settings.seed: expected a whole number from 0 to 2³² − 1, found -1"),
    row("huge seed", begin(seed=HUGE), ": settings.seed: expected a whole number from 0 to 2³² − 1, found"),
    row("endless seed", begin(seed=ENDLESS), ": settings.seed: expected a whole number from 0 to 2³² − 1, found"),
    row("seed with a fraction", begin(seed="1.5"), ": settings.seed: expected a whole number, found the number 1.5"),
    row("seed as a boolean", begin(seed="true"), ": settings.seed: expected a whole number, found the boolean True"),
    row(
        "query not in the sentence",
        begin(query='"c"'),
        ": settings.query: expected a token of the sentence or a number",
    ),
    row(
        "query of two lines",
        begin(query='"one\\ntwo"'),
        ": settings.query: expected a token of the sentence or a number",
    ),
    row(
        "query 0",
        begin(query="0"),
        ": settings.query: expected a token of the sentence or a number from 1 to 2, found 0",
    ),
    row(
        "query 3",
        begin(query="3"),
        ": settings.query: expected a token of the sentence or a number from 1 to 2, found 3",
    ),
    row("endless query", begin(query=ENDLESS), ": settings.query: expected a token of the sentence or a number"),
    row(
        "query as a boolean", begin(query="true"), ": settings.query: expected a token or its number, found the boolean"
    ),
    row("head of a reference", reference(head="2"), ": reference[1].head: expected a number from 1 to 1, found 2"),
    row("endless head", reference(head=ENDLESS), ": reference[1].head: expected a number from 1 to 1, found"),
    row(
        "scale of a reference", reference(scale="1"), ": reference[1].scale: expected true or false, found the number 1"
    ),
    row("mask of a reference", reference(mask='"own"'), ": reference[1].mask: expected an own_mask in the file, found"),
    row("tolerance of 0", reference(tolerance="0.0"), ": reference[1].tolerance: expected a number above 0, found 0.0"),
    row("tolerance nan", reference(tolerance="nan"), ": reference[1].tolerance: expected a number above 0, found nan"),
    row("tolerance as a string", reference(tolerance='"a"'), ": reference[1].tolerance: expected a number, found"),
]
FILES = [
    row("not TOML", "x = ", ": expected valid TOML, found: Invalid value"),
    row("JSON", '{"tokens": ["a"]}', ": expected valid TOML, found: Invalid statement"),
    row("duplicate key", 'tokens = ["a"]\ntokens = ["b"]', ": expected valid TOML, found: Cannot overwrite a value"),
    row("control character", "x = 1\x00", ": expected valid TOML, found: "),
    row("unending string", 'title = "a\n', ": expected valid TOML, found: Illegal character '\\n'"),
    row("deeply nested", sample(x="[" * 100_000), ": expected valid TOML, found: "),
    row("deeply nested and closed", sample(x="[" * 100_000 + "]" * 100_000), ": expected valid TOML, found: "),
    row("endless decimal", sample(x="1" + "0" * 5000), ": expected valid TOML, found: "),
    row("not UTF-8", b'title = "\xff"', ": expected UTF-8, found byte 0xff at position 9"),
    row("UTF-16", "title = 'a'".encode("utf-16"), ": expected UTF-8, found byte 0xff at position 0"),
    row("10 MB of junk", b"\x9f\x00#[" * 2_500_000, ": expected a sample of at most 2,000,000 bytes, found more"),
]
bad_inputs = pytest.mark.parametrize(
    ("text", "fragment"), NUMBERS + SHAPES + MISSING + WORDS + TABLES + SETTINGS + FILES
)


def refused(folder: Path, text: str | bytes) -> str:
    path = folder / "bad.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    with pytest.raises(SourceError) as error:
        read_sample(path)
    return str(error.value)


@bad_inputs
def test_the_error_names_the_key_what_was_expected_and_what_was_found(tmp_path, text, fragment):
    assert fragment in refused(tmp_path, text)


@bad_inputs
def test_the_error_is_one_line_that_begins_with_the_file(tmp_path, text, fragment):
    message, path = refused(tmp_path, text), str(tmp_path / "bad.toml")
    assert (message.startswith(f"{path}: "), message.count(path), len(message.splitlines())) == (True, 1, 1)


def test_a_directory_is_no_sample(tmp_path):
    with pytest.raises(SourceError, match="expected a sample file, found a directory"):
        read_sample(tmp_path)


def test_a_missing_file_is_no_sample(tmp_path):
    with pytest.raises(SourceError, match="expected a readable file, found: No such file or directory"):
        read_sample(tmp_path / "nothing.toml")


def test_a_file_that_cannot_be_read_is_no_sample(tmp_path):
    circle = tmp_path / "circle.toml"
    circle.symlink_to(circle)
    with pytest.raises(SourceError, match=r"circle\.toml: expected a readable file, found: "):
        read_sample(circle)


def test_a_name_too_long_for_a_file_is_no_sample():
    with pytest.raises(SourceError, match="expected a readable file, found: File name too long"):
        read_sample(Path("a" * 5000))


def opened(folder: Path, text: str) -> Lesson:
    path = folder / "good.toml"
    path.write_text(text, encoding="utf-8")
    return read_sample(path)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(sample(), id="x alone"),
        pytest.param(sample(**SUM), id="embedding and position"),
        pytest.param(sample(head(b_q="[1, 2]"), head(), w_o="[[1], [2], [3], [4]]", b_o="[1]"), id="biases"),
        pytest.param(sample(own_mask="[[0, 0], [1, 1]]"), id="a row that may look at nothing"),
        pytest.param(begin(mask='"causal"', dropout="0", query='"b"'), id="settings"),
        pytest.param(reference(tolerance="0.5", scale="false"), id="reference"),
        pytest.param(reference(tolerance="1"), id="reference with a whole tolerance"),
        pytest.param("\ufeff" + sample(), id="byte order mark"),
        pytest.param(sample().replace("\n", "\r\n"), id="Windows lines"),
        pytest.param(
            sample(tokens='["a"' + ', "a"' * 255 + "]", x="[[1, 2]" + ", [1, 2]" * 255 + "]"), id="256 tokens"
        ),
    ],
)
def test_what_fits_together_opens(tmp_path, text):
    assert isinstance(opened(tmp_path, text), Lesson)


def test_x_is_the_sum_of_embedding_and_position(tmp_path):
    inputs = opened(tmp_path, sample(**SUM)).inputs
    assert (inputs.x == inputs.embedding + inputs.position).all()


def test_x_alone_has_no_embedding(tmp_path):
    assert opened(tmp_path, sample()).inputs.embedding is None


@pytest.mark.parametrize(("query", "place"), [('"b"', 1), ("2", 1), ('"a"', 0), ("1", 0)])
def test_the_query_to_begin_with_is_a_token_or_its_number_from_1(tmp_path, query, place):
    assert opened(tmp_path, begin(query=query)).query == place


def test_a_reference_has_the_settings_of_the_file_but_for_its_own(tmp_path):
    text = "[settings]\nscale = false\n" + head() + '[[reference]]\nsource = "a book"\nmask = "causal"\n'
    (found,) = opened(tmp_path, sample(text)).references
    assert (found.settings.scale, found.settings.mask) == (False, "causal")


def test_only_a_file_with_its_own_mask_can_be_looked_at_with_it(tmp_path):
    assert opened(tmp_path, sample()).masks == ("none", "causal")
    assert opened(tmp_path, sample(own_mask="[[1, 0], [1, 1]]")).masks == ("none", "causal", "own")


def test_lessons_compare_by_identity(tmp_path):
    one, other = opened(tmp_path, sample()), opened(tmp_path, sample())
    assert (one == one, one == other) == (True, False)


SCALARS = st.one_of(
    st.booleans(), st.integers(-5, 5), st.integers(-(10**20), 10**20), st.floats(), st.text(max_size=5), st.dates()
)
NAMES = st.sampled_from(["en", "w_q", "w_k", "w_v", "b_q", "mask", "source", "q", "head", "query", "dropout", "seed"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    "title",
    "note",
    "tokens",
    "embedding",
    "position",
    "x",
    "w_o",
    "b_o",
    "own_mask",
    "settings",
    "heads",
    "reference",
]


def toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value)
        case date():
            return value.isoformat()
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + "}"
        case _:
            return repr(value)


@given(st.sampled_from(KEYS), VALUES)
def test_any_value_under_any_key_is_a_lesson_or_one_line(tmp_path_factory, key, value):
    path = tmp_path_factory.getbasetemp() / "any.toml"
    tables = "" if key == "heads" else head()
    path.write_text(sample(tables or "\n", **{key: toml(value)}), encoding="utf-8")
    try:
        found = read_sample(path)
    except SourceError as error:
        found = str(error)
    assert isinstance(found, Lesson) or len(found.splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [".".join("a" * 30_000) + " = 1", "[" + ".".join(['"a"'] * 30_000) + "]", "x = {" + " . ".join("b" * 60) + " = 1}"],
)
def test_a_key_of_very_many_parts_is_refused_at_once(tmp_path, text):
    path = tmp_path / "dots.toml"
    path.write_text(text)
    start = time.process_time()
    with pytest.raises(SourceError, match="expected keys of at most 50 parts"):
        read_sample(path)
    assert time.process_time() - start < 2.0


def test_a_long_line_without_dots_is_read_in_no_time(tmp_path):
    path = tmp_path / "long.toml"
    path.write_text(f'title.en = "{"a" * 900_000}{" b.c" * 200_000}"\n')
    start = time.process_time()
    with pytest.raises(SourceError):
        read_sample(path)
    assert time.process_time() - start < 2.0
