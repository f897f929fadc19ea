"""A typed sentence as a lesson."""

from __future__ import annotations

import unicodedata

from kitten_tui.core.settings import Settings
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.invented import invent
from kitten_tui.sources.lesson import MAX_TOKENS, Lesson

_EMOJI_JOINER = "\u200d"
_TAGS = tuple(map(chr, range(0xE0020, 0xE0080)))
"""Invisible letters after a black flag that say whose flag it is."""
_EMOJI_EXTENDERS = (*map(chr, range(0x1F3FB, 0x1F400)), "\ufe0f", "\u20e3", *_TAGS)
_APOSTROPHES = "'’"
# Han, kana, and the marks that belong to them: scripts written without spaces, a character a token.
_ONE_BY_ONE = (
    (0x3005, 0x3007),
    (0x3040, 0x30FF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x20000, 0x3FFFF),
)


def tokenise(text: str) -> tuple[str, ...]:
    """Words and punctuation; Chinese and Japanese by the character; an emoji with all its joined parts is one token."""
    tokens: list[str] = []
    before = " "  # the character before this one
    for character in unicodedata.normalize("NFC", text):
        joins = character == _EMOJI_JOINER or character in _TAGS
        nothing_before = _parts(before)
        if unicodedata.category(character) == "Cf" and not _parts(character) and (nothing_before or not joins):
            continue  # invisible, and joins nothing
        if not _parts(character):
            if tokens and _continues(tokens[-1], before, character):
                tokens[-1] += character
            else:
                tokens.append(character)
        before = character
    return tuple(part for token in tokens for part in _without_loose_apostrophe(token))


def _continues(token: str, before: str, character: str) -> bool:
    """Whether this character belongs to the token that ends with `before`."""
    if _parts(before):
        return False
    if before == _EMOJI_JOINER or character == _EMOJI_JOINER or character in _EMOJI_EXTENDERS:
        return True
    if unicodedata.category(character)[0] == "M":
        return True
    if _is_flag_half(character):
        return len(token) == 1 and _is_flag_half(token)
    if character in _APOSTROPHES:
        return _in_word(before)
    return _in_word(character) and (_in_word(before) or (before in _APOSTROPHES and len(token) > 1))


def _without_loose_apostrophe(token: str) -> tuple[str, ...]:
    if len(token) > 1 and token[-1] in _APOSTROPHES:
        return token[:-1], token[-1]
    return (token,)


def _in_word(character: str) -> bool:
    if _stands_alone(character) or character in _EMOJI_EXTENDERS:
        return False
    return bool(character == "_" or unicodedata.category(character)[0] in "LNM")


def _stands_alone(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _ONE_BY_ONE)


def _is_flag_half(character: str) -> bool:
    return 0x1F1E6 <= ord(character) <= 0x1F1FF


def _parts(character: str) -> bool:
    """Whether it stands between words and is no part of any: space, control character, zero-width space."""
    return character.isspace() or character == "\u200b" or unicodedata.category(character) == "Cc"


def from_sentence(text: str, seed: int = Settings.seed) -> Lesson:
    """A lesson with invented numbers.

    Raises:
        SourceError: there is no word in it, or more than MAX_TOKENS.
    """
    tokens = tokenise(text)
    if not tokens:
        raise SourceError("sentence: expected at least one word, found none")
    if len(tokens) > MAX_TOKENS:
        raise SourceError(f"sentence: expected at most {MAX_TOKENS} words, found {len(tokens)}")
    return Lesson(inputs=invent(tokens, seed), settings=Settings(seed=seed), invented=True)
