"""What stages show where weights are looked at in another way."""

from __future__ import annotations

import numpy as np
import pytest

from kitten_tui.desk.desk import Desk
from kitten_tui.desk.line import line_of
from kitten_tui.desk.selection import Selection
from kitten_tui.sources.recording import Recording
from kitten_tui.stages import STAGES, navigation, turn_to
from kitten_tui.stages.view import View

TOKENS = ("[CLS]", "the", "cat", "[SEP]")


def view(stage: int, **selection: int | bool) -> View:
    draw = np.random.default_rng(3)
    source = Recording({name: draw.normal(size=(1, 2, 4, 3)) for name in "qkv"}, TOKENS)
    return View(source, source.settings, Selection(stage=stage, **{"query": 1, **selection}))


def names(stage: int, **selection: int | bool) -> set[str]:
    return {figure.name for figure in turn_to(STAGES[stage], view(stage, **selection)).sheet.figures}


@pytest.mark.parametrize("stage", [3, 5, 6], ids=["softmax", "mask", "heads"])
def test_it_is_shown_wherever_weights_are(stage: int) -> None:
    plain = names(stage)
    assert not plain & {"value_share", "word_share", "value_word_share"}
    assert "value_share" in names(stage, by_value=True)
    assert "word_share" in names(stage, hide_special=True)
    assert "value_word_share" in names(stage, by_value=True, hide_special=True)


def test_the_context_is_made_of_the_weights_themselves() -> None:
    assert "dropped" in names(4, by_value=True, hide_special=True)


def test_special_tokens_are_covered() -> None:
    page = turn_to(STAGES[6], view(6, hide_special=True))
    panel = next(figure for figure in page.sheet.figures if figure.name == "word_share")
    assert panel.hidden[[0, 3]].all()
    assert panel.hidden[:, [0, 3]].all()
    assert not panel.hidden[1:3, 1:3].any()


def test_it_is_said_what_is_looked_at() -> None:
    for kind, key in (
        ({"by_value": True}, "weighed.reading.value_share"),
        ({"hide_special": True}, "weighed.reading.word_share"),
        ({"hide_special": True, "query": 0}, "weighed.reading.special"),
    ):
        page = turn_to(STAGES[3], view(3, **kind))
        assert page.readings[0].key == key


def test_the_query_becomes_a_word_where_special_tokens_are_hidden() -> None:
    for query, word in ((0, 1), (1, 1), (3, 2)):
        page = turn_to(STAGES[6], view(6, query=query))
        assert navigation.toggle_special(page).selection.query == word


def test_a_line_opens_what_is_looked_at() -> None:
    desk = Desk.of(view(3).source, view(3).settings, view(3, by_value=True, hide_special=True).selection)
    desk.source.origin = ("file.npz",)
    assert "--by-value --hide-special" in (line_of(desk) or "")


def test_where_there_is_nothing_to_weigh_by_weights_stay_what_they_are() -> None:
    source = Recording({"weights": np.full((1, 1, 2, 2), 0.5)}, ("a", "b"))
    looked = View(source, source.settings, Selection(by_value=True, hide_special=True))
    assert looked.weighed == "dropped"
