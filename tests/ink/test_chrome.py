"""What stands around the figures is whole in the smallest window."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from piloting import CHECKPOINTS
from rich.cells import cell_len

from kitten_tui.commands import on_screen
from kitten_tui.core.cell import Cell
from kitten_tui.core.quantity import Scope
from kitten_tui.core.settings import MASKS, Settings
from kitten_tui.core.source import Source
from kitten_tui.core.workings import Workings
from kitten_tui.desk.desk import Desk, Follow
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.cells import clauses, text_of, wrap
from kitten_tui.ink.chrome import FOOT, LEAST_TITLE, foot, title_line
from kitten_tui.ink.formula import Sum
from kitten_tui.ink.in_words import in_words
from kitten_tui.ink.keys import key_line
from kitten_tui.ink.palette import PLAIN
from kitten_tui.ink.shown import Shown
from kitten_tui.offers import AtOverview, Now
from kitten_tui.sources.find import open_source
from kitten_tui.sources.recording import Recording
from kitten_tui.sources.training.opening import open_training
from kitten_tui.sources.training.source import Training
from kitten_tui.stages import STAGES, turn_to
from kitten_tui.stages.follow import follow, largest
from kitten_tui.stages.view import View
from kitten_tui.words import LANGUAGES, Words

ROOM = 76
"""What the smallest window leaves for the sentence under the arithmetic."""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("title", ["Your journey starts with one step", "小猫看见一个球，它喵喵叫了"])
def test_the_sentence_keeps_its_place_beside_the_settings(title: str, language: str) -> None:
    lesson, words = open_source("journey"), Words(language)
    for mask, dropout, scale in product(MASKS[:2], (0.0, 0.1), (True, False)):
        settings = Settings(mask=mask, dropout=dropout, scale=scale)
        page = turn_to(STAGES[0], View(lesson, settings, Selection()))
        line = text_of(title_line(page, title, words, PLAIN, 80).lines[0])
        assert cell_len(line) == 80
        assert title in line or cell_len(line.split("…")[0]) > cell_len(" kitten-tui  ") + LEAST_TITLE // 2
        assert words("status.mask_none") == words(f"status.mask_{mask}") or words(f"status.mask_{mask}") in line
        assert scale or words("status.scale_off") in line
        assert not dropout or f"{words('setting.dropout')} {dropout:g}" in line


def sources() -> Iterator[Source]:
    yield open_source("journey")
    for optimizer in ("sgd", "adam"):
        run = open_training("kitten-en", {"steps": 2, "optimizer": optimizer})
        run.advance()
        yield Training(run, run.state)
    pytest.importorskip("safetensors")
    from kitten_tui.sources.checkpoint.model import Model
    from kitten_tui.sources.checkpoint.reading import Reading

    folders = [CHECKPOINTS / name for name in ("llama", "gpt2", "bert", "qwen3")]
    folders += [CHECKPOINTS / "families" / name for name in ("bloom", "gpt_oss", "gemma2", "mixtral", "albert-wide")]
    for folder in folders:
        reading = Reading(Model(folder), "the cat saw the dog")
        while reading.ready < reading.n_layers:
            reading.advance()
        yield reading


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_arithmetic_does_is_said_whole(language: str) -> None:
    words, cut = Words(language), {}
    for source in sources():
        workings = Workings(source, source.settings)
        for layer, name in product(range(source.n_layers), source.chain(0)):
            chain = source.chain(layer)
            if name not in chain or "pinned" in chain[name].axes or chain[name].scope is Scope.CONSTANT:
                continue
            cell = Cell(name, (0,) * len(chain[name].axes), 0, layer)
            try:
                derivation = workings.in_layer(layer).derive(cell)
            except LookupError:  # this source has none of it
                continue
            text = in_words(derivation, Sum(workings, words))
            if cell_len(text) > ROOM:
                cut[name] = text
    assert not cut


@pytest.mark.parametrize(
    ("text", "width", "kept"),
    [
        ("one, two; three", 15, "one, two; three"),
        ("one, two; three", 14, "one, two …"),
        ("one, two; three", 9, "one …"),
        ("一，二；三", 10, "一，二；三"),
        ("一，二；三", 9, "一，二 …"),
        ("nothing to part", 9, "nothing …"),
    ],
)
def test_what_has_no_room_ends_with_a_whole_clause(text: str, width: int, kept: str) -> None:
    assert clauses(text, width) == kept
    assert cell_len(kept) <= width


def places(language: str) -> Iterator[Now]:
    """At a stage with everything to do, at one with little, and before all heads."""
    lesson, words = open_source("journey"), Words(language)
    yield Shown.of(Desk.of(lesson, lesson.settings, Selection(stage=3, query=1, key=1)), words).now
    recording = Recording({"weights": np.full((2, 3, 4, 4), 0.25)}, ("the", "cat", "saw", "me"))
    yield Shown.of(Desk.of(recording, recording.settings, Selection(stage=3)), words).now
    yield AtOverview(recording)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_click_on_a_key_is_that_key_and_on_a_pair_its_nearer_half(width: int, language: str) -> None:
    words, met = Words(language), set()
    for now in places(language):
        drawn = key_line(now, words, PLAIN, width)
        text, hits = text_of(drawn.lines[0]), [*drawn.hits]
        for command in (each for each in on_screen(now.where) if each.footer):
            label = f" {command.label} {words(f'command.{command.called(now)}.name')} "
            if label not in text:
                continue
            start = cell_len(text[: text.index(label)])
            clicked = [drawn.hit(x, 0) for x in range(start, start + cell_len(label))]
            actions: list[object] = [action for _, action in command.keys]
            if len(actions) == 1:
                assert clicked == actions * len(clicked)
            elif len(actions) == 2:
                half = 1 + cell_len(command.label) // 2
                assert clicked == actions[:1] * half + actions[1:] * (len(clicked) - half)
            else:  # no place on it is nearer to one of them
                assert clicked == [None] * len(clicked)
            hits = [hit for hit in hits if hit.value not in actions]
            met.add(len(actions))
        assert hits == []
        assert {drawn.hit(x, 1) for x in range(width)} == {None}
    assert {1, 2} <= met


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [40, 57, 80, 120])
def test_of_the_way_down_as_much_of_the_end_is_told_as_there_is_room_for(width: int, language: str) -> None:
    lesson, words = open_source("journey"), Words(language)
    desk = Desk.of(lesson, lesson.settings, Selection(stage=6, query=1, focus="output"))
    shown = Shown.of(desk, words)
    while (cell := largest(shown.page.derivation)) is not None:
        view = follow(shown.page, cell, STAGES)
        assert view is not None
        desk = desk.do(Follow(shown.page.derivation.cell, view.selection))
        shown = Shown.of(desk, words)
        look = Sum(shown.page.view.workings, words)
        names = [look.name(each, head=True) for each in (*shown.trail, shown.page.derivation.cell)]
        ways = [" ← ".join(["…", *names[start:]]) for start in reversed(range(1, len(names)))]
        ways.append(" ← ".join(names))
        rows = [text_of(line) for line in foot(shown, PLAIN, width).lines[: FOOT - 2]]
        told = ["".join(way.split()) for way in ways].index("".join("".join(rows).split()))
        assert all(len(wrap(longer, width - 2)) > FOOT - 2 for longer in ways[told + 1 :])
