from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kitten_tui.stages.tokens import named, pair_of, place_of
from kitten_tui.stages.view import place_name

TOKENS = (" the", " cat", " saw", " the", " cats", " 2", " it")


@pytest.mark.parametrize(
    ("name", "place"),
    [("cat", 1), (" cat", 1), ("the", 0), ("the#4", 3), ("7", 6), ("2", 5), ("dog", None), ("8", None), ("", None)],
)
def test_a_token_is_known_by_its_name_on_the_screen_or_by_its_number(name: str, place: int | None) -> None:
    assert place_of(name, TOKENS) == place


@given(st.lists(st.text(min_size=1), min_size=1, max_size=6))
@example([" 0", " 0"])
def test_the_name_that_the_screen_gives_a_token_leads_to_it(tokens: list[str]) -> None:
    for place in range(len(tokens)):
        name = place_name(tokens, place)
        assert place_name(tokens, place_of(name, tokens) or 0) in (name, name.strip()) or name in tokens


@pytest.mark.parametrize(
    ("text", "start", "place"),
    [("cat", 2, 1), ("CATS", 0, 4), ("at", 0, 1), ("at", 2, 4), ("it", 0, 6), ("the", 1, 3), ("horse", 0, None)],
)
def test_whole_tokens_are_found_before_parts_of_others(text: str, start: int, place: int | None) -> None:
    assert named(text, TOKENS, start) == place


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("it cat", (6, 1)),
        ("it → cat", (6, 1)),
        ("it->the#4", (6, 3)),
        ("  7   1 ", (6, 0)),
        ("it", None),
        ("it dog", None),
        ("", None),
        ("it cat saw", None),
    ],
)
def test_two_words_are_a_query_and_a_key(text: str, pair: tuple[int, int] | None) -> None:
    assert pair_of(text, TOKENS, TOKENS) == pair


def test_a_name_may_have_a_space_in_it() -> None:
    assert pair_of("New York it", ("New York", "it"), ("New York", "it")) == (0, 1)


def test_the_key_is_looked_for_among_those_that_are_looked_at() -> None:
    assert pair_of("le chat", ("le",), ("un", "chat")) == (0, 1)
