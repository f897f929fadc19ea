"""What a model is asked without a screen: why its numbers are as large, and what a change of it reaches."""

from __future__ import annotations

import argparse
from contextlib import suppress
from typing import TYPE_CHECKING

from kitten_tui.options import UsageError
from kitten_tui.output import print_lines, progress
from kitten_tui.stages.view import View
from kitten_tui.words import Words

if TYPE_CHECKING:
    from kitten_tui.core.asking import Asked


def attribution(arguments: argparse.Namespace, view: View, words: Words) -> int:
    from kitten_tui.paper.asking import attribution_json, attribution_lines

    taken = asked_of("attribution", view).attribution(view.selection.query)
    if arguments.json:
        return print_lines([attribution_json(view.tokens, view.selection.query, taken)])
    return print_lines(attribution_lines(view, taken, words))


def why(arguments: argparse.Namespace, view: View, words: Words) -> int:
    from kitten_tui.paper.asking import split_json, split_lines

    at = view.selection
    split = asked_of("why", view).split(at.layer, at.head, at.query, at.key, lambda: None)
    return print_lines([split_json(view.tokens, split)] if arguments.json else split_lines(view, split, words))


def reach(arguments: argparse.Namespace, view: View, words: Words) -> int:
    from kitten_tui.core.altering import Reached, reached
    from kitten_tui.paper.altering import reach_json, reach_lines

    alters = view.source.alters
    if alters is None or not alters.done:
        raise UsageError("--reach: expected a head, a weight or a mask changed with it, found none")
    before = alters.before
    assert before.survey is not None
    while before.ready < before.n_layers:
        before.survey.advance(lambda: None)
    assert before.asked is not None
    effect = before.asked.moved(view.source, view.selection.query)
    first, heads = min(each.layer for each in alters.done), list[Reached]()
    every = (before.n_layers - first) * before.n_heads
    with progress() as tell, suppress(KeyboardInterrupt):
        for each in reached(before, view.source, first=first):
            heads.append(each)
            tell(words("effects.progress", head=len(heads), heads=every))
    written = reach_json(view, effect, heads) if arguments.json else None
    return print_lines([written] if written is not None else reach_lines(view, effect, heads, words))


def asked_of(option: str, view: View) -> Asked:
    if view.source.asked is None:
        found = "a training" if view.source.trainer is not None else "two texts"
        raise UsageError(f"--{option}: expected a model with one text, found {found}")
    return view.source.asked
