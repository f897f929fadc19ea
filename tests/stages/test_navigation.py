from __future__ import annotations

import pytest
from test_follow import focuses

from kitten_tui.core.settings import Settings
from kitten_tui.desk.selection import Selection
from kitten_tui.sources.find import open_source
from kitten_tui.stages import STAGES, Page, navigation, turn_to
from kitten_tui.stages.figure import Matrix
from kitten_tui.stages.stage import NOWHERE
from kitten_tui.stages.view import View


def page(stage: int = 0, source: str = "journey", **places: int | str) -> Page:
    lesson = open_source(source)
    return turned(View(lesson, lesson.settings, Selection(stage=stage, query=1, key=1).moved(**places)))


def turned(view: View) -> Page:
    return turn_to(STAGES[view.selection.stage], view)


def test_the_selection_is_shared_by_all_stages() -> None:
    here = page(2, query=4, key=3, head=1)
    for stage in range(len(STAGES)):
        selection = turned(navigation.go_to_stage(here, stage)).selection
        assert (selection.query, selection.key, selection.head) == (4, 3, 1)


@pytest.mark.parametrize("by", [-1, 1])
def test_moving_stops_at_the_edge(by: int) -> None:
    here = page(2)
    for _ in range(10):
        here = turned(navigation.step_query(here, by))
    assert here.selection.query == (0 if by < 0 else 5)


def test_the_row_goes_on_in_the_next_figure() -> None:
    here = page(1, focus="q", d_k=1)
    here = turned(navigation.step_along(here, 1))
    assert (here.focused.id, here.selection.d_k) == ("k", 0)
    here = turned(navigation.step_along(here, -1))
    assert (here.focused.id, here.selection.d_k) == ("q", 1)


def test_the_row_of_a_panel_goes_on_in_the_next_head() -> None:
    here = turned(navigation.step_along(page(6, key=5), 1))
    assert (here.focused.id, here.selection.head, here.selection.key) == ("dropped.2", 1, 0)


def test_a_single_column_is_gone_through_downwards() -> None:
    here = turned(navigation.step_along(page(3), 1))
    assert (here.focused.id, here.selection.key) == ("weights", 2)


def test_another_head_takes_the_cursor_to_its_panel() -> None:
    here = turned(navigation.step_head(page(6), 1))
    assert (here.focused.id, here.selection.head) == ("dropped.2", 1)


def test_every_figure_can_be_reached() -> None:
    for stage in range(len(STAGES)):
        here = page(stage)
        wanted = {figure.id for figure in here.sheet.stops}
        seen = set()
        for _ in wanted:
            seen.add(here.focused.id)
            here = turned(navigation.step_figure(here, 1))
        assert seen == wanted


def test_the_masks_go_round() -> None:
    view = page(5).view
    seen = []
    for _ in range(3):
        view = navigation.next_mask(view)
        seen.append(view.settings.mask)
    assert seen == ["causal", "none", "causal"]


def test_the_dropout_rates_go_round() -> None:
    view = page(5).view
    seen = []
    for _ in range(4):
        view = navigation.next_dropout(view)
        seen.append(view.settings.dropout)
    assert seen == [0.1, 0.2, 0.5, 0.0]


@pytest.mark.parametrize(("seed", "wanted"), [(0, 1), (2**31 - 1, 2**31), (2**32 - 2, 2**32 - 1), (2**32 - 1, 0)])
def test_each_seed_is_followed_by_the_next_and_the_largest_by_the_first(seed: int, wanted: int) -> None:
    here = page()
    view = View(here.view.source, Settings(seed=seed), here.selection)
    assert navigation.next_seed(view).settings.seed == wanted


def test_a_place_outside_another_figure_moves_to_its_edge() -> None:
    assert page(0, d_model=2, focus="x").selection.d_model == 2
    assert page(1, d_k=7, focus="q").selection.d_k == 1


def test_pointing_into_another_panel_selects_its_head() -> None:
    here = turned(navigation.point(page(6), {"focus": "dropped.3", "query": 2, "key": 4}))
    assert (here.selection.head, here.selection.query, here.selection.key) == (2, 2, 4)


@pytest.mark.slow
def test_every_key_works_at_every_figure_and_at_every_setting() -> None:
    moves = (
        navigation.step_along,
        navigation.step_down,
        navigation.step_figure,
        navigation.step_head,
        navigation.step_query,
        navigation.step_layer,
    )
    for stage in range(len(STAGES)):
        for focus in focuses(STAGES[stage], page(stage, pinned=0).view):
            for move in moves:
                for by in (-1, 1):
                    assert turned(move(page(stage, focus=focus, pinned=0), by)).focused is not NOWHERE


def test_the_head_keys_move_through_what_the_heads_have_side_by_side() -> None:
    here = turned(navigation.step_head(page(6, focus="concat", concat=1), 1))
    assert (here.focused.id, here.selection.concat, here.selection.head) == ("concat", 3, 1)


@pytest.mark.parametrize(("stage", "name"), [(2, "scores"), (3, "weights"), (4, "context")])
def test_a_pinned_query_stays_beside_the_selected_one(stage: int, name: str) -> None:
    here = page(stage, query=4, pinned=1)
    figures = {figure.id: figure for figure in here.sheet.figures}
    rows = here.view.trace[name]
    assert figures[f"{name}.pinned"].values.ravel().tolist() == rows[1].tolist()  # type: ignore[attr-defined]
    assert figures[f"{name}.gap"].values.ravel().tolist() == (rows[4] - rows[1]).tolist()  # type: ignore[attr-defined]
    focused = page(stage, query=4, pinned=1, focus=f"{name}.gap", key=2)
    assert focused.derivation.value == focused.derivation.recomputed()


def test_beside_a_pinned_query_heat_is_that_of_weights_alone() -> None:
    figures = page(3, query=4, pinned=1).sheet.figures
    assert [each.id for each in figures if isinstance(each, Matrix) and each.heat] == ["weights", "weights.pinned"]
