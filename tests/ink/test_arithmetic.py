"""What is written under the figures, read as arithmetic, comes to the number: every sign, bracket and cut is right."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import pytest
from piloting import reading

from kitten_tui.core.cell import Cell, Derivation
from kitten_tui.core.formula import Op
from kitten_tui.core.source import Source
from kitten_tui.core.workings import Workings
from kitten_tui.ink import formula
from kitten_tui.ink.formula import Sum, expression, text_of_pieces
from kitten_tui.sources.find import open_source
from kitten_tui.sources.training.run import Run
from kitten_tui.sources.training.source import Training
from kitten_tui.sources.training.tasks import TASKS
from kitten_tui.words import Words

EN = Words("en")
SIGNS = {"×": "*", "−∞": "(-inf)", "−": "-", "e^(": "exp(", "√(": "sqrt("}
READ = {
    "exp": math.exp,
    "ln": math.log,
    "sqrt": math.sqrt,
    "tanh": math.tanh,
    "max": max,
    "median": lambda *values: sorted(values)[len(values) // 2],
    "inf": math.inf,
    "__builtins__": {},
}


def opened(name: str) -> Source:
    if name == "training":
        run = Run(TASKS["kitten-en"], TASKS["kitten-en"].setup)
        run.advance()
        return Training(run, run.state)
    if name in ("gpt2", "llama"):
        model = reading(name)
        model.compute()
        return model
    return open_source(name)


def some(workings: Workings) -> Iterator[Derivation]:
    """Two cells of everything that is made of something."""
    for name, quantity in workings.chain.items():
        shape = tuple(workings.size(axis) for axis in quantity.axes)
        if not workings.has(name, 0) or not all(shape):
            continue
        for index in dict.fromkeys([tuple(size - 1 for size in shape), tuple(size // 2 for size in shape)]):
            derivation = workings.derive(workings.address(Cell(name, index)))
            if derivation.op is not Op.GIVEN:
                yield derivation


def value_of(text: str) -> float:
    """Of a stretch of arithmetic; what stands on both sides of = is the same."""
    text = re.sub(r"\(… \d+ more = ([^)]*)\)", r"(\1)", text)
    for inner in re.findall(r"\(([^()]* = [^()]*)\)", text):
        text = text.replace(inner, repr(value_of(inner)))
    sides = text.split(" = ")
    if len(sides) > 1:
        first, *others = map(value_of, sides)
        assert others == pytest.approx([first] * len(others), rel=1e-6, abs=1e-9), text
        return first
    for sign, code in SIGNS.items():
        text = text.replace(sign, code)
    text = re.sub(r"√(\d+)", r"sqrt(\1)", text)
    text = re.sub(r"e\^(-?[\d.]+(?:e-?\d+)?)", r"exp(\1)", text)
    return float(eval(text.replace(" tanh(", " * tanh("), READ))


@pytest.mark.parametrize("room", [60, 100_000])
@pytest.mark.parametrize("source", ["journey", "kitten-en", "integers", "training", "gpt2"])
def test_each_line_read_as_arithmetic_comes_to_its_number(
    source: str, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all digits of every number, so that nothing is lost to rounding."""
    monkeypatch.setattr(formula, "exact", lambda value: repr(float(value)))
    monkeypatch.setattr(formula, "fmt", lambda value: repr(float(value)))
    lesson = opened(source)
    layer = lesson.n_layers - 1
    workings = Workings(lesson, lesson.settings, layer)
    read = 0
    for derivation in some(workings):
        text = text_of_pieces(expression(derivation, Sum(workings, EN), room))
        if "[" in text or "…" in text.replace("(…", "") or " → " in text or "cos" in text or "sin" in text:
            continue
        assert value_of(text) == pytest.approx(derivation.value, rel=1e-6, abs=1e-9), (derivation.cell, text)
        read += 1
    assert read > 20
