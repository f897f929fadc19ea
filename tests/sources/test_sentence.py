"""A typed sentence as tokens, and as a lesson with invented numbers."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitten_tui.core.settings import Settings
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.invented import embed
from kitten_tui.sources.sentence import from_sentence, tokenise

EMOJI = {
    "cat": "🐱",
    "heart with its variant": "❤️",
    "family": "👨‍👩‍👧‍👦",
    "skin tone": "👍🏽",
    "profession with skin tone": "👩🏿‍🚀",
    "flag": "🇨🇭",
    "rainbow flag": "🏳️‍🌈",
    "flag of letters": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "keycap": "1️⃣",
}
INVISIBLE = {
    "zero-width space": "\u200b",
    "zero-width non-joiner": "\u200c",
    "zero-width joiner": "\u200d",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "right-to-left mark": "\u200f",
    "right-to-left override": "\u202e",
}
emoji = pytest.mark.parametrize("picture", EMOJI.values(), ids=EMOJI)
invisible = pytest.mark.parametrize("character", INVISIBLE.values(), ids=INVISIBLE)


def shows(character: str) -> bool:
    """Whether a character is more than space, control, or an instruction about other characters."""
    return not character.isspace() and unicodedata.category(character) not in ("Cc", "Cf")


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Your journey starts", ("Your", "journey", "starts")),
        ("  one \t two\n three ", ("one", "two", "three")),
        ("Hello, world!", ("Hello", ",", "world", "!")),
        ("wait...", ("wait", ".", ".", ".")),
        ("snake_case", ("snake_case",)),
        ("room 101b", ("room", "101b")),
        ("3.14", ("3", ".", "14")),
        ("state-of-the-art", ("state", "-", "of", "-", "the", "-", "art")),
        ("this and/or that", ("this", "and", "/", "or", "that")),
        ("[red]x[/]", ("[", "red", "]", "x", "[", "/", "]")),
    ],
)
def test_words_and_punctuation(text, tokens):
    assert tokenise(text) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("don't", ("don't",)),
        ("don’t", ("don’t",)),
        ("rock'n'roll", ("rock'n'roll",)),
        ("'quoted'", ("'", "quoted", "'")),
        ("‘quoted’", ("‘", "quoted", "’")),
        ("'don't'", ("'", "don't", "'")),
        ("dogs' bowls", ("dogs", "'", "bowls")),
        ("''", ("'", "'")),
        ("a''b", ("a", "'", "'", "b")),
    ],
)
def test_an_apostrophe_belongs_to_a_word_only_inside_it(text, tokens):
    assert tokenise(text) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("千里之行", ("千", "里", "之", "行")),
        ("始于足下。", ("始", "于", "足", "下", "。")),
        ("人々", ("人", "々")),
        ("ねこカメラー", ("ね", "こ", "カ", "メ", "ラ", "ー")),
        ("Hello你好world", ("Hello", "你", "好", "world")),
        ("第3课", ("第", "3", "课")),
        ("\U00020000\U0003134a", ("\U00020000", "\U0003134a")),
        ("한국어 문장", ("한국어", "문장")),
    ],
)
def test_chinese_and_japanese_are_a_token_a_character(text, tokens):
    assert tokenise(text) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("cafe\u0301 au lait", ("café", "au", "lait")),
        ("x\u0301y", ("x\u0301y",)),
        ("か\u3099", ("が",)),
        ("हिन्दी भाषा", ("हिन्दी", "भाषा")),
        ("สวัสดี", ("สวัสดี",)),
        ("שָׁלוֹם עולם!", (unicodedata.normalize("NFC", "שָׁלוֹם"), "עולם", "!")),
        ("مرحبا بالعالم", ("مرحبا", "بالعالم")),
    ],
)
def test_a_mark_stays_with_its_letter(text, tokens):
    assert tokenise(text) == tokens


def test_composed_and_decomposed_spellings_are_the_same_token():
    assert tokenise("cafe\u0301") == tokenise("caf\u00e9")


@emoji
def test_an_emoji_with_all_its_parts_is_one_token(picture):
    assert tokenise(picture) == (picture,)


@emoji
def test_two_emoji_side_by_side_are_two_tokens(picture):
    assert tokenise(picture * 2) == (picture, picture)


@emoji
def test_a_word_after_an_emoji_is_a_token_of_its_own(picture):
    assert tokenise(picture + "word") == (picture, "word")


@emoji
def test_a_full_stop_after_an_emoji_is_a_token_of_its_own(picture):
    assert tokenise(picture + ".") == (picture, ".")


@invisible
def test_no_token_is_invisible(character):
    tokens = tokenise(f"{character}one{character}two {character} three{character}")
    assert [token for token in tokens if not any(map(shows, token))] == []


@given(st.text(alphabet="a' .❤️🏽\x07\u20e3\U000e0067" + "".join(INVISIBLE.values())))
def test_no_token_is_invisible_whatever_stands_beside_it(text):
    assert [token for token in tokenise(text) if not any(map(shows, token))] == []


@pytest.mark.parametrize("name", ["zero-width non-joiner", "word joiner", "soft hyphen", "right-to-left mark"])
def test_a_word_stays_whole_around_what_does_not_show(name):
    (token,) = tokenise(f"one{INVISIBLE[name]}two")
    assert "".join(filter(shows, token)) == "onetwo"


def test_a_zero_width_space_is_a_space():
    assert tokenise("one\u200btwo") == ("one", "two")


@invisible
def test_a_sentence_that_shows_nothing_is_refused(character):
    with pytest.raises(SourceError, match="expected at least one word, found none"):
        from_sentence(character * 3)


def test_a_terminal_escape_is_taken_out_of_a_sentence():
    assert tokenise("\x1b[31mred\x07\x9b1m") == ("[", "31mred", "1m")


@given(st.text())
def test_no_token_holds_a_space_or_a_control_character(text):
    assert not [c for token in tokenise(text) for c in token if c.isspace() or unicodedata.category(c) == "Cc"]


@given(st.text())
def test_no_token_is_empty(text):
    assert all(tokenise(text))


@given(st.text())
def test_the_tokens_joined_are_the_sentence_without_its_spaces(text):
    composed = unicodedata.normalize("NFC", text)
    assert "".join(filter(shows, "".join(tokenise(text)))) == "".join(filter(shows, composed))


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_tokens_set_apart_by_spaces_are_the_same_tokens(text):
    tokens = tokenise(text)
    assert tokenise(" ".join(tokens)) == tokens


@pytest.mark.parametrize("text", ["", " ", " \t\n\u3000\u00a0", "\x1b\x07\x00"], ids=ascii)
def test_a_sentence_without_a_word_is_refused(text):
    with pytest.raises(SourceError, match=r"^sentence: expected at least one word, found none$"):
        from_sentence(text)


def test_a_sentence_of_256_words_opens():
    assert len(from_sentence("word " * 256).tokens) == 256


def test_a_sentence_of_257_words_is_refused():
    with pytest.raises(SourceError, match=r"^sentence: expected at most 256 words, found 257$"):
        from_sentence("word " * 257)


def test_equal_words_get_equal_vectors_in_every_sentence_and_with_every_seed():
    one, other = from_sentence("the cat sat", 1), from_sentence("a dog and the cat", 2)
    assert (one.inputs.embedding[1] == other.inputs.embedding[4]).all()


def test_equal_words_in_one_sentence_differ_in_position_alone():
    lesson = from_sentence("no no")
    assert (lesson.inputs.embedding[0] == lesson.inputs.embedding[1]).all()
    assert (lesson.inputs.position[0] != lesson.inputs.position[1]).any()


@given(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8))
def test_other_words_get_other_vectors(one, other):
    assert (one == other) == bool((embed(one) == embed(other)).all())


def test_the_vector_of_a_word_never_changes():
    """A sentence in a lecture of last year shows the same numbers today, on every machine."""
    assert embed("journey").tolist() == [-0.89, 0.71, 0.69, -0.56]
    assert embed("猫").tolist() == [-0.62, 0.98, -0.92, 0.35]


def test_the_matrices_of_a_seed_never_change():
    assert from_sentence("any").inputs.heads[0].w_q.tolist() == [
        [0.39, -0.43],
        [-0.55, 0.1],
        [0.44, -0.15],
        [0.96, 0.37],
    ]


def test_the_matrices_do_not_depend_on_the_sentence():
    one, other = from_sentence("one sentence").inputs, from_sentence("quite another one").inputs
    assert (one.w_o == other.w_o).all()
    assert all((a.w_k == b.w_k).all() for a, b in zip(one.heads, other.heads, strict=True))


@pytest.mark.parametrize("name", ["w_q", "w_k", "w_v"])
def test_another_seed_is_another_matrix(name):
    one, other = (getattr(from_sentence("the cat sat", seed).inputs.heads[0], name) for seed in (1, 2))
    assert (one != other).any()


def test_another_seed_changes_no_vector():
    one, other = (from_sentence("the cat sat", seed).inputs.x for seed in (1, 2))
    assert (one == other).all()


def test_a_sentence_begins_with_the_seed_it_was_opened_with():
    assert from_sentence("the cat sat", 7).settings.seed == 7


def test_a_sentence_looked_at_with_another_seed_keeps_its_numbers():
    lesson = from_sentence("the cat sat", 1)
    one, other = (lesson.joined(0, Settings(seed=seed))["output"] for seed in (1, 2))
    assert (one == other).all()


@pytest.mark.parametrize("name", ["w_q", "w_k", "w_v"])
def test_the_heads_of_a_sentence_have_matrices_of_their_own(name):
    one, other = from_sentence("the cat sat").inputs.heads
    assert (getattr(one, name) != getattr(other, name)).any()


def test_invented_numbers_have_two_decimals_to_be_checked_by_hand():
    inputs = from_sentence("Your journey starts with one step").inputs
    arrays = [inputs.embedding, inputs.position, inputs.w_o, *(head.w_q for head in inputs.heads)]
    assert all(np.array_equal(array, array.round(2)) for array in arrays)


def test_a_sentence_says_that_its_numbers_are_invented():
    assert from_sentence("the cat sat").invented


def test_the_same_settings_give_the_very_same_trace():
    lesson = from_sentence("the cat sat")
    assert lesson.trace(0, 0, Settings()) is lesson.trace(0, 0, Settings())
