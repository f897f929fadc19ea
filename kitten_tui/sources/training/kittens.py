"""Sentences of kittens, dogs and birds: what "it" does is told by the animal that stands several words before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kitten_tui.core.array_types import Places
from kitten_tui.core.learning import Expectation, Measured
from kitten_tui.sources.training.network import Batch
from kitten_tui.sources.training.shape import Shape
from kitten_tui.sources.training.task import Setup, Task

STRONG, WEAK = 0.6, 0.3
"""What a head gives the animal that looks at it, and at most one that looks elsewhere."""
SEED = 4
"""One of those with which one head looks at the animal and the other one elsewhere."""


@dataclass(frozen=True)
class Story:
    """What sentences are made of: a word of each slot, and of some slots none."""

    slots: tuple[tuple[str, ...], ...]
    """In the order of the sentence; an empty word stands for none."""
    voices: dict[str, str]
    """What each animal does."""
    it: str

    @property
    def vocabulary(self) -> tuple[str, ...]:
        words = (word for slot in (*self.slots, tuple(self.voices.values())) for word in slot if word)
        return tuple(dict.fromkeys(words))

    @cached_property
    def numbers(self) -> tuple[Places, ...]:
        """The slots as numbers of words; none is −1."""
        numbers = {word: number for number, word in enumerate(self.vocabulary)} | {"": -1}
        return tuple(np.array([numbers[word] for word in slot]) for slot in self.slots)

    @cached_property
    def answers(self) -> Places:
        """What the animal that a word is does; 0 for other words. [vocab]"""
        words = self.vocabulary
        return np.array([words.index(self.voices[word]) if word in self.voices else 0 for word in words])


ENGLISH = Story(
    slots=(
        ("the",),
        ("small", "happy", ""),
        ("kitten", "dog", "bird"),
        ("saw", "chased"),
        ("balls", "boxes"),
        ("and",),
        ("it",),
        (".",),
    ),
    voices={"kitten": "purred", "dog": "barked", "bird": "sang"},
    it="it",
)
CHINESE = Story(
    slots=(
        ("一只",),
        ("小", "快乐的", ""),
        ("猫", "狗", "鸟"),
        ("看见", "追着"),
        ("球", "盒子"),
        ("，",),
        ("它",),
        ("。",),
    ),
    voices={"猫": "喵喵叫", "狗": "汪汪叫", "鸟": "啾啾叫"},
    it="它",
)


def drawn(story: Story, generator: np.random.Generator, sentences: int) -> Batch:
    """Sentences of the story; every next word counts, and "it" has to find the animal."""
    words = [slot[generator.integers(0, len(slot), sentences)] for slot in story.numbers]  # slot × [sentence]
    animal = next(at for at, slot in enumerate(story.slots) if slot[0] in story.voices)
    it = story.slots.index((story.it,))
    words.insert(it + 1, story.answers[words[animal]])
    whole = np.stack(words, axis=1)  # [sentence, token + 1]
    there = whole >= 0  # [sentence, token + 1]
    order = np.argsort(~there, axis=1, kind="stable")  # [sentence, token + 1]: what is none goes to the end
    whole = np.maximum(np.take_along_axis(whole, order, axis=1), 0)
    place = np.argsort(order, axis=1, kind="stable")  # [sentence, token + 1]: where each slot went
    link = np.full((sentences, len(story.slots)), -1)  # [sentence, token]
    link[np.arange(sentences), place[:, it]] = place[:, animal]
    follows = np.take_along_axis(there, order, axis=1)[:, 1:]  # [sentence, token]
    return Batch(whole[:, :-1].copy(), whole[:, 1:].copy(), np.flatnonzero(follows), link)


def told(story: Story, ids: Places) -> Batch:
    """A sentence in the words of the story; after what an animal does, it ends.  [token] -> …"""
    words = [story.vocabulary[number] for number in ids]
    end = story.vocabulary.index(story.slots[-1][0])
    counted = np.arange(len(ids) if words[-1] in story.voices.values() else len(ids) - 1)  # [counted]
    link = np.full(len(ids), -1)  # [token]
    animals = [place for place, word in enumerate(words) if word in story.voices]
    if animals and story.it in words[animals[0] :]:
        link[words.index(story.it, animals[0])] = animals[0]
    return Batch(ids[None], np.append(ids[1:], end)[None], counted, link[None])


def _one_looks(at: Measured) -> bool:
    """Whether one head looks at the animal and another one does not."""
    link = at.link[-1]
    return bool(link.max() >= STRONG and link.min() <= WEAK)


def _expected(setup: Setup) -> tuple[Expectation, ...]:
    return (
        Expectation("learn.expected.verb", lambda at: at.linked >= 0.99),
        Expectation("learn.expected.animal", _one_looks, {"strong": f"{STRONG}", "weak": f"{WEAK}"}),
    )


def _task(name: str, story: Story, sentence: Sequence[str]) -> Task:
    shape = Shape(len(story.vocabulary), len(story.slots), n_layers=1, n_heads=2, d_model=4, d_k=2)
    return Task(
        name=name,
        vocabulary=story.vocabulary,
        draw=lambda generator, sentences: drawn(story, generator, sentences),
        alone=lambda ids: told(story, ids),
        sentence=tuple(sentence),
        setup=Setup(shape, steps=200, step_size=3e-2, spread=1.0, seed=SEED),
        expected=_expected,
        query=sentence.index(story.it),
        link="learn.link.animal",
    )


KITTEN_EN = _task("kitten-en", ENGLISH, ("the", "kitten", "chased", "balls", "and", "it", "purred"))
KITTEN_ZH = _task("kitten-zh", CHINESE, ("一只", "猫", "追着", "球", "，", "它", "喵喵叫"))
