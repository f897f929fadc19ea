from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from kitten_tui.ink.cells import Line, clean
from kitten_tui.paper.svg import _BLOCKS, HEIGHT, MARGIN, SIZE, WIDTH, svg

SVG = "{http://www.w3.org/2000/svg}"
CHARACTERS = st.sampled_from("abω 1  √小猫。，（“”é한Å𠮷👍‰█▀▏░")
STYLES = st.sampled_from([Style.null(), Style(bold=True), Style(color="#ff0000", reverse=True), Style(bgcolor="blue")])
LINES = st.lists(st.lists(st.tuples(st.text(CHARACTERS, max_size=9), STYLES), max_size=4), min_size=1, max_size=3)


def drawn(lines: list[Line]) -> ElementTree.Element:
    return ElementTree.fromstring(svg(lines, "a picture"))


def written(picture: ElementTree.Element) -> dict[tuple[int, int], str]:
    """What stands at each cell, as the picture says: a run from its place for so long, or each character at its own."""
    signs: dict[tuple[int, int], str] = {}
    for text in picture.iter(f"{SVG}text"):
        assert text.text is not None
        row, (first, *others) = int(text.attrib["y"]) // HEIGHT, map(int, text.attrib["x"].split())
        length = text.get("textLength")
        if length is None:
            assert len(others) + 1 == len(text.text)
            inset = WIDTH - SIZE // 2
            signs |= {((x - inset) // WIDTH, row): sign for x, sign in zip((first, *others), text.text, strict=True)}
        else:
            assert int(length) == cell_len(text.text) * WIDTH
            x = first // WIDTH
            for sign in text.text:
                if not cell_len(sign):
                    continue
                signs[x, row] = sign
                x += cell_len(sign)
    return {place: sign for place, sign in signs.items() if sign != " "}


@given(LINES)
def test_every_character_stands_in_its_cells(lines: list[list[tuple[str, Style]]]) -> None:
    expected: dict[tuple[int, int], str] = {}
    for y, line in enumerate(lines):
        x = 0
        for sign in "".join(text for text, _ in line):
            if sign != " " and sign not in _BLOCKS and cell_len(sign):
                expected[x, y] = sign
            x += cell_len(sign)
    assert written(drawn([[Segment(*part) for part in line] for line in lines])) == expected


def outlines(picture: ElementTree.Element) -> list[list[float]]:
    """Left, top, width and height of everything that is drawn."""
    found = [path.attrib["d"].split("\n") for path in picture.iter(f"{SVG}path")]
    return [
        [float(number) for number in re.findall(r"[\d.]+", outline)[:4]] for outlines in found for outline in outlines
    ]


@pytest.mark.parametrize(
    ("text", "outline"),
    [
        ("███", [0, 0, 36, 24]),
        ("▀▀", [0, 0, 24, 12]),
        ("▄", [0, 12, 12, 12]),
        ("小▌", [24, 0, 6, 24]),
        ("▁", [0, 21, 12, 3]),
    ],
)
def test_blocks_are_drawn_and_meet(text: str, outline: list[float]) -> None:
    picture = drawn([[Segment(text)]])
    assert outlines(picture) == [outline]


def test_a_ground_goes_behind_all_cells_of_its_text() -> None:
    assert outlines(drawn([[Segment("a "), Segment("小猫b", Style(bgcolor="#ff0000"))]])) == [[24, 0, 60, 24]]


def test_the_picture_is_as_large_as_what_stands_on_it() -> None:
    picture = drawn([[Segment("小猫")], [Segment("cats!")]])
    assert picture.attrib["viewBox"] == f"0 0 {5 * WIDTH + 2 * MARGIN} {2 * HEIGHT + 2 * MARGIN}"


def test_nothing_is_fetched_and_nothing_foreign_is_markup() -> None:
    text = svg([[Segment(clean('<script>alert("&")</script>\x1b[31m'))]], '<b>"&', "zh")
    assert not any(foreign in text for foreign in ("<script", "<b>", "\x1b"))
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert 'xml:lang="zh-Hans"' in text
