from __future__ import annotations

from dataclasses import replace

import pytest
from piloting import reading

from kitten_tui.cli import main
from kitten_tui.core.cell import Cell
from kitten_tui.core.settings import Settings
from kitten_tui.core.workings import Workings
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.formula import cell_name
from kitten_tui.paper.explain import CellError, explain, parse_cell
from kitten_tui.sources.find import open_source
from kitten_tui.stages import STAGES
from kitten_tui.stages.view import View
from kitten_tui.words import Words

LESSON = open_source("journey")
WORKINGS = Workings(LESSON, Settings())


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("weights[journey,step]", Cell("weights", (1, 5))),
        ("weights[2,6]", Cell("weights", (1, 5))),
        (" weights [ journey , 'step' ] ", Cell("weights", (1, 5))),
        ("q h2[journey,1]", Cell("q", (1, 0), head=1)),
        ("output[2,1]", Cell("output", (1, 0))),
        ("total[one]", Cell("total", (4,))),
        ("contribution[1,2,2]", Cell("contribution", (0, 1, 1))),
        ("divisor", Cell("divisor", ())),
        ("α h2[journey, step]", Cell("weights", (1, 5), head=1)),
        ("W_o[2.1, d3]", Cell("w_o", (2, 2))),
        ("1 − max α[journey]", Cell("headroom", (1,))),
    ],
)
def test_cells_are_named_by_token_or_by_number(text: str, cell: Cell) -> None:
    assert parse_cell(text, WORKINGS, head=0) == cell


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("nope[1,2]", "one of embedding, position"),
        ("", "one of embedding, position"),
        ("weights", "expected weights[query, key]"),
        ("weights[1]", "expected weights[query, key]"),
        ("weights[1,7]", "a token of the sentence or a number from 1 to 6 for key, found 7"),
        ("weights[1,0]", "from 1 to 6 for key, found 0"),
        ("weights[1," + "9" * 5000 + "]", "from 1 to 6 for key"),
        ("q[nobody,1]", "for token, found nobody"),
        ("q h4[1,1]", "a head from 1 to 3, found h4"),
        ("b_q[1]", "this source has none"),
    ],
)
def test_a_bad_name_says_what_would_be_right(text: str, wanted: str) -> None:
    with pytest.raises(CellError) as refused:
        parse_cell(text, WORKINGS, head=0)
    assert wanted in str(refused.value)


@pytest.mark.parametrize("source", ["journey", "the cat saw the cat"])
def test_every_name_that_is_printed_can_be_typed(source: str) -> None:
    lesson = open_source(source)
    workings = Workings(lesson, Settings())
    for stage in STAGES:
        view = View(lesson, Settings(), Selection(query=2, key=1, head=1, pinned=0))
        for figure in stage.sheet(view).stops:
            cell = workings.address(replace(figure.cell(view.selection), rescaled=False))
            assert parse_cell(cell_name(cell, workings, head=True), workings, head=0) == cell


def test_one_step_down() -> None:
    cell = parse_cell("weights[journey,step]", WORKINGS, head=0)
    assert list(explain(WORKINGS, cell, 1, Words("en"))) == [
        "α h1[journey, step] = 2.979 / 16.368 = 0.182",
        "  its exp ÷ the sum of the row",
    ]


def test_all_the_way_down_ends_at_inputs_and_tells_each_cell_once() -> None:
    lines = list(explain(WORKINGS, Cell("output", (1, 0)), 99, Words("en")))
    told = [line.strip() for line in lines[::2]]
    assert len(told) == len(set(told))
    assert any(line.startswith("e[journey, d1] = 0.510") for line in told)
    assert any(line.startswith("W_q h1[") for line in told)


def test_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--explain", "weights[journey,step]", "--lang", "zh"]) == 0
    assert capsys.readouterr().out == "α h1[journey, step] = 2.979 / 16.368 = 0.182\n  它的 exp ÷ 本行总和\n"
    assert main(["--explain", "weights[journey]"]) == 2
    assert main(["--explain", "weights[1,1]", "--depth", "0"]) == 2
    assert capsys.readouterr().err.count("\n") == 2


def test_an_explanation_ends_where_a_model_has_more_below_than_anybody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kitten_tui.paper.explain.MOST_CELLS", 100)
    source = reading("gpt2")
    source.compute()
    workings = Workings(source, source.settings, 1)
    lines = list(explain(workings, Cell("output", (1, 0), 0, 1), 1000, Words("en")))
    assert lines[-1] == Words("en")("explain.more", most="100")
    assert sum("=" in line for line in lines[:-1]) >= 100
