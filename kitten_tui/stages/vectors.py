"""Stage 1: a word is a list of numbers, and order has to be added."""

from __future__ import annotations

from kitten_tui.stages.figure import Band, Phrase, Sheet, phrase
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View, sign


def sheet(view: View) -> Sheet:
    rows = view.axis("token")
    x = view.matrix("x", title=("x",))
    if view.source.embedding is None:
        return Sheet((Band((x,), rows),))
    embedding = view.matrix("embedding", title=("e  ", phrase("title.embedding")))
    position = view.matrix("position", title=("p  ", phrase("title.position")))
    return Sheet((Band((embedding, sign("+"), position, sign("="), x), rows),))


def reading(view: View) -> Phrase:
    query, place = view.selection.query, view.selection.query + 1
    if view.source.embedding is None:
        return phrase("vectors.reading.x", token=view.token, x=view.trace.x[query])
    assert view.source.position is not None
    return phrase(
        "vectors.reading",
        token=view.token,
        place=place,
        embedding=view.source.embedding[query],
        position=view.source.position[query],
        x=view.trace.x[query],
    )


VECTORS = Stage("vectors", "x = e + p", "x", (("x", "d_model"),), sheet, reading, home=("embedding", "position", "x"))
