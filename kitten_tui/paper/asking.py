"""What a model thinks on the way, where its numbers come from and what its heads change, as tables and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from kitten_tui.core.asking import Attribution, Effect, Thought
from kitten_tui.core.split import Origin, Split
from kitten_tui.ink.cells import fit, harmless, show_token, text_of
from kitten_tui.ink.numbers import fmt, signed
from kitten_tui.ink.palette import PLAIN
from kitten_tui.ink.thoughts import WIDEST, table
from kitten_tui.ink.why import Why, largest, name_of
from kitten_tui.ink.why import table as table_of_parts
from kitten_tui.stages.view import View
from kitten_tui.words import Words

THOUGHTS = 5
"""The likeliest tokens of a place that JSON has; a table has the first."""


PAIRS = 10
"""Pairs of parts that are told of one by one."""


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


def attribution_lines(view: View, taken: Attribution, words: Words) -> Iterator[str]:
    """A line for each part, that which adds most first, and what they make together."""
    token, logit = _shown(taken.token), fmt(taken.logit)
    yield words("attribution.title", token=token, query=view.token.strip(), logit=logit)
    yield ""
    rows = [
        (name_of(share.origin, words), f"{share.value:+.4f}")
        for share in sorted(taken.shares, key=lambda s: -abs(s.value))
    ]
    rows.append((words("part_of.sum"), f"{sum(share.value for share in taken.shares):+.4f}"))
    widths = [max(cell_len(row[column]) for row in rows) for column in (0, 1)]
    for name, value in rows:
        yield f"{fit(name, widths[0])}  {fit(value, widths[1], 'right')}"
    yield ""
    yield words("attribution.help")


def attribution_json(tokens: Sequence[str], token: int, taken: Attribution) -> str:
    """The same as one object, in the order of the model; places count from 1, null is what has none."""
    shares = [{**_told_part(share.origin), "adds": share.value} for share in taken.shares]
    told = {"tokens": list(tokens), "query": token + 1, "token": taken.token, "logit": taken.logit}
    return json.dumps({**told, "shares": shares}, allow_nan=False)


def _told_part(origin: Origin) -> dict[str, object]:
    layer, head = (place + 1 if place >= 0 else None for place in (origin.layer, origin.head))
    return {"part": origin.kind, "layer": layer, "head": head}


def split_lines(view: View, split: Split, words: Words) -> Iterator[str]:
    """A table of the parts by layer, and the pairs of single parts that give most."""
    names = {"query": view.name(split.query).strip(), "at": view.key_name(split.key).strip()}
    yield words("why.title", **names, layer=split.layer + 1, head=split.head + 1, score=fmt(split.score))
    yield ""
    why = Why(split.of_query, split.of_key, split.values)
    yield words("why.corner", **names)
    yield from (text_of(line).rstrip() for line in table_of_parts(why, words, PLAIN, bare=True))
    yield ""
    yield words("why.largest")
    for row, column, value in largest(why, PAIRS):
        pair = {"row": name_of(row, words), "column": name_of(column, words), "value": signed(value)}
        yield "  " + words("why.pair", **pair, **names)
    yield ""
    yield words("why.help")


def split_json(tokens: Sequence[str], split: Split) -> str:
    """The same as one object, part by part: a row of values for each part of the query."""
    places = {name: getattr(split, name) + 1 for name in ("layer", "head", "query", "key")}
    parts = {"of_query": [*map(_told_part, split.of_query)], "of_key": [*map(_told_part, split.of_key)]}
    told = {"tokens": list(tokens), **places, "score": split.score, **parts, "values": split.values.tolist()}
    return json.dumps(told, allow_nan=False)
