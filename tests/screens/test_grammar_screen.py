"""All heads are asked whether they do grammar; a page, and the word beside a head."""

from __future__ import annotations

from dataclasses import replace
from time import sleep

import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from piloting import computed, hit, model_app, overview, until

from kitten_tui.ink.atlas import atlas_lines
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.overview import about_head
from kitten_tui.ink.palette import PLAIN
from kitten_tui.screens.ask import AskScreen
from kitten_tui.screens.text import TextScreen
from kitten_tui.sources.annotated import open_annotated
from kitten_tui.sources.checkpoint.asking import Asking
from kitten_tui.widgets.overview import OverviewLine


async def mapped(pilot) -> None:
    """All sentences have gone through all layers."""
    await computed(pilot)
    await hit(pilot, "C")
    assert isinstance(pilot.app.screen, AskScreen)
    await hit(pilot, "enter")
    await computed(pilot)


async def test_the_page_is_the_table_of_all_layers():
    app = model_app("bert")
    async with app.run_test(size=(120, 40)) as pilot:
        await mapped(pilot)
        screen = overview(pilot)
        assert isinstance(app.screen, TextScreen)
        atlas = list(screen.source.asked.atlas(open_annotated("en"), lambda: None))[-1]
        assert screen.overview.atlas == atlas
        shown = [text_of(line) for line in app.screen.write(PLAIN, 110)]
        assert shown == list(atlas_lines(atlas, screen.words, 110))
        assert screen.asking is None
        for width in (30, 44, 60, 72):
            assert max(len(text_of(line)) for line in app.screen.write(PLAIN, width)) <= width


async def test_a_head_is_called_by_what_it_does():
    app = model_app("bert")
    async with app.run_test(size=(120, 40)) as pilot:
        await mapped(pilot)
        of, words = overview(pilot).overview, overview(pilot).words
        skill = of.atlas.best("object")
        sure = replace(skill, right=skill.count, offset_right=0, sink_right=0)
        atlas = replace(of.atlas, skills=(sure,))
        of = replace(of, atlas=atlas, layer=skill.layer, head=skill.head)
        told = [text_of(line) for line in about_head(of, words, PLAIN, 60)]
        assert told[1] == "does objects"
        overview(pilot).look_at(of)
        assert (
            overview(pilot).query(OverviewLine)[1].text.endswith(f"   {skill.layer + 1}.{skill.head + 1} does objects")
        )
        others = replace(of, head=(skill.head + 1) % of.n_heads)
        assert "does" not in text_of(about_head(others, words, PLAIN, 60)[1])


async def test_what_is_known_of_the_heads_stays_with_another_text_of_the_model():
    app = model_app("bert")
    async with app.run_test(size=(120, 40)) as pilot:
        await mapped(pilot)
        atlas = overview(pilot).overview.atlas
        await hit(pilot, "escape", "slash", *"the", "enter")
        await computed(pilot)
        assert overview(pilot).source.tokens != atlas.text
        assert overview(pilot).overview.atlas is atlas


@pytest.fixture
def never_ends(monkeypatch):
    """After one layer the sentences wait until somebody stops them."""
    atlas_of = Asking.atlas

    def first_layer_alone(asking, annotated, pulse):
        yield next(atlas_of(asking, annotated, pulse))
        while True:
            pulse()
            sleep(0.001)

    monkeypatch.setattr(Asking, "atlas", first_layer_alone)


async def test_another_question_takes_the_place_of_this_one(never_ends):
    app = model_app("bert")
    async with app.run_test(size=(120, 40)) as pilot:
        await computed(pilot)
        await hit(pilot, "C", "enter")
        screen = overview(pilot)
        await until(pilot, lambda: screen.overview.atlas is not None)
        await hit(pilot, "E")
        await computed(pilot)
        of = screen.overview
        assert of.effects is not None
        assert len(of.effects) == of.n_layers * of.n_heads
        assert (of.atlas.layers, screen.asking) == (1, None)


async def test_it_stops_and_shows_what_there_is(never_ends):
    app = model_app("bert")
    async with app.run_test(size=(120, 40)) as pilot:
        await computed(pilot)
        await hit(pilot, "C", "enter")
        screen = overview(pilot)
        await until(pilot, lambda: screen.overview.atlas is not None)
        assert screen.overview.atlas.layers == 1
        await hit(pilot, "C")
        await computed(pilot)
        assert screen.asking is None
        assert isinstance(app.screen, TextScreen)
        assert "Stopped: 1 of 2 layers were looked at." in [text_of(line) for line in app.screen.write(PLAIN, 110)]


async def test_a_broken_answer_is_told_what_is_wrong(tmp_path):
    path = tmp_path / "own.conllu"
    path.write_text("1\tthe\n")
    app = model_app("bert")
    async with app.run_test(size=(120, 40)) as pilot:
        await computed(pilot)
        await hit(pilot, "C")
        app.screen.query_one("Input").value = str(path)
        await hit(pilot, "enter")
        assert isinstance(app.screen, AskScreen)
        assert "line 1: expected 10 columns" in str(app.screen.query_one("#problem").render())
