"""Encoders: every token looks both ways, and what is said of a place is what fits there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kitten_tui.sources.checkpoint.families.family import Family, Fitting, Linear

_DEFAULTS = {
    "d_model": 768,
    "n_layers": 12,
    "n_heads": 12,
    "d_hidden": 3072,
    "n_positions": 512,
    "n_vocab": 30522,
    "pad_token_id": 0,
    "tie_word_embeddings": True,
    "eps": 1e-12,
    "activation": "gelu",
}
_BERT_FITTING = Fitting(
    "cls.predictions.transform.dense",
    "cls.predictions.transform.LayerNorm",
    "cls.predictions.decoder.weight",
    ("cls.predictions.decoder.bias", "cls.predictions.bias"),
)
_ROBERTA_FITTING = Fitting(
    "lm_head.dense",
    "lm_head.layer_norm",
    "lm_head.decoder.weight",
    ("lm_head.decoder.bias", "lm_head.bias"),
    activation="gelu",
)


def _bert(classes: str, prefix: str, fitting: Fitting, defaults: Mapping[str, object], **other: Any) -> Family:
    layer = "encoder.layer.{n}."
    parts: dict[str, Any] = {
        "prefixes": ("", prefix),
        "classes": classes,
        "embedding": "embeddings.word_embeddings.weight",
        "position": "embeddings.position_embeddings.weight",
        "segment": "embeddings.token_type_embeddings.weight",
        "embedding_norm": "embeddings.LayerNorm",
        "q": Linear(layer + "attention.self.query"),
        "k": Linear(layer + "attention.self.key"),
        "v": Linear(layer + "attention.self.value"),
        "o": Linear(layer + "attention.output.dense"),
        "attention_norm": layer + "attention.output.LayerNorm",
        "up": Linear(layer + "intermediate.dense"),
        "down": Linear(layer + "output.dense"),
        "mlp_norm": layer + "output.LayerNorm",
        "fitting": fitting,
        "norms_after": True,
        "causal": False,
        "decodes": True,
        "keys": {"eps": "layer_norm_eps"},
        "defaults": {**_DEFAULTS, **defaults},
    }
    return Family(**(parts | other))


def _roberta(classes: str, n_vocab: int = 30522) -> Family:
    return _bert(classes, "roberta.", _ROBERTA_FITTING, {"n_vocab": n_vocab, "pad_token_id": 1}, offset="pad")


_ELECTRA = _bert(
    "Electra",
    "electra.",
    Fitting(
        "generator_predictions.dense",
        "generator_predictions.LayerNorm",
        "generator_lm_head.weight",
        ("generator_lm_head.bias",),
        activation="gelu",
    ),
    {"d_model": 256, "n_heads": 4, "d_hidden": 1024, "d_embedding": 128},
    projection=Linear("embeddings_project"),
)

_DISTILBERT = Family(
    prefixes=("", "distilbert."),
    classes="DistilBert",
    embedding="embeddings.word_embeddings.weight",
    position="embeddings.position_embeddings.weight",
    embedding_norm="embeddings.LayerNorm",
    q=Linear("transformer.layer.{n}.attention.q_lin"),
    k=Linear("transformer.layer.{n}.attention.k_lin"),
    v=Linear("transformer.layer.{n}.attention.v_lin"),
    o=Linear("transformer.layer.{n}.attention.out_lin"),
    attention_norm="transformer.layer.{n}.sa_layer_norm",
    up=Linear("transformer.layer.{n}.ffn.lin1"),
    down=Linear("transformer.layer.{n}.ffn.lin2"),
    mlp_norm="transformer.layer.{n}.output_layer_norm",
    fitting=Fitting("vocab_transform", "vocab_layer_norm", "vocab_projector.weight", ("vocab_projector.bias",)),
    norms_after=True,
    causal=False,
    keys={
        "d_model": "dim",
        "n_layers": "n_layers",
        "n_heads": "n_heads",
        "d_hidden": "hidden_dim",
        "activation": "activation",
        "eps": "",
    },
    defaults=_DEFAULTS | {"n_layers": 6},
)

_MPNET_LAYER = "encoder.layer.{n}."
_MPNET = _bert(
    "MPNet",
    "mpnet.",
    _ROBERTA_FITTING,
    {"n_vocab": 30527, "pad_token_id": 1},
    segment="",
    offset="pad",
    q=Linear(_MPNET_LAYER + "attention.attn.q"),
    k=Linear(_MPNET_LAYER + "attention.attn.k"),
    v=Linear(_MPNET_LAYER + "attention.attn.v"),
    o=Linear(_MPNET_LAYER + "attention.attn.o"),
    attention_norm=_MPNET_LAYER + "attention.LayerNorm",
    buckets="encoder.relative_attention_bias.weight",
    decodes=False,
    refused={"relative_attention_num_buckets": 32, "pad_token_id": 1},
)

_ALBERT_LAYER = "encoder.albert_layer_groups.{n}.albert_layers.0."
_ALBERT = _bert(
    "Albert",
    "albert.",
    Fitting(
        "predictions.dense",
        "predictions.LayerNorm",
        "predictions.decoder.weight",
        ("predictions.decoder.bias", "predictions.bias"),
    ),
    {
        "d_model": 4096,
        "n_heads": 64,
        "d_hidden": 16384,
        "n_vocab": 30000,
        "d_embedding": 128,
        "activation": "gelu_new",
        "num_hidden_groups": 1,
    },
    projection=Linear("encoder.embedding_hidden_mapping_in"),
    q=Linear(_ALBERT_LAYER + "attention.query"),
    k=Linear(_ALBERT_LAYER + "attention.key"),
    v=Linear(_ALBERT_LAYER + "attention.value"),
    o=Linear(_ALBERT_LAYER + "attention.dense"),
    attention_norm=_ALBERT_LAYER + "attention.LayerNorm",
    up=Linear(_ALBERT_LAYER + "ffn"),
    down=Linear(_ALBERT_LAYER + "ffn_output"),
    mlp_norm=_ALBERT_LAYER + "full_layer_layer_norm",
    groups="num_hidden_groups",
    decodes=False,
    refused={"inner_group_num": 1},
)

_MODERN_QKV = Linear("layers.{n}.attn.Wqkv", "attention_bias", split="roles")
_MODERNBERT = Family(
    prefixes=("", "model."),
    classes="ModernBert",
    embedding="embeddings.tok_embeddings.weight",
    embedding_norm="embeddings.norm",
    attention_norm="layers.{n}.attn_norm",
    bare_first=True,
    norm_bias="norm_bias",
    q=_MODERN_QKV,
    k=_MODERN_QKV,
    v=_MODERN_QKV,
    o=Linear("layers.{n}.attn.Wo", "attention_bias"),
    mlp_norm="layers.{n}.mlp_norm",
    gate=Linear("layers.{n}.mlp.Wi", "mlp_bias", split="gate"),
    up=Linear("layers.{n}.mlp.Wi", "mlp_bias", split="gated"),
    down=Linear("layers.{n}.mlp.Wo", "mlp_bias"),
    final_norm="final_norm",
    fitting=Fitting(
        "head.dense",
        "head.norm",
        "decoder.weight",
        ("decoder.bias",),
        activation="classifier_activation",
        dense_bias="classifier_bias",
        bias="decoder_bias",
    ),
    causal=False,
    windows="thirds",
    rotary=True,
    local_base="local_rope_theta",
    keys={
        "eps": "norm_eps",
        "activation": "hidden_activation",
        "sliding_window": "local_attention",
        "rope_theta": "global_rope_theta",
    },
    defaults={
        **_DEFAULTS,
        "n_layers": 22,
        "d_hidden": 1152,
        "n_positions": 8192,
        "n_vocab": 50368,
        "pad_token_id": 50283,
        "eps": 1e-5,
        "sliding_window": 128,
        "rope_theta": 160000.0,
        "local_rope_theta": 10000.0,
        "decoder_bias": True,
        "classifier_activation": "gelu",
    },
)

ENCODERS: dict[str, Family] = {
    "bert": _bert("Bert", "bert.", _BERT_FITTING, {}),
    "distilbert": _DISTILBERT,
    "roberta": _roberta("Roberta", 50265),
    "xlm-roberta": _roberta("XLMRoberta"),
    "camembert": _roberta("Camembert"),
    "electra": _ELECTRA,
    "ernie": _bert("Ernie", "ernie.", _BERT_FITTING, {}, refused={"use_task_id": False}),
    "albert": _ALBERT,
    "mpnet": _MPNET,
    "modernbert": _MODERNBERT,
}
