"""Beside the last stage, in models that say so: what comes next, or what fits in a place."""

from __future__ import annotations

from dataclasses import replace

from kitten_tui.stages.figure import Axis, Band, Bars, Matrix, Phrase, Sheet, phrase
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View


def sheet(view: View) -> Sheet:
    found = view.source.continuation(view.selection.query)
    rows = Axis("rank", found.pieces)
    columns = [
        Matrix(
            id=name,
            name=name,
            values=values[:, None],
            rows=rows,
            columns=Axis("", (name if name == "logit" else "P",)),
            axes=("token", "rank"),
            heat=name != "logit",
        )
        for name, values in (("logit", found.logit), ("probability", found.probability))
    ]
    bars = Bars(
        id="bars",
        name="probability",
        axes=("token", "rank"),
        title=(phrase("title.fits" if view.source.fills else "title.next", token=view.token),),
        values=found.probability,
        rows=rows,
        largest=float(found.probability.max()),
    )
    return Sheet((Band((*columns, bars), rows),))


def reading(view: View) -> Phrase:
    found = view.source.continuation(view.selection.query)
    return phrase(
        "fitting.reading" if view.source.fills else "continuation.reading",
        query=view.token,
        first=found.pieces[0],
        probability=float(found.probability[0]),
        sum=float(found.probability.sum()),
        count=len(found.pieces),
    )


CONTINUATION = Stage(
    "continuation",
    "P = softmax(logits)",
    "probability",
    (("probability", "rank"),),
    sheet,
    reading,
    home=("logit", "probability"),
)

FITTING = replace(CONTINUATION, id="fitting")
