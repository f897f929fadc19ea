"""A mistake is looked through and changes nothing: no setting, no history, no lens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kitten_tui.core.settings import VARIANTS, Settings
from kitten_tui.core.variants import righted
from kitten_tui.desk.desk import Change, Desk, Flip, GoTo, LookAt, Vary
from kitten_tui.desk.line import line_of
from kitten_tui.desk.phrase import phrase
from kitten_tui.desk.selection import Selection
from kitten_tui.sources.find import open_source

every = pytest.mark.parametrize("name", VARIANTS)


def desk() -> Desk:
    source = open_source("journey")
    return Desk.of(source, source.settings, Selection(stage=3))


def changed(before: Desk) -> Desk:
    settings = replace(before.present.settings, seed=9)
    return before.do(Change(phrase("change.opened"), before.present.source, settings))


@every
def test_leaving_a_mistake_leaves_everything_as_it_was(name: str) -> None:
    before = changed(desk()).do(LookAt(Selection(stage=3), Settings(mask="causal", seed=9)))
    there = before.do(Vary(name))
    assert there.settings.variant == name
    after = there.do(Vary("no_v")).do(Vary(""))
    assert after.history is before.history
    assert (after.lens, after.selection, after.settings) == (before.lens, before.selection, before.settings)


@every
def test_looking_around_and_changing_do_not_bring_it_into_the_history(name: str) -> None:
    there = desk().do(Vary(name))
    there = there.do(LookAt(Selection(stage=5), replace(there.settings, mask="causal")))
    there = changed(there)
    assert there.settings.variant == name
    assert all(state.settings.variant == "" for state in there.history.states)
    left = there.do(Vary("")).do(GoTo(0))
    assert left.settings == desk().settings


@every
def test_it_is_held_beside_the_chain_as_it_should_be(name: str) -> None:
    there = desk().do(Vary(name))
    assert there.compared is not None
    assert there.compared.settings == righted(there.settings)
    flipped = there.do(Flip())
    assert flipped.settings == righted(there.settings)
    assert flipped.compared is None
    assert flipped.do(Flip()).settings == there.settings
    assert flipped.do(LookAt(Selection(stage=4))).settings == there.settings


def test_settings_that_come_with_a_variant_are_no_setting_of_the_lesson() -> None:
    source = open_source("journey")
    there = Desk.of(source, replace(source.settings, variant="mask_after"), Selection())
    assert there.settings.mask == "causal"
    assert there.do(Vary("")).settings == source.settings


@every
def test_the_line_that_opens_it_again_says_so(name: str) -> None:
    there = desk().do(Vary(name))
    line = line_of(there)
    assert line is not None
    assert f"--mistake {name}" in line
    assert "--set" not in line
    assert line_of(there.do(Vary(""))) == line_of(desk())


def test_it_is_held_beside_the_words_that_are_there_and_not_those_before_a_change() -> None:
    before = desk()
    editor = before.source.editor
    assert editor is not None
    places = tuple(range(1, len(before.source.tokens)))
    name, source = phrase("change.deleted", token="Your"), editor.delete_token(0)
    shorter = before.do(Change(name, source, before.settings, places=places))
    assert shorter.came_from(0) == 1
    there = shorter.do(Vary("no_v"))
    last = len(there.source.tokens) - 1
    assert there.compared is not None
    assert (there.came_from(0), there.came_from(last)) == (0, last)
