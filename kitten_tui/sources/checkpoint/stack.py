"""A stack of layers by its tensors, and what it says in the end: what comes next, or what fits in a place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kitten_tui.core.altering import Number
from kitten_tui.core.array_types import Array, Places
from kitten_tui.core.network import ACTIVATIONS, Norm, project
from kitten_tui.sources.checkpoint.config import Config
from kitten_tui.sources.checkpoint.families import Fitting
from kitten_tui.sources.checkpoint.gguf_model import GgufTensors
from kitten_tui.sources.checkpoint.layer import Layer, norm
from kitten_tui.sources.checkpoint.layout import whole_name
from kitten_tui.sources.checkpoint.tensors import Tensors
from kitten_tui.sources.errors import SourceError

CLASSIFYING = (
    *("score.weight", "classifier.weight", "qa_outputs.weight", "classifier.dense.weight"),
    "classification_head.dense.weight",
)
"""What a classifier has in the place of an output head."""
ROWS = 8192
"""Rows of the output head that are read at a time."""


class Stack:
    """Reads what it is asked for."""

    folder: Path
    config: Config
    tensors: Tensors | GgufTensors
    prefix: str
    """What stands before every name."""
    table: str
    """The embedding."""
    head: str | None
    """The output head, where it is not the embedding."""
    numbers: tuple[Number, ...] = ()
    """Weights that have other values than in the file."""
    trained: Any = None
    """The same with none of them; None where it has none."""

    def layer(self, number: int) -> Layer:
        of = self.config.weights_of
        changed = tuple(each for each in self.numbers if of(each.layer) == of(number))
        return Layer(self.tensors, self.config, self.prefix, number, changed)

    def _rows(self, name: str, count: int, rows: slice | Places) -> Array:
        return self.tensors.read(name, (count, self.config.d_embedding), rows)

    @property
    def says_next(self) -> bool:
        """Whether it says what comes next."""
        if self.config.classifies or any(name in self.tensors for name in CLASSIFYING):
            return False
        if self.config.family.fitting is not None:
            return whole_name(f"{self.config.family.fitting.dense}.weight", self.tensors.found) is not None
        return bool(self.config.family.head) and (self.config.tied or self.head is not None)

    @property
    def fills(self) -> bool:
        """Whether what it says of a place is what fits there, and not what follows."""
        return self.config.family.fitting is not None and not self.config.causal

    def last(self, stream: Array) -> Array:
        """What meets the rows of the output head.  [d_model] -> [d_model], or a 1 more where the head has a bias"""
        if self.config.family.fitting is not None:
            return self._filling(self.config.family.fitting, stream)
        last = self.leaving(stream)  # [d_model]
        return np.append(last, np.float32(1.0)) if self._head_biases() else last

    def leaving(self, stream: Array) -> Array:
        """What is handed on of what leaves the last layer.  [..., d_model] -> [..., d_model]"""
        if self.config.family.final_norm:
            return self.final_norm(stream)
        return self.layer(self.config.n_layers - 1).mlp_norm(stream)

    @property
    def final_norm(self) -> Norm:
        return norm(self.tensors, self.config, self.prefix + self.config.family.final_norm)

    def _filling(self, fitting: Fitting, stream: Array) -> Array:
        """[d_model] -> [d_embedding + 1]"""
        config = self.config
        end = self.leaving(stream[None, :])  # [1, d_model]
        dense = whole_name(f"{fitting.dense}.weight", self.tensors.found) or fitting.dense
        outer = dense.removesuffix(f"{fitting.dense}.weight")
        narrow, name = config.d_embedding, f"{outer}{fitting.dense}"
        w = self.tensors.read(f"{name}.weight", (narrow, config.d_model)).T  # [in, out]
        b = self.tensors.read(f"{name}.bias", (narrow,)) if config.says(fitting.dense_bias) else None  # [out]
        kind = fitting.activation or config.activation
        said = config.raw.get(kind, config.family.defaults.get(kind, kind))
        if not isinstance(said, str) or said not in ACTIVATIONS:
            raise SourceError(f"{self.folder}: {kind}: expected one of {', '.join(ACTIVATIONS)}, found {said}")
        hidden = ACTIVATIONS[said](project(end, w, b))  # [1, d_embedding]
        after = np.asarray(norm(self.tensors, config, outer + fitting.norm, narrow)(hidden)[0])  # [d_embedding]
        if not config.says(fitting.bias):
            return after
        return np.append(after, np.float32(1.0))  # the bias of a token is one number more of its row

    def logits(self, last: Array) -> Array:
        """How likely each token is to come next, before the softmax.

        [d_model] -> [vocab], or of several [token, d_model] -> [vocab, token]
        """
        starts = range(0, self.config.n_vocab, ROWS)
        raw = np.concatenate([self.output_rows(slice(start, start + ROWS)) @ last.T for start in starts])  # [vocab]
        return self.as_logits(raw)  # [vocab]

    def as_logits(self, raw: Array) -> Array:
        """Products with rows of the output head, multiplied and kept below a cap where the family does so."""
        amounts = self.config.amounts
        scaled = raw * np.float32(amounts["logit_factor"]) if "logit_factor" in amounts else raw
        cap = amounts.get("logit_cap")
        if cap is not None:
            scaled = np.tanh(scaled / np.float32(cap)) * np.float32(cap)  # [rank]
        return scaled

    def output_rows(self, rows: slice | Places) -> Array:
        """Rows of the output head, a row for each token; where it is tied they are those of the embedding.

        [row, d_model], or a bias more
        """
        matrix = self._rows(self.table if self.head is None else self.head, self.config.n_vocab, rows)  # [row, d_model]
        biases = self._head_biases()
        if not biases:
            return matrix
        names = (whole_name(name, self.tensors.found) for name in biases)
        name = next((name for name in names if name is not None), biases[0])
        if len(self.tensors.found[name].shape if name in self.tensors else ()) == 2:  # a row of its own
            bias = self.tensors.read(name, (1, self.config.n_vocab))[0][rows]  # [row]
        else:
            bias = self.tensors.read(name, (self.config.n_vocab,), rows)  # [row]
        return np.concatenate([matrix, bias[:, None]], axis=1)

    def _head_biases(self) -> tuple[str, ...]:
        """The names that the bias of the output head may have; nothing where it has none."""
        family = self.config.family
        if family.fitting is not None:
            return family.fitting.biases if self.config.says(family.fitting.bias) else ()
        if not family.head_bias:
            return ()
        # Of two stacks it is a number of its own beside a head without one, and old files leave it out.
        there = family.crossing is None or whole_name(family.head_bias, self.tensors.found) is not None
        return (family.head_bias,) if there else ()
