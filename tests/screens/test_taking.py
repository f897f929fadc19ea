"""x writes what is on the screen to a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from piloting import app, computed, model_app, overview, said, screen, type_in
from textual.widgets import Static


def ids(path: Path) -> list[str]:
    return [figure["id"] for section in json.loads(path.read_text())["sections"] for figure in section["figures"]]


@pytest.mark.parametrize(("downs", "expected"), [(0, ["scores"]), (1, ["scores"]), (2, ["embedding", "position", "x"])])
@pytest.mark.first_is_quick
async def test_the_figure_the_stage_or_the_lesson_is_written(tmp_path: Path, downs: int, expected: list[str]) -> None:
    path = tmp_path / "taken.json"
    async with app().run_test() as pilot:
        await pilot.press("3", "x", *["down"] * downs, "enter")
        await type_in(pilot, str(path))
        assert said(pilot) == "message.saved"
    assert ids(path)[: len(expected)] == expected


@pytest.mark.slow
async def test_an_existing_file_is_replaced_when_it_is_asked_for_twice(tmp_path: Path) -> None:
    path = tmp_path / "taken.svg"
    path.write_text("mine")
    async with app().run_test() as pilot:
        await pilot.press("x", "enter")
        await type_in(pilot, str(path))
        assert path.read_text() == "mine"
        assert "found one that is there already" in str(pilot.app.screen.query_one("#problem", Static).render())
        await pilot.press("enter")
        assert said(pilot) == "message.saved"
    assert path.read_text().startswith("<svg")


async def test_a_suffix_that_is_none_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    async with app().run_test() as pilot:
        await pilot.press("x", "enter")
        await type_in(pilot, str(tmp_path / "taken.pdf"))
        assert ".svg, .html" in str(pilot.app.screen.query_one("#problem", Static).render())
        await pilot.press("escape")
        assert screen(pilot).is_current
    assert [*tmp_path.iterdir()] == []


async def test_all_heads_are_written(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    path = tmp_path / "heads.json"
    async with model_app().run_test() as pilot:
        await computed(pilot)
        await pilot.press("x")
        await type_in(pilot, str(path))
        (figure,) = json.loads(path.read_text())["sections"][0]["figures"]
        heads = overview(pilot).survey.heads
        assert figure["rows"] == [f"{head.layer + 1}.{head.head + 1}" for head in heads]
        assert figure["values"][3] == pytest.approx([*heads[3].measures.values()])
