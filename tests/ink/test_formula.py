from __future__ import annotations

import numpy as np
import pytest
from rich.cells import cell_len

from kitten_tui.core.cell import Cell
from kitten_tui.core.settings import Settings
from kitten_tui.core.workings import Workings
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.formula import Sum, arithmetic, arithmetic_room, cell_name, expression, text_of_pieces
from kitten_tui.sources.find import open_source
from kitten_tui.sources.recording import Recording
from kitten_tui.words import Words


def written(name: str, *index: int, width: int = 100, source: str = "journey", **settings: object) -> str:
    lesson = open_source(source)
    workings = Workings(lesson, Settings(**settings))  # type: ignore[arg-type]
    lines = arithmetic(workings.derive(Cell(name, index)), Sum(workings, Words("en")), width)
    return text_of(lines[0])


@pytest.mark.parametrize(
    ("name", "index", "line"),
    [
        ("embedding", (1, 0), "e[journey, d1] = 0.510"),
        ("x", (1, 0), "x[journey, d1] = 0.510 + 0.040 = 0.550"),
        ("w_q", (0, 1), "W_q[d1, d2] = 0.517"),
        ("scores", (1, 1), "ω[journey, journey] = 0.431 × 0.443 + 1.455 × 1.142 = 0.191 + 1.661 = 1.852"),
        ("scaled", (1, 1), "scaled[journey, journey] = 1.852 / √2 = 1.852 / 1.414 = 1.310"),
        ("masked", (1, 1), "masked[journey, journey] = 1.310 = 1.310"),
        ("exp", (1, 1), "exp[journey, journey] = e^1.310 = 3.706"),
        ("weights", (1, 1), "α[journey, journey] = 3.706 / 16.368 = 0.226"),
        ("headroom", (1,), "1 − max α[journey] = 1 − 0.226 = 0.774"),
        ("contribution", (1, 1, 0), "α v[journey, journey, d1] = 0.226 × 0.395 = 0.089"),
        ("concat", (1, 2), "concat[journey, 2.1] = z h2[journey, d1] = -0.532"),
    ],
)
def test_the_arithmetic_of_the_lesson(name: str, index: tuple[int, ...], line: str) -> None:
    assert written(name, *index) == line


def test_a_covered_cell() -> None:
    assert written("masked", 1, 2, mask="causal") == "masked[journey, starts] = 1.281 → −∞ = −∞"
    assert written("exp", 1, 2, mask="causal") == "exp[journey, starts] = e^−∞ = 0.000"


def test_without_the_scale_nothing_is_divided() -> None:
    assert written("scaled", 1, 1, scale=False) == "scaled[journey, journey] = ω[journey, journey] = 1.852"


def test_dropout_says_what_is_kept_and_by_how_much_it_grows() -> None:
    assert written("dropped", 1, 1, dropout=0.5, seed=3) in (
        "α′[journey, journey] = 0.226 × 1 / 0.500 = 0.453",
        "α′[journey, journey] = 0.226 × 0 / 0.500 = 0.000",
    )


def test_an_expression_longer_than_its_line_begins_with_the_largest_terms() -> None:
    line = written("context", 1, 0, width=79)
    assert line == "z[journey, d1] = 0.226 × 0.395 + 0.220 × 0.388 + (… 4 more = 0.131) = 0.306"


@pytest.mark.parametrize("width", [78, 79, 120, 200])
def test_the_line_fits_its_width(width: int) -> None:
    assert len(written("output", 1, 0, width=width)) <= width


def test_minus_is_written_once() -> None:
    assert "+ -" not in written("output", 1, 2, width=200)


@pytest.mark.parametrize("width", [78, 100, 120])
@pytest.mark.parametrize(
    ("name", "index"), [("scores", (1, 1)), ("context", (1, 0)), ("output", (1, 0)), ("weights", (1, 1)), ("x", (0, 0))]
)
def test_the_room_is_what_the_name_the_signs_and_the_result_leave(
    name: str, index: tuple[int, ...], width: int
) -> None:
    lesson = open_source("journey")
    workings = Workings(lesson, Settings())
    look, derivation = Sum(workings, Words("en")), workings.derive(Cell(name, index))
    room = arithmetic_room(derivation, look, width)
    sums = cell_len(text_of_pieces(expression(derivation, look, room)))
    assert sums <= room
    assert cell_len(text_of(arithmetic(derivation, look, width)[0])) == width - room + sums


def test_a_sum_that_fills_its_line_to_the_last_cell_is_worked_out() -> None:
    whole = written("scores", 1, 1, width=200)
    assert written("scores", 1, 1, width=len(whole)) == whole
    assert written("scores", 1, 1, width=len(whole) - 1) == whole.replace(" = 0.191 + 1.661", "")


@pytest.mark.parametrize("width", range(50, 140, 7))
@pytest.mark.parametrize(("name", "index"), [("shift", (1,)), ("typical_sensitivity", (2, 1))])
def test_a_choice_among_many_names_those_that_have_room_and_counts_the_others(
    name: str, index: tuple[int, ...], width: int
) -> None:
    lesson = open_source("long")
    count = len(Workings(lesson, Settings()).derive(Cell(name, index)).terms)
    line = written(name, *index, width=width, source="long")
    *named, last = line[line.index("(") + 1 : line.rindex(")")].split(", ")
    others = int(last.removeprefix("… ")) if last.startswith("…") else 1
    assert len(named) + others == count
    assert cell_len(line) <= width


@pytest.mark.parametrize(
    ("name", "index", "wanted"),
    [
        ("q", (1, 1), "q[cat, d2]"),
        ("k", (1, 1), "k[chat, d2]"),
        ("v", (1, 0), "v[chat, d1]"),
        ("scores", (2, 1), "ω[sat, chat]"),
        ("context", (1, 0), "z[cat, d1]"),
        ("concat", (2, 1), "concat[sat, 1.2]"),
    ],
)
def test_each_number_is_named_by_the_token_of_the_text_it_belongs_to(
    name: str, index: tuple[int, ...], wanted: str
) -> None:
    draw = np.random.RandomState(1)
    given = {role: draw.normal(size=(1, 1, 3 if role == "q" else 2, 2)) for role in "qkv"}
    source = Recording(given, ("the", "cat", "sat"), ("le", "chat"))
    assert cell_name(Cell(name, index), Workings(source, source.settings), head=False) == wanted
