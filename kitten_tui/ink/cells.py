"""All that the project knows about the width of text on a terminal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment

Line = list[Segment]

_DROPPED = {"\ufe0e", "\ufe0f", "\u20e3", "\u3164", "\uffa0", *map(chr, range(0x1F3FB, 0x1F400))}
"""Marks that terminals disagree on the width of: emoji variants and skin tones, Hangul without a letter."""
_DOUBTFUL = frozenset(
    chr(code)
    for first, last in ((0x2630, 0x2637), (0x268A, 0x268F), (0x3248, 0x324F), (0x1D300, 0x1D356), (0x1D360, 0x1D378))
    for code in range(first, last + 1)
)
"""Signs that are one cell wide in some versions of Unicode, and two in others: trigrams, numbers in circles, rods."""
_MAX_MARKS = 2
_HELD_BACK = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What steers a terminal, turns the direction of a line, ends it, or is half of a character."""
_CLAUSE = re.compile(r"[,;:] |[，；：]")
_NO_LINE_START = frozenset("，。！？；：、）》」』”’…—％,.!?;:)]}%")
_NO_LINE_END = frozenset("（《「『“‘([{")


def harmless(text: str) -> str:
    """The last gate before a terminal: whatever comes this far steers nothing, and keeps its width.

    What is foreign goes through `clean`, which shows that something was there; this holds back what was forgotten.
    """
    return _HELD_BACK.sub(lambda held: "\ufffd" * cell_len(held[0]), text)


def clean(text: str) -> str:
    """Text that a terminal shows as it is: no control, no invisible character, nothing of doubtful width.

    Foreign text (tokens, titles, notes, names, paths, problems) becomes text on a screen or on paper here.
    """
    shown: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(character)
        if kind in ("Mn", "Me"):
            marks += 1
            if character in _DROPPED or marks > _MAX_MARKS or not shown:
                continue
        else:
            marks = 0
        if character in _DROPPED or kind == "Cf":
            continue
        if kind == "Mc":
            character = _spacing(character)
        elif character in _DOUBTFUL:
            character = "◌"
        if 0x1F1E6 <= ord(character) <= 0x1F1FF:  # a flag is two letters
            character = chr(ord(character) - 0x1F1E6 + ord("A"))
        elif character in "\n\r\t" or kind in ("Zl", "Zp"):
            character = "⏎" if character in "\n\r" or kind != "Cc" else "⇥"
        elif kind in ("Cc", "Cs", "Co", "Cn"):
            character = "�"
        elif kind == "Zs":
            character = " "
        shown.append(character)
    return "".join(shown)


def clean_lines(text: str) -> str:
    """A text that may have several lines, each of them clean."""
    return "\n".join(map(clean, text.splitlines()))


@lru_cache(maxsize=1024)
def _spacing(mark: str) -> str:
    """A spacing mark as something one cell wide: to some terminals it takes a cell, to others it takes none.

    Vowel signs have a letter of their own for the same vowel.
    """
    letter = unicodedata.name(mark, "").replace("VOWEL SIGN", "LETTER")
    try:
        vowel = unicodedata.lookup(letter)
    except KeyError:
        return "◌"
    return vowel if unicodedata.category(vowel) == "Lo" and cell_len(vowel) == 1 else "◌"


@lru_cache(maxsize=4096)
def show_token(token: str, width: int | None = None) -> str:
    """A token as a label: clean, never empty, and at most this wide."""
    text = clean(token)
    if not text.strip():
        text = "␣" * max(1, len(text))
    return text if width is None else cut(text, width)


def cut(text: str, width: int) -> str:
    """The beginning of a text, with … where something is missing."""
    if cell_len(text) <= width:
        return text
    kept = start_of(text, width - 1)
    return kept + "…" if width > 0 else ""


def clauses(text: str, width: int) -> str:
    """As many whole clauses as there is room for; where there is none for the first, as much of that."""
    if cell_len(text) <= width:
        return text
    ends = [end.start() for end in _CLAUSE.finditer(text)]
    fitting = (text[:end] for end in reversed(ends) if cell_len(text[:end]) + 2 <= width)
    return next((f"{start} …" for start in fitting), cut(text, width))


def start_of(text: str, width: int) -> str:
    """As much of the beginning of a text as there is room for, which may be nothing."""
    room = width
    for place, character in enumerate(text):
        room -= cell_len(character)
        if room < 0:
            return text[:place]
    return text


def fit(text: str, width: int, align: str = "left") -> str:
    """A text in exactly this many cells."""
    text = cut(text, width)
    space = " " * (width - cell_len(text))
    return space + text if align == "right" else text + space


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most this many cells, broken between words or between Chinese characters.

    A line begins with no closing mark and ends with no opening one.
    """
    width = max(width, 1)
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for piece in _pieces(paragraph):
            if line and cell_len(line + piece.rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
                piece = piece.lstrip()
            while len(piece) > 1 and cell_len(piece.rstrip()) > width:
                head = _longest_start(piece, width)
                lines.append(head)
                piece = piece[len(head) :]
            line += piece
        lines.append(line.rstrip())
    return lines


def _pieces(text: str) -> list[str]:
    """What a line may not be broken within, spaces at the end of the piece they follow."""
    pieces: list[str] = []
    for character in text:
        if pieces and not _may_break(pieces[-1], character):
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def _may_break(before: str, character: str) -> bool:
    last = before[-1]
    if character == " " or character in _NO_LINE_START or last in _NO_LINE_END:
        return False
    return last == " " or _is_wide(last) or _is_wide(character)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _longest_start(text: str, width: int) -> str:
    """At least a character, so that there is always less left."""
    return start_of(text, width) or text[0]


def width_of(line: Iterable[Segment]) -> int:
    return sum(segment.cell_length for segment in line)


def text_of(line: Iterable[Segment]) -> str:
    return "".join(segment.text for segment in line)


def crop(line: Line, left: int, right: int) -> Line:
    """What of a line shows between two columns; a wide character cut in half becomes a space."""
    cropped: Line = []
    start = 0
    for segment in line:
        end = start + segment.cell_length
        if end > left and start < right:
            if start < left:
                segment = segment.split_cells(left - start)[1]
                start = left
            if end > right:
                segment = segment.split_cells(right - start)[0]
            cropped.append(segment)
        start = end
    return cropped
