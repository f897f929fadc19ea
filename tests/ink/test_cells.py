from __future__ import annotations

import ctypes
import unicodedata
from locale import LC_CTYPE, setlocale

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from kitten_tui.ink.cells import clean, crop, cut, fit, show_token, text_of, width_of, wrap

HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x9b2J",
    "a\nb\tc\x07",
    "\u202eevil\u202c",
    "zero\u200bwidth",
    "e" + "\u0301" * 40,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f44d\U0001f3fd",
    "\U0001f1ef\U0001f1f5",
    "\u26a0\ufe0f",
    "\udc80",
    "[red]markup[/]",
    "שלום",
    "",
    "   ",
]


@pytest.mark.parametrize("token", HOSTILE)
def test_a_shown_token_is_harmless(token: str) -> None:
    shown = show_token(token)
    kinds = {unicodedata.category(character) for character in shown}
    assert shown.strip()
    assert not kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        ("\x1b[31mred", "�[31mred"),
        ("a\nb", "a⏎b"),
        ("[red]markup[/]", "[red]markup[/]"),
        ("\U0001f44d\U0001f3fd", "\U0001f44d"),
        ("\U0001f1ef\U0001f1f5", "JP"),
        ("  ", "␣␣"),
        ("", "␣"),
    ],
)
def test_what_a_token_is_shown_as(token: str, shown: str) -> None:
    assert show_token(token) == shown


SPACING = [character for character in map(chr, range(0x110000)) if unicodedata.category(character) == "Mc"]


def test_every_mark_that_takes_room_takes_a_cell() -> None:
    """Terminals differ on them; what stands for them is one cell wide, and none is lost."""
    for mark in SPACING:
        assert cell_len(clean(f"a{mark}b")) == 3, f"{ord(mark):x}"


def test_every_letter_of_a_flag_is_a_letter() -> None:
    flags = "".join(map(chr, range(0x1F1E6, 0x1F200)))
    assert clean(flags) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.parametrize("count", [1, 2, 3, 40])
def test_a_letter_keeps_two_marks_at_most(count: int) -> None:
    assert clean("q" + "\u0323" * count) == "q" + "\u0323" * min(count, 2)


@given(st.text(), st.integers(1, 30), st.sampled_from(["left", "right"]))
def test_fit_fills_its_width_exactly(text: str, width: int, align: str) -> None:
    assert cell_len(fit(clean(text), width, align)) == width


@given(st.text(), st.integers(0, 20))
@pytest.mark.slow
def test_cut_is_never_too_wide(text: str, width: int) -> None:
    assert cell_len(cut(clean(text), width)) <= width


@given(st.text(alphabet="ab 小猫，。（）\n", max_size=60), st.integers(4, 12))
def test_wrap_loses_nothing_and_fits(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cell_len(line) <= width for line in lines)


def test_chinese_wraps_by_cells_and_starts_no_line_with_a_stop() -> None:
    assert wrap("小猫坐在垫子上。它看小鸟。", 8) == ["小猫坐在", "垫子上。", "它看小", "鸟。"]


def test_words_wrap_whole() -> None:
    assert wrap("the kitten sat\n\non it", 10) == ["the kitten", "sat", "", "on it"]


@given(st.text(alphabet="a小b猫c", max_size=12), st.integers(0, 8), st.integers(1, 8))
def test_crop_shows_exactly_its_window(text: str, left: int, size: int) -> None:
    line = [Segment(character, Style(bold=True)) for character in text]
    cropped = crop(line, left, left + size)
    assert width_of(cropped) == max(0, min(left + size, cell_len(text)) - min(left, cell_len(text)))


def test_half_of_a_wide_character_becomes_a_space() -> None:
    assert text_of(crop([Segment("小猫")], 1, 4)) == " 猫"


@pytest.mark.parametrize("width", [-1, 0, 1])
def test_wrap_survives_a_window_of_no_width(width: int) -> None:
    assert "".join(wrap("a 猫", width)) == "a猫"


SCRIPTS = [(0x0900, 0x0DFF), (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF)]
"""From Devanagari to Sinhala, Thai and Lao, Myanmar, Khmer."""
DOUBTFUL = "☰⚊㉈\U0001d300\U0001d360"


@pytest.mark.parametrize(("first", "last"), SCRIPTS)
def test_marks_are_as_wide_as_the_library_of_terminals_says(first: int, last: int) -> None:
    """A letter with any sign after it; what is behind them stands in the same column."""
    library = ctypes.CDLL(None)
    setlocale(LC_CTYPE, "C.UTF-8")
    library.wcwidth.argtypes = [ctypes.c_wchar]
    for code in range(first, last + 1):
        if unicodedata.category(chr(code)) != "Cn":
            shown = clean("अ" + chr(code))
            assert cell_len(shown) == sum(map(library.wcwidth, shown)), f"{code:04x}"


def test_a_sign_that_is_one_cell_to_some_and_two_to_others_is_shown_by_another() -> None:
    assert clean(DOUBTFUL) == "◌" * len(DOUBTFUL)
    assert clean("a\u3164\uffa0b") == "ab"
