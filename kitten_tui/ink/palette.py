"""The styles that ink draws with, by what they are for."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style

from kitten_tui.ink import heat
from kitten_tui.ink.heat import NO_RAMP, Ramp

NONE = Style.null()


@dataclass(frozen=True)
class Palette:
    """A style for each part of a picture; the widget fills it from the theme, plain text leaves it empty."""

    text: Style = NONE
    title: Style = NONE
    muted: Style = NONE
    dim: Style = NONE
    """What is not pointed at."""
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
    change: Ramp = NO_RAMP
    """Less or more than elsewhere: what is as it is there lies in the middle."""


PLAIN = Palette()


def _paper(text: str, back: str, primary: str, muted: str, accent: str, ramps: tuple[Ramp, Ramp, Ramp]) -> Palette:
    bold = {name: Style(color=accent, bold=True) for name in ("chosen", "result", "key")}
    ramp, quiet, change = ramps
    return Palette(
        text=Style(color=text),
        title=Style(color=primary, bold=True),
        muted=Style(color=muted),
        dim=Style(color=muted),
        label=Style(color=text),
        cursor=Style(color=back, bgcolor=accent, bold=True),
        bar=Style(color=primary),
        ghost=Style(color=muted),
        ramp=ramp,
        quiet=quiet,
        change=change,
        **bold,
    )


_ON_DARK = (heat.DARK, heat.QUIET_ON_DARK, heat.CHANGE_ON_DARK)
_ON_LIGHT = (heat.LIGHT, heat.QUIET_ON_LIGHT, heat.CHANGE_ON_LIGHT)
PAPER_DARK = _paper("#d9dee7", "#10141a", "#8fb4e6", "#9aa6b5", "#ff9e64", _ON_DARK)
"""What goes to a file has no theme to ask: the colours of ours."""
PAPER_LIGHT = _paper("#1b2330", "#fdfcf7", "#2d4f86", "#54606f", "#b3470b", _ON_LIGHT)


@dataclass(frozen=True)
class Ground:
    """What is seen where a style says nothing: #rrggbb."""

    text: str = "#d9dee7"
    back: str = "#10141a"


DARK, LIGHT = Ground(), Ground(text="#1b2330", back="#fdfcf7")
