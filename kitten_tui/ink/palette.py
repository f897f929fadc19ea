"""The styles that ink draws with, by what they are for."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style

from kitten_tui.ink.heat import NO_RAMP, Ramp

NONE = Style.null()


@dataclass(frozen=True)
class Palette:
    """A style for each part of a picture; the widget fills it from the theme, plain text leaves it empty."""

    text: Style = NONE
    title: Style = NONE
    muted: Style = NONE
    label: Style = NONE
    chosen: Style = NONE
    """The label of the selected row or column."""
    cursor: Style = NONE
    result: Style = NONE
    bar: Style = NONE
    ghost: Style = NONE
    key: Style = NONE
    """A key to press."""
    ramp: Ramp = NO_RAMP
    """Heat: how strongly something is looked at, and nothing else."""
    quiet: Ramp = NO_RAMP
    """The size of any other number."""


PLAIN = Palette()
