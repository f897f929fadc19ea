"""Decoders that turn a part of queries and keys, and may bring each head of them to one size before."""

from __future__ import annotations

from kitten_tui.sources.checkpoint.families.family import Family, HeadNorm, Linear

_Q_NORM = HeadNorm("layers.{n}.self_attn.q_layernorm", "layers.{n}.self_attn.k_layernorm")

_PHI = Family(
    prefixes=("", "model."),
    classes="Phi",
    embedding="embed_tokens.weight",
    attention_norm="layers.{n}.input_layernorm",
    q=Linear("layers.{n}.self_attn.q_proj"),
    k=Linear("layers.{n}.self_attn.k_proj"),
    v=Linear("layers.{n}.self_attn.v_proj"),
    o=Linear("layers.{n}.self_attn.dense"),
    mlp_norm="layers.{n}.input_layernorm",
    up=Linear("layers.{n}.mlp.fc1"),
    down=Linear("layers.{n}.mlp.fc2"),
    final_norm="final_layernorm",
    head="lm_head.weight",
    head_bias="lm_head.bias",
    parallel=True,
    rotary=True,
    keys={"eps": "layer_norm_eps"},
    defaults={
        "d_model": 2048,
        "n_layers": 24,
        "n_heads": 32,
        "d_hidden": 8192,
        "n_positions": 2048,
        "n_vocab": 51200,
        "tie_word_embeddings": False,
        "eps": 1e-5,
        "activation": "gelu_new",
        "rope_share": 0.5,
    },
    variants=(("qk_layernorm", True, {"head_norm": _Q_NORM}),),
)

_PERSIMMON_QKV = Linear("layers.{n}.self_attn.query_key_value", split="heads")
_PERSIMMON = Family(
    prefixes=("", "model."),
    classes="Persimmon",
    embedding="embed_tokens.weight",
    attention_norm="layers.{n}.input_layernorm",
    q=_PERSIMMON_QKV,
    k=_PERSIMMON_QKV,
    v=_PERSIMMON_QKV,
    o=Linear("layers.{n}.self_attn.dense"),
    mlp_norm="layers.{n}.post_attention_layernorm",
    up=Linear("layers.{n}.mlp.dense_h_to_4h"),
    down=Linear("layers.{n}.mlp.dense_4h_to_h"),
    final_norm="final_layernorm",
    head="lm_head.weight",
    rotary=True,
    keys={"eps": "layer_norm_eps"},
    defaults={
        "d_model": 4096,
        "n_layers": 36,
        "n_heads": 64,
        "d_hidden": 16384,
        "n_positions": 16384,
        "n_vocab": 262144,
        "tie_word_embeddings": False,
        "eps": 1e-5,
        "activation": "relu2",
        "qk_layernorm": True,
        "rope_share": 0.5,
    },
    variants=(("qk_layernorm", True, {"head_norm": _Q_NORM}),),
)

PHIS: dict[str, Family] = {"phi": _PHI, "persimmon": _PERSIMMON}
