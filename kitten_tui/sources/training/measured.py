"""What can be seen of how far a training is: on sentences that it never learns from, and in its heads there."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from kitten_tui.core.learning import Measured
from kitten_tui.core.ops import Array
from kitten_tui.sources.training.network import Batch, forward, said
from kitten_tui.sources.training.shape import Parameters


def measure(parameters: Parameters, batch: Batch) -> Measured:
    """What is seen with these parameters on these sentences."""
    went = forward(parameters, batch.ids)
    targets = batch.targets.ravel()[batch.counted]  # [counted]
    chances, losses = said(parameters, went.last[batch.counted], targets)  # [counted, vocab], [counted]
    right = chances.argmax(axis=-1) == targets  # [counted]
    looking = batch.link.ravel()[batch.counted] >= 0  # [counted]
    return Measured(
        loss=float(losses.mean(dtype=np.float64)),
        accuracy=float(right.mean()),
        linked=float(right[looking].mean()) if looking.any() else np.nan,
        distance=np.array([distance(passed.weights) for passed in went.layers]),
        previous=np.array([_previous(passed.weights) for passed in went.layers]),
        link=np.array([_linked(passed.weights, batch) for passed in went.layers]),
    )


def distance(weights: Array) -> float:
    """Half the sum of how much two heads' rows differ, the mean over rows and pairs of heads.

    This is the total variation distance.  [head, sentence, query, key]
    """
    pairs = list(combinations(range(len(weights)), 2))
    apart = [np.abs(weights[one] - weights[other]).sum(axis=-1, dtype=np.float64).mean() / 2.0 for one, other in pairs]
    return float(np.mean(apart)) if pairs else 0.0


def _previous(weights: Array) -> Array:
    """[head, sentence, query, key] -> [head]"""
    return np.asarray(np.diagonal(weights, -1, axis1=-2, axis2=-1).mean(axis=(-2, -1), dtype=np.float64))


def _linked(weights: Array, batch: Batch) -> Array:
    """[head, sentence, query, key] -> [head]"""
    sentence, query = np.nonzero(batch.link >= 0)  # [pair], [pair]
    if not len(sentence):
        return np.full(len(weights), np.nan)
    return np.asarray(weights[:, sentence, query, batch.link[sentence, query]].mean(axis=-1, dtype=np.float64))
