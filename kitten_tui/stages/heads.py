"""Stage 7: heads that look at different things, joined and projected."""

from __future__ import annotations

from collections import Counter

import numpy as np

from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.stages import weighed
from kitten_tui.stages.figure import Axis, Band, Matrix, Sheet, Title
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View, banded, sign, styled

MOST_PANELS, MOST_PLACES = 6, 192
"""More heads, or more tokens in all their panels, are shown as a row for each head."""


def sheet(view: View) -> Sheet:
    n_heads, n = view.source.n_heads, len(view.tokens)
    few = n_heads <= MOST_PANELS and n_heads * n <= MOST_PLACES
    looking = banded(_panels(view), view.axis("query")) if few else _rows(view)
    joined_title: Title = ("[z¹ z² …]  ", phrase("title.concat"))
    concat = styled(view.matrix("concat"), title=joined_title, short=("[z¹ z² …]",), column_labels=False)
    by_w_o = any(ref.name == "w_o" for ref in view.chain.operands("output"))
    output: Title = ("output = concat W_o + b_o" if by_w_o and view.has("b_o") else "output",)
    joined = (
        concat,
        sign("×"),
        styled(view.matrix("w_o"), row_labels=True, column_labels=False) if by_w_o else None,
        sign("="),
        styled(view.matrix("output"), title=output, short=("output",), column_labels=False),
    )
    return Sheet(
        (
            *looking,
            *banded(joined, view.axis("token")),
            *(banded((view.bias("b_o"),)) if by_w_o else ()),
            *_added(view),
            *_experts(view),
        )
    )


def _added(view: View) -> tuple[Band, ...]:
    """What attention adds once it is brought to one size, in models that do so."""
    if "added" not in view.chain:
        return ()
    symbol = view.chain["added"].symbol
    added: Title = (f"{symbol}  ", phrase("title.normed"))
    return banded(
        (view.numbers_of_tokens("added_spread"), sign("→"), styled(view.matrix("added"), title=added, short=(symbol,))),
        view.axis("token"),
    )


def _experts(view: View) -> tuple[Band, ...]:
    """Which feed-forward networks each token goes through, with their shares."""
    if "expert_share" not in view.chain:
        return ()
    routed, share = view.matrix("routed"), view.matrix("expert_share")
    return banded(
        (
            styled(routed, title=(phrase("title.routed"),)),
            sign("→"),
            styled(share, title=(phrase("title.expert_share"),)),
        ),
        view.axis("token"),
    )


def _panels(view: View) -> list[Matrix | None]:
    """A panel for each head, all with one scale of heat."""
    panels = [_panel(view, head) for head in range(view.source.n_heads)]
    largest = max((float(panel.values.max()) for panel in panels if panel is not None), default=0.0)
    return [styled(panel, ends=(0.0, largest)) for panel in panels]


def _panel(view: View, head: int) -> Matrix | None:
    matrix = view.matrix(view.weighed, head=head)
    if matrix is None:
        return None
    row = view.row(view.weighed, head)  # [key]
    title: Title = (f"{head + 1}",)
    if row.any():
        best = int(row.argmax())
        title = (f"{head + 1} → ", phrase("title.looks_at", token=view.key_name(best), weight=row[best]))
    hidden = weighed.hidden(view, head)  # [query, key]
    return styled(matrix, id=f"dropped.{head + 1}", title=title, hidden=hidden, compact=True)


def _rows(view: View) -> tuple[Band, ...]:
    """What each head gives the selected query: a row for each head."""
    if not view.has("dropped"):
        return ()
    every = range(view.source.n_heads)
    heads = Axis("head", tuple(str(head + 1) for head in every))
    symbol = view.chain[view.weighed].symbol if weighed.is_other(view) else "α"
    matrix = Matrix(
        id=f"dropped.{view.selection.head + 1}",
        name=view.weighed,
        title=(f"{symbol}  ", phrase("title.each_head", token=view.token)),
        values=np.array([view.row(view.weighed, head) for head in every]),
        hidden=np.array([weighed.hidden(view, head)[view.selection.query] for head in every]),
        rows=heads,
        columns=view.axis("key"),
        axes=("query", "key"),
    )
    return (Band((matrix,), heads),)


def reading(view: View) -> Phrase:
    n_heads = view.source.n_heads
    rows = [view.row("dropped", head) for head in range(n_heads)]  # head × [key]
    seen = Counter(int(row.argmax()) for row in rows if row.any())
    if not seen:
        allowed = any(view.row("allowed", head).any() for head in range(n_heads))
        return phrase("heads.reading.dropped" if allowed else "heads.reading.covered", query=view.token)
    row = rows[view.selection.head]  # [key]
    if not row.any():
        return phrase("heads.reading.nothing", query=view.token, head=view.selection.head + 1)
    best = int(row.argmax())
    same = len(seen) == 1 and seen.total() == n_heads
    return phrase(
        "heads.reading.one" if n_heads == 1 else "heads.reading.same" if same else "heads.reading",
        query=view.token,
        heads=n_heads,
        different=len(seen),
        head=view.selection.head + 1,
        best=view.key_name(best),
        weight=row[best],
    )


def untrained(view: View) -> Phrase | None:
    """That nothing was learned, where that is known."""
    return phrase("heads.untrained") if view.source.untrained else None


HEADS = Stage(
    "heads",
    "[z¹ z² …] W_o",
    "dropped.{head}",
    sheet,
    reading,
    remark=untrained,
    needs=("dropped",),
    wants=("concat",),
    weighs=True,
    shows_weighed=True,
    home=(
        *("concat", "w_o", "b_o", "output", "added", "attended", "middle", "crossed", "met", "second"),
        *("taken", "routed", "expert_share", "mlp"),
    ),
)
