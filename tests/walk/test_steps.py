"""The steps as they are told: what they say is there, fits its place and is pointed at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from walked import MODELS, model, opened, recording, sample, samples, spoken, training, views

from kitten_tui.ink.cells import wrap
from kitten_tui.ink.told import LINES, options, question, sentence
from kitten_tui.stages import STAGES
from kitten_tui.stages.view import View
from kitten_tui.walk.facts import FACTS, names_in
from kitten_tui.walk.guide import Told, told
from kitten_tui.walk.questions import QUESTIONS
from kitten_tui.walk.reading import own_steps
from kitten_tui.walk.rules import RULES
from kitten_tui.words import LANGUAGES, Words

ROOT = Path(__file__).parents[2]
MOST = 45
WIDTH = 78
"""Cells of a line at the foot of a window of 80."""


def texts(each: Told, words: Words) -> Iterator[tuple[str, int]]:
    """All that it says, with the lines there are for it."""
    lines = LINES - 2 if each.step.sum or each.scene.view.settings.variant else LINES
    yield sentence(each, words), lines
    if each.asked is not None:
        yield f"✓ {sentence(each, words)}", LINES if each.step.sum else lines
        room = sum(len(option) + 4 for option in options(each, words))
        yield question(each, words), LINES - 1 - room // WIDTH


def check(view: View) -> None:
    every = told(own_steps(), view)
    seven = [each for each in every if each.stage < len(STAGES)]
    assert len(seven) <= MOST
    for each in every:
        figures = {figure.id for figure in each.page.sheet.figures}
        figures |= {stop.id for stop in each.page.sheet.stops}
        lights = {light.figure for light in each.lit.lights}
        assert lights & figures, f"{each.step.id} points at {lights}, and there are {figures}"
        assert not each.step.figures or each.page.focused.id in each.step.figures, each.step.id
        for language in LANGUAGES:
            words = Words(language)
            for text, lines in texts(each, words):
                assert "nan" not in text, each.step.id
                assert len(wrap(text, WIDTH)) <= lines, f"{each.step.id}: {text}"
            if each.asked is not None:
                choices = options(each, words)
                assert len(choices) >= 2
                assert 0 <= each.asked.right < len(choices)
                assert len(set(choices)) == len(choices), each.step.id


@pytest.mark.parametrize("name", samples())
@pytest.mark.first_is_quick
def test_samples(name: str) -> None:
    for view in views(sample(name)):
        check(view)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.first_is_quick
def test_sentences(seed: int) -> None:
    for view in views(spoken(seed)):
        check(view)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4, 60))
def test_many_sentences(seed: int) -> None:
    for view in views(spoken(seed)):
        check(view)


@pytest.mark.parametrize("name", ["weights alone", "q k v", "x and matrices"])
@pytest.mark.first_is_quick
def test_recordings(name: str) -> None:
    for view in views(recording(name)):
        check(view)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.first_is_quick
def test_tiny_models(name: str) -> None:
    for view in views(model(name)):
        check(view)


@pytest.mark.slow
@pytest.mark.parametrize(("task", "start"), [("copy", "random"), ("copy", "same"), ("kitten-en", "random")])
def test_trainings(task: str, start: str) -> None:
    check(opened(training(task, start, 60)))


@pytest.mark.parametrize("name", samples())
def test_every_stage_of_a_lesson_has_three_to_six_steps(name: str) -> None:
    every = told(own_steps(), opened(sample(name)))
    for stage in range(len(STAGES)):
        assert 3 <= sum(each.stage == stage for each in every) <= 6, STAGES[stage].id


def test_every_step_is_in_both_languages() -> None:
    for step in own_steps():
        for each in (step.text, *([step.question.text] if step.question else [])):
            assert set(each) == set(LANGUAGES), step.id


def test_every_name_is_used() -> None:
    steps = own_steps()
    assert {rule for step in steps for rule in step.rules} == set(RULES)
    assert {step.question.kind for step in steps if step.question} == set(QUESTIONS)
    said = {
        text
        for step in steps
        for text in (*step.text.values(), *(step.question.text if step.question else {}).values())
    }
    assert {name for text in said for name in names_in(text)} <= set(FACTS)


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_the_readme_names_the_steps_that_answer_what_is_asked(readme: str) -> None:
    """The questions of learners, and every paragraph of the article."""
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| ((?:`\w+\.\w+`(?:, )?)+) \|$", (ROOT / readme).read_text("utf-8"), re.M)
    told_of = {name: re.findall(r"`([\w.]+)`", ids) for name, ids in rows}
    named = {name for step in own_steps() for name in step.answers}
    assert told_of == {name: [step.id for step in own_steps() if name in step.answers] for name in named}
    assert {f"article {paragraph}" for paragraph in range(1, 17)} <= named
    assert len(named) == 16 + 8
