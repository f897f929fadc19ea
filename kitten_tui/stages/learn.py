"""Beside the last stage, in a training: how far it is, what was expected of it and whether that came."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kitten_tui.core.ops import Array
from kitten_tui.desk.phrase import Phrase, Whole, phrase
from kitten_tui.stages.figure import Band, Learning, Sheet
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View

if TYPE_CHECKING:
    from kitten_tui.core.learning import Expectation, Measured, Trainer


def sheet(view: View) -> Sheet:
    source, trainer, layer = view.source, _trainer(view), view.selection.layer
    kept = tuple(trainer.kept)
    place = max(at for at, each in enumerate(kept) if each.step <= trainer.step)
    measured = kept[place].measured
    figure = Learning(
        id="learning",
        name="",
        title=(phrase("learn.sentence", step=f"{trainer.step:,}"),),
        tokens=source.tokens,
        weights=tuple(
            tuple(source.trace(at, head, view.settings)["weights"] for head in range(source.n_heads))
            for at in range(source.n_layers)
        ),
        layer=layer,
        chosen=view.selection.head,
        steps=tuple(each.step for each in kept),
        losses=np.array([each.measured.loss for each in kept]),
        accuracies=np.array([each.measured.accuracy for each in kept]),
        place=place,
        measures=_measures(trainer, measured, layer),
        captions=measured.link if trainer.link else measured.previous,
        expected=tuple(_judged(trainer, each, kept[-1].measured) for each in trainer.expected),
    )
    return Sheet((Band((figure,)),))


def _trainer(view: View) -> Trainer:
    trainer = view.source.trainer
    if trainer is None:
        raise LookupError("this source does not learn")
    return trainer


def _measures(trainer: Trainer, measured: Measured, layer: int) -> tuple[tuple[str, Array], ...]:
    """What tells the heads of a layer apart."""
    told = [
        ("learn.column.distance", measured.distance[layer : layer + 1]),
        ("learn.column.previous", measured.previous[layer]),
    ]
    if trainer.link:
        told.append((trainer.link, measured.link[layer]))
    names = {"attention": "learn.right.attention", "elman": "learn.right.elman", "gru": "learn.right.gru"}
    told += [(names[kind], _quarters(right)) for kind, right in measured.by_distance.items()]
    return tuple(told)


def _quarters(right: Array) -> Array:
    """From near to far, in four parts.  [between] -> [4]"""
    return np.array([part.mean() for part in np.array_split(right, 4)])


def _judged(trainer: Trainer, expectation: Expectation, measured: Measured) -> Phrase:
    what = phrase(expectation.key, **expectation.values)
    if trainer.made < trainer.planned and not trainer.diverged:
        return phrase("learn.awaited", what=what)
    return phrase("learn.judged_came" if expectation.came(measured) else "learn.judged_not", what=what)


def reading(view: View) -> Phrase:
    trainer = _trainer(view)
    if trainer.diverged and trainer.step == trainer.made:
        return phrase("learn.diverged", step=trainer.diverged)
    measured = max((each for each in trainer.kept if each.step <= trainer.step), key=lambda each: each.step).measured
    return phrase(
        "learn.reading",
        step=f"{trainer.step:,}",
        made=f"{trainer.made:,}",
        right=measured.accuracy,
        loss=measured.loss,
        line=phrase("learn.again", line=Whole(trainer.line)),
    )


LEARN = Stage("learn", "W ← W − η ∂L/∂W", "learning", (), sheet, reading, needs=("weights",))
