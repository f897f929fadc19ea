"""What the tests of the screen share: the program on its default sample, and what it shows."""

from __future__ import annotations

from textual.pilot import Pilot

from kitten_tui.app import KittenApp
from kitten_tui.screens.workbench import Workbench
from kitten_tui.sources.find import open_source


def app(source: str = "journey") -> KittenApp:
    return KittenApp(open_source(source))


def screen(pilot: Pilot[None]) -> Workbench:
    assert isinstance(pilot.app, KittenApp)
    return pilot.app.first_screen


def said(pilot: Pilot[None]) -> str:
    """The key of what is said in place of the reading."""
    shown = screen(pilot).shown
    return shown.message.key if shown is not None and shown.message is not None else ""
