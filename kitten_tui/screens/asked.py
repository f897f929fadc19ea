"""What all heads are asked for beside their measures: what changes without each, and what is thought on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from threading import Event

from rich.segment import Segment
from textual import on
from textual.message import Message

from kitten_tui.core.altering import next_without
from kitten_tui.core.asking import ZERO, Effect, Thought
from kitten_tui.core.source import Source
from kitten_tui.desk.history import History, State
from kitten_tui.ink.cells import Line, wrap
from kitten_tui.ink.overview import EFFECT, Overview
from kitten_tui.ink.palette import Palette
from kitten_tui.ink.thoughts import table
from kitten_tui.offers import can_alter
from kitten_tui.screens.messages import Failed
from kitten_tui.screens.stopping import StoppedError, pulse_of
from kitten_tui.screens.survey import survey_of
from kitten_tui.screens.weighing import WeighingScreen
from kitten_tui.sources.errors import SourceError, plainly
from kitten_tui.stages.altered import name_of
from kitten_tui.stages.view import View
from kitten_tui.words import Words


@dataclass
class HeadTried(Message):
    """What changes without one more head."""

    source: Source
    effect: Effect


@dataclass
class Thinking(Message):
    """What was thought after one more layer; there are so many."""

    source: Source
    thoughts: tuple[Thought, ...]


@dataclass
class AskedInVain(Message):
    """What was asked cannot be answered."""

    problem: str


class AskedScreen(WeighingScreen):
    """Asks in threads of their own; answers come as messages, and what has come is kept."""

    history: History | None = None
    """What was changed of the source, as far as it was changed here or at its stages."""
    asking: Event | None = None
    """Set to stop what is being asked; None where nothing is."""
    trying: Event | None = None
    """The same while heads are left out one by one."""

    def look_at(self, overview: Overview, message: str = "") -> None:
        raise NotImplementedError

    def say(self, key: str, **values: object) -> None:
        raise NotImplementedError

    def read(self, source: Source, words: Words) -> None:
        raise NotImplementedError

    def take_text(self, source: Source | None) -> None:
        """What was looked at last: all heads are to be summed up anew where the text has gone on."""
        going, here = None if source is None else source.goes_on, self.view
        if source is None or source is self.source:
            return
        if going is not None:
            self.read(going.afresh(), self.words)
        elif source.alters is not None:
            self.read(source, self.words)
        self.view = here

    def action_without(self) -> None:
        """The selected head says nothing, then its mean, then speaks again; all after it is computed again."""
        alters = self.source.alters
        if alters is None or not can_alter(self.now):
            self.say("altered.none")
            return
        layer, head, view = self.overview.layer, self.overview.head, self.view
        history = History.of(self.source, view.settings)
        if self.history is not None and self.history.now.source is self.source:
            history = self.history
        change = next_without(alters.done, layer, head)
        name = name_of(change, alters.done)
        self.read(alters.without(layer, head, change.way), self.words)
        self.history = history.did(State(self.source, history.now.settings, name, edit=change.edit))
        self.view = View(self.source, view.settings, view.selection)

    def forget(self) -> None:
        """Another text: what is being asked of this one is of no use."""
        if self.asking is not None:
            self.asking.set()
        self.asking = None

    def _can_ask(self) -> bool:
        if self.source.asked is None:
            self.say("message.not_asked")
        elif self.source.ready < self.source.n_layers:
            self.say("message.not_yet", layer=self.source.ready + 1)
        else:
            return True
        return False

    # Without each head

    def action_effects(self) -> None:
        """Begins, stops, or goes on."""
        if self.asking is not None and self.asking is self.trying:
            self.forget()
            self.say("effects.stopped", missing=self._missing)
            return
        if not self._can_ask():
            return
        self.forget()
        overview = self.overview
        known = overview.effects or ()
        whole = known[: len(known) // overview.n_heads * overview.n_heads]  # a layer is asked together
        self._look_by_effect(replace(overview, effects=whole))
        if self._missing:
            self.asking = self.trying = Event()
            first = len(whole) // overview.n_heads
            work = partial(self._try_heads, self.source, first, self.asking)
            self.run_worker(work, thread=True, exclusive=True, group=EFFECT)

    @property
    def _missing(self) -> int:
        return self.overview.n_layers * self.overview.n_heads - len(self.overview.effects or ())

    def _look_by_effect(self, overview: Overview) -> None:
        self.look_at(replace(overview, measure=EFFECT, sorted=True))

    def _try_heads(self, source: Source, first: int, stopping: Event) -> None:
        """Runs in a thread."""
        pulse, apart = pulse_of(stopping), survey_of(source).apart()
        assert apart.asked is not None  # it was asked of the same
        try:
            with plainly():
                for effect in apart.asked.effects(source.query, ZERO, pulse, first):
                    pulse()
                    self.post_message(HeadTried(source, effect))
        except StoppedError:
            pass
        except SourceError as error:
            self.post_message(Failed(str(error)))

    @on(HeadTried)
    def take_effect(self, event: HeadTried) -> None:
        """The largest stays selected while it is."""
        overview = self.overview
        if event.source is not self.source or self.asking is None or self.asking is not self.trying:
            return
        on_largest = overview.measure == EFFECT and (overview.layer, overview.head) == overview.order[0]
        overview = replace(overview, effects=(*(overview.effects or ()), event.effect))
        if on_largest and overview.sorted:
            layer, head = overview.order[0]
            overview = replace(overview, layer=layer, head=head)
        self.overview = overview
        count, heads = len(overview.effects or ()), overview.n_layers * overview.n_heads
        if count == heads:
            self.asking = None
            self.look_at(overview)
        else:
            self.look_at(overview, self.words("effects.progress", head=count + 1, heads=heads))

    # What is thought on the way

    def action_lens(self) -> None:
        if not self._can_ask():
            return
        if self.source.next_tokens is None:
            self.say("lens.no_head")
            return
        self.forget()
        self.asking = Event()
        self.run_worker(partial(self._think, self.source, self.asking), thread=True, exclusive=True, group="lens")

    def _think(self, source: Source, stopping: Event) -> None:
        """Runs in a thread."""
        pulse, apart = pulse_of(stopping), survey_of(source).apart()
        assert apart.asked is not None  # it was asked of the same
        thoughts: tuple[Thought, ...] = ()
        try:
            with plainly():
                for thought in apart.asked.thoughts(1, pulse):
                    thoughts = (*thoughts, thought)
                    self.post_message(Thinking(source, thoughts))
        except StoppedError:
            pass
        except SourceError as error:
            self.post_message(AskedInVain(str(error)))

    @on(Thinking)
    def take_thoughts(self, event: Thinking) -> None:
        """The page, as soon as all of it is there."""
        from kitten_tui.screens.text import TextScreen

        if event.source is not self.source or self.asking is None:
            return
        words, layers, tokens, thoughts = self.words, self.source.n_layers, self.source.tokens, event.thoughts
        if len(thoughts) <= layers:
            self.say("lens.progress", layer=len(thoughts), layers=layers)
            return
        self.asking = None
        self.look_at(self.overview)

        def write(palette: Palette, width: int) -> list[Line]:
            told: list[Line] = [[Segment(line, palette.muted)] for line in wrap(words("lens.help"), width)]
            return [*told, [], *([Segment(line, palette.text)] for line in table(tokens, thoughts, words, width))]

        self.app.push_screen(TextScreen(words("command.lens.name"), write))

    @on(AskedInVain)
    def refuse(self, event: AskedInVain) -> None:
        self.asking = None
        self.look_at(self.overview, event.problem)
