"""Numbers as text: the one place that rounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from weakref import finalize

import numpy as np

from kitten_tui.core.array_types import Array

MINUS_INFINITY = "−∞"
DECIMALS = 3
"""As many as the screen ever shows; the last bits of two processors never differ here."""


def fmt(value: float, decimals: int = DECIMALS) -> str:
    """A number with so many decimals; never "-0.00"."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return MINUS_INFINITY if value < 0 else "∞"
    if abs(value) >= 1e6:
        return f"{value:.1e}".replace("e+0", "e").replace("e+", "e")
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0.0 else text


def signed(value: float) -> str:
    """A number that is added, with its sign."""
    text = fmt(value)
    return text if text[0] in f"-{MINUS_INFINITY[0]}" else f"+{text}"


def brief(value: float) -> str:
    """A number with as many digits as a sentence bears: three decimals below 1, two below 100."""
    size = abs(value)
    if 0.0 < size < 0.0005:
        return scientific(value)
    return fmt(value, 3 if size < 1 else 2 if size < 100 else 0)


def vector(values: Array, most: int = 4) -> str:
    """A list of numbers in brackets, the first ones where it is long."""
    decimals = 3 if np.abs(values[:most]).max(initial=0.0) < 10 else 2
    shown = ", ".join(fmt(float(value), decimals) for value in values[:most])
    return f"({shown}, …)" if len(values) > most else f"({shown})"


@dataclass(frozen=True)
class Format:
    """How the numbers of one figure are written, so that their points stand below one another."""

    decimals: int
    bare: bool = False
    """Whether a number below 1 goes without its leading zero."""
    powers: bool = False
    """Whether only the size is written, since digits would not fit."""
    unit: int = 0
    """The power of ten that it is written in."""

    def __call__(self, value: float) -> str:
        value /= 10.0**self.unit
        if self.powers and math.isfinite(value) and abs(value) >= 1.0:
            return scientific(value)
        text = fmt(value, self.decimals)
        return text.replace("0.", ".", 1) if self.bare and text.lstrip("-").startswith("0.") else text


FORMATS = (Format(3), Format(2), Format(2, bare=True), Format(1), Format(1, bare=True), Format(0))


def extremes(values: Array) -> tuple[float, float]:
    """The smallest and the largest finite number; of a large array found once, since every frame asks for them.

    ∞ and −∞ where none is finite.
    """
    if values.size < LARGE:
        return _extremes(values)
    key = id(values)  # an array has no hash; its id belongs to no other as long as it is there
    if key not in _KNOWN:
        _KNOWN[key] = _extremes(values)
        finalize(values, _KNOWN.pop, key)
    return _KNOWN[key]


LARGE = 10_000
_KNOWN: dict[int, tuple[float, float]] = {}
"""Those of the large arrays that are there."""


def _extremes(values: Array) -> tuple[float, float]:
    low, high = float(values.min(initial=math.inf)), float(values.max(initial=-math.inf))
    if math.isfinite(low) and math.isfinite(high):
        return low, high
    finite = np.isfinite(values)
    low = float(values.min(where=finite, initial=math.inf))
    return low, float(values.max(where=finite, initial=-math.inf))


def format_for(low: float, high: float, width: int) -> Format:
    """The most telling format in which every number between these fits the width."""
    if low > high:
        return Format(2)
    ends = (low, high, -0.5 if low < 0 else 0.5)
    for style in FORMATS:
        if max(len(style(value)) for value in ends) <= width:
            return style
    return Format(0, powers=True)


def percent(value: float) -> str:
    """Two digits for a weight; + is 1 or more, as in `tenths`."""
    share = round(100 * value)
    return "+" if share >= 100 else str(share)


def exact(value: float) -> str:
    """A number by itself: three decimals, or its size where they would all be 0."""
    return scientific(value) if 0.0 < abs(value) < 0.0005 else fmt(value)


def scientific(value: float) -> str:
    """One digit and a power of ten: 3e5, 2e-8."""
    digit, _, power = f"{value:.0e}".partition("e")
    return f"{digit}e{int(power)}"


def tenths(value: float) -> str:
    """One digit for a weight: 3 is 0.3 to the nearest tenth; + is 1 or more."""
    tenth = round(10 * value)
    return "+" if tenth >= 10 else str(tenth)
