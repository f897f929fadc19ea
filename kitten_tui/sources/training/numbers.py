"""What the chain of a training is given at a step: its parameters, what its sentence should say, and the next batch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial

import numpy as np

from kitten_tui.core.array_types import Array, Mask
from kitten_tui.core.trace import Given, Value
from kitten_tui.sources.training.lines import TRAINED
from kitten_tui.sources.training.network import Batch, loss_and_gradient
from kitten_tui.sources.training.optimizer import EPS, MEAN, SQUARE, State
from kitten_tui.sources.training.run import Run
from kitten_tui.sources.training.shape import Parameters


class Numbers:
    """Everything in float64, and computed when it is first asked for."""

    def __init__(self, run: Run, state: State, sentence: Batch) -> None:
        self.run = run
        self.state = state
        self.sentence = sentence
        """The one that is looked at."""

    @cached_property
    def parameters(self) -> Parameters:
        return self._named(self.state.parameters)

    def _named(self, flat: Array) -> Parameters:
        """What there is one of for each parameter, by the names of the parameters."""
        flat = flat.astype(np.float64)
        flat.setflags(write=False)
        return Parameters(self.run.setup.shape, flat)

    def of_head(self, layer: int, head: int) -> dict[str, Value]:
        return self._all(layer, head)

    def of_layer(self, layer: int) -> dict[str, Value]:
        """What the heads make together, and what a step gives to all that is not of a head."""
        return {**self._all(layer, None), **(self._right if layer == self.run.setup.shape.n_layers - 1 else {})}

    def of_source(self, layer: int) -> dict[str, Value]:
        """What all heads of a layer have in common."""
        given = dict(self._step)
        if layer == 0:
            given["piece"] = np.eye(self.run.setup.shape.n_vocab, dtype=bool)[self.sentence.ids[0]]  # [token, vocab]
            given |= {name: part for name, part in self._parts(self.parameters, 0, None).items() if name in SHARED}
        return given

    def _all(self, layer: int, head: int | None) -> dict[str, Value]:
        """Parameters, and what a step has of each of them."""
        parts = self._parts(self.parameters, layer, head)
        given: dict[str, Value] = {name: part for name, part in parts.items() if name not in SHARED}
        for name in parts:
            for kind in ("others", "average", "square"):
                given[f"{kind}({name})"] = Given(partial(self._part, kind, name, layer, head))
        return given

    def _part(self, kind: str, name: str, layer: int, head: int | None) -> Array:
        of_all: Parameters = getattr(self, f"_{kind}")
        return self._parts(of_all, layer, head)[name]

    def _parts(self, named: Parameters, layer: int, head: int | None) -> Mapping[str, Array]:
        """Those of a head, or of a layer without its heads, by the names and with the axes of the chain."""
        if head is not None:
            return {name: named[f"{name}.{layer}"][head] for name in ("w_q", "w_k", "w_v")}
        w_o = named[f"w_o.{layer}"]  # [head, d_k, d_model]
        parts = {"w_o": w_o.reshape(-1, w_o.shape[-1])}  # [concat, d_model]
        if layer == 0:
            parts["table"] = named["embedding"]  # [vocab, d_model]
            if "position" in named:
                parts["position"] = named["position"][: self.sentence.ids.shape[1]]  # [token, d_model]
        if layer == self.run.setup.shape.n_layers - 1:
            parts["unembedding"] = named["unembedding"].T  # [d_model, vocab]
        return parts

    # The loss

    @cached_property
    def _counted(self) -> Mask:
        """[token]"""
        counted = np.zeros(self.sentence.ids.shape[1], dtype=bool)
        counted[self.sentence.counted] = True
        return counted

    @cached_property
    def _right(self) -> dict[str, Value]:
        """What should be said, and where it counts; nothing where nothing counts."""
        counted = self._counted  # [token]
        targets = np.eye(self.run.setup.shape.n_vocab, dtype=bool)[self.sentence.targets[0]]  # [token, vocab]
        return {"target": targets, "counted": counted} if counted.any() else {}

    # The next step

    @cached_property
    def _batch(self) -> Batch:
        return self.run.batch(self.state.step + 1)

    @cached_property
    def _share(self) -> float:
        """How much of what counts in the batch of the next step is this sentence."""
        batch, one = self._batch, self.sentence
        length = one.ids.shape[1]
        counted = np.zeros(batch.ids.shape, dtype=bool)  # [sentence, token]
        counted.ravel()[batch.counted] = True
        alike = (batch.ids[:, :length] == one.ids).all(axis=1)  # [sentence]
        alike &= (counted[:, :length] == self._counted).all(axis=1) & ~counted[:, length:].any(axis=1)
        return float(alike.sum() * len(one.counted) / len(batch.counted))

    @cached_property
    def _others(self) -> Parameters:
        """What the other sentences of the batch add to its gradient."""
        _, gradient = loss_and_gradient(self.parameters, self._batch)
        if self._share:
            gradient = gradient - self._share * loss_and_gradient(self.parameters, self.sentence)[1]
        return self._named(gradient)

    @cached_property
    def _average(self) -> Parameters:
        assert self.state.mean is not None  # asked for where the lines are those of Adam
        return self._named(self.state.mean)

    @cached_property
    def _square(self) -> Parameters:
        assert self.state.square is not None
        return self._named(self.state.square)

    @cached_property
    def _step(self) -> dict[str, Value]:
        step = self.state.step + 1
        given: dict[str, Value] = {"share": Given(lambda: self._share), "step_size": self.run.setup.step_size}
        if self.run.setup.optimizer == "adam":
            given |= {"average_stays": MEAN, "average_begun": 1.0 - MEAN**step}
            given |= {"square_stays": SQUARE, "square_begun": 1.0 - SQUARE**step, "step_eps": EPS}
        return given


SHARED = tuple(name for name in TRAINED if name in ("table", "position"))
"""What belongs to the source and not to a layer."""
