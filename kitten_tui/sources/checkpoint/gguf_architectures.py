"""What GGUF files of each architecture call what config.json and safetensors call otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kitten_tui.sources.checkpoint.families import FAMILIES, Experts, Linear
from kitten_tui.sources.checkpoint.gguf_names import (
    BERT,
    BLOOM,
    FALCON,
    GLM,
    GPT2,
    LLAMA,
    MIXTRAL_EXPERTS,
    MODERN_BERT,
    NEOX,
    OSS_EXPERTS,
    PHI,
    QWEN_EXPERTS,
    SANDWICH,
    STABLE_NORMS,
    t5,
)

_EXPERTS = {"num_experts": "expert_count", "num_experts_per_tok": "expert_used_count"}


@dataclass(frozen=True)
class Architecture:
    """One architecture of GGUF files."""

    family: str
    names: Mapping[str, str]
    """Of its tensors, each with what the family calls it."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Further numbers of config.json, by the keys of the file."""
    says: Mapping[str, object] = field(default_factory=dict)
    """What config.json would say of all such files."""
    where: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """What it would say of files that have a tensor of this name."""
    ignored: tuple[str, ...] = ()
    """Keys that would change the numbers, where files say more of them than is true: tensors tell it."""
    otherwise: Mapping[str, Architecture] = field(default_factory=dict)
    """What files are that have this key, or a tensor of this name."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the family that are others, as the tensors lie in such files."""
    paired: bool = False
    """Whether the rows of queries and keys lie in the order of a rotation of neighbours."""
    yarn: Mapping[str, object] = field(default_factory=dict)
    """What config.json would say besides of its rotation where it is stretched by YaRN."""


_ADDED = {"gain_from_one": False}
"""Gains of norms are stored with the 1 that the family adds to them."""


def _of_roles(family: str) -> dict[str, Any]:
    """Queries, keys and values of all heads one after the other, where the family has those of each head together."""
    fused = FAMILIES[family].q
    return dict.fromkeys("qkv", Linear(fused.name, fused.bias, split="roles"))


def _joined(family: str, names: Mapping[str, str]) -> dict[str, Architecture]:
    """Older files of this family, which have queries, keys and values in one tensor."""
    fused = Linear("layers.{n}.self_attn.qkv_proj", FAMILIES[family].q.bias, split="roles")
    joined = {**names, "blk.{n}.attn_qkv": fused.name}
    return {"blk.0.attn_qkv.weight": Architecture(family, joined, fields=dict.fromkeys("qkv", fused))}


def _outward(family: str) -> dict[str, Any]:
    """Matrices stored [out, in], where the family has them the other way round."""
    parts = {part: getattr(FAMILIES[family], part) for part in ("q", "k", "v", "o", "up", "down")}
    return {part: Linear(one.name, one.bias, split=one.split) for part, one in parts.items()}


_T5_KEYS = {
    "num_decoder_layers": "decoder_block_count",
    "relative_attention_num_buckets": "attention.relative_buckets_count",
    "decoder_start_token_id": "decoder_start_token_id",
}
MIXTRAL = Architecture("mixtral", LLAMA | MIXTRAL_EXPERTS, _EXPERTS, paired=True)
"""A llama with experts calls itself llama."""

ARCHITECTURES: dict[str, Architecture] = {
    "llama": Architecture("llama", LLAMA, paired=True, otherwise={"llama.expert_count": MIXTRAL}),
    "qwen2": Architecture("qwen2", LLAMA),
    "qwen3": Architecture("qwen3", LLAMA),
    "gpt2": Architecture("gpt2", GPT2, fields=_outward("gpt2")),
    "starcoder": Architecture("gpt_bigcode", GPT2),
    "gptneox": Architecture(
        "gpt_neox", NEOX, {"use_parallel_residual": "use_parallel_residual"}, fields=_of_roles("gpt_neox")
    ),
    "bloom": Architecture("bloom", BLOOM, fields=_of_roles("bloom")),
    "falcon": Architecture(
        "falcon",
        FALCON,
        where={"blk.0.attn_norm_2.weight": {"num_ln_in_parallel_attn": 2}},
        fields={
            **_of_roles("falcon"),
            "keys": {"n_kv_heads": "num_key_value_heads"},
            "variants": (("num_ln_in_parallel_attn", 2, {"attention_norm": "h.{n}.ln_attn"}),),
        },
    ),
    "phi2": Architecture("phi", PHI, otherwise=_joined("phi", PHI)),
    "gemma": Architecture("gemma", LLAMA, fields=_ADDED),
    "gemma2": Architecture(
        "gemma2",
        LLAMA | SANDWICH,
        {
            "attn_logit_softcapping": "attn_logit_softcapping",
            "final_logit_softcapping": "final_logit_softcapping",
            "sliding_window": "attention.sliding_window",
        },
        fields=_ADDED,
    ),
    "gemma3": Architecture(
        "gemma3_text",
        LLAMA | SANDWICH,
        {"final_logit_softcapping": "final_logit_softcapping", "sliding_window": "attention.sliding_window"},
        fields=_ADDED,
    ),
    "phi3": Architecture(
        "phi3",
        LLAMA | {"blk.{n}.attn_qkv": "layers.{n}.self_attn.qkv_proj", "blk.{n}.ffn_up": "layers.{n}.mlp.gate_up_proj"},
    ),
    "smollm3": Architecture("smollm3", LLAMA, paired=True),
    "seed_oss": Architecture(
        "seed_oss", LLAMA | {"blk.{n}.post_attention_norm": "layers.{n}.post_attention_layernorm"}
    ),
    "olmo2": Architecture("olmo2", LLAMA | SANDWICH),
    "starcoder2": Architecture(
        "starcoder2", LLAMA | {"blk.{n}.ffn_up": "layers.{n}.mlp.c_fc", "blk.{n}.ffn_down": "layers.{n}.mlp.c_proj"}
    ),
    "stablelm": Architecture(
        "stablelm",
        LLAMA | STABLE_NORMS,
        says={"use_parallel_residual": True},
        where={
            "blk.0.ffn_norm.weight": {"use_parallel_residual": False},
            "blk.0.attn_q_norm.weight": {"qk_layernorm": True},
        },
        ignored=("use_parallel_residual",),
    ),
    "chatglm": Architecture("glm", GLM, otherwise=_joined("glm", GLM)),
    "nemotron": Architecture("nemotron", LLAMA, fields=_ADDED),
    "arcee": Architecture("arcee", LLAMA, paired=True),
    "granite": Architecture(
        "granite",
        LLAMA,
        {
            "attention_multiplier": "attention.scale",
            "embedding_multiplier": "embedding_scale",
            "residual_multiplier": "residual_scale",
            "logits_scaling": "logit_scale",
        },
        paired=True,
    ),
    "command-r": Architecture(
        "cohere", LLAMA, {"logit_scale": "logit_scale"}, where={"blk.0.attn_q_norm.weight": {"use_qk_norm": True}}
    ),
    "qwen2moe": Architecture(
        "qwen2_moe",
        LLAMA | QWEN_EXPERTS,
        {
            **_EXPERTS,
            "moe_intermediate_size": "expert_feed_forward_length",
            "shared_expert_intermediate_size": "expert_shared_feed_forward_length",
        },
    ),
    "qwen3moe": Architecture(
        "qwen3_moe",
        LLAMA | QWEN_EXPERTS,
        {**_EXPERTS, "moe_intermediate_size": "expert_feed_forward_length"},
        {"norm_topk_prob": True},
    ),
    "gpt-oss": Architecture(
        "gpt_oss",
        LLAMA | OSS_EXPERTS,
        {
            **_EXPERTS,
            "sliding_window": "attention.sliding_window",
            "intermediate_size": "expert_feed_forward_length",
        },
        fields={
            "experts": Experts(
                Linear("layers.{n}.mlp.router"),
                gate="layers.{n}.mlp.experts.{e}.gate_proj",
                up="layers.{n}.mlp.experts.{e}.up_proj",
                down="layers.{n}.mlp.experts.{e}.down_proj",
                shares="chosen",
                biased=True,
                clamped=True,
            )
        },
        yarn={"truncate": False},
    ),
    "bert": Architecture("bert", BERT),
    "modern-bert": Architecture(
        "modernbert",
        MODERN_BERT,
        {
            "local_attention": "attention.sliding_window",
            "global_attn_every_n_layers": "attention.sliding_window_pattern",
        },
    ),
    "t5": Architecture(
        "t5",
        t5("wi"),
        _T5_KEYS,
        {"feed_forward_proj": "relu"},
        otherwise={
            "enc.blk.0.ffn_gate.weight": Architecture("t5", t5("wi_1"), _T5_KEYS, {"feed_forward_proj": "gated-gelu"})
        },
    ),
    "t5encoder": Architecture(
        "t5",
        t5("wi"),
        _T5_KEYS,
        {"feed_forward_proj": "relu", "is_encoder_decoder": False},
        otherwise={
            "enc.blk.0.ffn_gate.weight": Architecture(
                "t5", t5("wi_1"), _T5_KEYS, {"feed_forward_proj": "gated-gelu", "is_encoder_decoder": False}
            )
        },
    ),
}
"""By the name that a file gives."""
