"""Several feed-forward networks in a layer, of which every token goes through a few.

Shazeer et al., "Outrageously Large Neural Networks: The Sparsely-Gated Mixture-of-Experts Layer" (2017).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from kitten_tui.core.array_types import Array, Places
from kitten_tui.core.network import ACTIVATIONS, project, sigmoid
from kitten_tui.sources.checkpoint.config import Config
from kitten_tui.sources.checkpoint.families import Experts
from kitten_tui.sources.checkpoint.layout import linear_names


class Reads(Protocol):
    """Where the numbers of a name are."""

    def read(self, name: str, shape: tuple[int, ...], rows: slice | Places = slice(None)) -> Array: ...


@dataclass(frozen=True, eq=False)
class Routing:
    """Which experts each token goes to, the one with the largest share first."""

    expert: Places
    """[token, choice]"""
    share: Array
    """What counts of its answer. [token, choice]"""


@dataclass(frozen=True, eq=False)
class Mixture:
    """The experts of one layer; of those that no token goes to nothing is read."""

    tensors: Reads
    config: Config
    of: Experts
    name: Callable[..., str]
    """The name of a tensor of the layer."""

    def names(self) -> set[str]:
        """Every tensor that may be read of it."""
        of, every = self.of, range(self.config.n_experts)
        names = {self.name(name) for name in linear_names(of.router, self.config.says(of.router.bias))}
        if of.packed:
            return names | {self.name(name + end) for name in (of.packed, of.down) for end in ("", "_bias")}
        ends = ("weight", "bias") if of.biased else ("weight",)
        parts = [f"{part}.{end}" for part in (of.gate, of.up, of.down) for end in ends]
        names |= {self.name(part, e=expert) for part in parts for expert in every}
        if of.shared:
            shared = (f"{of.shared}.{part}_proj.weight" for part in ("gate", "up", "down"))
            names |= {self.name(name) for name in (*shared, f"{of.shared}_gate.weight")}
        return names

    @property
    def router(self) -> tuple[Array, Array | None]:
        """What says how well each expert suits a vector.  -> [d_model, expert], [expert]"""
        of, config, count = self.of, self.config, self.config.n_experts
        w = self.tensors.read(self.name(f"{of.router.name}.weight"), (count, config.d_model)).T  # [d_model, expert]
        b = self.tensors.read(self.name(f"{of.router.name}.bias"), (count,)) if config.says(of.router.bias) else None
        return w, b

    def chosen(self, logits: Array) -> Routing:
        """The experts of each token by how well each suits it.  [token, expert] -> [token, choice]"""
        of, config, chosen = self.of, self.config, self.config.n_chosen
        best = np.argsort(-logits, axis=-1, kind="stable")[:, :chosen]  # [token, choice]
        exp = np.exp(logits - logits.max(axis=-1, keepdims=True))  # [token, expert]
        share = np.take_along_axis(exp, best, axis=-1)  # [token, choice]
        alone = of.shares == "chosen" or (of.shares == "norm" and config.says("norm_topk_prob"))
        share /= (share if alone else exp).sum(axis=-1, keepdims=True)  # [token, choice]
        return Routing(best, share)

    def __call__(self, x: Array, pulse: Callable[[], None]) -> Array:
        """What all experts of each token add, by their shares.  [token, d_model] -> [token, d_model]"""
        routing = self.chosen(project(x, *self.router))
        added = np.zeros_like(x)  # [token, d_model]
        for expert in np.unique(routing.expert):
            pulse()
            token, choice = np.nonzero(routing.expert == expert)  # [visit], [visit]
            answer = self._answer(int(expert), x[token])  # [visit, d_model]
            added[token] += routing.share[token, choice, None] * answer
        return added + self._shared(x) if self.of.shared else added

    def _answer(self, expert: int, x: Array) -> Array:
        """[visit, d_model] -> [visit, d_model]"""
        of, config = self.of, self.config
        width, d_model = config.d_expert, config.d_model
        if of.packed:
            hidden = project(x, *self._of_all(of.packed, expert, d_model, 2 * width))  # [visit, 2·width]
            gate, up = hidden[:, ::2], hidden[:, 1::2]  # [visit, width], [visit, width]
            down: tuple[Array, Array | None] = self._of_all(of.down, expert, width, d_model)
        else:
            gate, up = (project(x, *self._of_one(part, expert, d_model, width)) for part in (of.gate, of.up))
            down = self._of_one(of.down, expert, width, d_model)
        return project(self._gated(gate, up), *down)

    def _of_one(self, part: str, expert: int, n_in: int, n_out: int) -> tuple[Array, Array | None]:
        """A matrix of an expert and its bias.  -> [in, out], [out]"""
        w = self.tensors.read(self.name(f"{part}.weight", e=expert), (n_out, n_in)).T  # [in, out]
        b = self.tensors.read(self.name(f"{part}.bias", e=expert), (n_out,)) if self.of.biased else None  # [out]
        return w, b

    def _of_all(self, name: str, expert: int, n_in: int, n_out: int) -> tuple[Array, Array]:
        """The same from one tensor of all experts.  -> [in, out], [out]"""
        count, rows = self.config.n_experts, slice(expert, expert + 1)
        w = self.tensors.read(self.name(name), (count, n_in, n_out), rows)[0]  # [in, out]
        return w, self.tensors.read(self.name(f"{name}_bias"), (count, n_out), rows)[0]  # [out]

    def _gated(self, gate: Array, up: Array) -> Array:
        """[visit, width], [visit, width] -> [visit, width]"""
        if not self.of.clamped:
            return np.asarray(ACTIVATIONS[self.config.activation](gate) * up)
        limit, alpha = (float(self._number(key)) for key in ("swiglu_limit", "swiglu_alpha"))
        gate, up = np.minimum(gate, limit), np.clip(up, -limit, limit) + 1.0
        return np.asarray(gate * sigmoid(gate * np.float32(alpha)) * up)

    def _number(self, key: str) -> float:
        found = self.config.raw.get(key, self.config.family.defaults.get(key))
        return found if isinstance(found, (int, float)) else 0.0

    def _shared(self, x: Array) -> Array:
        """What the expert of every token adds.  [token, d_model] -> [token, d_model]"""
        d_model, width = self.config.d_model, self.config.d_shared
        gate, up = (
            self.tensors.read(self.name(f"{self.of.shared}.{part}_proj.weight"), (width, d_model)).T
            for part in ("gate", "up")
        )
        down = self.tensors.read(self.name(f"{self.of.shared}.down_proj.weight"), (d_model, width)).T
        share = x @ self.tensors.read(self.name(f"{self.of.shared}_gate.weight"), (1, d_model)).T  # [token, 1]
        activate = ACTIVATIONS[self.config.activation]
        return np.asarray(sigmoid(share) * ((activate(x @ gate) * (x @ up)) @ down))
