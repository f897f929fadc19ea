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
from kitten_tui.sources.checkpoint.config_reader import LARGEST, MOST_LAYERS
from kitten_tui.sources.checkpoint.families import FAMILIES, Family
from kitten_tui.sources.checkpoint.gguf import Gguf, Quantised
from kitten_tui.sources.checkpoint.gguf_architectures import ARCHITECTURES, Architecture
from kitten_tui.sources.errors import SourceError

SIZES = {
    "hidden_size": "embedding_length",
    "num_hidden_layers": "block_count",
    "num_attention_heads": "attention.head_count",
    "intermediate_size": "feed_forward_length",
    "max_position_embeddings": "context_length",
}
LAYER = re.compile(r"(?:(?P<stack>enc|dec)\.)?blk\.(?P<number>\d+)\.")
UNKNOWN = re.compile(
    r"expert_count|expert_used_count|(attention|residual|logit|embedding)_?\.?scale|\w*logit_softcapping|"
    r"attention\.(clamp_kqv|max_alibi_bias|temperature_\w+)|use_parallel_residual|rope\.scaling\.yarn_\w+"
)
"""What would change the numbers and is not computed here, unless it says 0."""
YARN = {"beta_fast": "yarn_beta_fast", "beta_slow": "yarn_beta_slow"}
"""What config.json says of that rotation, by the keys of the file."""
FLOATS = {"F64", "F32", "F16", "BF16"}
"""Kinds of numbers that stand for themselves."""
ALIKE = 0.9
"""The least cosine of rows of an output head with those of an embedding that was stored twice, however quantised."""


@dataclass(frozen=True)
class GgufTensors:
    """The tensors of a file, answering as `Tensors` does."""

    gguf: Gguf
    names: dict[str, str]
    """What the file calls a tensor of the family."""
    turned: dict[str, int]
    """Tensors whose rows lie in the order of another rotation, and of how many heads."""
    several: dict[str, int]
    """Tensors that lie in one with others, as those of experts do, and at which place."""

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
        row = self.several.get(name)
        if row is not None and tensor.shape[1:] == shape and row < tensor.shape[0]:
            return np.asarray(self.gguf.rows(tensor, slice(row, row + 1), own)[0][rows])
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
        self.of = self._variant(ARCHITECTURES[self.architecture])
        self.family = FAMILIES[self.of.family].with_(self.of.fields)
        own = f"{self.architecture}."
        obeyed = {*self.of.keys.values(), *self.of.ignored, *(f"rope.scaling.{key}" for key in YARN.values())}
        for key, value in self.gguf.said.items():
            said = key.removeprefix(own) if key.startswith(own) else ""
            if UNKNOWN.fullmatch(said) and said not in obeyed and np.any(value):
                raise SourceError(f"{path}: {key}: expected none, found {str(value)[:40]}")
        names, several = self._names()
        turned = {}
        if self.of.paired:
            for name in names:
                part = re.search(r"\.(q|k)_proj\.(weight|bias)$", name)
                if part is not None:
                    turned[name] = self._heads(part[1])
        self.tensors = GgufTensors(self.gguf, names, turned, several)
        for name, count in turned.items():
            if self.tensors.found[name].shape[0] % (2 * count):
                raise SourceError(f"{path}: {names[name]}: expected rows of {count} heads in pairs, found others")

    def _variant(self, of: Architecture) -> Architecture:
        """What a file of this architecture is by what it has."""
        for name, other in of.otherwise.items():
            if name in self.gguf.found or np.any(self.gguf.said.get(name, 0)):
                return other
        return of

    def _heads(self, role: str) -> int:
        count = self._size("attention.head_count")
        return count if role == "q" else self._size("attention.head_count_kv", count)

    def _names(self) -> tuple[dict[str, str], dict[str, int]]:
        """What the file calls a tensor of the family, and its place among those that lie in one; what has no name there
        keeps its place in its layer.
        """
        table = self.of.names
        names, several = dict[str, str](), dict[str, int]()
        for own, tensor in self.gguf.found.items():
            layer = LAYER.match(own)
            number = layer["number"] if layer else ""
            key = own.replace(f"blk.{number}.", "blk.{n}.", 1) if layer else own
            stem, _, part = key.rpartition(".")
            if key in table:
                names[table[key].format(n=number)] = own
                continue
            if stem not in table:
                names[own if layer is None else own.replace(layer[0], self._before(layer["stack"], number), 1)] = own
                continue
            for row in range(tensor.shape[0] if "{e}" in table[stem] else 1):
                name = f"{table[stem].format(n=number, e=row)}.{part}"
                names[name] = own
                if "{e}" in table[stem]:
                    several[name] = row
        return names, several

    def _before(self, stack: str | None, number: str) -> str:
        """How names of a layer begin in the family."""
        family = self.family.decoder if stack == "dec" and self.family.decoder is not None else self.family
        return f"{family.q.name.partition('{n}')[0]}{number}."

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
        most = MOST_LAYERS if key == SIZES["num_hidden_layers"] else LARGEST
        if not 1 <= value <= most:
            raise SourceError(f"{self.gguf.path}: {whole}: expected a whole number from 1 to {most:,}, found {value}")
        return value

    def config(self) -> Config:
        """As config.json would say it."""
        embedding = self.tensors.found.get(self.family.embedding)
        if embedding is None or len(embedding.shape) != 2:
            raise SourceError(f"{self.gguf.path}: expected a tensor token_embd.weight, found none")
        raw: dict[str, Any] = {
            "model_type": self.of.family,
            "vocab_size": embedding.shape[0],
            "tie_word_embeddings": self._tied(),
            "is_causal": bool(self.gguf.said.get(f"{self.architecture}.attention.causal", True)),
        }
        raw |= {key: self._size(own) for key, own in SIZES.items()}
        window = self.gguf.said.get(f"{self.architecture}.attention.sliding_window")
        if window and "attention.sliding_window" not in self.of.keys.values():
            raw |= {"model_type": "mistral" if self.of.family == "llama" else self.of.family}
            raw |= {"sliding_window": self._size("attention.sliding_window"), "use_sliding_window": True}
            raw |= {"layer_types": ["sliding_attention"] * raw["num_hidden_layers"]}
        family = self.family if raw["model_type"] == self.of.family else FAMILIES[raw["model_type"]]
        raw |= (
            self._heads_said(raw, family) | self._biases_said(family) | self._windows_said(family) | dict(self.of.says)
        )
        for name, says in self.of.where.items():
            raw |= says if name in self.gguf.found else {}
        for key, own in self.of.keys.items():
            if f"{self.architecture}.{own}" in self.gguf.said:
                value = self.gguf.said[f"{self.architecture}.{own}"]
                raw[key] = value.tolist() if isinstance(value, np.ndarray) else value
        for key in ("hidden_act", "hidden_activation"):
            if f"{self.architecture}.{key}" in self.gguf.said:
                raw[family.keys.get("activation", "hidden_act")] = self._said(f"{self.architecture}.{key}", str)
        if family.decoder is not None and "tokenizer.ggml.eos_token_id" in self.gguf.said:
            raw["eos_token_id"] = self._said("tokenizer.ggml.eos_token_id", int)
        if family.segment:
            segments = self.tensors.found.get(family.segment)
            family = replace(family, segment="") if segments is None else family
            raw["type_vocab_size"] = 0 if segments is None else segments.shape[0]
        return config_of(self.gguf.path, raw, family)

    def _windows_said(self, family: Family) -> dict[str, Any]:
        """Which layers have a window, where a file says it of each of them."""
        key = f"{self.architecture}.attention.sliding_window_pattern"
        said, every = self.gguf.said.get(key), {"alternate": 2, "sixths": 6}.get(family.windows)
        if isinstance(said, np.ndarray):
            return {"layer_types": ["sliding_attention" if slides else "full_attention" for slides in said.tolist()]}
        if said not in (None, every) and "attention.sliding_window_pattern" not in self.of.keys.values():
            raise SourceError(f"{self.gguf.path}: {key}: expected {every or 'none'}, found {str(said)[:40]}")
        return {}

    def _tied(self) -> bool:
        """Whether the output head is the embedding: it is not there, or it is the same over again."""
        stack = self.family.decoder or self.family
        head = self.gguf.found.get("output.weight")
        table = self.gguf.found.get("token_embd.weight")
        if head is None or stack.head not in self.tensors:
            return True
        if not self.family.decoder or table is None or head.shape != table.shape:
            return False
        ends = [self.gguf.rows(one, slice(0, 64), "output.weight").ravel() for one in (head, table)]
        return float(ends[0] @ ends[1]) > ALIKE * float(np.linalg.norm(ends[0]) * np.linalg.norm(ends[1]))

    def _heads_said(self, raw: Mapping[str, Any], family: Family) -> dict[str, Any]:
        """What config.json would say of heads, norms and rotations."""
        heads = raw["num_attention_heads"]
        d_k = self._size("attention.key_length", max(raw["hidden_size"] // heads, 1))
        turned = self._size("rope.dimension_count", d_k) if family.rotary else d_k
        partial = "rope_share" in family.defaults
        if self._size("attention.value_length", d_k) != d_k or (turned != d_k and not partial):
            raise SourceError(f"{self.gguf.path}: expected keys, values and rotations of one width, found several")
        # The largest Gemmas alone divide by another root.
        large = (self.architecture, raw["num_hidden_layers"]) in (("gemma2", 46), ("gemma3", 62))
        rope = self._rope(raw["max_position_embeddings"])
        if family.local_base:
            near = float(self.gguf.said.get(f"{self.architecture}.rope.freq_base_swa", 10000.0))
            rope = {"full_attention": rope, "sliding_attention": {"rope_type": "default", "rope_theta": near}}
        return {
            "num_key_value_heads": self._size("attention.head_count_kv", heads),
            family.keys.get("head_dim", "head_dim"): d_k,
            family.keys.get("eps", "eps"): self._eps(family),
            "rope_parameters": rope,
            "query_pre_attn_scalar": raw["hidden_size"] // heads if large else d_k,
            **({"partial_rotary_factor": turned / d_k} if partial else {}),
        }

    def _eps(self, family: Family) -> float:
        """Some files have that of norms that take the mean off under the other name."""
        plain, root = (f"{self.architecture}.attention.layer_norm_{kind}" for kind in ("epsilon", "rms_epsilon"))
        elsewhere = root in self.gguf.said and plain not in self.gguf.said
        return float(self._said(root if family.rms or elsewhere else plain, float))

    def _biases_said(self, family: Family) -> dict[str, bool]:
        """What config.json would say of biases that some files have."""
        linears = [getattr(family, part) for part in ("o", "gate", "up", "down", "q")]
        optional = [one for one in linears if one is not None and isinstance(one.bias, str)]
        return {one.bias: f"{one.name.format(n=0)}.bias" in self.tensors for one in optional}

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
        if kind == "yarn" and factors is None:
            before = self._size("rope.scaling.original_context_length", limit)
            rope |= {"rope_type": "yarn", "factor": factor, "original_max_position_embeddings": before}
            said_of = {
                key: said[f"{own}scaling.{name}"] for key, name in YARN.items() if f"{own}scaling.{name}" in said
            }
            return rope | dict(self.of.yarn) | said_of
        raise SourceError(f"{self.gguf.path}: {own}scaling.type: expected none, linear or yarn, found {str(kind)[:40]}")

    def _long(self, limit: int) -> dict[str, Any]:
        """Factors of each pair for short texts, and for long ones."""
        rope: dict[str, Any] = {"rope_type": "longrope"}
        for name in ("short", "long"):
            own = f"rope_factors_{name}.weight"
            if own not in self.gguf.found:
                raise SourceError(f"{self.gguf.path}: expected a tensor {own}, found none")
            rope[f"{name}_factor"] = self.gguf.rows(self.gguf.found[own], slice(None), own).ravel().tolist()
        return rope | {"original_max_position_embeddings": self._size("rope.scaling.original_context_length", limit)}

    @property
    def kinds(self) -> str:
        """How the weights were quantised: the kinds of most numbers first; nothing where all are floats."""
        sizes: dict[str, int] = {}
        for tensor in self.gguf.found.values():
            if len(tensor.shape) > 1:
                sizes[tensor.kind] = sizes.get(tensor.kind, 0) + int(np.prod(tensor.shape))
        return "" if sizes.keys() <= FLOATS else ", ".join(sorted(sizes, key=lambda kind: -sizes[kind]))
