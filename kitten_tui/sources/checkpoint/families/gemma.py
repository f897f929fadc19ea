"""Gemma: Llama's names, norms that begin at 1, and from the second on a norm after every part too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kitten_tui.sources.checkpoint.families.family import Family
from kitten_tui.sources.checkpoint.families.llama import Q_NORM, llama

_GEMMA: dict[str, Any] = {"gain_from_one": True, "embedding_scale": "√d_model"}
_GEMMA_DEFAULTS: Mapping[str, object] = {
    "d_model": 2304,
    "n_layers": 26,
    "n_heads": 8,
    "n_kv_heads": 4,
    "head_dim": 256,
    "d_hidden": 9216,
    "n_positions": 8192,
    "n_vocab": 256000,
    "tie_word_embeddings": True,
    "activation": "gelu_pytorch_tanh",
    "query_pre_attn_scalar": 256,
    "sliding_window": 4096,
}
_SANDWICH = {
    "output_norm": "layers.{n}.post_attention_layernorm",
    "mlp_norm": "layers.{n}.pre_feedforward_layernorm",
    "added_norm": "layers.{n}.post_feedforward_layernorm",
}

GEMMAS: dict[str, Family] = {
    "gemma": llama(
        "Gemma",
        "attention_bias",
        "attention_bias",
        **_GEMMA,
        refused={"use_bidirectional_attention": False},
        variants=(("hidden_act", "gelu", {"keys": {"activation": ""}}),),
        defaults={
            "d_model": 3072,
            "n_layers": 28,
            "n_heads": 16,
            "n_kv_heads": 16,
            "head_dim": 256,
            "d_hidden": 24576,
            "n_positions": 8192,
            "n_vocab": 256000,
            "tie_word_embeddings": True,
            "activation": "gelu_pytorch_tanh",
        },
    ),
    "gemma2": llama(
        "Gemma2",
        "attention_bias",
        "attention_bias",
        **_GEMMA,
        **_SANDWICH,
        divisor="√query_pre_attn_scalar",
        score_cap="attn_logit_softcapping",
        logit_cap="final_logit_softcapping",
        windows="alternate",
        refused={"use_bidirectional_attention": False},
        keys={"eps": "rms_norm_eps", "activation": "hidden_activation"},
        defaults={**_GEMMA_DEFAULTS, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0},
    ),
    "gemma3_text": llama(
        "Gemma3",
        "attention_bias",
        "attention_bias",
        **_GEMMA,
        **_SANDWICH,
        divisor="√query_pre_attn_scalar",
        logit_cap="final_logit_softcapping",
        head_norm=Q_NORM,
        windows="sixths",
        local_base="rope_local_base_freq",
        refused={"use_bidirectional_attention": False, "attn_logit_softcapping": None},
        keys={"eps": "rms_norm_eps", "activation": "hidden_activation"},
        defaults={
            **_GEMMA_DEFAULTS,
            "n_positions": 131072,
            "n_vocab": 262208,
            "rope_theta": 1000000.0,
            "rope_local_base_freq": 10000.0,
        },
    ),
}
