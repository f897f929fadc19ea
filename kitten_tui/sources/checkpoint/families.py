"""The families of models that can be read: a new one is a new description here.

Names of weights are written without the prefix of the whole model; {n} stands for the number of the layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Linear:
    """A weight matrix with its bias, by name."""

    name: str
    bias: bool | str = True
    """Whether it has one, or the key of config.json that says so."""
    inward: bool = False
    """Stored [in, out]; all others are stored [out, in]."""
    split: str = ""
    """How queries, keys and values share the columns: "roles" one after the other, "heads" for each head in turn."""


@dataclass(frozen=True)
class Fitting:
    """What makes of the last vector at a place the tokens that would fit there: dense, a function, a norm, a matrix."""

    dense: str
    norm: str
    matrix: str
    """Where it is tied or missing it is the embedding."""
    biases: tuple[str, ...]
    """The names that its bias may have; the first that is there is it."""
    activation: str = ""
    """The function, where it is not that of the layers."""


@dataclass(frozen=True)
class Family:
    """How a model is put together and what its files call the parts."""

    prefixes: tuple[str, ...]
    """What may stand before every name; the bare model has none. Others are read from the names."""
    classes: str
    """How transformers' names of its classes begin."""
    embedding: str
    q: Linear
    k: Linear
    v: Linear
    o: Linear
    up: Linear
    down: Linear
    attention_norm: str
    mlp_norm: str
    gate: Linear | None = None
    """What the feed-forward network is multiplied by, where it is gated."""
    position: str = ""
    """The table of learned positions; without one they are rotary."""
    offset: int | str = 0
    """The place of the first token in that table; "pad" counts on from the padding token's number."""
    segment: str = ""
    """The table of what tells sentences apart."""
    embedding_norm: str = ""
    """In families that normalise after adding, this comes before the first layer."""
    final_norm: str = ""
    q_norm: str = ""
    k_norm: str = ""
    head: str = ""
    """The matrix to the next token; where it is tied or missing it is the embedding."""
    fitting: Fitting | None = None
    """What stands in the place of the head in models that were trained to fill gaps."""
    buffers: tuple[str, ...] = ()
    """What old files keep in each layer beside its weights."""
    rms: bool = False
    norms_after: bool = False
    """Whether layers add first and normalise then; otherwise the other way round."""
    parallel: str = ""
    """The key that says whether attention and feed-forward network both take in what enters the layer."""
    causal: bool = True
    decodes: bool = False
    """Whether is_decoder makes it causal where it is not by itself."""
    scaled: bool = False
    """Whether config.json may leave out the scale of scores, or divide it by the number of the layer."""
    windows: str = ""
    """Which layers have a sliding window: "all", or "typed" where config.json says it of each."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """What config.json calls a number, where that is not what most call it."""
    defaults: Mapping[str, object] = field(default_factory=dict)
    """What holds where config.json does not say: what transformers' class of configurations has."""


GPT2 = Family(
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
    keys={
        "d_model": "n_embd",
        "n_layers": "n_layer",
        "n_heads": "n_head",
        "d_hidden": "n_inner",
        "n_positions": "n_positions",
        "eps": "layer_norm_epsilon",
        "activation": "activation_function",
    },
    defaults={
        "d_model": 768,
        "n_layers": 12,
        "n_heads": 12,
        "n_positions": 1024,
        "n_vocab": 50257,
        "tie_word_embeddings": True,
        "eps": 1e-5,
        "activation": "gelu_new",
    },
)

GPT_NEOX = Family(
    prefixes=("", "gpt_neox."),
    classes="GPTNeoX",
    embedding="embed_in.weight",
    attention_norm="layers.{n}.input_layernorm",
    q=Linear("layers.{n}.attention.query_key_value", "attention_bias", split="heads"),
    k=Linear("layers.{n}.attention.query_key_value", "attention_bias", split="heads"),
    v=Linear("layers.{n}.attention.query_key_value", "attention_bias", split="heads"),
    o=Linear("layers.{n}.attention.dense", "attention_bias"),
    mlp_norm="layers.{n}.post_attention_layernorm",
    up=Linear("layers.{n}.mlp.dense_h_to_4h"),
    down=Linear("layers.{n}.mlp.dense_4h_to_h"),
    final_norm="final_layer_norm",
    head="embed_out.weight",
    buffers=("attention.bias", "attention.masked_bias"),
    parallel="use_parallel_residual",
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


_LLAMA_DEFAULTS: Mapping[str, object] = {
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
_MISTRAL_DEFAULTS = {
    **_LLAMA_DEFAULTS,
    "d_hidden": 14336,
    "n_kv_heads": 8,
    "n_positions": 131072,
    "sliding_window": 4096,
}
_QWEN_DEFAULTS = {
    **_LLAMA_DEFAULTS,
    "d_hidden": 22016,
    "n_kv_heads": 32,
    "n_positions": 32768,
    "n_vocab": 151936,
    "sliding_window": 4096,
}
_BERT_DEFAULTS = {
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


def _llama(classes: str, bias: bool | str = False, o_bias: bool | str = False, **other: object) -> Family:
    """Llama and those that took over its names."""
    mlp_bias: bool | str = "mlp_bias" if classes == "Llama" else False
    parts: dict[str, object] = {
        "prefixes": ("", "model."),
        "classes": classes,
        "embedding": "embed_tokens.weight",
        "attention_norm": "layers.{n}.input_layernorm",
        "q": Linear("layers.{n}.self_attn.q_proj", bias),
        "k": Linear("layers.{n}.self_attn.k_proj", bias),
        "v": Linear("layers.{n}.self_attn.v_proj", bias),
        "o": Linear("layers.{n}.self_attn.o_proj", o_bias),
        "mlp_norm": "layers.{n}.post_attention_layernorm",
        "gate": Linear("layers.{n}.mlp.gate_proj", mlp_bias),
        "up": Linear("layers.{n}.mlp.up_proj", mlp_bias),
        "down": Linear("layers.{n}.mlp.down_proj", mlp_bias),
        "final_norm": "norm",
        "head": "lm_head.weight",
        "rms": True,
        "keys": {"eps": "rms_norm_eps"},
        "defaults": _LLAMA_DEFAULTS,
    }
    return Family(**(parts | other))  # type: ignore[arg-type]


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


def _bert(prefix: str) -> Family:
    layer = "encoder.layer.{n}."
    return Family(
        prefixes=("", prefix),
        classes="Roberta" if prefix == "roberta." else "Bert",
        embedding="embeddings.word_embeddings.weight",
        position="embeddings.position_embeddings.weight",
        segment="embeddings.token_type_embeddings.weight",
        embedding_norm="embeddings.LayerNorm",
        offset="pad" if prefix == "roberta." else 0,
        q=Linear(layer + "attention.self.query"),
        k=Linear(layer + "attention.self.key"),
        v=Linear(layer + "attention.self.value"),
        o=Linear(layer + "attention.output.dense"),
        attention_norm=layer + "attention.output.LayerNorm",
        up=Linear(layer + "intermediate.dense"),
        down=Linear(layer + "output.dense"),
        mlp_norm=layer + "output.LayerNorm",
        fitting=_ROBERTA_FITTING if prefix == "roberta." else _BERT_FITTING,
        norms_after=True,
        causal=False,
        decodes=True,
        keys={"eps": "layer_norm_eps"},
        defaults=_BERT_DEFAULTS | ({"n_vocab": 50265, "pad_token_id": 1} if prefix == "roberta." else {}),
    )


DISTILBERT = Family(
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
    defaults=_BERT_DEFAULTS | {"n_layers": 6},
)

FAMILIES: dict[str, Family] = {
    "gpt2": GPT2,
    "gpt_neox": GPT_NEOX,
    "llama": _llama("Llama", "attention_bias", "attention_bias"),
    "mistral": _llama("Mistral", windows="all", defaults=_MISTRAL_DEFAULTS),
    "qwen2": _llama("Qwen2", True, windows="typed", defaults=_QWEN_DEFAULTS),
    "qwen3": _llama(
        "Qwen3",
        "attention_bias",
        "attention_bias",
        q_norm="layers.{n}.self_attn.q_norm",
        k_norm="layers.{n}.self_attn.k_norm",
        windows="typed",
        defaults=_QWEN_DEFAULTS | {"head_dim": 128},
    ),
    "bert": _bert("bert."),
    "distilbert": DISTILBERT,
    "roberta": _bert("roberta."),
}

KEYS = {
    "d_model": "hidden_size",
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "n_kv_heads": "num_key_value_heads",
    "d_hidden": "intermediate_size",
    "n_positions": "max_position_embeddings",
    "n_vocab": "vocab_size",
    "activation": "hidden_act",
    "rope_theta": "rope_theta",
    "rope_share": "partial_rotary_factor",
}
"""What most families call their numbers in config.json."""
