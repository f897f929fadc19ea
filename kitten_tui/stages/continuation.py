"""Beside the last stage, in models that say so: what comes next."""

from __future__ import annotations

from kitten_tui.core.cell import Cell
from kitten_tui.core.source import Continuation
from kitten_tui.stages.figure import Axis, Band, Bars, Matrix, Phrase, Sheet, phrase
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View


def sheet(view: View) -> Sheet:
    following = _continuation(view)
    rows = Axis("rank", following.pieces)
    columns = [
        Matrix(
            id=name,
            name=name,
            values=view.workings.numbers(Cell(name, ()), (view.selection.query, None))[:, None],
            rows=rows,
            columns=Axis("", (view.chain[name].symbol,)),
            axes=("token", "rank"),
            heat=name != "logit",
        )
        for name in ("logit", "probability")
    ]
    bars = Bars(
        id="bars",
        name="probability",
        axes=("token", "rank"),
        title=(phrase("title.next", token=view.token),),
        values=following.probability,
        rows=rows,
        largest=float(following.probability.max()),
    )
    return Sheet((Band((*columns, bars), rows),))


def _continuation(view: View) -> Continuation:
    says = view.source.next_tokens
    if says is None:
        raise LookupError("this source does not say what comes next")
    return says.continuation(view.selection.query)


def reading(view: View) -> Phrase:
    following = _continuation(view)
    return phrase(
        "continuation.reading",
        query=view.token,
        first=following.pieces[0],
        probability=float(following.probability[0]),
        sum=float(following.probability.sum()),
        count=len(following.pieces),
    )


CONTINUATION = Stage(
    "continuation",
    "P = softmax(logits)",
    "probability",
    (("probability", "rank"),),
    sheet,
    reading,
    needs=("logit", "probability"),
    home=("logit", "probability"),
)
