"""How a page shares its room: the lesson text gives way where the figures are whole only without it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

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
    """As much around the figures as leaves them whole, with decimals if it can be; all of it where nothing does.

    `text` and `air` are the columns and the lines that it would take.
    """
    rooms = (Room(), Room(air=False), Room(text=False), Room(text=False, air=False))
    for decimals, room in product((True, False), rooms):
        if is_whole(sheet, look, width - text * room.text, height - air * room.air, decimals=decimals):
            return room
    return Room()
