"""How a page shares its room: the lesson text gives way where the figures are whole only without it."""

from __future__ import annotations

from dataclasses import dataclass

from kitten_tui.ink.blocks import Look
from kitten_tui.ink.sheet import is_whole
from kitten_tui.stages.figure import Sheet


@dataclass(frozen=True)
class Room:
    """What stands around the figures."""

    text: bool = True
    """Whether the lesson text stands beside them."""
    air: bool = True
    """Whether a line above them is left empty."""


def share(sheet: Sheet, look: Look, width: int, height: int, text: int, air: int) -> Room:
    """As much around the figures as leaves them whole; all of it where nothing makes them whole.

    `text` and `air` are the columns and the lines that it would take.
    """
    for room in (Room(), Room(air=False), Room(text=False), Room(text=False, air=False)):
        if is_whole(sheet, look, width - text * room.text, height - air * room.air):
            return room
    return Room()
