"""A derivation in full: a line and a bar for each term."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment

from kitten_tui.core.cell import Derivation, Term, products
from kitten_tui.ink.bars import bar
from kitten_tui.ink.cells import Line, cut, fit, wrap
from kitten_tui.ink.formula import Sum, product_pieces, text_of_pieces
from kitten_tui.ink.in_words import in_words
from kitten_tui.ink.numbers import fmt

BAR = 12


def whole(derivation: Derivation, look: Sum, width: int) -> list[Line]:
    """Every term with its operands by value and by name, then the result."""
    palette = look.palette
    name = look.name(derivation.cell)
    said = [[Segment(line, palette.muted)] for line in wrap(in_words(derivation, look), width)]
    lines: list[Line] = [[Segment(name, palette.chosen)], *said, []]
    written = [text_of_pieces(product_pieces(term)) for term in derivation.terms]
    values: list[float] = products(derivation.terms).tolist()
    left = max((cell_len(text) for text in written), default=0)
    largest = max((abs(value) for value in values), default=0.0)
    for term, text, value in zip(derivation.terms, written, values, strict=True):
        share = abs(value) / largest if 0.0 < largest < float("inf") else 0.0
        names = cut(_names(term, look), max(width - left - BAR - 14, 0))
        lines.append(
            [
                Segment(fit(text, left), palette.text),
                Segment(f" = {fmt(value):>8} ", palette.result),
                Segment(fit(bar(share, BAR), BAR + 1), palette.bar),
                Segment(names, palette.muted),
            ]
        )
    lines += [[], [Segment("= ", palette.muted), Segment(fmt(derivation.value), palette.result)]]
    return lines


def _names(term: Term, look: Sum) -> str:
    cells = [operand.cell for operand in term if operand.cell is not None]
    return " × ".join(look.name(cell) for cell in cells)
