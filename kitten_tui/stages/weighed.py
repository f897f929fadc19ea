"""What a stage shows in the place of weights, where they are looked at in another way."""

from __future__ import annotations

import numpy as np

from kitten_tui.core.array_types import Mask
from kitten_tui.core.weighed import PLAIN
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.stages.figure import Matrix, Title
from kitten_tui.stages.view import View, styled


def is_other(view: View) -> bool:
    """Whether weights are looked at otherwise than the head has them."""
    return view.weighed != PLAIN


def title(view: View) -> Title:
    """The symbol, and in words what it is."""
    return (f"{view.chain[view.weighed].symbol}  ", phrase(f"weighed.{view.weighed}"))


def hidden(view: View, head: int | None = None) -> Mask:
    """What no query looks at, or is not to be seen.  -> [query, key]"""
    covered = ~view.head(view.selection.head if head is None else head).truth("allowed")  # [query, key]
    return covered if view.special is None else covered | view.special


def columns(view: View) -> tuple[Matrix | None, ...]:
    """What stands beside the column of weights and is made of it: a row for each key."""
    if not is_other(view):
        return ()
    valued = (view.column("valued", sum_name="value_total"),) if view.selection.by_value else ()
    unseen = hidden(view)[view.selection.query][:, None]  # [key, 1]
    return (*(styled(each, heat=False) for each in valued), styled(view.column(view.weighed), hidden=unseen))


def reading(view: View) -> Phrase:
    """What the selected query looks at most."""
    at, name, row = view.selection, view.weighed, view.row(view.weighed)  # [key]
    special = view.special
    if special is not None and special[at.query].all():
        return phrase("weighed.reading.special", query=view.token)
    if not np.isfinite(row).all() or not row.any():
        return phrase("weighed.reading.nothing", query=view.token)
    best = int(row.argmax())
    weight = view.row(PLAIN)[best]
    key = f"weighed.reading.{name}"
    return phrase(key, query=view.token, best=view.key_name(best), share=row[best], weight=weight)
