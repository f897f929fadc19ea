"""The families of models that can be read, by model_type: a new one is a new description in one of these files."""

from __future__ import annotations

from kitten_tui.sources.checkpoint.families.bert import ENCODERS
from kitten_tui.sources.checkpoint.families.family import Crossing, Experts, Family, Fitting, HeadNorm, Linear
from kitten_tui.sources.checkpoint.families.gemma import GEMMAS
from kitten_tui.sources.checkpoint.families.gpt import GPTS
from kitten_tui.sources.checkpoint.families.llama import LLAMAS
from kitten_tui.sources.checkpoint.families.mixtures import MIXTURES
from kitten_tui.sources.checkpoint.families.phi import PHIS
from kitten_tui.sources.checkpoint.families.seq2seq import SEQ2SEQ

__all__ = ["FAMILIES", "KEYS", "Crossing", "Experts", "Family", "Fitting", "HeadNorm", "Linear"]

FAMILIES: dict[str, Family] = {**GPTS, **PHIS, **LLAMAS, **GEMMAS, **MIXTURES, **ENCODERS, **SEQ2SEQ}

KEYS = {
    "d_model": "hidden_size",
    "d_embedding": "embedding_size",
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "n_kv_heads": "num_key_value_heads",
    "d_hidden": "intermediate_size",
    "n_positions": "max_position_embeddings",
    "n_vocab": "vocab_size",
    "activation": "hidden_act",
    "rope_theta": "rope_theta",
    "rope_share": "partial_rotary_factor",
    "n_experts": "num_experts",
    "n_chosen": "num_experts_per_tok",
    "d_expert": "moe_intermediate_size",
    "d_shared": "shared_expert_intermediate_size",
}
"""What most families call their numbers in config.json."""
