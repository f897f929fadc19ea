"""Computing the layers of a model in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from threading import Event

from textual.message import Message
from textual.screen import Screen

from kitten_tui.core.source import Source, Survey
from kitten_tui.ink.overview import Overview
from kitten_tui.screens.dialog import ClosedOnce
from kitten_tui.screens.messages import Failed
from kitten_tui.screens.stopping import StoppedError, pulse_of
from kitten_tui.sources.errors import SourceError, plainly
from kitten_tui.words import Words


@dataclass
class LayerComputed(Message):
    """There is one more layer to show."""


def survey_of(source: Source) -> Survey:
    """That of a source which a thread was given; the screen may be at another one when it begins."""
    assert source.survey is not None  # what sums up no heads comes to no overview
    return source.survey


class SurveyScreen(ClosedOnce, Screen[None], inherit_bindings=False):
    """Owns the computing; what there is to show comes as a message."""

    def __init__(self, source: Source, words: Words) -> None:
        super().__init__()
        self.source = source
        self.words = words
        self.overview = Overview(source.tokens, source.n_layers, source.n_heads, (), key_tokens=source.key_tokens)
        self.stopping = Event()

    @property
    def survey(self) -> Survey:
        return survey_of(self.source)

    def compute(self) -> None:
        self.stopping = Event()  # one for each run: a thread that was told to stop may take a moment to hear it
        self.run_worker(partial(self._layers, self.source, self.stopping), thread=True, exclusive=True)

    def _layers(self, source: Source, stopping: Event) -> None:
        """Runs in a thread: the next layer, and the next, until all are there or somebody stops it."""
        pulse, survey = pulse_of(stopping), survey_of(source)
        try:
            with plainly(), survey.computing:
                while source.ready < source.n_layers:
                    survey.advance(pulse)
                    pulse()
                    self.post_message(LayerComputed())
        except StoppedError:
            pass
        except SourceError as error:
            self.post_message(Failed(str(error)))
