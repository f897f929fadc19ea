"""Where a number comes from, as text: its derivation, and those of its operands, as far down as asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kitten_tui.core.derivation import Cell, Workings
from kitten_tui.core.vocabulary import QUANTITIES
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.formula import Sum, arithmetic
from kitten_tui.words import Words

WIDTH = 160
_NAME = re.compile(r"\s*([a-z_]+)\s*(?:h(\d{1,6}))?\s*(?:\[(.*)\])?\s*", re.DOTALL)


class CellError(ValueError):
    """There is no such cell: one line that says what would be right."""


def parse_cell(text: str, workings: Workings, head: int) -> Cell:
    """The cell of a name such as `weights[journey,step]`, `q h2[journey,1]` or `output[2,1]`.

    Tokens are named or counted from 1, everything else is counted from 1.

    Raises:
        CellError: no quantity is called so, or it has no such place.
    """
    found = _NAME.fullmatch(text)
    name = found[1] if found else ""
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
    index = tuple(_place(name, axis, size, label, workings.source.tokens) for axis, size, label in places)
    return Cell(name, index, head, workings.layer)


def _sizes(name: str, workings: Workings, head: int) -> tuple[int, ...]:
    if name in ("contribution", "partial"):
        trace = workings.trace(head)
        return (*trace.weights.shape, trace.d_k)
    array = workings.array(name, head)
    if array is None:
        raise CellError(f"--explain: {name}: this source has none")
    return array.shape


def _place(name: str, axis: str, size: int, label: str, tokens: Sequence[str]) -> int:
    token = label.strip("'\"")
    if axis in ("token", "query", "key") and token in tokens:
        return list(tokens).index(token)
    if label.isascii() and label.isdigit() and len(label) < 7 and 1 <= int(label) <= size:
        return int(label) - 1
    by_name = "a token of the sentence or " if axis in ("token", "query", "key") else ""
    raise CellError(f"--explain: {name}: expected {by_name}a number from 1 to {size} for {axis}, found {label}")


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
