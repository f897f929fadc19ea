"""Where a number of a model comes from, part by part, and the parts of a layer taken together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kitten_tui.core.array_types import Array

LAYER, BIASES = "layer", "biases"
"""The kinds of those that stand for several."""
KINDS = ("embedding", "position", "segment", "head", "network", "bias", "embedding_bias", LAYER, BIASES)


@dataclass(frozen=True)
class Origin:
    """A part of a model that a number comes from, in part."""

    kind: str
    """"embedding", "position", "segment", "head", "network"; "bias" for what is added whatever the text, with a layer
    that of this layer, without one that of what comes last, and "embedding_bias" that of the embedding.
    """
    layer: int = -1
    head: int = -1

    @property
    def together(self) -> Origin:
        """What it is taken together with: its layer, or all biases; itself where it stands alone."""
        if "bias" in self.kind:
            return Origin(BIASES)
        return replace(self, kind=LAYER, head=-1) if self.layer >= 0 else self


@dataclass(frozen=True, eq=False)
class Split:
    """A score by where its query and its key come from; norms are held at their size.

    q and k are sums of what each part of the model gives them, so ω = q · k is the sum of a table. Elhage et
    al., "A Mathematical Framework for Transformer Circuits" (2021); a norm whose size is held and a turn are linear.
    """

    layer: int
    head: int
    query: int
    key: int
    score: float
    of_query: tuple[Origin, ...]
    of_key: tuple[Origin, ...]
    values: Array
    """They add up to the score. [part of the query, part of the key]"""


@dataclass(frozen=True)
class Group:
    """Parts that are looked at as one."""

    origin: Origin
    members: tuple[int, ...]
    """Their places among all parts."""


def grouped(origins: Sequence[Origin], opened: Collection[Origin] = ()) -> tuple[Group, ...]:
    """The parts by layer, but those of what is opened, each for itself; biases come last."""
    groups: dict[Origin, list[int]] = {}
    for place, origin in enumerate(origins):
        whole = origin.together
        groups.setdefault(origin if whole in opened else whole, []).append(place)
    ordered = sorted(groups, key=lambda origin: origin.together.kind == BIASES or origin.kind == BIASES)
    return tuple(Group(origin, tuple(groups[origin])) for origin in ordered)


def sums(values: Array, rows: Sequence[Group], columns: Sequence[Group]) -> Array:
    """[part, part] -> [group, group]"""
    by_row = np.stack([values[list(row.members)].sum(axis=0) for row in rows])  # [group, part]
    return np.stack([by_row[:, list(column.members)].sum(axis=1) for column in columns], axis=1)  # [group, group]
