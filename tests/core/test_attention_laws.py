"""Attention over random lessons: against loops written without NumPy, and against its own laws."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from functools import cached_property

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kitten_tui.core import attention
from kitten_tui.core.settings import MASKS, Settings
from kitten_tui.core.trace import BY_QUERY, LONG, HeadWeights, Inputs, Joined, Trace, fixed

NUMBERS = st.floats(-1, 1)


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
    trace = attention.head(inputs, 0, settings)
    for name, expected in by_hand(inputs, settings, trace.keep.tolist()).items():
        assert getattr(trace, name) == pytest.approx(np.array(expected), abs=1e-9), name


@given(lessons(heads=2), switches())
def test_a_slow_loop_finds_what_leaves_the_layer(inputs, settings):
    traces = [attention.head(inputs, head, settings) for head in range(2)]
    by_head = [by_hand(inputs, settings, trace.keep.tolist(), head)["context"] for head, trace in enumerate(traces)]
    concat = [first + second for first, second in zip(*by_head, strict=True)]
    joined = attention.join([trace.context for trace in traces], inputs.w_o, inputs.b_o)
    assert joined.concat == pytest.approx(np.array(concat), abs=1e-9)
    if inputs.w_o is not None:
        columns = range(inputs.w_o.shape[1])
        bias = [0.0 if inputs.b_o is None else float(inputs.b_o[column]) for column in columns]
        output = [
            [bias[c] + sum(number * float(inputs.w_o[r, c]) for r, number in enumerate(row)) for c in columns]
            for row in concat
        ]
        assert joined.output == pytest.approx(np.array(output), abs=1e-9)


def test_without_an_output_matrix_nothing_leaves():
    assert attention.join([np.ones((2, 2))], None, None).output is None


@given(lessons(), switches())
def test_rows_sum_to_1_where_something_is_allowed_and_to_exactly_0_where_nothing_is(inputs, settings):
    trace = attention.head(inputs, 0, settings)
    some = trace.allowed.any(axis=-1)
    assert trace.weights[some].sum(axis=-1) == pytest.approx(1.0, abs=1e-12)
    assert not trace.weights[~some].any()


@given(lessons(), switches(masks=("causal",)))
def test_the_future_has_weight_exactly_0(inputs, settings):
    assert not np.triu(attention.head(inputs, 0, settings).weights, k=1).any()


@given(lessons(), switches(masks=("own",)))
def test_a_covered_key_has_weight_exactly_0(inputs, settings):
    assert not attention.head(inputs, 0, settings).weights[~inputs.own_mask].any()


@given(lessons(), switches(masks=("causal",), rates=(0.0,)))
def test_the_first_query_of_a_causal_lesson_is_its_own_value(inputs, settings):
    trace = attention.head(inputs, 0, settings)
    assert (trace.context[0] == trace.v[0]).all()


@given(lessons(), switches(masks=("causal",), rates=(0.0,)), st.data())
def test_under_a_causal_mask_later_words_change_nothing_before_them(inputs, settings, data):
    last = data.draw(st.integers(1, len(inputs.tokens)))
    shorter = Inputs(tokens=inputs.tokens[:last], x=inputs.x[:last].copy(), heads=inputs.heads)
    whole = attention.head(inputs, 0, settings).context[:last]
    assert attention.head(shorter, 0, settings).context == pytest.approx(whole, abs=1e-12)


@given(lessons(), switches(masks=("none",), rates=(0.0,)), st.data())
def test_permuting_the_tokens_permutes_the_result(inputs, settings, data):
    order = data.draw(st.permutations(range(len(inputs.tokens))))
    permuted = replace(inputs, x=inputs.x[order].copy())
    before, after = attention.head(inputs, 0, settings), attention.head(permuted, 0, settings)
    assert after.weights == pytest.approx(before.weights[order][:, order], abs=1e-12)
    assert after.context == pytest.approx(before.context[order], abs=1e-12)


@given(lessons(), switches(rates=(0.0,)))
def test_dropout_at_rate_0_keeps_every_cell_as_it_is(inputs, settings):
    trace = attention.head(inputs, 0, settings)
    assert (trace.dropped == trace.weights).all()


@given(lessons(), switches(rates=(0.1, 0.5, 0.9)))
def test_kept_weights_grow_by_1_over_1_less_p_and_dropped_ones_are_0(inputs, settings):
    trace = attention.head(inputs, 0, settings)
    grown = trace.weights / (1 - settings.dropout)
    assert trace.dropped == pytest.approx(np.where(trace.keep, grown, 0.0), rel=1e-15, abs=0)


@given(lessons(), switches())
def test_dropout_leaves_the_weights_themselves_alone(inputs, settings):
    without = attention.head(inputs, 0, replace(settings, dropout=0.0))
    assert (attention.head(inputs, 0, settings).weights == without.weights).all()


@given(lessons(), switches(rates=(0.0,)))
def test_the_context_lies_among_the_values_it_may_see(inputs, settings):
    trace = attention.head(inputs, 0, settings)
    for query, allowed in enumerate(trace.allowed):
        if allowed.any():
            seen = trace.v[allowed]
            assert (trace.context[query] >= seen.min(axis=0) - 1e-12).all()
            assert (trace.context[query] <= seen.max(axis=0) + 1e-12).all()


@given(lessons(), switches(masks=("own",)))
def test_a_query_that_may_see_nothing_gathers_exactly_nothing(inputs, settings):
    trace = attention.head(inputs, 0, settings)
    assert not trace.context[~trace.allowed.any(axis=-1)].any()


@given(lessons(numbers=st.floats(-100, 100)), switches())
def test_large_numbers_give_finite_weights(inputs, settings):
    assert np.isfinite(attention.head(inputs, 0, settings).weights).all()


@given(lessons(), switches())
def test_the_last_partial_sum_is_the_context(inputs, settings):
    trace = attention.head(inputs, 0, settings)
    for query in range(len(inputs.tokens)):
        assert trace.partial(query)[-1] == pytest.approx(trace.context[query], abs=1e-12)


@given(lessons(), switches())
def test_the_scale_divides_by_the_root_of_the_width_of_one_head(inputs, settings):
    divisor = attention.head(inputs, 0, settings).divisor
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


def sample_joined(inputs: Inputs) -> Joined:
    return attention.join([attention.head(inputs, 0, Settings()).context], inputs.w_o, inputs.b_o)


KEEPERS = {
    "HeadWeights": lambda: sample_inputs().heads[0],
    "Inputs": sample_inputs,
    "Trace": lambda: attention.head(sample_inputs(), 0, Settings(mask="own", dropout=0.5)),
    "Projected": lambda: KEEPERS["Trace"]().projected,
    "a row of a Trace": lambda: KEEPERS["Trace"]().only(1),
    "Joined": lambda: sample_joined(sample_inputs()),
}


def arrays_of(kept) -> dict[str, np.ndarray]:
    """Every array that something holds, and every one that it computes when it is first looked at."""
    later = (name for name, kind in vars(type(kept)).items() if isinstance(kind, (property, cached_property)))
    found = {name: getattr(kept, name) for name in (*(field.name for field in fields(kept)), *later)}
    return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}


@pytest.mark.parametrize("make", KEEPERS.values(), ids=KEEPERS)
def test_every_array_is_read_only(make):
    assert not [name for name, array in arrays_of(make()).items() if array.flags.writeable]


@pytest.mark.parametrize(
    ("make", "names"),
    [
        ("Trace", {"x", "q", "k", "v", "allowed", "keep", *BY_QUERY}),
        ("a row of a Trace", {"x", "q", "k", "v", "allowed", "keep", *BY_QUERY}),
        ("Projected", {"x", "q_projected", "k_projected", "q_normed", "k_normed", "q", "k", "v"}),
        ("Joined", {"concat", "w_o", "b_o", "output"}),
    ],
)
def test_no_array_is_overlooked_because_it_is_computed_later(make, names):
    assert set(arrays_of(KEEPERS[make]())) == names


@given(lessons(), switches())
def test_what_is_computed_is_computed_once(inputs, settings):
    trace = attention.head(inputs, 0, settings)
    assert all(array is getattr(trace, name) for name, array in arrays_of(trace).items())


@given(lessons(), switches())
def test_a_row_by_itself_is_that_row_of_the_whole(inputs, settings):
    trace = attention.head(inputs, 0, settings)
    for query in range(len(inputs.tokens)):
        row = trace.only(query)
        for name in ("allowed", "keep", *BY_QUERY):
            assert np.array_equal(getattr(row, name), getattr(trace, name)[[query]]), name


def test_a_row_of_a_long_text_is_computed_alone_and_is_that_row_of_the_whole():
    draw = np.random.RandomState(3)
    head = HeadWeights(*(draw.uniform(-1, 1, (4, 2)) for _ in "qkv"))
    inputs = Inputs(tokens=("a",) * (LONG + 1), x=draw.uniform(-1, 1, (LONG + 1, 4)), heads=(head,))
    trace = attention.head(inputs, 0, Settings(mask="causal", dropout=0.5))
    for query in (0, 30, LONG):
        row = trace.only(query)
        assert arrays_of(row)["weights"].shape == (1, LONG + 1)
        assert "scores" not in vars(trace)
        assert not [name for name, array in arrays_of(row).items() if array.flags.writeable]
    for query in (0, 30, LONG):
        for name in ("allowed", "keep", *BY_QUERY):
            alone = getattr(trace.only(query), name)
            assert alone == pytest.approx(getattr(trace, name)[[query]], rel=1e-12, abs=1e-15), name


@pytest.mark.parametrize("make", KEEPERS.values(), ids=KEEPERS)
def test_what_holds_arrays_compares_by_identity(make):
    one, other = make(), make()
    assert (one == one, one == other, len({one, other, one})) == (True, False, 2)


def test_a_trace_has_no_field_left_to_set():
    trace: Trace = KEEPERS["Trace"]()
    for name in ("rate", "projected", "x", "q", "k", "v", *BY_QUERY):
        with pytest.raises(AttributeError):
            setattr(trace, name, 0.1)


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
