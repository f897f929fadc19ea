"""What GGUF files call tensors, each with what its family calls it.

{n} is the number of a layer. Where one tensor of a file is several of a family, one for each row of its first axis,
{e} is the number of the row: that of an expert, or of a head.
"""

from __future__ import annotations

LLAMA = {
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
SANDWICH = {
    "blk.{n}.post_attention_norm": "layers.{n}.post_attention_layernorm",
    "blk.{n}.ffn_norm": "layers.{n}.pre_feedforward_layernorm",
    "blk.{n}.post_ffw_norm": "layers.{n}.post_feedforward_layernorm",
}
GPT2 = {
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
QWEN_EXPERTS = {
    "blk.{n}.ffn_gate_inp": "layers.{n}.mlp.gate",
    "blk.{n}.ffn_gate_exps": "layers.{n}.mlp.experts.{e}.gate_proj",
    "blk.{n}.ffn_up_exps": "layers.{n}.mlp.experts.{e}.up_proj",
    "blk.{n}.ffn_down_exps": "layers.{n}.mlp.experts.{e}.down_proj",
    "blk.{n}.ffn_gate_inp_shexp": "layers.{n}.mlp.shared_expert_gate",
    "blk.{n}.ffn_gate_shexp": "layers.{n}.mlp.shared_expert.gate_proj",
    "blk.{n}.ffn_up_shexp": "layers.{n}.mlp.shared_expert.up_proj",
    "blk.{n}.ffn_down_shexp": "layers.{n}.mlp.shared_expert.down_proj",
}
MIXTRAL_EXPERTS = {
    "blk.{n}.ffn_gate_inp": "layers.{n}.block_sparse_moe.gate",
    "blk.{n}.ffn_gate_exps": "layers.{n}.block_sparse_moe.experts.{e}.w1",
    "blk.{n}.ffn_up_exps": "layers.{n}.block_sparse_moe.experts.{e}.w3",
    "blk.{n}.ffn_down_exps": "layers.{n}.block_sparse_moe.experts.{e}.w2",
}
OSS_EXPERTS = {
    "blk.{n}.ffn_gate_inp": "layers.{n}.mlp.router",
    "blk.{n}.ffn_gate_exps": "layers.{n}.mlp.experts.{e}.gate_proj",
    "blk.{n}.ffn_up_exps": "layers.{n}.mlp.experts.{e}.up_proj",
    "blk.{n}.ffn_down_exps": "layers.{n}.mlp.experts.{e}.down_proj",
    "blk.{n}.attn_sinks.weight": "layers.{n}.self_attn.sinks",
    "blk.{n}.post_attention_norm": "layers.{n}.post_attention_layernorm",
}
FALCON = {
    "token_embd": "word_embeddings",
    "output_norm": "ln_f",
    "output": "lm_head",
    "blk.{n}.attn_norm": "h.{n}.input_layernorm",
    "blk.{n}.attn_norm_2": "h.{n}.ln_attn",
    "blk.{n}.attn_qkv": "h.{n}.self_attention.query_key_value",
    "blk.{n}.attn_output": "h.{n}.self_attention.dense",
    "blk.{n}.ffn_up": "h.{n}.mlp.dense_h_to_4h",
    "blk.{n}.ffn_down": "h.{n}.mlp.dense_4h_to_h",
}
BLOOM = FALCON | {
    "token_embd_norm": "word_embeddings_layernorm",
    "blk.{n}.ffn_norm": "h.{n}.post_attention_layernorm",
}
NEOX = {
    "token_embd": "embed_in",
    "output_norm": "final_layer_norm",
    "output": "embed_out",
    "blk.{n}.attn_norm": "layers.{n}.input_layernorm",
    "blk.{n}.attn_qkv": "layers.{n}.attention.query_key_value",
    "blk.{n}.attn_output": "layers.{n}.attention.dense",
    "blk.{n}.ffn_norm": "layers.{n}.post_attention_layernorm",
    "blk.{n}.ffn_up": "layers.{n}.mlp.dense_h_to_4h",
    "blk.{n}.ffn_down": "layers.{n}.mlp.dense_4h_to_h",
}
GLM = LLAMA | {"blk.{n}.ffn_up": "layers.{n}.mlp.gate_up_proj"}
PHI = LLAMA | {
    "output_norm": "final_layernorm",
    "blk.{n}.attn_output": "layers.{n}.self_attn.dense",
    "blk.{n}.ffn_up": "layers.{n}.mlp.fc1",
    "blk.{n}.ffn_down": "layers.{n}.mlp.fc2",
}
STABLE_NORMS = {
    "blk.{n}.attn_q_norm": "layers.{n}.self_attn.q_layernorm.norms.{e}",
    "blk.{n}.attn_k_norm": "layers.{n}.self_attn.k_layernorm.norms.{e}",
}
BERT = {
    "token_embd": "embeddings.word_embeddings",
    "token_types": "embeddings.token_type_embeddings",
    "position_embd": "embeddings.position_embeddings",
    "token_embd_norm": "embeddings.LayerNorm",
    "blk.{n}.attn_q": "encoder.layer.{n}.attention.self.query",
    "blk.{n}.attn_k": "encoder.layer.{n}.attention.self.key",
    "blk.{n}.attn_v": "encoder.layer.{n}.attention.self.value",
    "blk.{n}.attn_output": "encoder.layer.{n}.attention.output.dense",
    "blk.{n}.attn_output_norm": "encoder.layer.{n}.attention.output.LayerNorm",
    "blk.{n}.ffn_up": "encoder.layer.{n}.intermediate.dense",
    "blk.{n}.ffn_down": "encoder.layer.{n}.output.dense",
    "blk.{n}.layer_output_norm": "encoder.layer.{n}.output.LayerNorm",
}
MODERN_BERT = {
    "token_embd": "embeddings.tok_embeddings",
    "token_embd_norm": "embeddings.norm",
    "output_norm": "final_norm",
    "blk.{n}.attn_norm": "layers.{n}.attn_norm",
    "blk.{n}.attn_qkv": "layers.{n}.attn.Wqkv",
    "blk.{n}.attn_output": "layers.{n}.attn.Wo",
    "blk.{n}.ffn_norm": "layers.{n}.mlp_norm",
    "blk.{n}.ffn_up": "layers.{n}.mlp.Wi",
    "blk.{n}.ffn_down": "layers.{n}.mlp.Wo",
}


def t5(up: str) -> dict[str, str]:
    """Those of both stacks; `up` is what leads into the feed-forward network, behind a gate or not."""
    names = {"token_embd": "shared", "output": "lm_head"}
    for begin, stack, last in (("enc", "encoder", 1), ("dec", "decoder", 2)):
        layer = f"{stack}.block.{{n}}.layer."
        parts = {
            "attn_norm": "0.layer_norm",
            **{f"attn_{role}": f"0.SelfAttention.{role}" for role in "qkvo"},
            "attn_rel_b": "0.SelfAttention.relative_attention_bias",
            "cross_attn_norm": "1.layer_norm",
            **{f"cross_attn_{role}": f"1.EncDecAttention.{role}" for role in "qkvo"},
            "cross_attn_rel_b": "1.EncDecAttention.relative_attention_bias",
            "ffn_norm": f"{last}.layer_norm",
            "ffn_gate": f"{last}.DenseReluDense.wi_0",
            "ffn_up": f"{last}.DenseReluDense.{up}",
            "ffn_down": f"{last}.DenseReluDense.wo",
        }
        names[f"{begin}.output_norm"] = f"{stack}.final_layer_norm"
        names |= {f"{begin}.blk.{{n}}.{own}": layer + part for own, part in parts.items()}
    return names
