"""config.json in one vocabulary for all families."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kitten_tui.core.network import ACTIVATIONS
from kitten_tui.core.rotary import Rope
from kitten_tui.sources.checkpoint.config_reader import LARGEST, MOST_LAYERS, ConfigReader, Names, Said
from kitten_tui.sources.checkpoint.distances import BUCKETS, FARTHEST
from kitten_tui.sources.checkpoint.families import Family
from kitten_tui.sources.checkpoint.ropes import ropes
from kitten_tui.sources.checkpoint.windows import Windows, windows
from kitten_tui.sources.errors import SourceError

EXPERTS = ("n_experts", "n_chosen", "d_expert", "d_shared")


@dataclass(frozen=True)
class Config:
    """What a model is made of."""

    model_type: str
    tokenizer_of: str
    """The type of model whose tokenizer it has; nothing where it is a part of another model."""
    family: Family
    n_layers: int
    n_heads: int
    n_kv_heads: int
    """Of which each serves as many query heads."""
    d_model: int
    d_k: int
    d_embedding: int
    """The width of the embeddings, where they are brought to that of the layers; else the same."""
    d_hidden: int
    """The width of the feed-forward network."""
    n_vocab: int
    n_positions: int
    """The longest text it takes in."""
    eps: float
    activation: str
    causal: bool
    windows: Windows
    parallel: bool
    tied: bool
    ropes: tuple[Rope | None, ...]
    """The rotary scheme of each layer, None where nothing is turned."""
    pad: int
    open_places: bool
    """Whether n_positions is not said but taken for granted, and a table of places may say otherwise."""
    classifies: bool
    """Whether what leaves it goes into a classifier and not to a next token."""
    divisors: tuple[float, ...] | None
    """For each layer, where scores are not divided by √d_k."""
    amounts: Mapping[str, float]
    """What is multiplied by, and what caps stand at, by the field of the family that names it; what is not here is 1
    or no cap.
    """
    groups: int
    """How many sets of weights the layers share; as many as there are layers where each has its own."""
    experts: tuple[bool, ...]
    """For each layer, whether a token goes through a few of several feed-forward networks."""
    n_experts: int
    """How many there are, below of how many a token goes to, how wide each is, and one that every token goes to."""
    n_chosen: int
    d_expert: int
    d_shared: int
    n_buckets: int
    """How many kinds of distances there are, and from where on all are alike."""
    farthest: int
    raw: Mapping[str, Any]
    decoder: Config | None = None
    """The stack that writes, where this one only reads."""

    def says(self, flag: bool | str) -> bool:
        """Whether something is there, by itself or by a key of config.json."""
        if isinstance(flag, bool):
            return flag
        return bool(self.raw.get(flag, self.family.defaults.get(flag, False)))

    def divisor(self, layer: int) -> float:
        """What scores are divided by."""
        return self.d_k**0.5 if self.divisors is None else self.divisors[layer]

    def kv_head(self, head: int) -> int:
        """The head of keys and values that a head uses."""
        return head // self.group

    @property
    def heads_together(self) -> bool:
        """Whether queries and keys of all heads are brought to one size together."""
        return self.family.head_norm is not None and self.family.head_norm.kind == "all"

    @property
    def first_place(self) -> int:
        """The row of the table of positions that belongs to the first token."""
        return self.pad + 1 if self.family.offset == "pad" else int(self.family.offset)

    def weights_of(self, layer: int) -> int:
        """The number of the weights that a layer has."""
        return layer * self.groups // self.n_layers

    @property
    def group(self) -> int:
        """How many query heads share a head of keys and values."""
        return self.n_heads // self.n_kv_heads


def read_config(path: Path, names: Names = tuple, trusted: bool = False) -> Config:
    """What config.json says, checked; the names of tensors are asked where it does not say which family it is.

    Raises:
        SourceError: a key is missing, or asks for something that is not supported.
    """
    return _stacks(ConfigReader(path, names, trusted))


def config_of(path: Path, raw: dict[str, Any], family: Family) -> Config:
    """The same of what another file says in these words.

    Raises:
        SourceError: as above.
    """
    return _stacks(Said(path, raw, family))


def _stacks(of: ConfigReader) -> Config:
    """Of the stack that reads, or of the only one, with the one that writes in it."""
    config, of_decoder = _config(of), of.of_decoder()
    return config if of_decoder is None else replace(config, decoder=_config(of_decoder, config))


def _config(of: ConfigReader, encoder: Config | None = None) -> Config:
    """`encoder` is the other stack, where this is the one that writes."""
    path = of.path
    of.family = of.family.as_said(of.raw)
    for key, only in of.family.refused.items():
        if of.raw.get(key) not in (None, only):
            raise of.refuse(key, json.dumps(only), of.raw[key])
    n_heads, d_model = of.size("n_heads"), of.size("d_model")
    n_layers = of.size("n_layers", None if encoder is None else encoder.n_layers)
    if n_layers > MOST_LAYERS:
        raise of.refuse(of.key("n_layers"), f"at most {MOST_LAYERS:,} layers", n_layers)
    n_kv_heads = of.size("n_kv_heads", n_heads)
    if n_heads % n_kv_heads:
        raise of.refuse(of.key("n_kv_heads"), f"a divisor of the {n_heads} heads", n_kv_heads)
    if of.get("head_dim") is None and d_model % n_heads:
        raise of.refuse(of.key("d_model"), f"a multiple of the {n_heads} heads", d_model)
    d_k = of.size("head_dim", d_model // n_heads)
    activation = of.get("activation")
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise of.refuse(of.key("activation"), f"one of {', '.join(ACTIVATIONS)}", activation)
    positions = of.raw.get("position_embedding_type", "absolute")
    if positions != "absolute":
        raise of.refuse("position_embedding_type", "absolute", positions)
    two = encoder is not None or of.family.decoder is not None
    if of.raw.get("add_cross_attention") or (of.raw.get("is_encoder_decoder") and not two):
        raise SourceError(f"{path}: cross-attention is not supported")
    pad = of.raw.get("pad_token_id", of.family.defaults.get("pad_token_id"))
    pad = pad if isinstance(pad, int) else 0
    n_positions = of.size("n_positions")
    turning = ropes(of, n_layers, d_k, n_positions)
    # Dynamic scaling is there to read on past the length of the training.
    stretch = max((float(rope.numbers["factor"]) for rope in turning if rope and rope.kind == "dynamic"), default=1.0)
    first = pad + 1 if of.family.offset == "pad" else 0
    if not 0 <= first <= n_positions or not 1 <= n_positions * stretch - first <= LARGEST:
        raise of.refuse(of.key("n_positions"), f"room for a token from place {first}", n_positions)
    n_experts, n_chosen, d_expert, d_shared = (of.size(key) if key in of.family.defaults else 0 for key in EXPERTS)
    return Config(
        model_type=str(of.model_type),
        tokenizer_of="" if of.nested else str(of.model_type),
        family=of.family,
        n_layers=n_layers,
        n_heads=n_heads,
        n_kv_heads=n_kv_heads,
        d_model=d_model,
        d_k=d_k,
        d_embedding=of.size("d_embedding", d_model) if of.family.projection else d_model,
        d_hidden=of.size("d_hidden", None if "d_hidden" in of.family.defaults else 4 * d_model),
        n_vocab=of.size("n_vocab"),
        n_positions=int(n_positions * stretch) - first,
        eps=of.share("eps"),
        activation=activation,
        causal=_causal(of),
        windows=windows(of, n_layers),
        parallel=bool(of.family.parallel is True or (of.family.parallel and of.get(of.family.parallel))),
        tied=bool(of.get("tie_word_embeddings")),
        ropes=turning,
        pad=pad,
        open_places=bool(of.family.position) and not of.says("n_positions"),
        classifies=of.classifies,
        divisors=_divisors(of, n_layers, d_k),
        amounts=_amounts(of, {"d_model": d_model, "d_k": d_k}),
        groups=of.size(of.family.groups, 1) if of.family.groups else n_layers,
        experts=_experts(of, n_layers),
        n_experts=n_experts,
        n_chosen=n_chosen,
        d_expert=d_expert,
        d_shared=d_shared,
        n_buckets=of.size("relative_attention_num_buckets", BUCKETS),
        farthest=of.size("relative_attention_max_distance", FARTHEST),
        raw=of.raw,
    )


def _causal(of: ConfigReader) -> bool:
    """Whether nobody looks ahead; a decoder may be made to look both ways."""
    decoder = of.family.causal or (of.family.decodes and bool(of.raw.get("is_decoder")))
    return decoder and bool(of.raw.get("is_causal", True))


def _divisors(of: ConfigReader, n_layers: int, d_k: int) -> tuple[float, ...] | None:
    """GPT-2 may leave the scale out, or divide by the number of the layer too."""
    if of.family.divisor != "√d_k":
        return (_amount(of, of.family.divisor, {}) or 1.0,) * n_layers
    if not of.family.scaled:
        return None
    scaled = of.raw.get("scale_attn_weights", True)
    by_layer = of.raw.get("scale_attn_by_inverse_layer_idx", False)
    if scaled and not by_layer:
        return None
    return tuple((d_k**0.5 if scaled else 1.0) * (layer + 1 if by_layer else 1) for layer in range(n_layers))


def _amounts(of: ConfigReader, known: Mapping[str, float]) -> dict[str, float]:
    fields = ("embedding_scale", "added_scale", "score_cap", "slopes", "logit_factor", "logit_cap")
    found = {name: _amount(of, getattr(of.family, name), known) for name in fields}
    return {name: amount for name, amount in found.items() if amount is not None}


def _amount(of: ConfigReader, text: str, known: Mapping[str, float]) -> float | None:
    """A number as it is reckoned: a key, its root, 1 over either; None where config.json says that there is none.

    Raises:
        SourceError: what config.json says is no number above 0.
    """
    if not text:
        return None
    if text.startswith("1/"):
        below = _amount(of, text[2:], known)
        return None if below is None else 1.0 / below
    if text.startswith("√"):
        square = _amount(of, text[1:], known)
        return None if square is None else float(square**0.5)
    if text == "1":
        return 1.0
    found = known.get(text, of.raw.get(text, of.family.defaults.get(text)))
    if found is None:
        return None
    if not isinstance(found, (int, float)) or isinstance(found, bool) or not 1e-9 <= found <= 1e9:
        raise of.refuse(text, "a number above 0", found)
    return float(found)


def _experts(of: ConfigReader, n_layers: int) -> tuple[bool, ...]:
    if of.family.experts is None:
        return (False,) * n_layers
    if of.size("n_chosen") > of.size("n_experts"):
        raise of.refuse(of.key("n_chosen"), f"at most the {of.size('n_experts')} experts", of.size("n_chosen"))
    dense = of.raw.get("mlp_only_layers") or []
    step = of.size("decoder_sparse_step", 1)
    if not isinstance(dense, list):
        raise of.refuse("mlp_only_layers", "a list of layers", dense)
    return tuple(layer not in dense and (layer + 1) % step == 0 for layer in range(n_layers))
