"""The styles of a drawing in the colours of a theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style
from textual.color import Color

from kitten_tui.ink import heat
from kitten_tui.ink.palette import Palette

if TYPE_CHECKING:
    from textual.app import App

_BOLD = ("chosen", "cursor", "key", "result", "title")
_VARIABLES = {
    "title": "text-primary",
    "muted": "text-muted",
    "dim": "text-disabled",
    "label": "foreground",
    "chosen": "text-accent",
    "result": "text-accent",
    "bar": "primary",
    "ghost": "text-muted",
    "key": "text-accent",
}
"""What Textual calls the colour that a part has in every theme."""


def palette_in(app: App[object], text: Style, back: Color) -> Palette:
    """On this background, with this style of what is plain text."""
    named = app.theme_variables
    styles = {part: _style(named[name], back, part in _BOLD) for part, name in _VARIABLES.items()}
    styles["cursor"] = _style(named["background"], Color.parse(named["accent"]), bold=True)
    if app.native_ansi_color:  # the terminal's own colours have no shades between text and background
        styles |= {part: styles[part] + Style(dim=True) for part in ("muted", "dim", "ghost")}
    dark = app.current_theme.dark
    ramp, quiet = (heat.DARK, heat.QUIET_ON_DARK) if dark else (heat.LIGHT, heat.QUIET_ON_LIGHT)
    change = heat.CHANGE_ON_DARK if dark else heat.CHANGE_ON_LIGHT
    return Palette(text=text, ramp=ramp, quiet=quiet, change=change, **styles)


def _style(colour: str, back: Color, bold: bool) -> Style:
    """`colour` as a theme has it: a colour of its own or "auto", what stands out from the background; of either so many
    per cent, "auto 60%".
    """
    name, _, share = colour.partition(" ")
    alpha = float(share.rstrip("%")) / 100 if share else 1.0
    seen = back.get_contrast_text(alpha) if name == "auto" else Color.parse(name).multiply_alpha(alpha)
    return Style(color=(back + seen).rich_color, bgcolor=back.rich_color, bold=bold or None)
