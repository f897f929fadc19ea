from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from piloting import CHECKPOINTS, LONG, reading

from kitten_tui.desk.selection import Selection
from kitten_tui.ink.blocks import Look
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.matrix import MatrixBlock
from kitten_tui.ink.palette import PLAIN
from kitten_tui.ink.sheet import WINDOW_CELLS, Picture
from kitten_tui.ink.window import MIN_ROWS, Windows, cut_columns, share_out
from kitten_tui.stages import STAGES, Page, turn_to
from kitten_tui.stages.figure import Axis, Matrix
from kitten_tui.stages.view import View
from kitten_tui.words import Words

EN = Words("en")
NAMES = sorted(path.parent.name for path in CHECKPOINTS.glob("*/config.json"))
ROOMS = [(79, 15), (79, 25)]
"""What 80 × 24 and, with the text beside them, 120 × 36 leave for figures."""
WIDE = (119, 25)
"""The same without the text."""
walks = st.lists(st.integers(0, 59), min_size=1, max_size=30)


def walked(places: Sequence[int], length: int, count: int) -> list[tuple[int, range]]:
    """Where the cursor goes along an axis, and the window at every place."""
    axis, windows = Axis("key", tuple(map(str, range(length)))), Windows()
    return [(place % length, windows.place("keys", axis, count, Selection(key=place % length))) for place in places]


@given(walks, st.integers(1, 60), st.integers(1, 70))
def test_the_cursor_is_always_in_its_window(places: list[int], length: int, count: int) -> None:
    assert all(place in window for place, window in walked(places, length, count))


@given(walks, st.integers(1, 60), st.integers(1, 70))
def test_a_window_shows_as_much_as_it_may_and_nothing_beyond_the_end(
    places: list[int], length: int, count: int
) -> None:
    for _, window in walked(places, length, count):
        assert len(window) == min(count, length)
        assert window.start >= 0
        assert window.stop <= length


@given(walks, st.integers(1, 60), st.integers(1, 70))
def test_a_window_moves_no_further_than_to_the_cursor(places: list[int], length: int, count: int) -> None:
    steps = walked(places, length, count)
    for (_, before), (place, after) in pairwise(steps):
        if place in before:
            assert after == before
        else:
            assert place in (after[0], after[-1])


def test_two_axes_have_windows_of_their_own() -> None:
    axis, windows = Axis("key", tuple(map(str, range(40)))), Windows()
    windows.place("one", axis, 5, Selection(key=30))
    assert windows.place("other", axis, 5, Selection(key=2)) == range(1, 6)


sizes = st.lists(st.integers(0, 90), min_size=1, max_size=8)


@given(st.integers(-5, 200), sizes, st.integers(1, 5))
def test_nobody_gets_more_than_is_wanted_or_less_than_the_least(room: int, wanted: list[int], least: int) -> None:
    for size, want in zip(share_out(room, wanted, least), wanted, strict=True):
        assert min(want, least) <= size <= want


@given(st.integers(0, 200), sizes, st.integers(1, 5))
def test_shares_keep_to_the_room_unless_the_least_is_more(room: int, wanted: list[int], least: int) -> None:
    assert sum(share_out(room, wanted, least)) <= max(room, sum(min(want, least) for want in wanted))


@given(st.integers(0, 200), sizes, st.integers(1, 5))
def test_who_goes_short_gets_as_much_as_all_others_at_most(room: int, wanted: list[int], least: int) -> None:
    shares = share_out(room, wanted, least)
    short = {size for size, want in zip(shares, wanted, strict=True) if size < want}
    assert len(short) <= 1
    assert max(shares) == max(short, default=max(shares))


@given(st.integers(0, 200), sizes)
def test_no_room_is_left_that_all_who_go_short_could_share(room: int, wanted: list[int]) -> None:
    shares = share_out(room, wanted, 0)
    short = sum(size < want for size, want in zip(shares, wanted, strict=True))
    assert short == 0 or room - sum(shares) < short


@pytest.mark.parametrize("count", [1, 4, 5, 6, 9])
@pytest.mark.parametrize("key", [0, 2, 4])
def test_a_figure_is_cut_as_soon_as_one_column_has_no_room(count: int, key: int) -> None:
    columns = Axis("key", ("a", "b", "c", "d", "e"))
    figure = Matrix(id="scores", name="scores", values=np.arange(5.0)[None], rows=Axis("", ("",)), columns=columns)
    cut = cut_columns(figure, count, Windows(), Selection(key=key))
    assert isinstance(cut, Matrix)
    assert len(cut.columns) == min(count, 5)
    first = cut.columns.first
    assert cut.columns.labels == columns.labels[first : first + count]
    assert cut.values.tolist() == [[float(place) for place in range(first, first + len(cut.columns))]]
    assert (cut is figure) == (count >= 5)


# Figures of models


@cache
def read(name: str):
    found = reading(name, LONG)
    found.compute()
    return found


def page(name: str, stage: int, **places: int) -> Page:
    source = read(name)
    return turn_to(STAGES[stage], View(source, source.settings, Selection(stage=stage, layer=1).moved(**places)))


def picture(page: Page, width: int, height: int, windows: Windows | None = None) -> Picture:
    return Picture(page.sheet, Look(EN, PLAIN, page.selection, page.focused.id), width, height, windows)


@pytest.mark.parametrize("name", NAMES)
def test_the_figures_of_a_long_text_fit_the_width(name: str) -> None:
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    for stage in range(len(STAGES)):
        drawn = page(name, stage)
        for width, height in ROOMS:
            assert picture(drawn, width, height).width <= width, (drawn.stage.id, width)


@pytest.mark.parametrize("name", NAMES)
def test_the_figures_of_a_long_text_fit_a_wide_window_without_the_lesson(name: str) -> None:
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    for stage in range(len(STAGES)):
        assert picture(page(name, stage), *WIDE).width <= WIDE[0], STAGES[stage].id


@pytest.mark.parametrize("name", ["llama", "qwen3", "bert", "gpt_neox", "gpt2"])
def test_the_cursor_is_in_the_picture_wherever_it_goes(name: str) -> None:
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    last = len(read(name).tokens) - 1
    for stage in range(len(STAGES)):
        windows = Windows()
        for place in (0, 7, last, last // 2, 3):
            drawn = picture(page(name, stage, query=place, key=min(place, last), d_model=place % 16), 79, 15, windows)
            cursor = drawn.cursor()
            assert cursor is not None
            assert 0 <= cursor.x < drawn.width
            assert 0 <= cursor.y < drawn.height


def test_every_band_of_a_long_text_keeps_its_least_rows() -> None:
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    for stage in range(len(STAGES)):
        for band in picture(page("llama", stage), 79, 15).bands:
            assert band.rows is None or len(band.rows) in (1, *range(MIN_ROWS, 16)), stage


@pytest.mark.parametrize("width", range(30, 120, 7))
def test_a_window_takes_every_column_that_fits(width: int) -> None:
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    for room in (width, width + 1, width + 6):
        drawn = picture(page("llama", 2), room, 15)
        assert room - WINDOW_CELLS < drawn.width <= room


@pytest.mark.parametrize("stage", [2, 5])
@pytest.mark.parametrize("key", [0, 1, 30, -2, -1])
def test_every_column_of_a_window_shows_its_own_numbers_to_the_last(stage: int, key: int) -> None:
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    n = len(read("llama").tokens)
    shown = page("llama", stage, query=n - 1, key=key % n)
    drawn = picture(shown, 79, 15)
    for band, top in zip(drawn.bands, drawn.tops, strict=True):
        for block, left in zip(band.blocks, band.lefts, strict=True):
            if not isinstance(block, MatrixBlock) or len(block.figure.columns) == 1:
                continue
            columns = block.figure.columns
            assert len(columns) < n
            assert columns.first <= key % n < columns.first + len(columns)
            for row in range(len(block.figure.rows)):
                line = text_of(drawn.line(top + block.body.start + row))[left : left + len(columns) * WINDOW_CELLS + 1]
                numbers = re.sub(r"[\[\]]", " ", line).split()
                whole = block.figure.all_values[block.figure.rows.first + row]
                values = whole[columns.first : columns.first + len(columns)]
                hidden = block.figure.hidden
                assert len(numbers) == len(columns)
                for place, (number, value) in enumerate(zip(numbers, values, strict=True)):
                    if hidden is None or not hidden[row, place]:
                        assert number == block.write(float(value)), (block.figure.id, row, place)
