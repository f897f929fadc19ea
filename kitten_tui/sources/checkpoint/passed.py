"""What is kept of a layer that has been computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.measures import HeadSummary


@dataclass(eq=False)
class Room:
    """Rows with room after them, so that one more costs no copy of those there are; a row that stands never changes."""

    array: Array
    """[row, n]"""
    used: int
    """How many rows stand in it."""

    def after(self, count: int, row: Array) -> Room:
        """With a row after the first so many: here, where nothing stands there yet, else in a copy.  [1, n]"""
        room = self
        if self.used != count or count == len(self.array):
            larger = np.empty((2 * count + 1, self.array.shape[1]), dtype=self.array.dtype)  # [row, n]
            larger[:count] = self.array[:count]
            room = Room(larger, count)
        room.array[count] = row[0]
        room.used = count + 1
        return room


@dataclass(frozen=True, eq=False)
class Passed:
    """What is kept of a layer that has been computed."""

    concat: Array
    """[token, head·d_k]"""
    heads: tuple[HeadSummary, ...]
    stream: Array | None
    """What leaves it, before the norm that comes next; None after the last layer. [token, d_model]"""
    rooms: tuple[Room, Room] | None = None
    """What these two stand in, where tokens were appended."""

    def cut(self, n: int) -> Passed:
        """Of the first n tokens."""
        return Passed(self.concat[:n], (), None if self.stream is None else self.stream[:n], self.rooms)

    def longer(self, concat: Array, stream: Array) -> Passed:
        """With one token more, and no summary of any head.  [1, head·d_k], [1, d_model]"""
        n = len(self.concat)
        streams = stream[:0] if self.stream is None else self.stream  # [token, d_model]
        concats, others = self.rooms or (Room(self.concat, n), Room(streams, n))
        concats = concats.after(n, concat)
        if self.stream is None:
            return Passed(concats.array[: n + 1], (), None, (concats, others))
        others = others.after(n, stream)
        return Passed(concats.array[: n + 1], (), others.array[: n + 1], (concats, others))
