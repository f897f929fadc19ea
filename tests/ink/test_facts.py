"""A click on a number of a table means that number."""

from __future__ import annotations

from itertools import product

import pytest
from test_pictures import page

from kitten_tui.ink.blocks import Look
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.facts import FactsBlock
from kitten_tui.ink.numbers import exact
from kitten_tui.ink.palette import PLAIN
from kitten_tui.stages.figure import Facts
from kitten_tui.words import LANGUAGES, Words


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("id_", ["saturation", "experiment"])
def test_every_cell_of_a_number_means_it_and_nothing_else_does(id_: str, language: str) -> None:
    here = page(3)
    (figure,) = (each for each in here.sheet.figures if each.id == id_)
    assert isinstance(figure, Facts)
    meant: dict[tuple[int, int], str] = {}
    for fact in (fact for _, facts in figure.rows for fact in facts):
        block = FactsBlock(figure, Look(Words(language), PLAIN, here.selection, fact.id))
        place = block.place()
        assert place is not None
        drawn = text_of(block.line(place.y, 0, block.width))
        assert f"{exact(fact.value)}]" in drawn
        meant |= {(x, place.y): fact.id for x in range(place.x, place.x + block.cell_width)}
    assert len(meant) == sum(len(facts) for _, facts in figure.rows) * block.cell_width
    for x, y in product(range(-2, block.width + 10), range(-1, block.height + 2)):
        assert block.moves(x, y) == ({"focus": meant[x, y]} if (x, y) in meant else None), (x, y)
