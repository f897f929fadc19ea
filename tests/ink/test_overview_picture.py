from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitten_tui.core.measures import MEASURES, HeadSummary
from kitten_tui.ink import heat
from kitten_tui.ink.cells import text_of, width_of
from kitten_tui.ink.grid import LABELS, MAX_PIXELS, MIN_PIXELS, SHADES, Grid, short, shrink
from kitten_tui.ink.overview import BETWEEN, Between, Overview, about_head
from kitten_tui.ink.palette import PLAIN
from kitten_tui.words import Words

EN = Words("en")
TOKENS = ("the", "cat", "the", "mat")


def thumbnail(size: int, seed: int = 0) -> np.ndarray:
    found = np.random.RandomState(seed).rand(size, size)
    return found / found.sum(axis=1, keepdims=True)


def summary(layer: int, head: int, **measures: float) -> HeadSummary:
    """A head whose measures follow from its place, but for those that are given."""
    values = dict.fromkeys(MEASURES, 0.1 * layer + 0.01 * head) | measures
    return HeadSummary(
        layer, head, values, thumbnail(4, 10 * layer + head), np.array([0.0, 0.0, 0.75]), np.zeros(3, dtype=np.intp)
    )


def overview(layers: int = 3, heads: int = 4, ready: int | None = None, **look) -> Overview:
    ready = layers if ready is None else ready
    found = tuple(summary(layer, head) for layer in range(ready) for head in range(heads))
    return Overview(TOKENS, layers, heads, found, **look)


def grid(of: Overview, width: int = 78) -> Grid:
    return Grid(of, PLAIN, width)


@given(st.integers(1, 32), st.integers(1, 20))
def test_rows_of_a_smaller_picture_still_sum_to_one(n: int, size: int) -> None:
    assert shrink(thumbnail(n), size).sum(axis=1) == pytest.approx(np.ones(size))


def test_a_picture_that_is_not_made_smaller_stays_as_it_is() -> None:
    assert shrink(thumbnail(7), 7) == pytest.approx(thumbnail(7))


def test_half_as_many_pixels_are_means_over_queries_and_sums_over_keys() -> None:
    small = shrink(np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5], [0.2] * 3 + [0.4]]), 2)
    assert small == pytest.approx(np.array([[1.0, 0.0], [0.2, 0.8]]))


@pytest.mark.parametrize(
    ("heads", "width", "pixels"), [(4, 78, 16), (4, 80, 16), (12, 78, 5), (12, 120, 8), (12, 200, 12), (32, 78, 5)]
)
def test_pictures_are_as_wide_as_the_window_allows(heads: int, width: int, pixels: int) -> None:
    assert grid(overview(heads=heads), width).pixels == pixels


@pytest.mark.parametrize("is_sorted", [False, True])
@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("heads", [1, 4, 12, 16, 32])
def test_every_line_is_as_wide_as_the_grid(heads: int, width: int, is_sorted: bool) -> None:
    drawn = grid(overview(heads=heads, sorted=is_sorted), width)
    assert MIN_PIXELS <= drawn.pixels <= MAX_PIXELS
    full = range(drawn.top, drawn.top + (drawn.rows - 1) * drawn.row_height)
    assert {width_of(drawn.line(y)) for y in full} <= {drawn.width}
    assert all(width_of(line) <= drawn.width for line in drawn.lines())


@pytest.mark.parametrize("width", [80, 120, 200])
def test_sorted_heads_never_scroll_to_the_side(width: int) -> None:
    assert grid(overview(heads=32, sorted=True), width).width <= width


def test_by_place_the_order_is_that_of_layers_and_heads() -> None:
    assert overview(2, 3).order == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


@pytest.mark.parametrize("measure", MEASURES)
def test_sorted_heads_begin_with_the_largest(measure: str) -> None:
    rising = tuple(summary(0, head, **{measure: value}) for head, value in enumerate((0.2, -1.0, 5.0, 0.3)))
    of = Overview(TOKENS, 1, 4, rising, measure=measure, sorted=True)
    assert of.order == [(0, 2), (0, 3), (0, 0), (0, 1)]


@pytest.mark.parametrize("measure", MEASURES)
def test_what_has_no_measure_is_sorted_last(measure: str) -> None:
    heads = tuple(summary(0, head, **{measure: value}) for head, value in enumerate((math.nan, 0.1, math.nan, 0.3)))
    of = Overview(TOKENS, 2, 4, heads, measure=measure, sorted=True)
    assert of.order == [(0, 3), (0, 1), (0, 0), (0, 2), *((1, head) for head in range(4))]


def test_a_caption_is_the_measure() -> None:
    assert text_of(grid(overview()).line(1)).split() == ["▸1", ".00", ".01", ".02", ".03"]


def test_a_caption_of_sorted_heads_says_which_they_are() -> None:
    assert text_of(grid(overview(sorted=True)).line(0)).split()[:4] == ["3.4", ".23", "3.3", ".22"]


def test_what_a_text_has_no_key_for_is_a_dash() -> None:
    heads = tuple(summary(0, head, induction=math.nan) for head in range(2))
    assert text_of(grid(Overview(TOKENS, 1, 2, heads, measure="induction")).line(1)).split() == ["▸1", "–", "–"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, ".00"), (0.25, ".25"), (0.994, ".99"), (0.996, "1.0"), (1.0, "1.0"), (12.34, "12.3"), (99.6, "100")],
)
def test_a_measure_has_four_characters_at_most(value: float, text: str) -> None:
    assert short(value) == text
    assert len(text) <= 4


def test_what_has_not_been_computed_is_a_dot() -> None:
    drawn = grid(overview(ready=2))
    row = drawn.top + 2 * drawn.row_height
    assert [text_of(drawn.line(row + y)).split() for y in (0, 1, 2)] == [["3", *"––––"], [*"····"], []]


def test_layers_stand_at_the_left_and_heads_above() -> None:
    drawn = grid(overview(layer=1, head=2))
    assert text_of(drawn.line(0)).split() == ["1", "2", "3", "4"]
    labels = [text_of(drawn.line(drawn.top + row * drawn.row_height))[:LABELS].strip() for row in range(3)]
    assert labels == ["1", "▸2", "3"]


def test_the_heads_stay_above_when_scrolled() -> None:
    drawn = grid(overview())
    assert text_of(drawn.line(13, top=13)) == text_of(drawn.line(0))


def test_sorted_heads_have_no_labels() -> None:
    drawn = grid(overview(sorted=True))
    assert (drawn.labels, drawn.top) == (0, 0)


@pytest.mark.parametrize("is_sorted", [False, True])
def test_every_cell_of_a_picture_leads_to_its_head(is_sorted: bool) -> None:
    drawn = grid(overview(heads=12, sorted=is_sorted))
    for place, head in enumerate(drawn.of.order):
        row, column = divmod(place, drawn.columns)
        x, y = drawn.labels + column * (drawn.pixels + 1), drawn.top + row * drawn.row_height
        corners = [(x + right, y + down) for right in (0, drawn.pixels - 1) for down in (0, drawn.picture_height)]
        assert {drawn.at(*corner) for corner in corners} == {head}


@pytest.mark.parametrize("is_sorted", [False, True])
def test_pointing_anywhere_leads_to_the_head_that_is_drawn_there(is_sorted: bool) -> None:
    """Each head is alone on the grid once: where its caption or its pixels are, pointing means it."""
    of = overview(layers=2, heads=10, sorted=is_sorted)
    drawn = grid(of)
    for head in of.order:
        others = [replace(one, thumbnail=np.zeros((4, 4))) for one in of.heads]
        place = head[0] * of.n_heads + head[1]
        others[place] = replace(others[place], thumbnail=np.ones((4, 4)))
        alone = grid(replace(of, heads=tuple(others)))
        inked = {
            (x, y)
            for y in range(alone.top, alone.height)
            for x, character in enumerate(text_of(alone.line(y)))
            if character in SHADES[1:]
        }
        assert len(inked) == drawn.pixels * drawn.picture_height
        assert {drawn.at(*there) for there in inked} == {head}
        left, top = min(inked)
        caption = {(left + x, top - 1) for x in range(drawn.pixels)}
        assert {drawn.at(*there) for there in caption} == {head}


@pytest.mark.parametrize("place", [(0, 5), (20, 0), (77, 5), (20, 999), (500, 5)])
def test_beside_the_pictures_there_is_no_head(place: tuple[int, int]) -> None:
    assert grid(overview()).at(*place) is None


def test_the_cursor_is_at_the_selected_head() -> None:
    drawn = grid(overview(layer=2, head=1))
    place = drawn.cursor()
    assert drawn.at(place.x, place.y) == (2, 1)


def test_a_step_leads_to_the_neighbour() -> None:
    drawn = grid(overview(layer=1, head=1))
    steps = [(1, 0), (-1, 0), (0, 1), (0, -1)]
    assert [drawn.step(*step) for step in steps] == [(1, 2), (1, 0), (2, 1), (0, 1)]


@pytest.mark.parametrize(
    ("layer", "head", "step"), [(0, 0, (-1, 0)), (0, 0, (0, -1)), (2, 3, (1, 0)), (2, 3, (0, 1)), (1, 3, (1, 0))]
)
def test_a_step_stays_at_an_edge(layer: int, head: int, step: tuple[int, int]) -> None:
    assert grid(overview(layer=layer, head=head)).step(*step) == (layer, head)


def test_a_step_of_sorted_heads_goes_on_in_the_next_row() -> None:
    drawn = grid(overview(heads=12, sorted=True))
    layer, head = drawn.of.order[drawn.columns - 1]
    there = grid(overview(heads=12, sorted=True, layer=layer, head=head))
    assert there.step(1, 0) == there.of.order[there.columns]


@pytest.mark.parametrize("heads", [1, 7, 10])
def test_every_sorted_head_is_reached_by_steps_to_the_side(heads: int) -> None:
    order = overview(layers=1, heads=heads, sorted=True).order
    for by, expected in ((1, order), (-1, order[::-1])):
        here, walked = expected[0], [expected[0]]
        for _ in range(heads + 1):
            here = grid(overview(layers=1, heads=heads, sorted=True, layer=here[0], head=here[1])).step(by, 0)
            walked.append(here)
        assert walked == [*expected, expected[-1], expected[-1]]


def test_a_step_down_from_a_full_row_reaches_the_last_of_a_shorter_one() -> None:
    drawn = grid(overview(layers=1, heads=10, sorted=True))
    assert drawn.columns == 7
    layer, head = drawn.of.order[6]
    there = grid(overview(layers=1, heads=10, sorted=True, layer=layer, head=head))
    assert there.step(0, 1) == there.of.order[-1]


def test_without_colour_a_picture_is_made_of_shades() -> None:
    drawn = grid(overview())
    picture = text_of(drawn.line(drawn.top + 1))[LABELS:]
    assert set(picture) <= set(SHADES)
    assert "█" in "".join(text_of(line) for line in drawn.lines())


def test_a_head_is_told_with_all_its_measures_and_pairs() -> None:
    lines = [text_of(line) for line in about_head(overview(), EN, PLAIN, 36)]
    assert lines[0] == "Layer 1, head 1"
    assert lines[-1].split() == ["0.750", "the#3", "→", "the#1"]
    assert all(any(EN(f"measure.{name}.name")[:20] in line for line in lines) for name in MEASURES)


def test_a_head_that_has_not_been_computed_says_so() -> None:
    lines = [text_of(line) for line in about_head(overview(ready=0), EN, PLAIN, 36)]
    assert lines == ["Layer 1, head 1", EN("overview.waiting")]


def between(weights: tuple[float, ...], **look) -> Overview:
    return overview(2, 2, between=Between(1, 0, weights), measure=BETWEEN, **look)


def test_two_words_sort_the_heads_by_what_the_one_gives_the_other() -> None:
    of = between((0.1, 0.4, 0.3), sorted=True)
    assert of.order == [(0, 1), (1, 0), (0, 0), (1, 1)]
    assert text_of(grid(of).line(0)).split() == ["1.2", ".40", "2.1", ".30", "1.1", ".10", "2.2", "–"]


def test_the_weight_between_two_words_is_a_heat_from_nothing_to_the_largest() -> None:
    drawn = Grid(between((0.0, 0.4, 0.2), layer=1, head=1), replace(PLAIN, ramp=heat.DARK), 78)
    captions = [segment for y in (1, 1 + drawn.row_height) for segment in drawn.line(y)[1:-1:2]]
    grounds = [getattr(getattr(caption.style, "bgcolor", None), "name", None) for caption in captions]
    assert grounds == [heat.DARK_STEPS[0], heat.DARK_STEPS[-1], heat.DARK_STEPS[4], None]


def test_a_head_is_told_with_the_weight_between_two_words() -> None:
    lines = [text_of(line) for line in about_head(between((0.1, 0.4, 0.3, 0.2), head=1), EN, PLAIN, 36)]
    assert "The weight that each head gives:" in lines[1]
    assert any(line.split() == ["0.400", "–", "cat", "→", "the#1"] for line in lines)


def test_a_head_is_told_beside_one_that_looks_at_all_alike() -> None:
    of = overview(1, 1)
    of = replace(of, heads=(replace(of.heads[0], uniform={"first": 0.25}, sink=3),))
    lines = [text_of(line).split() for line in about_head(of, EN, PLAIN, 36)]
    assert ["0.000", "0.250", "to", "the", "first", "token"] in lines
    assert ["0.000", "–", "to", "its", "sink,", "mat"] in lines
