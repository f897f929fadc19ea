"""The derivative of every number by each of its operands, against central differences."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from test_derivation_random import lessons, switches

from kitten_tui.core.cell import Cell, Operand
from kitten_tui.core.formula import Op, Ref
from kitten_tui.core.quantity import Scope
from kitten_tui.core.settings import Settings
from kitten_tui.core.trace import MissingError, Trace
from kitten_tui.core.workings import Workings
from kitten_tui.sources.find import open_source, samples

STEP = 1e-5
LARGEST = ("headroom", "shift")
"""What takes the largest of a row, and has no one slope where two are."""
SPOTS = 3
"""Cells of each quantity."""


class Alone:
    """One line with its operands in float64, any number of which can be nudged."""

    def __init__(self, workings: Workings, cell: Cell) -> None:
        self.workings, self.cell = workings, cell
        self.trace = workings._holder(cell.name, cell.head, cell.rescaled)

    def value(self, nudged: Cell | None = None, by: float = 0.0) -> float:
        """The number by its line, with one operand changed."""

        def array(ref: Ref, holder: Trace, head: int, layer: int) -> np.ndarray:
            numbers = np.array(holder[ref.name])
            if holder.chain[ref.name].truth:
                return numbers
            numbers = numbers.astype(np.float64)
            of_head = holder.chain[ref.name].scope is not Scope.HEAD or nudged is None or nudged.head == head
            if nudged is not None and nudged.name == ref.name and nudged.layer == layer and of_head:
                numbers[nudged.index] += by
            return numbers

        def side(where: str, holder: Trace, head: int, layer: int) -> Trace:
            refs = (ref for ref in self.trace.chain.operands(self.cell.name) if ref.where == where)
            present = (ref for ref in refs if not ref.optional or holder.has(ref.name))
            numbers = {ref.name: array(ref, holder, head, layer) for ref in present}
            if where == "" and "partner" in holder.chain and self.workings.has("partner"):
                numbers["partner"] = np.asarray(holder["partner"])
            return Trace(holder.chain, numbers, tuple(Scope), sizes=self.trace.sizes)

        heads = [
            lambda head=head, whole=whole: side("heads", whole(), head, self.cell.layer)
            for head, whole in enumerate(self.trace.heads)
        ]
        before = self.trace.before
        alone = side("", self.trace, self.cell.head, self.cell.layer)
        alone.heads = heads
        alone.before = None if before is None else lambda: side("before", before(), 0, self.cell.layer - 1)
        return float(alone.by_line(self.cell.name)[self.cell.index])


def cells(workings: Workings, draw: np.random.RandomState) -> Iterator[Cell]:
    """Some of every quantity that follows from others."""
    for name, quantity in workings.chain.items():
        if not quantity.line or not workings.has(name) or quantity.scope is Scope.SETTING or "rank" in quantity.axes:
            continue
        for _ in range(SPOTS):
            head = int(draw.randint(workings.source.n_heads)) if quantity.scope is Scope.HEAD else 0
            sizes = [workings.size(axis) for axis in quantity.axes]
            if len(sizes) < 3:
                sizes = list(np.shape(workings.array(name, head)))
            yield Cell(name, tuple(int(draw.randint(size)) for size in sizes), head, workings.layer)


def wrong(workings: Workings, seed: int = 0) -> list[tuple[Cell, Operand, float, float]]:
    """The operands by which a number changes otherwise than its slope says."""
    found = []
    for cell in cells(workings, np.random.RandomState(seed)):
        derivation = workings.derive(cell)
        slopes: dict[Cell, float] = defaultdict(float)
        operands: dict[Cell, Operand] = {}
        for term, by_operand in zip(derivation.terms, derivation.slopes(), strict=True):
            for operand, slope in zip(term, by_operand, strict=True):
                if operand.cell is not None and not operand.truth:
                    slopes[operand.cell] += slope
                    operands[operand.cell] = operand
        alone = Alone(workings, derivation.cell)
        for operand_cell, slope in slopes.items():
            size = STEP * max(1.0, abs(operands[operand_cell].value))
            if derivation.op is Op.QUOTIENT and operand_cell == derivation.terms[-1][-1].cell:
                size = STEP * abs(operands[operand_cell].value)  # what is divided by may be next to 0
            if derivation.op is Op.ROOT:
                size = STEP * derivation.value  # and so may what there is a root of
            if not math.isfinite(slope) or not math.isfinite(operands[operand_cell].value):
                continue
            up, down = alone.value(operand_cell, size), alone.value(operand_cell, -size)
            if not math.isfinite(up - down):  # covered by the mask: −∞ stays −∞
                assert slope == 0.0, (cell, operand_cell)
                continue
            difference = (up - down) / (2.0 * size)
            kink = abs(up + down - 2.0 * derivation.value) > 0.01 * abs(up - down)
            if kink and derivation.cell.name in LARGEST:  # two are largest, or will be within a step
                continue
            if not math.isclose(slope, difference, rel_tol=2e-4, abs_tol=2e-5):
                found.append((cell, operands[operand_cell], slope, difference))
    return found


SETTINGS = (Settings(), Settings(scale=False, mask="causal"), Settings(divisor=0.5, dropout=0.4, seed=3))


@pytest.mark.parametrize("chosen", SETTINGS, ids=range(len(SETTINGS)))
@pytest.mark.parametrize("name", [*samples(), "the cat sat"])
@pytest.mark.first_is_quick
def test_slopes_of_a_lesson_are_central_differences(name, chosen):
    assert wrong(Workings(open_source(name), chosen)) == []


@settings(max_examples=20)
@given(lesson=lessons(), chosen=switches)
def test_slopes_of_a_random_lesson_are_central_differences(lesson, chosen):
    assert wrong(Workings(lesson, chosen)) == []


@pytest.mark.parametrize("name", ["llama", "qwen3", "gpt2", "bert", "gpt_neox", "mistral"])
@pytest.mark.first_is_quick
def test_slopes_of_a_model_are_central_differences(name):
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    from test_model_derivation import reading

    source = reading(name)
    for layer in range(source.n_layers):
        assert wrong(Workings(source, source.settings, layer), layer) == []


def test_a_number_that_is_given_has_no_slopes():
    workings = Workings(open_source("journey"), Settings())
    assert workings.derive(Cell("w_q", (0, 0))).slopes() == []


def test_nothing_over_nothing_has_no_finite_slope():
    lesson = open_source("journey")
    covered = lesson.editor.toggle_mask_cell(Settings(), 0, 0)[0]
    for key in range(1, 6):
        covered = covered.editor.toggle_mask_cell(Settings(mask="own"), 0, key)[0]
    slopes = Workings(covered, Settings(mask="own")).derive(Cell("weights", (0, 0))).slopes()
    assert all(math.isnan(slope) for by_operand in slopes for slope in by_operand)


def test_a_missing_operand_makes_a_line_raise():
    alone = Trace(open_source("journey").chain(0), {}, (Scope.HEAD,), sizes={"query": 6, "key": 6})
    with pytest.raises(MissingError, match="x: this source has none"):
        alone.by_line("scores")
