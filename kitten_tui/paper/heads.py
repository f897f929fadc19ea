"""The measures of all heads of a model, as a table and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from kitten_tui.core.measures import MEASURES, HeadSummary
from kitten_tui.core.source import Source, Survey
from kitten_tui.ink.cells import fit, show_token
from kitten_tui.ink.numbers import fmt
from kitten_tui.stages.view import place_name
from kitten_tui.words import Words

PAIRS = 3


def heads_table(source: Source, survey: Survey, words: Words) -> Iterator[str]:
    """A line for each head: its measures, and its strongest pairs in words; below, what the measures are."""
    names = [words(f"measure.{name}.name") for name in MEASURES]
    widths = [max(cell_len(name), 7) for name in names]
    headings = "  ".join(fit(name, width, "right") for name, width in zip(names, widths, strict=True))
    yield f"{'':8}{headings}   {words('overview.pairs')}"
    for head in survey.heads:
        values = zip(head.measures.values(), widths, strict=True)
        numbers = "  ".join(fit("–" if math.isnan(value) else fmt(value), width, "right") for value, width in values)
        place = f"{head.layer + 1}.{head.head + 1}"
        yield f"{place:<8}{numbers}   {_pairs(source, head)}".rstrip()
    yield ""
    for name in MEASURES:
        yield f"{words(f'measure.{name}.name')}: {words(f'measure.{name}.help')}"


def _pairs(source: Source, head: HeadSummary) -> str:
    def token(tokens: Sequence[str], place: int) -> str:
        return show_token(place_name(tokens, place)).strip()

    return ", ".join(
        f"{token(source.tokens, pair.query)} → {token(source.key_tokens, pair.key)} {fmt(pair.weight, 2)}"
        for pair in head.pairs[:PAIRS]
    )


def heads_json(source: Source, survey: Survey) -> str:
    """The same as one object, with all pairs; what a text has no key for is null; places count from 1."""
    heads = [
        {
            "layer": head.layer + 1,
            "head": head.head + 1,
            **{name: None if math.isnan(value) else value for name, value in head.measures.items()},
            "pairs": [{"query": p.query + 1, "key": p.key + 1, "weight": p.weight} for p in head.pairs],
        }
        for head in survey.heads
    ]
    keys = {} if source.key_tokens is source.tokens else {"key_tokens": list(source.key_tokens)}
    return json.dumps({"tokens": list(source.tokens), **keys, "heads": heads}, allow_nan=False)
