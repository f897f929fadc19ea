"""Heat behind digits: at most eight steps, each lighter or darker than the last, so that grey keeps their order."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rich.style import Style

# Cividis-like: blue to yellow, told apart by every common kind of colour vision. Ends are drawn in to the background,
# and every text colour has a contrast of at least 4.5 : 1 on its step.
DARK_STEPS = ("#16202e", "#1d2f4a", "#2f4264", "#4c5567", "#6a6a6c", "#918a63", "#bfae52", "#f0d63c")
LIGHT_STEPS = ("#fbf8ea", "#f4e9b4", "#e6d484", "#c3bb7a", "#9a9b7c", "#65707c", "#445579", "#1d2f5e")
# Other numbers: green, and never as bright or as deep as what is looked at most.
DARK_QUIET = ("#111a17", "#172822", "#1f382f", "#29493d")
LIGHT_QUIET = ("#f3f8f3", "#dcebe1", "#c3dccd", "#a9ccb8")
# Differences: blue below 0, orange above, told apart by every common kind of colour vision; 0 is the ground.
DARK_CHANGE = ("#5b9bd8", "#2f6296", "#1c3a59", "#14181f", "#4a2f14", "#8a5519", "#e0912f")
LIGHT_CHANGE = ("#1f5f9e", "#7fb0dc", "#c9def0", "#fbfaf4", "#f6dcb8", "#e8ab5c", "#a85a05")
_DARK_TEXT = "#10141a"
_LIGHT_TEXT = "#f4f6fa"


@dataclass(frozen=True)
class Ramp:
    """A style for each step, from nothing to most."""

    styles: tuple[Style, ...]

    def __call__(self, value: float, low: float, high: float) -> Style:
        """The style of a value between the ends of its figure."""
        if not math.isfinite(value) or not self.styles:
            return Style.null()
        share = (value - low) / (high - low) if high > low else float(value != 0.0) / 2
        return self.styles[max(min(int(share * len(self.styles)), len(self.styles) - 1), 0)]


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, 0 to 1: WCAG 2, from the sRGB standard."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21: WCAG 2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def text_on(colour: str) -> str:
    """The text colour that is easier to read on this background."""
    return max(_DARK_TEXT, _LIGHT_TEXT, key=lambda text: contrast(text, colour))


def _ramp(steps: tuple[str, ...]) -> Ramp:
    return Ramp(tuple(Style(color=text_on(step), bgcolor=step) for step in steps))


NO_RAMP = Ramp(())
DARK = _ramp(DARK_STEPS)
LIGHT = _ramp(LIGHT_STEPS)
QUIET_ON_DARK = _ramp(DARK_QUIET)
QUIET_ON_LIGHT = _ramp(LIGHT_QUIET)
CHANGE_ON_DARK = _ramp(DARK_CHANGE)
CHANGE_ON_LIGHT = _ramp(LIGHT_CHANGE)
