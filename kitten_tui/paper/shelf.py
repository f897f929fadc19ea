"""The models that can be opened by a name, a line each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kitten_tui.ink.cells import clean
from kitten_tui.sources.checkpoint.shelf import Shelved
from kitten_tui.words import Words

NAME, WHERE, FAMILY = 36, 14, 12
"""Columns."""


def shelf_table(models: Iterable[Shelved], words: Words) -> Iterator[str]:
    """As each has been tried: trying takes longer than reading a line."""
    none = True
    for model in models:
        none = False
        state = words("shelf.opens") if not model.problem else clean(model.problem)
        size = words("shelf.size", megabytes=model.size / 1e6)
        yield f"{clean(model.name):<{NAME}} {model.where:<{WHERE}} {model.family:<{FAMILY}} {size:>12}  {state}"
    if none:
        yield words("shelf.none")
