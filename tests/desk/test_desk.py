"""The one owner of what is looked at, without a screen: looking writes no history, and changing always does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from kitten_tui.core.cell import Cell
from kitten_tui.core.settings import Settings
from kitten_tui.desk.desk import (
    Back,
    Change,
    Command,
    Desk,
    Flip,
    Follow,
    GoTo,
    Lay,
    LookAt,
    Open,
    Restore,
    Save,
    Vary,
    Warn,
)
from kitten_tui.desk.history import difference
from kitten_tui.desk.phrase import phrase
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.say import say
from kitten_tui.sources.find import open_source
from kitten_tui.words import LANGUAGES, Words

JOURNEY = open_source("journey")
SEEDS = range(40)


def desk(name: str = "journey") -> Desk:
    source = open_source(name)
    return Desk.of(source, source.settings, Selection(query=1, key=1))


def looked(of: Desk, draw: np.random.RandomState) -> Desk:
    """Somewhere else, through whatever settings."""
    there = of.selection.moved(
        query=int(draw.randint(6)),
        key=int(draw.randint(6)),
        stage=int(draw.randint(7)),
        pinned=int(draw.randint(-1, 6)),
    )
    lens = [None, Settings(scale=False), Settings(mask="causal")][draw.randint(3)]
    commands = [LookAt(there, lens), Follow(Cell("scores", (0, 0)), there, lens), Back(), Flip(), Warn()]
    return of.do(commands[draw.randint(len(commands))])


def changed(of: Desk, draw: np.random.RandomState) -> Desk:
    """Another number, other settings, a word less or a word more."""
    source, settings = of.present.source, of.present.settings
    editor = source.editor
    assert editor is not None
    match draw.randint(4):
        case 0:
            source = editor.change_number(Cell("w_q", (0, 0)), float(draw.normal()))
        case 1:
            settings = replace(settings, scale=not settings.scale)
        case 2 if len(source.tokens) > 1:
            source = editor.delete_token(int(draw.randint(len(source.tokens))))
        case _:
            source = editor.insert_token(0, f"w{draw.randint(99)}")
    return of.do(Change(phrase("change.inserted", token="x"), source, settings))


@pytest.mark.parametrize("seed", SEEDS)
def test_looking_leaves_the_history_and_what_can_be_redone_as_they_are(seed):
    draw = np.random.RandomState(seed)
    start = desk()
    for _ in range(3):
        start = changed(start, draw)
    start = start.do(GoTo(1))
    now = start
    for _ in range(30):
        now = looked(now, draw)
    assert now.history is start.history
    assert len(now.history.states) == 4


@pytest.mark.parametrize("seed", SEEDS)
def test_changes_are_all_undone_by_as_many_steps_back(seed):
    draw = np.random.RandomState(seed)
    start = now = desk()
    count = 0
    for _ in range(20):
        if draw.randint(2):
            now, count = changed(now, draw), count + 1
        else:
            now = looked(now, draw)
    assert now.history.place == count
    for place in reversed(range(count)):
        now = now.do(GoTo(place))
        assert 0 <= now.selection.query < len(now.source.tokens)
    assert (now.source, now.settings) == (start.source, start.settings)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_way_back_leads_through_every_place_and_its_settings(seed):
    draw = np.random.RandomState(seed)
    now, places = desk(), []
    for _ in range(5):
        places.append((now.selection, now.settings))
        lens = Settings(scale=bool(draw.randint(2)))
        now = now.do(Follow(Cell("scores", (0, 0)), now.selection.moved(query=int(draw.randint(6))), lens))
    while places:
        now = now.do(Back())
        assert (now.selection, now.settings) == places.pop()
    assert now.do(Back()) is now


def test_other_settings_are_looked_through_until_the_stage_is_left():
    start, lens = desk(), Settings(scale=False)
    here = start.selection
    through = start.do(LookAt(here, lens))
    assert through.settings == lens
    assert through.do(LookAt(here.moved(query=3))).settings == lens
    assert through.do(LookAt(here.moved(stage=4))).settings == start.settings
    assert through.do(LookAt(here, start.settings)).lens is None


def test_a_change_that_is_still_being_made_is_one_change():
    start = desk()
    now = start
    for value in (1.0, 2.0, 3.0):
        source = start.source.editor.change_number(Cell("w_q", (0, 0)), value)
        now = now.do(Change(phrase("change.inserted", token="x"), source, start.settings, start.history))
    assert len(now.history.states) == 2
    assert now.do(Restore(start.history)).source is start.source


def test_before_and_after_are_flipped_and_any_look_comes_back():
    start = desk()
    now = start.do(Change(phrase("change.opened"), start.source, Settings(scale=False)))
    assert now.do(Flip()).settings == start.settings
    assert now.do(Flip()).do(Flip()).settings == now.settings
    assert now.do(Flip()).do(LookAt(now.selection)).settings == now.settings


def test_what_is_compared_is_the_state_before_the_last_change_where_both_are_plainly_looked_at():
    start = desk()
    now = start.do(Change(phrase("change.opened"), start.source, Settings(scale=False)))
    assert start.compared is None
    assert now.compared is start.present
    assert now.do(Flip()).compared is None
    assert now.do(LookAt(now.selection, Settings(mask="causal"))).compared is None


def test_a_change_ends_what_was_looked_through():
    start = desk().do(LookAt(Selection(), Settings(scale=False)))
    now = start.do(Change(phrase("change.opened"), start.source, Settings(mask="causal")))
    assert (now.lens, now.settings) == (None, Settings(mask="causal"))


def test_a_change_of_words_ends_the_way_that_was_followed_and_keeps_the_selection_inside():
    start = desk().do(Follow(Cell("x", (5, 0)), Selection(query=5, key=5, pinned=5)))
    shorter = start.source.editor.delete_token(5)
    now = start.do(Change(phrase("change.deleted", token="step"), shorter, start.settings))
    assert (now.trail, now.selection.query, now.selection.key, now.selection.pinned) == ((), 4, 4, -1)


def test_what_is_unsaved_is_warned_of_once_and_saving_ends_it():
    start = desk()
    other = start.source.editor.change_number(Cell("w_q", (0, 0)), 9.0)
    now = start.do(Change(phrase("change.opened"), other, start.settings))
    assert [start.has_unsaved, now.has_unsaved, now.do(Warn()).has_unsaved] == [False, True, False]
    assert not now.do(Save()).has_unsaved
    again = other.editor.change_number(Cell("w_q", (0, 0)), 8.0)
    assert now.do(Warn()).do(Change(phrase("change.opened"), again, start.settings)).has_unsaved


def test_another_source_begins_at_the_same_stage_with_a_history_of_its_own():
    now = desk().do(LookAt(Selection(stage=4, query=3))).do(Open(open_source("kitten")))
    assert (now.selection.stage, now.selection.query, len(now.history.states)) == (4, now.source.query, 1)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "other",
    [
        Settings(scale=False),
        Settings(divisor=2.0),
        Settings(mask="causal"),
        Settings(mask="own"),
        Settings(dropout=0.5),
        Settings(seed=7),
    ],
)
def test_every_switched_setting_has_a_name_in_every_language(other, language):
    for name in (difference(Settings(), other), difference(other, Settings())):
        assert "→" in say(Words(language), name)


def test_the_names_of_changes_are_of_the_language_that_is_read():
    name = difference(Settings(), Settings(scale=False))
    assert [say(Words(language), name) for language in LANGUAGES] == ["scale: on → off", "缩放：开 → 关"]


LEADS_ON = [LookAt, lambda at: Follow(Cell("scores", (0, 0)), at), lambda at: Vary("no_v"), lambda at: Lay(None)]


@pytest.mark.parametrize("command", LEADS_ON)
def test_what_was_before_is_left_at_the_same_word(command: Callable[[Selection], Command]) -> None:
    """A word less stands in front of it now; the last one had no place any more."""
    source, settings = desk().source, desk().settings
    assert source.editor is not None
    n, name = len(source.tokens), phrase("change.deleted", token="Your")
    now = desk().do(Change(name, source.editor.delete_token(0), settings, places=tuple(range(1, n))))
    now = now.do(LookAt(now.selection.moved(query=n - 2, key=n - 2)))
    flipped = now.do(Flip())
    assert (flipped.selection.query, len(flipped.source.tokens)) == (n - 1, n)
    left = flipped.do(command(flipped.selection))
    assert (left.selection.query, left.selection.key, len(left.source.tokens)) == (n - 2, n - 2, n - 1)
    assert left.do(Back()).selection.query == n - 2
