"""config.json in one vocabulary for all families."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kitten_tui.core.network import ACTIVATIONS
from kitten_tui.core.rotary import SCALINGS, Rope
from kitten_tui.sources.checkpoint.families import Family
from kitten_tui.sources.checkpoint.said import LARGEST, ConfigReader, Names, Said
from kitten_tui.sources.errors import SourceError

MOST_BASE = 1e12
"""No honest base of rotary positions is larger."""


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
    d_hidden: int
    """The width of the feed-forward network."""
    n_vocab: int
    n_positions: int
    """The longest text it takes in."""
    eps: float
    activation: str
    causal: bool
    windows: tuple[int | None, ...]
    """For each layer, how many keys a query sees, itself included; None is all."""
    parallel: bool
    tied: bool
    rope: Rope | None
    pad: int
    open_places: bool
    """Whether n_positions is not said but taken for granted, and a table of places may say otherwise."""
    classifies: bool
    """Whether what leaves it goes into a classifier and not to a next token."""
    divisors: tuple[float, ...] | None
    """For each layer, where scores are not divided by √d_k."""
    raw: Mapping[str, Any]

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
    def group(self) -> int:
        """How many query heads share a head of keys and values."""
        return self.n_heads // self.n_kv_heads


def read_config(path: Path, names: Names = tuple, trusted: bool = False) -> Config:
    """What config.json says, checked; the names of tensors are asked where it does not say which family it is.

    Raises:
        SourceError: a key is missing, or asks for something that is not supported.
    """
    return _config(ConfigReader(path, names, trusted))


def config_of(path: Path, raw: dict[str, Any], family: Family) -> Config:
    """The same of what another file says in these words.

    Raises:
        SourceError: as above.
    """
    return _config(Said(path, raw, family))


def _config(of: ConfigReader) -> Config:
    path = of.path
    n_heads, d_model, n_layers = of.size("n_heads"), of.size("d_model"), of.size("n_layers")
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
    if of.raw.get("add_cross_attention") or of.raw.get("is_encoder_decoder"):
        raise SourceError(f"{path}: cross-attention is not supported")
    pad = of.raw.get("pad_token_id", of.family.defaults.get("pad_token_id"))
    pad = pad if isinstance(pad, int) else 0
    n_positions = of.size("n_positions")
    rope = None if of.family.position else _rope(of, d_k, n_positions)
    # Dynamic scaling is there to read on past the length of the training.
    stretch = float(rope.numbers["factor"]) if rope is not None and rope.kind == "dynamic" else 1.0
    first = pad + 1 if of.family.offset == "pad" else 0
    if not 0 <= first <= n_positions or not 1 <= n_positions * stretch - first <= LARGEST:
        raise of.refuse(of.key("n_positions"), f"room for a token from place {first}", n_positions)
    return Config(
        model_type=str(of.model_type),
        tokenizer_of="" if of.nested else str(of.model_type),
        family=of.family,
        n_layers=n_layers,
        n_heads=n_heads,
        n_kv_heads=n_kv_heads,
        d_model=d_model,
        d_k=d_k,
        d_hidden=of.size("d_hidden", 4 * d_model if of.model_type == "gpt2" else None),
        n_vocab=of.size("n_vocab"),
        n_positions=int(n_positions * stretch) - first,
        eps=of.share("eps"),
        activation=activation,
        causal=_causal(of),
        windows=_windows(of, n_layers),
        parallel=bool(of.family.parallel and of.get(of.family.parallel)),
        tied=bool(of.get("tie_word_embeddings")),
        rope=rope,
        pad=pad,
        open_places=bool(of.family.position) and not of.says("n_positions"),
        classifies=of.classifies,
        divisors=_divisors(of, n_layers, d_k),
        raw=of.raw,
    )


def _causal(of: ConfigReader) -> bool:
    """Whether nobody looks ahead; a decoder may be made to look both ways."""
    decoder = of.family.causal or (of.family.decodes and bool(of.raw.get("is_decoder")))
    return decoder and bool(of.raw.get("is_causal", True))


def _divisors(of: ConfigReader, n_layers: int, d_k: int) -> tuple[float, ...] | None:
    """GPT-2 may leave the scale out, or divide by the number of the layer too."""
    if not of.family.scaled:
        return None
    scaled = of.raw.get("scale_attn_weights", True)
    by_layer = of.raw.get("scale_attn_by_inverse_layer_idx", False)
    if scaled and not by_layer:
        return None
    return tuple((d_k**0.5 if scaled else 1.0) * (layer + 1 if by_layer else 1) for layer in range(n_layers))


def _windows(of: ConfigReader, n_layers: int) -> tuple[int | None, ...]:
    none: tuple[int | None, ...] = (None,) * n_layers
    # A null is an answer here: no window.
    window = of.raw.get("sliding_window", of.family.defaults.get("sliding_window"))
    typed = of.family.windows == "typed"
    if not of.family.windows or window is None or (typed and not of.raw.get("use_sliding_window")):
        return none
    window = of.size("sliding_window")
    if not typed:
        return (window,) * n_layers
    kinds = of.raw.get("layer_types")
    if kinds is None:
        first = of.raw.get("max_window_layers", 28)
        if not isinstance(first, int):
            raise of.refuse("max_window_layers", "a whole number", first)
        kinds = ["sliding_attention" if layer >= first else "full_attention" for layer in range(n_layers)]
    if not isinstance(kinds, list) or len(kinds) != n_layers:
        raise of.refuse("layer_types", f"a kind for each of the {n_layers} layers", kinds)
    for kind in kinds:
        if kind not in ("sliding_attention", "full_attention"):
            raise of.refuse("layer_types", "sliding_attention or full_attention", kind)
    return tuple(window if kind == "sliding_attention" else None for kind in kinds)


def _rope(of: ConfigReader, d_k: int, limit: int) -> Rope:
    """The rotary scheme, by the keys of older and of newer files."""
    numbers = of.raw.get("rope_scaling") or of.raw.get("rope_parameters") or {}
    if not isinstance(numbers, dict) or any(isinstance(value, dict) for value in numbers.values()):
        raise of.refuse("rope_parameters", "one set of numbers for all layers", numbers)
    kind = numbers.get("rope_type", numbers.get("type", "default"))
    if not isinstance(kind, str) or kind not in SCALINGS:
        raise of.refuse("rope_type", f"one of {', '.join(SCALINGS)}", kind)
    numbers = dict(numbers)
    old = of.raw.get("original_max_position_embeddings", numbers.get("original_max_position_embeddings", limit))
    numbers["original_max_position_embeddings"] = old
    partial = "rope_share" in of.family.defaults
    share, base = numbers.get("partial_rotary_factor"), numbers.get("rope_theta")
    share = (of.get("rope_share") if share is None else share) if partial else 1.0
    base = of.get("rope_theta") if base is None else base
    base = 10000.0 if base is None else base
    for key, value, most in (("rope_theta", base, MOST_BASE), ("partial_rotary_factor", share, 1)):
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value <= most:
            raise of.refuse(key, f"a number above 0 and up to {most:g}", value)
    width = int(d_k * share)
    pairs = (width + 1) // 2  # an odd one takes one dimension more
    if not 1 <= pairs <= d_k // 2:
        raise of.refuse("partial_rotary_factor", f"at most the {d_k} dimensions of a head in pairs", width)
    rope = Rope(float(base), width, kind, limit, numbers)
    for n in (1, limit):  # a short text may need other numbers than a long one
        try:
            with np.errstate(all="ignore"):  # what is no number is found below
                rotation = rope.rotation(n)
        except KeyError as error:
            raise SourceError(f"{of.path}: rope_type {kind}: expected {error.args[0]}, found none") from None
        except (TypeError, ValueError, ArithmeticError) as error:
            raise SourceError(f"{of.path}: rope_type {kind}: {error}") from None
        if rotation.frequencies.shape != (pairs,):
            raise of.refuse(f"rope_type {kind}", f"{pairs} factors", rotation.frequencies.size)
        if not (np.isfinite(rotation.frequencies).all() and np.isfinite(rotation.factor)):
            raise of.refuse(f"rope_type {kind}", "numbers that turn by finite angles", numbers)
    return rope
