"""Beside the last stage, in a training: how likely the right tokens are, and the loss that is made small."""

from __future__ import annotations

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.cell import Cell
from kitten_tui.core.quantity import LOSS
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.stages.backward import has_loss, loss
from kitten_tui.stages.figure import Axis, Fact, Facts, Matrix, Sheet
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View, banded, styled

COLUMNS = {"counted": "1/0", "right": "P", "surprise": "−ln P"}
"""What is shown of each token, and what stands over it."""


def sheet(view: View) -> Sheet:
    """How surprising the right token is at each place, the mean of that, and every token of the vocabulary."""
    last = view.source.n_layers - 1
    there, rows = view.with_(layer=last), view.axis("token")
    columns = (_column(there, name, label) for name, label in COLUMNS.items())
    whole = (styled(there.matrix(name), layer=last) for name in ("predicted", "logits"))
    return Sheet(
        tuple(
            band for figures in ((*columns, _mean(view)), *((one,) for one in whole)) for band in banded(figures, rows)
        )
    )


def _column(view: View, name: str, label: str) -> Matrix | None:
    column = view.numbers_of_tokens(name) if view.has(name) else None
    return styled(column, layer=view.selection.layer, columns=Axis("", (label,)))


def _mean(view: View) -> Facts | None:
    if not has_loss(view):
        return None
    fact = Fact(id=LOSS, name=LOSS, value=loss(view), layer=view.source.n_layers - 1)
    return Facts(id="mean", name="", title=(phrase("title.mean"),), headings=(("L",),), rows=((("",), (fact,)),))


def reading(view: View) -> Phrase:
    if not has_loss(view):
        return phrase("loss.reading.nothing")
    counted = _numbers(view, "counted").astype(bool)  # [token]
    places = np.flatnonzero(counted)  # [place]
    worst = int(places[_numbers(view, "surprise")[places].argmax()])
    return phrase(
        "loss.reading",
        loss=loss(view),
        places=len(places),
        token=view.name(worst),
        probability=_numbers(view, "right")[worst],
    )


def _numbers(view: View, name: str) -> Array:
    """[token]"""
    return view.workings.numbers(Cell(name, (), layer=view.source.n_layers - 1), (None,))


LOSS_PAGE = Stage(
    "loss",
    "L = mean(−ln P)",
    "surprise",
    sheet,
    reading,
    needs=(),
    home=(
        *("last", "unembedding", "logits", "logit_shift", "logit_exp", "logit_sum", "predicted", "target"),
        *(*COLUMNS, "places", LOSS, "share", "step_size"),
    ),
)
