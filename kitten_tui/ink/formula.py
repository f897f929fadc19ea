"""A derivation as a line of arithmetic with its real operands."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, prod

from rich.cells import cell_len
from rich.segment import Segment

from kitten_tui.core.derivation import Cell, Derivation, Op, Operand, Term
from kitten_tui.core.vocabulary import QUANTITIES
from kitten_tui.ink.cells import Line, cut, show_token
from kitten_tui.ink.numbers import MINUS_INFINITY, fmt
from kitten_tui.ink.palette import PLAIN, Palette
from kitten_tui.stages.view import place_name
from kitten_tui.words import Words

LONGEST_LABEL = 12
_BIASED = ("q", "k", "v", "output")


def cell_name(cell: Cell, tokens: Sequence[str], d_k: int = 1) -> str:
    """A cell as people write it: ω[journey, step]; numbers count from 1."""

    def label(axis: str, place: int) -> str:
        if axis in ("token", "query", "key"):
            return show_token(place_name(tokens, place), LONGEST_LABEL)
        if axis == "concat":
            return f"{place // d_k + 1}.{place % d_k + 1}"
        return f"d{place + 1}"

    quantity = QUANTITIES[cell.name]
    labels = [label(axis, place) for axis, place in zip(quantity.axes, cell.index, strict=True)]
    return f"{quantity.symbol}[{', '.join(labels)}]"


def arithmetic(
    derivation: Derivation,
    tokens: Sequence[str],
    d_k: int,
    words: Words,
    width: int,
    palette: Palette = PLAIN,
) -> list[Line]:
    """Two lines: the sum with its operands, and in words what is done."""
    name = cell_name(derivation.cell, tokens, d_k)
    result = fmt(derivation.value)
    room = width - cell_len(name) - cell_len(result) - 6
    middle = _expression(derivation, tokens, d_k, words, room)
    line = [Segment(name, palette.chosen), Segment(" = ", palette.muted)]
    if middle:
        line += [Segment(middle, palette.text), Segment(" = ", palette.muted)]
    line.append(Segment(result, palette.result))
    return [line, [Segment(cut(" " * 2 + _in_words(derivation, words, d_k), width), palette.muted)]]


def _in_words(derivation: Derivation, words: Words, d_k: int) -> str:
    """What is done, as a sentence; where the ordinary case does not hold, what is done there."""
    cell = derivation.cell
    text = ""
    match cell.name:
        case "x" if derivation.op is Op.GIVEN:
            text = words("formula.x_given")
        case "scaled" if derivation.terms[-1][0].value == 1.0:
            text = words("formula.scaled_off")
        case "exp" if len(derivation.terms) > 1:
            text = words("formula.exp_shifted")
        case "concat":
            text = words("formula.concat", head=cell.index[1] // d_k + 1, dim=cell.index[1] % d_k + 1)
        case "masked":
            state = "formula.kept" if derivation.terms[1][0].value else "formula.covered"
            text = f"{words('formula.masked')} ({words(state)})"
        case _:
            text = words(f"formula.{cell.name}")
    if cell.name in _BIASED and len(derivation.terms[-1]) == 1:
        text += f" + {QUANTITIES['b_o' if cell.name == 'output' else f'b_{cell.name}'].symbol}"
    return f"{text} ({words('formula.other')})" if cell.rescaled else text


def _expression(derivation: Derivation, tokens: Sequence[str], d_k: int, words: Words, room: int) -> str:
    """What stands between the name and the result, in at most this many cells; nothing for an input."""
    terms = derivation.terms
    match derivation.op:
        case Op.GIVEN:
            return ""
        case Op.SUM if len(terms) == 1 and len(terms[0]) == 1 and terms[0][0].cell:
            return cell_name(terms[0][0].cell, tokens, d_k)
        case Op.SUM:
            return _sum(terms, words, room)
        case Op.QUOTIENT:
            return _quotient(terms, words, room)
        case Op.EXP:
            power = " − ".join(_factor(term[0]) for term in terms)
            return f"e^({power})" if len(terms) > 1 else f"e^{power}"
        case Op.COVER:
            score = _factor(terms[0][0])
            return score if terms[1][0].value else f"{score} → {MINUS_INFINITY}"
        case Op.LESS:
            return " − ".join(_factor(term[0]) for term in terms)


def _quotient(terms: Sequence[Term], words: Words, room: int) -> str:
    """Something over the last term; a divisor with a symbol is written both ways."""
    divisor = terms[-1][0]
    if divisor.value == 1.0 and divisor.cell is None:
        return _sum(terms[:-1], words, room)
    below = divisor.symbol or _factor(divisor)
    if len(terms) > 2:
        return f"({_sum(terms[:-1], words, room - cell_len(below) - 5)}) / {below}"
    above = _product(terms[0])
    return f"{above} / {below} = {above} / {fmt(divisor.value)}" if divisor.symbol else f"{above} / {below}"


def _sum(terms: Sequence[Term], words: Words, room: int) -> str:
    """All terms, with the products worked out if there is room; else the largest, and one term for the rest."""
    written = [_product(term) for term in terms]
    whole = _added(written)
    if len(terms) > 1 and any(len(term) > 1 for term in terms):
        products = _added([fmt(_value(term)) for term in terms])
        if cell_len(whole) + 3 + cell_len(products) <= room:
            return f"{whole} = {products}"
    if cell_len(whole) <= room:
        return whole
    order = sorted(range(len(terms)), key=lambda place: -abs(_value(terms[place])))
    for count in range(len(terms) - 1, 0, -1):
        rest = fsum(_value(terms[place]) for place in order[count:])
        more = words("formula.more", count=len(terms) - count, value=fmt(rest))
        text = f"{_added([written[place] for place in order[:count]])} + ({more})"
        if cell_len(text) <= room or count == 1:
            return text
    return whole


def _value(term: Term) -> float:
    return prod(operand.value for operand in term)


def _product(term: Term) -> str:
    return " × ".join(_factor(operand) for operand in term)


def _factor(operand: Operand) -> str:
    if operand.cell is None and float(operand.value).is_integer():
        return str(int(operand.value))
    return fmt(operand.value)


def _added(parts: Sequence[str]) -> str:
    text = parts[0]
    for part in parts[1:]:
        text += f" − {part[1:]}" if part.startswith("-") else f" + {part}"
    return text
