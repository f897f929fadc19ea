"""The weights of one layer, whatever its family calls them: every matrix as [in, out]."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from kitten_tui.core.inputs import HeadWeights
from kitten_tui.core.network import Norm
from kitten_tui.core.ops import Array
from kitten_tui.sources.checkpoint.config import Config
from kitten_tui.sources.checkpoint.families import Linear
from kitten_tui.sources.checkpoint.gguf_model import GgufTensors
from kitten_tui.sources.checkpoint.layout import linear_names, norm_names
from kitten_tui.sources.checkpoint.tensors import TYPES, Tensors
from kitten_tui.sources.errors import SourceError

ROLES = ("q", "k", "v")


class Layer:
    """Reads what it is asked for; a layer that is let go of takes its numbers with it."""

    def __init__(self, tensors: Tensors | GgufTensors, config: Config, prefix: str, number: int) -> None:
        self.tensors = tensors
        self.config = config
        self.prefix = prefix
        self.number = number

    def names(self) -> set[str]:
        """Every tensor that is read of it."""
        family = self.config.family
        linears = [getattr(family, part) for part in (*ROLES, "o", "up", "gate", "down")]
        names = [name for one in linears if one for name in linear_names(one, self.config.says(one.bias))]
        names += [name for one in (family.attention_norm, family.mlp_norm) for name in norm_names(one, family.rms)]
        names += [f"{one}.weight" for one in (family.q_norm, family.k_norm) if one]
        return {self._name(name) for name in names}

    def projection(self, role: str) -> tuple[Array, Array | None]:
        """The matrix of all heads side by side, and its bias.  -> [d_model, head·d_k], [head·d_k]"""
        linear: Linear = getattr(self.config.family, role)
        w, b = self._linear(linear, self.config.d_model, self._width(linear, role))
        return self._part(w, linear, role), None if b is None else self._part(b, linear, role)

    def _width(self, linear: Linear, role: str) -> int:
        config = self.config
        heads = config.n_heads if role == "q" else config.n_kv_heads
        return (3 * config.n_heads if linear.split else heads) * config.d_k

    def _part(self, fused: Array, linear: Linear, role: str) -> Array:
        """The columns of one role.  [..., 3·head·d_k] -> [..., head·d_k]"""
        place, config = ROLES.index(role), self.config
        width = config.n_heads * config.d_k
        match linear.split:
            case "roles":
                return fused[..., place * width : (place + 1) * width]
            case "heads":
                each = fused.reshape(*fused.shape[:-1], config.n_heads, 3, config.d_k)
                return each[..., place, :].reshape(*fused.shape[:-1], width)
            case _:
                return fused

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
        return self._linear(self.config.family.o, self.config.n_heads * self.config.d_k, self.config.d_model)

    def up(self) -> tuple[Array, Array | None]:
        """[d_model, d_hidden], [d_hidden]"""
        return self._linear(self.config.family.up, self.config.d_model, self.config.d_hidden)

    def gate(self) -> tuple[Array, Array | None] | None:
        """[d_model, d_hidden], [d_hidden]"""
        gate = self.config.family.gate
        return None if gate is None else self._linear(gate, self.config.d_model, self.config.d_hidden)

    def down(self) -> tuple[Array, Array | None]:
        """[d_hidden, d_model], [d_model]"""
        return self._linear(self.config.family.down, self.config.d_hidden, self.config.d_model)

    @property
    def attention_norm(self) -> Norm:
        return norm(self.tensors, self.config, self._name(self.config.family.attention_norm))

    @property
    def mlp_norm(self) -> Norm:
        return norm(self.tensors, self.config, self._name(self.config.family.mlp_norm))

    def head_norm(self, role: str) -> Norm | None:
        """The norm of queries or keys, in families that have one."""
        name: str = getattr(self.config.family, f"{role}_norm")
        if not name:
            return None
        gain = self.tensors.read(self._name(name) + ".weight", (self.config.d_k,))  # [d_k]
        return Norm(gain, None, self.config.eps, rms=True)

    def not_finite(self) -> SourceError:
        """What to say when what leaves the layer is no number: which tensor holds one, if one does."""
        prefix = self._name(self.config.family.o.name).partition(f".{self.number}.")[0] + f".{self.number}."
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
        name = self._name(linear.name)
        if linear.inward:
            w = self.tensors.read(f"{name}.weight", (n_in, n_out))  # [in, out]
        else:
            w = self.tensors.read(f"{name}.weight", (n_out, n_in)).T  # [in, out]
        b = self.tensors.read(f"{name}.bias", (n_out,)) if self.config.says(linear.bias) else None  # [out]
        return w, b

    def _name(self, name: str) -> str:
        return self.prefix + name.format(n=self.number)


def norm(tensors: Tensors | GgufTensors, config: Config, name: str) -> Norm:
    """The norm of this name; older files call its numbers gamma and beta."""
    gain, bias = f"{name}.weight", f"{name}.bias"
    if gain not in tensors and f"{name}.gamma" in tensors:
        gain, bias = f"{name}.gamma", f"{name}.beta"
    size = (config.d_model,)
    rms = config.family.rms
    return Norm(tensors.read(gain, size), None if rms else tensors.read(bias, size), config.eps, rms)
