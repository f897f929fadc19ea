"""Stage 6: who may look at whom, and what dropout covers."""

from __future__ import annotations

import numpy as np

from kitten_tui.stages.figure import Band, Figure, Phrase, Sheet, phrase
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View, sign


def sheet(view: View) -> Sheet:
    """Before the mask, with −∞ in it; below them the softmax of that, and what dropout leaves of it."""
    trace, rows = view.trace, view.axis("query")
    hidden = ~trace.allowed  # [query, key]
    dropped = ~trace.keep & trace.allowed  # [query, key]
    rate = f"p = {view.settings.dropout:g}"
    scaled = f"ω/{view.divisor_name}" if view.settings.scale else "ω"
    before = view.matrix("scaled", title=(f"{scaled}  ", phrase("title.before")))
    masked = view.matrix("masked", hidden=hidden, title=(phrase("title.masked"), "  −∞"))
    weights = view.matrix("weights", hidden=hidden, title=("α  ", phrase("title.after")), column_labels=False)
    after = view.matrix(
        "dropped",
        hidden=hidden,
        dropped=dropped,
        title=("α′  ", phrase("title.dropout"), f"  {rate}"),
        column_labels=False,
    )
    bands = (Band((before, sign("→"), masked), rows), Band((weights, sign("→"), after), rows))
    return Sheet(bands, aligned=True, loose=LOOSE)


LOOSE = (
    *(Figure(id=name, name=name, axes=("query", "key")) for name in ("allowed", "keep")),
    *(Figure(id=name, name=name) for name in ("rate", "kept_share")),
)


def reading(view: View) -> Phrase:
    settings, row = view.settings, view.row
    hidden = int(np.count_nonzero(~row.allowed[0]))
    lost = int(np.count_nonzero(~row.keep[0] & row.allowed[0]))
    if hidden == len(view.tokens):
        return phrase("mask.reading.covered", query=view.token)
    if settings.dropout > 0:
        factor = 1.0 / (1.0 - settings.dropout)
        return phrase("mask.reading.dropout", query=view.token, hidden=hidden, lost=lost, factor=factor)
    if settings.mask == "none":
        return phrase("mask.reading.none", query=view.token, count=len(view.tokens))
    if hidden == 0:
        return phrase("mask.reading.all", query=view.token, count=len(view.tokens))
    best = int(row.weights[0].argmax())
    return phrase(
        "mask.reading",
        query=view.token,
        hidden=hidden,
        left=len(view.tokens) - hidden,
        best=view.name(best),
        weight=row.weights[0, best],
    )


MASK = Stage(
    "mask",
    "softmax(masked)",
    "weights",
    (("masked", "key"), ("weights", "key")),
    sheet,
    reading,
    weighs=True,
    covers=True,
    home=("scaled", "allowed", "keep", "rate", "kept_share"),
)
