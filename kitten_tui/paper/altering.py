"""What a change of a model reaches: the next token, the output, and the weights of the heads after it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from kitten_tui.core.altering import Reached
from kitten_tui.core.asking import Effect
from kitten_tui.ink.altered import said
from kitten_tui.ink.cells import fit, harmless, show_token
from kitten_tui.ink.numbers import fmt, signed
from kitten_tui.ink.thoughts import WIDEST
from kitten_tui.stages.view import View
from kitten_tui.words import Words

COLUMNS = ("head", "query", "key", "was", "now", "most")


def reach_lines(view: View, effect: Effect, heads: Sequence[Reached], words: Words) -> Iterator[str]:
    """What was changed, what follows a token then, and a line for each head whose weights are others."""
    yield said(view.source, words)
    yield ""
    if effect.divergence is not None and effect.change is not None:
        told = {"bits": fmt(effect.divergence), "change": signed(effect.change)}
        yield words("reach.next", token=view.token.strip(), instead=harmless(show_token(effect.instead)), **told)
    yield words("reach.cosine", cosine=f"{effect.cosine:.4f}")
    yield ""
    moved = sorted((each for each in heads if each.size > 0), key=lambda each: -each.size)
    if not moved:
        yield words("reach.no_head")
        return
    rows = [[words(f"reach.{name}") for name in COLUMNS]]
    for each in moved:
        tokens = (view.name(each.query), view.key_name(each.key))
        names = [fit(harmless(show_token(token, WIDEST)), WIDEST).strip() for token in tokens]
        numbers = [fmt(each.was), fmt(each.now), signed(each.now - each.was)]
        rows.append([f"{each.layer + 1}.{each.head + 1}", *names, *numbers])
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = zip(row, widths, range(len(row)), strict=True)
        yield "  ".join(fit(cell, width, "left" if at < 3 else "right") for cell, width, at in cells).rstrip()
    yield ""
    yield words("reach.help")


def reach_json(view: View, effect: Effect, heads: Sequence[Reached]) -> str:
    """The same as one object; places count from 1, and what a model without an output head has not is null."""
    alters = view.source.alters
    told = {
        "tokens": list(view.tokens),
        "query": view.selection.query + 1,
        "changes": [] if alters is None else [each.edit for each in alters.done],
        "divergence": effect.divergence,
        "change": effect.change,
        "likeliest": effect.instead or None,
        "cosine": effect.cosine,
        "heads": [
            {
                "layer": each.layer + 1,
                "head": each.head + 1,
                "query": each.query + 1,
                "key": each.key + 1,
                "was": each.was,
                "now": each.now,
            }
            for each in sorted(heads, key=lambda each: -each.size)
        ],
    }
    return json.dumps(told, allow_nan=False)
