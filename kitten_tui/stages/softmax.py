"""Stage 4: from scores to weights that sum to 1, and why the scores are divided by √d_k."""

from __future__ import annotations

import numpy as np

from kitten_tui.core.experiment import WIDTHS
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.stages import weighed
from kitten_tui.stages.figure import Band, Bars, Fact, Facts, Matrix, Sheet, Title
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View, banded, styled

EXPERIMENT = ("size", "sensitivity")
"""What is measured of random rows; each has words softmax.<name>."""


def sheet(view: View) -> Sheet:
    rows = view.axis("key")
    columns = [styled(column, heat=False) for column in (*_before_exp(view), _exp(view), *_total(view))]
    weights = view.column("weights", sum_name="weight_sum")
    beside = (*weighed.columns(view), *view.pinned_columns("weights"), *_bars(view))
    table = banded((*columns, weights, *beside), rows, _of_which(view))
    facts = (_saturation(view), _experiment(view)) if view.can_rescale else (_experiment(view),)
    return Sheet((*table, *_sink(view), Band(facts)))


def _of_which(view: View) -> Title:
    """The row that stands here as columns, and the pinned one beside it."""
    row: Title = (phrase("title.row", token=view.token),)
    return row if view.pinned is None else (*row, f"  ↑{view.name(view.pinned)}")


def _sink(view: View) -> tuple[Band, ...]:
    """A score that is no key's, with what it takes of the row."""
    if "sink" not in view.chain or not view.has("sink_weight"):
        return ()
    facts = tuple(
        Fact(id=name, name=name, value=float(view.row(name) if axes else view.trace[name]), axes=axes)
        for name, axes in (("sink", ()), ("sink_exp", ("query",)), ("sink_weight", ("query",)))
    )
    headings = tuple((view.chain[fact.name].symbol,) for fact in facts)
    rows = (((phrase("softmax.sink"),), facts),)
    return (Band((Facts(id="sinks", name="", title=(phrase("title.sink"),), headings=headings, rows=rows),)),)


def _before_exp(view: View) -> list[Matrix | None]:
    """The scores and every step from them to what is exponentiated.

    A mask that covers nothing here is no step of its own; one that does stands in place of what it covers.
    """
    names = [name for name in view.chain.steps("scores", "masked") if view.has(name)]
    if names[-2:] and names[-1] == "masked":
        del names[-1 if view.row("allowed").all() else -2]
    scaled = f"ω/{view.divisor_name if view.settings.scale else 1}"
    covered = view.chain.operands("masked")[0] if view.chain.operands("masked") else None
    before = "" if covered is None else view.chain[covered.name].symbol
    labels = {"scaled": scaled, "masked": scaled if names[1:] == ["masked"] else before}
    return [view.column(name, label=labels.get(name, ""), short="ω/…" if name in labels else "") for name in names]


def _exp(view: View) -> Matrix | None:
    if not view.has("exp"):
        return None
    label = "exp" if not view.has("shift") or view.row("shift") == 0.0 else "exp−max"
    return view.column("exp", label=label, short="exp", sum_name="total")


def _total(view: View) -> list[Matrix | None]:
    """What each key's exp is divided by, where softmax goes over the queries: no sum of what stands above it."""
    return [view.numbers_of_tokens("total")] if view.chain["total"].axes == ("key",) and view.has("total") else []


def _bars(view: View) -> list[Bars]:
    """The weights as bars, beside them those without the scale, or with it where it is off."""
    if not view.has("weights"):
        return []
    scale, query = view.settings.scale, view.selection.query
    name = view.weighed if weighed.is_other(view) else "weights"
    rows = [(False, view.row(name))]
    if view.can_rescale and name == "weights":
        rows.append((True, view.rescaled.row("weights", query)))
    # One length for both, so that the bars can be compared.
    largest = float(max(values.max() for _, values in rows))
    return [
        Bars(
            id="ghost" if other else "bars",
            name=name,
            axes=("query", "key"),
            rescaled=other,
            title=_title(view, scale != other),
            short=(f"α ÷{view.divisor_name if scale != other else 1}",) if view.can_rescale else (),
            values=values,
            rows=view.axis("key"),
            largest=largest,
            ghost=other,
        )
        for other, values in rows
    ]


def _title(view: View, scale: bool) -> Title:
    if weighed.is_other(view):
        return weighed.title(view)
    if not view.can_rescale:
        return ("α",)
    if scale:
        return ("α  ", phrase("title.scaled", divisor=view.divisor_name))
    return ("α  ", phrase("title.unscaled"))


def _saturation(view: View) -> Facts:
    """Headroom and sensitivity of the selected row, with the scale and without it."""
    scale, query = view.settings.scale, view.selection.query

    def row(name: str) -> tuple[Fact, ...]:
        facts = []
        for switched in (not scale, scale):  # with the scale first, whichever is on
            trace = view.rescaled if switched else view.trace
            name_ = f"{name}.other" if switched else name
            value = float(trace.row(name, query))
            facts.append(Fact(id=name_, name=name, value=value, axes=("query",), rescaled=switched))
        return tuple(facts)

    return Facts(
        id="saturation",
        name="",
        title=(phrase("softmax.saturation"),),
        headings=((f"÷{view.divisor_name}",), ("÷1",)),
        rows=(
            ((phrase("softmax.headroom"),), row("headroom")),
            ((phrase("softmax.sensitivity"),), row("sensitivity")),
        ),
    )


def _experiment(view: View) -> Facts:
    """How large random scores grow with d_k, and what softmax makes of them: what the scale is for."""

    def fact(name: str, width: int, scale: bool) -> Fact:
        name, fixed = f"typical_{name}", (width, int(scale))
        value = float(view.workings.joined().at(name, fixed))
        return Fact(id=f"{name}.{width}.{int(scale)}", name=name, value=value, fixed=fixed)

    rows = []
    for name in EXPERIMENT:
        for scale in (True, False):
            title: Title = (phrase(f"softmax.{name}"), " ÷√d_k" if scale else " ÷1")
            rows.append((title, tuple(fact(name, width, scale) for width in range(len(WIDTHS)))))
    headings = tuple((f"d_k={d_k}" if d_k == WIDTHS[0] else str(d_k),) for d_k in WIDTHS)
    return Facts(id="experiment", name="", title=(phrase("softmax.experiment"),), headings=headings, rows=tuple(rows))


_KEYS = {
    (False, False): "softmax.reading",
    (False, True): "softmax.reading.itself",
    (True, False): "softmax.reading.most",
    (True, True): "softmax.reading.most_itself",
}
"""By whether one key has more than half of the weight, and whether it is the query's own."""


def reading(view: View) -> Phrase:
    query = view.selection.query
    weights, allowed = view.row("weights"), view.truth("allowed")  # [key], [key]
    if not allowed.any():
        return phrase("softmax.reading.covered", query=view.token)
    seen = weights[allowed]
    if len(seen) > 1 and np.ptp(seen) == 0.0:
        return phrase("softmax.reading.even", query=view.token, weight=seen[0])
    best = int(weights.argmax())
    if not view.can_rescale:
        return phrase("softmax.reading.given", query=view.token, best=view.key_name(best), weight=weights[best])
    other = view.rescaled.row("weights", query)  # [key]
    scaled, unscaled = (weights, other) if view.settings.scale else (other, weights)
    itself = best == query and not view.is_cross
    most = weights[best] > 0.5
    return phrase(
        _KEYS[bool(most), itself],
        query=view.token,
        best=view.key_name(best),
        weight=weights[best],
        divisor=view.divisor_name,
        scaled=scaled.max(),
        unscaled=unscaled.max(),
    )


SOFTMAX = Stage(
    "softmax",
    "α = softmax(ω / √d_k)",
    "weights",
    sheet,
    reading,
    needs=("scores", "scaled", "exp", "weights"),
    weighs=True,
    shows_weighed=True,
    home=(
        *("scaled", "masked", "exp", "total", "weights", "weight_sum", "weights_gap"),
        *("sink", "sink_exp", "sink_weight"),
        *("words", "value_norm", "valued", "value_total", "value_share"),
        *("word_total", "word_share", "value_word_total", "value_word_share"),
        *("headroom", "sensitivity", "typical_size", "typical_sensitivity"),
    ),
)
