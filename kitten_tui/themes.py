"""The themes of the lesson. Textual's own can be chosen too."""

from textual.theme import Theme

DARK = Theme(
    name="kitten-dark",
    dark=True,
    primary="#7aa2d6",
    secondary="#8f9fb3",
    accent="#ff9e64",
    foreground="#d9dee7",
    background="#10141a",
    surface="#161b23",
    panel="#1d2430",
    success="#8fbf8f",
    warning="#e0b060",
    error="#e58a7b",
)
LIGHT = Theme(
    name="kitten-light",
    dark=False,
    primary="#2d4f86",
    secondary="#54606f",
    accent="#b3470b",
    foreground="#1b2330",
    background="#fdfcf7",
    surface="#f4f2ea",
    panel="#e8e5da",
    success="#2f6f3a",
    warning="#8a5a00",
    error="#a33b2b",
)
THEMES = (DARK, LIGHT)
ALIASES = {"dark": DARK.name, "light": LIGHT.name}
