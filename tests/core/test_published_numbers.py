"""The worked example as it was published; the two JSON files beside this one say where."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from kitten_tui.core.inputs import HeadWeights, Inputs, fixed
from kitten_tui.core.settings import Settings
from kitten_tui.core.trace import Trace
from kitten_tui.sources.lesson import Lesson

HERE = Path(__file__).parent
PUBLISHED = json.loads((HERE / "worked_example.json").read_text(encoding="utf-8"))
TWO_HEADS = json.loads((HERE / "two_heads.json").read_text(encoding="utf-8"))
ARTICLE = PUBLISHED["article"]
TOKENS = tuple(PUBLISHED["tokens"])
SIX_DIGITS = 5.1e-7
"""Half of the last printed digit, and the rounding of the 32-bit numbers that were printed."""
FOUR_DIGITS = 5.1e-5

SETTINGS = {
    "": Settings(),
    "_unscaled": Settings(scale=False),
    "_causal": Settings(mask="causal"),
}


def weights(given: dict) -> HeadWeights:
    return HeadWeights(*(fixed(given[name]) for name in ("w_q", "w_k", "w_v")))


def traced(settings: Settings) -> Trace:
    inputs = Inputs(tokens=TOKENS, x=fixed(PUBLISHED["x"]), heads=(weights(PUBLISHED),))
    return Lesson(inputs).trace(0, 0, settings)


def cut(number: float) -> float:
    """As the article prints it: one decimal, the rest left off."""
    return math.floor(round(number * 10, 4)) / 10


@pytest.mark.parametrize("name", ["q", "k", "v", "scores", "weights", "context"])
def test_every_step_is_the_published_one(name):
    assert traced(Settings())[name] == pytest.approx(np.array(PUBLISHED[name]), abs=SIX_DIGITS)


@pytest.mark.parametrize("variant", ["_unscaled", "_causal"])
@pytest.mark.parametrize("name", ["weights", "context"])
def test_scale_and_mask_lead_to_the_published_numbers(name, variant):
    found = traced(SETTINGS[variant])[name]
    assert found == pytest.approx(np.array(PUBLISHED[name + variant]), abs=SIX_DIGITS)


def test_two_causal_heads_side_by_side_are_the_published_ones():
    heads = tuple(weights(head) for head in TWO_HEADS["heads"])
    inputs = Inputs(tokens=TOKENS, x=fixed(PUBLISHED["x"]), heads=heads)
    concat = Lesson(inputs).joined(0, Settings(mask="causal"))["concat"]
    assert concat == pytest.approx(np.array(TWO_HEADS["concat"]), abs=FOUR_DIGITS)


@pytest.mark.parametrize("name", ["x", "q", "k", "v"])
def test_the_article_prints_the_same_vectors_cut_to_one_decimal(name):
    array = traced(Settings())[name]
    found = {token: [cut(number) for number in array[TOKENS.index(token)]] for token in ARTICLE[name]}
    assert found == ARTICLE[name]


@pytest.mark.parametrize("name", ["scores", "weights"])
def test_the_article_prints_the_same_row_of_journey_cut_to_one_decimal(name):
    row = traced(Settings())[name][TOKENS.index("journey")]
    expected = ARTICLE[f"{name} of journey"]
    assert {token: cut(row[TOKENS.index(token)]) for token in expected} == expected


def test_the_article_prints_the_same_context_of_journey_cut_to_one_decimal():
    context = traced(Settings())["context"][TOKENS.index("journey")]
    assert [cut(number) for number in context] == ARTICLE["context of journey"]
