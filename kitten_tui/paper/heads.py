"""The measures of all heads of a model, as a table and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping

from rich.cells import cell_len

from kitten_tui.core.measures import MEASURES, HeadSummary
from kitten_tui.core.weighed import PLAIN
from kitten_tui.ink.cells import fit
from kitten_tui.ink.numbers import fmt
from kitten_tui.ink.overview import BETWEEN, Overview, arrow, written
from kitten_tui.words import Words

PAIRS = 3


def heads_table(of: Overview, words: Words) -> Iterator[str]:
    """A line for each head: its measures, and its strongest pairs in words; below, what a head would score that looks
    at all alike, and what the measures are. With two words the weight between them comes first, the largest on top.
    """
    if of.weighed != PLAIN:
        yield words(f"weighed.{of.weighed}")
    columns = of.measures if of.between is None else (BETWEEN, *MEASURES)
    names = [words(f"measure.{name}.name") for name in MEASURES]
    if of.between is not None:
        names.insert(0, arrow(of, of.between))
    widths = [max(cell_len(name), 7) for name in names]
    headings = "  ".join(fit(name, width, "right") for name, width in zip(names, widths, strict=True))
    yield f"{'':8}{headings}   {words('overview.pairs')}"

    def numbers(measures: Mapping[str, float]) -> str:
        values = (measures.get(name, math.nan) for name in columns)
        return "  ".join(fit(written(value), width, "right") for value, width in zip(values, widths, strict=True))

    for layer, head in of.order:
        summary = of.summary(layer, head)
        assert summary is not None  # all have been computed
        measures = {name: of.value(layer, head, name) for name in columns}
        yield f"{f'{layer + 1}.{head + 1}':<8}{numbers(measures)}   {_pairs(of, summary)}".rstrip()
    for line in dict.fromkeys(numbers(head.uniform) for head in of.heads):
        yield f"{fit(words('overview.uniform'), 8)}{line}".rstrip()
    yield ""
    for name in MEASURES:
        yield f"{words(f'measure.{name}.name')}: {words(f'measure.{name}.help')}"


def _pairs(of: Overview, head: HeadSummary) -> str:
    return ", ".join(f"{arrow(of, pair)} {fmt(pair.weight, 2)}" for pair in head.pairs[:PAIRS])


def heads_json(of: Overview) -> str:
    """The same as one object, with all pairs; what a text has no key for is null; places count from 1."""
    heads = [_told(of, layer, head) for layer, head in of.order]
    keys = {} if of.key_tokens is of.tokens else {"key_tokens": list(of.key_tokens)}
    weighed = {} if of.weighed == PLAIN else {"weights": of.weighed}
    pair = {} if of.between is None else {"query": of.between.query + 1, "key": of.between.key + 1}
    return json.dumps({"tokens": list(of.tokens), **keys, **weighed, **pair, "heads": heads}, allow_nan=False)


def _told(of: Overview, layer: int, head: int) -> dict[str, object]:
    summary = of.summary(layer, head)
    assert summary is not None  # all have been computed
    weight = {} if of.between is None else {"weight": of.value(layer, head)}
    return {
        "layer": layer + 1,
        "head": head + 1,
        **weight,
        **_finite(summary.measures),
        "sink_key": summary.sink + 1,
        "uniform": _finite(summary.uniform),
        "pairs": [{"query": p.query + 1, "key": p.key + 1, "weight": p.weight} for p in summary.pairs],
    }


def _finite(measures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in measures.items()}
