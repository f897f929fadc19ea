from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.experiment import WIDTHS, random_rows
from kitten_tui.core.quantity import quantity
from kitten_tui.core.settings import Settings
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.say import say
from kitten_tui.sources.find import open_source, samples
from kitten_tui.sources.recording import Recording
from kitten_tui.stages import STAGES, turn_to
from kitten_tui.stages.figure import Matrix
from kitten_tui.stages.view import View
from kitten_tui.words import LANGUAGES, Words

SETTINGS = [Settings(), Settings(scale=False, mask="causal"), Settings(dropout=0.5, seed=7)]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.id)
@pytest.mark.parametrize("source", [*samples(), "猫", "the cat saw the cat"])
@pytest.mark.first_is_quick
def test_every_cell_that_the_cursor_can_reach_derives(stage, source: str) -> None:  # type: ignore[no-untyped-def]
    """The number shown, the number derived, and the number recomputed from the operands are one."""
    lesson = open_source(source)
    for settings in SETTINGS:
        view = View(lesson, settings, Selection(stage=STAGES.index(stage), query=len(lesson.tokens) - 1))
        for figure in turn_to(stage, view).sheet.stops:
            lengths = [(axis.name, len(axis)) for axis in figure.places.values()]
            for places in itertools.product(*(sorted({0, length // 2, length - 1}) for _, length in lengths)):
                names = [name for name, _ in lengths]
                focused = view.with_(focus=figure.id, **dict(zip(names, places, strict=True)))
                page = turn_to(stage, focused if figure.head is None else focused.with_(head=figure.head))
                assert page.derivation.recomputed() == pytest.approx(page.derivation.value, abs=1e-9)
                shown = shown_at(figure, names, places)
                assert shown is None or shown == pytest.approx(page.derivation.value, abs=1e-12)


def shown_at(figure: object, names: list[str], places: tuple[int, ...]) -> float | None:
    if not isinstance(figure, Matrix):
        return None
    at = dict(zip(names, places, strict=True))
    return float(figure.values[at.get(figure.rows.name, 0), at.get(figure.columns.name, 0)])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.id)
@pytest.mark.first_is_quick
def test_every_stage_reads_itself_aloud(stage, language: str) -> None:  # type: ignore[no-untyped-def]
    for source, settings in itertools.product(["journey", "causal", "kitten", "猫"], SETTINGS):
        lesson = open_source(source)
        for query in range(len(lesson.tokens)):
            view = View(lesson, settings, Selection(stage=STAGES.index(stage), query=query))
            assert say(Words(language), stage.reading(view))


def test_the_reading_of_the_scores() -> None:
    lesson = open_source("journey")
    view = View(lesson, lesson.settings, Selection(stage=2, query=1, key=1))
    assert say(Words("en"), STAGES[2].reading(view)) == (
        '"journey" scores highest with itself (1.85), then "starts" (1.81); lowest with "one" (0.558).'
    )


def test_the_experiment_shows_what_the_scale_is_for() -> None:
    widest = WIDTHS.index(1024)
    sensitivity = np.median(random_rows("sensitivity", 123)[widest], axis=-1)  # [scale]
    assert sensitivity[1] > 1000 * sensitivity[0]


@pytest.mark.parametrize(("width", "d_k"), enumerate(WIDTHS))
def test_a_typical_random_score_is_the_root_of_d_k_and_1_once_divided(width: int, d_k: int) -> None:
    lesson = open_source("journey")
    shared = lesson.joined(0, lesson.settings)
    undivided, divided = (float(shared.at("typical_size", (width, scale))) for scale in (0, 1))
    assert undivided == pytest.approx(math.sqrt(d_k), rel=0.1)
    assert divided == pytest.approx(undivided / math.sqrt(d_k))


def test_without_embedding_the_first_stage_shows_x_alone() -> None:
    lesson = open_source("causal")
    view = View(lesson, lesson.settings, Selection())
    assert [figure.id for figure in turn_to(STAGES[0], view).sheet.figures] == ["x"]


def test_without_w_o_the_last_stage_ends_with_concat() -> None:
    lesson = open_source("causal")
    view = View(lesson, lesson.settings, Selection(stage=6))
    assert [figure.id for figure in turn_to(STAGES[6], view).sheet.figures][-1] == "concat"


def test_the_comparison_is_the_same_head_with_the_scale_switched() -> None:
    lesson = open_source("journey")
    whole = lesson.trace(0, 0, Settings(scale=True))["weights"]
    for query in range(len(lesson.tokens)):
        view = View(lesson, Settings(scale=False), Selection(stage=3, query=query))
        np.testing.assert_array_equal(view.rescaled.row("weights", query), whole[query])


def headings(view: View) -> dict[str, str]:
    """What stands above each column of the softmax."""
    figures = turn_to(STAGES[3], view.with_(stage=3)).sheet.figures
    return {each.name: each.columns.labels[0] for each in figures if isinstance(each, Matrix)}


def test_a_step_to_the_softmax_is_headed_by_what_is_done_in_it() -> None:
    lesson = open_source("journey")
    assert headings(View(lesson, Settings(), Selection()))["scaled"] == "ω/√2"
    covered = headings(View(lesson, Settings(mask="causal"), Selection()))
    assert "scaled" not in covered
    assert covered["masked"] == "ω/√2"
    capped = ATTENTION.with_(
        quantity("cap", "cap", ""),
        quantity("capped", "tanh", "query key", "cap tanh(scaled[query,key] / cap)", step=True),
        quantity("masked", "masked", "query key", "capped[query,key] where allowed[query,key]", step=True),
    )
    draw = np.random.RandomState(0)
    given = {**{name: draw.normal(size=(1, 1, 3, 2)) for name in "qk"}, "cap": np.full((1, 1), 2.0)}
    covered = headings(View(Recording(given, ("a", "b", "c"), lines=capped), Settings(mask="causal"), Selection()))
    assert "capped" not in covered
    assert (covered["scaled"], covered["masked"]) == ("ω/√2", "tanh")
