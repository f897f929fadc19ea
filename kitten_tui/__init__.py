"""kitten-tui: self-attention taken apart, number by number, in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kitten_tui.core.attention import ATTENTION
    from kitten_tui.core.cell import Cell
    from kitten_tui.core.chain import Chain
    from kitten_tui.core.quantity import quantity
    from kitten_tui.core.settings import Settings
    from kitten_tui.core.source import Source
    from kitten_tui.core.workings import Workings
    from kitten_tui.explorer import attention, explore, recording
    from kitten_tui.sources.find import open_source
    from kitten_tui.sources.recording import Recording

__version__ = "0.1.0"
__all__ = [
    "ATTENTION",
    "Cell",
    "Chain",
    "Recording",
    "Settings",
    "Source",
    "Workings",
    "__version__",
    "attention",
    "explore",
    "open_source",
    "quantity",
    "recording",
]

_ROOMS = {
    "ATTENTION": "core.attention",
    "Cell": "core.cell",
    "Chain": "core.chain",
    "Recording": "sources.recording",
    "Settings": "core.settings",
    "Source": "core.source",
    "Workings": "core.workings",
    "attention": "explorer",
    "explore": "explorer",
    "open_source": "sources.find",
    "quantity": "core.quantity",
    "recording": "explorer",
}
"""Where the public names live."""

# Type checkers read the imports above, so that a name that is none stays a mistake.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """A public name, imported when it is first asked for: NumPy costs 80 ms, which --help does without."""
        if name not in _ROOMS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        globals()[name] = getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
        return globals()[name]

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
