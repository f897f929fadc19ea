"""Every gradient is how the loss changes, and answers "where do you come from?" like any other number."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
from learned import HEADS, TOKENS, Learned

from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.backward import backward, symbol_of
from kitten_tui.core.cell import Cell, Derivation
from kitten_tui.core.chain import Chain
from kitten_tui.core.formula import Op
from kitten_tui.core.loss import with_loss
from kitten_tui.core.quantity import Quantity, Scope, quantity
from kitten_tui.core.workings import Workings

ALIBI = ATTENTION.with_(
    quantity("slope", "m", ""),
    quantity("distance", "distance", "query key"),
    quantity("biased", "biased", "query key", "scaled[query,key] + slope distance[query,key]", step=True),
    quantity("masked", "masked", "query key", "biased[query,key] where allowed[query,key]", step=True),
)
"""Press et al., "Train Short, Test Long" (2022)."""
CAPPED = ATTENTION.with_(
    quantity("cap", "cap", ""),
    quantity("capped", "capped", "query key", "cap tanh(scaled[query,key] / cap)", step=True),
    quantity("masked", "masked", "query key", "capped[query,key] where allowed[query,key]", step=True),
)
"""Gemma 2 (2024): scores are held between −cap and cap."""
PLACES = np.arange(len(TOKENS))
KINDS = {
    "one layer": lambda: Learned(1),
    "one layer, everything seen": lambda: Learned(1, mask="none"),
    "two layers": lambda: Learned(2),
    "two layers, everything seen": lambda: Learned(2, mask="none"),
    "layer norms": lambda: Learned(2, norms="layer"),
    "root mean square norms": lambda: Learned(2, norms="rms", mask="none"),
    "caps": lambda: Learned(1, lines=CAPPED, more={"cap": 0.7}),
    "linear biases": lambda: Learned(
        2, lines=ALIBI, more={"slope": 0.5, "distance": -np.abs(PLACES[:, None] - PLACES).astype(float)}
    ),
}
STEP = 5e-5

every = pytest.mark.parametrize("kind", KINDS)


@cache
def learned(kind: str) -> Learned:
    return KINDS[kind]()


def workings(kind: str, layer: int) -> Workings:
    return Workings(learned(kind), learned(kind).settings, layer)


def gradients(kind: str) -> Iterator[tuple[Workings, Quantity, int]]:
    """Every gradient that there is, in each layer and head."""
    for layer in range(learned(kind).n_layers):
        of = workings(kind, layer)
        for line in of.chain.values():
            for head in range(HEADS if line.scope is Scope.HEAD else 1):
                if line.of and of.has(line.name, head):
                    yield of, line, head


def difference(kind: str, name: str, layer: int, head: int, towards: np.ndarray) -> float:
    """How the loss changes as a quantity is moved this way: a central difference of the fourth order."""
    numbers = workings(kind, layer).array(name, head)
    towards = np.where(np.isfinite(numbers), towards, 0.0)
    loss = {by: learned(kind).with_(name, layer, head, numbers + by * STEP * towards).loss for by in (-2, -1, 1, 2)}
    return (8 * (loss[1] - loss[-1]) - (loss[2] - loss[-2])) / (12 * STEP)


def equal(one: float, other: float, size: float) -> bool:
    """To a part in 10⁷ of what gradients of this quantity are like."""
    return abs(one - other) <= 1e-7 * max(1e-2, size)


@every
@pytest.mark.first_is_quick
def test_every_gradient_is_how_the_loss_changes_whichever_way_a_quantity_is_moved(kind):
    draw = np.random.RandomState(4)
    for of, line, head in gradients(kind):
        if line.name == f"grad({line.of})":
            gradient = of.array(line.name, head)
            assert gradient.shape == of.array(line.of, head).shape, line.name
            towards = draw.normal(size=gradient.shape)
            expected = difference(kind, line.of, of.layer, head, towards)
            assert equal((gradient * towards).sum(), expected, np.abs(gradient).max()), (line.name, of.layer, head)


@pytest.mark.slow
@every
def test_every_number_of_a_gradient_is_how_the_loss_changes(kind):
    for of, line, head in gradients(kind):
        if line.name == f"grad({line.of})":
            gradient = of.array(line.name, head)
            for index in np.ndindex(gradient.shape):
                towards = np.zeros_like(gradient)
                towards[index] = 1.0
                expected = difference(kind, line.of, of.layer, head, towards)
                assert equal(gradient[index], expected, np.abs(gradient).max()), (line.name, of.layer, head, index)


@every
def test_all_that_leads_to_the_loss_has_a_gradient(kind):
    trained = {"embedding", "position", "stream", "x", "w_q", "w_k", "w_v", "b_q", "b_v", "w_o", "b_o", "unembedding"}
    steps = {"q", "k", "v", "scores", "scaled", "masked", "exp", "total", "weights", "dropped", "context", "concat"}
    ends = {"output", "last", "logits", "predicted", "surprise"}
    met = {line.of for _, line, _ in gradients(kind)}
    assert trained | steps | ends <= met
    assert not {"b_k", "shift", "divisor", "allowed", "keep", "target", "counted", "loss", "weight_sum"} & met


def cells(kind: str) -> Iterator[tuple[Workings, Cell]]:
    for of, line, head in gradients(kind):
        for index in product(*map(range, of.array(line.name, head).shape)):
            yield of, Cell(line.name, index, head, of.layer)


@cache
def derived(kind: str) -> tuple[Derivation, ...]:
    return tuple(of.derive(cell) for of, cell in cells(kind))


@every
@pytest.mark.first_is_quick
def test_the_operands_lead_to_the_gradient(kind):
    for derivation in derived(kind):
        assert derivation.op is not Op.GIVEN
        assert derivation.recomputed() == pytest.approx(derivation.value, rel=1e-12, abs=1e-15), derivation.cell


@every
@pytest.mark.first_is_quick
def test_every_operand_has_the_value_of_the_cell_it_names(kind):
    of = workings(kind, 0)
    for derivation in derived(kind):
        for operand in (operand for term in derivation.terms for operand in term):
            assert operand.cell is None or of.value(operand.cell) == operand.value, (derivation.cell, operand.cell)


@every
@pytest.mark.first_is_quick
def test_the_derivative_of_a_gradient_by_each_operand_is_a_central_difference(kind):
    for derivation in derived(kind)[::7]:
        for at, (term, slopes) in enumerate(zip(derivation.terms, derivation.slopes(), strict=True)):
            for place, (operand, slope) in enumerate(zip(term, slopes, strict=True)):
                if operand.truth or abs(operand.value) < 1e-6:
                    continue
                step = 1e-6 * abs(operand.value)
                up, down = (_nudged(derivation, at, place, by) for by in (step, -step))
                assert slope == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-7)


def _nudged(derivation: Derivation, at: int, place: int, by: float) -> float:
    terms = [list(term) for term in derivation.terms]
    terms[at][place] = replace(terms[at][place], value=terms[at][place].value + by)
    return replace(derivation, terms=tuple(map(tuple, terms))).recomputed()


@every
@pytest.mark.first_is_quick
def test_following_a_gradient_ends_at_given_numbers_and_at_the_loss(kind):
    of, ended, walking = workings(kind, 0), set(), set()

    def follow(cell: Cell) -> None:
        assert cell not in walking, f"{cell} comes from itself"
        walking.add(cell)
        for operand in (operand for term in of.derive(cell).terms for operand in term):
            if operand.cell is not None and operand.cell not in ended:
                follow(operand.cell)
        walking.remove(cell)
        ended.add(cell)

    follow(Cell("grad(embedding)", (1, 2)))
    last = learned(kind).n_layers - 1
    assert {(cell.name, cell.layer) for cell in ended} >= {("grad(surprise)", last), ("target", last), ("w_q", 0)}


@every
@pytest.mark.first_is_quick
def test_a_row_is_the_row_of_the_whole(kind):
    for of, line, head in gradients(kind):
        trace = of._holder(line.name, head, False)
        alone = copy(trace)
        alone.sizes = {**trace.sizes, "query": 1000}
        alone._known = {}
        for place in range(of.array(line.name, head).shape[0]):
            row = alone.row(line.name, place)
            assert row == pytest.approx(of.array(line.name, head)[place], rel=1e-12, abs=1e-15), line.name


@pytest.mark.parametrize("kind", ["one layer", "two layers", "linear biases"])
def test_what_is_masked_has_no_gradient(kind):
    for layer in range(learned(kind).n_layers):
        for head in range(HEADS):
            of = workings(kind, layer)
            for name in ("scaled", "scores", "masked"):
                assert not np.triu(of.array(f"grad({name})", head), k=1).any()


@every
def test_the_gradient_of_a_row_that_enters_the_softmax_adds_up_to_nothing(kind):
    """Softmax is the same whatever is added to a whole row."""
    for layer in range(learned(kind).n_layers):
        for head in range(HEADS):
            assert workings(kind, layer).array("grad(masked)", head).sum(axis=1) == pytest.approx(0.0, abs=1e-15)


def test_the_gradient_of_the_scores_is_that_of_the_softmax():
    """diag(α) − α αᵀ, times how the loss changes with the weights, ÷ √d_k."""
    of = workings("two layers", 0)
    for head in range(HEADS):
        alpha, upstream = of.array("weights", head), of.array("grad(weights)", head)
        expected = [
            (np.diag(row) - np.outer(row, row)) @ up / np.sqrt(2) for row, up in zip(alpha, upstream, strict=True)
        ]
        assert of.array("grad(scores)", head) == pytest.approx(np.array(expected))


def test_the_gradient_of_the_logits_is_what_was_predicted_less_what_was_right():
    of = workings("two layers", 1)
    error = of.array("predicted") - of.array("target")
    counted = of.array("counted")[:, None] / of.array("places")
    assert of.array("grad(logits)") == pytest.approx(error * counted)


def test_heads_that_share_their_input_add_up_there():
    of = workings("one layer", 0)
    parts = [of.array("through(x)", head) for head in range(HEADS)]
    assert of.array("grad(x)") == pytest.approx(sum(parts))


def test_a_chain_without_a_loss_stays_as_it_is():
    assert list(backward(ATTENTION)) == list(ATTENTION)


@pytest.mark.parametrize("gone", ["target", "counted", "unembedding"])
def test_where_there_is_no_loss_there_is_no_gradient(gone):
    source = Learned(2)
    source.of_loss = {name: array for name, array in source.of_loss.items() if name != gone}
    for layer in range(2):
        of = Workings(source, source.settings, layer)
        assert not [name for name in of.chain if name.startswith("grad(") and of.has(name) and name != "grad(surprise)"]


def test_what_is_not_there_has_no_gradient():
    source = Learned(1)
    assert "grad(b_k)" in source.chain(0)
    assert not Workings(source, source.settings).has("grad(b_k)")


def test_what_is_not_taken_apart_has_to_give_what_comes_back_through_it():
    mlp = quantity("mlp", "mlp", "token d_model", scope=Scope.LAYER, opaque=("output",))
    chain = with_loss(ATTENTION.with_(mlp), "output[token,d_model] + mlp[token,d_model]")
    lines = backward(chain)
    assert lines["grad(output)"].line == "grad(last)[token,d_model] + through(mlp)[token,d_model]"
    assert not lines["through(mlp)"].line


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("context[query,max]", "no gradient is made of such an index: max"),
        ("median(context[query,*])", ""),
    ],
)
def test_a_line_without_a_gradient_is_refused_by_name(line, said):
    chain = Chain(
        (
            quantity("context", "z", "query d_k"),
            quantity("most", "most", "query", line),
            quantity("loss", "L", "", "most[*]"),
        )
    )
    if not said:
        assert "grad(context)" not in backward(chain)
        return
    with pytest.raises(ValueError, match=said):
        backward(chain)


def test_what_is_turned_comes_back_from_itself_and_from_its_partner():
    """Of a rotation, which mixes each dimension with the one it is paired with."""
    turned = quantity(
        "turned", "q", "token d_k", "cos[token,d_k] q[token,d_k] + sin[token,d_k] q[token,~d_k]", scope=Scope.LAYER
    )
    chain = Chain(
        (
            *(quantity(name, name, "token d_k", scope=Scope.LAYER) for name in ("q", "cos", "sin")),
            turned,
            quantity("each", "each", "token", "turned[token,*]", scope=Scope.LAYER),
            quantity("loss", "L", "", "each[*]", scope=Scope.LAYER),
        )
    )
    back = "grad(turned)[token,d_k] cos[token,d_k] + grad(turned)[token,~d_k] sin[token,~d_k]"
    assert backward(chain)["grad(q)"].line == back


@pytest.mark.parametrize(("symbol", "wanted"), [("q", "∂L/∂q"), ("W_q", "∂L/∂W_q"), ("x + output", "∂L/∂(x + output)")])
def test_a_symbol_of_several_words_stands_in_brackets_in_its_gradient(symbol, wanted):
    assert symbol_of(quantity("attended", symbol, "token d_model")) == wanted
