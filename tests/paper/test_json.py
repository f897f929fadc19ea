"""One head as a JSON object: the names of the vocabulary, every digit, null for −∞."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kitten_tui.core.settings import Settings
from kitten_tui.desk.selection import Selection
from kitten_tui.paper.json import to_json
from kitten_tui.sources.find import open_source, samples
from kitten_tui.sources.lesson import Lesson
from kitten_tui.stages.view import View

ABOUT = ["tokens", "layer", "head", "settings"]
OF_LESSONS = [
    *("embedding", "position", "x", "q", "k", "v"),
    *("scores", "scaled", "masked", "weights", "dropped", "context"),
]
"""In the order of the lesson."""


def written(lesson: Lesson, settings: Settings | None = None, head: int = 0) -> dict:
    return json.loads(to_json(View(lesson, settings or lesson.settings, Selection(head=head))))


def test_a_whole_lesson_has_every_name_in_the_order_of_the_lesson():
    assert list(written(open_source("journey"))) == [*ABOUT, *OF_LESSONS, "concat", "output"]


def test_what_a_lesson_does_not_have_is_left_out():
    left_out = set(written(open_source("journey"))) - set(written(open_source("causal")))
    assert left_out == {"embedding", "position", "output"}


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        *((name, (6, 3)) for name in ("embedding", "position", "x", "output")),
        *((name, (6, 2)) for name in ("q", "k", "v", "context")),
        *((name, (6, 6)) for name in ("scores", "scaled", "masked", "weights", "dropped", "concat")),
    ],
)
def test_every_array_has_its_shape(name, shape):
    assert np.array(written(open_source("journey"))[name]).shape == shape


@pytest.mark.parametrize("source", [*samples(), "the cat sat"])
@pytest.mark.parametrize("name", [name for name in OF_LESSONS if name not in ("embedding", "position", "masked")])
def test_every_number_of_a_trace_is_written_in_full(name, source):
    lesson = open_source(source)
    settings = Settings(dropout=0.1)
    found = np.array(written(lesson, settings)[name])
    assert np.array_equal(found, lesson.trace(0, 0, settings)[name])


@pytest.mark.parametrize("name", ["concat", "output"])
def test_every_number_that_leaves_the_layer_is_written_in_full(name):
    lesson = open_source("journey")
    assert np.array_equal(np.array(written(lesson)[name]), lesson.joined(0, lesson.settings)[name])


def test_minus_infinity_is_null_and_nothing_else_is():
    masked = written(open_source("journey"), Settings(mask="causal"))["masked"]
    assert [[number is None for number in row] for row in masked] == np.triu(np.ones((6, 6), bool), k=1).tolist()


def test_layer_and_head_count_from_1():
    found = written(open_source("journey"), head=2)
    assert (found["layer"], found["head"]) == (1, 3)


def test_the_head_is_the_one_asked_for():
    lesson = open_source("journey")
    assert np.array_equal(np.array(written(lesson, head=1)["q"]), lesson.trace(0, 1, lesson.settings)["q"])


def test_the_settings_are_those_it_was_computed_with():
    settings = {"scale": False, "mask": "causal", "dropout": 0.5, "seed": 7}
    assert settings.items() <= written(open_source("journey"), Settings(**settings))["settings"].items()


@pytest.mark.parametrize("text", ["千里 \u0301é 🐱", "a\u2028b \u202ec", "\ud800"], ids=ascii)
def test_it_is_one_line_of_ascii_whatever_the_sentence(text):
    assert to_json(View(open_source(text), Settings(), Selection())).isascii()


@pytest.mark.parametrize("text", ["千里 é 🐱", '"quoted" \\ text'])
def test_the_tokens_come_back_as_they_were(text):
    lesson = open_source(text)
    assert tuple(written(lesson)["tokens"]) == lesson.tokens
