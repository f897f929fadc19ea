"""Signs of the same width for a terminal or a file whose encoding has none of ours: columns stay straight."""

from __future__ import annotations

import codecs
import unicodedata

NAME = "kitten-signs"
_SIGNS = {
    **dict.fromkeys("█▓▇▆", "#"),
    **dict.fromkeys("▒▅▄▌▐▀■", "="),
    **dict.fromkeys("░▃▂▁", "-"),
    **dict.fromkeys("▉▊▋", "#"),
    **dict.fromkeys("▍▎▏▕", "|"),
    **dict.fromkeys("▸▶→⇧", ">"),
    **dict.fromkeys("←⌫◂", "<"),
    **dict.fromkeys("·•…。◌", "."),
    **dict.fromkeys("×✕✗", "x"),
    **dict.fromkeys("−–—─━⏎", "-"),
    **dict.fromkeys("│┃‖", "|"),
    **dict.fromkeys("└┘┌┐├┤┬┴┼╭╮╰╯", "+"),
    **dict.fromkeys("“”„«»", '"'),
    **dict.fromkeys("‘’′", "'"),
    **dict.fromkeys("≤", "<"),
    **dict.fromkeys("≥", ">"),
    **dict.fromkeys("≈≠", "="),
    **dict(zip("αβγδωΣ∞√↑↓↔∂Δ␣⇥÷", "abgdwS8V^v~dD_>/", strict=True)),
}


def _replaced(character: str) -> str:
    """A sign that looks like it, or a raised or lowered digit as a digit; a foreign character is shown by its code."""
    if character in _SIGNS:
        return _SIGNS[character]
    plain = unicodedata.normalize("NFKD", character)
    if unicodedata.category(character) in ("No", "Lm") and plain.isascii() and len(plain) == 1:
        return plain
    return character.encode("ascii", "backslashreplace").decode()


def _handle(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_replaced, error.object[error.start : error.end])), error.end


codecs.register_error(NAME, _handle)
