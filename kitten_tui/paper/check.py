"""Recompute, and compare with published values and with the laws of attention."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.cell import Cell, products
from kitten_tui.core.quantity import Scope
from kitten_tui.core.settings import VARIANTS, Settings
from kitten_tui.core.source import Source
from kitten_tui.core.trace import MissingError, Trace
from kitten_tui.core.variants import QUESTIONS, switched
from kitten_tui.core.workings import Workings
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.ink.about import fault_lines
from kitten_tui.ink.cells import clean
from kitten_tui.words import Words

EXACT = 1e-9
SINGLE = 1e-4
"""What sums of a thousand float32 numbers differ by."""
ALL = 24
"""Of a text of no more tokens every row is checked."""


@dataclass(frozen=True)
class Check:
    name: Phrase
    error: float
    """The largest difference found."""
    tolerance: float

    @property
    def passed(self) -> bool:
        return self.error <= self.tolerance  # a nan passes nothing


def checks(source: Source, settings: Settings) -> Iterator[Check]:
    """References under the settings they were published for; for every head of every layer the laws under these
    settings, and that what is given agrees with its line.
    """
    for reference in source.references:
        workings = Workings(source, reference.settings)
        for name, expected in reference.values.items():
            array = workings.array(name, reference.head)
            said = phrase("check.reference", name=name, head=reference.head + 1, source=reference.source)
            yield Check(said, math.inf if array is None else largest_error(array, expected), reference.tolerance)
    for layer in range(source.n_layers):
        yield from _laws(Workings(source, settings, layer))
        yield from _agreement(Workings(source, source.settings, layer))


Told = Iterator[tuple[str, float, float]]
"""A law or a quantity, the largest error, and what is forgiven."""


def _laws(workings: Workings) -> Iterator[Check]:
    """What is so of every attention, head by head in a single layer, else layer by layer."""
    alone, layer = workings.source.n_layers == 1, workings.layer + 1
    each = [list(_laws_of(workings.trace(head))) for head in range(workings.source.n_heads)]
    if alone:
        for head, laws in enumerate(each):
            for law, error, tolerance in (*laws, ("terms", *term_by_term(workings, head))):
                yield Check(phrase(f"check.{law}", head=head + 1), error, tolerance)
        if workings.has("output"):
            finite = np.isfinite(workings.joined()["output"]).all()
            yield Check(phrase("check.finite"), 0.0 if finite else math.inf, 0.0)
        return
    for law, (error, tolerance) in _worst(told for laws in each for told in laws).items():
        yield Check(phrase(f"check.model_{law}", layer=layer), error, tolerance)


def _laws_of(trace: Trace) -> Told:
    if not trace.has("weights"):
        return
    weights, allowed = trace["weights"], trace.truth("allowed")  # [query, key], [query, key]
    wanted = allowed.any(axis=-1).astype(float)  # [query]
    if trace.chain["total"].line:  # else it is that of a larger row, of which this is a part
        yield "rows", largest_error(_row_sums(trace), wanted), _tolerance(weights)
    yield "covered", float(np.abs(weights[~allowed]).max(initial=0.0)), 0.0


def _row_sums(trace: Trace) -> Array:
    """What a row shares out: all its weights, and what is no key's.  -> [query]"""
    weights = np.asarray(trace["weights"].sum(axis=-1))  # [query]
    has_sink = "sink_weight" in trace.chain and trace.has("sink_weight")
    return weights + trace["sink_weight"] if has_sink else weights


def _agreement(workings: Workings) -> Iterator[Check]:
    """What is given although its line could make it: that both are the same."""
    joined = workings.joined()
    traces = [*(workings.trace(head) for head in range(workings.source.n_heads)), joined]
    if joined.outer is not None:
        traces.append(joined.outer)
    for name, (error, tolerance) in _worst(told for trace in traces for told in _compared(trace)).items():
        yield Check(phrase("check.agrees", name=name, layer=workings.layer + 1), error, tolerance)


def _compared(trace: Trace) -> Told:
    for name in trace.given:
        if len(trace.chain[name].axes) > 2 or not trace.follows(name):
            continue
        try:
            given, made = trace[name], trace.by_line(name)
        except MissingError:  # made a row at a time
            continue
        size = max(1.0, float(np.abs(made[np.isfinite(made)]).max(initial=0.0)))
        yield name, largest_error(given, made), max(_tolerance(given), _tolerance(made)) * size


def _worst(told: Iterable[tuple[str, float, float]]) -> dict[str, tuple[float, float]]:
    """The error that is largest beside what is forgiven, by name."""
    worst: dict[str, tuple[float, float]] = {}
    for name, error, tolerance in told:
        before = worst.get(name)
        if before is None or error - tolerance > before[0] - before[1]:
            worst[name] = (error, tolerance)
    return worst


def _tolerance(array: Array) -> float:
    return SINGLE if array.dtype == np.float32 else EXACT


def largest_error(found: Array, expected: Array) -> float:
    """The largest difference; infinite where the shapes differ or one is finite and the other not."""
    if found.shape != expected.shape:
        return math.inf
    same = found == expected
    return float(np.abs(np.where(same, 0.0, found - np.where(same, 0.0, expected)) * ~same).max(initial=0.0))


def term_by_term(workings: Workings, head: int) -> tuple[float, float]:
    """The largest difference between a number of a head and what its terms make without NumPy, and what is forgiven."""
    worst, trace = [(0.0, EXACT)], workings.trace(head)
    for name, quantity in workings.chain.items():
        if quantity.scope is not Scope.HEAD or len(quantity.axes) != 2 or not trace.follows(name):
            continue
        rows, columns = trace[name].shape
        exact = _tolerance(trace[name])
        # Of a long text some rows: a term takes microseconds, and a number of a long row has hundreds.
        for place in product(range(rows) if rows <= ALL else (0, rows // 2, rows - 1), range(columns)):
            derivation = workings.derive(Cell(name, place, head, workings.layer))
            value, made, terms = derivation.value, derivation.recomputed(), products(derivation.main)
            # Large terms carry large rounding errors.
            size = max((1.0, *np.abs(terms[np.isfinite(terms)]).tolist()))
            worst.append((0.0 if made == value else abs(made - value), exact * size))
    return max(worst, key=lambda told: told[0] / told[1])


def mistake_lines(source: Source, words: Words) -> Iterator[str]:
    """What is wrong with numbers that were computed elsewhere, and which mistake would explain it."""
    record = source.record
    if record is None:
        return
    yield from fault_lines(source, record, words)
    mistakes, wrong = record.mistakes(), [layer for layer in range(source.n_layers) if not agrees(source, layer, "")]
    fits = [
        (layer, name) for layer in wrong for name in VARIANTS if name not in QUESTIONS and agrees(source, layer, name)
    ]
    for layer, mistake in mistakes:
        yield words(f"mistake.{mistake.kind}", layer=layer + 1, value=f"{mistake.value:.4g}")
    for layer, name in fits:
        yield words("mistake.fits", layer=layer + 1, name=words(f"variant.{name}.name"))
    if (record.faults or wrong) and not mistakes and not fits:
        yield words("mistake.unknown")


def agrees(source: Source, layer: int, variant: str) -> bool:
    """Whether all that is given of a layer is what its lines make, those of a variant in place of the right ones."""
    settings = switched(source.settings, variant, source.masks)
    return all(check.passed for check in _agreement(Workings(source, settings, layer)))


def check_lines(results: list[Check], words: Words) -> Iterator[str]:
    """A line for each check, and one for all."""
    for check in results:
        values = {key: clean(str(value)) for key, value in check.name.values.items()}
        state = words("check.ok" if check.passed else "check.failed")
        yield f"{state:<7} {check.error:.1e} ≤ {check.tolerance:.1e}  {words(check.name.key, **values)}"
    failed = sum(not check.passed for check in results)
    key = "check.summary_failed" if failed else "check.summary_ok"
    yield words(key, count=len(results), **({"failed": failed} if failed else {}))
