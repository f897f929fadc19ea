"""The weights of one layer, whatever its family calls them: every matrix as [in, out]."""

from __future__ import annotations

from functools import cached_property
from typing import overload

import numpy as np

from kitten_tui.core.altering import Number
from kitten_tui.core.array_types import Array
from kitten_tui.core.inputs import HeadWeights
from kitten_tui.core.network import Norm
from kitten_tui.sources.checkpoint.config import Config
from kitten_tui.sources.checkpoint.experts import Mixture
from kitten_tui.sources.checkpoint.families import Linear
from kitten_tui.sources.checkpoint.gguf_model import GgufTensors
from kitten_tui.sources.checkpoint.layout import linear_names, norm_names
from kitten_tui.sources.checkpoint.tensors import TYPES, Tensors
from kitten_tui.sources.errors import SourceError

ROLES = ("q", "k", "v")
OF_HEAD, OF_LAYER = ("w_q", "w_k", "w_v", "b_q", "b_k", "b_v"), ("w_o", "b_o")
"""Weights of attention, by their names in the chain."""


class Layer:
    """Reads what it is asked for; a layer that is let go of takes its numbers with it."""

    def __init__(
        self,
        tensors: Tensors | GgufTensors,
        config: Config,
        prefix: str,
        number: int,
        changed: tuple[Number, ...] = (),
    ) -> None:
        self.tensors = tensors
        self.changed = changed
        """Numbers that are others than in the file."""
        self.config = config
        self.prefix = prefix
        self.number = number

    def names(self) -> set[str]:
        """Every tensor that is read of it."""
        family, config = self.config.family, self.config
        parts = (*ROLES, "o") if config.experts[self.number] else (*ROLES, "o", "up", "gate", "down")
        linears = [getattr(family, part) for part in parts]
        names = [name for one in linears if one for name in linear_names(one, config.says(one.bias))]
        norms = (family.attention_norm, family.mlp_norm, family.output_norm, family.added_norm)
        names += [name for one in norms if one for name in norm_names(one, family.rms)]
        if family.head_norm is not None:
            every = {
                one.format(n="{n}", h=head)
                for one in (family.head_norm.q, family.head_norm.k)
                for head in range(config.n_heads)
            }
            names += [f"{one}.{part}" for one in every for part in ("weight", "bias")]
        if family.sinks:
            names.append(family.sinks)
        read = {self.name(name) for name in names}
        return read | self.experts.names() if self.experts is not None else read

    def projection(self, role: str) -> tuple[Array, Array | None]:
        """The matrix of all heads side by side, and its bias.  -> [d_model, head·d_k], [head·d_k]"""
        linear: Linear = getattr(self.config.family, role)
        w, b = self._linear(linear, self.config.d_model, self._width(linear, role))
        b = None if b is None else self._part(b, linear, role)
        return self._altered(f"w_{role}", self._part(w, linear, role)), self._altered(f"b_{role}", b)

    def _width(self, linear: Linear, role: str) -> int:
        config = self.config
        heads = config.n_heads if role == "q" else config.n_kv_heads
        return (config.n_heads + 2 * config.n_kv_heads if linear.split else heads) * config.d_k

    def _part(self, fused: Array, linear: Linear, role: str) -> Array:
        """The columns of one role, which are rows of the file: those lie together, and are copied as such.

        [..., all heads of q, k and v·d_k] -> [..., head·d_k]
        """
        place, config = ROLES.index(role), self.config
        rows, beside = fused.T, fused.shape[:-1]
        match linear.split:
            case "roles":
                q, kv = config.n_heads * config.d_k, config.n_kv_heads * config.d_k
                start, stop = ((0, q), (q, q + kv), (q + kv, q + 2 * kv))[place]
                return fused[..., start:stop]
            case "heads":
                group = config.group
                each = rows.reshape(config.n_kv_heads, group + 2, config.d_k, *beside)
                heads = (slice(0, group), slice(group, group + 1), slice(group + 1, group + 2))[place]
                return each[:, heads].reshape(-1, *beside).T
            case "fourths":
                parts = rows.reshape(4, 3, -1, *beside)
                return parts[:, (0, 2, 1)[place]].reshape(-1, *beside).T
            case _:
                return fused

    @overload
    def _altered(self, name: str, array: Array) -> Array: ...
    @overload
    def _altered(self, name: str, array: Array | None) -> Array | None: ...
    def _altered(self, name: str, array: Array | None) -> Array | None:
        """An array of all heads side by side, or of the layer, with the numbers of it that are others."""
        numbers = [each for each in self.changed if each.cell.name == name]
        if array is None or not numbers:
            return array
        array = array.copy()
        for number in numbers:
            *before, last = number.cell.index
            if name in OF_HEAD:
                head = number.cell.head if name.endswith("q") else self.config.kv_head(number.cell.head)
                last += head * self.config.d_k
            array[(*before, last)] = number.value
        return array

    def head(self, head: int) -> HeadWeights:
        """The matrices of one head; the key and the value may be shared with its neighbours."""
        matrices: dict[str, Array | None] = {}
        for role in ROLES:
            w, b = self._projections[role]
            place = head if role == "q" else self.config.kv_head(head)
            columns = slice(place * self.config.d_k, (place + 1) * self.config.d_k)
            matrices[f"w_{role}"] = np.ascontiguousarray(w[:, columns])  # [d_model, d_k]
            matrices[f"b_{role}"] = None if b is None else b[columns]  # [d_k]
        return HeadWeights(**matrices)  # type: ignore[arg-type]

    @cached_property
    def _projections(self) -> dict[str, tuple[Array, Array | None]]:
        return {role: self.projection(role) for role in ROLES}

    @cached_property
    def o(self) -> tuple[Array, Array | None]:
        """[head·d_k, d_model], [d_model]"""
        w, b = self._linear(self.config.family.o, self.config.n_heads * self.config.d_k, self.config.d_model)
        return self._altered("w_o", w), self._altered("b_o", b)

    def up(self) -> tuple[Array, Array | None]:
        """[d_model, d_hidden], [d_hidden]"""
        return self._hidden(self.config.family.up)

    def gate(self) -> tuple[Array, Array | None] | None:
        """[d_model, d_hidden], [d_hidden]"""
        gate = self.config.family.gate
        return None if gate is None else self._hidden(gate)

    def _hidden(self, linear: Linear) -> tuple[Array, Array | None]:
        """[d_model, d_hidden], [d_hidden]"""
        width = self.config.d_hidden
        if not linear.split:
            return self._linear(linear, self.config.d_model, width)
        w, b = self._linear(linear, self.config.d_model, 2 * width)  # [d_model, 2·d_hidden], [2·d_hidden]
        half = slice(width) if linear.split == "gate" else slice(width, None)
        return w[:, half], None if b is None else b[half]

    def down(self) -> tuple[Array, Array | None]:
        """[d_hidden, d_model], [d_model]"""
        return self._linear(self.config.family.down, self.config.d_hidden, self.config.d_model)

    @cached_property
    def experts(self) -> Mixture | None:
        """What stands in the place of the feed-forward network in some layers of some families."""
        experts = self.config.family.experts
        if experts is None or not self.config.experts[self.number]:
            return None
        return Mixture(self.tensors, self.config, experts, self.name)

    @property
    def attention_norm(self) -> Norm:
        return self.norm(self.config.family.attention_norm)

    @property
    def mlp_norm(self) -> Norm:
        return self.norm(self.config.family.mlp_norm)

    def norm(self, name: str) -> Norm:
        """A norm of the layer by its name in the family."""
        return norm(self.tensors, self.config, self.name(name))

    def head_norm(self, role: str, heads: slice | int = slice(None)) -> Norm | None:
        """The norm of queries or keys of some heads, in families that have one.

        Its gain is [d_k] where all heads have the same one, else [head, 1, d_k]; that of all heads together is
        [head·d_k], or [d_k] for one head.
        """
        config, of = self.config, self.config.family.head_norm
        if of is None:
            return None
        name, count = (of.q, config.n_heads) if role == "q" else (of.k, config.n_kv_heads)
        parts = {part: self._head_numbers(f"{name}.{part}", of.kind, count) for part in ("weight", "bias")}
        gain, bias = (None if part is None else self._of_heads(part, of.kind, heads) for part in parts.values())
        assert gain is not None
        return Norm(gain, bias, config.eps, config.family.rms, config.family.gain_from_one)

    def _head_numbers(self, name: str, kind: str, count: int) -> Array | None:
        """[d_k], or [head, d_k]; None for a bias that is not there."""
        d_k = self.config.d_k
        if kind == "list":
            names = [self.name(name, h=head) for head in range(count)]
            rows = [
                self.tensors.read(each, (d_k,)) for each in names if each in self.tensors or each.endswith("weight")
            ]
            return np.stack(rows) if rows else None
        whole = self.name(name)
        if whole not in self.tensors and whole.endswith(".bias"):
            return None
        shape = {"": (d_k,), "each": (count, d_k), "all": (count * d_k,)}[kind]
        return self.tensors.read(whole, shape)

    def _of_heads(self, numbers: Array, kind: str, heads: slice | int) -> Array:
        if kind == "":
            return numbers
        if kind == "all":
            return numbers if isinstance(heads, slice) else numbers.reshape(-1, self.config.d_k)[heads]
        return numbers[heads][:, None] if isinstance(heads, slice) else numbers[heads]

    @cached_property
    def sinks(self) -> Array | None:
        """What takes part in the softmax of each head and stands for no key.  -> [head]"""
        name = self.config.family.sinks
        return self.tensors.read(self.name(name), (self.config.n_heads,)) if name else None

    def not_finite(self) -> SourceError:
        """What to say when what leaves the layer is no number: which tensor holds one, if one does."""
        number = self.config.weights_of(self.number)
        prefix = self.name(self.config.family.o.name).partition(f".{number}.")[0] + f".{number}."
        for name, tensor in self.tensors.found.items():
            if name.startswith(prefix) and tensor.kind in TYPES and tensor.shape:
                numbers = self.tensors.read(name, tensor.shape)
                if not np.isfinite(numbers).all():
                    found = "nan" if np.isnan(numbers).any() else "infinity"
                    return SourceError(f"{tensor.file}: {name}: expected finite numbers, found {found}")
        return SourceError(
            f"{self.tensors.folder}: layer {self.number + 1}: expected finite numbers, found nan or infinity"
        )

    def _linear(self, linear: Linear, n_in: int, n_out: int) -> tuple[Array, Array | None]:
        name = self.name(linear.name)
        if linear.inward:
            w = self.tensors.read(f"{name}.weight", (n_in, n_out))  # [in, out]
        else:
            w = self.tensors.read(f"{name}.weight", (n_out, n_in)).T  # [in, out]
        b = self.tensors.read(f"{name}.bias", (n_out,)) if self.config.says(linear.bias) else None  # [out]
        return w, b

    def name(self, name: str, **places: int) -> str:
        return self.prefix + name.format(n=self.config.weights_of(self.number), **places)


def norm(tensors: Tensors | GgufTensors, config: Config, name: str, width: int = 0) -> Norm:
    """The norm of this name; older files call its numbers gamma and beta."""
    gain, bias = f"{name}.weight", f"{name}.bias"
    if gain not in tensors and f"{name}.gamma" in tensors:
        gain, bias = f"{name}.gamma", f"{name}.beta"
    family = config.family
    size = (width or config.d_model,)
    biased = not family.rms and config.says(family.norm_bias)
    return Norm(
        tensors.read(gain, size),
        tensors.read(bias, size) if biased else None,
        config.eps,
        family.rms,
        family.gain_from_one,
    )
