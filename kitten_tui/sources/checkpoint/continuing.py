"""The likeliest tokens that a model gives after a place, or in it."""

from __future__ import annotations

import numpy as np

from kitten_tui.core.ops import Array
from kitten_tui.core.source import Continuation
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.errors import SourceError

CONTINUATIONS = 10
"""How many next tokens are shown."""


def continuation_of(model: Model, stream: Array) -> Continuation:
    """From what leaves the last layer.  [d_model]"""
    last = model.last(stream)  # [d_model]
    logits = model.logits(last).astype(np.float64)  # [vocab]
    if not np.isfinite(logits).all():
        raise SourceError(f"{model.folder}: the output head: expected finite numbers, found nan or infinity")
    count = min(CONTINUATIONS, len(logits))
    least = np.partition(logits, -count)[-count]
    likely = np.flatnonzero(logits >= least)  # [one of the likeliest]
    best = likely[np.argsort(-logits[likely], kind="stable")][:count]  # [rank]
    top = float(logits.max())
    return Continuation(
        pieces=tuple(model.tokens.piece(int(number)) for number in best),
        logit=logits[best],
        total=top + float(np.log(np.exp(logits - top).sum())),
        last=last,
        rows=model.output_rows(best),
    )
