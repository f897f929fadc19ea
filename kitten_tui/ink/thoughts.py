"""What a model thinks on the way: a row for each word, a column for each layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from kitten_tui.core.asking import Thought
from kitten_tui.ink.cells import fit, harmless, show_token
from kitten_tui.ink.numbers import fmt
from kitten_tui.stages.view import place_name
from kitten_tui.words import Words

WIDEST = 12
"""Cells of a token in the table."""


def table(tokens: Sequence[str], thoughts: Sequence[Thought], words: Words, width: int = 0) -> Iterator[str]:
    """The likeliest token after each layer, with its probability; as many layers beside one another as there is room
    for, all of them without a width.
    """
    names = [words("lens.word"), *(_shown(place_name(tokens, place).strip()) for place in range(len(tokens)))]
    columns = [_column(thought, words) for thought in thoughts]
    while columns:
        count = _fitting([names, *columns], width)
        taken, columns = [names, *columns[:count]], columns[count:]
        widths = [_width(column) for column in taken]
        for row in zip(*taken, strict=True):
            yield "  ".join(fit(cell, size) for cell, size in zip(row, widths, strict=True)).rstrip()
        yield ""


def _column(thought: Thought, words: Words) -> list[str]:
    shares = thought.probability[:, 0]  # [token]
    cells = [f"{_shown(of[0])} {fmt(float(share), 2)}" for of, share in zip(thought.pieces, shares, strict=True)]
    return [str(thought.layer) if thought.layer else words("lens.before"), *cells]


def _fitting(columns: Sequence[Sequence[str]], width: int) -> int:
    """How many columns stand beside the first one, one at least."""
    taken, count = _width(columns[0]), 0
    for column in columns[1:]:
        taken += 2 + _width(column)
        if width and count and taken > width:
            break
        count += 1
    return count


def _width(column: Sequence[str]) -> int:
    return max(map(cell_len, column))


def _shown(piece: str) -> str:
    return harmless(show_token(piece, WIDEST))
