"""What the steps claim, computed once more from the matrices, without a chain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from walked import opened, sample, samples, spoken, views

from kitten_tui.stages.view import View
from kitten_tui.walk.guide import Told, told
from kitten_tui.walk.reading import own_steps


class Naive:
    """One head of a lesson by loops over NumPy's own functions."""

    def __init__(self, view: View) -> None:
        inputs, settings = view.source.inputs, view.settings  # type: ignore[attr-defined]
        self.weights_of = inputs.heads[view.selection.head]
        self.x = inputs.x
        made = {}
        for role in "qkv":
            bias = getattr(self.weights_of, f"b_{role}")
            made[role] = self.x @ getattr(self.weights_of, f"w_{role}") + (0.0 if bias is None else bias)
        self.q, self.k, self.v = made["q"], made["k"], made["v"]
        self.scores = self.q @ self.k.T
        divisor = settings.divisor or np.sqrt(self.q.shape[1])
        self.scaled = self.scores / (divisor if settings.scale else 1.0)
        n = len(self.x)
        self.allowed = np.tri(n, dtype=bool) if settings.mask == "causal" else np.ones((n, n), dtype=bool)
        if settings.mask == "own":
            self.allowed = np.asarray(inputs.own_mask, dtype=bool)
        self.weights = np.array([self.softmax(row, seen) for row, seen in zip(self.scaled, self.allowed, strict=True)])
        self.z = self.weights @ self.v

    @staticmethod
    def softmax(row: np.ndarray, seen: np.ndarray) -> np.ndarray:
        raised = np.where(seen, np.exp(row), 0.0)
        return raised / raised.sum() if raised.sum() else raised


def near(a: object, b: object) -> bool:
    return bool(np.allclose(a, b, rtol=1e-9, atol=1e-9))  # type: ignore[arg-type]


def of(each: Told) -> tuple[Naive, int, int]:
    return Naive(each.scene.view), each.scene.query, each.scene.key


CLAIMS: dict[str, Callable[[Told, Naive, int, int], bool]] = {
    "vectors.sum": lambda t, n, q, k: near(
        n.x[q], t.scene.view.source.inputs.embedding[q] + t.scene.view.source.inputs.position[q]
    ),  # type: ignore[attr-defined]
    "vectors.swapped": lambda t, n, q, k: (
        near(t.values["x"], n.x[q]) and not near(n.x[q], Naive(t.scene.before).x[t.scene.before.selection.query])
    ),
    "qkv.query": lambda t, n, q, k: near(t.values["q"], n.q[q]),
    "qkv.key": lambda t, n, q, k: near(t.values["k"], n.k[q]),
    "qkv.value": lambda t, n, q, k: near(t.values["v"], n.v[q]),
    "scores.dot": lambda t, n, q, k: near(t.values["score"], n.scores[q, k]) and k != q,
    "scores.row": lambda t, n, q, k: near(
        [t.values["best_score"], t.values["worst_score"]], [n.scores[q].max(), n.scores[q].min()]
    ),
    "scores.other": lambda t, n, q, k: (
        q != t.scene.reader.selection.query and near(t.values["best_score"], n.scores[q].max())
    ),
    "scores.asymmetric": lambda t, n, q, k: (
        near(t.values["score_back"], n.scores[k, q]) and not near(n.scores[q, k], n.scores[k, q])
    ),
    "softmax.most": lambda t, n, q, k: (
        near(t.values["most_weight"], n.weights[q].max())
        and n.weights[q].argmax() == np.where(n.allowed[q], n.scores[q], -np.inf).argmax()
    ),
    "softmax.sum": lambda t, n, q, k: near(n.weights[q].sum(), 1.0),
    "softmax.sharper": lambda t, n, q, k: (
        near(t.values["without_division"], n.weights[q].max()) and n.weights[q].max() > t.values["with_division"]
    ),  # type: ignore[operator]
    "context.sum": lambda t, n, q, k: near(t.values["z"], n.z[q]) or t.scene.view.settings.dropout > 0,
    "context.other": lambda t, n, q, k: q != t.scene.reader.selection.query,
    "context.swapped": lambda t, n, q, k: (
        t.scene.view.settings.dropout > 0 or not near(n.z[q], Naive(t.scene.before).z[t.scene.before.selection.query])
    ),
    "context.bag": lambda t, n, q, k: near(n.z[q], Naive(t.scene.before).z[t.scene.before.selection.query]),
    "mask.peek": lambda t, n, q, k: n.weights[q, q + 1 :].sum() > 0 and t.values["ahead"] == len(n.x) - q - 1,
    "mask.infinity": lambda t, n, q, k: not n.weights[q, q + 1 :].any(),
    "mask.zero": lambda t, n, q, k: (
        near(t.values["zero_sum"], n.weights[q, : q + 1].sum()) and n.weights[q, : q + 1].sum() < 1
    ),
    "mask.columns": lambda t, n, q, k: (
        near(t.values["column_sum"], n.weights[:, k].sum()) and not near(n.weights[:, k].sum(), 1.0)
    ),
}
"""What holds by another way, for the steps whose numbers a head has by itself."""


def check(view: View) -> None:
    for each in told(own_steps(), view):
        if each.step.id in CLAIMS:
            assert CLAIMS[each.step.id](each, *of(each)), each.step.id


@pytest.mark.parametrize("name", samples())
@pytest.mark.first_is_quick
def test_samples(name: str) -> None:
    for view in views(sample(name)):
        check(view)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.first_is_quick
def test_sentences(seed: int) -> None:
    for view in views(spoken(seed)):
        check(view)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4, 60))
def test_many_sentences(seed: int) -> None:
    for view in views(spoken(seed)):
        check(view)


def test_the_lesson_has_every_step_that_is_computed_anew() -> None:
    every = told(own_steps(), opened(sample("journey")))
    assert {*CLAIMS} <= {each.step.id for each in every}
