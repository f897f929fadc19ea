"""What is said of a head that is made to say something else than it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.stages.view import View

if TYPE_CHECKING:
    from kitten_tui.core.altering import Alteration, Without


def name_of(change: Without, done: tuple[Alteration, ...]) -> Phrase:
    """What a change of a head is called; one that is there already is taken back by it."""
    key = "altered.speaks" if change in done else f"altered.{change.way}"
    return phrase(key, layer=change.layer + 1, head=change.head + 1)


def silent(view: View) -> Phrase | None:
    """That the selected head says nothing, or its mean; None where it speaks."""
    at, alters = view.selection, view.source.alters
    if alters is None or not alters.done:
        return None
    from kitten_tui.core.altering import way_of  # 3 ms, and only a model is changed so

    way = way_of(alters.done, at.layer, at.head)
    return phrase(f"altered.reading_{way}", head=at.head + 1) if way else None
