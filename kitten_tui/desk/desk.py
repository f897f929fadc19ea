"""The one owner of what is looked at: pure state, and a command that gives the next.

Looking never writes history; changing always does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace

from kitten_tui.core.beside import same_words, stayed
from kitten_tui.core.cell import Cell
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.core.variants import righted, switched
from kitten_tui.desk.history import History, Places, State
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.desk.selection import Selection


@dataclass(frozen=True)
class Step:
    """A place that was left by following an operand."""

    selection: Selection
    cell: Cell
    lens: Settings | None
    history: History | None = None
    """What was looked at there, where following led to another step of a training."""
    variant: str = ""


@dataclass(frozen=True, eq=False)
class Desk:
    history: History
    selection: Selection
    trail: tuple[Step, ...] = ()
    """The places that were left by following operands, the first one first."""
    lens: Settings | None = None
    """Settings that are looked through for a while, as where a number of the comparison is followed to."""
    flipped: bool = False
    """Whether the state before the last change is looked at."""
    over: bool = False
    """Whether a lesson waits below, to which the way leads back."""
    warned: bool = False
    """Whether it was said that leaving loses changes; forgotten with the next change."""
    variant: str = ""
    """One of VARIANTS that all of it is looked at through, at every stage; no history knows of it."""
    other: State | None = None
    """What it can be laid beside."""
    beside: bool = False
    """Whether it is."""
    begun: Selection = field(default_factory=Selection)
    """What was selected when the source was opened."""

    @classmethod
    def of(cls, source: Source, settings: Settings, selection: Selection) -> Desk:
        """A source as it was opened; a variant among the settings is none of them."""
        history = History.of(source, replace(settings, variant=""))
        return cls(history, selection, variant=settings.variant, begun=selection)

    @property
    def present(self) -> State:
        """The state that changes are made to."""
        return self.history.now

    @property
    def shown(self) -> State:
        """The state that is looked at."""
        return self.history.before if self.flipped and self.history.before and not self.variant else self.present

    @property
    def source(self) -> Source:
        return self.shown.source

    @property
    def base(self) -> Settings:
        """Those that are looked through, a variant left aside."""
        return self.shown.settings if self.lens is None else self.lens

    @property
    def settings(self) -> Settings:
        return self.under(self.base)

    def under(self, settings: Settings) -> Settings:
        """Settings with the variant that everything is looked at through."""
        if not self.variant:
            return settings
        varied = switched(settings, self.variant, self.source.masks)
        return righted(varied) if self.flipped else varied

    @property
    def compared(self) -> State | None:
        """What the present state can be laid over: the chain as it should be, or the state before the last change."""
        if self.flipped:
            return None
        if self.beside and self.other is not None:
            return replace(self.other, settings=self.under(self.other.settings))
        if self.variant:
            return State(self.source, righted(self.settings))
        return None if self.lens is not None else self.history.before

    @property
    def came_from(self) -> Callable[[int], int | None]:
        """Where a word stands in that state; None where it is here alone."""
        if self.beside and self.other is not None:
            return same_words(self.source, self.other.source)
        return stayed if self.variant else self.present.came_from

    @property
    def has_unsaved(self) -> bool:
        """Whether leaving would lose changes that were not warned of yet."""
        return not (self.history.is_saved or self.warned)

    def do(self, command: Command) -> Desk:
        """What is looked at after a command."""
        match command:
            case LookAt(selection, settings):
                lens = self._lens(settings, stays=selection.stage == self.selection.stage)
                return self._present(replace(self, selection=selection, lens=lens, trail=()))
            case Follow(cell, selection, settings, source):
                left = Step(self._present(self).selection, cell, self.lens, variant=self.variant)
                # A layer that is not looked at is as the source has it.
                apart = settings is not None and settings.variant != self.settings.variant and not self.flipped
                through = replace(self, variant="") if apart else self
                lens, trail = through._lens(settings), (*self.trail, left)
                desk = self._present(replace(through, selection=selection, lens=lens, trail=trail))
                return desk if source is None else desk._at_step(source)
            case Back():
                return self._back()
            case Change(name, source, settings, since, places, edit):
                history = (since or self.history).did(State(source, settings, name, places, edit))
                return self._at(replace(self, warned=False), history)
            case GoTo(place):
                return self._at(self, self.history.at(place))
            case Restore(history):
                return self._at(self, history)
            case Flip() if self.variant:
                return replace(self, flipped=not self.flipped)
            case Flip():
                carry = self.present.went_to if self.flipped else self.present.came_from
                return replace(self, flipped=not self.flipped, lens=None)._carried(carry)
            case Lay(other):
                return self._present(replace(self, other=other or self.other, beside=other is not None))
            case Vary(name):
                return self._present(replace(self, variant=name, trail=()))
            case Move(source, before, query):
                moved = self._moved(source, before)
                return moved if query is None else replace(moved, selection=moved.selection.moved(query=query))
            case Open(source):
                start = Selection(stage=self.selection.stage, query=source.query, key=source.query)
                return replace(Desk.of(source, source.settings, start), over=self.over)._inside()
            case Restart():
                return self._restarted()
            case Save():
                return replace(self, history=self.history.marked_saved())
            case Warn():
                return replace(self, warned=True)

    def _present(self, desk: Desk) -> Desk:
        """A desk that came of this one, no more at what was before: its words are selected where they stand now."""
        there = replace(desk, flipped=False)
        return there._carried(self.present.went_to) if self.flipped and not self.variant else there

    def _lens(self, settings: Settings | None, *, stays: bool = False) -> Settings | None:
        """What is looked through under these settings; without any, what was looked through as long as it stays."""
        if settings is None:
            return self.lens if stays else None
        if self.variant:  # what it switches itself is no change of theirs
            shown, named = self.settings, [field.name for field in fields(settings)]
            others = {
                name: getattr(settings, name) for name in named if getattr(settings, name) != getattr(shown, name)
            }
            settings = replace(self.base, **others)
        return None if settings == self.present.settings else settings

    def _moved(self, source: Source, before: Source | None) -> Desk:
        """Nothing was changed by anybody, so nothing is unsaved; undoing leads to the step before."""
        settings = self.present.settings
        states = [State(each, settings, _name_of(each)) for each in (before, source) if each is not None]
        history = History(tuple(states), place=len(states) - 1, saved=states[-1])
        return replace(self._at(self, history), lens=self.lens)

    def _at_step(self, source: Source) -> Desk:
        """Another step of the training that a number was followed to, until the way back leads to this one again."""
        state = State(source, self.present.settings, _name_of(source))
        trail = (*self.trail[:-1], replace(self.trail[-1], history=self.history))
        return replace(self, history=History((state,), saved=state), trail=trail)

    def _back(self) -> Desk:
        if not self.trail:
            return self
        step = self.trail[-1]
        # The numbers may have changed since; the place is the same.
        back = replace(self, history=step.history or self.history, selection=step.selection, lens=step.lens)
        return replace(back, trail=self.trail[:-1], variant=step.variant, flipped=False)

    def _restarted(self) -> Desk:
        """Everything as it was opened; a training stays at its step. What was changed can be made again."""
        fixed = self.source.trainer is not None
        history = History.of(self.source, self.source.settings) if fixed else self.history.at(0)
        plain = replace(self, history=history, trail=(), lens=None, flipped=False, variant="", beside=False)
        return replace(plain, selection=self.begun)._inside()

    @staticmethod
    def _at(desk: Desk, history: History) -> Desk:
        """Another state, at the word that is selected as far as it still exists."""
        trail = desk.trail if history.now.source.tokens == desk.present.source.tokens else ()
        shown, here, there = desk.flipped and not desk.variant, desk.history, history
        moved = replace(desk, history=history, trail=trail, lens=None, flipped=False)
        if shown:
            moved = moved._carried(here.now.went_to, inside=False)
        for state in reversed(here.states[there.place + 1 : here.place + 1]):
            moved = moved._carried(state.came_from, inside=False)
        for state in there.states[here.place + 1 : there.place + 1]:
            moved = moved._carried(state.went_to, inside=False)
        return moved._inside()

    def _carried(self, to: Callable[[int], int | None], *, inside: bool = True) -> Desk:
        """The selection with its words where they stand in another state; what is not there stays where it is."""
        old = self.selection
        places = {axis: old.at(axis) for axis in ("query", "key", "pinned")}
        moved = {axis: to(place) if place >= 0 else place for axis, place in places.items()}
        kept = {axis: places[axis] if place is None else place for axis, place in moved.items()}
        if moved["pinned"] is None:
            kept["pinned"] = -1
        desk = replace(self, selection=old.moved(**kept))
        return desk._inside() if inside else desk

    def _inside(self) -> Desk:
        """The selection within the tokens there are."""
        source, old = self.source, self.selection
        query, key = min(old.query, len(source.tokens) - 1), min(old.key, len(source.key_tokens) - 1)
        pinned = old.pinned if old.pinned < len(source.tokens) else -1
        return replace(self, selection=old.moved(query=query, key=key, pinned=pinned))


def _name_of(source: Source) -> Phrase:
    """How a step of a training is called in the list of changes."""
    return phrase("change.step", step=0 if source.trainer is None else source.trainer.step)


@dataclass(frozen=True)
class LookAt:
    """At another place; the way that was followed ends."""

    selection: Selection
    settings: Settings | None = None
    """Others than the present ones are looked through until the stage is left; None goes on as before."""


@dataclass(frozen=True)
class Follow:
    """From a cell to where one of its operands is."""

    cell: Cell
    selection: Selection
    settings: Settings | None = None
    """Others than the present ones are looked through there."""
    source: Source | None = None
    """Another step of a training, where the operand is of that."""


@dataclass(frozen=True)
class Back:
    """To the place that was followed from."""


@dataclass(frozen=True)
class Change:
    """One more state; `since` where a change is still being made, so that it is one and not many."""

    name: Phrase
    source: Source
    settings: Settings
    since: History | None = None
    places: Places | None = None
    """Where each token stood before, where words came, went or changed places."""
    edit: str = ""
    """What `--set` says to do the same."""


@dataclass(frozen=True)
class GoTo:
    """Another state of the history."""

    place: int


@dataclass(frozen=True)
class Restore:
    """The history as it was before a change that is not kept."""

    history: History


@dataclass(frozen=True)
class Flip:
    """Between before the last change and after it."""


@dataclass(frozen=True)
class Vary:
    """Through another variant, or with an empty name through none."""

    name: str


@dataclass(frozen=True, eq=False)
class Lay:
    """Beside another state, or no longer beside any."""

    other: State | None


@dataclass(frozen=True)
class Move:
    """Another step of the same training, or the same text with a token more or less; `before` is what it is compared
    with.
    """

    source: Source
    before: Source | None = None
    query: int | None = None
    """The token to select."""


@dataclass(frozen=True)
class Open:
    """Another source, at the same stage, under the settings it asks for."""

    source: Source


@dataclass(frozen=True)
class Restart:
    """Back to a clean start."""


@dataclass(frozen=True)
class Save:
    """The present state is in a file."""


@dataclass(frozen=True)
class Warn:
    """It was said that leaving loses changes."""


Command = LookAt | Follow | Back | Change | GoTo | Restore | Flip | Lay | Vary | Move | Open | Restart | Save | Warn
