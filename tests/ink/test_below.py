"""What is said below the figures is what is drawn in them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from test_pictures import page, picture

from kitten_tui.core.settings import Settings
from kitten_tui.desk.selection import Selection
from kitten_tui.ink import heat
from kitten_tui.ink.below import below, legend_line, matrices
from kitten_tui.ink.blocks import Look
from kitten_tui.ink.cells import text_of, width_of
from kitten_tui.ink.matrix import COVERED, DROPPED, PREVIEWED, MatrixBlock
from kitten_tui.ink.numbers import brief
from kitten_tui.ink.palette import Palette
from kitten_tui.ink.say import say
from kitten_tui.ink.sheet import Picture
from kitten_tui.sources.find import open_source, samples
from kitten_tui.stages import STAGES, Page, turn_to
from kitten_tui.stages.mask import MASK
from kitten_tui.stages.view import View
from kitten_tui.words import LANGUAGES, Words

DARK = Palette(ramp=heat.DARK)
EN = Words("en")


def drawn(page: Page, width: int = 119, height: int = 40, language: str = "en") -> Picture:
    look = Look(Words(language), DARK, page.selection, page.focused.id)
    return Picture(page.sheet, look, width, height)


def under(settings: Settings, stage: int = 5) -> Page:
    lesson = open_source("journey")
    return turn_to(STAGES[stage], View(lesson, settings, Selection(stage=stage, query=1, key=1)))


@pytest.mark.parametrize("source", ["journey", "kitten", "long"])
@pytest.mark.parametrize("stage", range(len(STAGES)))
def test_the_ends_of_the_legend_are_the_coldest_and_the_hottest_cell(source: str, stage: int) -> None:
    shown = page(stage, source)
    drawing = drawn(shown)
    legend = text_of(legend_line(drawing, shown, 119))
    heated = [block for block in matrices(drawing) if block.figure.heat]
    block = next((block for block in heated if block.focused), heated[0])
    low, high = block.range
    found = re.search(r": (\S+) +([^\s,]+)", legend)
    assert found is not None
    assert found.groups() == (brief(low), brief(high))
    values = block.figure.all_values[np.isfinite(block.figure.all_values)]
    assert low <= values.min()
    assert high >= values.max()
    assert heat.DARK(high, low, high) is heat.DARK.styles[-1]


@pytest.mark.parametrize("stage", range(len(STAGES)))
def test_the_legend_says_whether_tables_have_scales_of_their_own(stage: int) -> None:
    shown = page(stage)
    drawing = drawn(shown)
    ranges = {block.range for block in matrices(drawing) if block.figure.heat}
    legend = text_of(legend_line(drawing, shown, 119))
    said = EN("legend.each") in legend or EN("legend.heads") in legend
    assert said == (len(ranges) > 1)


@pytest.mark.parametrize("source", ["journey", "kitten", "long"])
def test_panels_of_heads_have_one_scale(source: str) -> None:
    panels = [block for block in matrices(drawn(page(6, source))) if block.figure.id.startswith("dropped.")]
    assert len({block.range for block in panels}) == 1
    assert panels[0].range == (0.0, max(block.figure.values.max() for block in panels))


def test_signs_are_explained_where_they_stand() -> None:
    shown = under(Settings(mask="causal", dropout=0.5))
    legend = text_of(legend_line(drawn(shown), shown, 119))
    lines = [text_of(line) for line in drawn(shown).lines()]
    for sign in (COVERED, DROPPED):
        assert any(sign in line for line in lines)
        assert f"{sign} " in legend
    assert PREVIEWED not in legend


def test_a_legend_names_no_sign_that_is_not_there() -> None:
    shown = page(2)
    assert not {COVERED, DROPPED, PREVIEWED, "*", "%"} & {*text_of(legend_line(drawn(shown), shown, 119))}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [20, 40, 79, 119])
@pytest.mark.parametrize("stage", range(len(STAGES)))
@pytest.mark.first_is_quick
def test_what_stands_below_has_room(stage: int, width: int, language: str) -> None:
    shown = page(stage)
    for rows in range(12):
        lines = below(drawn(shown, language=language), shown, width, rows, tells=True)
        assert len(lines) <= rows
        assert all(width_of(line) <= width for line in lines)


@pytest.mark.parametrize("stage", range(len(STAGES)))
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lesson_begins_below_with_whole_sentences(stage: int, language: str) -> None:
    shown, words = page(stage), Words(language)
    text = "".join(words(shown.lesson).split())
    said = [text_of(line) for line in below(drawn(shown, language=language), shown, 79, 9, tells=True)[3:]]
    begun = "".join("".join(said).split()).removesuffix("…")
    assert begun
    assert text.startswith(begun)
    assert begun[-1] in ".?!。？！"


def test_a_mask_that_is_off_shows_what_it_would_cover() -> None:
    off, on = under(Settings()), under(Settings(mask="causal"))
    masked = {figure.name: figure for figure in off.sheet.figures}["masked"]
    covered = {figure.name: figure for figure in on.sheet.figures}["masked"]
    assert masked.previewed is not None
    assert (masked.previewed == covered.hidden).all()
    assert covered.previewed is None
    assert np.isfinite(masked.values).all()


@pytest.mark.parametrize("mask", ["none", "causal"])
def test_beside_the_weights_stands_the_sum_of_each_row(mask: str) -> None:
    shown = under(Settings(mask=mask))
    sums = {figure.id: figure for figure in shown.sheet.figures}["weight_sum"]
    weights = {figure.id: figure for figure in shown.sheet.figures}["weights"]
    assert sums.values[:, 0] == pytest.approx(weights.values.sum(axis=1))
    at_sum = turn_to(MASK, replace(shown.view, selection=shown.selection.moved(focus="weight_sum")))
    assert at_sum.derivation is not None
    assert at_sum.derivation.value == pytest.approx(1.0)


@pytest.mark.parametrize("source", sorted({*samples()} - {"integers"}))
def test_points_of_the_plane_have_names(source: str) -> None:
    shown = page(4, source)
    tokens = open_source(source).tokens
    text = "\n".join(text_of(line) for line in picture(shown, 154, 40).lines())
    plane = "\n".join(line.split("│", 1)[1] for line in text.splitlines() if "│" in line)
    if plane:
        assert sum(token in plane for token in {*tokens}) >= len({*tokens}) // 2


@pytest.mark.parametrize("source", ["journey", "kitten", "long", "causal"])
@pytest.mark.parametrize("stage", range(len(STAGES)))
def test_a_large_window_hides_nothing_while_half_of_it_is_empty(source: str, stage: int) -> None:
    """200 × 50 leaves a canvas of 158 × 39 beside the text."""
    shown = page(stage, source)
    drawing = drawn(shown, 158, 39)
    if drawing.height <= 39 // 2:
        assert drawing.width <= 158
        blocks = [block for block in matrices(drawing) if isinstance(block, MatrixBlock) and not block.small]
        assert not [block.figure.id for block in blocks if block.rounds]
    assert [figure.id for figure in shown.sheet.figures if figure.name] == [
        block.figure.id for band in drawing.bands for block in band.blocks if block.figure.name
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_name_of_a_repeated_token_is_explained_wherever_it_is_spoken_of(language: str) -> None:
    lesson, words = open_source("the cat saw the cat"), Words(language)
    for number, stage in enumerate(STAGES):
        for query in range(5):
            shown = turn_to(stage, View(lesson, lesson.settings, Selection(stage=number, query=query, key=query)))
            legend = text_of(legend_line(drawn(shown, 199, 60, language), shown, 199))
            spoken = " ".join(say(words, phrase) for phrase in shown.readings)
            places = {int(place) for place in re.findall(r"#(\d)", spoken)}
            told = {int(place) for place in re.findall(r"#(\d)", legend)}
            assert bool(told) == bool(places) or not places
            assert told <= places | {query + 1}
    assert "#" not in text_of(legend_line(drawn(page(2)), page(2), 119))
