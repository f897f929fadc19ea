"""What a model thinks on the way and what its heads change, as tables and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from kitten_tui.core.asking import Effect, Thought
from kitten_tui.ink.cells import fit, harmless, show_token
from kitten_tui.ink.numbers import fmt
from kitten_tui.ink.thoughts import WIDEST, table
from kitten_tui.stages.view import View
from kitten_tui.words import Words

THOUGHTS = 5
"""The likeliest tokens of a place that JSON has; a table has the first."""


def _shown(piece: str) -> str:
    return harmless(show_token(piece, WIDEST))


def lens_lines(tokens: Sequence[str], thoughts: Sequence[Thought], words: Words) -> Iterator[str]:
    """A row for each word, a column for the likeliest token after each layer, with its probability."""
    yield from table(tokens, thoughts, words)
    yield words("lens.help")


def lens_json(tokens: Sequence[str], thoughts: Sequence[Thought]) -> str:
    """The same as one object, with several tokens of each place; layer 0 is before the first one."""
    layers = [
        {"layer": thought.layer, "tokens": [_told(thought, place) for place in range(len(tokens))]}
        for thought in thoughts
    ]
    return json.dumps({"tokens": list(tokens), "layers": layers}, allow_nan=False)


def _told(thought: Thought, place: int) -> list[dict[str, object]]:
    numbers = (thought.ids[place].tolist(), thought.logit[place].tolist(), thought.probability[place].tolist())
    return [
        {"token": piece, "id": number, "logit": logit, "probability": probability}
        for piece, number, logit, probability in zip(thought.pieces[place], *numbers, strict=True)
    ]


def effects_lines(view: View, effects: Sequence[Effect], way: str, words: Words) -> Iterator[str]:
    """A line for each head, that which changes most first."""
    says = any(effect.divergence is not None for effect in effects)
    headings = [words("effects.head"), *((words("effects.divergence"), words("effects.change")) if says else ())]
    headings += [words("effects.cosine"), *((words("effects.instead"),) if says else ())]
    rows = [headings]
    for effect in _sorted(effects):
        next_ = () if effect.divergence is None else (fmt(effect.divergence), f"{effect.change:+.3f}")
        instead = (_shown(effect.instead),) if says else ()
        rows.append([f"{effect.layer + 1}.{effect.head + 1}", *next_, f"{effect.cosine:.4f}", *instead])
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(headings))]
    for row in rows:
        cells = zip(row, widths, range(len(row)), strict=True)
        last = len(row) - 1 if says else -1
        yield "  ".join(fit(cell, width, "left" if at in (0, last) else "right") for cell, width, at in cells).rstrip()
    yield ""
    yield words("effects.zero" if way == "zero" else "effects.mean")
    if says:
        fills = view.source.next_tokens is not None and view.source.next_tokens.fills
        yield words("effects.help_fits" if fills else "effects.help", token=view.token.strip())
    yield words("effects.help_cosine")
    missing = view.source.n_layers * view.source.n_heads - len(effects)
    if missing:
        yield words("effects.stopped", missing=missing)


def _sorted(effects: Sequence[Effect]) -> list[Effect]:
    return sorted(effects, key=lambda effect: -effect.size)


def effects_json(tokens: Sequence[str], token: int, effects: Sequence[Effect], way: str, every: int) -> str:
    """The same as one object; places count from 1, and what a model without an output head has not is null."""
    heads = [
        {
            "layer": effect.layer + 1,
            "head": effect.head + 1,
            "divergence": effect.divergence,
            "change": effect.change,
            "likeliest": effect.instead or None,
            "cosine": effect.cosine,
        }
        for effect in _sorted(effects)
    ]
    told = {"tokens": list(tokens), "query": token + 1, "in_place": way, "complete": len(effects) == every}
    return json.dumps({**told, "effects": heads}, allow_nan=False)
