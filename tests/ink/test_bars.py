"""Bars are compared, so all bars of a figure have one scale, at every width."""

from __future__ import annotations

import pytest

from kitten_tui.desk.selection import Selection
from kitten_tui.ink.bars import BarsBlock
from kitten_tui.ink.blocks import Look
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.palette import PLAIN
from kitten_tui.ink.sheet import Picture
from kitten_tui.sources.find import open_source, samples
from kitten_tui.stages import turn_to
from kitten_tui.stages.softmax import SOFTMAX
from kitten_tui.stages.view import View
from kitten_tui.words import Words

EIGHTHS = {sign: eighths for eighths, sign in enumerate(" ▏▎▍▌▋▊▉█")} | {"░": 8}


@pytest.mark.parametrize("width", [*range(40, 200, 13)])
@pytest.mark.parametrize("name", sorted(samples()))
def test_every_bar_is_as_long_as_its_number(name: str, width: int) -> None:
    source = open_source(name)
    page = turn_to(SOFTMAX, View(source, source.settings, Selection(query=source.query)))
    look = Look(Words("en"), PLAIN, page.selection, page.focused.id)
    picture = Picture(page.sheet, look, width, 60)
    blocks = [block for band in picture.bands for block in band.blocks if isinstance(block, BarsBlock)]
    assert len(blocks) == 2
    assert len({(block.room, block.figure.largest) for block in blocks}) == 1
    for block in blocks:
        for row, value in enumerate(block.figure.values):
            signs = text_of(block.draw(block.body.start + row))
            length = sum(EIGHTHS.get(sign, 0) for sign in signs) / 8
            assert length == pytest.approx(value / block.figure.largest * block.room, abs=0.51)
