"""The check passes on what is right and on nothing else."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from kitten_tui.core.inputs import fixed
from kitten_tui.core.quantity import Scope
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Reference
from kitten_tui.core.trace import Trace
from kitten_tui.core.workings import Workings
from kitten_tui.desk.phrase import phrase
from kitten_tui.paper.check import Check, check_lines, checks, largest_error, term_by_term
from kitten_tui.sources.find import open_source, samples
from kitten_tui.sources.lesson import Lesson
from kitten_tui.sources.sample import read_sample
from kitten_tui.words import Words

ARRAY = np.array([[1.0, 2.0], [3.0, -math.inf]])
LARGE = """
tokens = ["a", "b"]
x = [[0.3, 0.2], [0.7, 0.1]]
[[heads]]
w_q = [[0.3, 0.1], [0.1, 1]]
w_k = [[0.1, 0.7], [0.3, 1]]
w_v = [[123456789, 98765432], [1234567, 100000000]]
"""


def with_reference(name: str, values, tolerance: float = 1e-6, **settings) -> Lesson:
    reference = Reference("a book", 0, Settings(**settings), tolerance, {name: fixed(values)})
    return replace(open_source("causal"), references=(reference,))


def first(lesson: Lesson, settings: Settings | None = None) -> Check:
    return next(checks(lesson, settings or Settings()))


@pytest.mark.slow
@pytest.mark.parametrize("mask", ["none", "causal", "own"])
@pytest.mark.parametrize("name", [*samples(), "the cat sat on the mat"])
def test_every_lesson_passes_under_every_mask(name, mask):
    lesson = open_source(name)
    if mask in lesson.masks:
        assert [check.name for check in checks(lesson, Settings(mask=mask, dropout=0.1)) if not check.passed] == []


def test_a_lesson_of_large_numbers_passes(tmp_path):
    path = tmp_path / "large.toml"
    path.write_text(LARGE)
    assert [check.name for check in checks(read_sample(path), Settings()) if not check.passed] == []


def test_there_is_a_check_for_every_published_array_and_three_laws_for_every_head():
    lesson = open_source("causal")
    published = sum(len(reference.values) for reference in lesson.references)
    assert len(list(checks(lesson, lesson.settings))) == published + 3 * lesson.n_heads


def test_published_values_are_compared_under_their_own_settings():
    lesson = open_source("journey")
    assert all(check.passed for check in checks(lesson, Settings(scale=False, mask="causal", dropout=0.9)))


def test_a_value_within_the_tolerance_passes():
    q = open_source("causal").trace(0, 0, Settings())["q"]
    assert first(with_reference("q", q + 0.9e-6)).passed


def test_a_value_outside_the_tolerance_fails():
    q = open_source("causal").trace(0, 0, Settings())["q"]
    assert not first(with_reference("q", q + 1.1e-6)).passed


@pytest.mark.parametrize("name", ["output", "embedding", "b_q"])
def test_a_reference_to_what_a_lesson_does_not_have_fails(name):
    assert first(with_reference(name, [[1.0]])).error == math.inf


def test_a_reference_of_another_shape_fails():
    assert first(with_reference("q", [[1.0]])).error == math.inf


def test_nan_passes_nothing():
    assert not Check(phrase("check.rows", head=1), math.nan, math.inf).passed


@pytest.mark.parametrize(
    ("other", "error"),
    [
        (ARRAY, 0.0),
        (np.array([[1.0, 2.25], [2.5, -math.inf]]), 0.5),
        (ARRAY[:1], math.inf),
        (np.array([[1.0, 2.0], [3.0, 4.0]]), math.inf),
        (np.array([[1.0, 2.0], [math.inf, -math.inf]]), math.inf),
        (np.array([[1.0, 2.0], [3.0, math.inf]]), math.inf),
    ],
    ids=["equal", "largest", "shape", "finite for infinite", "infinite for finite", "other sign"],
)
def test_the_error_is_the_largest_difference_and_infinite_where_two_cannot_be_compared(other, error):
    assert (largest_error(ARRAY, other), largest_error(other, ARRAY)) == (error, error)


GATHERED = Settings(mask="causal", dropout=0.5)
STEPS = ("q", "k", "v", "scores", "scaled", "masked", "exp", "weights", "dropped", "context")


class Altered:
    """The first head of a lesson with every step as it was, but for one quantity that is another."""

    trainer = None

    def __init__(self, lesson: Lesson, name: str, values) -> None:
        was = lesson.trace(0, 0, GATHERED)
        steps = {step: was[step] for step in STEPS}
        altered = {name: values}
        of_head = was.chain[name].scope is Scope.HEAD
        given = was.outer.given if of_head else was.outer.given | altered
        shared = Trace(was.chain, given, was.outer.scopes, sizes=was.sizes)
        given = was.given | steps | (altered if of_head else {})
        self.head = Trace(was.chain, given, was.scopes, shared, sizes=was.sizes)
        self.layer = Trace(was.chain, {}, (Scope.LAYER,), shared, sizes=was.sizes, heads=[lambda: self.head])
        self.chain = lesson.chain

    def trace(self, layer: int, head: int, settings: Settings) -> Trace:
        return self.head

    def joined(self, layer: int, settings: Settings) -> Trace:
        return self.layer


def error_with(name: str, values) -> float:
    return term_by_term(Workings(Altered(open_source("journey"), name, values), GATHERED), 0)[0]


@pytest.mark.parametrize("name", ["x", "w_q", "w_k", "w_v", "allowed", "keep", "rate", "divisor"])
def test_the_sums_term_by_term_see_everything_that_the_context_depends_on(name):
    lesson = open_source("journey")
    here, other = lesson.trace(0, 0, GATHERED), lesson.trace(0, 1, Settings(scale=False))
    assert error_with(name, here[name]) < 1e-9
    assert error_with(name, other[name] + 1.0 if name == "x" else other[name]) > 1e-6


@pytest.mark.parametrize("name", STEPS)
def test_the_sums_term_by_term_see_a_step_that_is_not_what_it_is_made_of(name):
    assert error_with(name, open_source("journey").trace(0, 0, GATHERED)[name] + 1e-3) > 1e-6


def test_the_report_has_a_line_for_each_check_and_one_for_all():
    results = list(checks(open_source("causal"), Settings()))
    assert len(list(check_lines(results, Words("en")))) == len(results) + 1


def test_the_report_says_how_many_failed():
    results = list(checks(with_reference("q", [[1.0]]), Settings()))
    words = Words("en")
    assert list(check_lines(results, words))[-1] == words("check.summary_failed", count=len(results), failed=1)


def test_the_report_shows_no_control_character_of_a_source():
    reference = Reference("\x1b[31ma\nbook", 0, Settings(), 1e-6, {"q": fixed([[1.0]])})
    lines = check_lines(list(checks(replace(open_source("causal"), references=(reference,)), Settings())), Words("en"))
    assert all(line.isprintable() for line in lines)
