"""Llama and those that took over its names, each with what it does otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kitten_tui.sources.checkpoint.families.family import Family, HeadNorm, Linear

ATTENTION, MLP = "layers.{n}.self_attn.", "layers.{n}.mlp."
Q_NORM = HeadNorm(ATTENTION + "q_norm", ATTENTION + "k_norm")

_DEFAULTS: Mapping[str, object] = {
    "d_model": 4096,
    "n_layers": 32,
    "n_heads": 32,
    "d_hidden": 11008,
    "n_positions": 2048,
    "n_vocab": 32000,
    "tie_word_embeddings": False,
    "eps": 1e-6,
    "activation": "silu",
}


def llama(
    classes: str,
    bias: bool | str = False,
    o_bias: bool | str = False,
    mlp_bias: bool | str = False,
    defaults: Mapping[str, object] | None = None,
    **other: Any,
) -> Family:
    parts: dict[str, Any] = {
        "prefixes": ("", "model."),
        "classes": classes,
        "embedding": "embed_tokens.weight",
        "attention_norm": "layers.{n}.input_layernorm",
        "q": Linear(ATTENTION + "q_proj", bias),
        "k": Linear(ATTENTION + "k_proj", bias),
        "v": Linear(ATTENTION + "v_proj", bias),
        "o": Linear(ATTENTION + "o_proj", o_bias),
        "mlp_norm": "layers.{n}.post_attention_layernorm",
        "gate": Linear(MLP + "gate_proj", mlp_bias),
        "up": Linear(MLP + "up_proj", mlp_bias),
        "down": Linear(MLP + "down_proj", mlp_bias),
        "final_norm": "norm",
        "head": "lm_head.weight",
        "rms": True,
        "rotary": True,
        "keys": {"eps": "rms_norm_eps"},
        "defaults": {**_DEFAULTS, **(defaults or {})},
    }
    return Family(**(parts | other))


def _fused(name: str) -> dict[str, Any]:
    return {"gate": Linear(name, False, split="gate"), "up": Linear(name, False, split="gated")}


QWEN = {"d_hidden": 22016, "n_kv_heads": 32, "n_positions": 32768, "n_vocab": 151936, "sliding_window": 4096}
_PHI3_QKV = Linear(ATTENTION + "qkv_proj", False, split="roles")

LLAMAS: dict[str, Family] = {
    "llama": llama("Llama", "attention_bias", "attention_bias", "mlp_bias"),
    "mistral": llama(
        "Mistral",
        windows="all",
        defaults={"d_hidden": 14336, "n_kv_heads": 8, "n_positions": 131072, "sliding_window": 4096},
    ),
    "qwen2": llama("Qwen2", True, windows="later", asked="use_sliding_window", defaults=QWEN),
    "qwen3": llama(
        "Qwen3",
        "attention_bias",
        "attention_bias",
        head_norm=Q_NORM,
        windows="later",
        asked="use_sliding_window",
        defaults=QWEN | {"head_dim": 128},
    ),
    "smollm3": llama(
        "SmolLM3",
        "attention_bias",
        "attention_bias",
        "mlp_bias",
        windows="unturned",
        asked="use_sliding_window",
        unturned=True,
        defaults={
            "d_model": 2048,
            "n_layers": 36,
            "n_heads": 16,
            "n_kv_heads": 4,
            "n_positions": 32768,
            "n_vocab": 128256,
            "tie_word_embeddings": True,
            "rope_theta": 2000000.0,
        },
    ),
    "granite": llama(
        "Granite",
        "attention_bias",
        "attention_bias",
        "mlp_bias",
        embedding_scale="embedding_multiplier",
        added_scale="residual_multiplier",
        divisor="1/attention_multiplier",
        logit_factor="1/logits_scaling",
        defaults={
            "embedding_multiplier": 1.0,
            "residual_multiplier": 1.0,
            "attention_multiplier": 1.0,
            "logits_scaling": 1.0,
        },
    ),
    "olmo2": llama(
        "Olmo2",
        "attention_bias",
        "attention_bias",
        attention_norm="",
        output_norm="layers.{n}.post_attention_layernorm",
        mlp_norm="",
        added_norm="layers.{n}.post_feedforward_layernorm",
        head_norm=HeadNorm(ATTENTION + "q_norm", ATTENTION + "k_norm", "all"),
        defaults={"n_vocab": 50304, "eps": 1e-5, "pad_token_id": 1},
    ),
    "cohere": llama(
        "Cohere",
        "attention_bias",
        "attention_bias",
        mlp_norm="layers.{n}.input_layernorm",
        rms=False,
        norm_bias=False,
        parallel=True,
        interleaved=True,
        logit_factor="logit_scale",
        variants=(("use_qk_norm", True, {"head_norm": HeadNorm(Q_NORM.q, Q_NORM.k, "each")}),),
        keys={"eps": "layer_norm_eps"},
        defaults={
            "d_model": 8192,
            "n_layers": 40,
            "n_heads": 64,
            "d_hidden": 22528,
            "n_positions": 8192,
            "n_vocab": 256000,
            "tie_word_embeddings": True,
            "eps": 1e-5,
            "logit_scale": 0.0625,
            "rope_theta": 500000.0,
            "pad_token_id": 0,
        },
    ),
    "glm": llama(
        "Glm",
        "attention_bias",
        **_fused(MLP + "gate_up_proj"),
        interleaved=True,
        defaults={
            "n_layers": 40,
            "n_kv_heads": 2,
            "head_dim": 128,
            "d_hidden": 13696,
            "n_positions": 131072,
            "n_vocab": 151552,
            "eps": 1.5625e-07,
            "attention_bias": True,
            "rope_share": 0.5,
        },
    ),
    "phi3": llama(
        "Phi3",
        q=_PHI3_QKV,
        k=_PHI3_QKV,
        v=_PHI3_QKV,
        **_fused(MLP + "gate_up_proj"),
        windows="all",
        defaults={
            "d_model": 3072,
            "d_hidden": 8192,
            "n_positions": 4096,
            "n_vocab": 32064,
            "eps": 1e-5,
            "rope_share": 1.0,
            "original_max_position_embeddings": 4096,
        },
    ),
    "stablelm": llama(
        "StableLm",
        "use_qkv_bias",
        rms=False,
        parallel="use_parallel_residual",
        variants=(
            ("use_parallel_residual", True, {"mlp_norm": "layers.{n}.input_layernorm"}),
            (
                "qk_layernorm",
                True,
                {
                    "head_norm": HeadNorm(
                        ATTENTION + "q_layernorm.norms.{h}", ATTENTION + "k_layernorm.norms.{h}", "list"
                    )
                },
            ),
        ),
        keys={"eps": "layer_norm_eps"},
        defaults={
            "d_model": 2560,
            "n_kv_heads": 32,
            "d_hidden": 6912,
            "n_positions": 4096,
            "n_vocab": 50304,
            "eps": 1e-5,
            "use_qkv_bias": False,
            "use_parallel_residual": False,
            "rope_share": 0.25,
        },
    ),
    "starcoder2": llama(
        "Starcoder2",
        "use_bias",
        "use_bias",
        rms=False,
        gate=None,
        up=Linear(MLP + "c_fc", "use_bias"),
        down=Linear(MLP + "c_proj", "use_bias"),
        windows="all",
        keys={"eps": "norm_epsilon"},
        defaults={
            "d_model": 3072,
            "n_layers": 30,
            "n_heads": 24,
            "n_kv_heads": 2,
            "d_hidden": 12288,
            "n_positions": 4096,
            "n_vocab": 49152,
            "tie_word_embeddings": True,
            "eps": 1e-5,
            "activation": "gelu_pytorch_tanh",
            "use_bias": True,
        },
    ),
    "seed_oss": llama(
        "SeedOss",
        "attention_bias",
        "attention_out_bias",
        "mlp_bias",
        defaults={
            "n_layers": 64,
            "n_heads": 80,
            "n_kv_heads": 8,
            "head_dim": 128,
            "d_hidden": 27648,
            "n_positions": 524288,
            "n_vocab": 155136,
            "attention_bias": True,
            "attention_out_bias": False,
        },
    ),
    "arcee": llama(
        "Arcee",
        "attention_bias",
        "attention_bias",
        "mlp_bias",
        gate=None,
        defaults={"d_model": 2560, "d_hidden": 18432, "n_positions": 4096, "eps": 1e-5, "activation": "relu2"},
    ),
    "nemotron": llama(
        "Nemotron",
        "attention_bias",
        "attention_bias",
        "mlp_bias",
        gate=None,
        rms=False,
        gain_from_one=True,
        keys={"eps": "norm_eps"},
        defaults={
            "d_model": 6144,
            "n_heads": 48,
            "d_hidden": 24576,
            "n_positions": 4096,
            "n_vocab": 256000,
            "eps": 1e-5,
            "activation": "relu2",
            "rope_share": 0.5,
        },
    ),
}
