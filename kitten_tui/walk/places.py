"""Where a step looks: each place by its name, as a number along an axis."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kitten_tui.walk.scene import Scene

Place = Callable[[Scene], int]


def _first(scene: Scene) -> int:
    return 0


def _last(scene: Scene) -> int:
    return len(scene.view.tokens) - 1


def _query(scene: Scene) -> int:
    return scene.query


def _other(scene: Scene) -> int:
    """The word after the query, or before it where it is the last."""
    if len(scene.view.tokens) < 2:
        raise LookupError("there is no other word")
    return scene.query + 1 if scene.query + 1 < len(scene.view.tokens) else scene.query - 1


def _unlike(scene: Scene) -> int:
    """Of the queries that see several keys, the one whose z is farthest from that of the selected one."""
    trace = scene.view.trace
    z = trace["context"]  # [query, d_k]
    several = (trace["dropped"] > 0.0).sum(axis=1) > 1  # [query]
    return int(np.where(several, np.abs(z - z[scene.query]).max(axis=1), -1.0).argmax())


def _best(scene: Scene) -> int:
    """The key with the largest score."""
    return int(scene.scores.argmax())


def _most(scene: Scene) -> int:
    """The key with the largest weight."""
    return int(scene.weights.argmax())


def _aside(scene: Scene) -> int:
    """Another key than the query itself: the first one that it may look at."""
    seen = [key for key in np.flatnonzero(scene.view.truth("allowed")) if key != scene.query or scene.view.is_cross]
    if not seen:
        raise LookupError("there is no other key")
    return int(seen[0])


def _before_others(scene: Scene) -> int:
    """A query that words come after: the selected one, or one in the middle."""
    last = len(scene.view.tokens) - 1
    if last < 1 or scene.view.is_cross:
        raise LookupError("no word comes after another")
    return scene.query if 0 < scene.query < last else last // 2


def _losing(scene: Scene) -> int:
    """The first query, from the selected one on, whose row dropout covers something of and leaves something of."""
    trace, here, count = scene.view.trace, scene.query, len(scene.view.tokens)
    order: tuple[int, ...] = (*range(here, count), *range(here))
    for place in order:
        allowed = trace.row("allowed", place).astype(bool)
        kept = trace.row("keep", place).astype(bool) & allowed
        if kept.any() and (allowed & ~kept).any():
            return place
    raise LookupError("dropout covers nothing")


PLACES: dict[str, Place] = {
    "first": _first,
    "last": _last,
    "query": _query,
    "other": _other,
    "unlike": _unlike,
    "best": _best,
    "most": _most,
    "aside": _aside,
    "before_others": _before_others,
    "losing": _losing,
}
