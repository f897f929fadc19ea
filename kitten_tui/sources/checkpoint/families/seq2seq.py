"""Encoders with a decoder beside them, whose layers look at its own text and then at what the encoder leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kitten_tui.core.network import ACTIVATIONS
from kitten_tui.sources.checkpoint.families.family import Crossing, Family, Linear

_T5_KEYS = {
    "d_model": "d_model",
    "n_layers": "num_layers",
    "n_heads": "num_heads",
    "n_kv_heads": "",
    "head_dim": "d_kv",
    "d_hidden": "d_ff",
    "n_positions": "",
    "eps": "layer_norm_epsilon",
    "activation": "dense_act_fn",
    "tie_word_embeddings": "",  # it says whether the last vector is multiplied, not whether there is a head
}
_T5_DEFAULTS = {
    "d_model": 512,
    "n_layers": 6,
    "n_heads": 8,
    "head_dim": 64,
    "d_hidden": 2048,
    "n_positions": 10_000_000,
    "n_vocab": 32128,
    "eps": 1e-6,
    "activation": "relu",
    "tie_word_embeddings": True,
    "feed_forward_proj": "relu",
    "pad_token_id": 0,
    "eos_token_id": 1,
}
"""Distances have no end: a text may be as long as anybody likes."""


def _gates(network: str) -> tuple[tuple[str, object, dict[str, Any]], ...]:
    """What feed_forward_proj may say: a function, or a function with a gate before it."""
    gated = {"gate": Linear(f"{network}.wi_0", False), "up": Linear(f"{network}.wi_1", False)}
    key = "feed_forward_proj"
    return (
        *((key, name, {"defaults": {"activation": name}}) for name in ACTIVATIONS),
        *((key, f"gated-{name}", {**gated, "defaults": {"activation": name}}) for name in ACTIVATIONS),
        (key, "gated-gelu", {"defaults": {"activation": "gelu_new"}}),
    )


def _t5(stack: str, **other: Any) -> Family:
    """One of the stacks; its last sublayer is the feed-forward network."""
    layer = f"{stack}.block.{{n}}.layer."
    network = f"{layer}{1 if stack == 'encoder' else 2}"
    parts: dict[str, Any] = {
        "prefixes": ("",),
        "classes": "T5",
        "embedding": "shared.weight",
        "embedding_also": ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight"),
        "attention_norm": f"{layer}0.layer_norm",
        "q": Linear(f"{layer}0.SelfAttention.q", False),
        "k": Linear(f"{layer}0.SelfAttention.k", False),
        "v": Linear(f"{layer}0.SelfAttention.v", False),
        "o": Linear(f"{layer}0.SelfAttention.o", False),
        "mlp_norm": f"{network}.layer_norm",
        "up": Linear(f"{network}.DenseReluDense.wi", False),
        "down": Linear(f"{network}.DenseReluDense.wo", False),
        "final_norm": f"{stack}.final_layer_norm",
        "buckets": f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
        "rms": True,
        "divisor": "1",
        "causal": stack == "decoder",
        "keys": _T5_KEYS,
        "defaults": _T5_DEFAULTS,
        "variants": _gates(f"{network}.DenseReluDense"),
    }
    return Family(**(parts | other))


_T5_CROSSING = "decoder.block.{n}.layer.1."
_T5_DECODER = _t5(
    "decoder",
    head="lm_head.weight",
    logit_factor="1/√d_model",
    crossing=Crossing.of(
        [f"{_T5_CROSSING}EncDecAttention.{role}" for role in "qkvo"], f"{_T5_CROSSING}layer_norm", bias=False
    ),
    keys={**_T5_KEYS, "n_layers": "num_decoder_layers"},
    defaults={key: value for key, value in _T5_DEFAULTS.items() if key != "n_layers"},
    variants=(
        *_gates("decoder.block.{n}.layer.2.DenseReluDense"),
        ("tie_word_embeddings", False, {"logit_factor": ""}),
        ("scale_decoder_outputs", True, {"logit_factor": "1/√d_model"}),
        ("scale_decoder_outputs", False, {"logit_factor": ""}),
    ),
    buffers=("layer.1.EncDecAttention.relative_attention_bias.weight",),
)
_T5 = _t5("encoder", decoder=_T5_DECODER)

_MT5_SIZES = {
    "decoder_start_token_id": 0,
    "n_heads": 6,
    "d_hidden": 1024,
    "n_vocab": 250112,
    "feed_forward_proj": "gated-gelu",
}
_MT5 = replace(
    _T5,
    classes="MT5",
    defaults={**_T5_DEFAULTS, "n_layers": 8, "activation": "gelu_new", **_MT5_SIZES},
    decoder=replace(
        _T5_DECODER,
        classes="MT5",
        logit_factor="",
        defaults={**_T5_DECODER.defaults, "activation": "gelu_new", **_MT5_SIZES},
        variants=_gates("decoder.block.{n}.layer.2.DenseReluDense"),
    ),
)

_BART_DEFAULTS = {
    "d_model": 1024,
    "n_layers": 12,
    "n_heads": 16,
    "d_hidden": 4096,
    "n_positions": 1024,
    "n_vocab": 50265,
    "eps": 1e-5,
    "activation": "gelu",
    "tie_word_embeddings": True,
    "pad_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 2,
}


def _bart(stack: str, **other: Any) -> Family:
    layer = f"{stack}.layers.{{n}}."
    parts: dict[str, Any] = {
        "prefixes": ("", "model."),
        "classes": "Bart",
        "embedding": "shared.weight",
        "embedding_also": ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight"),
        "embedding_norm": f"{stack}.layernorm_embedding",
        "position": f"{stack}.embed_positions.weight",
        "offset": 2,
        "attention_norm": f"{layer}self_attn_layer_norm",
        "q": Linear(f"{layer}self_attn.q_proj"),
        "k": Linear(f"{layer}self_attn.k_proj"),
        "v": Linear(f"{layer}self_attn.v_proj"),
        "o": Linear(f"{layer}self_attn.out_proj"),
        "mlp_norm": f"{layer}final_layer_norm",
        "up": Linear(f"{layer}fc1"),
        "down": Linear(f"{layer}fc2"),
        "norms_after": True,
        "causal": stack == "decoder",
        "keys": {
            "d_model": "d_model",
            "n_layers": f"{stack}_layers",
            "n_heads": f"{stack}_attention_heads",
            "n_kv_heads": "",
            "d_hidden": f"{stack}_ffn_dim",
            "eps": "",
            "activation": "activation_function",
        },
        "defaults": _BART_DEFAULTS,
        "variants": (("scale_embedding", True, {"embedding_scale": "√d_model"}),),
    }
    return Family(**(parts | other))


_BART_CROSSING = "decoder.layers.{n}.encoder_attn"
_BART = _bart(
    "encoder",
    decoder=_bart(
        "decoder",
        head="lm_head.weight",
        head_bias="final_logits_bias",
        crossing=Crossing.of(
            [f"{_BART_CROSSING}.{role}_proj" for role in ("q", "k", "v", "out")], f"{_BART_CROSSING}_layer_norm"
        ),
    ),
)

SEQ2SEQ: dict[str, Family] = {"t5": _T5, "mt5": _MT5, "bart": _BART}
