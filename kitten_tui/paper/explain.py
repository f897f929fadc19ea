"""Where a number comes from, as text: its derivation, and those of its operands, as far down as asked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kitten_tui.core.cell import Cell
from kitten_tui.core.chain import Chain
from kitten_tui.core.quantity import Scope
from kitten_tui.core.workings import Workings
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.formula import Sum, arithmetic
from kitten_tui.sources.errors import SourceError
from kitten_tui.stages.view import place_name
from kitten_tui.words import Words

WIDTH = 160
MOST_CELLS = 5_000
"""How many cells one explanation tells of."""
_NAME = re.compile(r"\s*([^\[]+?)\s*(?:h(\d{1,6}))?\s*(?:\[(.*)\])?\s*", re.DOTALL)


class CellError(SourceError):
    """There is no such cell: one line that says what would be right."""


def quantity_of(text: str, chain: Chain) -> str:
    """The quantity that such a name begins with, or what stands in its place."""
    parts = _NAME.fullmatch(text)
    if parts is None:
        return text
    return next((name for name, quantity in chain.items() if parts[1] in (name, quantity.symbol)), parts[1])


def parse_cell(text: str, workings: Workings, head: int) -> Cell:
    """The cell of a name such as `weights[journey,step]`, `q h2[journey,1]` or `output[2,1]`.

    Tokens are named or counted from 1, everything else is counted from 1.

    Raises:
        CellError: no quantity is called so, or it has no such place.
    """
    parts, workings = _NAME.fullmatch(text), _in_its_layer(text, workings)
    chain = workings.chain
    name = quantity_of(text, chain)
    known = [name for name, quantity in chain.items() if quantity.scope is not Scope.CONSTANT and not quantity.of]
    if not parts or name not in chain or chain[name].scope is Scope.CONSTANT:
        raise CellError(f"--explain: expected a quantity such as weights[1,2], one of {', '.join(known)}; found {text}")
    if parts[2]:
        head = int(parts[2]) - 1
    if not 0 <= head < workings.source.n_heads:
        raise CellError(f"--explain: {name}: expected a head from 1 to {workings.source.n_heads}, found h{head + 1}")
    if not workings.has(name, head):
        raise CellError(f"--explain: {name}: this source has none")
    axes = chain[name].axes
    labels = [label.strip() for label in parts[3].split(",")] if parts[3] else []
    if len(labels) != len(axes):
        wanted = f"{name}[{', '.join(axes)}]" if axes else name
        raise CellError(f"--explain: expected {wanted}, found {text}")
    sizes = _sizes(name, workings, head)
    places = zip(axes, sizes, labels, strict=True)
    return Cell(name, tuple(_place(name, *place, workings) for place in places), head, workings.layer)


def _in_its_layer(text: str, workings: Workings) -> Workings:
    """The layer that is looked at; another one where a quantity is only there, as the loss is in the last."""
    layers = (workings.layer, *reversed(range(workings.source.n_layers)))
    return next(
        (of for layer in layers if quantity_of(text, (of := workings.in_layer(layer)).chain) in of.chain), workings
    )


def _sizes(name: str, workings: Workings, head: int) -> tuple[int, ...]:
    """How many places each axis of a quantity has."""
    axes, says = workings.chain[name].axes, workings.source.next_tokens
    if "rank" in axes and says is not None:
        return (len(workings.source.tokens), len(says.continuation(0).pieces))
    if len(axes) > 2:  # it is made a query at a time
        return tuple(workings.size(axis) for axis in axes)
    array = workings.array(name, head)
    return () if array is None else array.shape


def _place(name: str, axis: str, size: int, label: str, workings: Workings) -> int:
    """A place as the program writes it: a token, token#number, d2, head.dimension; or its number."""
    label = label.strip("'\"")
    by_token = axis in ("token", "query", "pinned", "key")
    looked_at = axis == "key" or (axis == "token" and workings.chain.of_keys(name))
    tokens = workings.source.key_tokens if looked_at else workings.source.tokens
    if by_token:
        for place in range(len(tokens)):
            if label in (tokens[place], tokens[place].strip(), place_name(tokens, place).strip()):
                return place
    if axis == "vocabulary" and workings.source.trainer is not None and label in workings.source.trainer.vocabulary:
        return workings.source.trainer.vocabulary.index(label)
    digits = label.removeprefix("d") if axis in ("d_model", "d_k") else label
    head, dot, inner = label.partition(".")
    d_k = workings.head_width
    if axis == "concat" and dot and _counts(head) and _counts(inner) and 1 <= int(inner) <= d_k:
        digits = str((int(head) - 1) * d_k + int(inner))
    if _counts(digits) and 1 <= int(digits) <= size:
        return int(digits) - 1
    expected = "a token of the sentence or " if by_token else ""
    raise CellError(f"--explain: {name}: expected {expected}a number from 1 to {size} for {axis}, found {label}")


def _counts(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 7


def explain(workings: Workings, cell: Cell, depth: int, words: Words) -> Iterator[str]:
    """The derivation of a cell in two lines, then those of its operands, indented; each cell once.

    A model has millions of cells below one: it ends after so many, and says so.
    """
    look = Sum(workings, words, heads=workings.source.n_heads > 1)
    told: set[Cell] = set()
    ahead: list[tuple[Cell, int]] = [(cell, 0)]  # what is still to be told, and how far down it is, the next one last
    while ahead:
        at, below = ahead.pop()
        if at in told:
            continue
        if len(told) == MOST_CELLS:
            yield words("explain.more", most=f"{MOST_CELLS:,}")
            return
        told.add(at)
        derivation = workings.derive(at)
        for line in arithmetic(derivation, look, WIDTH):
            yield "    " * below + text_of(line).rstrip()
        if below + 1 < depth:
            operands = dict.fromkeys(operand.cell for term in derivation.terms for operand in term)
            new = [operand for operand in operands if operand is not None and operand not in told]
            ahead += [(operand, below + 1) for operand in reversed(new)]
