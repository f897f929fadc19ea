"""What the walk is tried on: samples, sentences, recordings, tiny models, short trainings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pytest

from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.desk.selection import Selection
from kitten_tui.sources.find import open_source, sentence
from kitten_tui.sources.find import samples as known
from kitten_tui.sources.recording import Recording
from kitten_tui.sources.training.opening import open_training
from kitten_tui.sources.training.source import Training
from kitten_tui.stages.view import View

WORDS = (
    *("the", "a", "kitten", "dog", "saw", "sat", "ran", "on", "mat", "because", "it", "was", "tired"),
    *("小猫", "它", "看见", "了", "狗", "。"),
)


def samples() -> list[str]:
    return sorted(known())


def random_sentence(seed: int) -> str:
    draw = np.random.default_rng(seed)
    return " ".join(draw.choice(WORDS, size=draw.integers(1, 9)))


@lru_cache
def recording(name: str) -> Source:
    draw = np.random.default_rng(5)
    tokens = ("the", "cat", "saw", "the", "dog", "again")
    raw = draw.uniform(size=(2, 3, 6, 6)) ** 3
    given = {
        "weights alone": {"weights": raw / raw.sum(axis=-1, keepdims=True)},
        "q k v": {part: draw.normal(size=(1, 2, 6, 4)) for part in "qkv"},
        "x and matrices": {
            "x": draw.normal(size=(1, 6, 3)),
            "w_o": draw.normal(size=(1, 4, 3)),
            **{f"w_{role}": draw.normal(size=(1, 2, 3, 2)) for role in "qkv"},
        },
    }[name]
    return Recording(given, tokens)


@lru_cache
def training(task: str, start: str, steps: int) -> Source:
    run = open_training(task, {"start": start, "steps": steps})
    while run.step < steps:
        run.advance()
    return Training(run, run.state)


@lru_cache
def model(name: str) -> Source:
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    from piloting import reading

    source = reading(name)
    assert source.survey is not None
    while source.ready < source.n_layers:
        source.survey.advance(lambda: None)
    return source


MODELS = ("llama", "gpt2", "bert", "qwen3", "gpt_neox")


def views(source: Source) -> Iterator[View]:
    """Several places and settings of a source."""
    settings = [source.settings, Settings(scale=False, mask=source.settings.mask)]
    settings += [Settings(mask=mask, dropout=0.2) for mask in source.masks if mask != source.settings.mask]
    for each in settings:
        for query in sorted({0, source.query, len(source.tokens) // 2, len(source.tokens) - 1}):
            key = min(query, len(source.key_tokens) - 1)
            last = Selection(query=query, key=key, head=source.n_heads - 1, layer=source.n_layers - 1)
            yield View(source, each, Selection(query=query, key=key))
            yield View(source, each, last)


def opened(source: Source) -> View:
    """As it is opened."""
    key = min(source.query, len(source.key_tokens) - 1)
    return View(source, source.settings, Selection(query=source.query, key=key))


def spoken(seed: int) -> Source:
    return sentence(random_sentence(seed), seed)


def sample(name: str) -> Source:
    return open_source(name)
