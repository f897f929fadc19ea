"""What is laid beside what is looked at: another text, another model, a lesson as it was opened, another step."""

from __future__ import annotations

import argparse
from dataclasses import replace

from kitten_tui.desk.history import State
from kitten_tui.desk.phrase import phrase
from kitten_tui.options import UsageError
from kitten_tui.output import print_lines
from kitten_tui.printed import advance, train
from kitten_tui.sources.alike import check_shape, check_tokens
from kitten_tui.sources.find import read_text
from kitten_tui.stages.view import View
from kitten_tui.start import start
from kitten_tui.words import Words


def other_of(arguments: argparse.Namespace, view: View) -> State | None:
    """What was asked for; nothing of a model is computed yet.

    Raises:
        SourceError: it cannot be opened, or is not of the same shape.
    """
    if arguments.beside is not None:
        reader = view.source.reader
        if reader is None:
            raise UsageError("--beside: expected --model DIR or --train TASK with it, found another source")
        text = read_text(arguments.beside)
        if not text.strip():
            raise UsageError("--beside: expected a sentence, found nothing in it")
        other = State(reader.read(text), view.settings, phrase("beside.text", text=arguments.beside))
    elif arguments.beside_model is not None:
        opened = start(argparse.Namespace(**{**vars(arguments), "model": arguments.beside_model}))
        facts = opened.source.model_facts or {"model": arguments.beside_model}
        other = State(opened.source, opened.settings, phrase("beside.model", name=facts["model"]))
        check_tokens(view.source, opened.source, facts["model"])
    elif arguments.beside_step is not None:
        other = _step(arguments, view)
    elif arguments.beside_start:
        places = dict.fromkeys(("query", "place", "figure", "stage", "mistake"))
        opened = start(argparse.Namespace(**{**vars(arguments), **places, "set": None, "without": None}))
        other = State(opened.source, opened.settings, phrase("beside.opened"))
    else:
        return None
    check_shape(view.source, other.source)
    return other


def _step(arguments: argparse.Namespace, view: View) -> State:
    trainer, step = view.source.trainer, arguments.beside_step
    if trainer is None:
        raise UsageError("--beside-step: expected --train TASK or a saved training, found another source")
    _check_step(arguments, trainer.made, min((kept.step for kept in trainer.kept), default=0))
    return State(trainer.at(step), view.settings, phrase("change.step", step=step))


def _check_step(arguments: argparse.Namespace, most: int, least: int = 0) -> None:
    """A training that was saved knows nothing of the steps before."""
    step = arguments.beside_step
    if step is not None and not least <= step <= most:
        raise UsageError(f"--beside-step: expected a step from {least} to {most}, found {step}")


def print_beside(arguments: argparse.Namespace, view: View, words: Words) -> int:
    """Both and their difference, as text or as JSON."""
    from kitten_tui.paper.beside import Laid, beside_json, beside_lines

    trainer = view.source.trainer
    if trainer is not None:
        _check_step(arguments, max(trainer.planned, trainer.made))
        view = train(view, trainer, words)
    other = other_of(arguments, view)
    assert other is not None  # it was asked for
    for source in (view.source, other.source):
        if source.survey is not None:
            advance(source, source.survey, source.n_layers)
    laid = Laid.of(view, other)
    selection = view.selection
    if arguments.layer is None and arguments.head is None:
        selection = selection.moved(layer=laid.changes[0].layer, head=laid.changes[0].head)
    laid = replace(laid, view=replace(view, selection=selection))
    stages = () if arguments.stage is None else (selection.stage,)
    return print_lines([beside_json(laid)] if arguments.json else beside_lines(laid, words, stages))
