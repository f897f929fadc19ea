"""What screens tell the application."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from kitten_tui.core.source import Source
from kitten_tui.words import Words


@dataclass
class SourceOpened(Message):
    """Something else is to be looked at, in place of everything."""

    source: Source
    words: Words
    over: bool = False
    """Whether what was looked at waits below it."""


@dataclass
class Failed(Message):
    """What is open cannot be looked at any further."""

    problem: str
