"""A training at one of its steps, as a source: every number of it answers, as those of a lesson do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from kitten_tui.core import layers
from kitten_tui.core.learning import Expectation, Kept, Measured
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import NOTHING_SPECIAL, Pulse, Source, Traits
from kitten_tui.core.trace import Trace
from kitten_tui.core.weighed import special_of
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.sentence import tokenise
from kitten_tui.sources.training.beside import name_of
from kitten_tui.sources.training.learner import Transformer
from kitten_tui.sources.training.lines import lines
from kitten_tui.sources.training.network import Batch
from kitten_tui.sources.training.numbers import Numbers
from kitten_tui.sources.training.opening import line_of
from kitten_tui.sources.training.optimizer import State
from kitten_tui.sources.training.run import Latest, Run

if TYPE_CHECKING:
    from kitten_tui.core.chain import Chain


STEPS = 8
"""How many other steps are at hand, for who looks from one into others."""


class Training:
    """The matrices of one step and a sentence in the task's vocabulary. Answers `Source`."""

    model_facts = None
    invented = untrained = False
    invented_tokens = ()
    references = ()
    title: Mapping[str, str] = {}
    note: Mapping[str, str] = {}
    masks = ("none", "causal")
    next_tokens = goes_on = asked = alters = survey = editor = pairs = None
    part = ""
    parts: tuple[Source, ...] = ()

    def __init__(
        self, run: Run, state: State, tokens: Sequence[str] | None = None, latest: Latest | None = None
    ) -> None:
        """`tokens` are those of the task's sentence where nothing else is asked for; `latest` is what is known of the
        step.

        Raises:
            SourceError: a token is not in the vocabulary, or there are more of them than the window takes.
        """
        self.run = run
        self.state = state
        self.tokens = tuple(run.task.sentence if tokens is None else tokens)
        self.batch = _sentence(run, self.tokens)
        self.numbers = Numbers(run, state, self.batch)
        self._latest = latest
        self.settings = Settings(scale=run.setup.shape.scale, mask="causal", seed=run.setup.seed)
        self.trace = lru_cache(maxsize=4 * run.setup.shape.n_layers * run.setup.shape.n_heads)(self._trace)
        self.joined = lru_cache(maxsize=4 * run.setup.shape.n_layers)(self._joined)
        self.at = lru_cache(maxsize=STEPS)(self._at)
        self._shared = lru_cache(maxsize=4 * run.setup.shape.n_layers)(self._share)

    # What it is

    @property
    def key_tokens(self) -> tuple[str, ...]:
        return self.tokens

    @property
    def n_layers(self) -> int:
        return self.run.setup.shape.n_layers

    @property
    def ready(self) -> int:
        return self.n_layers

    @property
    def n_heads(self) -> int:
        return self.run.setup.shape.n_heads

    @property
    def query(self) -> int:
        return min(self.run.task.query, len(self.tokens) - 1)

    def shared_by(self, head: int) -> None:
        """Every head has its own keys and values."""

    # What it can do

    @property
    def reader(self) -> Training:
        return self

    def read(self, text: str) -> Training:
        """Another sentence at the same step."""
        return Training(self.run, self.state, words_of(self.run, text))

    @property
    def trainer(self) -> Training:
        return self

    record = None
    origin = ()

    @property
    def task(self) -> str:
        return self.run.task.name

    @property
    def step(self) -> int:
        return self.state.step

    @property
    def made(self) -> int:
        return self.run.step

    @property
    def planned(self) -> int:
        return self.run.setup.steps

    @property
    def diverged(self) -> int:
        return self.run.diverged

    @property
    def kept(self) -> Sequence[Kept]:
        return self.run.kept

    @cached_property
    def measured(self) -> Measured:
        return self.run.measured(self.state) if self._latest is None else self._latest.measured

    @property
    def sentence(self) -> tuple[str, ...]:
        return self.run.task.sentence

    @property
    def name(self) -> str:
        return name_of(self.run.task.beside, self.run.setup)

    @cached_property
    def beside(self) -> Mapping[str, Training]:
        others = {name: each for name, each in self.run.beside.items() if isinstance(each.learner, Transformer)}
        known = {} if self._latest is None else self._latest.beside
        states = {name: known.get(name) or each.at(min(self.step, each.step)) for name, each in others.items()}
        return {name: Training(each, states[name], self.tokens) for name, each in others.items()}

    @property
    def link(self) -> str:
        return self.run.task.link

    @property
    def expected(self) -> Sequence[Expectation]:
        return self.run.task.expected(self.run.setup)

    @property
    def about(self) -> Mapping[str, object]:
        shape, setup = self.run.setup.shape, self.run.setup
        return {
            "task": self.run.task.name,
            "layers": shape.n_layers,
            "heads": shape.n_heads,
            "d_model": shape.d_model,
            "d_k": shape.d_k,
            "parameters": shape.size,
            "optimizer": setup.optimizer,
            "step_size": setup.step_size,
            "sentences": setup.sentences,
        }

    @property
    def vocabulary(self) -> tuple[str, ...]:
        return self.run.task.vocabulary

    @property
    def line(self) -> str:
        made = self.run.step or self.run.setup.steps
        return line_of(self.run.task, replace(self.run.setup, steps=made))

    def advance(self, pulse: Pulse) -> bool:
        pulse()
        return self.run.advance()

    def save(self, folder: Path) -> None:
        from kitten_tui.sources.training.saved import save_run

        save_run(self.run, folder)

    def stop(self) -> None:
        self.run.keep()

    def _at(self, step: int) -> Training:
        return Training(self.run, self.run.at(step), self.tokens)

    def latest(self) -> Training:
        last = self.run.latest()
        return Training(self.run, last.state, self.tokens, last)

    # Its numbers

    def chain(self, layer: int) -> Chain:
        return lines(self.run.setup.shape, self.run.setup.optimizer)[layer]

    def traits(self, layer: int) -> Traits:
        return NOTHING_SPECIAL

    def _share(self, layer: int, settings: Settings) -> Trace:
        shape, n = self.run.setup.shape, len(self.tokens)
        more = {"d_model": shape.d_model, "d_k": shape.d_k, "concat": shape.n_heads * shape.d_k}
        sizes = layers.sizes(n, n, vocabulary=shape.n_vocab, **more)
        before = partial(self.joined, layer - 1, self.settings) if layer else None
        special = special_of(self.tokens, self.tokens)
        given = self.numbers.of_source(layer)
        return layers.shared(self.chain(layer), given, settings, sizes, special=special, before=before)

    def _trace(self, layer: int, head: int, settings: Settings) -> Trace:
        given, whole = self.numbers.of_head(layer, head), partial(self.joined, layer, settings)
        return layers.head(self._shared(layer, settings), given, settings, None, layer, head, whole)

    def _joined(self, layer: int, settings: Settings) -> Trace:
        heads = [partial(self.trace, layer, head, settings) for head in range(self.n_heads)]
        after = partial(self.joined, layer + 1, self.settings) if layer + 1 < self.n_layers else None
        return layers.joined(self._shared(layer, settings), self.numbers.of_layer(layer), heads, after)


def words_of(run: Run, text: str) -> tuple[str, ...]:
    """A typed sentence as tokens of the task: separate tokens where there are spaces, else as any sentence is taken.

    Raises:
        SourceError: there is nothing in it.
    """
    known = set(run.task.vocabulary)
    words = text.split()
    tokens = tuple(words) if known.issuperset(words) else tokenise(text)
    if not known.issuperset(tokens) and known.issuperset("".join(words)):
        tokens = tuple("".join(words))
    if not tokens:
        raise SourceError("SOURCE: expected a sentence, found nothing in it")
    return tokens


def _sentence(run: Run, tokens: Sequence[str]) -> Batch:
    window = run.setup.shape.window
    if len(tokens) > window:
        raise SourceError(
            f"SOURCE: expected at most {window} tokens, the window of {run.task.name}, found {len(tokens)}"
        )
    try:
        return run.task.alone(run.task.ids(tokens))
    except KeyError as error:
        known = run.task.vocabulary
        shown = " ".join(known[:40]) + (" …" if len(known) > 40 else "")
        raise SourceError(f"SOURCE: expected tokens of {run.task.name} ({shown}), found {error.args[0]}") from None
