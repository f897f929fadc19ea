"""A chain knows what a source has from what it is given, and computes exactly that."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from kitten_tui.core import layers
from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.biases import biased
from kitten_tui.core.cell import Cell
from kitten_tui.core.formula import Op, read
from kitten_tui.core.loss import TABLE_LINES
from kitten_tui.core.quantity import Scope, quantity
from kitten_tui.core.settings import Settings
from kitten_tui.core.trace import MissingError, Trace
from kitten_tui.core.transformer import Kind, layer_chain
from kitten_tui.core.workings import Workings
from kitten_tui.sources.find import open_source
from kitten_tui.sources.recording import Recording

NAMES = ("x", "q", "k", "v", "scores", "weights")
SUBSETS = [subset for count in range(len(NAMES) + 1) for subset in combinations(NAMES, count)]
ALWAYS = {"divisor", "rate", "kept_share", "allowed", "keep", "typical_sensitivity"}
ALWAYS |= {"typical_size", "random_square", "random_sensitivity"}
"""What settings give."""


def given(names: tuple[str, ...]) -> dict[str, np.ndarray]:
    draw = np.random.RandomState(0)
    weights = draw.uniform(size=(3, 3))
    arrays = {
        "x": draw.normal(size=(3, 4)),
        **{name: draw.normal(size=(3, 2)) for name in "qkv"},
        "scores": draw.normal(size=(3, 3)),
        "weights": weights / weights.sum(axis=-1, keepdims=True),
    }
    return {name: arrays[name] for name in names}


def traces(names: tuple[str, ...]) -> tuple[Trace, Trace]:
    """A head, and what the layer has around it."""
    settings, arrays = Settings(), given(names)
    sizes = layers.sizes(3, 3, d_model=4, d_k=2)
    shared = layers.shared(ATTENTION, {name: arrays.pop(name) for name in ("x",) if name in arrays}, settings, sizes)
    head = layers.head(shared, arrays, settings, None, 0, 0)
    return head, layers.joined(shared, {}, [lambda: head])


def expected(names: tuple[str, ...]) -> set[str]:
    """What follows from these, thought through by hand."""
    there = {*names} | ALWAYS
    if {"q", "k"} <= there:
        there.add("scores")
    if "scores" in there:
        there |= {"scaled", "masked", "shift", "exp", "total", "weights", "scores_gap"}
    if "v" in there:
        there.add("value_norm")
    if "weights" in there:
        there |= {"weight_sum", "headroom", "complement", "sensitivity", "dropped", "weights_gap"}
    if {"dropped", "v"} <= there:
        there |= {"contribution", "partial", "context", "context_gap", "concat"}
        there |= {"valued", "value_total", "value_share"}
    return there


def holder(name: str, head: Trace, joined: Trace) -> Trace:
    return head if ATTENTION[name].scope is Scope.HEAD else joined


@pytest.mark.parametrize("names", SUBSETS, ids="-".join)
def test_a_source_has_what_follows_from_what_it_is_given(names):
    head, joined = traces(names)
    assert {name for name in ATTENTION if holder(name, head, joined).has(name)} == expected(names)


@pytest.mark.parametrize("names", SUBSETS, ids="-".join)
def test_what_is_there_is_computed_and_what_is_not_raises_its_name(names):
    head, joined = traces(names)
    for name in ATTENTION:
        of = holder(name, head, joined)
        if of.has(name):
            assert of[name].ndim == len(ATTENTION[name].axes), name
        else:
            with pytest.raises(MissingError):
                of[name]


def test_what_is_given_wins_over_the_line():
    head, _ = traces(NAMES)
    assert (head["weights"] == given(NAMES)["weights"]).all()
    assert head["weights"] != pytest.approx(head.by_line("weights"))


@pytest.mark.parametrize("ask", [lambda trace: trace["nonsense"], lambda trace: trace.has("nonsense")])
def test_an_undeclared_quantity_raises(ask):
    with pytest.raises(LookupError, match="nonsense: no quantity is called so"):
        ask(traces(("x",))[0])


def test_an_undeclared_quantity_has_no_number_and_no_derivation():
    workings = Workings(open_source("journey"), Settings())
    for ask in (workings.array, workings.value, workings.derive):
        with pytest.raises(LookupError, match="nonsense"):
            ask("nonsense" if ask == workings.array else Cell("nonsense", (0,)))


@pytest.mark.parametrize("name", ["journey", "long", "causal"])
@pytest.mark.parametrize("settings", [Settings(), Settings(mask="causal", dropout=0.3, scale=False)], ids=["", "all"])
def test_the_row_of_a_query_is_the_row_of_the_whole(name, settings):
    lesson = open_source(name)
    whole = lesson.trace(0, 0, settings)
    for quantity_ in (each for each in ATTENTION.values() if each.axes[:1] == ("query",) and whole.has(each.name)):
        alone = Trace(whole.chain, whole.given, whole.scopes, whole.outer, sizes={**whole.sizes, "query": 1000})
        for query in range(len(lesson.tokens)):
            row = alone.row(quantity_.name, query)
            assert row == pytest.approx(whole[quantity_.name][query], abs=1e-12), quantity_.name
        assert quantity_.name in whole.given or quantity_.name not in alone._known  # not made of the whole


def test_a_row_outside_the_text_raises():
    with pytest.raises(LookupError):
        open_source("journey").trace(0, 0, Settings()).row("weights", 6)


def test_a_line_can_be_replaced_and_the_rest_follows():
    """Softmax over the wrong axis, as people write it by mistake."""
    wrong = ATTENTION.with_(
        quantity("total", "Σexp", "key", "exp[*,key]"),
        quantity("weights", "α", "query key", "exp[query,key] / total[key]"),
    )
    right = open_source("journey").trace(0, 0, Settings())
    shared = layers.shared(wrong, {"x": right["x"]}, Settings(), right.sizes)
    weights = {name: right[name] for name in ("w_q", "w_k", "w_v")}
    mistaken = layers.head(shared, weights, Settings(), None, 0, 0)
    assert mistaken["weights"].sum(axis=0) == pytest.approx(1.0)
    assert mistaken["weights"].sum(axis=1) != pytest.approx(1.0)
    assert mistaken["context"] == pytest.approx(mistaken["weights"] @ right["v"])


def test_a_new_line_stands_before_what_uses_it():
    longer = ATTENTION.with_(
        quantity("biased", "biased", "query key", "scaled[query,key] + bias[query,key]"),
        quantity("bias", "bias", "query key"),
        quantity("masked", "masked", "query key", "biased[query,key] where allowed[query,key]"),
    )
    names = list(longer)
    assert names.index("bias") < names.index("biased") < names.index("masked")
    assert longer.steps("scores", "masked") == ("scores", "scaled", "biased", "masked")


@pytest.mark.parametrize(
    ("line", "op", "parts"),
    [
        ("x[token,*] w_q[*,d_k] + b_q?[d_k]", Op.SUM, 2),
        ("exp[query,key] / total[query]", Op.QUOTIENT, 2),
        ("e^(masked[query,key] − shift[query])", Op.EXP, 2),
        ("scaled[query,key] where allowed[query,key]", Op.WHERE, 2),
        ("1 − rate", Op.LESS, 2),
        ("√(x_variance[token] + x_eps)", Op.ROOT, 2),
        ("shift(masked[query,*])", Op.SHIFT, 1),
        ("median(random_sensitivity[width,scale,*])", Op.MEDIAN, 1),
        ("(r[token,d_model] − m[token]) / s[token] × g[d_model] + b?[d_model]", Op.NORM, 5),
        ("r[token,d_model] / s[token] × g[d_model]", Op.NORM, 5),
    ],
)
def test_a_line_is_read_as_what_it_says(line, op, parts):
    formula = read(line)
    assert (formula.op, len(formula.parts)) == (op, parts)


@pytest.mark.parametrize("line", ["x[token,*", "q[query *]", "W[a]", "x + ", "2x"])
def test_what_is_no_line_raises_and_names_the_part(line):
    with pytest.raises(ValueError, match="expected a quantity such as"):
        read(line)


def test_every_line_uses_declared_quantities_only():
    kinds = [(first, rms, after) for first in (True, False) for rms in (True, False) for after in (True, False)]
    chains = [
        layer_chain(Kind(first, rms, norms_after=after, rotary=rotary, head_norm=head, says_next=True))
        for first, rms, after in kinds
        for rotary in (True, False)
        for head in ("head", "")
    ]
    for chain in (ATTENTION, *chains):
        for name in chain:
            assert all(ref.name in chain for ref in chain.operands(name) if ref.where != "before"), name


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"nonsense": (1, 1, 3, 3)}, "nonsense: expected a quantity such as weights"),
        ({"weights": (3, 3)}, r"weights: expected \[layer, head, query, key\], found 2 axes"),
        ({"weights": (1, 1, 4, 3)}, "weights: expected 3 places of query, found 4"),
        ({"weights": (1, 1, 3, 3), "v": (1, 1, 5, 2)}, "v: expected 3 places of token, found 5"),
        ({"weights": (2, 1, 3, 3), "v": (3, 1, 3, 2)}, "v: expected 2 places of layer, found 3"),
        ({"q": (1, 1, 3, 2)}, "expected weights, or scores with d_k, or q and k; found q"),
        ({"scores": (1, 1, 3, 3)}, "expected weights, or scores with d_k, or q and k; found scores"),
    ],
)
def test_a_recording_that_cannot_be_is_refused_by_name(names, said):
    arrays = {name: np.ones(shape) for name, shape in names.items()}
    with pytest.raises(ValueError, match=said):
        Recording(arrays, ["a", "b", "c"])


def test_scores_alone_lead_to_weights_where_the_width_is_known():
    recording = Recording({"scores": np.arange(9.0).reshape(1, 1, 3, 3)}, ["a", "b", "c"], d_k=4)
    row = np.exp(np.arange(3.0) / 2.0)
    assert recording.trace(0, 0, Settings())["weights"][0] == pytest.approx(row / row.sum())


def test_steps_end_where_a_line_looks_at_the_layer_before():
    chain = layer_chain(Kind(rms=True, rotary=True, says_next=True))
    assert chain.steps("scores", "x") == ()


def test_the_lines_of_a_layer_stand_in_the_order_of_the_lesson():
    for after in (True, False):
        chain = layer_chain(Kind(rms=not after, norms_after=after))
        names = list(chain)
        wanted = ["stream", "x", "q", "scores", "weights", "context", "output", *(["middle"] if after else []), "mlp"]
        assert [name for name in names if name in wanted] == wanted


@pytest.mark.parametrize("name", [name for name in ATTENTION if ATTENTION.operands(name)])
def test_a_line_is_a_step_from_its_first_operand_where_that_is_of_the_same_head(name):
    first = ATTENTION.operands(name)[0]
    assert ATTENTION.steps(first.name, name) == (() if first.where else (first.name, name))


@pytest.mark.parametrize("bias", ["", "slopes", "buckets"])
@pytest.mark.parametrize("capped", [False, True])
def test_scores_are_divided_then_capped_then_biased_and_what_that_makes_is_masked(capped, bias):
    chain = biased(ATTENTION, capped=capped, bias=bias)
    wanted = ("scores", "scaled", *(["capped"] if capped else []), *(["biased"] if bias else []), "masked")
    assert chain.steps("scores", "masked") == wanted


KINDS = [
    Kind(norms_after=after, added_norm=added, crossed=crossed, mixture=mixture)
    for after, added, crossed, mixture in product((False, True), repeat=4)
]


@pytest.mark.parametrize("kind", KINDS, ids=range(len(KINDS)))
def test_what_is_not_taken_apart_and_what_comes_from_the_layer_before_is_of_declared_quantities(kind):
    chain = layer_chain(kind)
    for name, line in chain.items():
        assert all(operand in chain for operand in line.opaque), name
        assert all(ref.name in chain for ref in chain.operands(name)), name


def test_a_step_of_a_lesson_is_one_of_a_model_and_of_a_training_too():
    for chain in (*map(layer_chain, KINDS), layer_chain(Kind(first=True)), ATTENTION.with_(*TABLE_LINES)):
        assert [name for name in ATTENTION if chain[name].step != ATTENTION[name].step] == []
