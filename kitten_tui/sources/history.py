"""What was changed, with a name for each change, and the way back and forth."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source


@dataclass(frozen=True, eq=False)
class State:
    """A lesson under settings, and what was done to come to it."""

    lesson: Source
    settings: Settings
    name: str = ""
    quiet: bool = False
    """Whether it came about by itself, as the mask does in the guided walk, so that nothing is marked as changed."""


@dataclass(frozen=True, eq=False)
class History:
    """All states since a source was opened, and which of them is looked at."""

    states: tuple[State, ...]
    place: int = 0
    saved: State | None = None
    """The state that a file has; the source as it was opened has one too."""

    @classmethod
    def of(cls, lesson: Source, settings: Settings) -> History:
        opened = State(lesson, settings)
        return cls((opened,), saved=opened)

    @property
    def now(self) -> State:
        return self.states[self.place]

    @property
    def before(self) -> State | None:
        """What the last change was made to; None where nothing is changed."""
        return self.states[self.place - 1] if self.place else None

    @property
    def opened(self) -> State:
        return self.states[0]

    @property
    def is_saved(self) -> bool:
        """Whether leaving loses no number: settings can be given again on the command line."""
        return self.saved is not None and self.now.lesson is self.saved.lesson

    def did(self, state: State) -> History:
        """One more change; what had been undone is forgotten."""
        return replace(self, states=(*self.states[: self.place + 1], state), place=self.place + 1)

    def at(self, place: int) -> History:
        """Another of the states, or the nearest there is."""
        return replace(self, place=max(0, min(place, len(self.states) - 1)))

    def marked_saved(self) -> History:
        return replace(self, saved=self.now)
