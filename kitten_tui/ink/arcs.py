"""The sentence twice, and between its words lines by weight: where every word looks, in several heads at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from kitten_tui.core.array_types import Array
from kitten_tui.core.weighed import PLAIN, WITHOUT_SPECIAL, Special, special_of
from kitten_tui.ink.cells import Line, fit, show_token, wrap
from kitten_tui.ink.numbers import fmt
from kitten_tui.ink.palette import Palette
from kitten_tui.stages.view import View
from kitten_tui.words import Words

MOST = 60
"""Words on each side; of a longer text so many around the selected one."""
MOST_HEADS = 6
NAME = 14
"""The widest word, in cells."""
NUMBER = 6
LEAST, LEAST_OF_WORD = 0.1, 0.02
"""Lines of all words, and of one word alone, begin at this weight."""
DIM, BOLD = 0.2, 0.5
COLOURS = ("#4a8fd6", "#d98324", "#3fa66b", "#b266c9", "#c94f5d", "#8a8f3a")
"""Of the heads that are shown; each is told from its neighbours by those who see fewer colours, too."""
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""The dots of a braille cell: four rows of two."""


@dataclass(frozen=True, eq=False)
class Arcs:
    """What is shown of a layer."""

    tokens: Sequence[str]
    key_tokens: Sequence[str]
    weights: Array
    """Of the heads that are shown. [head, query, key]"""
    heads: tuple[int, ...]
    """Which they are, from 0."""
    query: int = -1
    """The word whose lines alone are kept; −1 is all."""
    weighed: str = PLAIN
    """What the weights are."""
    special: Special = ((), ())
    """The places of tokens that are hidden."""

    @classmethod
    def of(cls, view: View, query: int, *, several: bool) -> Arcs:
        """Of the selected head, or of several of its layer beside it."""
        source, head, name = view.source, view.selection.head, view.weighed
        first = head // MOST_HEADS * MOST_HEADS
        heads = range(first, min(first + MOST_HEADS, source.n_heads)) if several else range(head, head + 1)
        weights = np.stack([view.head(each)[name] for each in heads])  # [head, query, key]
        special = special_of(source.tokens, source.key_tokens) if name in WITHOUT_SPECIAL else ((), ())
        return cls(source.tokens, source.key_tokens, weights, tuple(heads), query, name, special)


def draw(arcs: Arcs, words: Words, palette: Palette, width: int, said: str = "") -> list[Line]:
    """A line for each word: a query at the left, a key at the right, lines of weights between them, and beside the keys
    what the selected query gives them. Above them which heads they are, what the lines are, and what else is said.
    """
    rows, columns = _window(arcs)
    left = [_name(arcs.tokens, place, arcs.special[0]) for place in rows]
    right = [_name(arcs.key_tokens, place, arcs.special[1]) for place in columns]
    names = [max(map(cell_len, side)) + 2 for side in (left, right)]
    numbers = NUMBER * len(arcs.heads) if arcs.query >= 0 else 0
    room = max(width - sum(names) - numbers, 4)
    height = max(len(left), len(right))
    canvas = _canvas(arcs, rows, columns, room, height)
    lines = [*_caption(arcs, rows, columns, words, palette, width, said), []]
    for y in range(height):
        here = y < len(left) and rows[y] == arcs.query
        name = ("▸" if here else " ") + left[y] if y < len(left) else ""
        line: Line = [Segment(fit(name, names[0]), palette.chosen if here else palette.label), *canvas[y]]
        if y < len(right):
            line.append(Segment(fit(" " + right[y], names[1]), palette.label))
            line += _numbers(arcs, columns[y], palette)
        lines.append(line)
    return lines


def _name(tokens: Sequence[str], place: int, hidden: Sequence[int]) -> str:
    return "" if place in hidden else show_token(tokens[place], NAME)


def _numbers(arcs: Arcs, key: int, palette: Palette) -> Line:
    """What the selected query gives a key, in each head; nothing where all words are shown."""
    if arcs.query < 0 or key in arcs.special[1]:
        return []
    given = arcs.weights[:, arcs.query, key]  # [head]
    return [Segment(fit(fmt(float(one)), NUMBER, "right"), _colour(at, palette)) for at, one in enumerate(given)]


def _colour(place: int, palette: Palette) -> Style:
    """Of a head, by its place among those that are shown; paper without colours has none."""
    return Style(color=COLOURS[place]) if palette.ramp.styles else palette.text


def _window(arcs: Arcs) -> tuple[range, range]:
    """The words that are shown on each side."""
    n, m = len(arcs.tokens), len(arcs.key_tokens)
    middle = max(arcs.query, 0)
    same = tuple(arcs.tokens) == tuple(arcs.key_tokens)
    looked_at = middle if same else int(arcs.weights[:, middle].sum(axis=0).argmax())
    return _around(middle, n), _around(looked_at, m)


def _around(place: int, count: int) -> range:
    first = max(0, min(place - MOST // 2, count - MOST))
    return range(first, min(first + MOST, count))


def _caption(
    arcs: Arcs, rows: range, columns: range, words: Words, palette: Palette, width: int, said: str
) -> list[Line]:
    heads: Line = [Segment(words("arcs.heads") + " ", palette.muted)]
    heads += [
        Segment(f"{head + 1} ", _colour(place, palette) + Style(bold=True)) for place, head in enumerate(arcs.heads)
    ]
    if arcs.weighed != PLAIN:
        heads.append(Segment(f"  {words(f'weighed.{arcs.weighed}')}", palette.result))
    least = LEAST if arcs.query < 0 else LEAST_OF_WORD
    told = words("arcs.all" if arcs.query < 0 else "arcs.one", least=f"{least:g}")
    if len(rows) < len(arcs.tokens) or len(columns) < len(arcs.key_tokens):
        told += " " + words("arcs.part", first=rows.start + 1, last=rows.stop, count=len(arcs.tokens))
    return [heads, *([Segment(line, palette.muted)] for line in wrap(f"{told} {said}".rstrip(), width))]


def _canvas(arcs: Arcs, rows: range, columns: range, width: int, height: int) -> list[Line]:
    """Lines of dots, the strongest on top."""
    dots = np.zeros((4 * height, 2 * width), dtype=bool)  # [y, x]
    owner = np.full((height, width), -1)  # [row, column]
    shade = np.zeros((height, width))  # [row, column]
    part = arcs.weights[:, rows.start : rows.stop, columns.start : columns.stop]  # [head, query, key]
    part = np.where(np.isfinite(part), part, 0.0)
    least = LEAST
    if arcs.query >= 0:
        least = LEAST_OF_WORD
        kept = np.zeros(part.shape[1], dtype=bool)  # [query]
        kept[arcs.query - rows.start] = True
        part = np.where(kept[:, None], part, 0.0)
    found = np.argwhere(part >= least)  # [line, (head, query, key)]
    strength = part[tuple(found.T)]  # [line]
    x = np.arange(2 * width)  # [x]
    for head, query, key in found[np.argsort(strength, kind="stable")].tolist():
        y = np.rint(np.linspace(4 * query + 1.5, 4 * key + 1.5, 2 * width)).astype(int)  # [x]
        dots[y, x] = True
        owner[y // 4, x // 2] = head
        shade[y // 4, x // 2] = part[head, query, key]
    cells = dots.reshape(height, 4, width, 2)  # [row, dot row, column, dot column]
    signs = np.einsum("rycx,yx->rc", cells, _DOTS)  # [row, column]
    return [_row(signs[y], owner[y], shade[y]) for y in range(height)]


def _row(signs: Array, owner: Array, shade: Array) -> Line:
    return [_dots(int(sign), int(head), float(one)) for sign, head, one in zip(signs, owner, shade, strict=True)]


def _dots(sign: int, head: int, weight: float) -> Segment:
    """A cell of the canvas; strong lines are bold, weak ones dim."""
    if not sign:
        return Segment(" ")
    return Segment(chr(0x2800 + sign), Style(color=COLOURS[head], dim=weight < DIM, bold=weight >= BOLD))
