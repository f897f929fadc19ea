"""A model in a GGUF file: its metadata as a config.json would say it, its tensors under the names of its family."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kitten_tui.core.ops import Array, Places
from kitten_tui.sources.checkpoint.adapter import Adapter
from kitten_tui.sources.checkpoint.config import Config, config_of
from kitten_tui.sources.checkpoint.families import FAMILIES, Family
from kitten_tui.sources.checkpoint.gguf import Gguf, Quantised
from kitten_tui.sources.errors import SourceError

_LLAMA = {
    "token_embd": "embed_tokens",
    "output_norm": "norm",
    "output": "lm_head",
    "blk.{n}.attn_norm": "layers.{n}.input_layernorm",
    "blk.{n}.attn_q": "layers.{n}.self_attn.q_proj",
    "blk.{n}.attn_k": "layers.{n}.self_attn.k_proj",
    "blk.{n}.attn_v": "layers.{n}.self_attn.v_proj",
    "blk.{n}.attn_output": "layers.{n}.self_attn.o_proj",
    "blk.{n}.attn_q_norm": "layers.{n}.self_attn.q_norm",
    "blk.{n}.attn_k_norm": "layers.{n}.self_attn.k_norm",
    "blk.{n}.ffn_norm": "layers.{n}.post_attention_layernorm",
    "blk.{n}.ffn_gate": "layers.{n}.mlp.gate_proj",
    "blk.{n}.ffn_up": "layers.{n}.mlp.up_proj",
    "blk.{n}.ffn_down": "layers.{n}.mlp.down_proj",
}
_GPT2 = {
    "token_embd": "wte",
    "position_embd": "wpe",
    "output_norm": "ln_f",
    "output": "lm_head",
    "blk.{n}.attn_norm": "h.{n}.ln_1",
    "blk.{n}.attn_qkv": "h.{n}.attn.c_attn",
    "blk.{n}.attn_output": "h.{n}.attn.c_proj",
    "blk.{n}.ffn_norm": "h.{n}.ln_2",
    "blk.{n}.ffn_up": "h.{n}.mlp.c_fc",
    "blk.{n}.ffn_down": "h.{n}.mlp.c_proj",
}
NAMES = {"llama": _LLAMA, "qwen2": _LLAMA, "qwen3": _LLAMA, "gpt2": _GPT2}
"""What each architecture calls what its family calls otherwise."""
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
        if self.architecture not in NAMES:
            known = ", ".join(NAMES)
            raise SourceError(f"{path}: general.architecture: expected one of {known}, found {self.architecture[:80]}")
        own = f"{self.architecture}."
        for key, value in self.gguf.said.items():
            if key.startswith(own) and UNKNOWN.fullmatch(key.removeprefix(own)) and np.any(value):
                raise SourceError(f"{path}: {key}: expected none, found {str(value)[:40]}")
        names = self._names()
        turned = {}
        if self.architecture == "llama":
            for name in names:
                part = re.search(r"\.(q|k)_proj\.(weight|bias)$", name)
                if part is not None:
                    turned[name] = self._heads(part[1])
        self.tensors = GgufTensors(self.gguf, names, turned)
        for name, count in turned.items():
            if self.tensors.found[name].shape[0] % (2 * count):
                raise SourceError(f"{path}: {names[name]}: expected rows of {count} heads in pairs, found others")

    def _heads(self, role: str) -> int:
        count = self._size("attention.head_count")
        return count if role == "q" else self._size("attention.head_count_kv", count)

    def _names(self) -> dict[str, str]:
        """What the file calls a tensor of the family; what has no name there keeps its place in its layer."""
        table, layers = NAMES[self.architecture], "h." if self.architecture == "gpt2" else "layers."
        names = {}
        for own in self.gguf.found:
            stem, _, part = own.rpartition(".")
            number = re.match(r"blk\.(\d+)\.", own)
            key = stem if number is None else stem.replace(number[0], "blk.{n}.", 1)
            if key in table:
                names[f"{table[key].format(n=number[1] if number else '')}.{part}"] = own
            else:
                names[own.replace("blk.", layers, 1)] = own
        return names

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
            "model_type": self.architecture,
            "vocab_size": embedding.shape[0],
            "tie_word_embeddings": "lm_head.weight" not in self.tensors,
            "is_causal": bool(self.gguf.said.get(f"{self.architecture}.attention.causal", True)),
        }
        if self.architecture == "gpt2":
            raw |= {key: self._size(own) for key, own in GPT2_SIZES.items()}
            raw["layer_norm_epsilon"] = self._said("gpt2.attention.layer_norm_epsilon", float)
            return config_of(self.gguf.path, raw, self._family(FAMILIES["gpt2"]))
        raw |= {key: self._size(own) for key, own in SIZES.items()}
        heads = raw["num_attention_heads"]
        d_k = self._size("attention.key_length", raw["hidden_size"] // heads)
        if self._size("attention.value_length", d_k) != d_k or self._size("rope.dimension_count", d_k) != d_k:
            raise SourceError(f"{self.gguf.path}: expected keys, values and rotations of one width, found several")
        raw |= {
            "num_key_value_heads": self._size("attention.head_count_kv", heads),
            "head_dim": d_k,
            "rms_norm_eps": self._said(f"{self.architecture}.attention.layer_norm_rms_epsilon", float),
            "rope_parameters": self._rope(raw["max_position_embeddings"]),
            "attention_bias": "layers.0.self_attn.q_proj.bias" in self.tensors,
            "mlp_bias": "layers.0.mlp.up_proj.bias" in self.tensors,
        }
        window = self.gguf.said.get(f"{self.architecture}.attention.sliding_window")
        if window:
            raw |= {"model_type": "mistral" if self.architecture == "llama" else self.architecture}
            raw |= {"sliding_window": self._size("attention.sliding_window"), "use_sliding_window": True}
            raw |= {"layer_types": ["sliding_attention"] * raw["num_hidden_layers"]}
        return config_of(self.gguf.path, raw, FAMILIES[raw["model_type"]])

    def _rope(self, limit: int) -> dict[str, Any]:
        said, own = self.gguf.said, f"{self.architecture}.rope."
        rope: dict[str, Any] = {"rope_type": "default", "rope_theta": float(said.get(own + "freq_base", 10000.0))}
        kind, factor = said.get(own + "scaling.type", "none"), float(said.get(own + "scaling.factor") or 1.0)
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
