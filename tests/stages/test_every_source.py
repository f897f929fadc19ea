"""Sources that have only some quantities, and a chain with a line more, go through everything that looks at them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest

from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.quantity import Scope, quantity
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.formula import Sum, arithmetic
from kitten_tui.ink.overview import Overview
from kitten_tui.paper.check import checks
from kitten_tui.paper.explain import explain, parse_cell
from kitten_tui.paper.heads import heads_json, heads_table
from kitten_tui.paper.json import to_json
from kitten_tui.paper.plain import plain
from kitten_tui.sources.recording import Recording
from kitten_tui.stages import STAGES, turn_to
from kitten_tui.stages.figure import Matrix
from kitten_tui.stages.follow import follow
from kitten_tui.stages.view import View
from kitten_tui.words import LANGUAGES, Words

TOKENS = ("the", "cat", "saw", "the", "dog", "again")
KEYS = ("le", "chat", "noir", "dort")
DRAW = np.random.RandomState(8)


def numbers(*shape: int) -> np.ndarray:
    return DRAW.normal(size=shape)


def weights(*shape: int) -> np.ndarray:
    drawn = DRAW.uniform(size=shape) ** 3
    return drawn / drawn.sum(axis=-1, keepdims=True)


ALIBI = ATTENTION.with_(
    quantity("slope", "m", ""),
    quantity("distance", "distance", "query key", scope=Scope.SHARED),
    quantity("biased", "biased", "query key", "scaled[query,key] + slope distance[query,key]", step=True),
    quantity("masked", "masked", "query key", "biased[query,key] where allowed[query,key]", step=True),
)
"""Press et al., "Train Short, Test Long" (2022): the farther a key is, the less it gets."""


def with_biases() -> Recording:
    places = np.arange(len(TOKENS))
    distance = -np.abs(places[:, None] - places).astype(float)
    given = {name: numbers(2, 3, 6, 2) for name in "qkv"}
    slopes = np.tile([0.5, 0.25, 0.125], (2, 1))
    return Recording({**given, "slope": slopes, "distance": np.tile(distance, (2, 1, 1))}, TOKENS, lines=ALIBI)


SOURCES: dict[str, Recording] = {
    "weights alone": Recording({"weights": weights(2, 3, 6, 6)}, TOKENS),
    "q and k alone": Recording({name: numbers(2, 3, 6, 4) for name in "qk"}, TOKENS),
    "weights and values": Recording({"weights": weights(1, 2, 6, 6), "v": numbers(1, 2, 6, 2)}, TOKENS),
    "x and matrices": Recording(
        {"x": numbers(1, 6, 3), **{f"w_{role}": numbers(1, 2, 3, 2) for role in "qkv"}, "w_o": numbers(1, 4, 3)}, TOKENS
    ),
    "cross weights": Recording({"weights": weights(2, 2, 6, 4)}, TOKENS, KEYS),
    "cross q k v": Recording(
        {"q": numbers(1, 2, 6, 2), "k": numbers(1, 2, 4, 2), "v": numbers(1, 2, 4, 2)}, TOKENS, KEYS
    ),
    "linear biases": with_biases(),
}
MISSING = {
    "weights alone": ("x", "q, k, v", "ω", "ω, scaled, exp", "v, z", "scaled, masked", "concat"),
    "q and k alone": ("x", "v", "", "", "v, z", "", "concat"),
    "weights and values": ("x", "q, k", "ω", "ω, scaled, exp", "", "scaled, masked", ""),
    "x and matrices": ("",) * 7,
    "cross weights": ("x", "q, k, v", "ω", "ω, scaled, exp", "v, z", "scaled, masked", "concat"),
    "cross q k v": ("x", "", "", "", "", "", ""),
    "linear biases": ("x", "", "", "", "", "", ""),
}
"""What each stage says it lacks."""

every = pytest.mark.parametrize("name", SOURCES)


@pytest.fixture(autouse=True)
def words_of_the_new_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line and its words are all that a new quantity takes."""
    for language in LANGUAGES:
        texts = Words(language).texts
        for new in ("biased", "slope", "distance"):
            monkeypatch.setitem(texts, f"formula.{new}", f"about {new}")


def view(source: Source, **places: int | str) -> View:
    return View(source, source.settings, Selection(key=min(1, len(source.key_tokens) - 1))).with_(**places)


def pages(source: Source) -> Iterator[tuple[int, object]]:
    for number, stage in enumerate(STAGES):
        for layer in range(source.n_layers):
            for head in range(source.n_heads):
                yield number, turn_to(stage, view(source, stage=number, layer=layer, head=head))


@every
def test_each_stage_says_what_is_missing_in_one_line_and_nothing_else_if_nothing_is(name):
    for number, page in pages(SOURCES[name]):
        missing = [reading.values["names"] for reading in page.readings if reading.key == "stage.missing"]
        assert missing == ([MISSING[name][number]] if MISSING[name][number] else []), STAGES[number].id
        assert page.readings


@every
@pytest.mark.parametrize("language", LANGUAGES)
def test_all_of_it_can_be_printed(name, language):
    source = SOURCES[name]
    printed = "\n".join(plain(source, view(source), Words(language)))
    for token in source.key_tokens:
        assert token in printed


@every
def test_json_holds_what_there_is(name):
    source = SOURCES[name]
    found = json.loads(to_json(view(source, layer=source.n_layers - 1)))
    assert set(source.given) - {"w_q", "w_k", "w_v", "w_o", "slope", "distance"} <= set(found)
    assert np.array(found["weights"]).shape == (6, len(source.key_tokens))
    assert found.get("key_tokens", list(TOKENS)) == list(source.key_tokens)


@every
def test_all_checks_pass(name):
    source = SOURCES[name]
    found = list(checks(source, source.settings))
    assert found
    assert all(check.passed for check in found), [check for check in found if not check.passed]


@every
def test_the_heads_are_told_in_a_table_and_as_json(name):
    source = SOURCES[name]
    heads = source.survey.heads
    overview = Overview(source.tokens, source.n_layers, source.n_heads, heads, key_tokens=source.key_tokens)
    assert len(list(heads_table(overview, Words("en")))) > source.n_layers * source.n_heads
    told = json.loads(heads_json(overview))
    assert len(told["heads"]) == source.n_layers * source.n_heads
    across = source.key_tokens is not source.tokens
    assert (told["heads"][0]["previous"] is None) == across
    assert (told["heads"][0]["distance"] is None) == across


@pytest.mark.slow
@every
def test_every_operand_of_every_figure_is_led_to(name):
    source = SOURCES[name]
    for _, page in pages(source):
        for figure in page.sheet.stops:
            at = turn_to(page.stage, page.view.with_(focus=figure.id))
            derivation = at.derivation
            assert derivation is not None
            for operand in (operand for term in derivation.terms for operand in term):
                if operand.cell is not None:
                    there = follow(at, operand.cell, STAGES)
                    assert there is not None, (derivation.cell, operand.cell)
                    reached = turn_to(STAGES[there.selection.stage], there)
                    assert reached.derivation is not None
                    assert reached.derivation.value == operand.value


@every
def test_the_arithmetic_of_every_number_is_written_in_both_languages(name):
    source = SOURCES[name]
    for _, page in pages(source):
        for language in LANGUAGES:
            if page.derivation is not None:
                first, second = arithmetic(page.derivation, Sum(page.view.workings, Words(language)), 120)
                assert text_of(first).strip()
                assert text_of(second).strip()


def test_given_weights_that_disagree_with_their_scores_are_reported():
    arrays = {"q": numbers(1, 1, 6, 2), "k": numbers(1, 1, 6, 2), "weights": weights(1, 1, 6, 6)}
    failed = [
        check.name for check in checks(Recording(arrays, TOKENS), SOURCES["weights alone"].settings) if not check.passed
    ]
    assert [name.key for name in failed] == ["check.terms", "check.agrees"]
    assert failed[1].values["name"] == "weights"


def test_rows_that_do_not_sum_to_1_are_reported():
    failed = [
        check.name.key
        for check in checks(
            Recording({"weights": 2.0 * weights(1, 1, 6, 6)}, TOKENS), SOURCES["weights alone"].settings
        )
        if not check.passed
    ]
    assert failed == ["check.rows"]


def test_a_new_line_is_seen_where_it_belongs():
    source = SOURCES["linear biases"]
    softmax = turn_to(STAGES[3], view(source, stage=3))
    assert [figure.name for figure in softmax.sheet.figures][:4] == ["scores", "scaled", "biased", "exp"]
    mask = turn_to(STAGES[5], view(source, stage=5))
    assert [figure.name for figure in mask.sheet.figures if figure.name][:2] == ["biased", "masked"]
    assert "biased" in json.loads(to_json(view(source)))


def test_a_new_line_is_explained():
    source = SOURCES["linear biases"]
    workings = view(source).workings
    cell = parse_cell("biased h2[cat,dog]", workings, 0)
    lines = list(explain(workings, cell, 2, Words("en")))
    scaled = float(source.trace(0, 1, source.settings)["scaled"][1, 4])
    assert lines[0].startswith(f"biased h2[cat, dog] = {scaled:.3f} + 0.250 × -3.000")
    assert "  about biased" in lines[1]
    assert [line.strip() for line in lines if "about" in line][1:] == ["about slope", "about distance"]


def test_the_weights_follow_from_the_new_line():
    source = SOURCES["linear biases"]
    trace = source.trace(1, 2, source.settings)
    masked = trace["scores"] / np.sqrt(2.0) + 0.125 * source.given["distance"][1]
    assert trace["weights"] == pytest.approx(np.exp(masked) / np.exp(masked).sum(axis=-1, keepdims=True))


NUMBERS = np.random.RandomState(3)
GIVEN = {
    "x": NUMBERS.normal(size=(1, 6, 4)),
    "q": NUMBERS.normal(size=(1, 2, 6, 4)),
    "k": NUMBERS.normal(size=(1, 2, 6, 4)),
    "v": NUMBERS.normal(size=(1, 2, 6, 3)),
    "scores": NUMBERS.normal(size=(1, 2, 6, 6)),
    "scaled": NUMBERS.normal(size=(1, 2, 6, 6)),
    "masked": NUMBERS.normal(size=(1, 2, 6, 6)),
    "exp": NUMBERS.uniform(0.1, 1.0, size=(1, 2, 6, 6)),
    "weights": np.full((1, 2, 6, 6), 1.0 / 6.0),
    "concat": NUMBERS.normal(size=(1, 6, 8)),
}
"""Values are wider than nothing: they need not be as wide as queries and keys."""
PARTS = [
    names
    for count in range(1, 4)
    for names in combinations(GIVEN, count)
    if {"q", "k"} <= set(names) or {"scaled", "masked", "exp", "weights"} & set(names)
]


@pytest.mark.parametrize("names", PARTS, ids="-".join)
@pytest.mark.first_is_quick
def test_whatever_is_given_every_stage_shows_what_it_can(names):
    if "concat" in names and "v" in names:
        return  # two heads of three are not eight
    source = Recording({name: GIVEN[name] for name in names}, TOKENS)
    for number, stage in enumerate(STAGES):
        page = turn_to(stage, view(source, stage=number, concat=7, head=1))
        assert page.readings
        for figure in page.sheet.stops:
            at = turn_to(stage, page.view.with_(focus=figure.id))
            assert at.derivation is not None
            assert Sum(at.view.workings, Words("en")).name(at.derivation.cell)


@pytest.mark.parametrize(
    ("first", "second"),
    [({"x": (1, 6, 4)}, {"weights": (2, 2, 6, 6)}), ({"q": (1, 1, 6, 2)}, {"weights": (1, 2, 6, 6)})],
)
def test_layers_and_heads_have_to_agree_in_whatever_order(first, second):
    for shapes in ({**first, **second}, {**second, **first}):
        with pytest.raises(ValueError, match=r"expected \d places of"):
            Recording({name: np.full(shape, 1.0 / 6.0) for name, shape in shapes.items()}, TOKENS)


def test_queries_and_keys_have_to_be_as_wide_as_each_other_and_values_need_not():
    with pytest.raises(ValueError, match="k: expected 4 places of d_k, found 3"):
        Recording({"q": np.ones((1, 1, 6, 4)), "k": np.ones((1, 1, 6, 3))}, TOKENS)
    for names in (("v", "q", "k"), ("q", "k", "v")):
        trace = Recording({name: GIVEN[name] for name in names}, TOKENS).trace(0, 0, Settings())
        assert float(trace["divisor"]) == 2.0


def test_keys_are_not_made_of_the_vectors_of_the_queries():
    given = {"x": np.ones((1, 6, 2)), **{f"w_{role}": np.ones((1, 1, 2, 2)) for role in "qkv"}}
    with pytest.raises(ValueError, match="expected k and v themselves"):
        Recording(given, TOKENS, KEYS)


def test_equal_tokens_are_the_same_text():
    source = Recording({"weights": GIVEN["weights"]}, TOKENS, list(TOKENS))
    assert source.key_tokens is source.tokens


@pytest.mark.parametrize("kind", [np.float16, np.float32, list])
def test_numbers_of_any_precision_pass_their_checks(kind):
    exact = np.random.RandomState(1)
    arrays = {name: exact.normal(size=(1, 2, 6, 16)) for name in "qkv"}
    taken = {name: array.tolist() if kind is list else array.astype(kind) for name, array in arrays.items()}
    source = Recording(taken, TOKENS)
    assert [check.name.key for check in checks(source, source.settings) if not check.passed] == []


def test_a_query_that_may_look_at_one_key_alone_has_no_choice_to_be_told_of():
    causal = np.tri(6) / np.arange(1, 7)[:, None]
    (head,) = Recording({"weights": causal[None, None]}, TOKENS).heads
    assert head.largest[0] == 0.0
    assert all(pair.query > 0 for pair in head.pairs)


def test_given_sums_that_disagree_are_named():
    arrays = {**{name: GIVEN[name] for name in "qk"}, "total": np.full((1, 2, 6), 99.0)}
    found = checks(Recording(arrays, TOKENS), Settings())
    failed = {check.name.values.get("name") for check in found if not check.passed}
    assert "total" in failed


def test_softmax_over_the_wrong_axis_goes_through_every_stage():
    wrong = ATTENTION.with_(
        quantity("total", "Σexp", "key", "exp[*,key]"),
        quantity("weights", "α", "query key", "exp[query,key] / total[key]"),
    )
    source = Recording({name: GIVEN[name] for name in "qkv"}, TOKENS, lines=wrong)
    for _, page in pages(source):
        for figure in page.sheet.stops:
            assert turn_to(page.stage, page.view.with_(focus=figure.id)).derivation is not None


def test_where_nobody_knows_what_scores_were_divided_by_it_is_called_by_its_rule():
    source = Recording({name: GIVEN[name] for name in ("scores", "scaled")}, TOKENS)
    page = turn_to(STAGES[3], view(source, stage=3))
    (scaled,) = (figure for figure in page.sheet.figures if figure.name == "scaled")
    assert scaled.columns.labels == ("ω/√d_k",)


@every
def test_no_two_figures_of_a_page_have_one_id_and_each_row_and_column_has_its_label(name):
    for _, page in pages(SOURCES[name]):
        ids = [figure.id for figure in page.sheet.stops]
        assert len(ids) == len({*ids})
        for figure in page.sheet.figures:
            if isinstance(figure, Matrix):
                assert figure.values.shape == (len(figure.rows), len(figure.columns)), figure.id
