"""Stage 6: who may look at whom, and what dropout covers."""

from __future__ import annotations

import numpy as np

from kitten_tui.core.array_types import Mask
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.stages import weighed
from kitten_tui.stages.figure import Band, Figure, Sheet, Title
from kitten_tui.stages.stage import Stage, covered
from kitten_tui.stages.view import View, gap, line_up, sign, styled


def sheet(view: View) -> Sheet:
    """Before the mask, with −∞ in it; below them the softmax of that, and what dropout leaves of it."""
    rows = view.axis("query")
    hidden = ~view.trace.truth("allowed")  # [query, key]
    lost = ~view.trace.truth("keep") & ~hidden  # [query, key]
    operands = view.chain.operands("masked")
    preview = covered(MASK, view)
    previewed = None if preview is view else ~preview.trace.truth("allowed")  # [query, key]
    before = operands[0].name if operands else "scaled"
    after: Title = ("α′  ", phrase("title.dropout"), f"  p = {view.settings.dropout:g}")
    covered_by = "" if _covered(view, hidden) is None else "  −∞"
    masked: Title = (phrase("title.masked"), covered_by if previewed is None else phrase("title.preview"))
    sums = styled(view.numbers_of_tokens("weight_sum"), title=("Σ",))
    above = line_up(
        styled(view.matrix(before), title=(_before(view, before), phrase("title.before"))),
        gap() if "sink_weight" in view.chain and operands else None,
        gap() if sums is not None and operands else None,
        sign("→"),
        styled(view.matrix("masked"), hidden=_covered(view, hidden), previewed=previewed, title=masked),
    )
    below = line_up(
        styled(view.matrix("weights"), hidden=hidden, title=("α  ", phrase("title.after")), column_labels=not above),
        _sink(view),
        styled(sums, column_labels=not above),
        sign("→"),
        styled(view.matrix("dropped"), hidden=hidden, dropped=lost, title=after, column_labels=not above),
        *_weighed(view, column_labels=not above),
    )
    return Sheet(tuple(Band(figures, rows) for figures in (above, below) if figures), aligned=True)


def _weighed(view: View, *, column_labels: bool) -> tuple[Figure | None, ...]:
    """What is looked at in the place of weights, and made of them."""
    if not weighed.is_other(view):
        return ()
    look = {"hidden": weighed.hidden(view), "title": weighed.title(view), "column_labels": column_labels}
    return sign("→"), styled(view.matrix(view.weighed), **look)


def _covered(view: View, hidden: Mask) -> Mask | None:
    """Where −∞ stands: nowhere, where the mask comes after the softmax."""
    by_mask = any(ref.name == "allowed" for ref in view.chain.operands("masked"))
    return hidden if by_mask or not view.settings.variant else None


def _sink(view: View) -> Figure | None:
    """What a score takes that is no key's, as a column beside the weights."""
    if "sink_weight" not in view.chain:
        return None
    title: Title = (view.chain["sink_weight"].symbol,)
    return styled(view.numbers_of_tokens("sink_weight"), title=title, column_labels=False)


def _before(view: View, name: str) -> str:
    if name != "scaled":
        return f"{view.chain[name].symbol}  "
    return f"ω/{view.divisor_name}  " if view.settings.scale else "ω  "


def reading(view: View) -> Phrase:
    settings, allowed, weights = view.settings, view.truth("allowed"), view.row("weights")  # [key], [key]
    hidden = int(np.count_nonzero(~allowed))
    count = len(allowed)
    if hidden == count:
        return phrase("mask.reading.covered", query=view.token)
    if settings.dropout > 0:
        lost = int(np.count_nonzero(~view.truth("keep") & allowed))
        factor = 1.0 / (1.0 - settings.dropout)
        return phrase("mask.reading.dropout", query=view.token, hidden=hidden, lost=lost, factor=factor)
    if hidden == 0 and count == 1:
        return phrase("mask.reading.alone", query=view.token)
    if settings.mask == "none":
        return phrase(_open(view), query=view.token, count=count)
    if hidden == 0:
        return phrase("mask.reading.all", query=view.token, count=count)
    best = int(weights.argmax())
    return phrase(
        "mask.reading",
        query=view.token,
        hidden=hidden,
        left=count - hidden,
        best=view.key_name(best),
        weight=weights[best],
    )


def _open(view: View) -> str:
    """The words for a row in which nothing is covered."""
    if view.is_cross:
        return "mask.reading.cross"
    if view.source.model_facts is not None and view.source.settings.mask == "none":
        return "mask.reading.both"
    last = view.selection.query + 1 == len(view.tokens)
    return "mask.reading.last" if last else "mask.reading.none"


def remark(view: View) -> Phrase | None:
    """The window that this layer has, or that others have and this one has not."""
    traits = view.source.traits(view.selection.layer)
    if view.settings.mask != "own":
        return None
    if traits.window is not None:
        return phrase("layer.around" if traits.both_ways else "layer.window", token=view.token, before=traits.window)
    return phrase("layer.open", count=traits.windows) if traits.windows else None


MASK = Stage(
    "mask",
    "softmax(masked)",
    "weights",
    sheet,
    reading,
    remark=remark,
    needs=("scaled", "masked", "weights"),
    weighs=True,
    covers=True,
    shows_weighed=True,
    home=("scaled", "masked", "allowed", "keep", "rate", "kept_share"),
)
