"""Rotary positions: queries and keys turned by an angle that grows with their place.

Su et al., "RoFormer" (2021). Dimensions are paired half a width apart, or each with its neighbour; the published
scalings that stretch the angles for longer texts are functions of the same few numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from kitten_tui.core.array_types import Array, Places
from kitten_tui.core.trace import Given, Value


@dataclass(frozen=True, eq=False)
class Rotation:
    """How far each pair of dimensions of each token is turned."""

    frequencies: Array
    """Radians a place. [pair]"""
    factor: float
    """What cosines and sines are multiplied by; 1 but for scalings that sharpen attention."""
    n: int
    """How many tokens."""
    interleaved: bool = False
    """Whether each dimension is turned with its neighbour; otherwise with one half a width apart."""
    first: int = 0
    """The place of the first of them."""

    @property
    def width(self) -> int:
        """The dimensions that are turned, the first ones of a head; the others stay."""
        return 2 * len(self.frequencies)

    def given(self, d_k: int) -> dict[str, Value]:
        """What the lines of a turned query or key are given."""
        cos, sin = (part.astype(np.float32) for part in self._turning)  # [token, pair], [token, pair]
        first, second = self.pairs  # [pair], [pair]
        cosines = np.ones((self.n, d_k), dtype=np.float32)  # [token, d_k]
        sines = np.zeros((self.n, d_k), dtype=np.float32)  # [token, d_k]
        cosines[:, first], cosines[:, second] = cos, cos
        sines[:, first], sines[:, second] = -sin, sin
        partner = np.arange(d_k)  # [d_k]
        partner[first], partner[second] = second, first
        return {
            "cos": Given(lambda: cosines, symbol=lambda token, dimension: self._symbol("cos", token, dimension)),
            "sin": Given(lambda: sines, symbol=lambda token, dimension: self._symbol("sin", token, dimension)),
            "partner": Given(lambda: partner),
        }

    @property
    def pairs(self) -> tuple[Places, Places]:
        """The dimensions that are turned together.  -> [pair], [pair]"""
        places = np.arange(self.width)  # [dimension]
        half = self.width // 2
        return (places[::2], places[1::2]) if self.interleaved else (places[:half], places[half:])

    def _symbol(self, name: str, token: int, dimension: int) -> str | None:
        """None for a dimension that is not turned."""
        if dimension >= self.width:
            return None
        pairs = len(self.frequencies)
        pair = dimension // 2 if self.interleaved else dimension % pairs
        first = dimension % 2 == 0 if self.interleaved else dimension < pairs
        angle = float(token * self.frequencies[pair])
        sign = "-" if name == "sin" and first else ""
        scale = "" if self.factor == 1.0 else f"{self.factor:.3g} "
        return f"{sign}{scale}{name} {angle:.3g}"

    @cached_property
    def _turning(self) -> tuple[Array, Array]:
        """Cosines and sines.  -> [token, pair], [token, pair]"""
        angles = np.arange(self.first, self.first + self.n)[:, None] * self.frequencies  # [token, pair]
        cos, sin = self.factor * np.cos(angles), self.factor * np.sin(angles)  # [token, pair], [token, pair]
        return cos, sin

    def __call__(self, vectors: Array) -> Array:
        """(a, b) → (a cos − b sin, b cos + a sin) for each pair, all at once.  [token, d_k] -> [token, d_k]"""
        cos, sin = (part.astype(vectors.dtype) for part in self._turning)  # [token, pair], [token, pair]
        if self.interleaved:
            turned = vectors.copy()  # [token, d_k]
            a, b = vectors[:, : self.width : 2], vectors[:, 1 : self.width : 2]  # [token, pair]
            turned[:, : self.width : 2], turned[:, 1 : self.width : 2] = a * cos - b * sin, b * cos + a * sin
            return turned
        half = len(self.frequencies)
        a, b = vectors[:, :half], vectors[:, half : 2 * half]  # [token, pair]
        return np.concatenate([a * cos - b * sin, b * cos + a * sin, vectors[:, 2 * half :]], axis=1)


@dataclass(frozen=True)
class Rope:
    """A position scheme, before it is known how long the text is."""

    base: float
    width: int
    """The dimensions that are turned."""
    kind: str
    """One of SCALINGS."""
    limit: int
    """The length that the model was trained for."""
    numbers: Mapping[str, Any]
    """Those of the scaling, under the names that checkpoints give them."""
    interleaved: bool = False

    def rotation(self, n: int) -> Rotation:
        """The angles for a text of n tokens.

        Raises:
            KeyError: the scaling needs a number that is not there.
        """
        frequencies, factor = SCALINGS[self.kind](self, n)
        return Rotation(frequencies, factor, n, self.interleaved)


Scaled = tuple[Array, float]


def _plain(base: float, width: int) -> Array:
    """base^(−2i/width).  -> [pair]"""
    return 1.0 / base ** (np.arange(0, width, 2) / width)  # [pair]


def _default(rope: Rope, n: int) -> Scaled:
    return _plain(rope.base, rope.width), 1.0


def _linear(rope: Rope, n: int) -> Scaled:
    """All places squeezed by one factor."""
    return _plain(rope.base, rope.width) / float(rope.numbers["factor"]), 1.0


def _dynamic(rope: Rope, n: int) -> Scaled:
    """A larger base for texts longer than those of the training."""
    factor, n = float(rope.numbers["factor"]), max(n, rope.limit)
    stretch = factor * n / rope.limit - (factor - 1.0)
    return _plain(rope.base * stretch ** (rope.width / (rope.width - 2)), rope.width), 1.0


def _llama3(rope: Rope, n: int) -> Scaled:
    """Slow pairs squeezed, fast ones not, and a passage between them."""
    numbers = rope.numbers
    factor, low, high = (float(numbers[key]) for key in ("factor", "low_freq_factor", "high_freq_factor"))
    if high <= low:
        raise ValueError(f"expected a high_freq_factor above {low:g}, found {high:g}")
    old = float(numbers["original_max_position_embeddings"])
    plain = _plain(rope.base, rope.width)  # [pair]
    turns = old * plain / (2.0 * math.pi)  # [pair]
    share = np.clip((turns - low) / (high - low), 0.0, 1.0)  # [pair]
    return (1.0 - share) * plain / factor + share * plain, 1.0


def _yarn(rope: Rope, n: int) -> Scaled:
    """Peng et al., "YaRN" (2023): as above with a straight passage over the pairs, and sharper attention."""
    numbers = rope.numbers
    old = float(numbers["original_max_position_embeddings"])
    factor = float(numbers.get("factor") or rope.limit / old)

    def pair_that_turns(times: float) -> float:
        return rope.width * math.log(old / (times * 2.0 * math.pi)) / (2.0 * math.log(rope.base))

    first = pair_that_turns(float(numbers.get("beta_fast") or 32.0))
    last = pair_that_turns(float(numbers.get("beta_slow") or 1.0))
    if numbers.get("truncate", True):
        first, last = math.floor(first), math.ceil(last)
    first, last = max(first, 0), min(last, rope.width - 1)
    place = np.arange(rope.width // 2)  # [pair]
    squeezed = np.clip((place - first) / (last - first or 0.001), 0.0, 1.0)  # [pair]
    plain = _plain(rope.base, rope.width)  # [pair]
    return plain / factor * squeezed + plain * (1.0 - squeezed), _yarn_sharpness(numbers, factor)


def _yarn_sharpness(numbers: Mapping[str, Any], factor: float) -> float:
    def growth(scale: float) -> float:
        return 1.0 if factor <= 1.0 else 0.1 * scale * math.log(factor) + 1.0

    given = numbers.get("attention_factor")
    if given is not None:
        return float(given)
    scale, whole = numbers.get("mscale"), numbers.get("mscale_all_dim")
    return growth(float(scale)) / growth(float(whole)) if scale and whole else growth(1.0)


def _longrope(rope: Rope, n: int) -> Scaled:
    """Ding et al., "LongRoPE" (2024): a factor for each pair, of two lists, by whether the text is long."""
    numbers = rope.numbers
    old = float(numbers["original_max_position_embeddings"])
    each = np.asarray(numbers["long_factor" if n > old else "short_factor"], dtype=np.float64)  # [pair]
    factor = float(numbers.get("factor") or rope.limit / old)
    given = numbers.get("attention_factor")
    sharpness = 1.0 if factor <= 1.0 else math.sqrt(1.0 + math.log(factor) / math.log(old))
    return _plain(rope.base, rope.width) / each, sharpness if given is None else float(given)


SCALINGS: dict[str, Callable[[Rope, int], Scaled]] = {
    "default": _default,
    "linear": _linear,
    "dynamic": _dynamic,
    "llama3": _llama3,
    "yarn": _yarn,
    "longrope": _longrope,
}
