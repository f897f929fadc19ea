"""Attention over random lessons: against loops written without NumPy, and against its own laws."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.inputs import HeadWeights, Inputs, fixed
from kitten_tui.core.quantity import Scope
from kitten_tui.core.settings import MASKS, Settings
from kitten_tui.core.trace import LONG, MissingError, Trace
from kitten_tui.sources.lesson import Lesson

NUMBERS = st.floats(-1, 1)
OF_WORDS = {"words", *(name for name in ATTENTION if "word" in name.split("_"))}
"""What only a source has in which some tokens are no words."""
BY_QUERY = [name for name, of in ATTENTION.items() if of.axes[:1] == ("query",) and name not in OF_WORDS]
"""What has a row for each query."""
PINNED = [name for name in BY_QUERY if "pinned" in ATTENTION[name].axes]
"""What has a row for each query and each other one."""


def head(inputs: Inputs, settings: Settings, index: int = 0) -> Trace:
    return Lesson(inputs).trace(0, index, settings)


def joined(inputs: Inputs, settings: Settings) -> Trace:
    return Lesson(inputs).joined(0, settings)


@st.composite
def lessons(draw, numbers=NUMBERS, heads=1):
    """All that attention is computed from, with or without what may be left out."""
    n, d_model, d_k = draw(st.integers(1, 5)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    biased, projected, shifted = draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
    head = [(d_model, d_k)] * 3 + [(d_k,)] * 3
    shapes = [(n, d_model), *head * heads, (heads * d_k, d_model), (d_model,)]
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    drawn = np.split(draw(arrays(np.float64, int(ends[-1]), elements=numbers)), ends[:-1])  # one draw is quick
    x, *weights, w_o, b_o = (fixed(part.reshape(shape)) for part, shape in zip(drawn, shapes, strict=True))
    return Inputs(
        tokens=tuple(f"t{number}" for number in range(n)),
        x=x,
        heads=tuple(HeadWeights(*weights[start : start + (6 if biased else 3)]) for start in range(0, 6 * heads, 6)),
        w_o=w_o if projected else None,
        b_o=b_o if projected and shifted else None,
        own_mask=draw(arrays(np.bool_, (n, n))),
    )


def switches(masks=MASKS, rates=(0.0, 0.1, 0.5, 0.9)):
    return st.builds(
        Settings,
        scale=st.booleans(),
        mask=st.sampled_from(masks),
        dropout=st.sampled_from(rates),
        seed=st.integers(0, 2**32 - 1),
    )


def by_hand(inputs: Inputs, settings: Settings, kept: list[list[bool]], head: int = 0) -> dict[str, list[list[float]]]:
    """One head by loops over Python numbers; only which cells dropout keeps is taken over."""
    x, w = inputs.x.tolist(), inputs.heads[head]
    n, d_model, d_k = len(x), len(x[0]), len(w.w_q.tolist()[0])

    def through(matrix, bias):
        table = [[0.0] * d_k for _ in range(n)]
        for token in range(n):
            for column in range(d_k):
                table[token][column] = 0.0 if bias is None else float(bias[column])
                for row in range(d_model):
                    table[token][column] += x[token][row] * float(matrix[row][column])
        return table

    def sees(query, key):
        own = inputs.own_mask is None or bool(inputs.own_mask[query][key])
        return {"none": True, "causal": key <= query, "own": own}[settings.mask]

    q, k, v = through(w.w_q, w.b_q), through(w.w_k, w.b_k), through(w.w_v, w.b_v)
    found = {name: [[0.0] * n for _ in range(n)] for name in ("scores", "scaled", "masked", "weights", "dropped")}
    context = [[0.0] * d_k for _ in range(n)]
    for query in range(n):
        for key in range(n):
            for column in range(d_k):
                found["scores"][query][key] += q[query][column] * k[key][column]
            found["scaled"][query][key] = found["scores"][query][key] / (d_k**0.5 if settings.scale else 1)
            found["masked"][query][key] = found["scaled"][query][key] if sees(query, key) else -math.inf
        total = sum(math.exp(score) for score in found["masked"][query])
        for key in range(n):
            weight = math.exp(found["masked"][query][key]) / total if sees(query, key) else 0.0
            found["weights"][query][key] = weight
            found["dropped"][query][key] = weight / (1 - settings.dropout) if kept[query][key] else 0.0
            for column in range(d_k):
                context[query][column] += found["dropped"][query][key] * v[key][column]
    return {"q": q, "k": k, "v": v, **found, "context": context}


@given(lessons(), switches())
def test_a_slow_triple_loop_finds_every_intermediate(inputs, settings):
    trace = head(inputs, settings)
    for name, expected in by_hand(inputs, settings, trace["keep"].tolist()).items():
        assert trace[name] == pytest.approx(np.array(expected), abs=1e-9), name


@given(lessons(heads=2), switches())
def test_a_slow_loop_finds_what_leaves_the_layer(inputs, settings):
    traces = [head(inputs, settings, index) for index in range(2)]
    by_head = [
        by_hand(inputs, settings, trace["keep"].tolist(), index)["context"] for index, trace in enumerate(traces)
    ]
    concat = [first + second for first, second in zip(*by_head, strict=True)]
    layer = joined(inputs, settings)
    assert layer["concat"] == pytest.approx(np.array(concat), abs=1e-9)
    if inputs.w_o is not None:
        columns = range(inputs.w_o.shape[1])
        bias = [0.0 if inputs.b_o is None else float(inputs.b_o[column]) for column in columns]
        output = [
            [bias[c] + sum(number * float(inputs.w_o[r, c]) for r, number in enumerate(row)) for c in columns]
            for row in concat
        ]
        assert layer["output"] == pytest.approx(np.array(output), abs=1e-9)


def test_without_an_output_matrix_nothing_leaves():
    without = joined(replace(sample_inputs(), w_o=None, b_o=None), Settings())
    assert not without.has("output")
    with pytest.raises(MissingError):
        without["output"]


@given(lessons(), switches())
def test_rows_sum_to_1_where_something_is_allowed_and_to_exactly_0_where_nothing_is(inputs, settings):
    trace = head(inputs, settings)
    some = trace["allowed"].any(axis=-1)
    assert trace["weights"][some].sum(axis=-1) == pytest.approx(1.0, abs=1e-12)
    assert not trace["weights"][~some].any()


@given(lessons(), switches(masks=("causal",)))
def test_the_future_has_weight_exactly_0(inputs, settings):
    assert not np.triu(head(inputs, settings)["weights"], k=1).any()


@given(lessons(), switches(masks=("own",)))
def test_a_covered_key_has_weight_exactly_0(inputs, settings):
    assert not head(inputs, settings)["weights"][~inputs.own_mask].any()


@given(lessons(), switches(masks=("causal",), rates=(0.0,)))
def test_the_first_query_of_a_causal_lesson_is_its_own_value(inputs, settings):
    trace = head(inputs, settings)
    assert (trace["context"][0] == trace["v"][0]).all()


@given(lessons(), switches(masks=("causal",), rates=(0.0,)), st.data())
def test_under_a_causal_mask_later_words_change_nothing_before_them(inputs, settings, data):
    last = data.draw(st.integers(1, len(inputs.tokens)))
    shorter = Inputs(tokens=inputs.tokens[:last], x=inputs.x[:last].copy(), heads=inputs.heads)
    whole = head(inputs, settings)["context"][:last]
    assert head(shorter, settings)["context"] == pytest.approx(whole, abs=1e-12)


@given(lessons(), switches(masks=("none",), rates=(0.0,)), st.data())
def test_permuting_the_tokens_permutes_the_result(inputs, settings, data):
    order = data.draw(st.permutations(range(len(inputs.tokens))))
    permuted = replace(inputs, x=inputs.x[order].copy())
    before, after = head(inputs, settings), head(permuted, settings)
    assert after["weights"] == pytest.approx(before["weights"][order][:, order], abs=1e-12)
    assert after["context"] == pytest.approx(before["context"][order], abs=1e-12)


@given(lessons(), switches(rates=(0.0,)))
def test_dropout_at_rate_0_keeps_every_cell_as_it_is(inputs, settings):
    trace = head(inputs, settings)
    assert (trace["dropped"] == trace["weights"]).all()


@given(lessons(), switches(rates=(0.1, 0.5, 0.9)))
def test_kept_weights_grow_by_1_over_1_less_p_and_dropped_ones_are_0(inputs, settings):
    trace = head(inputs, settings)
    grown = trace["weights"] / (1 - settings.dropout)
    assert trace["dropped"] == pytest.approx(np.where(trace["keep"], grown, 0.0), rel=1e-15, abs=0)


@given(lessons(), switches())
def test_dropout_leaves_the_weights_themselves_alone(inputs, settings):
    without = head(inputs, replace(settings, dropout=0.0))
    assert (head(inputs, settings)["weights"] == without["weights"]).all()


@given(lessons(), switches(rates=(0.0,)))
def test_the_context_lies_among_the_values_it_may_see(inputs, settings):
    trace = head(inputs, settings)
    for query, allowed in enumerate(trace["allowed"]):
        if allowed.any():
            seen = trace["v"][allowed]
            assert (trace["context"][query] >= seen.min(axis=0) - 1e-12).all()
            assert (trace["context"][query] <= seen.max(axis=0) + 1e-12).all()


@given(lessons(), switches(masks=("own",)))
def test_a_query_that_may_see_nothing_gathers_exactly_nothing(inputs, settings):
    trace = head(inputs, settings)
    assert not trace["context"][~trace["allowed"].any(axis=-1)].any()


@given(lessons(numbers=st.floats(-100, 100)), switches())
def test_large_numbers_give_finite_weights(inputs, settings):
    assert np.isfinite(head(inputs, settings)["weights"]).all()


@given(lessons(), switches())
def test_the_last_partial_sum_is_the_context(inputs, settings):
    trace = head(inputs, settings)
    for query in range(len(inputs.tokens)):
        assert trace.row("partial", query)[-1] == pytest.approx(trace["context"][query], abs=1e-12)


@given(lessons(), switches())
def test_the_scale_divides_by_the_root_of_the_width_of_one_head(inputs, settings):
    divisor = head(inputs, settings)["divisor"]
    assert divisor == (math.sqrt(inputs.heads[0].w_q.shape[1]) if settings.scale else 1.0)


def sample_inputs() -> Inputs:
    def ones(*shape: int):
        return np.ones(shape)

    head = HeadWeights(ones(2, 2), ones(2, 2), ones(2, 2), ones(2), ones(2), ones(2))
    return Inputs(
        tokens=("a", "b", "c"),
        x=ones(3, 2),
        heads=(head,),
        embedding=ones(3, 2),
        position=ones(3, 2),
        w_o=ones(2, 2),
        b_o=ones(2),
        own_mask=np.eye(3, dtype=bool),
    )


KEEPERS = {
    "HeadWeights": lambda: sample_inputs().heads[0],
    "Inputs": sample_inputs,
    "the trace of a head": lambda: head(sample_inputs(), Settings(mask="own", dropout=0.5)),
    "the trace of a layer": lambda: joined(sample_inputs(), Settings(mask="own", dropout=0.5)),
}


def arrays_of(kept) -> dict[str, np.ndarray]:
    """Every array that something holds, and every one that it computes when it is first looked at."""
    if isinstance(kept, Trace):
        return {name: kept[name] for name in kept.chain if kept.has(name)}
    held = {field.name: getattr(kept, field.name) for field in fields(kept)}
    return {name: value for name, value in held.items() if isinstance(value, np.ndarray)}


def rows_of(trace: Trace, query: int) -> dict[str, np.ndarray]:
    return {name: trace.row(name, query) for name in BY_QUERY}


@pytest.mark.parametrize("make", KEEPERS.values(), ids=KEEPERS)
def test_every_array_is_read_only(make):
    assert not [name for name, array in arrays_of(make()).items() if array.flags.writeable]


def test_every_row_is_read_only_or_a_copy():
    trace = KEEPERS["the trace of a head"]()
    rows = rows_of(trace, 1)
    assert not [name for name, row in rows.items() if row.flags.writeable and np.shares_memory(row, trace[name])]
    assert not [name for name, row in rows.items() if row.flags.writeable and row.ndim]


@pytest.mark.parametrize(
    ("make", "beyond"), [("the trace of a head", Scope.LAYER), ("the trace of a layer", Scope.HEAD)]
)
def test_no_array_is_overlooked_because_it_is_computed_later(make, beyond):
    """The lesson has all there is, so each trace has all but what is of the other."""
    names = {name for name, quantity in ATTENTION.items() if quantity.scope is not beyond} - OF_WORDS
    assert set(arrays_of(KEEPERS[make]())) == names


@given(lessons(), switches())
def test_what_is_computed_is_computed_once(inputs, settings):
    for trace in (head(inputs, settings), joined(inputs, settings)):
        assert all(array is trace[name] for name, array in arrays_of(trace).items())


@given(lessons(), switches())
def test_a_row_by_itself_is_that_row_of_the_whole(inputs, settings):
    trace = head(inputs, settings)
    for query in range(len(inputs.tokens)):
        for name, row in rows_of(trace, query).items():
            assert np.array_equal(row, trace[name][query]), name


def test_a_row_of_a_long_text_is_computed_alone_and_is_that_row_of_the_whole(monkeypatch):
    draw = np.random.RandomState(3)
    weights = HeadWeights(*(draw.uniform(-1, 1, (4, 2)) for _ in "qkv"))
    inputs = Inputs(tokens=("a",) * (LONG + 1), x=draw.uniform(-1, 1, (LONG + 1, 4)), heads=(weights,))
    trace = head(inputs, Settings(mask="causal", dropout=0.5))
    whole, by_line = [], trace.by_line
    monkeypatch.setattr(trace, "by_line", lambda name: whole.append(name) or by_line(name))
    for query in (0, 30, LONG):
        rows = {name: trace.row(name, query) for name in BY_QUERY if name not in PINNED}
        gaps = {name: trace.at(name, (query, 1, None)) for name in PINNED}
        assert rows["weights"].shape == (LONG + 1,)
        assert not set(whole) & set(BY_QUERY)
        assert not [name for name, row in rows.items() if row.flags.writeable]
        assert [gaps[f"{name}_gap"].shape for name in ("weights", "context")] == [(LONG + 1,), (2,)]
        assert all(row is trace.row(name, query) for name, row in rows.items() if name not in trace.given)
    for query in (0, 30, LONG):
        for name, row in rows_of(trace, query).items():
            assert row == pytest.approx(trace[name][query], rel=1e-12, abs=1e-15), name
        for name in PINNED:
            gap = trace.at(name, (query, 1, None))
            assert gap == pytest.approx(trace[name][query, 1], rel=1e-12, abs=1e-15), name


@pytest.mark.parametrize("make", KEEPERS.values(), ids=KEEPERS)
def test_what_holds_arrays_compares_by_identity(make):
    one, other = make(), make()
    assert (one == one, one == other, len({one, other, one})) == (True, False, 2)


def test_nothing_can_be_put_into_a_trace():
    trace = KEEPERS["the trace of a head"]()
    for name in trace.chain:
        with pytest.raises(TypeError):
            trace[name] = 0.1


@pytest.mark.parametrize(
    ("wrong", "fragment"),
    [
        ({"mask": "future"}, "mask: expected one of none, causal, own, found 'future'"),
        ({"dropout": 1.0}, "dropout: expected a rate from 0 to below 1, found 1.0"),
        ({"dropout": -0.1}, "dropout: expected a rate from 0 to below 1, found -0.1"),
        ({"dropout": math.nan}, "dropout: expected a rate from 0 to below 1, found nan"),
        ({"seed": -1}, "found -1"),
        ({"seed": 2**32}, "found 4294967296"),
    ],
    ids=str,
)
def test_settings_refuse_what_cannot_be_computed(wrong, fragment):
    with pytest.raises(ValueError, match=r"expected .*, found") as refused:
        Settings(**wrong)
    assert fragment in str(refused.value)
