"""Every number answers "where do you come from?", and the answer is true."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.cell import Cell, Derivation
from kitten_tui.core.formula import Op
from kitten_tui.core.inputs import HeadWeights, Inputs, fixed
from kitten_tui.core.quantity import Scope
from kitten_tui.core.settings import Settings
from kitten_tui.core.workings import Workings
from kitten_tui.sources.find import open_source, samples
from kitten_tui.sources.lesson import Lesson
from kitten_tui.sources.sample import read_sample

SMALL, SPOTS = 8, 150
SETTINGS = (
    Settings(),
    Settings(scale=False, dropout=0.5),
    Settings(mask="causal"),
    Settings(mask="causal", scale=False, dropout=0.1, seed=7),
    Settings(mask="own", dropout=0.2),
)
WEIGHTS = {"w_q", "w_k", "w_v", "b_q", "b_k", "b_v"}
INPUTS = {"embedding", "position", "x", "w_o", "b_o"} | WEIGHTS
SWITCHED = {"divisor", "allowed", "keep", "rate", "words"}
"""What the settings and the tokens give."""
CONSTANT = {"shift", "typical_size", "typical_sensitivity"}
"""What may be made of constants alone: the shift of a row that needs none, and the experiment beside the lesson."""


def everything() -> Lesson:
    """What the samples do not have: biases everywhere, x alone, a covered row, a shift, a special token."""
    draw = np.random.RandomState(5)

    def numbers(*shape: int):
        return fixed(draw.uniform(-1, 1, shape).round(2))

    heads = tuple(
        HeadWeights(*(numbers(3, 2) * size for _ in "qkv"), *(numbers(2) * size for _ in "qkv")) for size in (1, 20)
    )
    own_mask = np.array([[True, True, False], [False, False, False], [True, False, True]])
    tokens, x = ("a", "b", "[SEP]"), numbers(3, 3)
    inputs = Inputs(tokens, x, heads, w_o=numbers(4, 2), b_o=numbers(2), own_mask=own_mask)
    return Lesson(inputs)


FILES = {name: read_sample(path) for name, path in samples().items()}
LESSONS = {
    **{name: lesson for name, lesson in FILES.items() if len(lesson.tokens) <= SMALL},
    "sentence": open_source("the cat sat"),
    "one word": open_source("alone"),
    "everything": everything(),
}
LARGE = {
    **{name: lesson for name, lesson in FILES.items() if len(lesson.tokens) > SMALL},
    "long sentence": open_source(" ".join(f"word{number % 30}" for number in range(60))),
}

small_lessons = pytest.mark.parametrize(
    ("name", "settings"),
    [
        pytest.param(name, settings, id=f"{name}-{number}")
        for name, lesson in LESSONS.items()
        for number, settings in enumerate(SETTINGS)
        if settings.mask in lesson.masks
    ],
)


QUANTITIES = {name: quantity for name, quantity in ATTENTION.items() if quantity.scope is not Scope.CONSTANT}
"""What has an address in a lesson."""


def shape_of(workings: Workings, name: str) -> tuple[int, ...] | None:
    """None where the source has no such quantity."""
    array = workings.array(name)
    return None if array is None else array.shape


def addresses(lesson: Lesson, settings: Settings) -> list[Cell]:
    """Every cell of every quantity, in every head, in the comparison too."""
    workings, found = Workings(lesson, settings), []
    for name, quantity in QUANTITIES.items():
        shape = shape_of(workings, name)
        if shape is not None:
            assert len(shape) == len(quantity.axes), name
            of_head = quantity.scope is Scope.HEAD
            heads, rescaled = range(lesson.n_heads if of_head else 1), (False, True) if of_head else (False,)
            indices = product(*map(range, shape))
            found += [Cell(name, index, head, 0, r) for index, head, r in product(indices, heads, rescaled)]
    return found


@cache
def derived(name: str, settings: Settings) -> tuple[Derivation, ...]:
    workings = Workings(LESSONS[name], settings)
    return tuple(workings.derive(cell) for cell in addresses(LESSONS[name], settings))


@cache
def array_of(lesson: Lesson, settings: Settings, name: str, head: int, rescaled: bool) -> np.ndarray:
    """The array that holds a quantity, taken from where it is kept."""
    scope = QUANTITIES[name].scope
    if scope not in (Scope.SOURCE, Scope.LAYER, Scope.HEAD):
        return Workings(lesson, settings).array(name, head, rescaled=rescaled)
    switched = replace(settings, scale=settings.scale != rescaled)
    if scope is not Scope.HEAD:
        return getattr(lesson.inputs, name) if scope is Scope.SOURCE else lesson.joined(0, switched)[name]
    trace = lesson.trace(0, head, switched)
    if name.endswith("_gap"):
        rows = trace[name.removesuffix("_gap")]
        return np.array([[one - other for other in rows] for one in rows])
    if name in ("contribution", "partial"):
        each = trace["dropped"][:, :, None] * trace["v"]  # [query, key, d_k]
        return each if name == "contribution" else each.cumsum(axis=1)
    return getattr(lesson.inputs.heads[head], name) if name in WEIGHTS else trace[name]


OF_MODELS = {
    *("segment", "stream", "attended", "middle", "mlp", "logit", "probability"),
    *("thought", "thought_logit", "thought_probability"),
    *("q_projected", "k_projected", "q_normed", "k_normed"),
    *(f"{name}_{part}" for name in ("x", "middle", "thought") for part in ("mean", "centred", "bias")),
    *(
        f"{name}_{part}"
        for name in ("x", "middle", "thought", "q_normed", "k_normed")
        for part in ("variance", "spread", "gain")
    ),
}
"""What no lesson has: met in the tests of checkpoints."""


def entry(lesson: Lesson, settings: Settings, cell: Cell) -> float:
    return float(array_of(lesson, settings, cell.name, cell.head, cell.rescaled)[cell.index])


def same(one: float, other: float) -> bool:
    """Up to 1e-9, or to the last bits of a number that is large itself: a sum of exp may be 4e7."""
    return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-9)


def untrue(lesson: Lesson, settings: Settings, derivations) -> list[Cell]:
    """Cells whose derivation tells something else than the arrays do, or does not lead to its own value."""
    return [
        found.cell
        for found in derivations
        if not same(found.recomputed(), found.value)
        or found.value != entry(lesson, settings, found.cell)
        or any(
            operand.cell is not None and operand.value != entry(lesson, settings, operand.cell)
            for term in found.terms
            for operand in term
        )
    ]


@small_lessons
@pytest.mark.first_is_quick
def test_the_operands_lead_to_the_value(name, settings):
    wrong = [found for found in derived(name, settings) if not same(found.recomputed(), found.value)]
    assert not wrong


@small_lessons
@pytest.mark.first_is_quick
def test_the_value_is_the_entry_of_the_array(name, settings):
    lesson = LESSONS[name]
    wrong = [found for found in derived(name, settings) if found.value != entry(lesson, settings, found.cell)]
    assert not wrong


@small_lessons
@pytest.mark.first_is_quick
def test_every_operand_has_the_value_of_the_cell_it_names(name, settings):
    operands = (operand for found in derived(name, settings) for term in found.terms for operand in term)
    wrong = [
        operand
        for operand in operands
        if operand.cell is not None and operand.value != entry(LESSONS[name], settings, operand.cell)
    ]
    assert not wrong


@small_lessons
@pytest.mark.first_is_quick
def test_following_operands_ends_at_given_numbers(name, settings):
    workings, ended, walking = Workings(LESSONS[name], settings), set(), set()

    def follow(found: Derivation) -> None:
        assert found.cell not in walking, f"{found.cell} comes from itself"
        walking.add(found.cell)
        cells = [operand.cell for term in found.terms for operand in term if operand.cell is not None]
        assert cells or found.op is Op.GIVEN or found.cell.name in CONSTANT, f"{found.cell} comes from nowhere"
        for cell in cells:
            if cell not in ended:
                follow(workings.derive(cell))
        walking.remove(found.cell)
        ended.add(found.cell)

    for found in derived(name, settings):
        if found.cell not in ended:
            follow(found)


def unshifted(found: Derivation) -> bool:
    """A row of ordinary size loses nothing before exp: that nothing is a constant."""
    return found.cell.name == "shift" and found.value == 0.0


@small_lessons
@pytest.mark.first_is_quick
def test_only_what_the_source_or_the_settings_give_is_given(name, settings):
    given = {found.cell.name for found in derived(name, settings) if found.op is Op.GIVEN and not unshifted(found)}
    assert given <= (INPUTS | SWITCHED) - ({"x"} if LESSONS[name].inputs.embedding is not None else set())


@pytest.mark.parametrize("settings", SETTINGS[:4], ids=range(4))
@pytest.mark.parametrize("name", LARGE)
def test_spots_of_a_larger_lesson_are_derived_truly(name, settings):
    lesson, draw = LARGE[name], np.random.RandomState(1)
    workings = Workings(lesson, settings)
    names = [quantity for quantity in QUANTITIES if shape_of(workings, quantity) is not None]
    cells = []
    for number in range(SPOTS):
        quantity = names[number % len(names)]
        index = tuple(int(draw.randint(size)) for size in shape_of(workings, quantity))
        head = int(draw.randint(lesson.n_heads)) if QUANTITIES[quantity].scope is Scope.HEAD else 0
        cells.append(Cell(quantity, index, head))
    assert not untrue(lesson, settings, [workings.derive(cell) for cell in cells])


def test_the_joined_heads_are_derived_truly_in_the_comparison_too():
    found = Workings(LESSONS["journey"], Settings()).derive(Cell("concat", (1, 0), rescaled=True))
    assert found.recomputed() == pytest.approx(found.value, abs=1e-9)


@pytest.mark.parametrize("name", QUANTITIES)
@pytest.mark.first_is_quick
def test_every_quantity_is_met_in_these_lessons(name):
    met = {found.cell.name for lesson in ("journey", "everything") for found in derived(lesson, SETTINGS[0])}
    assert name in met


def test_no_lesson_has_what_belongs_to_models():
    assert not OF_MODELS & set(ATTENTION)


def test_a_covered_score_is_minus_infinity_and_follows_from_the_cover():
    found = Workings(LESSONS["journey"], Settings(mask="causal")).derive(Cell("masked", (0, 1)))
    assert (found.op, found.value, found.recomputed()) == (Op.WHERE, -math.inf, -math.inf)


def test_a_row_with_everything_covered_has_weights_derived_from_nothing_over_nothing():
    found = Workings(LESSONS["everything"], Settings(mask="own")).derive(Cell("weights", (1, 0)))
    assert (found.value, found.recomputed()) == (0.0, 0.0)


def test_the_divisor_is_written_as_a_root_while_the_scale_is_on():
    found = Workings(LESSONS["journey"], Settings()).derive(Cell("scaled", (0, 0)))
    assert found.terms[-1][0].symbol == "√2"


def test_the_comparison_is_the_same_head_with_the_scale_switched():
    lesson = LESSONS["journey"]
    other = lesson.trace(0, 0, Settings(scale=False))["weights"][1, 2]
    assert Workings(lesson, Settings()).value(Cell("weights", (1, 2), rescaled=True)) == other


@pytest.mark.parametrize("name", ["embedding", "position", "w_o", "b_o", "output", "b_q"])
def test_what_a_source_does_not_have_has_no_cell(name):
    index = (0,) * len(QUANTITIES[name].axes)
    with pytest.raises(LookupError, match=f"^{name}: this source has none"):
        Workings(LESSONS["causal"], Settings()).value(Cell(name, index))


@pytest.mark.parametrize("name", ["x", "weights", "context", "contribution", "output"])
def test_an_index_outside_a_quantity_has_no_cell(name):
    axes = len(QUANTITIES[name].axes)
    with pytest.raises(LookupError):
        Workings(LESSONS["journey"], Settings()).derive(Cell(name, (99,) * axes))


@pytest.mark.parametrize("name", ["x", "weights", "context", "contribution", "output"])
def test_a_negative_index_has_no_cell(name):
    axes = len(QUANTITIES[name].axes)
    with pytest.raises(LookupError):
        Workings(LESSONS["journey"], Settings()).derive(Cell(name, (0,) * (axes - 1) + (-1,)))


def test_the_samples_lie_where_the_tests_look():
    assert all(isinstance(path, Path) and path.is_file() for path in samples().values())
    assert {"journey", "causal"} <= set(samples())
