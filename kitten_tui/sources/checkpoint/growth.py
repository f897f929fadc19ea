"""How long a text becomes before it is cut into tokens: a tokenizer may replace each letter by a thousand others."""

from __future__ import annotations

import json
from functools import reduce
from pathlib import Path
from typing import Any

from kitten_tui.sources.errors import SourceError

SHORT, TIMES = 1_000_000, 4
"""Bytes that any text may become, and how many for each byte of a long one: a space becomes three."""
UNICODE = 12
"""How many bytes the longest sign of Unicode becomes for each of its own when it is taken apart."""
MOST_COPIES = 8
"""How often what is put around a text may hold the text; once is usual."""

Json = dict[str, Any]


def refuse_growth(tokenizer: Any, text: str, path: Path) -> None:
    """Measures, in pieces that cannot become large, how long a text becomes.

    Raises:
        SourceError: longer than any honest tokenizer makes it.
    """
    size = len(text.encode())
    most = max(SHORT, TIMES * size)
    copies = _copies(_state(tokenizer.post_processor))
    if copies > MOST_COPIES:
        raise SourceError(f"{path}: post_processor: expected the text once, found it {copies:,} times")
    normalizer = _state(tokenizer.normalizer)
    if longest(normalizer, size) <= most:
        return
    piece = len(text)
    while piece and longest(normalizer, 4 * piece) > most:  # a character has up to four bytes
        piece //= 2
    total = 0
    for start in range(0, len(text) if piece else 0, piece or 1):
        total += len(tokenizer.normalizer.normalize_str(text[start : start + piece]).encode())
        if total > most:
            break
    if not piece or total > most:
        raise SourceError(
            f"{path}: normalizer: expected a text of {size:,} bytes to become one of at most {most:,}, found more"
        )


def longest(step: Json | None, size: int) -> int:
    """At most so many bytes a text of a size becomes."""
    match step:
        case None:
            return size
        case {"type": "Sequence", "normalizers": list(steps)}:
            return reduce(lambda so_far, one: longest(one, so_far), steps, size)
        case {"type": "Prepend", "prepend": str(before)}:
            return size + len(before.encode())
        case {"type": "Replace", "pattern": {"String": str(old)}, "content": str(new)} if old:
            return max(size, size * len(new.encode()) // len(old.encode()))
        case {"type": "Replace", "content": str(new)}:  # an expression may match nothing, anywhere
            return size + (size + 1) * len(new.encode())
        case {"type": "Precompiled", "precompiled_charsmap": str(table)}:
            return size * max(len(table), 1)
        case _:
            return size * UNICODE


def _copies(processor: Json | None) -> int:
    match processor:
        case {"type": "Sequence", "processors": list(parts)}:
            return reduce(lambda so_far, one: so_far * _copies(one), parts, 1)
        case {"type": "TemplateProcessing", "single": list(alone), "pair": list(both)}:
            once, twice = (sum("Sequence" in piece for piece in pieces) for pieces in (alone, both))
            return max(once, (twice + 1) // 2, 1)  # of two texts each is there once
        case _:
            return 1


def _state(part: Any) -> Json | None:
    """A part of a tokenizer as it stands in tokenizer.json."""
    state: Json | None = None if part is None else json.loads(part.__getstate__())
    return state
