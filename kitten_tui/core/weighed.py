"""Weights as they are weighed otherwise: by the size of the values they carry, and without special tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from kitten_tui.core.array_types import Mask

PLAIN = "dropped"
"""What a query gives to each key, as the head has it."""
WEIGHED = {
    (False, False): PLAIN,
    (True, False): "value_share",
    (False, True): "word_share",
    (True, True): "value_word_share",
}
"""What is looked at as weights: by the size of values, or without special tokens, or both."""
WITHOUT_SPECIAL = ("word_share", "value_word_share")

Special = tuple[tuple[int, ...], tuple[int, ...]]
"""The places of special tokens among queries, and among keys."""

_SPECIAL = re.compile(
    r"\[(?:cls|sep|pad|bos|eos|sop|eop|gmask)\]"
    r"|</?s>|<(?:pad|bos|eos|cls|sep|sop|eop|start_of_turn|end_of_turn)>"
    r"|<[|｜].+[|｜]>",
    re.IGNORECASE,
)


def is_special(token: str) -> bool:
    """Whether a token stands for no word but for where a text begins, ends, or is filled up, as tokenizers write it.

    One that stands in the place of a word, such as [MASK], is none.
    """
    return _SPECIAL.fullmatch(token.strip()) is not None


@lru_cache(maxsize=16)
def special_places(tokens: tuple[str, ...]) -> tuple[int, ...]:
    """Where special tokens stand; nowhere where there are no others."""
    places = tuple(place for place, token in enumerate(tokens) if is_special(token))
    return places if len(places) < len(tokens) else ()


def special_of(tokens: tuple[str, ...], key_tokens: tuple[str, ...]) -> Special:
    return special_places(tokens), special_places(key_tokens)


def words_of(special: Special, queries: int, keys: int) -> Mask:
    """Where neither the query nor the key is a special token.  -> [query, key]"""
    words = np.ones((queries, keys), dtype=bool)  # [query, key]
    words[list(special[0]), :] = False
    words[:, list(special[1])] = False
    return words


def kept_places(count: int, special: Sequence[int]) -> list[int]:
    """The places of all tokens that are not special."""
    return [place for place in range(count) if place not in set(special)]
