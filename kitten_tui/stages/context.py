"""Stage 5: each value times its weight, added up."""

from __future__ import annotations

import numpy as np

from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.stages.figure import Band, Figure, Foot, Matrix, Plane, Sheet, Title
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View, banded, gap, sign


def sheet(view: View) -> Sheet:
    figures: list[Figure | None] = [
        view.column("dropped", label="α" if view.settings.dropout == 0 else "α′"),
        sign("×"),
        view.matrix("v", rows="key"),
    ]
    if view.has("context"):
        said = "mixed" if "mixed" in view.chain else "context"
        z = view.row(said)  # [d_k]
        foot = Foot(id=said, name=said, axes=("query", "d_k"), values=z, columns=view.axis_of("d_k", len(z)))
        running: Title = (phrase("title.running_sum"),)
        figures += [sign("="), _steps(view, "contribution", ("α v",), foot), gap(2), _steps(view, "partial", running)]
        if len(z) == 2:
            figures.append(_plane(view))
    return Sheet((*banded(figures, view.axis("key")), *_made_otherwise(view), *view.pinned_rows("context")))


def _made_otherwise(view: View) -> tuple[Band, ...]:
    """What stands in the place of what a head says, where a head of the layer is made to say something else."""
    if "mixed" not in view.chain:
        return ()
    mean = view.bias("mixed_mean")
    return (*banded((mean,)), *banded((view.matrix("context"),), view.axis("query")))


def _steps(view: View, name: str, title: Title, foot: Foot | None = None) -> Matrix | None:
    """A quantity that is made a query at a time."""
    if not view.has(name):
        return None
    values = view.row(name)  # [key, d_k]
    return Matrix(
        id=name,
        name=name,
        title=title,
        values=values,
        rows=view.axis("key"),
        columns=view.axis_of("d_k", values.shape[1]),
        axes=("query", "key", "d_k"),
        foot=foot,
    )


def _plane(view: View) -> Plane | None:
    if not view.has("v"):
        return None
    return Plane(
        id="plane",
        name="",
        title=(phrase("title.plane"),),
        points=view.trace["v"],
        names=tuple(view.source.key_tokens),
        target=view.row("context"),
        selected=view.selection.key,
    )


def reading(view: View) -> Phrase:
    weights, z = view.row("dropped"), view.row("context")  # [key], [d_k]
    if not weights.any():
        return phrase("context.reading.nothing", query=view.token)
    order = np.argsort(-weights, kind="stable")[:2]  # [2]
    first = view.key_name(int(order[0]))
    if len(order) == 1 or weights[order[1]] == 0.0:
        return phrase("context.reading.one", query=view.token, z=z, first=first)
    most = weights[order].sum() > 0.5 * weights.sum()
    key = "context.reading.most" if most else "context.reading"
    return phrase(key, query=view.token, z=z, first=first, second=view.key_name(int(order[1])))


CONTEXT = Stage(
    "context",
    "z = Σ α v",
    "context",
    sheet,
    reading,
    needs=("dropped", "v", "context"),
    weighs=True,
    home=("dropped", "contribution", "partial", "mixed", "mixed_mean", "context", "context_gap"),
)
