"""What was changed, with a name for each change, and the way back and forth."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.desk.phrase import Phrase, phrase

OPENED = phrase("change.opened")


Places = tuple[int | None, ...]
"""For each token where it stood before; None where it is new."""


@dataclass(frozen=True, eq=False)
class State:
    """A source under settings, and what was done to come to it."""

    source: Source
    settings: Settings
    name: Phrase = OPENED
    places: Places | None = None
    """Where each of its tokens stood in the state before; None where all stand as they stood."""
    edit: str = ""
    """What `--set` says to do the same; empty where only settings were switched, which are said by themselves."""

    def came_from(self, place: int) -> int | None:
        """Where the token at a place stood before; None where it is new."""
        return place if self.places is None else self.places[place]

    def went_to(self, place: int) -> int | None:
        """Where the token that stood at a place stands now; None where it is gone."""
        if self.places is None:
            return place
        return self.places.index(place) if place in self.places else None


@dataclass(frozen=True, eq=False)
class History:
    """All states since a source was opened, and which of them is looked at."""

    states: tuple[State, ...]
    place: int = 0
    saved: State | None = None
    """The state that a file has; the source as it was opened has one too."""

    @classmethod
    def of(cls, source: Source, settings: Settings) -> History:
        opened = State(source, settings)
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
        return self.saved is not None and self.now.source is self.saved.source

    def did(self, state: State) -> History:
        """One more change; what had been undone is forgotten."""
        return replace(self, states=(*self.states[: self.place + 1], state), place=self.place + 1)

    def at(self, place: int) -> History:
        """Another of the states, or the nearest there is."""
        return replace(self, place=max(0, min(place, len(self.states) - 1)))

    def marked_saved(self) -> History:
        return replace(self, saved=self.now)


def difference(old: Settings, new: Settings) -> Phrase:
    """The name of a change of settings: the first of them that is set in another way."""
    for field in fields(old):
        was, now = getattr(old, field.name), getattr(new, field.name)
        if was != now:
            return phrase("change.set", what=phrase(f"setting.{field.name}"), was=_written(was), now=_written(now))
    return OPENED


def _written(value: object) -> object:
    match value:
        case None:
            return "√d_k"
        case bool():
            return phrase("setting.on" if value else "setting.off")
        case str():
            return phrase(f"setting.mask_{value}")
        case float():
            return f"{value:g}"
        case _:
            return str(value)
