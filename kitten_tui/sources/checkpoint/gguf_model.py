"""A model in a GGUF file: its metadata as a config.json would say it, its tensors under the names of its family."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kitten_tui.core.array_types import Array, Places
from kitten_tui.sources.checkpoint.adapter import Adapter
from kitten_tui.sources.checkpoint.config import Config, config_of
from kitten_tui.sources.checkpoint.families import FAMILIES, Family
from kitten_tui.sources.checkpoint.gguf import Gguf, Quantised
from kitten_tui.sources.checkpoint.gguf_architectures import ARCHITECTURES, MIXTRAL, Architecture
from kitten_tui.sources.errors import SourceError

SIZES = {
    "hidden_size": "embedding_length",
    "num_hidden_layers": "block_count",
    "num_attention_heads": "attention.head_count",
    "intermediate_size": "feed_forward_length",
    "max_position_embeddings": "context_length",
}
GPT2_SIZES = {
    "n_embd": "embedding_length",
    "n_layer": "block_count",
    "n_head": "attention.head_count",
    "n_inner": "feed_forward_length",
    "n_positions": "context_length",
}
UNKNOWN = re.compile(
    r"expert_count|expert_used_count|(attention|residual|logit|embedding)_?\.?scale|\w*logit_softcapping|"
    r"attention\.(clamp_kqv|max_alibi_bias|temperature_\w+)|use_parallel_residual|rope\.scaling\.yarn_\w+"
)
"""What would change the numbers and is not computed here, unless it says 0."""


@dataclass(frozen=True)
class GgufTensors:
    """The tensors of a file, answering as `Tensors` does."""

    gguf: Gguf
    names: dict[str, str]
    """What the file calls a tensor of the family."""
    turned: dict[str, int]
    """Tensors whose rows lie in the order of another rotation, and of how many heads."""
    experts: dict[str, int]
    """Tensors that lie in one with those of other experts, and at which place."""

    @property
    def folder(self) -> Path:
        return self.gguf.path

    @cached_property
    def found(self) -> dict[str, Quantised]:
        return {name: self.gguf.found[own] for name, own in self.names.items()}

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def read(self, name: str, shape: tuple[int, ...], rows: slice | Places = slice(None)) -> Array:
        """The numbers of a name as float32.

        Raises:
            SourceError: there is none of this name, or it has another shape, or a type that gguf does not read.
        """
        own = self.names.get(name)
        if own is None:
            raise SourceError(f"{self.gguf.path}: expected a tensor {name}, found none")
        tensor = self.gguf.found[own]
        expert = self.experts.get(name)
        if expert is not None and tensor.shape[1:] == shape and expert < tensor.shape[0]:
            return np.asarray(self.gguf.rows(tensor, slice(expert, expert + 1), own)[0][rows])
        if tensor.shape != shape:
            raise SourceError(f"{self.gguf.path}: {own}: expected {shape}, found {tensor.shape}")
        heads = self.turned.get(name)
        if heads is None:
            return self.gguf.rows(tensor, rows, own)
        numbers = self.gguf.rows(tensor, slice(None), own)
        return _halves(numbers, heads)[rows]

    def adapt(self, adapter: Adapter, prefix: str, inward: bool) -> None:
        raise SourceError(f"{adapter.folder}: expected a base with plain weights, found {self.gguf.path}")

    def release(self) -> None:
        self.gguf.release()


def _halves(rows: Array, heads: int) -> Array:
    """Rows whose pairs lie side by side, put half a head apart.  [head·d_k, …] -> [head·d_k, …]"""
    apart = rows.reshape(heads, len(rows) // heads // 2, 2, *rows.shape[1:]).swapaxes(1, 2)  # [head, 2, d_k / 2, …]
    return np.ascontiguousarray(apart.reshape(rows.shape))


class GgufModel:
    """What a file says: a configuration, and tensors under the names of its family."""

    def __init__(self, path: Path) -> None:
        self.gguf = Gguf(path)
        self.architecture = self._said("general.architecture", str)
        if self.architecture not in ARCHITECTURES:
            known = ", ".join(ARCHITECTURES)
            raise SourceError(f"{path}: general.architecture: expected one of {known}, found {self.architecture[:80]}")
        own = f"{self.architecture}."
        self.of: Architecture = ARCHITECTURES[self.architecture]
        if self.architecture == "llama" and self.gguf.said.get("llama.expert_count"):
            self.of = MIXTRAL
        for key, value in self.gguf.said.items():
            said = key.removeprefix(own) if key.startswith(own) else ""
            if UNKNOWN.fullmatch(said) and said not in self.of.keys.values() and np.any(value):
                raise SourceError(f"{path}: {key}: expected none, found {str(value)[:40]}")
        names, experts = self._names()
        turned = {}
        if self.of.paired:
            for name in names:
                part = re.search(r"\.(q|k)_proj\.(weight|bias)$", name)
                if part is not None:
                    turned[name] = self._heads(part[1])
        self.tensors = GgufTensors(self.gguf, names, turned, experts)
        for name, count in turned.items():
            if self.tensors.found[name].shape[0] % (2 * count):
                raise SourceError(f"{path}: {names[name]}: expected rows of {count} heads in pairs, found others")

    def _heads(self, role: str) -> int:
        count = self._size("attention.head_count")
        return count if role == "q" else self._size("attention.head_count_kv", count)

    def _names(self) -> tuple[dict[str, str], dict[str, int]]:
        """What the file calls a tensor of the family, and its place among those of experts; what has no name there
        keeps its place in its layer.
        """
        table, layers = self.of.names, "h." if self.architecture == "gpt2" else "layers."
        names, experts = dict[str, str](), dict[str, int]()
        for own, tensor in self.gguf.found.items():
            stem, _, part = own.rpartition(".")
            number = re.match(r"blk\.(\d+)\.", own)
            key = stem if number is None else stem.replace(number[0], "blk.{n}.", 1)
            if key not in table:
                names[own.replace("blk.", layers, 1)] = own
                continue
            for expert in range(tensor.shape[0] if "{e}" in table[key] else 1):
                name = f"{table[key].format(n=number[1] if number else '', e=expert)}.{part}"
                names[name] = own
                if "{e}" in table[key]:
                    experts[name] = expert
        return names, experts

    def _said(self, key: str, kind: type) -> Any:
        value = self.gguf.said.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            shown = "nothing" if value is None else f"{str(value)[:40]}"
            wanted = {str: "a word", int: "a whole number", float: "a number"}[kind]
            raise SourceError(f"{self.gguf.path}: {key}: expected {wanted}, found {shown}")
        return value

    def _size(self, key: str, otherwise: int | None = None) -> int:
        whole = f"{self.architecture}.{key}"
        if otherwise is not None and whole not in self.gguf.said:
            return otherwise
        value = int(self._said(whole, int))
        if not 1 <= value <= 10_000_000:
            raise SourceError(f"{self.gguf.path}: {whole}: expected a whole number from 1, found {value}")
        return value

    def config(self) -> Config:
        """As config.json would say it."""
        table = "wte.weight" if self.architecture == "gpt2" else "embed_tokens.weight"
        embedding = self.tensors.found.get(table)
        if embedding is None or len(embedding.shape) != 2:
            raise SourceError(f"{self.gguf.path}: expected a tensor token_embd.weight, found none")
        raw: dict[str, Any] = {
            "model_type": self.of.family,
            "vocab_size": embedding.shape[0],
            "tie_word_embeddings": "lm_head.weight" not in self.tensors,
            "is_causal": bool(self.gguf.said.get(f"{self.architecture}.attention.causal", True)),
        }
        if self.architecture == "gpt2":
            raw |= {key: self._size(own) for key, own in GPT2_SIZES.items()}
            raw["layer_norm_epsilon"] = self._said("gpt2.attention.layer_norm_epsilon", float)
            return config_of(self.gguf.path, raw, self._family(FAMILIES["gpt2"]))
        raw |= {key: self._size(own) for key, own in SIZES.items()}
        window = self.gguf.said.get(f"{self.architecture}.attention.sliding_window")
        if window and "sliding_window" not in self.of.keys:
            raw |= {"model_type": "mistral" if self.of.family == "llama" else self.of.family}
            raw |= {"sliding_window": self._size("attention.sliding_window"), "use_sliding_window": True}
            raw |= {"layer_types": ["sliding_attention"] * raw["num_hidden_layers"]}
        family = FAMILIES[raw["model_type"]]
        raw |= self._heads_said(raw, family) | self._parts_said() | dict(self.of.says)
        for key, own in self.of.keys.items():
            if f"{self.architecture}.{own}" in self.gguf.said:
                raw[key] = self.gguf.said[f"{self.architecture}.{own}"]
        return config_of(self.gguf.path, raw, replace(family, gain_from_one=False) if self.of.one_added else family)

    def _heads_said(self, raw: Mapping[str, Any], family: Family) -> dict[str, Any]:
        """What config.json would say of heads, norms and rotations."""
        heads = raw["num_attention_heads"]
        d_k = self._size("attention.key_length", raw["hidden_size"] // heads)
        turned = self._size("rope.dimension_count", d_k)
        if self._size("attention.value_length", d_k) != d_k or (turned != d_k and "rope_share" not in family.defaults):
            raise SourceError(f"{self.gguf.path}: expected keys, values and rotations of one width, found several")
        eps = "attention.layer_norm_rms_epsilon" if family.rms else "attention.layer_norm_epsilon"
        # The largest Gemmas alone divide by another root.
        large = (self.architecture, raw["num_hidden_layers"]) in (("gemma2", 46), ("gemma3", 62))
        rope = self._rope(raw["max_position_embeddings"])
        if family.local_base:
            near = float(self.gguf.said.get(f"{self.architecture}.rope.freq_base_swa", 10000.0))
            rope = {"full_attention": rope, "sliding_attention": {"rope_type": "default", "rope_theta": near}}
        return {
            "num_key_value_heads": self._size("attention.head_count_kv", heads),
            "head_dim": d_k,
            family.keys.get("eps", "eps"): self._said(f"{self.architecture}.{eps}", float),
            "rope_parameters": rope,
            "query_pre_attn_scalar": raw["hidden_size"] // heads if large else d_k,
            **({"partial_rotary_factor": turned / d_k} if "rope_share" in family.defaults else {}),
        }

    def _parts_said(self) -> dict[str, bool]:
        """What config.json would say of parts that some files have."""
        there = {
            "layers.0.self_attn.q_proj.bias": ("attention_bias", "qkv_bias", "use_qkv_bias", "use_bias"),
            "layers.0.self_attn.o_proj.bias": ("attention_out_bias",),
            "layers.0.mlp.up_proj.bias": ("mlp_bias",),
            "layers.0.self_attn.q_norm.weight": ("use_qk_norm",),
        }
        return {key: name in self.tensors for name, keys in there.items() for key in keys}

    def _rope(self, limit: int) -> dict[str, Any]:
        said, own = self.gguf.said, f"{self.architecture}.rope."
        rope: dict[str, Any] = {"rope_type": "default", "rope_theta": float(said.get(own + "freq_base", 10000.0))}
        kind, factor = said.get(own + "scaling.type", "none"), float(said.get(own + "scaling.factor") or 1.0)
        if "rope_factors_long.weight" in self.gguf.found:
            return rope | self._long(limit)
        factors = self.gguf.found.get("rope_freqs.weight")
        if factors is not None and kind == "none":
            each = self.gguf.rows(factors, slice(None), "rope_freqs.weight").ravel().tolist()
            # Factors of each pair, whatever they were computed from.
            rope |= {"rope_type": "longrope", "short_factor": each, "long_factor": each, "attention_factor": 1.0}
            return rope | {"original_max_position_embeddings": limit}
        if kind == "none" or factor == 1.0:
            return rope
        if kind == "linear" and factors is None:
            return rope | {"rope_type": "linear", "factor": factor}
        raise SourceError(f"{self.gguf.path}: {own}scaling.type: expected none or linear, found {str(kind)[:40]}")

    def _long(self, limit: int) -> dict[str, Any]:
        """Factors of each pair for short texts, and for long ones."""
        rope: dict[str, Any] = {"rope_type": "longrope"}
        for name in ("short", "long"):
            own = f"rope_factors_{name}.weight"
            if own not in self.gguf.found:
                raise SourceError(f"{self.gguf.path}: expected a tensor {own}, found none")
            rope[f"{name}_factor"] = self.gguf.rows(self.gguf.found[own], slice(None), own).ravel().tolist()
        return rope | {"original_max_position_embeddings": self._size("rope.scaling.original_context_length", limit)}

    def _family(self, family: Family) -> Family:
        """As the file stores its matrices: all of them [out, in]."""
        parts = {part: replace(getattr(family, part), inward=False) for part in ("q", "k", "v", "o", "up", "down")}
        return replace(family, **parts)

    @property
    def kinds(self) -> str:
        """How the weights were quantised: the kinds of most numbers first."""
        sizes: dict[str, int] = {}
        for tensor in self.gguf.found.values():
            if len(tensor.shape) > 1:
                sizes[tensor.kind] = sizes.get(tensor.kind, 0) + int(np.prod(tensor.shape))
        return ", ".join(sorted(sizes, key=lambda kind: -sizes[kind]))
