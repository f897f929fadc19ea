"""Beside the last stage, in a training: how far it is, what was expected of it and whether that came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.desk.phrase import Phrase, Whole, phrase
from kitten_tui.stages.figure import Band, Sheet, Title
from kitten_tui.stages.learning import Carried, Heads, Learning
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View

if TYPE_CHECKING:
    from kitten_tui.core.learning import Expectation, Measured, Trainer
    from kitten_tui.core.source import Source


def sheet(view: View) -> Sheet:
    trainer, layer = _trainer(view), view.selection.layer
    kept, measured = tuple(trainer.kept), trainer.measured
    place = max(at for at, each in enumerate(kept) if each.step <= trainer.step)
    rows = [*_heads(trainer, view, view.source, measured)]
    for name, other in trainer.beside.items():
        rows += _heads(trainer, view, other, measured.beside[name], name)
    figure = Learning(
        id="learning",
        name="",
        title=(phrase("learn.sentence", step=f"{trainer.step:,}"),),
        tokens=view.source.tokens,
        heads=tuple(rows),
        layer=layer,
        chosen=view.selection.head,
        steps=tuple(each.step for each in kept),
        losses=np.array([each.measured.loss for each in kept]),
        accuracies=np.array([each.measured.accuracy for each in kept]),
        loss=measured.loss,
        accuracy=measured.accuracy,
        place=place,
        measures=_measures(trainer, measured, layer),
        sentence=trainer.sentence if len(measured.depends) else (),
        carried=tuple(_carried(trainer, measured)),
        expected=tuple(_judged(trainer, each, kept[-1].measured) for each in trainer.expected),
    )
    return Sheet((Band((figure,)),))


def _heads(trainer: Trainer, view: View, source: Source, at: Measured, name: str = "") -> Iterator[Heads]:
    """Every layer of the network, or of one that learns beside it and has this name."""
    captions = at.link if trainer.link else at.previous  # [layer, head]
    for layer in range(source.n_layers):
        traces = (source.trace(layer, head, view.settings) for head in range(source.n_heads))
        label: Title = (str(layer + 1),)
        if trainer.beside:
            label = (phrase(f"learn.start.{name or trainer.name}"), f" {layer + 1}" if source.n_layers > 1 else "")
        yield Heads(label, tuple(trace["weights"] for trace in traces), captions[layer])


def _trainer(view: View) -> Trainer:
    trainer = view.source.trainer
    if trainer is None:
        raise LookupError("this source does not learn")
    return trainer


def _measures(trainer: Trainer, measured: Measured, layer: int) -> tuple[tuple[Phrase, Array], ...]:
    """What tells the heads of a layer apart, or networks that learn beside one another."""
    if len(measured.depends):
        every = ((trainer.name, measured), *measured.beside.items())
        return tuple((phrase(f"learn.right.{name}"), _quarters(at.by_distance)) for name, at in every)
    told = [(phrase("learn.column.distance"), measured.distance[layer : layer + 1])]
    if trainer.beside:
        every = ((trainer.name, measured), *((name, measured.beside[name]) for name in trainer.beside))
        told = [(phrase(f"learn.distance.{name}"), at.distance[layer : layer + 1]) for name, at in every]
        told += [(phrase(f"learn.right.{name}"), np.array([at.accuracy])) for name, at in every]
    told.append((phrase("learn.column.previous"), measured.previous[layer]))
    if trainer.link:
        told.append((phrase(trainer.link), measured.link[layer]))
    return tuple(told)


def _quarters(right: Array) -> Array:
    """From near to far, in four parts of the distances that there are.  [between] -> [4]"""
    return np.array([part.mean() for part in np.array_split(right[~np.isnan(right)], 4)])


def _carried(trainer: Trainer, measured: Measured) -> Iterator[Carried]:
    """What the end of the sentence depends on, where that is measured."""
    if len(measured.depends):
        for name, at in ((trainer.name, measured), *measured.beside.items()):
            yield Carried(phrase(f"learn.beside.{name}"), at.waits, at.depends)


def _judged(trainer: Trainer, expectation: Expectation, measured: Measured) -> Phrase:
    what = phrase(expectation.key, **expectation.values)
    if trainer.made < trainer.planned and not trainer.diverged:
        return phrase("learn.awaited", what=what)
    return phrase("learn.judged_came" if expectation.came(measured) else "learn.judged_not", what=what)


def reading(view: View) -> Phrase:
    trainer = _trainer(view)
    if trainer.diverged and trainer.step == trainer.made:
        return phrase("learn.diverged", step=trainer.diverged)
    measured = trainer.measured
    return phrase(
        "learn.reading",
        step=f"{trainer.step:,}",
        made=f"{trainer.made:,}",
        right=measured.accuracy,
        loss=measured.loss,
        line=phrase("learn.again", line=Whole(trainer.line)),
    )


LEARN = Stage("learn", "W ← W − η ∂L/∂W", "learning", sheet, reading, needs=("weights",))
