"""Stage 7: heads that look at different things, joined and projected."""

from __future__ import annotations

from collections import Counter

import numpy as np

from kitten_tui.core.vocabulary import NORM_PARTS, QUANTITIES
from kitten_tui.stages.figure import Axis, Band, Figure, Matrix, Phrase, Sheet, phrase
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View, sign

MOST_PANELS, MOST_PLACES = 6, 192
"""More heads, or more tokens in all their panels, are shown as a row for each head."""


def sheet(view: View) -> Sheet:
    n_heads, n = view.source.n_heads, len(view.tokens)
    if n_heads <= MOST_PANELS and n_heads * n <= MOST_PLACES:
        bands = [Band(tuple(_panel(view, head) for head in range(n_heads)), view.axis("query"))]
    else:
        bands = [_rows(view)]
    joined: list[Figure] = [view.matrix("concat", title=("[z¹ z² …]  ", phrase("title.concat")), column_labels=False)]
    if view.joined.w_o is not None:
        output = "output" if view.joined.b_o is None else "output = concat W_o + b_o"
        joined += [
            sign("×"),
            view.matrix("w_o", row_labels=True, column_labels=False),
            sign("="),
            view.matrix("output", title=(output,), column_labels=False),
        ]
    bands.append(Band(tuple(joined), view.axis("token")))
    if view.joined.b_o is not None:
        bands.append(Band((view.bias("b_o"),)))
    return Sheet(tuple(bands), loose=view.present(_LOOSE))


def _panel(view: View, head: int) -> Matrix:
    trace = view.head(head)
    row = trace.only(view.selection.query).dropped[0]  # [key]
    title: tuple[str | Phrase, ...] = (f"{head + 1}",)
    if row.any():
        best = int(row.argmax())
        title = (f"{head + 1} → ", phrase("title.looks_at", token=view.name(best), weight=row[best]))
    return view.matrix("dropped", id=f"dropped.{head + 1}", head=head, title=title, hidden=~trace.allowed, compact=True)


def _rows(view: View) -> Band:
    """What each head gives the selected query: a row for each head."""
    query, n_heads = view.selection.query, view.source.n_heads
    traces = [view.head(head).only(query) for head in range(n_heads)]
    heads = Axis("head", tuple(str(head + 1) for head in range(n_heads)))
    matrix = Matrix(
        id=f"dropped.{view.selection.head + 1}",
        name="dropped",
        title=("α  ", phrase("title.each_head", token=view.token)),
        values=np.array([trace.dropped[0] for trace in traces]),
        hidden=np.array([~trace.allowed[0] for trace in traces]),
        rows=heads,
        columns=view.axis("key"),
        axes=("query", "key"),
    )
    return Band((matrix,), heads)


_LOOSE = tuple(
    Figure(id=name, name=name, axes=QUANTITIES[name].axes)
    for name in ("attended", "middle", "mlp", *(f"middle_{part}" for part in NORM_PARTS))
)


def reading(view: View) -> Phrase:
    query, n_heads = view.selection.query, view.source.n_heads
    rows = [view.head(head).only(query).dropped[0] for head in range(n_heads)]  # head × [key]
    seen = Counter(int(row.argmax()) for row in rows if row.any())
    if not seen:
        return phrase("heads.reading.covered", query=view.token)
    row = rows[view.selection.head]  # [key]
    if not row.any():
        return phrase("heads.reading.nothing", query=view.token, head=view.selection.head + 1)
    best = int(row.argmax())
    same = len(seen) == 1 and seen.total() == n_heads
    key = "heads.reading.same" if same else "heads.reading"
    return phrase(
        key,
        query=view.token,
        heads=n_heads,
        different=len(seen),
        head=view.selection.head + 1,
        best=view.name(best),
        weight=row[best],
    )


WALK = (("dropped.{head}", "head"), ("concat", "concat"), ("output", "d_model"))

HEADS = Stage(
    "heads",
    "[z¹ z² …] W_o",
    "dropped.{head}",
    WALK,
    sheet,
    reading,
    weighs=True,
    home=("concat", "w_o", "b_o", "output", *(figure.name for figure in _LOOSE)),
)
