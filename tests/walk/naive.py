"""One head by NumPy's own functions, from what its source gives, without a chain."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from kitten_tui.core.array_types import Array, Mask
from kitten_tui.stages.view import View


class Naive:
    """A lesson's from its matrices; of others the queries, keys and values are what they say they are."""

    def __init__(self, view: View, head: int | None = None) -> None:
        self.view = view
        self.head = view.selection.head if head is None else head
        self.settings = view.settings
        self.inputs = getattr(view.source, "inputs", None)
        self.trace = view.head(self.head)
        self.close = 1e-9 if self.inputs is not None else 1e-4
        """What numbers may differ by and be the same: models compute in single precision."""

    def near(self, a: object, b: object) -> bool:
        return bool(np.allclose(a, b, rtol=self.close, atol=self.close))  # type: ignore[arg-type]

    def given(self, name: str) -> Array:
        """What the heads share: an input of a lesson, or what a source says."""
        own = getattr(self.inputs, name, None)
        return self.view.workings.joined()[name] if own is None else own

    def _projected(self, role: str, made_by: str) -> Array:
        if self.inputs is None:
            return self.trace[role]
        of = self.inputs.heads[self.head]
        bias = getattr(of, f"b_{made_by}")
        made: Array = self.inputs.x @ getattr(of, f"w_{made_by}")
        return made if bias is None else made + bias

    @cached_property
    def q(self) -> Array:
        return self._projected("q", "q")

    @cached_property
    def k(self) -> Array:
        return self._projected("k", "q" if self.settings.variant == "same_qk" else "k")

    @cached_property
    def v(self) -> Array:
        return self.k if self.settings.variant == "no_v" else self._projected("v", "v")

    @cached_property
    def scores(self) -> Array:
        return self.q @ self.k.T

    @cached_property
    def divisor(self) -> float:
        return float(self.settings.divisor or np.sqrt(self.q.shape[1])) if self.settings.scale else 1.0

    @cached_property
    def allowed(self) -> Mask:
        n = len(self.view.tokens), len(self.view.source.key_tokens)
        match self.settings.mask:
            case "causal":
                return np.tri(*n, dtype=bool)
            case "own" if self.inputs is not None:
                return np.asarray(self.inputs.own_mask, dtype=bool)
            case "own":
                return self.trace["allowed"].astype(bool)
        return np.ones(n, dtype=bool)

    @cached_property
    def weights(self) -> Array:
        if not self.trace.has("q") or not self.trace.has("k"):  # weights alone were brought
            return self.trace["weights"]
        after = self.settings.variant == "mask_after"
        return np.array(
            [
                np.where(seen, self.softmax(row, np.ones_like(seen) if after else seen), 0.0)
                for row, seen in zip(self.scores / self.divisor, self.allowed, strict=True)
            ]
        )

    @cached_property
    def dropped(self) -> Array:
        if not self.settings.dropout:
            return self.weights
        return self.weights * self.trace["keep"] / (1.0 - self.settings.dropout)

    @cached_property
    def z(self) -> Array:
        return self.dropped @ self.v

    @staticmethod
    def softmax(row: Array, seen: Mask) -> Array:
        raised = np.where(seen, np.exp(row - row.max()), 0.0)
        return raised / raised.sum() if raised.sum() else raised
