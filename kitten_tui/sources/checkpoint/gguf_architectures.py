"""What GGUF files of each architecture call what config.json and safetensors call otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_LLAMA = {
    "token_embd": "embed_tokens",
    "output_norm": "norm",
    "output": "lm_head",
    "blk.{n}.attn_norm": "layers.{n}.input_layernorm",
    "blk.{n}.attn_q": "layers.{n}.self_attn.q_proj",
    "blk.{n}.attn_k": "layers.{n}.self_attn.k_proj",
    "blk.{n}.attn_v": "layers.{n}.self_attn.v_proj",
    "blk.{n}.attn_output": "layers.{n}.self_attn.o_proj",
    "blk.{n}.attn_q_norm": "layers.{n}.self_attn.q_norm",
    "blk.{n}.attn_k_norm": "layers.{n}.self_attn.k_norm",
    "blk.{n}.ffn_norm": "layers.{n}.post_attention_layernorm",
    "blk.{n}.ffn_gate": "layers.{n}.mlp.gate_proj",
    "blk.{n}.ffn_up": "layers.{n}.mlp.up_proj",
    "blk.{n}.ffn_down": "layers.{n}.mlp.down_proj",
}
_SANDWICH = {
    "blk.{n}.post_attention_norm": "layers.{n}.post_attention_layernorm",
    "blk.{n}.ffn_norm": "layers.{n}.pre_feedforward_layernorm",
    "blk.{n}.post_ffw_norm": "layers.{n}.post_feedforward_layernorm",
}
_GPT2 = {
    "token_embd": "wte",
    "position_embd": "wpe",
    "output_norm": "ln_f",
    "output": "lm_head",
    "blk.{n}.attn_norm": "h.{n}.ln_1",
    "blk.{n}.attn_qkv": "h.{n}.attn.c_attn",
    "blk.{n}.attn_output": "h.{n}.attn.c_proj",
    "blk.{n}.ffn_norm": "h.{n}.ln_2",
    "blk.{n}.ffn_up": "h.{n}.mlp.c_fc",
    "blk.{n}.ffn_down": "h.{n}.mlp.c_proj",
}
_QWEN_EXPERTS = {
    "blk.{n}.ffn_gate_inp": "layers.{n}.mlp.gate",
    "blk.{n}.ffn_gate_exps": "layers.{n}.mlp.experts.{e}.gate_proj",
    "blk.{n}.ffn_up_exps": "layers.{n}.mlp.experts.{e}.up_proj",
    "blk.{n}.ffn_down_exps": "layers.{n}.mlp.experts.{e}.down_proj",
    "blk.{n}.ffn_gate_inp_shexp": "layers.{n}.mlp.shared_expert_gate",
    "blk.{n}.ffn_gate_shexp": "layers.{n}.mlp.shared_expert.gate_proj",
    "blk.{n}.ffn_up_shexp": "layers.{n}.mlp.shared_expert.up_proj",
    "blk.{n}.ffn_down_shexp": "layers.{n}.mlp.shared_expert.down_proj",
}
_MIXTRAL_EXPERTS = {
    "blk.{n}.ffn_gate_inp": "layers.{n}.block_sparse_moe.gate",
    "blk.{n}.ffn_gate_exps": "layers.{n}.block_sparse_moe.experts.{e}.w1",
    "blk.{n}.ffn_up_exps": "layers.{n}.block_sparse_moe.experts.{e}.w3",
    "blk.{n}.ffn_down_exps": "layers.{n}.block_sparse_moe.experts.{e}.w2",
}
_EXPERTS = {"num_experts": "expert_count", "num_experts_per_tok": "expert_used_count"}


@dataclass(frozen=True)
class Architecture:
    """One architecture of GGUF files."""

    family: str
    names: Mapping[str, str]
    """Of its tensors, each with what the family calls it; {e} is the number of an expert, whose matrices lie in one
    tensor.
    """
    keys: Mapping[str, str] = field(default_factory=dict)
    """Further numbers of config.json, by the keys of the file."""
    says: Mapping[str, object] = field(default_factory=dict)
    """What config.json would say of all such files."""
    paired: bool = False
    """Whether the rows of queries and keys lie in the order of a rotation of neighbours."""
    one_added: bool = False
    """Whether the gains of norms are stored with the 1 that the family adds to them."""


ARCHITECTURES: dict[str, Architecture] = {
    "llama": Architecture("llama", _LLAMA, paired=True),
    "qwen2": Architecture("qwen2", _LLAMA),
    "qwen3": Architecture("qwen3", _LLAMA),
    "gpt2": Architecture("gpt2", _GPT2),
    "gemma": Architecture("gemma", _LLAMA, one_added=True),
    "gemma2": Architecture(
        "gemma2",
        _LLAMA | _SANDWICH,
        {
            "attn_logit_softcapping": "attn_logit_softcapping",
            "final_logit_softcapping": "final_logit_softcapping",
            "sliding_window": "attention.sliding_window",
        },
        one_added=True,
    ),
    "gemma3": Architecture(
        "gemma3_text",
        _LLAMA | _SANDWICH,
        {"final_logit_softcapping": "final_logit_softcapping", "sliding_window": "attention.sliding_window"},
        one_added=True,
    ),
    "phi3": Architecture(
        "phi3",
        _LLAMA | {"blk.{n}.attn_qkv": "layers.{n}.self_attn.qkv_proj", "blk.{n}.ffn_up": "layers.{n}.mlp.gate_up_proj"},
    ),
    "smollm3": Architecture("smollm3", _LLAMA, paired=True),
    "seed_oss": Architecture(
        "seed_oss", _LLAMA | {"blk.{n}.post_attention_norm": "layers.{n}.post_attention_layernorm"}
    ),
    "olmo2": Architecture("olmo2", _LLAMA | _SANDWICH),
    "starcoder2": Architecture(
        "starcoder2", _LLAMA | {"blk.{n}.ffn_up": "layers.{n}.mlp.c_fc", "blk.{n}.ffn_down": "layers.{n}.mlp.c_proj"}
    ),
    "stablelm": Architecture("stablelm", _LLAMA),
    "nemotron": Architecture("nemotron", _LLAMA, one_added=True),
    "arcee": Architecture("arcee", _LLAMA, paired=True),
    "granite": Architecture(
        "granite",
        _LLAMA,
        {
            "attention_multiplier": "attention.scale",
            "embedding_multiplier": "embedding_scale",
            "residual_multiplier": "residual_scale",
            "logits_scaling": "logit_scale",
        },
        paired=True,
    ),
    "command-r": Architecture("cohere", _LLAMA, {"logit_scale": "logit_scale"}),
    "qwen2moe": Architecture(
        "qwen2_moe",
        _LLAMA | _QWEN_EXPERTS,
        {
            **_EXPERTS,
            "moe_intermediate_size": "expert_feed_forward_length",
            "shared_expert_intermediate_size": "expert_shared_feed_forward_length",
        },
    ),
    "qwen3moe": Architecture(
        "qwen3_moe",
        _LLAMA | _QWEN_EXPERTS,
        {**_EXPERTS, "moe_intermediate_size": "expert_feed_forward_length"},
        {"norm_topk_prob": True},
    ),
}
"""By the name that a file gives."""
MIXTRAL = Architecture("mixtral", _LLAMA | _MIXTRAL_EXPERTS, _EXPERTS, paired=True)
"""A llama with experts calls itself llama."""
