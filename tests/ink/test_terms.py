"""The words of a stage: every one that a figure names is explained, and every way leads to a figure that is there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from piloting import reading

from kitten_tui.core.source import Source
from kitten_tui.desk.selection import Selection
from kitten_tui.ink import terms
from kitten_tui.ink.palette import PLAIN
from kitten_tui.sources.find import open_source, samples
from kitten_tui.stages import Page, stages_of, turn_to
from kitten_tui.stages.view import View
from kitten_tui.words import LANGUAGES, Words
from kitten_tui.words import terms as written

FAMILIES = ("gpt2", "bert", "llama", "families/qwen3_moe", "families/gemma2", "families/gpt_oss", "families/albert")


def pages(source: Source) -> Iterator[Page]:
    for number, stage in enumerate(stages_of(source)):
        for backward in (False, True):
            selection = Selection(stage=number, layer=source.n_layers - 1, backward=backward, pinned=0)
            yield turn_to(stage, View(source, source.settings, selection))


def hold(source: Source) -> None:
    for page in pages(source):
        found = terms.entries(page)
        for figure in page.sheet.stops:
            shown = [term for term, _ in found if term.is_shown_by(figure.name, page.stage.id, page.view.chain)]
            assert shown, (page.stage.id, figure.name)
        for term, view in found:
            there = turn_to(stages_of(source)[view.selection.stage], view)
            assert there.focused.id == view.selection.focus
            assert term.is_shown_by(there.focused.name, there.stage.id, there.view.chain)


@pytest.mark.parametrize("sample", samples())
@pytest.mark.first_is_quick
def test_every_word_of_a_lesson_is_explained_and_leads_to_a_figure(sample: str) -> None:
    hold(open_source(sample))


@pytest.mark.parametrize("model", FAMILIES)
@pytest.mark.first_is_quick
def test_every_word_of_a_model_is_explained_and_leads_to_a_figure(model: str) -> None:
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    source = reading(model)
    while source.ready < source.n_layers:
        source.advance(lambda: None)
    hold(source)


def test_every_word_of_a_training_is_explained_and_leads_to_a_figure() -> None:
    from kitten_tui.sources.training.opening import open_training
    from kitten_tui.sources.training.source import Training

    run = open_training("kitten-en", {"steps": 2})
    hold(Training(run, run.state))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_has_a_name_and_two_sentences(language: str) -> None:
    ends = {"en": ". ", "zh": "。"}[language]
    for term in written.terms():
        texts = term.texts[language]
        assert texts["name"]
        assert texts["text"].rstrip(ends[0]).count(ends) == 1, term.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_told_says_where_a_word_is_shown(language: str) -> None:
    words, source = Words(language), open_source("journey")
    for page in pages(source):
        for entry in terms.entries(page):
            lines = terms.told(entry, page, words, PLAIN, 60)
            assert "⏎" in lines[-1][0].text or "⏎" in lines[-2][0].text
