"""How a text goes on: with the likeliest token, or with one that is drawn.

Top-k: Fan et al., "Hierarchical Neural Story Generation" (2018); top-p: Holtzman et al., "The Curious Case of Neural
Text Degeneration" (2020). As transformers does it: logits are divided by the temperature, then cut to the k largest,
then to the fewest that have p together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kitten_tui.core.array_types import Array, Mask

HOTTEST = 100.0


@dataclass(frozen=True, eq=False)
class Drawn:
    """What is left to draw from after one token, and which one came."""

    left: Mask
    """[vocab]"""
    total: float
    """ln Σ e^(logit / T) over what is left."""
    taken: int
    probability: float
    """Of the one that came, among what is left."""


@dataclass(frozen=True)
class Drawing:
    """What tokens are drawn by; with no temperature the likeliest is taken."""

    temperature: float = 0.0
    top_k: int = 0
    """The most tokens that are drawn from; 0 is any number."""
    top_p: float = 1.0
    """The fewest likeliest tokens are drawn from that have so much together."""
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= HOTTEST:
            raise ValueError(f"temperature: expected a number from 0 to {HOTTEST:g}, found {self.temperature:g}")
        if self.top_k < 0:
            raise ValueError(f"top-k: expected a number from 1, or 0 for all, found {self.top_k}")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top-p: expected a number above 0 and up to 1, found {self.top_p:g}")
        if self.seed < 0:
            raise ValueError(f"seed: expected a number from 0, found {self.seed}")

    @property
    def draws(self) -> bool:
        """Whether anything is left to chance."""
        return self.temperature > 0

    def draw(self, logits: Array, place: int) -> Drawn:
        """The token that is to stand at a place: the same one each time for the same seed.  [vocab]"""
        if not self.draws:
            taken = int(logits.argmax())
            probability = 1.0 / float(np.exp(logits - logits[taken]).sum())
            return Drawn(np.ones(len(logits), dtype=bool), 0.0, taken, probability)
        tempered = logits / self.temperature  # [vocab]
        left = self._left(tempered)  # [vocab]
        top = float(tempered.max())
        exp = np.exp(tempered - top) * left  # [vocab]
        total = float(exp.sum())
        order = np.argsort(-exp, kind="stable")[: int(left.sum())]  # [rank]
        at = np.random.default_rng((self.seed, place)).random() * total
        rank = int(np.searchsorted(np.cumsum(exp[order]), at, side="right"))
        taken = int(order[min(rank, len(order) - 1)])
        return Drawn(left, top + float(np.log(total)), taken, float(exp[taken]) / total)

    def _left(self, tempered: Array) -> Mask:
        """Which tokens may be drawn.  [vocab] -> [vocab]"""
        left = np.ones(len(tempered), dtype=bool)  # [vocab]
        if self.top_k:
            count = min(self.top_k, len(tempered))
            left = tempered >= np.partition(tempered, -count)[-count]  # [vocab]
        if self.top_p < 1:
            order = np.argsort(-tempered, kind="stable")  # [rank]
            exp = np.exp(tempered[order] - tempered.max()) * left[order]  # [rank]
            before = (np.cumsum(exp) - exp) / exp.sum()  # [rank], what the likelier ones have together
            left[order[1:][before[1:] >= self.top_p]] = False
        return left
