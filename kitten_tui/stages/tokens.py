"""Tokens and stages by their names or numbers, as somebody writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kitten_tui.stages.view import place_name

_ARROW = re.compile(r"\s*(?:→|->|:)\s*")


def place_of(name: str, tokens: Sequence[str]) -> int | None:
    """The token of this name, as the screen writes it; or else its number, from 1."""
    for place, token in enumerate(tokens):
        # Pieces of a real tokenizer carry the space before them.
        if name in (token, token.strip()) or name.strip() == place_name(tokens, place).strip():
            return place
    return counted(name, len(tokens))


def one_of(name: str, names: Sequence[str]) -> int | None:
    """The place of a name among others, such as those of stages; or else its number, from 1."""
    return names.index(name) if name in names else counted(name, len(names))


def counted(number: str, count: int) -> int | None:
    """The place that a number from 1 to a count says; None where it is none."""
    is_number = number.isascii() and number.isdigit() and len(number) < 10
    return int(number) - 1 if is_number and 1 <= int(number) <= count else None


def named(text: str, tokens: Sequence[str], start: int) -> int | None:
    """The next token that is this text, whatever its case, or else the next that has it in it; from `start` on, and
    then from the beginning.
    """
    sought = text.casefold()
    whole = [place for place, token in enumerate(tokens) if token.strip().casefold() == sought]
    places = whole or [place for place, token in enumerate(tokens) if sought in token.casefold()]
    return next((place for place in places if place >= start), next(iter(places), None))


def pair_of(text: str, tokens: Sequence[str], key_tokens: Sequence[str]) -> tuple[int, int] | None:
    """A query and a key, with an arrow, a colon or a space between them; None where they are no two tokens."""
    for query, key in _halves(text.strip()):
        places = place_of(query, tokens), place_of(key, key_tokens)
        if places[0] is not None and places[1] is not None:
            return places[0], places[1]
    return None


def _halves(text: str) -> Iterator[tuple[str, str]]:
    """Every way to read it as two names: a name may have a space in it, or be an arrow."""
    for between in (*_ARROW.finditer(text), *re.finditer(r"\s+", text)):
        yield text[: between.start()], text[between.end() :]
