"""All heads beside those of another text or another model: computed in a thread, after those that are looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from threading import Event

from textual import on
from textual.message import Message

from kitten_tui.core.beside import Beside, HeadChange
from kitten_tui.core.measures import MEASURES
from kitten_tui.core.source import Source
from kitten_tui.core.workings import Workings
from kitten_tui.desk.desk import Lay
from kitten_tui.desk.history import State
from kitten_tui.desk.phrase import phrase
from kitten_tui.ink.overview import MOVED, Others
from kitten_tui.ink.say import say
from kitten_tui.screens.asked import AskedInVain
from kitten_tui.screens.grammar import GrammarScreen
from kitten_tui.screens.model import ModelScreen
from kitten_tui.screens.stopping import StoppedError, pulse_of
from kitten_tui.screens.survey import survey_of
from kitten_tui.sources.alike import check_shape
from kitten_tui.sources.errors import SourceError, plainly


@dataclass
class LayerLaid(Message):
    """How differently the heads of one more layer look."""

    other: State
    others: Others


class BesideScreen(GrammarScreen):
    """Owns what stands beside."""

    other: State | None = None
    """Another text, or the same one in another model."""
    laying: Event | None = None
    """Set to stop the computing of it; None where there is none."""

    def action_lay_beside(self) -> None:
        """A changed model beside itself as it was, any other beside a text that is asked for, or alone again."""
        from kitten_tui.screens.ask import AskScreen

        reader, here, alters = self.source.reader, self.source, self.source.alters
        if self.other is not None:
            self.take_away()
            return
        if alters is not None and alters.done:
            before = alters.before
            self.lay(State(before, before.settings, phrase("beside.unchanged")))
            return
        if reader is None:
            self.say("message.recording_fixed")
            return

        def answer(text: str) -> State:
            there = reader.read(text)
            check_shape(here, there)
            return State(there, there.settings, phrase("beside.text", text=text))

        def answered(other: State | None) -> None:
            if other is not None and self.source is here:
                self.lay(other)

        self.app.push_screen(AskScreen(self.words, "ask.beside", answer), answered)

    def lay(self, other: State) -> None:
        """Heads by how differently they look, as soon as all that are looked at have been computed."""
        self.other = other
        others = Others(other.source.tokens)
        self.overview = replace(self.overview, others=others, measure=MOVED, sorted=True)
        if self.is_mounted:
            self.look_at(self.overview)
            self.lay_more()

    def take_away(self) -> None:
        self._leave_alone()
        measure = MEASURES[0] if self.overview.measure == MOVED else self.overview.measure
        self.look_at(replace(self.overview, others=None, measure=measure, sorted=False))

    def compute(self) -> None:
        """Another text stands beside nothing."""
        if self.overview.others is None:
            self._leave_alone()
        super().compute()

    def _leave_alone(self) -> None:
        if self.laying is not None:
            self.laying.set()
        self.other = self.laying = None

    def weigh(self) -> None:
        super().weigh()
        self.lay_more()

    def lay_more(self) -> None:
        ready = self.source.ready == self.source.n_layers
        if self.other is not None and self.laying is None and ready:
            self.laying = Event()
            work = partial(self._lay, self.source, self.other, self.laying)
            self.run_worker(work, thread=True, exclusive=True, group=MOVED)

    def _lay(self, here: Source, other: State, stopping: Event) -> None:
        """Runs in a thread: a layer there, and how differently its heads look, and the next."""
        pulse, apart, survey = pulse_of(stopping), survey_of(here).apart(), other.source.survey
        assert survey is not None  # what is read by a model has one
        changes: tuple[HeadChange, ...] = ()
        try:
            with plainly(), survey.computing:
                for layer in range(here.n_layers):
                    if other.source.ready <= layer:
                        survey.advance(pulse)
                    there = Workings(survey.apart(), other.source.settings, layer)
                    beside = Beside.of(Workings(apart, apart.settings, layer), there)
                    for head in range(here.n_heads):
                        pulse()
                        changes = (*changes, beside.change(head))
                    self.post_message(LayerLaid(other, Others(other.source.tokens, survey.heads, changes)))
        except StoppedError:
            pass
        except SourceError as error:
            self.post_message(AskedInVain(str(error)))

    @on(LayerLaid)
    def take_laid(self, event: LayerLaid) -> None:
        """The largest stays selected while it is."""
        overview = self.overview
        if event.other is not self.other or overview.others is None:
            return
        on_largest = overview.measure == MOVED and (overview.layer, overview.head) == overview.order[0]
        overview = replace(overview, others=event.others)
        if on_largest and overview.sorted:
            layer, head = overview.order[0]
            overview = replace(overview, layer=layer, head=head)
        self.overview = overview
        layer, layers = len(event.others.changes) // overview.n_heads, overview.n_layers
        name = say(self.words, event.other.name)
        if layer == layers:
            self._lay_opened(event.other)
        told = self.words("beside.progress", name=name, layer=layer + 1, layers=layers)
        self.look_at(overview, told if layer < layers else self.words("beside.title", name=name))

    def _lay_opened(self, other: State) -> None:
        """A head that was opened before all layers of the other were there has it beside it now."""
        for screen in self.app.screen_stack:
            if isinstance(screen, ModelScreen) and screen.source is self.source and screen.desk.other is None:
                screen.do(Lay(other))

    def laid(self, screen: ModelScreen) -> ModelScreen:
        """The stages of a head with the same head beside it, once there are all layers of that."""
        if self.other is not None and self.other.source.ready == self.source.n_layers:
            screen.lay(self.other)
        return screen
