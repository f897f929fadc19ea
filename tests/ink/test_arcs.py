"""Lines between words: every weight that is large enough has its line, and no other has."""

from __future__ import annotations

import numpy as np
import pytest
from rich.cells import cell_len

from kitten_tui.ink.arcs import BOLD, DIM, LEAST, LEAST_OF_WORD, MOST, Arcs, draw
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.palette import PLAIN
from kitten_tui.words import LANGUAGES, Words

WIDTH = 80
WORDS = ("the", "小猫", "sat", "on", "the", "mat")


def rows(arcs: Arcs, language: str = "en", width: int = WIDTH) -> list[str]:
    """The lines of the words, without what is said above them."""
    lines = [text_of(line) for line in draw(arcs, Words(language), PLAIN, width)]
    assert all(cell_len(line) <= width for line in lines)
    return lines[lines.index("") + 1 :]


def is_dot(character: str) -> bool:
    return 0x2800 < ord(character) < 0x2900


@pytest.mark.parametrize("query", range(-1, 6))
@pytest.mark.parametrize("seed", range(3))
def test_a_line_begins_at_each_word_that_gives_enough_and_ends_where_it_goes(query, seed):
    weights = np.random.default_rng(seed).dirichlet(np.full(6, 0.3), size=(2, 6))  # [head, query, key]
    arcs = Arcs(WORDS, WORDS, weights, (0, 1), query)
    drawn = rows(arcs)
    least = LEAST if query < 0 else LEAST_OF_WORD
    large = (weights >= least).any(axis=0)  # [query, key]
    if query >= 0:
        large &= np.arange(6)[:, None] == query
    left = max(map(cell_len, WORDS)) + 2
    numbers = 12 if query >= 0 else 0
    for place, line in enumerate(drawn):
        cells = "".join(character + "\0" * (cell_len(character) - 1) for character in line)
        canvas = cells[left : WIDTH - left - numbers]
        assert is_dot(canvas[0]) == large[place].any()
        assert is_dot(canvas[-1]) == large[:, place].any()


def test_numbers_stand_beside_the_keys_of_the_selected_word():
    weights = np.random.default_rng(5).dirichlet(np.ones(6), size=(2, 6))
    drawn = rows(Arcs(WORDS, WORDS, weights, (3, 4), 2))
    assert drawn[2].startswith("▸sat")
    for key, line in enumerate(drawn):
        assert line.split()[-2:] == [f"{weights[head, 2, key]:.3f}" for head in (0, 1)]
    assert "0.1" not in "".join(rows(Arcs(WORDS, WORDS, weights, (3, 4))))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("query", [-1, 0, 99, 199])
def test_of_a_long_text_some_words_are_shown_around_the_selected_one(language, query):
    tokens = tuple(f"t{number}" for number in range(200))
    arcs = Arcs(tokens, tokens, np.full((1, 200, 200), 0.5), (0,), query)
    drawn = rows(arcs, language)
    assert len(drawn) == MOST
    assert any(line.startswith("▸") for line in drawn) == (query >= 0)


def test_other_words_may_be_looked_at_than_those_that_look():
    weights = np.eye(2, 5)[None]
    drawn = rows(Arcs(("the", "cat"), ("le", "chat", "noir", "dort", "ici"), weights, (0,), 1))
    assert len(drawn) == 5
    assert "chat" in drawn[1]
    assert "1.000" in drawn[1]
    fewer = rows(Arcs(WORDS, ("le", "chat"), np.eye(6, 2)[None], (0,), 1))
    assert [line.split()[0] for line in fewer] == ["the", "▸小猫", *WORDS[2:]]
    assert [line.split()[-2:] for line in fewer[:2]] == [["le", "0.000"], ["chat", "1.000"]]


def test_what_is_no_number_draws_no_line():
    weights = np.full((1, 6, 6), np.nan)
    assert not any(is_dot(character) for line in rows(Arcs(WORDS, WORDS, weights, (0,), 1)) for character in line)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("query", [-1, 2])
@pytest.mark.parametrize("heads", [(0,), (3, 4), (0, 5, 11)])
def test_the_heads_are_named_above_their_lines_and_count_from_1(heads, query, language):
    arcs = Arcs(WORDS, WORDS, np.full((len(heads), 6, 6), 1 / 6), heads, query)
    words = Words(language)
    named = text_of(draw(arcs, words, PLAIN, WIDTH)[0])
    assert named.removeprefix(words("arcs.heads")).split() == [str(head + 1) for head in heads]


@pytest.mark.parametrize("weight", [0.12, DIM, 0.3, BOLD, 0.9])
def test_strong_lines_are_bold_and_weak_ones_dim(weight):
    weights = np.zeros((1, 6, 6))
    weights[0, 2, 2] = weight
    lines = draw(Arcs(WORDS, WORDS, weights, (0,)), Words("en"), PLAIN, WIDTH)
    styles = {part.style for line in lines for part in line if is_dot(part.text[:1] or " ")}
    assert {(style.bold, style.dim) for style in styles} == {(weight >= 0.5, weight < 0.2)}


@pytest.mark.parametrize("far", [0, 120, 199])
def test_of_many_keys_those_are_shown_that_the_selected_word_looks_at(far):
    keys = tuple(f"k{number}" for number in range(200))
    weights = np.zeros((2, 6, 200))
    weights[:, 1, far] = 1.0
    weights[:, 0, 50] = 1.0
    arcs = Arcs(WORDS, keys, weights, (0, 1), 1)
    assert any(f"k{far} " in line for line in rows(arcs))
    said = " ".join(text_of(line) for line in draw(arcs, Words("en"), PLAIN, WIDTH)[:3])
    assert Words("en")("arcs.part", first=1, last=6, count=6) in said
