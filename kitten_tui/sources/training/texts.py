"""A text of one's own as a task: the next word, or the next character."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kitten_tui.core.array_types import Places
from kitten_tui.core.learning import Expectation
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.find import read_text
from kitten_tui.sources.sentence import tokenise
from kitten_tui.sources.training.network import Batch
from kitten_tui.sources.training.shape import Shape
from kitten_tui.sources.training.task import Setup, Task

TOKENS = ("word", "character")
WINDOW = 24
MOST = 2000
"""Different tokens."""
HELD_OUT = 0.1
"""How much of the text is only ever looked at: its end."""


def text_task(argument: str, kind: str | None) -> Task:
    """A file of text as a task; `kind` is one of TOKENS, or none for words as long as there are not too many.

    Raises:
        SourceError: the file is none, is too short, or has but one token or too many different ones.
    """
    if kind is not None and kind not in TOKENS:
        raise SourceError(f"--by: expected one of {', '.join(TOKENS)}, found {kind}")
    text = read_text(argument)
    tokens = tuple(text) if kind == "character" else tokenise(text)
    if kind is None and len(set(tokens)) > MOST:
        tokens = tuple(text)
    name = Path(argument).expanduser().name
    vocabulary = tuple(token for token, _ in Counter(tokens).most_common())
    if len(tokens) < 2 * (WINDOW + 1):
        raise SourceError(f"{argument}: expected a text of at least {2 * (WINDOW + 1)} tokens, found {len(tokens)}")
    if len(vocabulary) < 2:
        raise SourceError(f"{argument}: expected at least 2 different tokens, found {len(vocabulary)}")
    if len(vocabulary) > MOST:
        raise SourceError(
            f"{argument}: expected at most {MOST:,} different tokens, found {len(vocabulary):,}; try --by character"
        )
    asked = (argument,) if kind is None else (argument, "--by", kind)
    return _task(name, asked, tokens, vocabulary)


def _task(name: str, asked: tuple[str, ...], tokens: Sequence[str], vocabulary: tuple[str, ...]) -> Task:
    numbers = {token: number for number, token in enumerate(vocabulary)}
    ids = np.array([numbers[token] for token in tokens])  # [token of the text]
    last = len(ids) - max(round(HELD_OUT * len(ids)), WINDOW + 1)

    def piece(generator: np.random.Generator, sentences: int, first: int, end: int) -> Batch:
        begins = generator.integers(first, end - WINDOW, sentences)  # [sentence]
        whole = ids[begins[:, None] + np.arange(WINDOW + 1)]  # [sentence, token + 1]
        return Batch(whole[:, :-1].copy(), whole[:, 1:].copy(), np.arange(sentences * WINDOW), _no_link(sentences))

    guess = _guessing(ids[:last], ids[last:], len(vocabulary))

    def expected(setup: Setup) -> tuple[Expectation, ...]:
        values = {"guess": f"{guess:.2f}"}
        return (Expectation("learn.expected.text", lambda at: at.loss < guess, values),)

    return Task(
        name=name,
        vocabulary=vocabulary,
        draw=lambda generator, sentences: piece(generator, sentences, 0, last),
        look=lambda generator, sentences: piece(generator, sentences, last, len(ids)),
        sentence=tuple(tokens[: WINDOW // 2]),
        setup=Setup(Shape(len(vocabulary), WINDOW, 2, 2, 32, 16), steps=1000, step_size=5e-3),
        expected=expected,
        asked=asked,
    )


def _no_link(sentences: int) -> Places:
    return np.full((sentences, WINDOW), -1)


def _guessing(seen: Places, held_out: Places, n_vocab: int) -> float:
    """The loss of who only knows how frequent each token is, with one more of each so that none is impossible."""
    counts = np.bincount(seen, minlength=n_vocab) + 1.0  # [vocab]
    return float(-np.log(counts[held_out] / counts.sum()).mean()) if len(held_out) else math.inf
