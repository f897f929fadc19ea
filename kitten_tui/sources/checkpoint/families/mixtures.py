"""Llama's kin whose layers have several feed-forward networks, of which a token goes through a few."""

from __future__ import annotations

from dataclasses import replace

from kitten_tui.sources.checkpoint.families.family import Experts, Family, Linear
from kitten_tui.sources.checkpoint.families.llama import ATTENTION, MLP, Q_NORM, llama

_EXPERT = MLP + "experts.{e}."
_QWEN_EXPERTS = Experts(
    Linear(MLP + "gate", False),
    gate=_EXPERT + "gate_proj",
    up=_EXPERT + "up_proj",
    down=_EXPERT + "down_proj",
    shares="norm",
)
MIXTURES: dict[str, Family] = {
    "mixtral": llama(
        "Mixtral",
        keys={"eps": "rms_norm_eps", "d_expert": "intermediate_size"},
        windows="all",
        experts=Experts(
            Linear("layers.{n}.block_sparse_moe.gate", False),
            gate="layers.{n}.block_sparse_moe.experts.{e}.w1",
            up="layers.{n}.block_sparse_moe.experts.{e}.w3",
            down="layers.{n}.block_sparse_moe.experts.{e}.w2",
            shares="chosen",
        ),
        defaults={
            "d_hidden": 14336,
            "d_expert": 14336,
            "n_kv_heads": 8,
            "n_positions": 131072,
            "eps": 1e-5,
            "rope_theta": 1000000.0,
            "n_experts": 8,
            "n_chosen": 2,
        },
    ),
    "qwen2_moe": llama(
        "Qwen2Moe",
        "qkv_bias",
        windows="alternate early",
        asked="use_sliding_window",
        experts=replace(_QWEN_EXPERTS, shared=MLP + "shared_expert"),
        defaults={
            "d_model": 2048,
            "n_layers": 24,
            "n_heads": 16,
            "n_kv_heads": 16,
            "d_hidden": 5632,
            "n_positions": 32768,
            "n_vocab": 151936,
            "sliding_window": 4096,
            "qkv_bias": True,
            "n_experts": 60,
            "n_chosen": 4,
            "d_expert": 1408,
            "d_shared": 5632,
            "norm_topk_prob": False,
        },
    ),
    "qwen3_moe": llama(
        "Qwen3Moe",
        "attention_bias",
        "attention_bias",
        head_norm=Q_NORM,
        windows="all",
        asked="use_sliding_window",
        experts=_QWEN_EXPERTS,
        defaults={
            "d_model": 2048,
            "n_layers": 24,
            "n_heads": 32,
            "n_kv_heads": 4,
            "d_hidden": 6144,
            "n_positions": 32768,
            "n_vocab": 151936,
            "sliding_window": 4096,
            "n_experts": 128,
            "n_chosen": 8,
            "d_expert": 768,
            "norm_topk_prob": False,
        },
    ),
    "gpt_oss": llama(
        "GptOss",
        "attention_bias",
        "attention_bias",
        keys={"eps": "rms_norm_eps", "d_expert": "intermediate_size"},
        windows="alternate",
        sinks=ATTENTION + "sinks",
        experts=Experts(
            Linear(MLP + "router"),
            gate="",
            up="",
            down=MLP + "experts.down_proj",
            packed=MLP + "experts.gate_up_proj",
            shares="chosen",
            clamped=True,
        ),
        defaults={
            "d_model": 2880,
            "n_layers": 36,
            "n_heads": 64,
            "n_kv_heads": 8,
            "head_dim": 64,
            "d_hidden": 2880,
            "d_expert": 2880,
            "n_positions": 131072,
            "n_vocab": 201088,
            "eps": 1e-5,
            "rope_theta": 150000.0,
            "attention_bias": True,
            "sliding_window": 128,
            "n_experts": 128,
            "n_chosen": 4,
            "swiglu_alpha": 1.702,
            "swiglu_limit": 7.0,
        },
    ),
}
