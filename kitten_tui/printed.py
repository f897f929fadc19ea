"""What is printed in place of a screen: an answer for each option that asks for one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from kitten_tui import asked
from kitten_tui.asked import asked_of
from kitten_tui.core.learning import Trainer
from kitten_tui.core.variants import switched
from kitten_tui.core.weighed import PLAIN
from kitten_tui.options import PAPER, UsageError
from kitten_tui.output import FAILED, OK, notice, print_bytes, print_lines, progress
from kitten_tui.stages.view import View
from kitten_tui.words import Words

REPORTS = 10
"""Lines that say how far a training is."""

if TYPE_CHECKING:
    from kitten_tui.core.cell import Cell
    from kitten_tui.core.source import Source, Survey
    from kitten_tui.ink.overview import Overview
    from kitten_tui.paper.document import Document

Answer = Callable[[argparse.Namespace, View, Words], int]
"""Prints, and says with which status the program ends."""


def print_answer(arguments: argparse.Namespace, view: View, words: Words) -> int:
    """What was asked for on paper, or else the lesson as text."""
    trainer = view.source.trainer
    if trainer is not None:
        _refuse_early(arguments, view)
        view = train(view, trainer, words)
        if arguments.save_model is not None:
            from kitten_tui.sources.writing import path_of

            trainer.save(path_of(arguments.save_model))
            notice(words("learn.saved", path=arguments.save_model))
    view = replace(view, settings=switched(view.settings, view.settings.variant, view.source.masks))
    _compute(arguments, view)
    answer = next((name for name in PAPER if getattr(arguments, name)), "plain")
    status = ANSWERS[answer](arguments, view, words)
    facts = view.source.model_facts
    if facts is not None and facts["whole"] > facts["read"]:  # where that is refused, one line says why
        notice(words("model.cut", **facts))
    return status


def _refuse_early(arguments: argparse.Namespace, view: View) -> None:
    """Before anything is learned, what would be refused afterwards."""
    if arguments.heads:
        _overview(arguments, view)
    if arguments.explain:
        _explained(arguments, view)


def _compute(arguments: argparse.Namespace, view: View) -> None:
    """As many layers as are asked for, saying how far it is where somebody may be waiting."""
    from kitten_tui.paper.explain import quantity_of

    source, layer = view.source, view.selection.layer
    if source.survey is None or source.ready == source.n_layers or arguments.atlas:  # which has sentences of its own
        return
    explained = quantity_of(arguments.explain or "", view.chain)
    every = (
        not (arguments.json or arguments.explain or arguments.arcs or arguments.why)
        or arguments.heads
        or arguments.generate
    )
    every = every or arguments.lens or arguments.effects or arguments.attribution or arguments.reach
    # What comes next needs every layer.
    every = every or (explained in view.chain and "rank" in view.chain[explained].axes)
    wanted = source.n_layers if every else layer + 1
    advance(source, source.survey, wanted)


def advance(source: Source, survey: Survey, wanted: int) -> None:
    """Layers up to so many, saying how far it is where somebody may be waiting."""
    with progress() as tell:
        while source.ready < wanted:
            tell(f"layer {source.ready + 1} of {wanted}")
            survey.advance(lambda: None)


def train(view: View, trainer: Trainer, words: Words) -> View:
    """All steps that are asked for, or those until ctrl+c, saying how far it is; then the last of them."""
    every = max(trainer.planned // REPORTS, 1)
    try:
        while trainer.made < trainer.planned and trainer.advance(lambda: None):
            if trainer.made % every == 0:
                at = trainer.kept[-1].measured
                notice(words("learn.progress", step=trainer.made, steps=trainer.planned, loss=at.loss))
    except KeyboardInterrupt:
        trainer.stop()
        notice(words("learn.stopped", step=trainer.made))
    return replace(view, source=trainer.at(trainer.made))


def _save(arguments: argparse.Namespace, view: View, words: Words) -> int:
    import signal

    from kitten_tui.paper.save import save
    from kitten_tui.sources.writing import path_of

    survey = view.source.survey
    if survey is None:
        found = "a training, which --save-model keeps" if view.source.trainer is not None else "none"
        raise UsageError(f"--save: expected a model, found {found}")
    # What ends the program lets it clear away first; half a file is none.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:
            signal.signal(getattr(signal, name), lambda number, frame: sys.exit(128 + number))
    save(survey, path_of(arguments.save), full=arguments.full)
    return OK


def _export(arguments: argparse.Namespace, view: View, words: Words) -> int:
    from kitten_tui.paper import document
    from kitten_tui.paper.formats import named, of_path, write
    from kitten_tui.sources.writing import path_of

    if arguments.walk:
        taken = _walk(arguments, view, words)
    elif arguments.arcs:
        taken = _arcs_of(arguments, view, words)
    elif arguments.heads:
        taken = document.heads(view.source, _overview(arguments, view), words)
    else:
        taken = document.lesson(view, words, None if arguments.stage is None else [view.selection.stage])
    dark = arguments.theme not in ("light", "kitten-light")
    path = path_of(arguments.export)
    form = named(arguments.format) if arguments.format is not None else of_path(path)
    if arguments.export != "-":
        write(taken, path, form, dark=dark)
        return OK
    written = form.write(taken, dark)
    return print_lines(written.splitlines()) if isinstance(written, str) else print_bytes(written)


def _arcs_of(arguments: argparse.Namespace, view: View, words: Words) -> Document:
    """The lines of the head that was asked for, or of several; of the query that was, or of all."""
    from kitten_tui.paper.document import arcs

    if not view.has(view.weighed):
        raise UsageError("--arcs: expected a source that has weights, found none")
    query = -1 if arguments.query is None else view.selection.query
    return arcs(view, query, words, several=arguments.head is None)


def _arcs(arguments: argparse.Namespace, view: View, words: Words) -> int:
    from kitten_tui.paper.plain import text

    return print_lines(text(_arcs_of(arguments, view, words)))


def _walk(arguments: argparse.Namespace, view: View, words: Words) -> Document:
    """The walk, or its steps of one stage."""
    from kitten_tui.paper.walk import walk
    from kitten_tui.walk.reading import steps_of

    stage = None if arguments.stage is None else view.selection.stage
    return walk(view, words, steps_of(arguments.walk_file), asks=arguments.questions, stage=stage)


def _overview(arguments: argparse.Namespace, view: View) -> Overview:
    """All heads, with the two words that were asked for."""
    from kitten_tui.core.surveyed import summaries
    from kitten_tui.ink.overview import BETWEEN, Between, Overview

    source, survey = view.source, view.source.survey
    if survey is None:
        found = "training" if source.trainer is not None else "lesson"
        raise UsageError(f"--heads: expected --model DIR or a file of arrays with it, found a {found}")
    weighed = view.weighed
    layers = (summaries(source, layer, weighed) for layer in range(source.n_layers))
    heads = survey.heads if weighed == PLAIN else tuple(head for layer in layers for head in layer)
    overview = Overview(source.tokens, source.n_layers, source.n_heads, heads, source.key_tokens, weighed=weighed)
    if arguments.to is None:
        return overview
    between = Between.of(source, view.selection.query, view.selection.key, weighed)
    overview = replace(overview, between=between, measure=BETWEEN, sorted=True)
    layer, head = overview.order[0]
    return replace(overview, layer=layer, head=head)


def _generate(arguments: argparse.Namespace, view: View, words: Words) -> int:
    from kitten_tui.paper.going_on import Went, went_json, went_lines

    begun = view.source
    if begun.goes_on is None:
        found = "one without an output head"
        if begun.next_tokens is not None:
            found = "one that fills gaps" if begun.next_tokens.fills else "one of two stacks"
        found = "one that was changed" if begun.alters is not None and begun.alters.done else found
        found = "a training" if begun.trainer is not None else found
        raise UsageError(f"--generate: expected a model that says what comes next, found {found}")
    went = Went.of(begun)
    with progress() as tell, suppress(KeyboardInterrupt):
        for number in range(arguments.generate):
            tell(words("going_on.progress", token=number + 1, tokens=arguments.generate))
            if not went.go_on():
                break
    return print_lines([went_json(went)] if arguments.json else went_lines(went, words))


def _lens(arguments: argparse.Namespace, view: View, words: Words) -> int:
    from kitten_tui.paper.asking import THOUGHTS, lens_json, lens_lines

    thoughts = list(asked_of("lens", view).thoughts(THOUGHTS, lambda: None))
    return print_lines(
        [lens_json(view.tokens, thoughts)] if arguments.json else lens_lines(view.tokens, thoughts, words)
    )


def _effects(arguments: argparse.Namespace, view: View, words: Words) -> int:
    """As far as it goes until ctrl+c."""
    from kitten_tui.core.asking import ZERO, Effect
    from kitten_tui.paper.asking import effects_json, effects_lines

    source, token = view.source, view.selection.query
    effects: list[Effect] = []
    every = source.n_layers * source.n_heads
    with progress() as tell, suppress(KeyboardInterrupt):
        for effect in asked_of("effects", view).effects(token, arguments.in_place or ZERO, lambda: None):
            effects.append(effect)
            tell(words("effects.progress", head=len(effects), heads=every))
    if arguments.json:
        return print_lines([effects_json(view.tokens, token, effects, arguments.in_place or ZERO, every)])
    return print_lines(effects_lines(view, effects, arguments.in_place or ZERO, words))


def _atlas(arguments: argparse.Namespace, view: View, words: Words) -> int:
    """As far as it goes until ctrl+c."""
    from kitten_tui.core.atlas import Atlas
    from kitten_tui.ink.atlas import atlas_lines
    from kitten_tui.paper.atlas import atlas_json
    from kitten_tui.sources.annotated import OWN, open_annotated

    annotated, asked_model = open_annotated(arguments.text or OWN[0]), asked_of("atlas", view)
    atlas: Atlas | None = None
    with progress() as tell, suppress(KeyboardInterrupt):
        for atlas in asked_model.atlas(annotated, lambda: None):
            tell(words("atlas.progress", layer=atlas.layers, layers=atlas.n_layers))
    if atlas is None:  # stopped before there was anything
        raise KeyboardInterrupt
    return print_lines([atlas_json(atlas)] if arguments.json else atlas_lines(atlas, words))


def _heads(arguments: argparse.Namespace, view: View, words: Words) -> int:
    from kitten_tui.paper.heads import heads_json, heads_table

    overview = _overview(arguments, view)
    return print_lines([heads_json(overview)] if arguments.json else heads_table(overview, words))


def _json(arguments: argparse.Namespace, view: View, words: Words) -> int:
    from kitten_tui.paper.json import to_json

    if view.source.trainer is not None and arguments.head is None:
        from kitten_tui.paper.learning import learning_json

        return print_lines([learning_json(view.source.trainer)])

    return print_lines([to_json(view)])


def _explain(arguments: argparse.Namespace, view: View, words: Words) -> int:
    from kitten_tui.paper.explain import explain

    return print_lines(explain(view.workings, *_explained(arguments, view), words))


def _explained(arguments: argparse.Namespace, view: View) -> tuple[Cell, int]:
    """The cell that is asked for, and how far down."""
    from kitten_tui.paper.explain import parse_cell

    depth = 1 if arguments.depth is None else arguments.depth
    if depth < 1:
        raise UsageError(f"--depth: expected a number from 1, found {depth}")
    return parse_cell(arguments.explain, view.workings, view.selection.head), depth


def _check(arguments: argparse.Namespace, view: View, words: Words) -> int:
    from kitten_tui.ink import mistake
    from kitten_tui.paper.check import check_lines, checks, mistake_lines

    results = list(checks(view.source, view.settings))
    print_lines([*mistake.notes(view, words), *check_lines(results, words), *mistake_lines(view.source, words)])
    return OK if all(check.passed for check in results) else FAILED


def _plain(arguments: argparse.Namespace, view: View, words: Words) -> int:
    from kitten_tui.paper.plain import plain, text

    if arguments.walk:
        return print_lines(text(_walk(arguments, view, words)))
    if view.source.trainer is not None and arguments.stage is None:
        from kitten_tui.paper.learning import learning_table

        return print_lines(learning_table(view.source.trainer, words))

    return print_lines(plain(view.source, view, words, None if arguments.stage is None else [view.selection.stage]))


ANSWERS: dict[str, Answer] = {
    "save": _save,
    "export": _export,
    "arcs": _arcs,
    "generate": _generate,
    "lens": _lens,
    "effects": _effects,
    "attribution": asked.attribution,
    "why": asked.why,
    "reach": asked.reach,
    "atlas": _atlas,
    "heads": _heads,
    "json": _json,
    "explain": _explain,
    "check": _check,
    "plain": _plain,
}
"""By the name of the option, one for each of PAPER."""
