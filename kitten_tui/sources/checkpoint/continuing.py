"""The likeliest tokens that a model gives after a place, or in it, and the one that is taken to go on with."""

from __future__ import annotations

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.next_tokens import Continuation
from kitten_tui.core.sampling import Drawing
from kitten_tui.sources.checkpoint.gguf_model import GgufTensors
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.reading import LARGEST_CONFIG, read_object

GENERATION = "generation_config.json"

CONTINUATIONS = 10
"""How many next tokens are shown."""


def continuation_of(model: Model, stream: Array, drawing: Drawing, place: int) -> Continuation:
    """From what leaves the last layer; `place` is where the token would stand that is drawn.  [d_model]"""
    last = model.last(stream)  # [d_model]
    logits = model.logits(last).astype(np.float64)  # [vocab]
    if not np.isfinite(logits).all():
        raise SourceError(f"{model.folder}: the output head: expected finite numbers, found nan or infinity")
    best = likeliest(logits, min(CONTINUATIONS, len(logits)))  # [rank]
    total = log_sum(logits)
    drawn = drawing.draw(logits, place)
    return Continuation(
        pieces=tuple(model.tokens.piece(int(number)) for number in best),
        ids=tuple(int(number) for number in best),
        logit=logits[best],
        total=total,
        last=last,
        rows=model.output_rows(best),
        left=drawn.left[best],
        left_total=drawn.total,
        taken=drawn.taken,
        taken_piece=model.tokens.piece(drawn.taken),
        taken_share=float(np.exp(logits[drawn.taken] - total)),
        taken_probability=drawn.probability,
    )


def thought_of(model: Model, stream: Array) -> tuple[Array, float]:
    """The rows of the output head of the tokens that it makes likeliest of what leaves some layer, and ln Σ e^logit.

    [d_model] -> [rank, d_model]
    """
    logits = model.logits(model.last(stream)).astype(np.float64)  # [vocab]
    return model.output_rows(likeliest(logits, min(CONTINUATIONS, len(logits)))), log_sum(logits)


def ends_of(model: Model) -> frozenset[int]:
    """The tokens that a text ends with, as transformers' generation knows them, or the file itself."""
    if isinstance(model.tensors, GgufTensors):
        said: object = model.tensors.gguf.said.get("tokenizer.ggml.eos_token_id")
    else:
        path = model.folder / GENERATION
        own = read_object(path, LARGEST_CONFIG, "settings of generation") if path.is_file() else {}
        said = own.get("eos_token_id", model.config.raw.get("eos_token_id"))
    every = said if isinstance(said, list) else [said]
    return frozenset(number for number in every if isinstance(number, int))


def likeliest(logits: Array, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """The numbers of so many tokens with the largest logits, the likeliest first.  [vocab] -> [rank]"""
    least = np.partition(logits, -count)[-count]
    likely = np.flatnonzero(logits >= least)  # [one of the likeliest]
    return likely[np.argsort(-logits[likely], kind="stable")][:count]  # [rank]


def log_sum(logits: Array) -> float:
    """ln Σ e^logit.  [vocab]"""
    top = float(logits.max())
    return top + float(np.log(np.exp(logits - top).sum()))
