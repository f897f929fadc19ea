"""A text goes on token by token: as a reading of the whole has it, and as transformers generates."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from stored import CHECKPOINTS, FAMILIES, FAMILY_NAMES, NAMES

from kitten_tui.core.cell import Cell
from kitten_tui.core.sampling import Drawing
from kitten_tui.core.workings import Workings
from kitten_tui.sources.checkpoint.continuing import ends_of
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.errors import SourceError

FOLDERS = {name: CHECKPOINTS / name for name in NAMES} | {f"families/{name}": FAMILIES / name for name in FAMILY_NAMES}
STORED = json.loads((CHECKPOINTS / "generated.json").read_text())


@cache
def model(name: str) -> Model:
    return Model(FOLDERS[name])


def begin(name: str, text: str = "the cat saw the", drawing: Drawing | None = None) -> Reading:
    reading = Reading(model(name), text)
    reading.drawing = drawing or Drawing()
    reading.compute()
    return reading


def gone_on(reading: Reading, count: int) -> Reading:
    for _ in range(count):
        reading = reading.goes_on.longer()
    return reading


GOING_ON = [name for name in FOLDERS if Reading(model(name), "the cat").goes_on is not None]


@pytest.mark.parametrize("name", GOING_ON)
@pytest.mark.first_is_quick
def test_one_more_row_is_that_of_the_whole(name):
    longer = gone_on(begin(name), 4)
    whole = longer.goes_on.afresh()
    whole.compute()
    for one, other in zip(longer.passed, whole.passed, strict=True):
        assert one.concat == pytest.approx(other.concat, abs=2e-5)
    last = len(longer.ids) - 1
    assert longer.continuation(last).logit == pytest.approx(whole.continuation(last).logit, abs=2e-5)
    assert longer.continuation(1).logit == pytest.approx(whole.continuation(1).logit, abs=2e-5)


def test_a_row_that_stands_is_not_changed_by_another_way_to_go_on():
    begun = gone_on(begin("llama"), 2)
    one = gone_on(begun, 3)
    kept = [(passed.concat.copy(), None if passed.stream is None else passed.stream.copy()) for passed in one.passed]
    begun.drawing = Drawing(temperature=50.0, seed=1)
    other = gone_on(begun, 3)
    assert other.ids != one.ids
    for passed, (concat, stream) in zip(one.passed, kept, strict=True):
        assert np.array_equal(passed.concat, concat)
        assert stream is None or np.array_equal(passed.stream, stream)


def test_rows_are_copied_only_when_their_room_is_full():
    reading = begin("llama")
    arrays = []
    for _ in range(40):
        reading = reading.goes_on.longer()
        arrays.append(reading.passed[0].concat.base)
    rooms = {id(array) for array in arrays if array is not None}
    assert len(rooms) <= 4  # it doubles


@pytest.mark.parametrize("name", STORED["made"])
def test_a_text_goes_on_as_transformers_generates(name):
    reading = begin(name, STORED["text"])
    expected = STORED["made"][name]["greedy"]
    longer = gone_on(reading, len(expected))
    assert list(longer.ids[len(reading.ids) :]) == expected
    assert longer.goes_on.ended == (expected[-1] in ends_of(model(name)))


@pytest.mark.parametrize("name", STORED["made"])
def test_a_token_is_drawn_from_what_transformers_leaves(name):
    """Each token's probability, 0 where transformers cuts it off."""
    for setting in STORED["made"][name]["drawn"]:
        drawing = Drawing(setting["temperature"], setting["top_k"], setting["top_p"])
        reading = begin(name, STORED["text"], drawing)
        last, expected = len(reading.ids) - 1, np.array(setting["probabilities"])
        following = reading.continuation(last)
        workings = Workings(reading, reading.settings)
        drawn = workings.numbers(workings.derive(cell("drawn", last, 0)).cell, (last, None))
        assert drawn == pytest.approx(expected[list(following.ids)], abs=1e-5)
        assert following.taken_probability == pytest.approx(expected[following.taken], abs=1e-5)


def cell(name: str, token: int, rank: int) -> Cell:
    return Cell(name, (token, rank))


def test_what_is_drawn_is_made_of_the_logit():
    reading = begin("gpt2", drawing=Drawing(0.5, top_k=3))
    workings, last = Workings(reading, reading.settings), len(reading.ids) - 1
    tempered = workings.derive(cell("tempered", last, 1))
    assert tempered.value == pytest.approx(reading.continuation(last).logit[1] / 0.5)
    assert tempered.terms[0][0].cell == cell("logit", last, 1)
    assert workings.value(cell("cut", last, 5)) == -np.inf
    assert workings.value(cell("drawn", last, 5)) == 0.0


def test_tokens_come_as_often_as_their_probability_says():
    logits, drawing = np.log([0.5, 0.3, 0.15, 0.05]), Drawing(1.0)
    drawn = [drawing.draw(logits, place).taken for place in range(4000)]
    assert np.bincount(drawn, minlength=4) / 4000 == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.03)


def test_a_seed_draws_the_same_tokens_each_time_and_after_going_back():
    drawing = Drawing(1.5, seed=7)
    first, again = gone_on(begin("gpt2", drawing=drawing), 5), gone_on(begin("gpt2", drawing=drawing), 5)
    back = gone_on(first.goes_on.shorter.goes_on.shorter, 2)
    assert first.ids == again.ids == back.ids
    assert first.ids != gone_on(begin("gpt2", drawing=Drawing(1.5, seed=8)), 5).ids


@pytest.mark.parametrize("name", ["gpt2", "llama", "mistral", "families/phi3-longrope"])
def test_what_came_last_is_taken_back(name):
    opened = begin(name)
    longer = gone_on(opened, 3)
    less = longer.goes_on.shorter
    assert less.ids == longer.ids[:-1]
    assert less.continuation(len(less.ids) - 1).taken == longer.ids[-1]
    assert less.goes_on.shorter.goes_on.shorter is opened
    assert opened.goes_on.shorter is None


def test_another_way_after_going_back_forgets_the_first():
    """Keys and values of tokens that were taken back are none of the ones that came in their place."""
    longer = gone_on(begin("gpt2", drawing=Drawing(2.0, seed=1)), 4)
    other = longer.goes_on.shorter.goes_on.shorter
    other.drawing = Drawing(2.0, seed=99)
    other = gone_on(other, 3)
    whole = other.goes_on.afresh()
    whole.compute()
    assert other.passed[-1].concat == pytest.approx(whole.passed[-1].concat, abs=2e-5)


def test_the_text_has_what_its_bytes_make_together():
    reading = begin("gpt2", "the 猫")
    longer = reading.goes_on.longer()
    assert longer.text.startswith("the 猫")
    assert longer.title[""].startswith("gpt2: the 猫")


def test_where_a_model_has_no_place_left_nothing_is_appended():
    longer = gone_on(begin("gpt2"), 32 - len(begin("gpt2").ids))
    with pytest.raises(SourceError, match="expected at most 32 tokens, found no room for one more"):
        longer.goes_on.longer()


@pytest.mark.parametrize("name", ["bert", "distilbert", "roberta"])
def test_what_does_not_say_what_follows_does_not_go_on(name):
    assert begin(name).goes_on is None


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"temperature": -1}, "temperature: expected a number from 0 to 100, found -1"),
        ({"temperature": float("nan")}, "temperature: expected"),
        ({"top_k": -1}, "top-k: expected a number from 1, or 0 for all, found -1"),
        ({"top_p": 0}, "top-p: expected a number above 0 and up to 1, found 0"),
        ({"seed": -1}, "seed: expected a number from 0, found -1"),
    ],
)
def test_what_cannot_be_drawn_by_is_refused(given, problem):
    with pytest.raises(ValueError, match=problem):
        Drawing(**given)
