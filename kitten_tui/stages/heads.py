"""Stage 7: heads that look at different things, joined and projected."""

from __future__ import annotations

from collections import Counter

from kitten_tui.stages.figure import Band, Figure, Matrix, Phrase, Sheet, phrase
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View, sign


def sheet(view: View) -> Sheet:
    panels = tuple(_panel(view, head) for head in range(view.source.n_heads))
    joined: list[Figure] = [view.matrix("concat", title=("[z¹ z² …]  ", phrase("title.concat")), column_labels=False)]
    if view.joined.w_o is not None:
        output = "output" if view.joined.b_o is None else "output = concat W_o + b_o"
        joined += [
            sign("×"),
            view.matrix("w_o", row_labels=True, column_labels=False),
            sign("="),
            view.matrix("output", title=(output,), column_labels=False),
        ]
    bands = [Band(panels, view.axis("query")), Band(tuple(joined), view.axis("token"))]
    if view.joined.b_o is not None:
        bands.append(Band((view.bias("b_o"),)))
    return Sheet(tuple(bands))


def _panel(view: View, head: int) -> Matrix:
    trace = view.head(head)
    row = trace.only(view.selection.query).dropped[0]  # [key]
    title: tuple[str | Phrase, ...] = (f"{head + 1}",)
    if row.any():
        best = int(row.argmax())
        title = (f"{head + 1} → ", phrase("title.looks_at", token=view.name(best), weight=row[best]))
    return view.matrix("dropped", id=f"dropped.{head + 1}", head=head, title=title, hidden=~trace.allowed, compact=True)


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
    home=("concat", "w_o", "b_o", "output"),
)
