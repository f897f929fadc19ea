"""Decoders that say of themselves what comes next, with layers of their own making: GPT-2 and what came after it."""

from __future__ import annotations

from dataclasses import replace

from kitten_tui.sources.checkpoint.families.family import Family, Linear

_SMALL = {"n_vocab": 50257, "tie_word_embeddings": True, "eps": 1e-5, "activation": "gelu_new"}
_KEYS = {
    "d_model": "n_embd",
    "n_layers": "n_layer",
    "n_heads": "n_head",
    "d_hidden": "n_inner",
    "n_positions": "n_positions",
    "eps": "layer_norm_epsilon",
    "activation": "activation_function",
}

_GPT2 = Family(
    prefixes=("", "transformer."),
    classes="GPT2",
    embedding="wte.weight",
    position="wpe.weight",
    attention_norm="h.{n}.ln_1",
    q=Linear("h.{n}.attn.c_attn", inward=True, split="roles"),
    k=Linear("h.{n}.attn.c_attn", inward=True, split="roles"),
    v=Linear("h.{n}.attn.c_attn", inward=True, split="roles"),
    o=Linear("h.{n}.attn.c_proj", inward=True),
    mlp_norm="h.{n}.ln_2",
    up=Linear("h.{n}.mlp.c_fc", inward=True),
    down=Linear("h.{n}.mlp.c_proj", inward=True),
    final_norm="ln_f",
    head="lm_head.weight",
    buffers=("attn.bias", "attn.masked_bias"),
    scaled=True,
    keys=_KEYS,
    defaults=_SMALL | {"d_model": 768, "n_layers": 12, "n_heads": 12, "n_positions": 1024},
)

_BIGCODE_QKV = Linear("h.{n}.attn.c_attn", split="roles")
_BIGCODE_HEADS = replace(_BIGCODE_QKV, split="heads")
_GPT_BIGCODE = replace(
    _GPT2,
    classes="GPTBigCode",
    q=_BIGCODE_QKV,
    k=_BIGCODE_QKV,
    v=_BIGCODE_QKV,
    o=Linear("h.{n}.attn.c_proj"),
    up=Linear("h.{n}.mlp.c_fc"),
    down=Linear("h.{n}.mlp.c_proj"),
    keys=_KEYS | {"n_kv_heads": ""},
    defaults={**_GPT2.defaults, "n_kv_heads": 1, "activation": "gelu_pytorch_tanh", "multi_query": True},
    variants=(
        (
            "multi_query",
            False,
            {"q": _BIGCODE_HEADS, "k": _BIGCODE_HEADS, "v": _BIGCODE_HEADS, "defaults": {"n_kv_heads": None}},
        ),
    ),
)

_GPT_NEO = Family(
    prefixes=("", "transformer."),
    classes="GPTNeo",
    embedding="wte.weight",
    position="wpe.weight",
    attention_norm="h.{n}.ln_1",
    q=Linear("h.{n}.attn.attention.q_proj", bias=False),
    k=Linear("h.{n}.attn.attention.k_proj", bias=False),
    v=Linear("h.{n}.attn.attention.v_proj", bias=False),
    o=Linear("h.{n}.attn.attention.out_proj"),
    mlp_norm="h.{n}.ln_2",
    up=Linear("h.{n}.mlp.c_fc"),
    down=Linear("h.{n}.mlp.c_proj"),
    final_norm="ln_f",
    head="lm_head.weight",
    buffers=("attn.attention.bias", "attn.attention.masked_bias"),
    divisor="1",
    windows="attention_types",
    keys={
        "n_layers": "num_layers",
        "n_heads": "num_heads",
        "eps": "layer_norm_epsilon",
        "activation": "activation_function",
        "sliding_window": "window_size",
    },
    defaults=_SMALL | {"d_model": 2048, "n_layers": 24, "n_heads": 16, "n_positions": 2048, "sliding_window": 256},
)

_GPTJ = Family(
    prefixes=("", "transformer."),
    classes="GPTJ",
    embedding="wte.weight",
    attention_norm="h.{n}.ln_1",
    q=Linear("h.{n}.attn.q_proj", bias=False),
    k=Linear("h.{n}.attn.k_proj", bias=False),
    v=Linear("h.{n}.attn.v_proj", bias=False),
    o=Linear("h.{n}.attn.out_proj", bias=False),
    mlp_norm="h.{n}.ln_1",
    up=Linear("h.{n}.mlp.fc_in"),
    down=Linear("h.{n}.mlp.fc_out"),
    final_norm="ln_f",
    head="lm_head.weight",
    head_bias="lm_head.bias",
    buffers=("attn.bias", "attn.masked_bias", "attn.embed_positions"),
    parallel=True,
    rotary=True,
    interleaved=True,
    keys=_KEYS | {"rope_width": "rotary_dim"},
    defaults={
        "d_model": 4096,
        "n_layers": 28,
        "n_heads": 16,
        "n_positions": 2048,
        "n_vocab": 50400,
        "tie_word_embeddings": False,
        "eps": 1e-5,
        "activation": "gelu_new",
        "rope_width": 64,
    },
)

_CODEGEN_QKV = Linear("h.{n}.attn.qkv_proj", bias=False, split="fourths")
_CODEGEN = replace(
    _GPTJ, classes="CodeGen", q=_CODEGEN_QKV, k=_CODEGEN_QKV, v=_CODEGEN_QKV, buffers=("attn.causal_mask",)
)

_NEOX_QKV = Linear("layers.{n}.attention.query_key_value", "attention_bias", split="heads")
_GPT_NEOX = Family(
    prefixes=("", "gpt_neox."),
    classes="GPTNeoX",
    embedding="embed_in.weight",
    attention_norm="layers.{n}.input_layernorm",
    q=_NEOX_QKV,
    k=_NEOX_QKV,
    v=_NEOX_QKV,
    o=Linear("layers.{n}.attention.dense", "attention_bias"),
    mlp_norm="layers.{n}.post_attention_layernorm",
    up=Linear("layers.{n}.mlp.dense_h_to_4h"),
    down=Linear("layers.{n}.mlp.dense_4h_to_h"),
    final_norm="final_layer_norm",
    head="embed_out.weight",
    buffers=("attention.bias", "attention.masked_bias"),
    parallel="use_parallel_residual",
    rotary=True,
    keys={"eps": "layer_norm_eps", "rope_theta": "rotary_emb_base", "rope_share": "rotary_pct"},
    defaults={
        "d_model": 6144,
        "n_layers": 44,
        "n_heads": 64,
        "d_hidden": 24576,
        "n_positions": 2048,
        "n_vocab": 50432,
        "attention_bias": True,
        "use_parallel_residual": True,
        "tie_word_embeddings": False,
        "eps": 1e-5,
        "rope_share": 0.25,
        "activation": "gelu",
    },
)

_OPT = Family(
    prefixes=("", "model.decoder.", "decoder."),
    classes="OPT",
    embedding="embed_tokens.weight",
    position="embed_positions.weight",
    offset=2,
    attention_norm="layers.{n}.self_attn_layer_norm",
    q=Linear("layers.{n}.self_attn.q_proj", "enable_bias"),
    k=Linear("layers.{n}.self_attn.k_proj", "enable_bias"),
    v=Linear("layers.{n}.self_attn.v_proj", "enable_bias"),
    o=Linear("layers.{n}.self_attn.out_proj", "enable_bias"),
    mlp_norm="layers.{n}.final_layer_norm",
    up=Linear("layers.{n}.fc1", "enable_bias"),
    down=Linear("layers.{n}.fc2", "enable_bias"),
    final_norm="final_layer_norm",
    head="lm_head.weight",
    keys={"d_hidden": "ffn_dim", "eps": "", "activation": "activation_function", "d_embedding": "word_embed_proj_dim"},
    defaults={
        "d_model": 768,
        "n_layers": 12,
        "n_heads": 12,
        "d_hidden": 3072,
        "n_positions": 2048,
        "n_vocab": 50272,
        "tie_word_embeddings": True,
        "eps": 1e-5,
        "activation": "relu",
        "enable_bias": True,
        "pad_token_id": 1,
    },
    refused={"do_layer_norm_before": True, "_remove_final_layer_norm": False, "layer_norm_elementwise_affine": True},
)

_BIOGPT = replace(
    _OPT,
    prefixes=("", "biogpt."),
    classes="BioGpt",
    q=Linear("layers.{n}.self_attn.q_proj"),
    k=Linear("layers.{n}.self_attn.k_proj"),
    v=Linear("layers.{n}.self_attn.v_proj"),
    o=Linear("layers.{n}.self_attn.out_proj"),
    up=Linear("layers.{n}.fc1"),
    down=Linear("layers.{n}.fc2"),
    final_norm="layer_norm",
    head="output_projection.weight",
    keys={"eps": ""},  # its config has one that its norms do not ask for
    defaults={
        "d_model": 1024,
        "n_layers": 24,
        "n_heads": 16,
        "d_hidden": 4096,
        "n_positions": 1024,
        "n_vocab": 42384,
        "tie_word_embeddings": True,
        "eps": 1e-5,
        "activation": "gelu",
        "pad_token_id": 1,
        "scale_embedding": True,
    },
    variants=(("scale_embedding", True, {"embedding_scale": "√d_model"}),),
    refused={},
)

_BLOOM_QKV = Linear("h.{n}.self_attention.query_key_value", split="heads")
_BLOOM = Family(
    prefixes=("", "transformer."),
    classes="Bloom",
    embedding="word_embeddings.weight",
    embedding_norm="word_embeddings_layernorm",
    attention_norm="h.{n}.input_layernorm",
    q=_BLOOM_QKV,
    k=_BLOOM_QKV,
    v=_BLOOM_QKV,
    o=Linear("h.{n}.self_attention.dense"),
    mlp_norm="h.{n}.post_attention_layernorm",
    up=Linear("h.{n}.mlp.dense_h_to_4h"),
    down=Linear("h.{n}.mlp.dense_4h_to_h"),
    final_norm="ln_f",
    head="lm_head.weight",
    slopes="1",
    keys={
        "n_layers": "n_layer",
        "n_heads": "n_head",
        "n_positions": "",
        "d_hidden": "",
        "eps": "layer_norm_epsilon",
        "activation": "",
    },
    defaults={
        "d_model": 64,
        "n_layers": 2,
        "n_heads": 8,
        "n_positions": 2048,
        "n_vocab": 250880,
        "tie_word_embeddings": True,
        "eps": 1e-5,
        "activation": "gelu_new",
    },
    refused={"apply_residual_connection_post_layernorm": False},
)

_FALCON_QKV = Linear("h.{n}.self_attention.query_key_value", "bias", split="heads")
_FALCON = Family(
    prefixes=("", "transformer."),
    classes="Falcon",
    embedding="word_embeddings.weight",
    attention_norm="h.{n}.input_layernorm",
    q=_FALCON_QKV,
    k=_FALCON_QKV,
    v=_FALCON_QKV,
    o=Linear("h.{n}.self_attention.dense", "bias"),
    mlp_norm="h.{n}.input_layernorm",
    up=Linear("h.{n}.mlp.dense_h_to_4h", "bias"),
    down=Linear("h.{n}.mlp.dense_4h_to_h", "bias"),
    final_norm="ln_f",
    head="lm_head.weight",
    parallel=True,
    rotary=True,
    keys={"n_kv_heads": "", "d_hidden": "ffn_hidden_size", "eps": "layer_norm_epsilon", "activation": "activation"},
    defaults={
        "d_model": 4544,
        "n_layers": 32,
        "n_heads": 71,
        "n_kv_heads": 1,
        "n_positions": 2048,
        "n_vocab": 65024,
        "tie_word_embeddings": True,
        "eps": 1e-5,
        "activation": "gelu",
        "bias": False,
        "alibi": False,
        "multi_query": True,
        "parallel_attn": True,
        "new_decoder_architecture": False,
    },
    variants=(
        ("multi_query", False, {"defaults": {"n_kv_heads": None}}),
        ("parallel_attn", False, {"parallel": False, "mlp_norm": "h.{n}.post_attention_layernorm"}),
        (
            "new_decoder_architecture",
            True,
            {
                "attention_norm": "h.{n}.ln_attn",
                "mlp_norm": "h.{n}.ln_mlp",
                "keys": {"n_kv_heads": "num_kv_heads"},
                "defaults": {"n_kv_heads": None},
                "refused": {"parallel_attn": True},
            },
        ),
        (
            "num_ln_in_parallel_attn",
            1,
            {"attention_norm": "h.{n}.input_layernorm", "mlp_norm": "h.{n}.input_layernorm"},
        ),
        ("alibi", True, {"rotary": False, "slopes": "1/√d_k"}),
    ),
)

GPTS: dict[str, Family] = {
    "gpt2": _GPT2,
    "gpt_bigcode": _GPT_BIGCODE,
    "gpt_neo": _GPT_NEO,
    "gptj": _GPTJ,
    "codegen": _CODEGEN,
    "gpt_neox": _GPT_NEOX,
    "opt": _OPT,
    "biogpt": _BIOGPT,
    "bloom": _BLOOM,
    "falcon": _FALCON,
}
