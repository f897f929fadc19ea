"""Stage 4: from scores to weights that sum to 1, and why the scores are divided by √d_k."""

from __future__ import annotations

import numpy as np

from kitten_tui.core.derivation import Cell
from kitten_tui.core.experiment import WIDTHS
from kitten_tui.stages.figure import Band, Bars, Fact, Facts, Figure, Phrase, Sheet, Title, phrase
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View


def sheet(view: View) -> Sheet:
    scale, row, other = view.settings.scale, view.row, view.rescaled
    rows = view.axis("key")
    # One length for both, so that the bars can be compared.
    largest = float(max(row.weights[0].max(), other.weights[0].max()))
    scaled = "scaled" if row.allowed[0].all() else "masked"
    exp_label = "exp" if row.shift[0] == 0.0 else "exp−max"
    table = Band(
        (
            view.column("scores", row.scores[0], heat=False),
            view.column(scaled, getattr(row, scaled)[0], heat=False, label=f"ω/{view.divisor_name if scale else 1}"),
            view.column("exp", row.exp[0], heat=False, label=exp_label, sum_name="total"),
            view.column("weights", row.weights[0], sum_name="weight_sum"),
            *view.pinned_columns("weights"),
            Bars(
                id="bars",
                name="weights",
                axes=("query", "key"),
                title=_title(view, scale),
                values=row.weights[0],
                rows=rows,
                largest=largest,
            ),
            Bars(
                id="ghost",
                name="weights",
                axes=("query", "key"),
                rescaled=True,
                title=_title(view, not scale),
                values=other.weights[0],
                rows=rows,
                largest=largest,
                ghost=True,
            ),
        ),
        rows,
    )
    loose = (Figure(id="divisor", name="divisor"), Figure(id="shift", name="shift", axes=("query",)))
    return Sheet((table, Band((_saturation(view), _experiment(view)))), loose=loose)


def _title(view: View, scale: bool) -> Title:
    if scale:
        return ("α  ", phrase("title.scaled", divisor=view.divisor_name))
    return ("α  ", phrase("title.unscaled"))


def _saturation(view: View) -> Facts:
    """Headroom and gradient of the selected row, with the scale and without it."""
    scale = view.settings.scale

    def row(name: str) -> tuple[Fact, ...]:
        facts = []
        for switched in (not scale, scale):  # with the scale first, whichever is on
            trace = view.rescaled if switched else view.row
            name_ = f"{name}.other" if switched else name
            value = float(getattr(trace, name)[0])
            facts.append(Fact(id=name_, name=name, value=value, axes=("query",), rescaled=switched))
        return tuple(facts)

    return Facts(
        id="saturation",
        name="",
        title=(phrase("softmax.saturation"),),
        headings=((f"÷{view.divisor_name}",), ("÷1",)),
        rows=(((phrase("softmax.headroom"),), row("headroom")), ((phrase("softmax.gradient"),), row("gradient"))),
    )


def _experiment(view: View) -> Facts:
    """The same two numbers for random queries and keys of growing width: what the scale is for."""

    def fact(name: str, width: int, scale: bool) -> Fact:
        name, fixed = f"typical_{name}", (width, int(scale))
        value = view.workings.value(Cell(name, fixed))
        return Fact(id=f"{name}.{width}.{int(scale)}", name=name, value=value, fixed=fixed)

    rows = []
    for name in ("headroom", "gradient"):
        for scale in (True, False):
            title: Title = (phrase(f"softmax.{name}"), " ÷√d_k" if scale else " ÷1")
            rows.append((title, tuple(fact(name, width, scale) for width in range(len(WIDTHS)))))
    headings = tuple((f"d_k={d_k}" if d_k == WIDTHS[0] else str(d_k),) for d_k in WIDTHS)
    return Facts(id="experiment", name="", title=(phrase("softmax.experiment"),), headings=headings, rows=tuple(rows))


def reading(view: View) -> Phrase:
    query = view.selection.query
    weights = view.row.weights[0]  # [key]
    if not view.row.allowed[0].any():
        return phrase("softmax.reading.covered", query=view.token)
    seen = weights[view.row.allowed[0]]
    if len(seen) > 1 and np.ptp(seen) == 0.0:
        return phrase("softmax.reading.even", query=view.token, weight=seen[0])
    best = int(weights.argmax())
    scaled, unscaled = (view.row, view.rescaled) if view.settings.scale else (view.rescaled, view.row)
    return phrase(
        "softmax.reading.itself" if best == query else "softmax.reading",
        query=view.token,
        best=view.name(best),
        weight=weights[best],
        divisor=view.divisor_name,
        scaled=scaled.weights[0].max(),
        unscaled=unscaled.weights[0].max(),
    )


SOFTMAX = Stage(
    "softmax",
    "α = softmax(ω / √d_k)",
    "weights",
    (("weights", "key"),),
    sheet,
    reading,
    weighs=True,
    home=(
        "scaled",
        "masked",
        "exp",
        "total",
        "weights",
        "weight_sum",
        "headroom",
        "gradient",
        "divisor",
        "shift",
        "weights_gap",
    ),
)
