"""All heads of a model at once: the first thing seen of it, while its layers are still being computed."""

from __future__ import annotations

from dataclasses import replace

from rich.segment import Segment
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from kitten_tui.commands import on_screen
from kitten_tui.core.measures import MEASURES
from kitten_tui.core.source import Source, next_part
from kitten_tui.core.weighed import PLAIN
from kitten_tui.core.workings import Workings
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.about import notes_of, title_of
from kitten_tui.ink.cells import Line, clean, show_token, wrap
from kitten_tui.ink.large import large
from kitten_tui.ink.overview import BETWEEN, Between, Overview, about_head, measure_name, named
from kitten_tui.ink.palette import Palette
from kitten_tui.screens.asking import ask_file_to_open, ask_source
from kitten_tui.screens.beside import BesideScreen
from kitten_tui.screens.messages import Failed, SourceOpened
from kitten_tui.screens.model import Left, ModelScreen
from kitten_tui.screens.survey import LayerComputed
from kitten_tui.screens.weighing import LayerWeighed
from kitten_tui.sources.errors import SourceError, plainly
from kitten_tui.stages import STAGES
from kitten_tui.stages.scores import SCORES
from kitten_tui.stages.softmax import SOFTMAX
from kitten_tui.stages.tokens import pair_of
from kitten_tui.stages.view import View, place_name
from kitten_tui.widgets.inked import KeyClicked
from kitten_tui.widgets.overview import HeadClicked, HeadGrid, HeadText, OverviewKeys, OverviewLegend, OverviewLine
from kitten_tui.words import Words

BINDINGS: list[BindingType] = [
    Binding(key, action, command.id, show=False) for command in on_screen("overview") for key, action in command.keys
]


def first_stage(source: Source) -> int:
    """Where a head is opened: at its scores, or at its weights where that is all there is."""
    # A recording has no other text to read, and is there from the beginning.
    stage = SCORES if source.reader is not None or Workings(source, source.settings).has("scores") else SOFTMAX
    return STAGES.index(stage)


class OverviewScreen(BesideScreen):
    """Shows what has been computed, and answers keys meanwhile."""

    BINDINGS = BINDINGS
    HORIZONTAL_BREAKPOINTS = [(0, "-small"), (80, "-narrow"), (104, "-wide"), (160, "-broad")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-high")]
    AUTO_FOCUS = None

    def __init__(self, source: Source, words: Words, view: View, *, opens: bool = False) -> None:
        super().__init__(source, words, view)
        self.start = view if opens else None
        """What to open as soon as it has been computed."""

    def compose(self) -> ComposeResult:
        yield OverviewLine("title")
        yield OverviewLine("muted")
        with Horizontal(id="overview-body"):
            yield HeadGrid()
            yield HeadText()
        yield OverviewLegend()
        yield OverviewKeys()
        yield OverviewLine("text", id="overview-notice")

    def on_mount(self) -> None:
        if self.source.ready:
            self.take_layer()
        else:
            self.look_at(self.overview)
        self.compute()

    def on_resize(self) -> None:
        self.look_at(self.overview)

    # What is shown

    def look_at(self, overview: Overview, message: str = "") -> None:
        """Show this, and say something in place of how far the computing is."""
        self.overview = overview
        if not self.query(OverviewLine):  # a size may come before there is anything to draw on, or after
            return
        title, state, notice = self.query(OverviewLine)
        notice.text = self.words("too_small", width=self.app.size.width, height=self.app.size.height)
        title.text = title_of(self.source, self.words)
        state.text = message or f"{self._order()}   {self.called or self._progress()}"
        grid = self.query_one(HeadGrid)
        grid.words, grid.overview = self.words, overview
        text = self.query_one(HeadText)
        text.words, text.overview = self.words, overview
        keys = self.query_one(OverviewKeys)
        keys.now, keys.words = self.now, self.words
        legend = self.query_one(OverviewLegend)
        legend.words, legend.overview = self.words, overview

    def say(self, key: str, **values: object) -> None:
        """A sentence in place of the state, until the next key."""
        self.look_at(self.overview, clean(self.words(key, **values)))

    def _progress(self) -> str:
        ready, layers = self.source.ready, self.source.n_layers
        if ready == layers:
            source, n = self.source, len(self.source.tokens)
            facts = source.model_facts or {"layers": layers, "heads": source.n_heads, "read": n, "whole": n}
            return self.words("overview.done_cut" if facts["whole"] > facts["read"] else "overview.done", **facts)
        if self.stopping.is_set():
            return self.words("overview.stopped", ready=ready, layers=layers)
        return self.words("overview.progress", layer=ready + 1, layers=layers)

    def _order(self) -> str:
        order = self.words("overview.by_measure" if self.overview.sorted else "overview.by_place")
        measure = measure_name(self.overview, self.words, self.overview.measure)
        return named(self.overview, self.words, self.words("overview.title", order=order, measure=measure))

    def read(self, source: Source, words: Words) -> None:
        """Another text, from its first layer."""
        self.stopping.set()
        self.forget()
        measure = self.overview.measure if self.overview.measure in MEASURES else MEASURES[0]
        self.overview = Overview(
            *(source.tokens, source.n_layers, source.n_heads, ()),
            key_tokens=source.key_tokens,
            layer=min(self.overview.layer, source.n_layers - 1),
            head=min(self.overview.head, source.n_heads - 1),
            measure=measure,
            sorted=self.overview.sorted,
            atlas=self.kept_atlas(source),
        )
        self.source, self.words = source, words
        self.start = None
        self.view = View(source, source.settings, Selection(stage=first_stage(source)))
        if source.ready:
            self.take_layer()
        self.look_at(self.overview)
        self.compute()

    # Computing

    @on(LayerComputed)
    def take_layer(self) -> None:
        """One more layer has been computed."""
        if self.overview.weighed == PLAIN:
            self.look_at(replace(self.overview, heads=self.survey.heads))
        else:
            self.look_at(self.overview)
            self.reweigh()
        self.weigh()
        start = self.start
        if start is not None and self._has(start):
            self.start = None
            self._open(start)
        elif isinstance(self.app.screen, ModelScreen):
            self.app.screen.refresh_state()

    def _has(self, view: View) -> bool:
        """Whether all is computed that a view shows: what comes next needs every layer."""
        says_next = view.selection.stage >= len(STAGES)
        return self.source.ready > (self.source.n_layers - 1 if says_next else view.selection.layer)

    def action_toggle_computing(self) -> None:
        if self.source.ready == self.source.n_layers:
            self.look_at(self.overview)
        elif self.stopping.is_set():
            self.compute()
            self.look_at(self.overview)
        else:
            self.stopping.set()
            self.look_at(self.overview)

    # Keys

    def action_step(self, right: int, down: int) -> None:
        grid = self.query_one(HeadGrid).grid
        if grid is not None:
            layer, head = grid.step(right, down)
            self.look_at(replace(self.overview, layer=layer, head=head))

    @on(HeadClicked)
    def select(self, event: HeadClicked) -> None:
        if (event.layer, event.head) == (self.overview.layer, self.overview.head):
            self.action_open_head()
        else:
            self.look_at(replace(self.overview, layer=event.layer, head=event.head))

    @on(KeyClicked)
    async def press_key(self, event: KeyClicked) -> None:
        await self.run_action(event.action)

    def action_step_measure(self, by: int) -> None:
        measures = self.overview.measures
        measure = measures[(measures.index(self.overview.measure) + by) % len(measures)]
        self._look_in_order(replace(self.overview, measure=measure))

    def action_toggle_order(self) -> None:
        self._look_in_order(replace(self.overview, sorted=not self.overview.sorted))

    def _look_in_order(self, overview: Overview) -> None:
        """Heads that are sorted anew are looked at from the largest."""
        layer, head = overview.order[0] if overview.sorted else (overview.layer, overview.head)
        self.look_at(replace(overview, layer=layer, head=head))

    def action_take(self) -> None:
        """All heads as a file."""
        from kitten_tui.paper.document import heads
        from kitten_tui.screens.taking import ask_file

        overview, words = self.overview, self.words
        ask_file(self, words, lambda: heads(self.source, overview, words))

    def action_weigh(self) -> None:
        """Asks for two words: how strongly every head looks from the one at the other."""
        from kitten_tui.screens.ask import AskScreen

        tokens, keys = self.source.tokens, self.source.key_tokens

        def answer(text: str) -> tuple[int, int]:
            pair = pair_of(text, tokens, keys)
            if pair is None:
                raise SourceError(self.words("ask.no_pair", text=text))
            return pair

        def answered(pair: tuple[int, int] | None) -> None:
            if pair is not None:
                self.look_between(*pair)

        shown = " ".join(show_token(place_name(tokens, place)).strip() for place in range(min(len(tokens), 40)))
        self.app.push_screen(AskScreen(self.words, "ask.between", answer, shown), answered)

    def look_between(self, query: int, key: int) -> None:
        """Colours and sorts the heads by the weight that a query gives a key."""
        self._look_in_order(replace(self.overview, between=Between(query, key), measure=BETWEEN, sorted=True))
        self.weigh()

    @on(LayerWeighed)
    def take_weights(self, event: LayerWeighed) -> None:
        """The largest stays selected while it is."""
        overview, between = self.overview, self.overview.between
        if event.source is not self.source or between is None:
            return
        if (between.query, between.key) != (event.between.query, event.between.key):
            return
        on_largest = overview.measure == BETWEEN and (overview.layer, overview.head) == overview.order[0]
        overview = replace(overview, between=event.between)
        if on_largest and overview.sorted:
            layer, head = overview.order[0]
            overview = replace(overview, layer=layer, head=head)
        self.look_at(overview)

    def action_open_head(self) -> None:
        """The selected head at its stages, where they were left."""
        layer, head = self.overview.layer, self.overview.head
        if layer >= self.source.ready:
            self.say("message.not_yet", layer=layer + 1)
            return
        view = self.view.with_(layer=layer, head=head, focus="")
        between = self.overview.between
        if between is not None and self.overview.measure == BETWEEN:
            view = view.with_(query=between.query, key=between.key, stage=STAGES.index(SOFTMAX))
        self._open(view if self._has(view) else view.with_(stage=first_stage(self.source)))

    def _open(self, view: View) -> None:
        try:
            with plainly():
                screen = self.laid(ModelScreen(view, self.source, self.words))
                screen.take_up(self.history)
        except SourceError as error:  # what comes next needs weights that no head needs
            self.post_message(Failed(str(error)))
            return

        def back(left: Left | None) -> None:
            self.weigh_as(screen.left)
            if left is not None:
                self.words = left.words
                self.take_text(left.source)
                self.history = left.history
                self.look_at(replace(self.overview, layer=left.layer, head=left.head))
                if left.pair is not None:
                    self.look_between(*left.pair)

        self.app.push_screen(screen, back)

    def action_about_head(self) -> None:
        from kitten_tui.screens.text import TextScreen

        overview, words = self.overview, self.words
        notes = notes_of(self.source, self.source.settings, words)

        def write(palette: Palette, width: int) -> list[Line]:
            texts = [[Segment(line, palette.muted)] for note in notes for line in wrap(note, width)]
            picture = large(overview, words, palette, width, len(overview.tokens) + 2)
            return [*about_head(overview, words, palette, width), [], *picture, [], *texts]

        self.app.push_screen(TextScreen(words("overview.name"), write))

    def action_arcs(self) -> None:
        from kitten_tui.screens.arcs import ArcsScreen

        layer, head = self.overview.layer, self.overview.head
        if layer < self.source.ready:
            self.app.push_screen(ArcsScreen(self.view.with_(layer=layer, head=head), self.words))
        else:
            self.say("message.not_yet", layer=layer + 1)

    def action_next_part(self) -> None:
        part = next_part(self.source)
        if part is None:
            self.say("message.one_part")
        else:
            self.post_message(SourceOpened(part, self.words))

    def action_ask_sentence(self) -> None:
        reader = self.source.reader
        if reader is None:
            self.say("message.recording_fixed")
        else:
            ask_source(self, self.words, "ask.sentence", reader.read, self._leave_for)

    def action_ask_second(self) -> None:
        pairs = self.source.pairs
        if pairs is None:
            self.say("message.no_pairs")
        else:
            ask_source(self, self.words, "ask.second", pairs.read_second, self._leave_for)

    def action_ask_file(self) -> None:
        ask_file_to_open(self, self.words, self._leave_for)

    def _leave_for(self, source: Source) -> None:
        """Another source in the place of this one."""
        self.stopping.set()
        self.post_message(SourceOpened(source, self.words))

    def action_help(self) -> None:
        from kitten_tui.screens.text import TextScreen

        self.app.push_screen(TextScreen.help(self.now, self.words))

    def action_next_language(self) -> None:
        self.words = Words(self.words.next_language)
        self.look_at(self.overview)
