"""The picture of two-dimensional vectors."""

from __future__ import annotations

import numpy as np
import pytest
from rich.cells import cell_len

from kitten_tui.desk.selection import Selection
from kitten_tui.ink.blocks import Look
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.palette import PLAIN
from kitten_tui.ink.plane import PlaneBlock
from kitten_tui.stages.figure import Plane
from kitten_tui.words import Words


@pytest.mark.parametrize("name", ["cat", "aq\u0307b", "q\u0307", "aq\u0323\u0307", "小猫", "小猫\u0307b"])
@pytest.mark.parametrize("selected", [0, 1])
def test_a_name_stands_at_its_point_with_all_its_marks(name: str, selected: int) -> None:
    figure = Plane(
        id="plane",
        name="v",
        points=np.array([[0.0, 0.0], [1.0, 1.0]]),
        names=(name, "other"),
        target=np.array([0.5, 0.5]),
        selected=selected,
    )
    block = PlaneBlock(figure, Look(Words("en"), PLAIN, Selection()), 40, 12)
    lines = [text_of(block.draw(y)) for y in range(1, block.height)]
    assert sum(f"•{name}" in line for line in lines) == 1
    assert {cell_len(line) for line in lines} == {block.width}
