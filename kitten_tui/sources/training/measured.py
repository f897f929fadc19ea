"""What can be seen of how far a training is: on sentences that it never learns from, and in its heads there."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from kitten_tui.core.array_types import Array, Mask, Places
from kitten_tui.core.learning import Measured
from kitten_tui.sources.training.network import Batch, forward, said
from kitten_tui.sources.training.shape import Parameters

NO_LAYERS, NO_HEADS = np.zeros(0), np.zeros((0, 0))


def measure(parameters: Parameters, batch: Batch) -> Measured:
    """What is seen of a transformer with these parameters on these sentences."""
    went = forward(parameters, batch.ids)
    return told(
        batch,
        *said(parameters, went.last[batch.counted], batch.targets.ravel()[batch.counted]),
        distance=np.array([distance(passed.weights) for passed in went.layers]),
        previous=np.array([_previous(passed.weights) for passed in went.layers]),
        link=np.array([_linked(passed.weights, batch) for passed in went.layers]),
    )


def told(
    batch: Batch,
    chances: Array,
    losses: Array,
    distance: Array = NO_LAYERS,
    previous: Array = NO_HEADS,
    link: Array = NO_HEADS,
) -> Measured:
    """What is seen where it counts, and of heads where there are some.  [counted, vocab], [counted], …"""
    right = chances.argmax(axis=-1) == batch.targets.ravel()[batch.counted]  # [counted]
    looking = batch.link.ravel()[batch.counted] >= 0  # [counted]
    return Measured(
        loss=float(losses.mean(dtype=np.float64)),
        accuracy=float(right.mean()),
        linked=float(right[looking].mean()) if looking.any() else np.nan,
        distance=distance,
        previous=previous,
        link=link,
        by_distance=_by_distance(right[looking], batch, batch.counted[looking]),
        depends=np.zeros(0),
        waits=0,
    )


def _by_distance(right: Mask, batch: Batch, places: Places) -> Array:
    """[looking], …, [looking] -> [between]"""
    sentence, query = np.divmod(places, batch.ids.shape[1])  # [looking], [looking]
    between = query - batch.link[sentence, query] - 1  # [looking]
    counts = np.bincount(between)  # [between]
    means = np.bincount(between, weights=right) / np.maximum(counts, 1)  # [between]
    return np.where(counts > 0, means, np.nan)


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
