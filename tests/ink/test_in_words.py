"""The sentence under the arithmetic says what is done there, and not what is done elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from kitten_tui.core.cell import Cell
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.core.workings import Workings
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.formula import Sum
from kitten_tui.ink.in_words import in_words
from kitten_tui.sources.find import open_source
from kitten_tui.sources.recording import Recording
from kitten_tui.sources.training.opening import open_training
from kitten_tui.sources.training.source import Training
from kitten_tui.stages.view import View
from kitten_tui.words import LANGUAGES, Words

every_language = pytest.mark.parametrize("language", LANGUAGES)


def said(source: Source, name: str, *index: int, language: str, **settings: object) -> str:
    workings = Workings(source, Settings(**settings) if settings else source.settings)  # type: ignore[arg-type]
    return in_words(workings.derive(Cell(name, index)), Sum(workings, Words(language)))


@every_language
def test_what_is_joined_comes_from_the_head_and_the_dimension_that_its_column_is_called_by(language: str) -> None:
    lesson = open_source("journey")
    labels = View(lesson, lesson.settings, Selection()).axis("concat").labels
    assert len(labels) > 2
    for place, label in enumerate(labels):
        head, dim = label.split(".")
        wanted = Words(language)("formula.concat", head=head, dim=dim)
        assert said(lesson, "concat", 1, place, language=language) == wanted


@every_language
@pytest.mark.parametrize(
    ("settings", "key"),
    [({"scale": True}, "scaled"), ({"scale": False}, "scaled_off"), ({"divisor": 3.0}, "scaled_set")],
)
def test_what_scores_are_divided_by_is_said_as_it_is_set(settings: dict[str, object], key: str, language: str) -> None:
    assert said(open_source("journey"), "scaled", 1, 1, language=language, **settings) == Words(language)(
        f"formula.{key}"
    )


@every_language
@pytest.mark.parametrize(("optimizer", "key"), [("sgd", "next"), ("adam", "next_adam")])
def test_the_next_of_a_number_is_made_as_its_optimizer_makes_it(optimizer: str, key: str, language: str) -> None:
    run = open_training("kitten-en", {"steps": 2, "optimizer": optimizer})
    run.advance()
    source = Training(run, run.state)
    assert said(source, "next(w_q)", 0, 0, language=language) == Words(language)(f"gradient.{key}")


@every_language
def test_what_is_added_at_the_end_of_a_sum_is_named_and_nothing_is_where_nothing_is_added(language: str) -> None:
    draw = np.random.RandomState(2)
    given = {f"w_{role}": draw.normal(size=(1, 1, 3, 2)) for role in "qkv"}
    given |= {"x": draw.normal(size=(1, 2, 3)), "b_q": draw.normal(size=(1, 1, 2))}
    source, words = Recording(given, ("the", "cat")), Words(language)
    assert said(source, "q", 1, 1, language=language) == f"{words('formula.q')} + b_q"
    assert said(source, "k", 1, 1, language=language) == words("formula.k")
