"""A model is changed on the screen: a head says nothing, a weight and a cell of the mask are others; all is undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from piloting import computed, hit, model, model_app, overview, reading, said_of_model, type_in, until
from textual.pilot import Pilot

from kitten_tui.app import KittenApp
from kitten_tui.commands import COMMANDS
from kitten_tui.core.altering import MaskCell, Without, reached
from kitten_tui.core.asking import MEAN
from kitten_tui.core.measures import HeadSummary
from kitten_tui.ink.about import title_of
from kitten_tui.ink.overview import MOVED
from kitten_tui.screens.ask import AskScreen
from kitten_tui.screens.model import ModelScreen
from kitten_tui.screens.overview import OverviewScreen
from kitten_tui.stages import STAGES
from kitten_tui.widgets.overview import OverviewLine
from kitten_tui.words import Words


def measures(heads: Sequence[HeadSummary]) -> list[Mapping[str, float]]:
    return [head.measures for head in heads]


async def opened(pilot: Pilot[None], **places: int | str) -> ModelScreen:
    await computed(pilot)
    screen = overview(pilot)
    screen._open(screen.view.with_(**places))
    await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen))
    return model(pilot)


def called(screen: ModelScreen | OverviewScreen) -> str:
    """What the key does next."""
    return next(each for each in COMMANDS if each.id == "without").called(screen.now)


async def test_a_head_says_nothing_and_speaks_again() -> None:
    async with model_app("gpt2").run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, layer=0, head=1, stage=4, query=3)
        was = screen.source
        await hit(pilot, "X")
        await until(pilot, lambda: screen.source is not was)
        assert screen.source.alters.done == (Without(0, 1),)
        assert not screen.page.view.trace["context"].any()
        assert said_of_model(pilot) == "change.done"
        await hit(pilot, "down")
        assert screen.page.readings[0].key == "altered.reading_zero"
        await hit(pilot, "u")
        assert screen.source is was
        await hit(pilot, "U")
        assert screen.source.alters.done == (Without(0, 1),)
        changed = screen.source
        await hit(pilot, "v")
        await until(pilot, lambda: pilot.app.screen is overview(pilot))
        assert overview(pilot).source is changed
        assert measures(overview(pilot).overview.heads) == measures(changed.heads)
        assert called(overview(pilot)) == "mean_head"
        await hit(pilot, "X")
        await computed(pilot)
        assert overview(pilot).source.alters.done == (Without(0, 1, MEAN),)
        assert called(overview(pilot)) == "speaks"
        await hit(pilot, "X")
        await computed(pilot)
        assert overview(pilot).source.alters.done == ()
        assert called(overview(pilot)) == "without"
        assert measures(overview(pilot).overview.heads) == measures(was.heads)
        await hit(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen))
        screen = model(pilot)
        names = [state.name.key for state in screen.desk.history.states[1:]]
        assert names == ["altered.zero", "altered.mean", "altered.speaks"]
        await hit(pilot, "u", "u")
        assert screen.source is changed
        await hit(pilot, "u")
        assert screen.source is was


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_head_says_nothing_then_its_mean_and_speaks_again(language: str) -> None:
    words = Words(language)
    async with KittenApp(reading("gpt2"), language=language).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, layer=0, head=1, stage=4, query=3)
        was, plain = screen.source, screen.page.view.trace["context"].copy()
        steps = (
            ((Without(0, 1),), "zero", "mean_head"),
            ((Without(0, 1, MEAN),), "mean", "speaks"),
            ((), "speaks", "without"),
        )
        for count, (done, says, then) in enumerate(steps):
            await hit(pilot, "X")
            await until(pilot, lambda count=count: len(screen.desk.history.states) == count + 2)
            assert screen.source.alters.done == done
            assert screen.desk.present.name.key == f"altered.{says}"
            assert called(screen) == then
            assert said_of_model(pilot) == "change.done"
            if done:
                told = words(f"altered.title_{says}", layer=1, head=2, title="")
                assert title_of(screen.source, words).startswith(told.strip())
                await hit(pilot, "down")
                assert screen.page.readings[0].key == f"altered.reading_{says}"
            if says == "mean":
                expected = np.broadcast_to(plain.mean(axis=0), plain.shape)
                assert np.allclose(screen.page.view.trace["context"], expected, atol=1e-6)
        assert np.array_equal(screen.page.view.trace["context"], plain)
        for done in ((Without(0, 1, MEAN),), (Without(0, 1),), ()):
            await hit(pilot, "u")
            assert screen.source.alters.done == done
        assert screen.source is was
        await hit(pilot, "U", "U")
        assert screen.source.alters.done == (Without(0, 1, MEAN),)


async def test_all_heads_show_the_model_without_one() -> None:
    async with model_app("gpt2").run_test(size=(120, 40)) as pilot:
        await computed(pilot)
        screen, was = overview(pilot), overview(pilot).source
        await hit(pilot, "X")
        await computed(pilot)
        assert screen.source.alters.done == (Without(0, 0),)
        assert len(screen.overview.heads) == was.n_layers * was.n_heads
        heads = was.n_heads
        assert measures(screen.overview.heads)[:heads] == measures(was.heads)[:heads]
        assert measures(screen.overview.heads)[heads:] != measures(was.heads)[heads:]


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_heads_are_coloured_and_sorted_by_how_much_of_their_weights_changed(language: str) -> None:
    words = Words(language)
    async with KittenApp(reading("gpt2"), language=language).run_test(size=(80, 24)) as pilot:
        await computed(pilot)
        screen, was = overview(pilot), overview(pilot).source
        await hit(pilot, "X")
        await computed(pilot)
        now = screen.source
        await hit(pilot, "D")
        await computed(pilot)
        of = screen.overview
        assert (of.measure, of.sorted) == (MOVED, True)
        sizes = [of.value(*place) for place in of.order]
        assert sizes == sorted(sizes, reverse=True)
        assert (of.layer, of.head) == of.order[0]
        for each in reached(was, now):
            change = of.change(each.layer, each.head)
            assert change is not None
            assert (change.there, change.here) == (each.was, each.now)
            assert (change.size > 0) == (each.layer > 0)
        assert words("beside.unchanged") in screen.query(OverviewLine)[1].text
        await hit(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen))
        assert model(pilot).desk.beside
        assert model(pilot).desk.other is screen.other
        await hit(pilot, "v")
        await until(pilot, lambda: pilot.app.screen is screen)
        await hit(pilot, "D")
        assert screen.other is None
        assert screen.overview.measure != MOVED


async def test_a_weight_is_another() -> None:
    async with model_app("gpt2").run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, layer=1, head=2, stage=1, focus="w_q")
        assert screen.page.derivation.cell.name == "w_q"
        was = screen.page.view.trace["w_q"][0, 0]
        await hit(pilot, "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskScreen))
        await type_in(pilot, "nothing")
        assert isinstance(pilot.app.screen, AskScreen)
        await type_in(pilot, "2.5")
        await until(pilot, lambda: len(screen.desk.history.states) == 2)
        assert screen.page.view.trace["w_q"][0, 0] == 2.5
        assert said_of_model(pilot) == "change.done"
        await hit(pilot, "u")
        assert screen.page.view.trace["w_q"][0, 0] == was


async def test_a_cell_of_the_mask_is_another() -> None:
    async with model_app("gpt2").run_test(size=(120, 40)) as pilot:
        mask = [stage.id for stage in STAGES].index("mask")
        screen = await opened(pilot, layer=0, head=0, stage=mask, query=3, key=1)
        own = screen.page.view.settings
        await hit(pilot, "e")
        await until(pilot, lambda: len(screen.desk.history.states) == 2)
        assert screen.source.alters.done == (MaskCell(0, 3, 1),)
        assert screen.page.view.trace["weights"][3, 1] == 0
        assert np.isfinite(screen.page.view.trace["weights"]).all()
        await hit(pilot, "u")
        assert screen.page.view.settings == own


async def test_what_is_computed_is_no_weight() -> None:
    async with model_app("gpt2").run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, layer=0, stage=2)
        await hit(pilot, "e")
        assert said_of_model(pilot) == "message.model_fixed"
        assert len(screen.desk.history.states) == 1
