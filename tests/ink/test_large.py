"""The selected head, large, and the legend of all heads: what they say is what is drawn."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from test_overview_picture import EN, overview, summary, thumbnail

from kitten_tui.core.measures import HeadSummary
from kitten_tui.ink import heat
from kitten_tui.ink.cells import text_of, width_of
from kitten_tui.ink.grid import CAPTION, MAX_PIXELS, MIN_PIXELS, Grid
from kitten_tui.ink.large import extent, large, legend
from kitten_tui.ink.overview import Overview
from kitten_tui.ink.palette import PLAIN, Palette
from kitten_tui.words import LANGUAGES, Words

DARK = Palette(ramp=heat.DARK)


def of_tokens(n: int, layers: int = 1, heads: int = 12) -> Overview:
    size = min(n, 32)
    summaries = []
    for layer in range(layers):
        for head in range(heads):
            like = summary(layer, head)
            summaries.append(
                HeadSummary(layer, head, like.measures, thumbnail(size, head), np.zeros(n), np.zeros(n, dtype=np.intp))
            )
    return Overview(tuple(f"t{place}" for place in range(n)), layers, heads, tuple(summaries))


@pytest.mark.parametrize("n", [1, 3, 12, 13, 57, 1024])
@pytest.mark.parametrize(("width", "height"), [(78, 18), (100, 40), (140, 44)])
def test_the_legend_says_how_many_tokens_a_cell_stands_for(n: int, width: int, height: int) -> None:
    grid = Grid(of_tokens(n), DARK, width, height)
    text = text_of(legend(grid, EN, DARK, 200))
    keys, queries = n / grid.pixels, n / grid.tall
    numbers = [float(number) for number in re.findall(r"[\d.]+", text.split("   ")[1])]
    if keys == queries:
        assert numbers == pytest.approx([1.0, keys] if keys >= 1 else [1.0, 1 / keys], abs=0.05)
    else:
        assert numbers == pytest.approx([1.0, queries, keys], abs=0.05)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_legend_fits_the_smallest_window(language: str) -> None:
    words = Words(language)
    grid = Grid(of_tokens(1000, layers=6), DARK, 78, 18)
    assert width_of(legend(grid, words, DARK, 80)) <= 80


@pytest.mark.parametrize("height", [18, 30, 44])
@pytest.mark.parametrize("layers", [1, 2, 6])
def test_tokens_are_not_squeezed_while_lines_are_free(layers: int, height: int) -> None:
    """If pictures have fewer pixels than tokens, the next arrangement would not fit."""
    grid = Grid(of_tokens(12, layers), PLAIN, 78, height)
    if grid.pixels < 12:
        more = -(-12 // (grid.lines_of_layer + 1))
        wider = min((78 - grid.labels) // more - 1, 16)
        assert layers * (grid.lines_of_layer + 1) * (-(-wider // 2) + 1) > height or wider < CAPTION
    if grid.tall < 12:
        assert grid.height + grid.rows > height


@pytest.mark.parametrize("layers", [1, 2, 6])
@pytest.mark.parametrize("heads", [1, 5, 12])
@pytest.mark.first_is_quick
def test_every_head_is_found_where_it_is_drawn(layers: int, heads: int) -> None:
    of = of_tokens(12, layers, heads)
    grid = Grid(of, PLAIN, 78, 44)
    found = {grid.at(x, y) for y in range(grid.height) for x in range(grid.width)} - {None}
    assert found == {(layer, head) for layer in range(layers) for head in range(heads)}
    for layer, head in found:
        here = Grid(overview(layers, heads, layer=layer, head=head), PLAIN, 78, 44)
        place = here.cursor()
        assert here.at(place.x, place.y) == (layer, head)
        assert here.step(1, 0) == (layer, min(head + 1, heads - 1))
        assert here.step(-1, 0) == (layer, max(head - 1, 0))


def test_a_picture_has_a_whole_number_of_cells_for_each_token() -> None:
    for n in range(1, 17):
        grid = Grid(of_tokens(n, heads=4), PLAIN, 78, 18)
        assert grid.pixels >= MIN_PIXELS
        assert grid.pixels % n == 0 or grid.pixels < 2 * n


def test_the_large_head_has_its_numbers_in_per_cent_and_its_names() -> None:
    of = of_tokens(6)
    lines = [text_of(line) for line in large(of, EN, DARK, 40, 12)]
    weights = of.heads[0].thumbnail
    assert "1 cell = 1 token" in lines[0]
    assert lines[1].split() == ["t0", "t1", "t2", "t3", "t4", "t5"]
    for row, line in enumerate(lines[2:]):
        assert line.split()[0] == f"t{row}"
        assert [int(text) for text in line.split()[1:]] == [round(100 * weight) for weight in weights[row]]


@pytest.mark.parametrize("n", [1, 2, 5, 17, 33, 400])
@pytest.mark.parametrize(("width", "height"), [(20, 6), (36, 12), (54, 30)])
def test_the_large_head_keeps_to_its_room(n: int, width: int, height: int) -> None:
    lines = large(of_tokens(n), EN, PLAIN, width, height)
    assert len(lines) <= height
    assert all(width_of(line) <= width for line in lines)


def test_no_head_is_large_before_it_is_computed() -> None:
    assert large(overview(ready=0), EN, DARK, 40, 20) == []


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ((12, 12, 12, 12), "1 cell = 1 token"),
        ((4, 16, 4, 16), "1 token = 4 cells"),
        ((912, 16, 912, 16), "1 cell = 57 tokens"),
        ((12, 8, 12, 5), "1 cell = 1.5 × 2.4 tokens"),
    ],
)
def test_what_a_cell_stands_for(counts: tuple[int, int, int, int], text: str) -> None:
    assert extent(*counts, EN) == text


FALLING = np.array([[1.0, 0.5625, 0.25, 0.0625, 0.0]] * 5)
"""Their roots are whole quarters of the largest."""


def alone(weights: np.ndarray) -> Overview:
    of = of_tokens(len(weights), heads=1)
    return replace(of, heads=(replace(of.heads[0], thumbnail=weights),))


def test_without_colour_each_quarter_of_the_largest_root_is_a_shade() -> None:
    lines = [text_of(line) for line in large(alone(FALLING), EN, PLAIN, 9, 12)]
    assert [line[3:].rstrip() for line in lines[2:]] == ["█▓▒░"] * 5


def test_with_colour_the_largest_is_hottest_and_nothing_is_coldest() -> None:
    for row in large(alone(FALLING), EN, DARK, 40, 12)[2:]:
        heats = [heat.DARK.styles.index(part.style) for part in row if part.style in heat.DARK.styles]
        assert heats == sorted(heats, reverse=True)
        assert (heats[0], heats[-1]) == (len(heat.DARK.styles) - 1, 0)


@pytest.mark.parametrize("layers", [1, 2, 6])
@pytest.mark.parametrize("height", range(10, 60, 3))
@pytest.mark.parametrize("width", [50, 78, 120])
@pytest.mark.first_is_quick
def test_a_layer_goes_on_below_only_where_all_of_it_has_room_and_captions_do(
    width: int, height: int, layers: int
) -> None:
    grid = Grid(of_tokens(12, layers), PLAIN, width, height)
    assert grid.lines_of_layer == 1 or (grid.height <= height and grid.pixels >= CAPTION)


@pytest.mark.parametrize("is_sorted", [False, True])
@pytest.mark.parametrize("width", range(1, 12))
def test_a_window_that_is_too_small_still_has_a_column(width: int, is_sorted: bool) -> None:
    grid = Grid(replace(of_tokens(4, 2, 3), sorted=is_sorted), PLAIN, width, 5)
    assert grid.columns >= 1
    assert {grid.at(x, y) for y in range(grid.height) for x in range(grid.width)} >= {*grid.of.order}


@pytest.mark.parametrize("n", [1, 3, 7, 12, 30])
@pytest.mark.parametrize("height", range(10, 60, 7))
@pytest.mark.parametrize("width", [50, 78, 120])
def test_a_layer_goes_on_below_only_where_tokens_would_be_squeezed_otherwise(width: int, height: int, n: int) -> None:
    grid = Grid(of_tokens(n), PLAIN, width, height)
    if grid.lines_of_layer > 1:
        columns = -(-12 // (grid.lines_of_layer - 1))
        assert max(min((width - grid.labels) // columns - 1, MAX_PIXELS), MIN_PIXELS) < n
