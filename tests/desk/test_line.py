"""A desk as a line: whoever opens the line has the same desk, to the last bit."""

from __future__ import annotations

import shlex
from dataclasses import fields, replace

import numpy as np
import pytest

from kitten_tui.cli import main
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.core.workings import Workings
from kitten_tui.desk.desk import Change, Desk, Flip
from kitten_tui.desk.line import line_of
from kitten_tui.desk.phrase import phrase
from kitten_tui.desk.selection import Selection
from kitten_tui.options import parser
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.find import open_source
from kitten_tui.sources.setting import changed
from kitten_tui.stages import STAGES, turn_to
from kitten_tui.stages.view import View
from kitten_tui.start import start

STEPS = ("x", "q", "k", "v", "scores", "weights", "dropped", "context", "concat", "output")


def opened(line: str) -> Desk:
    words = shlex.split(line)
    assert words[0] == "kitten-tui"
    view = start(parser().parse_args(words[1:]))
    return at_its_place(Desk.of(view.source, view.settings, view.selection))


def at_its_place(desk: Desk) -> Desk:
    """As the screen has it: where there is something to stand in."""
    view = View(desk.source, desk.settings, desk.selection)
    return replace(desk, selection=turn_to(STAGES[desk.selection.stage], view).selection)


def same(one: Desk, other: Desk) -> None:
    assert one.source.tokens == other.source.tokens
    assert one.settings == other.settings
    assert one.selection == other.selection
    for head in range(one.source.n_heads):
        for name in STEPS:
            arrays = [Workings(desk.source, desk.settings).array(name, head) for desk in (one, other)]
            assert (arrays[0] is None) == (arrays[1] is None)
            assert arrays[0] is None or np.array_equal(*arrays), name


def some_change(draw: np.random.RandomState, source: Source, settings: Settings) -> str:
    n = len(source.tokens)
    place, other = (int(number) + 1 for number in draw.randint(n, size=2))
    kinds = [
        f"w_q h{draw.randint(source.n_heads) + 1}[1,2]={draw.normal()!r}",
        f"rename[{place}]=a dog",
        f"insert[{place}]=it's",
        f"delete[{place}]" if n > 1 else "positions=none",
        f"swap[{place}]" if place < n else "positions=own",
        "positions=sinusoidal",
        f"matrices={draw.randint(1000)}",
        f"mask:{settings.mask}[{place},{other}]",
        f"dropout={draw.choice([0.0, 0.1, 0.5])}",
        f"divisor={draw.uniform(1, 9)!r}",
        "scale=off",
        f"seed={draw.randint(1000)}",
        "mask=causal",
    ]
    return str(draw.choice(kinds))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("argument", ["journey", "causal", 'the cat\'s "mat"'])
@pytest.mark.first_is_quick
def test_random_desks_are_opened_again_by_their_lines(argument, seed):
    draw = np.random.RandomState(seed)
    source = open_source(argument, seed=123 + seed % 2)
    desk = Desk.of(source, source.settings, Selection(query=source.query))
    for _ in range(draw.randint(5)):
        now = desk.present
        text = some_change(draw, now.source, now.settings)
        if text.startswith("positions") and not Workings(now.source, now.settings).has("position"):
            continue
        after, settings = changed(source, now.source, now.settings, text)
        edit = text if after is not now.source else ""
        desk = desk.do(Change(phrase("change.opened"), after, settings, edit=edit))
    n = len(desk.source.tokens)
    places = {axis: int(draw.randint(n)) for axis in ("query", "key")}
    places |= {"stage": int(draw.randint(7)), "head": int(draw.randint(desk.source.n_heads)), "d_k": 1}
    desk = replace(desk, selection=replace(desk.selection, **places, pinned=int(draw.randint(-1, n))))
    if seed % 3 == 0:
        desk = desk.do(Flip())
    desk = at_its_place(desk)
    line = line_of(desk)
    assert line is not None
    again = opened(line)
    same(desk, again)
    same(again, opened(line_of(again) or ""))


def test_positions_that_a_line_cannot_know_have_no_line():
    view = start(parser().parse_args(["journey", "--set", "positions=none"]))
    desk = Desk.of(view.source, view.settings, Selection())
    assert line_of(desk) is not None
    edit = "positions=own"
    assert line_of(desk.do(Change(phrase("change.opened"), view.source, view.settings, edit=edit))) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("w_q", "expected a change such as"),
        ("w_q[1,2]=cat", "expected a number after =, found cat"),
        ("w_q[9,9]=1", "heads"),
        ("q[1,1]=1", "expected an input"),
        ("rename[99]=a", "token: expected one from 1"),
        ("rename[1,2]=a", "expected 1 places"),
        ("rename[dog]=a", "expected a number from 1 or a token"),
        ("mask=own", "expected one of none, causal"),
        ("scale=maybe", "expected on or off"),
        ("dropout=2", "dropout: expected a rate"),
        ("seed=many", "invalid literal"),
        ("positions=left", "expected own, none or sinusoidal"),
        ("=", "expected a change such as"),
    ],
)
def test_what_is_no_change_is_refused_in_one_line(text, message, capsys):
    source = open_source("journey")
    with pytest.raises(SourceError, match=message):
        changed(source, source, source.settings, text)
    assert main(["journey", "--set", text, "--plain"]) == 2
    said = capsys.readouterr().err
    assert "--set" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("place", ["key", "key=0", "key=99", "colour=1", "key=x"])
def test_a_place_that_is_none_is_refused(place, capsys):
    assert main(["journey", "--place", place, "--plain"]) == 2
    assert "--place: expected NAME=N" in capsys.readouterr().err


def test_what_no_line_opens_has_none():
    source = open_source("journey")
    desk = Desk.of(replace(source, origin=()), source.settings, Selection())
    assert line_of(desk) is None
    desk = Desk.of(source, source.settings, Selection())
    other, settings = changed(source, source, source.settings, "matrices=3")
    assert line_of(desk.do(Change(phrase("change.opened"), other, settings))) is None


def test_every_setting_has_its_words():
    source = open_source("causal")
    changes = {"scale": "off", "divisor": "3.5", "mask": "none", "dropout": "0.25", "seed": "9"}
    assert {*changes, "variant"} == {field.name for field in fields(Settings)}
    settings = source.settings
    for name, value in changes.items():
        _, settings = changed(source, source, settings, f"{name}={value}")
    assert settings == Settings(scale=False, divisor=3.5, mask="none", dropout=0.25, seed=9)
