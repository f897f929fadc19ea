"""One JSON object with every intermediate of a head, under the names of the vocabulary."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.quantity import LOSS, grad
from kitten_tui.core.variants import righted
from kitten_tui.stages.backward import has_loss, loss
from kitten_tui.stages.view import View


def to_json(view: View) -> str:
    """Full precision; −∞ is null; what a source does not have is left out. ASCII, so no terminal can take offence.

    Where there is a loss, it and the gradients of what is told and trained come last.
    """
    head, layer = view.selection.head, view.selection.layer
    told: dict[str, object] = {
        "tokens": list(view.tokens),
        **({"key_tokens": list(view.source.key_tokens)} if view.is_cross else {}),
        "layer": layer + 1,
        "head": head + 1,
        "settings": {name: value for name, value in asdict(righted(view.settings)).items() if name != "variant"},
        **({"mistake": view.settings.variant} if view.settings.variant else {}),
    }
    for name, quantity in view.chain.items():
        array = view.workings.array(name, head) if quantity.step or name == view.weighed else None
        if array is not None:
            told[name] = _finite(array)
    if has_loss(view):
        told |= {LOSS: loss(view), "gradients": _gradients(view)}
    return json.dumps(told, allow_nan=False)


def _gradients(view: View) -> dict[str, object]:
    """Of the steps of the lesson and of what is trained, by their names."""
    told: dict[str, object] = {}
    for name, quantity in view.chain.items():
        array = view.workings.array(grad(name), view.selection.head) if grad(name) in view.chain else None
        if array is not None and (quantity.step or not quantity.line):
            told[name] = _finite(array)
    return told


def _finite(array: Array) -> list[object]:
    return np.where(np.isfinite(array), array, None).tolist()  # type: ignore[call-overload, no-any-return]
