"""A trained network as the GPT-2 that says the same, for whoever opens it with transformers.

GPT-2 has around its attention what this network has not. It is made to do nothing there: the feed-forward networks and
all biases are 0; vectors are written so small that beside an ε of 1 their variance is nothing, so that the norms divide
by 1, and their gain makes them as large again; and the mean that norms take away is 0, since x stands there as (x, −x).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.sources.training.shape import Parameters, Shape

SMALL = 2.0**-14
"""What vectors are multiplied by between norms: their variances with its square, which no float32 sees beside 1."""


def config_of(shape: Shape) -> dict[str, object]:
    """What config.json says of it."""
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": shape.n_vocab,
        "n_positions": shape.window,
        "n_embd": _width(shape),
        "n_layer": shape.n_layers,
        "n_head": shape.n_heads,
        "n_inner": 1,
        "layer_norm_epsilon": 1.0,
        "tie_word_embeddings": False,
        **dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0),
        **dict.fromkeys(("bos_token_id", "eos_token_id"), None),
    }


def tensors_of(parameters: Parameters) -> dict[str, Array]:
    """The same numbers by the names and in the shapes of GPT-2, whose matrices stand as [in, out]."""
    shape = parameters.shape
    width, inner = _width(shape), _width(shape) // shape.n_heads
    position = parameters["position"] if shape.positions else np.zeros((shape.window, shape.d_model))
    tensors = {
        "transformer.wte.weight": _mirrored(parameters["embedding"], width),
        "transformer.wpe.weight": _mirrored(position, width),
        "lm_head.weight": _padded(parameters["unembedding"], (shape.n_vocab, width)),
        **_norm("transformer.ln_f", width),
    }
    for layer in range(shape.n_layers):
        at = f"transformer.h.{layer}"
        tensors |= {**_norm(f"{at}.ln_1", width), **_norm(f"{at}.ln_2", width)}
        # GPT-2 divides scores by the root of how wide a head is there, which is not d_k.
        factor = sqrt(inner / shape.d_k) if shape.scale else sqrt(inner)
        roles = [_projection(parameters[f"w_{role}.{layer}"], width, inner) for role in "qkv"]
        tensors[f"{at}.attn.c_attn.weight"] = np.concatenate([roles[0] * factor, *roles[1:]], axis=1)
        out = _padded(parameters[f"w_o.{layer}"], (shape.n_heads, inner, shape.d_model))  # [head, inner, d_model]
        tensors[f"{at}.attn.c_proj.weight"] = _mirrored(out.reshape(width, -1), width)
        sizes = {"attn.c_attn.bias": (3 * width,), "attn.c_proj.bias": (width,), "mlp.c_fc.weight": (width, 1)}
        sizes |= {"mlp.c_fc.bias": (1,), "mlp.c_proj.weight": (1, width), "mlp.c_proj.bias": (width,)}
        tensors |= {f"{at}.{name}": np.zeros(size) for name, size in sizes.items()}
    return tensors


def tokenizer_of(vocabulary: Sequence[str]) -> dict[str, object]:
    """What tokenizer.json says: each word between spaces is a token, or each character where spaces are tokens too."""
    by_character = any(token.isspace() for token in vocabulary)
    pieces = {"type": "Split", "pattern": {"Regex": "(?s:.)"}, "behavior": "Isolated", "invert": False}
    return {
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": pieces if by_character else {"type": "WhitespaceSplit"},
        "model": {
            "type": "WordLevel",
            "vocab": {token: number for number, token in enumerate(vocabulary)},
            "unk_token": "[UNK]",
        },
        **dict.fromkeys(("truncation", "padding", "normalizer", "post_processor", "decoder")),
    }


def _width(shape: Shape) -> int:
    """How wide its vectors are: room for x and −x, and for as many heads of equal width."""
    return shape.n_heads * max(shape.d_k, -(-2 * shape.d_model // shape.n_heads))


def _norm(name: str, width: int) -> Mapping[str, Array]:
    return {f"{name}.weight": np.full(width, 1.0 / SMALL), f"{name}.bias": np.zeros(width)}


def _mirrored(rows: Array, width: int) -> Array:
    """(x, −x), made small, and nothing in what is left.  [row, d_model] -> [row, width]"""
    return _padded(SMALL * np.concatenate([rows, -rows], axis=-1), (len(rows), width))


def _projection(matrices: Array, width: int, inner: int) -> Array:
    """The matrices of all heads side by side, which take in x alone.  [head, d_model, d_k] -> [width, head · inner]"""
    padded = _padded(matrices, (len(matrices), width, inner))  # [head, width, inner]
    return padded.transpose(1, 0, 2).reshape(width, -1)


def _padded(array: Array, size: tuple[int, ...]) -> Array:
    """With zeros after it along every axis."""
    padded = np.zeros(size)
    padded[tuple(slice(n) for n in array.shape)] = array
    return padded
