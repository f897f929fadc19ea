"""Recompute, and compare with published values and with the laws of attention."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kitten_tui.core.derivation import Workings
from kitten_tui.core.ops import Array
from kitten_tui.core.settings import Settings
from kitten_tui.core.trace import Trace
from kitten_tui.ink.cells import clean
from kitten_tui.sources.lesson import Lesson
from kitten_tui.sources.opened import Opened
from kitten_tui.stages.figure import Phrase, phrase
from kitten_tui.words import Words

if TYPE_CHECKING:
    from kitten_tui.sources.checkpoint.reading import Reading

EXACT = 1e-9
SINGLE = 1e-4
"""What sums of a thousand float32 numbers differ by."""


@dataclass(frozen=True)
class Check:
    name: Phrase
    error: float
    """The largest difference found."""
    tolerance: float

    @property
    def passed(self) -> bool:
        return self.error <= self.tolerance  # a nan passes nothing


def checks(source: Opened, settings: Settings) -> Iterator[Check]:
    """References under the settings they were published for, laws under these settings, for every head."""
    yield from _of_lesson(source, settings) if isinstance(source, Lesson) else _of_model(source, settings)


def _of_model(reading: Reading, settings: Settings) -> Iterator[Check]:
    """The laws of every head of every layer, and that the heads looked at are those that were computed in passing."""
    for layer in range(reading.n_layers):
        worst = {"rows": 0.0, "covered": 0.0, "passed": 0.0}
        for head in range(reading.n_heads):
            trace = reading.trace(layer, head, settings)
            wanted = trace.allowed.any(axis=-1).astype(float)  # [query]
            worst["rows"] = max(worst["rows"], largest_error(trace.weights.sum(axis=-1), wanted))
            worst["covered"] = max(worst["covered"], float(np.abs(trace.weights[~trace.allowed]).max(initial=0.0)))
            own = reading.trace(layer, head, reading.settings)
            kept = reading.passed[layer].concat[:, head * trace.d_k : (head + 1) * trace.d_k]  # [token, d_k]
            size = max(1.0, float(np.abs(own.v).max()))
            worst["passed"] = max(worst["passed"], largest_error(own.context, kept) / size)
        for name, error in worst.items():
            yield Check(phrase(f"check.model_{name}", layer=layer + 1), error, 0.0 if name == "covered" else SINGLE)


def _of_lesson(lesson: Lesson, settings: Settings) -> Iterator[Check]:
    for reference in lesson.references:
        workings = Workings(lesson, reference.settings)
        for name, expected in reference.values.items():
            found = workings.array(name, reference.head)
            said = phrase("check.reference", name=name, head=reference.head + 1, source=reference.source)
            yield Check(said, math.inf if found is None else largest_error(found, expected), reference.tolerance)
    for head in range(lesson.n_heads):
        yield from _laws(lesson.trace(0, head, settings), head + 1)
    output = lesson.joined(0, settings).output
    if output is not None:
        yield Check(phrase("check.finite"), 0.0 if np.isfinite(output).all() else math.inf, 0.0)


def _laws(trace: Trace, head: int) -> Iterator[Check]:
    sums = trace.weights.sum(axis=-1)  # [query]
    wanted = trace.allowed.any(axis=-1).astype(float)  # [query]
    yield Check(phrase("check.rows", head=head), largest_error(sums, wanted), EXACT)
    yield Check(phrase("check.covered", head=head), float(np.abs(trace.weights[~trace.allowed]).max(initial=0.0)), 0.0)
    # Large values carry large rounding errors.
    size = max(1.0, float(np.abs(trace.v).max()))
    yield Check(phrase("check.loops", head=head), largest_error(trace.context, slowly(trace)), EXACT * size)


def largest_error(found: Array, expected: Array) -> float:
    """The largest difference; infinite where the shapes differ or one is finite and the other not."""
    if found.shape != expected.shape:
        return math.inf
    same = found == expected
    return float(np.abs(np.where(same, 0.0, found - np.where(same, 0.0, expected)) * ~same).max(initial=0.0))


def slowly(trace: Trace) -> Array:
    """The context vectors by loops over Python numbers alone, from x and the matrices.  -> [query, d_k]"""
    w, x = trace.weights_of, trace.x.tolist()
    d_k, n = trace.d_k, len(x)

    def project(row: list[float], matrix: Array, bias: Array | None) -> list[float]:
        columns = range(d_k)
        start = [0.0] * d_k if bias is None else bias.tolist()
        return [start[c] + sum(row[r] * float(matrix[r, c]) for r in range(len(row))) for c in columns]

    q = [project(row, w.w_q, w.b_q) for row in x]
    k = [project(row, w.w_k, w.b_k) for row in x]
    v = [project(row, w.w_v, w.b_v) for row in x]
    z = np.zeros((n, d_k))  # [query, d_k]
    for query in range(n):
        seen = [key for key in range(n) if trace.allowed[query, key]]
        scores = {key: sum(q[query][d] * k[key][d] for d in range(d_k)) / trace.divisor for key in seen}
        top = max(scores.values(), default=0.0)
        exps = {key: math.exp(scores[key] - top) for key in seen}
        total = sum(exps.values())
        for key in seen:
            share = exps[key] / total * float(trace.keep[query, key]) / (1.0 - trace.rate)
            for d in range(d_k):
                z[query, d] += share * v[key][d]
    return z


def report(results: list[Check], words: Words) -> Iterator[str]:
    """A line for each check, and one for all."""
    for check in results:
        values = {key: clean(str(value)) for key, value in check.name.values.items()}
        state = words("check.ok" if check.passed else "check.failed")
        yield f"{state:<7} {check.error:.1e} ≤ {check.tolerance:.1e}  {words(check.name.key, **values)}"
    failed = sum(not check.passed for check in results)
    key = "check.summary_failed" if failed else "check.summary_ok"
    yield words(key, count=len(results), **({"failed": failed} if failed else {}))
