"""The page of a training: in a small window too, everything that it says is there."""

from __future__ import annotations

from functools import cache

import pytest
from rich.cells import cell_len

from kitten_tui.desk.selection import Selection
from kitten_tui.ink.blocks import Look
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.grid import MIN_PIXELS
from kitten_tui.ink.learning import CURVES, HEADINGS, LOW_CURVES, MARKS, LearningBlock
from kitten_tui.ink.palette import PLAIN
from kitten_tui.sources.training.run import Run
from kitten_tui.sources.training.source import Training
from kitten_tui.sources.training.tasks import TASKS
from kitten_tui.stages import turn_to
from kitten_tui.stages.learn import LEARN
from kitten_tui.stages.learning import Learning
from kitten_tui.stages.view import View
from kitten_tui.words import LANGUAGES, Words

WIDTH, HEIGHT = 78, 15
"""Of the figures at 80 × 24."""


@cache
def figure(task: str) -> Learning:
    run = Run(TASKS[task], TASKS[task].setup)
    for _ in range(3):
        run.advance()
    source = Training(run, run.state)
    (learning,) = turn_to(LEARN, View(source, source.settings, Selection(query=source.query))).sheet.figures
    assert isinstance(learning, Learning)
    return learning


def drawn(task: str, language: str, width: int, height: int) -> list[str]:
    look = Look(Words(language), PLAIN, Selection())
    block = LearningBlock(figure(task), look, width, height)
    return [text_of(block.draw(y)) for y in range(1, block.height)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", TASKS)
def test_in_a_small_window_all_is_there(task: str, language: str) -> None:
    lines = drawn(task, language, WIDTH, HEIGHT)
    assert len(lines) < HEIGHT
    assert all(cell_len(line) == WIDTH for line in lines)
    marks = [line[1] for line in lines if line[1] in MARKS.values()]
    told = [line for line in lines if "expected:" in line or "预期：" in line]
    assert len(marks) + len(told) == len(figure(task).expected)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_heads_of_the_control_stand_below_those_of_the_training(language: str) -> None:
    words, text = Words(language), "\n".join(drawn("copy", language, WIDTH, HEIGHT))
    places = [text.index(words(f"learn.start.{start}")) for start in ("random", "same")]
    assert places == sorted(places)
    assert f"{words('learn.distance.same')}  0.000" in text


@pytest.mark.parametrize(
    ("width", "height", "near"), [(WIDTH, HEIGHT, 0.006), (WIDTH, 30, 0.006), (WIDTH, 0, 0.006), (65, 20, 0.06)]
)
def test_how_far_each_network_carries_a_word_is_a_table(width: int, height: int, near: float) -> None:
    lines = drawn("recall", "en", width, height)
    head = next(place for place, line in enumerate(lines) if " steps " in line and line.rstrip().endswith("?"))
    rows = [line.split() for line in lines[head + 1 : head + 4]]
    assert [(row[0], row[-12]) for row in rows] == [("attention", "1"), ("RNN", "11"), ("GRU", "11")]
    for row, each in zip(rows, figure("recall").carried, strict=True):
        assert [float(number) for number in row[-11:]] == pytest.approx(each.depends.tolist(), abs=near)


def block(task: str, height: int) -> LearningBlock:
    return LearningBlock(figure(task), Look(Words("en"), PLAIN, Selection()), WIDTH, height)


@pytest.mark.parametrize("task", TASKS)
def test_pictures_and_curves_are_as_high_as_there_are_rows_for_and_no_higher(task: str) -> None:
    largest, beside = block(task, 200), HEADINGS + len(figure(task).measures)
    least = max(sum(LOW_CURVES) + beside, 1 + len(figure(task).heads) * (-(-MIN_PIXELS // 2) + 1))
    for height in range(HEIGHT, 50):
        here = block(task, height)
        room = height - 1 - len(here.below)
        assert here.height <= height
        if here.pictures.pixels < largest.pictures.pixels:
            assert here.pictures.height + len(figure(task).heads) > room
        assert here.low == (least > height - 1 - len(largest.below))
        if not here.low:
            assert (here.curves == CURVES) == (sum(CURVES) + beside <= room)


@pytest.mark.parametrize("task", TASKS)
def test_with_as_many_rows_as_it_takes_nothing_is_small(task: str) -> None:
    whole, largest = block(task, 0), block(task, 200)
    assert (whole.pictures.pixels, whole.curves, whole.height) == (
        largest.pictures.pixels,
        CURVES,
        largest.height,
    )
