"""The heads of a layer in a few numbers each, from weights that are there or can be computed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from kitten_tui.core.array_types import Array, Places
from kitten_tui.core.measures import HeadSummary, Landmarks, survey_weights, uniform_measures
from kitten_tui.core.source import Source
from kitten_tui.core.weighed import PLAIN, WITHOUT_SPECIAL, kept_places, special_of


def summaries(source: Source, layer: int, name: str = PLAIN) -> tuple[HeadSummary, ...]:
    """Of each head of a layer, what there is to say of a [query, key] quantity whose rows are shares.

    Of one without special tokens those are left out: nothing is said of them. A head with something in it that is no
    share has a picture, and no numbers.
    """
    queries, keys = range(len(source.tokens)), range(len(source.key_tokens))
    special = special_of(source.tokens, source.key_tokens) if name in WITHOUT_SPECIAL else ((), ())
    rows, columns = (kept_places(len(all_), gone) for all_, gone in zip((queries, keys), special, strict=True))
    cross = source.key_tokens is not source.tokens
    tokens = [source.tokens[row] for row in rows]
    marks = Landmarks.across(len(rows), len(columns)) if cross else Landmarks.of(tokens)
    seen = np.zeros((len(rows), len(columns)), dtype=bool)  # [query, key]
    heads: list[HeadSummary] = []
    for head in range(source.n_heads):
        trace = source.trace(layer, head, source.settings)
        shares = trace[name][np.ix_(rows, columns)]  # [query, key]
        seen |= shares != 0.0
        wrong = not np.isfinite(shares).all() or bool((shares < 0.0).any())
        if wrong:
            shares = np.where(np.isfinite(shares), shares, 0.0).clip(min=0.0)
        summary = survey_weights(shares, marks, layer, head)
        heads.append(_of_all(without_numbers(summary) if wrong else summary, rows, columns, len(queries)))
        trace.forget()
    uniform = uniform_measures(seen, marks)
    return tuple(replace(head, uniform=uniform) for head in heads)


def without_numbers(summary: HeadSummary) -> HeadSummary:
    """A head of which nothing can be said in numbers."""
    return replace(summary, measures=dict.fromkeys(summary.measures, math.nan))


def _of_all(summary: HeadSummary, rows: list[int], columns: list[int], count: int) -> HeadSummary:
    """With places among all tokens, not among those that are kept."""
    if len(rows) == count:
        return summary
    largest: Array = np.zeros(count)  # [query]
    largest_key: Places = np.zeros(count, dtype=summary.largest_key.dtype)  # [query]
    largest[rows] = summary.largest
    largest_key[rows] = np.array(columns)[summary.largest_key]
    return replace(summary, largest=largest, largest_key=largest_key, sink=columns[summary.sink])
