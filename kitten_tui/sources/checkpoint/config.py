"""config.json in one vocabulary for all families."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kitten_tui.core.network import ACTIVATIONS
from kitten_tui.core.rotary import SCALINGS, Rope
from kitten_tui.sources.checkpoint.families import FAMILIES, KEYS, Family
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.reading import read_text

MAX_BYTES = 10_000_000
LARGEST = 10_000_000
"""No honest size in a config is larger."""

MOST_BASE = 1e12
"""Nor any honest base of rotary positions."""


@dataclass(frozen=True)
class Config:
    """What a model is made of."""

    model_type: str
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


class Reader:
    """One config.json, asked by what the numbers are and not by what it calls them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.raw = json.loads(read_text(path, MAX_BYTES))
        except FileNotFoundError:
            raise SourceError(f"{path.parent}: expected config.json, found none") from None
        except OSError as error:
            raise SourceError(f"{path}: {error.strerror}") from None
        except SourceError:
            raise
        except (ValueError, RecursionError) as error:
            raise SourceError(f"{path}: expected JSON: {error}") from None
        if not isinstance(self.raw, dict):
            raise SourceError(f"{path}: expected an object, found {type(self.raw).__name__}")
        self.model_type = self.raw.get("model_type")
        family = FAMILIES.get(self.model_type) if isinstance(self.model_type, str) else None
        if family is None:
            known = ", ".join(FAMILIES)
            raise SourceError(f"{path}: model_type: expected one of {known}, found {json.dumps(self.model_type)[:80]}")
        self.family = family

    def key(self, name: str) -> str:
        return self.family.keys.get(name, KEYS.get(name, name))

    def get(self, name: str) -> Any:
        """What stands there, else what the family has by default; None where neither says."""
        found = self.raw.get(self.key(name))
        return self.family.defaults.get(name) if found is None else found

    def size(self, name: str, otherwise: int | None = None) -> int:
        """A whole number from 1."""
        found = self.get(name)
        found = otherwise if found is None else found
        if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= LARGEST:
            shown = "nothing" if found is None else json.dumps(found)[:40]
            raise SourceError(f"{self.path}: {self.key(name)}: expected a whole number from 1, found {shown}")
        return found

    def share(self, name: str) -> float:
        """A number from 0 to 1."""
        found = self.get(name)
        if not isinstance(found, (int, float)) or isinstance(found, bool) or not 0 <= found <= 1:
            raise self.refuse(self.key(name), "a number from 0 to 1", found)
        return float(found)

    def refuse(self, key: str, expected: str, found: object) -> SourceError:
        return SourceError(f"{self.path}: {key}: expected {expected}, found {json.dumps(found)[:80]}")


def read_config(path: Path) -> Config:
    """What config.json says, checked.

    Raises:
        SourceError: a key is missing, or asks for something that is not supported.
    """
    of = Reader(path)
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
    pad = of.raw.get("pad_token_id")
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
        causal=of.family.causal or bool(of.raw.get("is_decoder")),
        windows=_windows(of, n_layers),
        parallel=bool(of.family.parallel and of.get(of.family.parallel)),
        tied=bool(of.get("tie_word_embeddings")),
        rope=rope,
        pad=pad,
        divisors=_divisors(of, n_layers, d_k),
        raw=of.raw,
    )


def _divisors(of: Reader, n_layers: int, d_k: int) -> tuple[float, ...] | None:
    """GPT-2 may leave the scale out, or divide by the number of the layer too."""
    scaled = of.raw.get("scale_attn_weights", True)
    by_layer = of.raw.get("scale_attn_by_inverse_layer_idx", False)
    if scaled and not by_layer:
        return None
    return tuple((d_k**0.5 if scaled else 1.0) * (layer + 1 if by_layer else 1) for layer in range(n_layers))


def _windows(of: Reader, n_layers: int) -> tuple[int | None, ...]:
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


def _rope(of: Reader, d_k: int, limit: int) -> Rope:
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
    if width % 2 or not 2 <= width <= d_k:
        raise of.refuse("partial_rotary_factor", f"an even number of the {d_k} dimensions of a head", width)
    rope = Rope(float(base), width, kind, limit, numbers)
    for n in (1, limit):  # a short text may need other numbers than a long one
        try:
            with np.errstate(all="ignore"):  # what is no number is found below
                rotation = rope.rotation(n)
        except KeyError as error:
            raise SourceError(f"{of.path}: rope_type {kind}: expected {error.args[0]}, found none") from None
        except (TypeError, ValueError, ArithmeticError) as error:
            raise SourceError(f"{of.path}: rope_type {kind}: {error}") from None
        if rotation.frequencies.shape != (width // 2,):
            raise of.refuse(f"rope_type {kind}", f"{width // 2} factors", rotation.frequencies.size)
        if not (np.isfinite(rotation.frequencies).all() and np.isfinite(rotation.factor)):
            raise of.refuse(f"rope_type {kind}", "numbers that turn by finite angles", numbers)
    return rope
