"""What sets a layer apart is said at the stage where it belongs."""

from __future__ import annotations

import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from stored import CHECKPOINTS, FAMILIES, stored_family

from kitten_tui.desk.selection import Selection
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.stages import STAGES
from kitten_tui.stages.mask import MASK
from kitten_tui.stages.projections import PROJECTIONS
from kitten_tui.stages.stage import Stage, turn_to
from kitten_tui.stages.view import View
from kitten_tui.words import Words


def remarks(name: str, stage: Stage, layer: int, language: str = "en", mask: str = "") -> str:
    """What is said beside the reading of a stage."""
    folder = FAMILIES / name if (FAMILIES / name).is_dir() else CHECKPOINTS / name
    reading = Reading(Model(folder), "the cat saw a dog and the dog ran")
    reading.compute()
    at = Selection(stage=STAGES.index(stage), layer=layer, query=5)
    page = turn_to(stage, View(reading, reading.settings, at))
    words = Words(language)
    return " ".join(words(said.key, **said.values) for said in page.readings[1:])


def test_a_layer_with_a_window_says_how_far_it_sees():
    window = Model(FAMILIES / "gemma2").config.windows
    assert window == (3, None)
    assert '"and" sees itself and at most 2 tokens before it' in remarks("gemma2", MASK, 0)
    assert "no window; of the others 1 has one" in remarks("gemma2", MASK, 1)
    assert "“and”只看自己和之前至多 2 个词元" in remarks("gemma2", MASK, 0, "zh")


def test_a_window_both_ways_counts_each_side():
    config = Model(FAMILIES / "modernbert").config
    layer = next(layer for layer, window in enumerate(config.windows) if window)
    assert "sees at most 2 tokens before it and as many after it" in remarks("modernbert", MASK, layer)


def test_what_is_said_of_a_window_is_what_the_mask_covers():
    reading = Reading(Model(FAMILIES / "modernbert"), str(stored_family("modernbert")["text"]))
    for layer in range(reading.n_layers):
        window, own = reading.traits(layer).window, reading.own_mask(layer)
        middle = len(reading.tokens) // 2
        seen = own[middle]
        assert seen.sum() == (len(reading.tokens) if window is None else 2 * window + 1)


def test_a_layer_in_which_nothing_is_turned_says_so():
    assert remarks("smollm3", PROJECTIONS, 0) == ""
    assert "nothing is turned by place" in remarks("smollm3", PROJECTIONS, 1)
    assert "1 layer turns them" in remarks("smollm3", PROJECTIONS, 1)
    assert "不按位置旋转" in remarks("smollm3", PROJECTIONS, 1, "zh")


def test_layers_that_share_their_weights_say_which():
    assert "Layers 1 to 3 share one set of weights" in remarks("albert", PROJECTIONS, 1)
    assert "Layers 3 to 4 share one set" in remarks("albert-groups", PROJECTIONS, 2)
    assert "第 3 到第 4 层共用一套权重" in remarks("albert-groups", PROJECTIONS, 3, "zh")


@pytest.mark.parametrize("name", ["llama", "gpt2", "bert"])
def test_a_model_whose_layers_are_alike_says_nothing(name):
    assert remarks(name, PROJECTIONS, 0) == remarks(name, MASK, 0) == ""
