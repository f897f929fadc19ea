"""All heads are asked whether they do grammar, on annotated sentences: layer by layer in a thread, then a page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from threading import Event

from rich.segment import Segment
from textual import on
from textual.message import Message

from kitten_tui.core.annotated import Annotated
from kitten_tui.core.atlas import Atlas
from kitten_tui.core.source import Source
from kitten_tui.ink.atlas import atlas_lines, done_by
from kitten_tui.ink.cells import Line
from kitten_tui.ink.palette import Palette
from kitten_tui.screens.asked import AskedInVain, AskedScreen
from kitten_tui.screens.stopping import StoppedError, pulse_of
from kitten_tui.screens.survey import survey_of
from kitten_tui.sources.errors import SourceError, plainly


@dataclass
class LayerMapped(Message):
    """The sentences have gone through one more layer."""

    source: Source
    atlas: Atlas


class GrammarScreen(AskedScreen):
    """Asks for the sentences, and keeps what is known of the heads as long as the model stays."""

    mapping: Event | None = None
    """What stops the sentences; the same as `asking` while they go through the model."""

    @property
    def called(self) -> str:
        """What the selected head does, where that may be said and nothing is being computed."""
        of, words = self.overview, self.words
        does = done_by(of.atlas, of.layer, of.head, words) if self.source.ready == self.source.n_layers else ""
        return words("atlas.head_does", layer=of.layer + 1, head=of.head + 1, does=does) if does else ""

    def action_atlas(self) -> None:
        """Asks and begins, or stops and shows what there is."""
        if self.asking is not None and self.asking is self.mapping:
            self.forget()
            self._show_atlas()
        elif self._can_ask():
            self._ask_sentences()

    def _ask_sentences(self) -> None:
        from kitten_tui.screens.ask import AskScreen
        from kitten_tui.sources.annotated import OWN, open_annotated

        def answered(annotated: Annotated | None) -> None:
            if annotated is not None:
                self._begin(annotated)

        def answer(text: str) -> Annotated:
            return open_annotated(text.strip() or OWN[0])

        self.app.push_screen(AskScreen(self.words, "ask.annotated", answer, self.words("ask.annotated_hint")), answered)

    def _begin(self, annotated: Annotated) -> None:
        self.forget()
        self.asking = self.mapping = Event()
        self.say("atlas.progress", layer=1, layers=self.source.n_layers)
        work = partial(self._map, self.source, annotated, self.asking)
        self.run_worker(work, thread=True, exclusive=True, group="atlas")

    def _map(self, source: Source, annotated: Annotated, stopping: Event) -> None:
        """Runs in a thread."""
        pulse, apart = pulse_of(stopping), survey_of(source).apart()
        assert apart.asked is not None  # it was asked of the same
        try:
            with plainly():
                for atlas in apart.asked.atlas(annotated, pulse):
                    pulse()
                    self.post_message(LayerMapped(source, atlas))
        except StoppedError:
            pass
        except SourceError as error:
            self.post_message(AskedInVain(str(error)))

    @on(LayerMapped)
    def take_mapped(self, event: LayerMapped) -> None:
        """The page, as soon as all of it is there; heads are called by what is known so far."""
        if event.source is not self.source or self.asking is None or self.asking is not self.mapping:
            return
        atlas = event.atlas
        self.overview = replace(self.overview, atlas=atlas)
        if atlas.layers < atlas.n_layers:
            self.say("atlas.progress", layer=atlas.layers + 1, layers=atlas.n_layers)
        else:
            self.asking = None
            self._show_atlas()

    def _show_atlas(self) -> None:
        from kitten_tui.screens.text import TextScreen

        self.look_at(self.overview)
        atlas, words = self.overview.atlas, self.words
        if atlas is None:
            return

        def write(palette: Palette, width: int) -> list[Line]:
            return [[Segment(line, palette.text)] for line in atlas_lines(atlas, words, width)]

        self.app.push_screen(TextScreen(words("command.atlas.name"), write))

    def kept_atlas(self, source: Source) -> Atlas | None:
        """What is known of the heads of another source: of another text in the same model, the same."""
        asked, other = self.source.asked, source.asked
        same = asked is not None and other is not None and asked.model == other.model
        return self.overview.atlas if same else None
