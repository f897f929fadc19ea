"""What of all heads is looked at as weights, and what they give from one word to another: computed in a thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from textual import on
from textual.message import Message
from textual.worker import get_current_worker

from kitten_tui.core.measures import HeadSummary, weights_between
from kitten_tui.core.source import Source
from kitten_tui.core.surveyed import summaries
from kitten_tui.core.weighed import PLAIN
from kitten_tui.ink.overview import BETWEEN, Between, Overview
from kitten_tui.offers import AtOverview, has_special, has_values
from kitten_tui.screens.messages import Failed
from kitten_tui.screens.survey import SurveyScreen, survey_of
from kitten_tui.sources.errors import SourceError, plainly
from kitten_tui.stages.view import View
from kitten_tui.words import Words


@dataclass
class LayerWeighed(Message):
    """What the heads of one more layer give from one word to another."""

    source: Source
    between: Between


@dataclass
class LayerReweighed(Message):
    """What is looked at as weights has been summed up of one more layer."""

    source: Source
    weighed: str
    heads: tuple[HeadSummary, ...]


class WeighingScreen(SurveyScreen):
    """Owns what is looked at as weights; how it is shown is the business of others."""

    def __init__(self, source: Source, words: Words, view: View) -> None:
        super().__init__(source, words)
        self.view = view
        """How a head is opened: as the last one was left."""
        self.overview = replace(self.overview, weighed=view.weighed)

    @property
    def now(self) -> AtOverview:
        return AtOverview(self.source, self.overview.layer, self.overview.head)

    def look_at(self, overview: Overview, message: str = "") -> None:
        raise NotImplementedError

    def say(self, key: str, **values: object) -> None:
        raise NotImplementedError

    def weigh(self) -> None:
        """What is given between the two words that were chosen, if any were."""
        between = self.overview.between
        if between is not None and len(between.weights) < self.source.ready * self.source.n_heads:
            run = partial(self._weigh, self.source, between, self.overview.weighed)
            self.run_worker(run, thread=True, exclusive=True, group=BETWEEN)

    def _weigh(self, source: Source, between: Between, weighed: str) -> None:
        """Runs in a thread: the weights of the layers that are ready, one layer after the other."""
        worker, apart = get_current_worker(), survey_of(source).apart()
        try:
            with plainly():
                for layer in range(len(between.weights) // source.n_heads, apart.ready):
                    weights = weights_between(apart, layer, between.query, between.key, weighed)
                    if worker.is_cancelled:
                        break
                    between = replace(between, weights=(*between.weights, *weights))
                    self.post_message(LayerWeighed(source, between))
        except SourceError as error:
            self.post_message(Failed(str(error)))

    def reweigh(self) -> None:
        """Sums up what is looked at as weights, where that is not what the survey has."""
        of = self.overview
        if of.weighed != PLAIN and len(of.heads) < self.source.ready * self.source.n_heads:
            run = partial(self._reweigh, self.source, of.weighed, of.heads)
            self.run_worker(run, thread=True, exclusive=True, group="weighed")

    def _reweigh(self, source: Source, weighed: str, heads: tuple[HeadSummary, ...]) -> None:
        """Runs in a thread: the layers that are ready, one after the other."""
        worker, apart = get_current_worker(), survey_of(source).apart()
        try:
            with plainly():
                for layer in range(len(heads) // source.n_heads, apart.ready):
                    heads = (*heads, *summaries(apart, layer, weighed))
                    if worker.is_cancelled:
                        break
                    self.post_message(LayerReweighed(source, weighed, heads))
        except SourceError as error:
            self.post_message(Failed(str(error)))

    @on(LayerReweighed)
    def take_reweighed(self, event: LayerReweighed) -> None:
        if event.source is self.source and event.weighed == self.overview.weighed:
            self.look_at(replace(self.overview, heads=event.heads))

    def weigh_as(self, view: View) -> None:
        """What a view looks at in the place of weights."""
        self.view, between = view, self.overview.between
        if view.weighed == self.overview.weighed:
            return
        heads = self.survey.heads if view.weighed == PLAIN else ()
        emptied = None if between is None else replace(between, weights=())
        self.look_at(replace(self.overview, weighed=view.weighed, heads=heads, between=emptied))
        self.reweigh()
        self.weigh()

    def action_toggle_by_value(self) -> None:
        if has_values(self.now):
            self.weigh_as(self.view.with_(by_value=not self.view.selection.by_value))
        else:
            self.say("weighed.no_values")

    def action_toggle_special(self) -> None:
        if has_special(self.now):
            self.weigh_as(self.view.with_(hide_special=not self.view.selection.hide_special))
        else:
            self.say("weighed.no_special")
