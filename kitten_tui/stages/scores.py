"""Stage 3: every query against every key, at once."""

from __future__ import annotations

import numpy as np

from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.stages.figure import Sheet
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View, banded, styled


def sheet(view: View) -> Sheet:
    scores = styled(view.matrix("scores"), title=("ω = q · k   ", phrase("title.queries_keys")))
    return Sheet((*banded((scores,), view.axis("query")), *view.pinned_rows("scores")))


def reading(view: View) -> Phrase:
    query = view.selection.query
    row = view.row("scores")  # [key]
    if len(row) == 1:
        return phrase("scores.reading.alone", query=view.token, score=row[0])
    if np.ptp(row) == 0.0:
        return phrase("scores.reading.even", query=view.token, score=row[0])
    order = np.argsort(-row, kind="stable")  # [key]
    best, second, worst = int(order[0]), int(order[1]), int(order[-1])
    return phrase(
        "scores.reading.itself" if best == query and not view.is_cross else "scores.reading",
        query=view.token,
        best=view.key_name(best),
        best_score=row[best],
        second=view.key_name(second),
        second_score=row[second],
        worst=view.key_name(worst),
        worst_score=row[worst],
    )


SCORES = Stage(
    "scores",
    "ω = q · k",
    "scores",
    sheet,
    reading,
    needs=("scores",),
    home=("scores", "scores_gap"),
)
