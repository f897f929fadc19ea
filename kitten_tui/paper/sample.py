"""A lesson as a sample file that opens again to the same bits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

from kitten_tui.core.array_types import Array
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Reference, Source
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.lesson import Lesson, Texts, lesson_of
from kitten_tui.sources.tables import MAX_BYTES
from kitten_tui.sources.writing import writing

WIDTH = 120
"""Tokens that fit on a line this wide stand on one."""
TOKENS_A_LINE = 8

_UNSEEN = ("Cc", "Cf", "Zl", "Zp")
"""What cannot be seen is written as an escape: control and format characters, line and paragraph separators."""
_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def save(source: Source, settings: Settings, query: int, path: Path, *, overwrite: bool = False) -> None:
    """Writes a lesson as the sample file, whole or not at all. A link stays a link: what it leads to is written.

    Raises:
        ExistsError: the file exists, and `overwrite` was not asked for.
        SourceError: it is no lesson, cannot be written, or could not be opened again.
    """
    written = to_toml(lesson_of(source), settings, query).encode("utf-8")
    if len(written) > MAX_BYTES:
        raise SourceError(f"{path}: expected a sample of at most {MAX_BYTES:,} bytes, found {len(written):,}")
    with writing(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(written)


def to_toml(lesson: Lesson, settings: Settings, query: int) -> str:
    """The text of a sample file that begins with these settings, at this query.

    Raises:
        SourceError: no file could say so: a half character, a query outside, an own mask that is none.
    """
    if not 0 <= query < len(lesson.tokens):
        raise SourceError(f"query: expected one from 1 to {len(lesson.tokens)}, found {query + 1}")
    if settings.mask not in lesson.masks:
        raise SourceError(f"mask: expected one of {', '.join(lesson.masks)}, found {settings.mask}")
    blocks = [_heading(lesson), [*_tokens(lesson.tokens), *_spelled(lesson)], *_arrays(lesson)]
    blocks.append(["[settings]", *_settings(settings), f"query = {query + 1}"])
    for number, head in enumerate(lesson.inputs.heads, start=1):
        arrays = ((field.name, getattr(head, field.name)) for field in fields(head))
        lines = (line for name, array in arrays if array is not None for line in _array(name, array))
        blocks.append([f"[[heads]]  # {number}", *lines])
    blocks += map(_reference, lesson.references)
    return "\n".join("\n".join(block) + "\n" for block in blocks if block)


def _heading(lesson: Lesson) -> list[str]:
    lines = [*_texts("title", lesson.title), *_texts("note", lesson.note)]
    return lines + [f"{name} = true" for name in ("invented", "drawn") if getattr(lesson, name)]


def _spelled(lesson: Lesson) -> list[str]:
    words = [_string(token, "invented") for token in lesson.tokens if token in lesson.spelled]
    return [f"invented = [{', '.join(dict.fromkeys(words))}]"] if words else []


def _texts(name: str, texts: Texts) -> Iterator[str]:
    for language, text in texts.items():
        key = language if re.fullmatch("[A-Za-z0-9_-]+", language) else _string(language, name)
        yield f"{name}.{key} = {_string(text, name)}"


def _tokens(tokens: Sequence[str]) -> list[str]:
    written = [_string(token, f"tokens[{number}]") for number, token in enumerate(tokens, start=1)]
    line = f"tokens = [{', '.join(written)}]"
    if len(line) <= WIDTH:
        return [line]
    starts = range(0, len(written), TOKENS_A_LINE)
    return ["tokens = [", *(f"  {', '.join(written[start : start + TOKENS_A_LINE])}," for start in starts), "]"]


def _arrays(lesson: Lesson) -> Iterator[list[str]]:
    """What the lesson holds besides its heads, an array a block."""
    inputs = lesson.inputs
    own = None if inputs.own_mask is None else inputs.own_mask.astype(int)  # [query, key]
    names = ("x",) if inputs.embedding is None else ("embedding", "position")
    arrays = {name: getattr(inputs, name) for name in (*names, "w_o", "b_o")} | {"own_mask": own}
    for name, array in arrays.items():
        if array is not None:
            yield _array(name, array)


def _array(name: str, array: Array) -> list[str]:
    """A row of numbers a line, each with as many digits as it takes to read the same number again."""
    if array.ndim == 1:
        return [f"{name} = {_row(array)}"]
    return [f"{name} = [", *(f"  {_row(row)}," for row in array), "]"]


def _row(row: Array) -> str:
    return f"[{', '.join(map(repr, row.tolist()))}]"


def _settings(settings: Settings) -> Iterator[str]:
    for field in fields(settings):
        value = getattr(settings, field.name)
        match value:
            case None | "":
                continue
            case bool():
                yield f"{field.name} = {str(value).lower()}"
            case str():
                yield f"{field.name} = {_string(value, field.name)}"
            case float():
                yield f"{field.name} = {float(value)!r}"  # NumPy's own floats say what they are
            case _:
                yield f"{field.name} = {value!r}"


def _reference(reference: Reference) -> list[str]:
    lines = ["[[reference]]", f"source = {_string(reference.source, 'source')}", f"head = {reference.head + 1}"]
    lines += [*_settings(reference.settings), f"tolerance = {reference.tolerance!r}"]
    return lines + [line for name, values in reference.values.items() for line in _array(name, values)]


def _string(text: str, place: str) -> str:
    """A string of TOML; UTF-8 has no halves of characters, so they are refused."""
    half = next((character for character in text if unicodedata.category(character) == "Cs"), None)
    if half is not None:
        raise SourceError(f"{place}: expected whole characters, found half of one, U+{ord(half):04X}")
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if unicodedata.category(character) not in _UNSEEN:
        return character
    code = ord(character)
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
