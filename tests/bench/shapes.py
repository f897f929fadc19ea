"""Shapes of about 100 million random numbers, one of each kind of model: transformers' class, and what config says."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_WORDS: Json = {"vocab_size": 32000, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
_PLACES: Json = {"max_position_embeddings": 2048}
_SIZES: Json = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
_ENCODER: Json = _WORDS | _SIZES | _PLACES
_DECODER: Json = _WORDS | _SIZES | _PLACES | {"num_key_value_heads": 4, "intermediate_size": 2048}
_EXPERTS: Json = {"num_hidden_layers": 6, "num_experts_per_tok": 2}

SHAPES: dict[str, tuple[str, Json]] = {
    "llama": ("LlamaForCausalLM", _DECODER),
    "bert": ("BertForMaskedLM", _ENCODER),
    "mpnet": ("MPNetForMaskedLM", _ENCODER | {"pad_token_id": 1}),
    "modernbert": (
        "ModernBertForMaskedLM",
        _ENCODER | {"intermediate_size": 1152, "cls_token_id": 1, "sep_token_id": 2},
    ),
    "opt": (
        "OPTForCausalLM",
        _WORDS
        | _PLACES
        | {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "ffn_dim": 3072}
        | {"word_embed_proj_dim": 768},
    ),
    "bloom": ("BloomForCausalLM", _WORDS | {"hidden_size": 768, "n_layer": 12, "n_head": 12}),
    "falcon": (
        "FalconForCausalLM",
        _WORDS | _PLACES | {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12},
    ),
    "phi3": ("Phi3ForCausalLM", _DECODER),
    "olmo2": ("Olmo2ForCausalLM", _DECODER),
    "gemma2": ("Gemma2ForCausalLM", _DECODER | {"head_dim": 64, "sliding_window": 64}),
    "cohere": ("CohereForCausalLM", _DECODER),
    "nemotron": ("NemotronForCausalLM", _DECODER),
    "mixtral": ("MixtralForCausalLM", _DECODER | _EXPERTS | {"intermediate_size": 1024, "num_local_experts": 8}),
    "gpt_oss": (
        "GptOssForCausalLM",
        _DECODER | _EXPERTS | {"intermediate_size": 1024, "num_local_experts": 8, "head_dim": 64},
    ),
    "t5": (
        "T5ForConditionalGeneration",
        {"vocab_size": 32000, "d_model": 768, "d_kv": 64, "d_ff": 2048, "num_layers": 6, "num_heads": 12}
        | {"decoder_start_token_id": 0},
    ),
    "bart": (
        "BartForConditionalGeneration",
        {"vocab_size": 32000, "d_model": 768, "max_position_embeddings": 1024, "decoder_start_token_id": 2}
        | {
            f"{stack}_{key}": value
            for stack in ("encoder", "decoder")
            for key, value in (("layers", 6), ("ffn_dim", 3072))
        }
        | {"encoder_attention_heads": 12, "decoder_attention_heads": 12},
    ),
}
