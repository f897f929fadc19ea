"""What is to be said where a head was made to say something else than it does."""

from __future__ import annotations

from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.stages.view import View


def silent(view: View) -> Phrase | None:
    """That the selected head says nothing, or its mean; None where it speaks."""
    at, alters = view.selection, view.source.alters
    if alters is None or not alters.done:
        return None
    from kitten_tui.core.altering import way_of  # 3 ms, and only a model is changed so

    way = way_of(alters.done, at.layer, at.head)
    return phrase(f"altered.reading_{way}", head=at.head + 1) if way else None
