"""What was changed of a model, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitten_tui.core.source import Source
from kitten_tui.ink.cells import clean
from kitten_tui.ink.numbers import fmt
from kitten_tui.stages.view import place_name
from kitten_tui.words import Words

if TYPE_CHECKING:
    from kitten_tui.core.altering import Alteration


def said(source: Source, words: Words) -> str:
    """All of it in a line; nothing where nothing was."""
    done = () if source.alters is None else source.alters.done
    return (
        words("altered.all", changes=words("altered.between").join(_said(each, source, words) for each in done))
        if done
        else ""
    )


def titled(done: tuple[Alteration, ...], title: str, words: Words) -> str:
    """A title with what was done to the one head that was changed, or how much was."""
    from kitten_tui.core.altering import Without  # 3 ms, and only a model is changed so

    match done:
        case (Without() as only,):
            return words(f"altered.title_{only.way}", layer=only.layer + 1, head=only.head + 1, title=title)
        case _:
            return words("altered.title", count=len(done), title=title)


def _said(change: Alteration, source: Source, words: Words) -> str:
    from kitten_tui.core.altering import MaskCell, Without  # 3 ms, and only a model is changed so

    layer = change.layer + 1
    match change:
        case Without():
            return words(f"altered.{change.way}", layer=layer, head=change.head + 1)
        case MaskCell():
            query, key = place_name(source.tokens, change.query), place_name(source.key_tokens, change.key)
            return words("altered.mask", layer=layer, query=clean(query).strip(), at=clean(key).strip())
        case _:
            symbol = source.chain(change.layer)[change.cell.name].symbol
            of_head = change.cell.name not in ("w_o", "b_o")
            place = ", ".join(str(index + 1) for index in change.cell.index)
            id = "altered.number_of_head" if of_head else "altered.number"
            return words(id, name=symbol, place=place, layer=layer, head=change.cell.head + 1, value=fmt(change.value))
