"""Where a number comes from, as text: its derivation, and those of its operands, as far down as asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kitten_tui.core.derivation import Cell, Workings
from kitten_tui.core.vocabulary import GAPS, NEXT, QUANTITIES
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.formula import Sum, arithmetic
from kitten_tui.sources.errors import SourceError
from kitten_tui.stages.view import place_name
from kitten_tui.words import Words

WIDTH = 160
_SYMBOLS = {quantity.symbol: name for name, quantity in QUANTITIES.items()}
_NAME = re.compile(r"\s*([^\[]+?)\s*(?:h(\d{1,6}))?\s*(?:\[(.*)\])?\s*", re.DOTALL)


class CellError(SourceError):
    """There is no such cell: one line that says what would be right."""


def quantity_of(text: str) -> str:
    """The quantity that such a name begins with, or what stands in its place."""
    found = _NAME.fullmatch(text)
    return _SYMBOLS.get(found[1], found[1]) if found else text


def parse_cell(text: str, workings: Workings, head: int) -> Cell:
    """The cell of a name such as `weights[journey,step]`, `q h2[journey,1]` or `output[2,1]`.

    Tokens are named or counted from 1, everything else is counted from 1.

    Raises:
        CellError: no quantity is called so, or it has no such place.
    """
    found = _NAME.fullmatch(text)
    name = quantity_of(text)
    if not found or name not in QUANTITIES:
        raise CellError(
            f"--explain: expected a quantity such as weights[1,2], one of {', '.join(QUANTITIES)}; found {text}"
        )
    if found[2]:
        head = int(found[2]) - 1
    if not 0 <= head < workings.source.n_heads:
        raise CellError(f"--explain: {name}: expected a head from 1 to {workings.source.n_heads}, found h{head + 1}")
    labels = [label.strip() for label in found[3].split(",")] if found[3] else []
    sizes = _sizes(name, workings, head)
    axes = QUANTITIES[name].axes
    if len(labels) != len(axes):
        wanted = f"{name}[{', '.join(axes)}]" if axes else name
        raise CellError(f"--explain: expected {wanted}, found {text}")
    places = zip(axes, sizes, labels, strict=True)
    index = tuple(
        _place(name, axis, size, label, workings.source.tokens, workings.trace(0).d_k) for axis, size, label in places
    )
    return Cell(name, index, head, workings.layer)


def _sizes(name: str, workings: Workings, head: int) -> tuple[int, ...]:
    if name in ("contribution", "partial"):
        trace = workings.trace(head)
        return (*trace.allowed.shape, trace.d_k)
    if name in NEXT and workings.source.has_head:
        return (len(workings.source.tokens), len(workings.source.continuation(0).pieces))
    array = workings.array(GAPS.get(name, name), head)
    if array is None:
        raise CellError(f"--explain: {name}: this source has none")
    return (array.shape[0], *array.shape) if name in GAPS else array.shape


def _place(name: str, axis: str, size: int, label: str, tokens: Sequence[str], d_k: int) -> int:
    """A place as the program writes it: a token, token#number, d2, head.dimension; or its number."""
    label = label.strip("'\"")
    by_token = axis in ("token", "query", "pinned", "key")
    if by_token:
        for place in range(len(tokens)):
            if label in (tokens[place], tokens[place].strip(), place_name(tokens, place).strip()):
                return place
    digits = label.removeprefix("d") if axis in ("d_model", "d_k") else label
    head, dot, inner = label.partition(".")
    if axis == "concat" and dot and _counts(head) and _counts(inner) and 1 <= int(inner) <= d_k:
        digits = str((int(head) - 1) * d_k + int(inner))
    if _counts(digits) and 1 <= int(digits) <= size:
        return int(digits) - 1
    expected = "a token of the sentence or " if by_token else ""
    raise CellError(f"--explain: {name}: expected {expected}a number from 1 to {size} for {axis}, found {label}")


def _counts(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 7


def explain(workings: Workings, cell: Cell, depth: int, words: Words) -> Iterator[str]:
    """The derivation of a cell in two lines, then those of its operands, indented; each cell once."""
    look = Sum(workings.source.tokens, workings.trace(0).d_k, words, heads=workings.source.n_heads > 1)
    yield from _explain(workings, cell, depth, look, "", set())


def _explain(workings: Workings, cell: Cell, depth: int, look: Sum, indent: str, told: set[Cell]) -> Iterator[str]:
    told.add(cell)
    derivation = workings.derive(cell)
    for line in arithmetic(derivation, look, WIDTH):
        yield indent + text_of(line).rstrip()
    if depth > 1:
        operands = (operand.cell for term in derivation.terms for operand in term)
        for operand in dict.fromkeys(operands):
            if operand is not None and operand not in told:
                yield from _explain(workings, operand, depth - 1, look, indent + "    ", told)
