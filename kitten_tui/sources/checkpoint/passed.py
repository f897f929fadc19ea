"""What is kept of a layer that has been computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.measures import HeadSummary


@dataclass(frozen=True, eq=False)
class Passed:
    """What is kept of a layer that has been computed."""

    concat: Array
    """[token, head·d_k]"""
    heads: tuple[HeadSummary, ...]
    stream: Array | None
    """What leaves it, before the norm that comes next; None after the last layer. [token, d_model]"""

    def cut(self, n: int) -> Passed:
        """Of the first n tokens."""
        return Passed(self.concat[:n], (), None if self.stream is None else self.stream[:n])

    def longer(self, concat: Array, stream: Array) -> Passed:
        """With one token more, and no summary of any head.  [1, head·d_k], [1, d_model]"""
        streams = None if self.stream is None else np.concatenate([self.stream, stream])  # [token, d_model]
        return Passed(np.concatenate([self.concat, concat]), (), streams)
