"""Stage 5: each value times its weight, added up."""

from __future__ import annotations

from typing import Any

import numpy as np

from kitten_tui.core.ops import Array
from kitten_tui.stages.figure import Band, Figure, Foot, Matrix, Phrase, Plane, Sheet, phrase
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View, gap, sign


def sheet(view: View) -> Sheet:
    query, trace = view.selection.query, view.trace
    z = Foot(
        id="context",
        name="context",
        axes=("query", "d_k"),
        values=view.row.context[0],
        columns=view.axis("d_k"),
    )
    figures: list[Figure] = [
        view.column("dropped", view.row.dropped[0], label="α" if trace.rate == 0 else "α′"),
        sign("×"),
        view.matrix("v", rows="key"),
        sign("="),
        _steps(view, "contribution", trace.contribution(query), title=("α v",), foot=z),
        gap(2),
        _steps(view, "partial", trace.partial(query), title=(phrase("title.running_sum"),)),
    ]
    if trace.d_k == 2:
        figures.append(_plane(view))
    return Sheet((Band(tuple(figures), view.axis("key")), *view.pinned_rows("context")))


def _steps(view: View, name: str, values: Array, **look: Any) -> Matrix:
    """A quantity that is made a query at a time.  [key, d_k]"""
    return Matrix(
        id=name,
        name=name,
        values=values,
        rows=view.axis("key"),
        columns=view.axis("d_k"),
        axes=("query", "key", "d_k"),
        **look,
    )


def _plane(view: View) -> Plane:
    return Plane(
        id="plane",
        name="",
        title=(phrase("title.plane"),),
        points=view.trace.v,
        target=view.row.context[0],
        selected=view.selection.key,
    )


def reading(view: View) -> Phrase:
    weights = view.row.dropped[0]  # [key]
    z = view.row.context[0]  # [d_k]
    if not weights.any():
        return phrase("context.reading.nothing", query=view.token)
    order = np.argsort(-weights, kind="stable")[:2]  # [2]
    if len(order) == 1 or weights[order[1]] == 0.0:
        return phrase("context.reading.one", query=view.token, z=z, first=view.name(int(order[0])))
    return phrase(
        "context.reading", query=view.token, z=z, first=view.name(int(order[0])), second=view.name(int(order[1]))
    )


CONTEXT = Stage(
    "context",
    "z = Σ α v",
    "context",
    (("partial", "key"), ("context", "d_k")),
    sheet,
    reading,
    weighs=True,
    home=("dropped", "contribution", "partial", "context"),
)
