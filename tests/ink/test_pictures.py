from __future__ import annotations

import pytest

from kitten_tui.desk.selection import Selection
from kitten_tui.ink.bars import bar
from kitten_tui.ink.blocks import Look
from kitten_tui.ink.cells import text_of, width_of
from kitten_tui.ink.palette import PLAIN
from kitten_tui.ink.sheet import Picture
from kitten_tui.sources.find import open_source
from kitten_tui.stages import STAGES, Page, turn_to
from kitten_tui.stages.figure import Band, Figure, Matrix, Sheet
from kitten_tui.stages.softmax import SOFTMAX
from kitten_tui.stages.view import View, gap
from kitten_tui.words import LANGUAGES, Words

EN = Words("en")


def page(stage: int, source: str = "journey", **places: int | str) -> Page:
    lesson = open_source(source)
    selection = Selection(stage=stage, query=lesson.query, key=lesson.query).moved(**places)
    return turn_to(STAGES[stage], View(lesson, lesson.settings, selection))


def picture(page: Page, width: int = 79, height: int = 0) -> Picture:
    return Picture(page.sheet, Look(EN, PLAIN, page.selection, page.focused.id), width, height)


def drawn(page: Page, width: int = 79) -> list[str]:
    return [text_of(line).rstrip() for line in picture(page, width).lines()]


def test_the_scores() -> None:
    assert drawn(page(2)) == [
        "         ω = q · k   queries ↓ keys →",
        "            Your journey  starts    with     one    step",
        " Your      0.923   1.355   1.324   0.791   0.403   1.133",
        "▸journey   1.270[  1.852]  1.811   1.080   0.558   1.544",
        " starts    1.254   1.828   1.788   1.065   0.551   1.524",
        " with      0.697   1.017   0.994   0.593   0.306   0.847",
        " one       0.611   0.882   0.863   0.512   0.271   0.731",
        " step      0.900   1.317   1.287   0.768   0.394   1.100",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [47, 68, 79, 119, 199])
@pytest.mark.parametrize("source", ["journey", "long", "kitten-zh"])
def test_the_columns_of_softmax_say_whose_row_they_are(source: str, width: int, language: str) -> None:
    here = page(STAGES.index(SOFTMAX), source)
    drawn = Picture(here.sheet, Look(Words(language), PLAIN, here.selection, here.focused.id), width)
    said = Words(language)("title.row", token=here.view.token)
    assert said in text_of(drawn.line(0, 0, width))


def test_the_pinned_row_is_named_beside_the_selected_one() -> None:
    here = page(STAGES.index(SOFTMAX), pinned=0)
    assert 'the row of "journey"  ↑Your' in drawn(here)[0]


def test_each_result_stands_below_its_matrix() -> None:
    lines = drawn(page(1))
    assert lines[2] == "▸d1                              0.296  0.517    0.137  0.102    0.076  0.197"
    assert lines[8] == "▸journey  0.550  0.870  0.660  [ 0.431] 1.455    0.443  1.142    0.395  1.004"


@pytest.mark.parametrize("stage", range(len(STAGES)))
def test_the_lesson_fits_the_smallest_window(stage: int) -> None:
    """80 × 24 leaves a canvas of 79 × 15."""
    shown = picture(page(stage))
    assert shown.width <= 79
    assert shown.height <= 15


@pytest.mark.parametrize("width", [40, 60, 79, 100, 140, 200])
@pytest.mark.parametrize("stage", range(len(STAGES)))
def test_every_line_is_as_wide_as_its_window(stage: int, width: int) -> None:
    shown = picture(page(stage), width)
    for left in (0, 7, 31):
        assert {width_of(shown.line(y, left, left + width, y // 2)) for y in range(shown.height)} == {width}


def test_wide_characters_do_not_shift_columns() -> None:
    shown = picture(page(2, "小猫 sat 垫子"))
    assert {width_of(line) for line in shown.lines()} == {shown.width}


def test_labels_stay_in_sight_when_scrolled() -> None:
    words = " ".join(f"word{number}" for number in range(24))
    shown = picture(page(2, words), width=80)
    heading, first = (text_of(shown.line(y, 100, 140, 20)) for y in (20, 21))
    assert heading.split() == ["word1", "word1", "word1", "word2", "word2"]
    assert first.split() == ["word19", "-0.08", "-0.63", "-1.40", "-0.46", "0.60"]


def test_a_blank_line_stands_between_bands_where_there_is_room() -> None:
    shown = page(1)
    assert picture(shown, height=20).height == picture(shown).height + 1


def test_a_gap_takes_no_room_of_its_own() -> None:
    here = page(2)
    scores = next(figure for figure in here.sheet.figures if isinstance(figure, Matrix))

    def width(*figures: Figure) -> int:
        sheet = Sheet((Band(figures, scores.rows),))
        return Picture(sheet, Look(EN, PLAIN, here.selection, here.focused.id), 79).width

    assert width(gap(), scores, gap()) == width(scores)


@pytest.mark.parametrize("stage", range(len(STAGES)))
def test_pointing_at_the_cursor_selects_what_is_selected(stage: int) -> None:
    shown = page(stage)
    drawing = picture(shown)
    place = drawing.cursor()
    assert place is not None
    moves = drawing.moves(place.x + 1, place.y)
    assert moves is not None
    assert shown.selection.moved(**moves) == shown.selection


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, ""), (1.0, "████"), (0.5, "██"), (0.28, "█▏"), (2.0, "████"), (-1.0, "")]
)
def test_bars_are_exact_to_an_eighth(share: float, text: str) -> None:
    assert bar(share, 4) == text


def test_a_ghost_is_shaded() -> None:
    assert bar(0.5, 4, ghost=True) == "░░"


def test_z_lies_among_the_values() -> None:
    assert drawn(page(4))[1:9] == [
        "             α      d1    d2      d1    d2       d1    d2   1.1│       journey",
        " Your    0.150 × 0.186 0.881 = 0.028 0.132    0.028 0.132      │    •Your s…••",
        "▸journey 0.226   0.395 1.004   0.089 0.227    0.117 0.359      │         z•s…",
        " starts  0.220   0.388 0.983   0.085 0.216    0.203 0.576    d2│      •with",
        " with    0.131   0.239 0.549   0.031 0.072    0.234 0.648      │",
        " one     0.091   0.149 0.335   0.014 0.030    0.247 0.678   0.3│  •one",
        " step    0.182   0.322 0.786   0.059 0.143    0.306 0.821      └──────────────",
        " Σ                            [0.306]0.821                      0.1   d1   0.4",
    ]
