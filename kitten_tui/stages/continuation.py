"""Beside the last stage, in models that say so: what comes next, or what fits in a place."""

from __future__ import annotations

from dataclasses import replace

from kitten_tui.core.cell import Cell
from kitten_tui.core.next_tokens import NextTokens
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.stages.figure import Axis, Band, Bars, Matrix, Sheet
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View


def sheet(view: View) -> Sheet:
    following = _says(view).continuation(view.selection.query)
    rows = Axis("rank", following.pieces)
    drawn = ("tempered", "drawn") if "drawn" in view.chain else ()
    columns = [
        Matrix(
            id=name,
            name=name,
            values=view.workings.numbers(Cell(name, ()), (view.selection.query, None))[:, None],
            rows=rows,
            columns=Axis("", (view.chain[name].symbol,)),
            axes=("token", "rank"),
            heat=name in ("probability", "drawn"),
        )
        for name in ("logit", "probability", *drawn)
    ]
    bars = Bars(
        id="bars",
        name="probability",
        axes=("token", "rank"),
        title=(phrase("title.fits" if _says(view).fills else "title.next", token=view.token),),
        values=following.probability,
        rows=rows,
        largest=float(following.probability.max()),
    )
    return Sheet((Band((*columns, bars), rows),))


def _says(view: View) -> NextTokens:
    says = view.source.next_tokens
    if says is None:
        raise LookupError("this source does not say what comes next")
    return says


def reading(view: View) -> Phrase:
    following = _says(view).continuation(view.selection.query)
    return phrase(
        "fitting.reading" if _says(view).fills else "continuation.reading",
        query=view.token,
        first=following.pieces[0],
        probability=float(following.probability[0]),
        sum=float(following.probability.sum()),
        count=len(following.pieces),
    )


def taken(view: View) -> Phrase | None:
    """The token that the text goes on with."""
    source, last = view.source, len(view.tokens) - 1
    if source.goes_on is None or view.selection.query != last:
        return None
    following, drawing = _says(view).continuation(last), source.goes_on.drawing
    if not drawing.draws:
        return phrase("continuation.likeliest", piece=following.pieces[0])
    return phrase(
        "continuation.drawn",
        piece=following.taken_piece,
        temperature=f"{drawing.temperature:g}",
        probability=following.taken_probability,
    )


CONTINUATION = Stage(
    "continuation",
    "P = softmax(logits)",
    "probability",
    sheet,
    reading,
    needs=("logit", "probability"),
    home=("logit", "probability", "tempered", "drawn"),
    remark=taken,
)

FITTING = replace(CONTINUATION, id="fitting", home=("logit", "probability"), remark=lambda view: None)
