"""The explorer from Python."""

from __future__ import annotations

import asyncio
import doctest
import subprocess
import sys

import numpy as np
import pytest

import kitten_tui
from kitten_tui import explorer
from kitten_tui.words import Words

WEIGHTS = np.full((2, 3, 4, 4), 0.25)
WORDS = "the cat sat down"


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")


def test_what_the_documentation_shows_is_what_comes() -> None:
    assert doctest.testmod(explorer).failed == 0
    assert doctest.testmod(explorer).attempted > 5


def test_pages_display_themselves_as_html_and_as_text() -> None:
    pages = kitten_tui.explore(WEIGHTS, WORDS)
    assert pages is not None
    for shown in (pages, pages.overview(), pages.stage(4), pages.stage("softmax", figure="weights"), pages.head(2, 3)):
        bundle = shown._repr_mimebundle_([], [])
        assert set(bundle) == {"text/plain", "text/html"}
        assert all("cat" in said for said in bundle.values())
        assert "\x1b" not in bundle["text/plain"]
        assert "<script" not in bundle["text/html"]
    assert pages.stage(4, query="sat").text == pages.stage("softmax", 1, 1, 3).text


def test_a_running_loop_gets_pages() -> None:
    async def cell() -> object:
        return kitten_tui.explore(WEIGHTS, WORDS)

    assert isinstance(asyncio.run(cell()), type(kitten_tui.explore(WEIGHTS, WORDS)))


@pytest.mark.parametrize("stage", [0, 8, "soft"])
def test_pages_refuse_what_is_not_there(stage: int | str) -> None:
    pages = kitten_tui.explore(WEIGHTS, WORDS)
    assert pages is not None
    with pytest.raises(ValueError, match=r"stage: expected a number from 1 to 7 or one of vectors, .*, found"):
        pages.stage(stage)
    with pytest.raises(ValueError, match="layer: expected a number from 1 to 2, found 3"):
        pages.head(3)


def test_any_source_is_explored() -> None:
    pages = kitten_tui.explore(kitten_tui.open_source("journey"))
    assert pages is not None
    assert "journey" in pages.text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_faults_are_shown_where_they_are(language: str) -> None:
    weights = WEIGHTS.copy()
    weights[0, 0, 1], weights[0, 0, 2, 3] = 0.5, np.nan
    pages = kitten_tui.explore(weights, WORDS, language=language)
    assert pages is not None
    faults = Words(language)
    place = {"layer": 1, "head": 1}
    summed = faults("fault.sum", **place, token="cat", value="2")
    assert summed in pages.overview().text
    softmax = pages.stage("softmax", query="cat").text.replace("\n", " " if language == "en" else "")
    assert summed in softmax
    lacking = pages.stage("heads", query="sat").text
    assert "⚠cat" in lacking or "⚠ca" in lacking
    assert "nan" in pages.stage("softmax", query="sat").text


def test_torch_is_never_imported() -> None:
    code = "import sys, kitten_tui; kitten_tui.explore([[1.0, 0.0], [0.5, 0.5]], 'a b'); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
