"""A derivation as a line of arithmetic with its real operands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import fsum

from rich.cells import cell_len
from rich.segment import Segment

from kitten_tui.core.cell import Cell, Derivation, Operand, Term, by_size, products
from kitten_tui.core.formula import Op
from kitten_tui.core.quantity import Scope
from kitten_tui.core.workings import Workings
from kitten_tui.ink.cells import Line, clauses, show_token
from kitten_tui.ink.in_words import in_words
from kitten_tui.ink.numbers import MINUS_INFINITY, exact, fmt
from kitten_tui.ink.palette import PLAIN, Palette
from kitten_tui.stages.view import place_name
from kitten_tui.words import Words

LONGEST_LABEL = 12
NARROWEST = 8
"""No term, with the sign before it, takes fewer cells: 0.000 + ."""


@dataclass(frozen=True)
class Piece:
    """A stretch of arithmetic: an operand, or what stands between operands."""

    text: str
    operand: Operand | None = None


Pieces = list[Piece]


@dataclass(frozen=True, eq=False)
class Sum:
    """How arithmetic is written: of which source, in which words, with which operand chosen."""

    workings: Workings
    words: Words
    palette: Palette = PLAIN
    chosen: Cell | None = None
    heads: bool = False
    """Whether cells are named with their head."""
    was: float | None = None
    """What the number was before the last change."""

    def name(self, cell: Cell, *, head: bool = False) -> str:
        name, trainer = cell_name(cell, self.workings, head=head or self.heads), self.workings.source.trainer
        if cell.step is None or trainer is None or cell.step == trainer.step:
            return name
        return self.words("formula.at_step", name=name, step=f"{cell.step:,}")


def cell_name(cell: Cell, workings: Workings, *, head: bool) -> str:
    """A cell as people write it: ω[journey, step], or with its head ω h2[journey, step]; numbers count from 1."""
    source, chain = workings.source, workings.in_layer(cell.layer).chain
    quantity = chain[cell.name]

    def label(axis: str, place: int) -> str:
        if axis in ("token", "query", "pinned", "key"):
            looked_at = axis == "key" or (axis == "token" and chain.of_keys(cell.name))
            return show_token(place_name(source.key_tokens if looked_at else source.tokens, place), LONGEST_LABEL)
        if axis == "concat":
            head, inner = divmod(place, workings.head_width)
            return f"{head + 1}.{inner + 1}"
        if axis == "vocabulary" and source.trainer is not None:
            return show_token(source.trainer.vocabulary[place], LONGEST_LABEL)
        return f"d{place + 1}" if axis in ("d_model", "d_k") else str(place + 1)

    labels = [label(axis, place) for axis, place in zip(quantity.axes, cell.index, strict=True)]
    symbol = (
        f"{quantity.symbol} h{cell.head + 1}"
        if head and quantity.scope is Scope.HEAD and quantity.axes
        else quantity.symbol
    )
    return f"{symbol}[{', '.join(labels)}]" if labels else symbol


def arithmetic(derivation: Derivation, look: Sum, width: int) -> list[Line]:
    """Two lines: the sum with its operands, and in words what is done or which operand is chosen."""
    palette = look.palette
    name = look.name(derivation.cell)
    result = exact(derivation.value)
    line = [Segment(name, palette.chosen), Segment(" = ", palette.muted)]
    pieces = expression(derivation, look, arithmetic_room(derivation, look, width))
    for piece in pieces:
        at_it = look.chosen is not None and piece.operand is not None and piece.operand.cell == look.chosen
        line.append(Segment(piece.text, palette.cursor if at_it else palette.text))
    if pieces:
        line.append(Segment(" = ", palette.muted))
    line.append(Segment(result, palette.result))
    below = in_words(derivation, look)
    if look.was is not None and look.was != derivation.value:
        change = f"{derivation.value - look.was:+.3f}"
        below = f"{look.words('formula.was', was=fmt(look.was), change=change)}; {below}"
    if look.chosen is not None:
        below = look.words("formula.chosen", cell=look.name(look.chosen))
    return [line, [Segment(" " * 2 + clauses(below, width - 2), palette.muted)]]


def arithmetic_room(derivation: Derivation, look: Sum, width: int) -> int:
    """What a line of this width leaves between the name and the result."""
    name = look.name(derivation.cell)
    return width - cell_len(name) - cell_len(exact(derivation.value)) - 6


def choices(derivation: Derivation, look: Sum, room: int) -> list[Cell]:
    """The operands on the line that can be followed, in reading order, each once."""
    pieces = expression(derivation, look, room)
    cells = (piece.operand.cell for piece in pieces if piece.operand is not None)
    return list(dict.fromkeys(cell for cell in cells if cell is not None))


def expression(derivation: Derivation, look: Sum, room: int) -> Pieces:
    """What stands between the name and the result, in at most this many cells; nothing for an input."""
    cell, terms = derivation.cell, derivation.terms
    match derivation.op:
        case Op.GIVEN:
            return []
        case Op.SUM if len(terms) == 1 and len(terms[0]) == 1 and terms[0][0].cell:
            of = terms[0][0].cell
            return [Piece(look.name(of, head=cell.name == "concat" or of.head != cell.head), terms[0][0])]
        case Op.SUM:
            return _sum(terms, look, room)
        case Op.QUOTIENT:
            return _quotient(terms, look, room)
        case Op.EXP:
            power = _joined([[_factor(term[0])] for term in terms], " − ")
            return [Piece("e^("), *power, Piece(")")] if len(terms) > 1 else [Piece("e^"), *power]
        case Op.WHERE:
            score, allowed = _factor(terms[0][0]), terms[1][0]
            return [score] if allowed.value else [score, Piece(" "), Piece(f"→ {MINUS_INFINITY}", allowed)]
        case Op.LESS:
            return _joined([product_pieces(term) for term in terms], " − ")
        case Op.ROOT | Op.SURPRISE:
            name = "√" if derivation.op is Op.ROOT else "−ln"
            return [Piece(f"{name}("), *_sum(terms, look, room - len(name) - 2), Piece(")")]
        case Op.CAP:
            below = _factor(terms[1][0])
            return [below, Piece(" tanh("), *product_pieces(terms[0]), Piece(" / "), below, Piece(")")]
        case Op.NORM:
            return _norm(terms)
        case Op.SHIFT | Op.MEDIAN:
            return _listed(derivation, look, room)


def text_of_pieces(pieces: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _width(pieces: Iterable[Piece]) -> int:
    return sum(cell_len(piece.text) for piece in pieces)


def _quotient(terms: Sequence[Term], look: Sum, room: int) -> Pieces:
    """Something over the last term; a divisor with a symbol is written both ways."""
    divisor = terms[-1][0]
    if divisor.value == 1.0:
        return _sum(terms[:-1], look, room)
    below = Piece(divisor.symbol, divisor) if divisor.symbol else _factor(divisor)
    if len(terms) > 2:
        return [Piece("("), *_sum(terms[:-1], look, room - cell_len(below.text) - 5), Piece(") / "), below]
    above = product_pieces(terms[0])
    pieces = [*above, Piece(" / "), below]
    if divisor.symbol:
        pieces.append(Piece(f" = {text_of_pieces(above)} / {fmt(divisor.value)}"))
    return pieces


def _norm(terms: Sequence[Term]) -> Pieces:
    """(before − μ) / σ × γ + β; an RMSNorm has neither μ nor β."""
    before, mean, spread, gain, bias = (term[0] for term in terms)
    above = [_factor(before)]
    if mean.cell is not None:
        above = [Piece("("), *_added([above, [_factor(_negative(mean))]]), Piece(")")]
    scaled = [*above, Piece(" / "), _factor(spread), Piece(" × "), _factor(gain)]
    return scaled if bias.cell is None else _added([scaled, [_factor(bias)]])


def _negative(operand: Operand) -> Operand:
    return replace(operand, value=-operand.value)


def _listed(derivation: Derivation, look: Sum, room: int) -> Pieces:
    """The name of a choice among many, with as many of them as there is room for."""
    name = "max" if derivation.op is Op.SHIFT else "median"
    shown: Pieces = []
    for place, term in enumerate(derivation.terms):
        more = [Piece(", ")] if shown else []
        if _width(shown) + 20 > room:
            shown.append(Piece(f", … {len(derivation.terms) - place}"))
            break
        shown += [*more, _factor(term[0])]
    return [Piece(f"{name}("), *shown, Piece(")")]


def _sum(terms: Sequence[Term], look: Sum, room: int) -> Pieces:
    """All terms, with the products worked out if there is room; else the largest, and one term for the rest."""
    if len(terms) * NARROWEST <= room:
        whole = _added([product_pieces(term) for term in terms])
        worked = text_of_pieces(_added([[Piece(exact(value))] for value in products(terms).tolist()]))
        worked_out = len(terms) > 1 and any(len(term) > 1 for term in terms)
        if worked_out and _width(whole) + 3 + cell_len(worked) <= room:
            return [*whole, Piece(f" = {worked}")]
        if _width(whole) <= room:
            return whole
    return _shortened(terms, look, room)


def _shortened(terms: Sequence[Term], look: Sum, room: int) -> Pieces:
    """As many terms as fit, the largest first, and what the others add up to."""
    order = by_size(terms)
    values = products(terms)[order].tolist()
    best: Pieces = []
    for count in range(1, len(terms) + 1):
        more = look.words("formula.more", count=len(terms) - count, value=exact(fsum(values[count:])))
        shown = _added([product_pieces(terms[place]) for place in order[:count]])
        pieces = [*shown, Piece(f" + ({more})")] if count < len(terms) else shown
        if best and _width(pieces) > room:
            break
        best = pieces
    return best


def product_pieces(term: Term) -> Pieces:
    """The operands with × between them, and / before those that it is divided by."""
    pieces = [_factor(term[0])]
    for operand in term[1:]:
        pieces += [Piece(" / " if operand.below else " × "), _factor(operand)]
    return pieces


def _factor(operand: Operand) -> Piece:
    if operand.symbol and operand.cell is None:
        return Piece(operand.symbol, operand)
    if operand.cell is None or operand.truth:
        whole = float(operand.value).is_integer()
        return Piece(str(int(operand.value)) if whole else exact(operand.value), operand)
    return Piece(exact(operand.value), operand)


def _added(parts: Sequence[Pieces]) -> Pieces:
    """Parts with + between them, or − before one that is negative."""
    pieces = list(parts[0])
    for part in parts[1:]:
        first = part[0]
        if first.text.startswith("-"):
            pieces += [Piece(" − "), Piece(first.text[1:], first.operand), *part[1:]]
        else:
            pieces += [Piece(" + "), *part]
    return pieces


def _joined(parts: Sequence[Pieces], sign: str) -> Pieces:
    pieces = list(parts[0])
    for part in parts[1:]:
        pieces += [Piece(sign), *part]
    return pieces
