"""Makes families/: a tiny checkpoint of every configuration by which families differ, with what transformers computes.

    python tests/checkpoints/make_families.py [NAME …]  # needs torch and transformers; writes these folders, or all
    python tests/checkpoints/make_families.py --check   # writes nothing; compares every folder with its expected.npz

A folder is like those that make.py writes, smaller: ten words, weights as halves where a file does not keep more.
Beside what is expected there, expected.npz holds q, k and v as attention takes them, where transformers hands them on:

    q, k, v         float32  [layer, head, token, d_k], k and v once for all heads that share them
"""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import make
import numpy as np
import torch
import transformers
from make import Arrays, Json
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

HERE = Path(__file__).resolve().parent / "families"
WORDS = ["<s>", "<pad>", "</s>", "<unk>", "the", "cat", "saw", "a", "dog", "and", "ran"]
TEXT = "the cat saw a dog and the dog ran"
SECOND = "the dog ran and a cat"
TOLERANCE = 2e-6


def word_by_word(both_ends: bool) -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    if both_ends:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", 0), ("</s>", 2)]
        )
    return tokenizer


@dataclass(frozen=True)
class Shape:
    """One folder: the class of the model, and what its configuration says."""

    name: str
    model: str
    settings: Json
    keys: Json = field(default_factory=dict)
    """What to write over the saved config.json, as older files have it; None takes a key away."""
    whole: bool = False
    """Whether weights are stored in 32 bits."""
    own_head: bool = False
    """Whether the output head has weights of its own, where a new model of transformers has those of the embedding."""


SIZE: Json = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 24}
PLACES: Json = {"max_position_embeddings": 24}
ENDS: Json = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2}
DECODER: Json = SIZE | PLACES | ENDS | {"num_key_value_heads": 2}
GPT: Json = ENDS | {"n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 24}
ENCODER: Json = SIZE | PLACES | ENDS


def rope(theta: float = 100.0, **more: Any) -> Json:
    return {"rope_parameters": {"rope_type": "default", "rope_theta": theta} | more}


def older(theta: float | None = 100.0, scaling: Json | None = None, **more: Any) -> Json:
    """The keys for rotary positions before transformers 5."""
    base = {} if theta is None else {"rope_theta": theta}
    return {"rope_parameters": None, "rope_scaling": scaling} | base | more


def shapes() -> Iterator[Shape]:
    yield from encoders()
    yield from decoders()
    yield from gemmas()
    yield from mixtures()
    yield from two_stacks()


def encoders() -> Iterator[Shape]:
    for kind, classes in (("xlm-roberta", "XLMRoberta"), ("camembert", "Camembert")):
        yield Shape(kind, f"{classes}ForMaskedLM", ENCODER | {"type_vocab_size": 1, "layer_norm_eps": 0.03})
    yield Shape("electra", "ElectraForMaskedLM", ENCODER | {"embedding_size": 16, "pad_token_id": 0})
    yield Shape("electra-small", "ElectraForMaskedLM", ENCODER | {"embedding_size": 8, "hidden_act": "relu"})
    yield Shape("electra-tells", "ElectraForPreTraining", ENCODER | {"embedding_size": 8})
    yield Shape("ernie", "ErnieForMaskedLM", ENCODER)
    albert = ENCODER | {"embedding_size": 8, "num_hidden_layers": 3}
    yield Shape("albert", "AlbertForMaskedLM", albert | {"num_hidden_groups": 1})
    yield Shape("albert-groups", "AlbertForMaskedLM", albert | {"num_hidden_groups": 2, "num_hidden_layers": 4})
    yield Shape("albert-wide", "AlbertModel", albert | {"embedding_size": 16})
    yield Shape("mpnet", "MPNetForMaskedLM", ENCODER)
    modern = ENCODER | {"local_attention": 4, "global_attn_every_n_layers": 2, "num_hidden_layers": 3}
    modern |= {"cls_token_id": 0, "sep_token_id": 2}
    yield Shape("modernbert", "ModernBertForMaskedLM", modern)
    biased = dict.fromkeys(("norm_bias", "attention_bias", "mlp_bias", "classifier_bias"), True)
    yield Shape(
        "modernbert-biased",
        "ModernBertForMaskedLM",
        modern | biased | {"decoder_bias": False, "classifier_activation": "relu"},
        {"layer_types": None, "rope_parameters": None, "global_rope_theta": 160000.0, "local_rope_theta": 10000.0}
        | {"global_attn_every_n_layers": 2},
    )


def decoders() -> Iterator[Shape]:
    opt = {key: DECODER[key] for key in DECODER if key not in ("intermediate_size", "num_key_value_heads")}
    yield Shape("opt", "OPTForCausalLM", opt | {"ffn_dim": 24, "word_embed_proj_dim": 16})
    yield Shape("opt-bare", "OPTModel", opt | {"ffn_dim": 24, "enable_bias": False, "activation_function": "gelu"})
    yield Shape("biogpt", "BioGptForCausalLM", ENCODER)
    plain = {"scale_embedding": False, "hidden_act": "relu", "layer_norm_eps": 0.03}
    yield Shape("biogpt-plain", "BioGptModel", ENCODER | plain)
    yield Shape("gpt_bigcode", "GPTBigCodeForCausalLM", GPT)
    many = {"multi_query": False, "n_inner": 24, "scale_attn_weights": False, "layer_norm_epsilon": 0.03}
    yield Shape("gpt_bigcode-many", "GPTBigCodeModel", GPT | many)
    neo = ENDS | PLACES | {"hidden_size": 16, "num_layers": 2, "num_heads": 4, "window_size": 3}
    yield Shape("gpt_neo", "GPTNeoForCausalLM", neo | {"attention_types": [[["global", "local"], 1]]})
    yield Shape("gpt_neo-local", "GPTNeoModel", neo | {"attention_types": [[["local"], 2]], "intermediate_size": 24})
    yield Shape("gptj", "GPTJForCausalLM", GPT | {"rotary_dim": 2})
    yield Shape("gptj-whole", "GPTJForCausalLM", GPT | {"rotary_dim": 4, "n_inner": 24, "layer_norm_epsilon": 0.03})
    yield Shape("codegen", "CodeGenForCausalLM", GPT | {"rotary_dim": 2})
    bloom = ENDS | {"hidden_size": 16, "n_layer": 2, "n_head": 4}
    yield Shape("bloom", "BloomForCausalLM", bloom)
    yield Shape("bloom-six", "BloomModel", bloom | {"hidden_size": 24, "n_head": 6, "layer_norm_epsilon": 0.03})
    falcon = SIZE | PLACES | ENDS | {"ffn_hidden_size": 24}
    falcon.pop("intermediate_size")
    yield Shape("falcon", "FalconForCausalLM", falcon | rope())
    yield Shape(
        "falcon-new",
        "FalconForCausalLM",
        falcon | rope() | {"new_decoder_architecture": True, "num_kv_heads": 2},
        older(100.0),
    )
    yield Shape(
        "falcon-one-norm",
        "FalconForCausalLM",
        falcon | {"new_decoder_architecture": True, "num_kv_heads": 2, "num_ln_in_parallel_attn": 1, "bias": True},
    )
    rw = {"alibi": True, "multi_query": False, "parallel_attn": False, "bias": True}
    yield Shape("falcon-alibi", "FalconForCausalLM", falcon | rw)
    phi = DECODER | {"hidden_size": 32}
    yield Shape("phi", "PhiForCausalLM", phi | rope(partial_rotary_factor=0.5))
    yield Shape(
        "phi-normed",
        "PhiForCausalLM",
        phi | {"qk_layernorm": True} | rope(partial_rotary_factor=0.25),
        older(partial_rotary_factor=0.25),
    )
    persimmon = {key: phi[key] for key in phi if key != "num_key_value_heads"}
    yield Shape("persimmon", "PersimmonForCausalLM", persimmon | rope(partial_rotary_factor=0.5))
    yield Shape("persimmon-plain", "PersimmonForCausalLM", ENCODER | {"qk_layernorm": False})
    yield Shape("phi3", "Phi3ForCausalLM", DECODER | rope() | {"sliding_window": 4})
    longrope = {"short_factor": [1.0, 1.5], "long_factor": [1.0, 4.0]}
    yield Shape(
        "phi3-longrope",
        "Phi3ForCausalLM",
        DECODER | {"original_max_position_embeddings": 8} | rope(**longrope | {"rope_type": "longrope"}),
        older(100.0, longrope | {"type": "longrope"}),
    )
    yield Shape("stablelm", "StableLmForCausalLM", DECODER | {"hidden_size": 32} | rope(partial_rotary_factor=0.25))
    yield Shape(
        "stablelm-parallel",
        "StableLmForCausalLM",
        DECODER
        | {"use_parallel_residual": True, "qk_layernorm": True, "use_qkv_bias": True}
        | rope(partial_rotary_factor=0.5),
        older(partial_rotary_factor=0.5),
    )
    yield Shape("starcoder2", "Starcoder2ForCausalLM", DECODER | rope() | {"sliding_window": 4})
    yield Shape("starcoder2-plain", "Starcoder2ForCausalLM", DECODER | {"use_bias": False, "norm_epsilon": 0.03})
    yield Shape("seed_oss", "SeedOssForCausalLM", DECODER | rope() | {"head_dim": 8})
    yield Shape("arcee", "ArceeForCausalLM", DECODER | rope())
    yield Shape("nemotron", "NemotronForCausalLM", DECODER | rope())
    yield Shape(
        "nemotron-biased",
        "NemotronForCausalLM",
        DECODER | rope(partial_rotary_factor=1.0) | {"attention_bias": True, "mlp_bias": True, "norm_eps": 0.03},
    )
    yield Shape("arcee-biased", "ArceeForCausalLM", DECODER | rope() | {"attention_bias": True, "mlp_bias": True})
    yield Shape("smollm3", "SmolLM3ForCausalLM", DECODER | rope() | {"no_rope_layers": [1, 0]})
    yield Shape(
        "smollm3-sliding",
        "SmolLM3ForCausalLM",
        DECODER | rope() | {"no_rope_layer_interval": 2, "use_sliding_window": True, "sliding_window": 3},
        {"no_rope_layers": None, "layer_types": None, "no_rope_layer_interval": 2},
    )
    multiplied = {"embedding_multiplier": 3.0, "residual_multiplier": 0.4, "attention_multiplier": 0.3}
    yield Shape("granite", "GraniteForCausalLM", DECODER | rope() | multiplied | {"logits_scaling": 2.5})
    yield Shape("granite-plain", "GraniteForCausalLM", DECODER | {"attention_bias": True, "mlp_bias": True})
    yield Shape("olmo2", "Olmo2ForCausalLM", DECODER | rope())
    yield Shape("olmo2-biased", "Olmo2ForCausalLM", DECODER | rope() | {"attention_bias": True, "rms_norm_eps": 0.03})
    yield Shape("cohere", "CohereForCausalLM", DECODER | rope() | {"logit_scale": 0.5})
    normed = DECODER | {"use_qk_norm": True, "attention_bias": True}
    yield Shape("cohere-normed", "CohereForCausalLM", normed | rope(50.0), older(50.0))
    yield Shape("glm", "GlmForCausalLM", DECODER | {"head_dim": 8} | rope(partial_rotary_factor=0.5))
    yield Shape(
        "glm-plain",
        "GlmForCausalLM",
        DECODER | {"head_dim": 4, "attention_bias": False} | rope(partial_rotary_factor=1.0),
        older(partial_rotary_factor=1.0),
    )


def gemmas() -> Iterator[Shape]:
    gemma = DECODER | {"head_dim": 8}
    yield Shape("gemma", "GemmaForCausalLM", gemma | rope(), {"hidden_act": "gelu"})
    yield Shape("gemma-biased", "GemmaForCausalLM", gemma | {"attention_bias": True, "num_key_value_heads": 1})
    capped = {"attn_logit_softcapping": 2.0, "final_logit_softcapping": 3.0, "query_pre_attn_scalar": 5}
    yield Shape("gemma2", "Gemma2ForCausalLM", gemma | rope() | capped | {"sliding_window": 3}, {"layer_types": None})
    uncapped = {"attn_logit_softcapping": None, "final_logit_softcapping": None, "sliding_window": 3}
    kinds = ["full_attention", "sliding_attention"]
    yield Shape("gemma2-uncapped", "Gemma2ForCausalLM", gemma | uncapped | {"layer_types": kinds})
    both = {"full_attention": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1000.0}}
    both |= {"sliding_attention": {"rope_type": "default", "rope_theta": 10.0}}
    yield Shape(
        "gemma3_text",
        "Gemma3ForCausalLM",
        gemma | {"sliding_window": 3, "layer_types": ["sliding_attention", "full_attention"], "rope_parameters": both},
    )
    yield Shape(
        "gemma3_text-older",
        "Gemma3ForCausalLM",
        gemma
        | {"sliding_window": 3, "num_hidden_layers": 3, "sliding_window_pattern": 2, "rope_parameters": both}
        | {"final_logit_softcapping": 2.0},
        {"layer_types": None, "sliding_window_pattern": 2, "rope_parameters": None, "rope_theta": 1000.0}
        | {"rope_local_base_freq": 10.0, "rope_scaling": {"rope_type": "linear", "factor": 2.0}},
    )


def mixtures() -> Iterator[Shape]:
    few = {"num_experts_per_tok": 2}
    mixtral = DECODER | rope() | few | {"num_local_experts": 4}
    yield Shape("mixtral", "MixtralForCausalLM", mixtral)
    yield Shape("mixtral-sliding", "MixtralForCausalLM", mixtral | {"sliding_window": 3, "num_experts_per_tok": 1})
    qwen = DECODER | rope() | few | {"num_experts": 4, "moe_intermediate_size": 12}
    shared = {"shared_expert_intermediate_size": 20}
    yield Shape("qwen2_moe", "Qwen2MoeForCausalLM", qwen | shared)
    normed = {"norm_topk_prob": True, "decoder_sparse_step": 2}
    sliding = {"use_sliding_window": True, "sliding_window": 3, "max_window_layers": 2}
    yield Shape("qwen2_moe-some", "Qwen2MoeForCausalLM", qwen | shared | normed | sliding, {"layer_types": None})
    yield Shape("qwen3_moe", "Qwen3MoeForCausalLM", qwen | {"head_dim": 8})
    one = {"norm_topk_prob": True, "mlp_only_layers": [0], "use_sliding_window": True, "sliding_window": 3}
    yield Shape("qwen3_moe-some", "Qwen3MoeForCausalLM", qwen | {"head_dim": 8} | one)
    oss = DECODER | few | {"num_local_experts": 4, "head_dim": 8, "sliding_window": 3, "swiglu_limit": 0.5}
    yield Shape("gpt_oss", "GptOssForCausalLM", oss | rope())
    yarn = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 6, "truncate": False}
    kinds = ["full_attention", "sliding_attention"]
    yield Shape("gpt_oss-yarn", "GptOssForCausalLM", oss | rope(**yarn) | {"layer_types": kinds, "swiglu_limit": 7.0})


def two_stacks() -> Iterator[Shape]:
    """Of an encoder and a decoder, whose layers differ in number and, where that can be, in heads and width."""
    ends = {"pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
    t5 = ends | {"d_model": 16, "d_kv": 6, "d_ff": 24, "num_layers": 2, "num_decoder_layers": 3, "num_heads": 4}
    near = {"relative_attention_num_buckets": 8, "relative_attention_max_distance": 6}
    yield Shape("t5", "T5ForConditionalGeneration", t5 | near)
    gated = {"feed_forward_proj": "gated-gelu", "num_decoder_layers": 2, "layer_norm_epsilon": 0.03}
    yield Shape(
        "t5-gated",
        "T5ForConditionalGeneration",
        t5 | gated | {"tie_word_embeddings": False},
        {"dense_act_fn": None, "is_gated_act": None, "num_decoder_layers": None, "tie_word_embeddings": False}
        | {"scale_decoder_outputs": None},
        own_head=True,
    )
    yield Shape("t5-bare", "T5Model", t5 | {"feed_forward_proj": "gated-silu"})
    yield Shape("t5-encoder", "T5EncoderModel", t5)
    yield Shape("mt5", "MT5ForConditionalGeneration", t5 | near, own_head=True)
    bart = PLACES | ENDS | {"d_model": 16, "encoder_layers": 2, "decoder_layers": 3, "decoder_start_token_id": 2}
    bart |= {"encoder_ffn_dim": 24, "decoder_ffn_dim": 20}
    bart |= {"encoder_attention_heads": 4, "decoder_attention_heads": 2}
    yield Shape("bart", "BartForConditionalGeneration", bart)
    scaled = {"scale_embedding": True, "activation_function": "relu", "decoder_layers": 2}
    yield Shape("bart-scaled", "BartModel", bart | scaled)


# --- making -----------------------------------------------------------------------------------------------------------


def build(shape: Shape) -> transformers.PreTrainedModel:
    """The model in memory, of weights as its file stores them."""
    kind = getattr(transformers, shape.model)
    config = kind.config_class(**shape.settings | {"vocab_size": len(WORDS)})
    config._attn_implementation = "eager"
    model = kind(config).eval()
    make.draw(model, len(shape.name) + sum(map(ord, shape.name)))
    for name, parameter in model.named_parameters():
        from_one = "norm" in name and name.endswith("weight") and shape.model.startswith(("Gemma", "Nemotron"))
        if from_one:
            parameter.data -= 1.0  # gains begin at 1 there
        parameter.data = parameter.data if shape.whole else parameter.data.half().float()
    for name, buffer in model.named_buffers():
        if name.endswith("logits_bias"):
            buffer.copy_(like(buffer, 0.5).float())
    return model


def like(tensor: torch.Tensor, size: float) -> torch.Tensor:
    """Other numbers of this shape, as halves."""
    return (torch.randn(tensor.shape, generator=torch.Generator().manual_seed(tensor.numel())) * size).half()


def write(shape: Shape, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    model = build(shape)
    (model if shape.whole else model.half()).save_pretrained(folder)
    if shape.own_head:
        weights = load_file(folder / "model.safetensors")
        weights["lm_head.weight"] = like(model.get_input_embeddings().weight, 0.4)
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "generation_config.json").unlink(missing_ok=True)
    both_ends = shape.settings.get("cls_token_id") is not None or "ForMaskedLM" in shape.model
    both_ends = both_ends or "Bart" in shape.model
    word_by_word(both_ends).save(str(folder / "tokenizer.json"), pretty=False)
    config = json.loads((folder / "config.json").read_text()) | shape.keys
    kept = {key: value for key, value in config.items() if value is not None or key not in shape.keys}
    (folder / "config.json").write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    for file in folder.iterdir():
        file.chmod(0o644)


def compute(folder: Path) -> Arrays:
    """What transformers makes of the files in a folder."""
    model = make.load(folder)
    if getattr(model.config, "decoder_start_token_id", None) is not None and "Encoder" not in type(model).__name__:
        return of_two_stacks(model, folder)
    module = importlib.import_module(type(model).__module__)
    roles: list[tuple[Any, ...]] = []
    eager = getattr(module, "eager_attention_forward", None)
    if eager is not None:

        def recorded(of: Any, q: Any, k: Any, v: Any, *rest: Any, **named: Any) -> Any:
            before = of.scaling if named.get("scaling") == 1.0 else 1.0  # some divide queries and not scores
            roles.append((q[0] / before, k[0], v[0]))
            return eager(of, q, k, v, *rest, **named)

        module.eager_attention_forward = recorded
    alibi = getattr(module, "build_alibi_tensor", None)
    if type(model).__name__.startswith("Falcon"):
        # Its eager attention adds biases to scores and to the mask; its fast one, which hands on no weights, adds them
        # once, as the models were trained.
        module.build_alibi_tensor = lambda *given, **named: alibi(*given, **named) / 2
    try:
        arrays = make.compute(model, folder, TEXT)
        handed = list(roles)
        with torch.no_grad():
            answer = model(torch.tensor(arrays["ids"])[None])
    finally:
        for name, own in (("eager_attention_forward", eager), ("build_alibi_tensor", alibi)):
            if own is not None:
                setattr(module, name, own)
    if type(model).__name__.startswith("Falcon"):
        fast = type(model).from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa").eval()
        with torch.no_grad():
            same = fast(torch.tensor(arrays["ids"])[None]).logits[0].numpy()
        assert np.abs(same - arrays["logits"]).max() < 1e-5, "both kinds of attention should agree"
    if getattr(answer, "logits", None) is not None and answer.logits.shape[-1] == len(WORDS):
        arrays["logits"] = answer.logits[0].numpy()
    for place, role in enumerate("qkv"):
        if handed:
            arrays[role] = torch.stack([made[place] for made in handed]).numpy()
    return arrays


def of_two_stacks(model: transformers.PreTrainedModel, folder: Path) -> Arrays:
    """What both stacks make of two texts: names of the decoder's numbers begin with decoder_ or cross_."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    encoding, written = tokenizer.encode(TEXT), tokenizer.encode(SECOND).ids
    config = model.config
    ids = [config.decoder_start_token_id, *(written[:-1] if written[-1] == config.eos_token_id else written)]
    module = importlib.import_module(type(model).__module__)
    eager, roles = module.eager_attention_forward, list[tuple[Any, ...]]()

    def recorded(of: Any, q: Any, k: Any, v: Any, *rest: Any, **named: Any) -> Any:
        roles.append((q[0], k[0], v[0]))
        return eager(of, q, k, v, *rest, **named)

    module.eager_attention_forward = recorded
    try:
        with torch.no_grad():
            answer = model(
                torch.tensor([encoding.ids]),
                decoder_input_ids=torch.tensor([ids]),
                output_hidden_states=True,
                output_attentions=True,
            )
    finally:
        module.eager_attention_forward = eager
    arrays = {
        "text": np.array(TEXT),
        "second": np.array(SECOND),
        "ids": np.array(encoding.ids, dtype=np.int64),
        "tokens": np.array(encoding.tokens),
        "decoder_ids": np.array(ids, dtype=np.int64),
        "hidden_states": torch.cat(answer.encoder_hidden_states).numpy(),
        "attentions": torch.cat(answer.encoder_attentions).numpy(),
        "decoder_hidden_states": torch.cat(answer.decoder_hidden_states).numpy(),
        "decoder_attentions": torch.cat(answer.decoder_attentions).numpy(),
        "cross_attentions": torch.cat(answer.cross_attentions).numpy(),
    }
    if getattr(answer, "logits", None) is not None:
        arrays["decoder_logits"] = answer.logits[0].numpy()
    n = len(arrays["attentions"])
    for begin, made in (("", roles[:n]), ("decoder_", roles[n::2]), ("cross_", roles[n + 1 :: 2])):
        for place, role in enumerate("qkv"):
            arrays[f"{begin}{role}"] = torch.stack([each[place] for each in made]).numpy()
    return arrays


PAIRED = ("../bert", "../roberta", "../distilbert", "electra-small", "albert", "mpnet", "modernbert", "xlm-roberta")
"""Folders of models that are given two texts side by side."""


def pair(folder: Path) -> Arrays:
    """What transformers makes of two texts side by side."""
    model, tokenizer = make.load(folder), Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    encoding = tokenizer.encode(TEXT, SECOND)
    given = {"input_ids": torch.tensor([encoding.ids])}
    if getattr(model.config, "type_vocab_size", 1) > 1 and "MPNet" not in type(model).__name__:
        given["token_type_ids"] = torch.tensor([encoding.type_ids])
    with torch.no_grad():
        answer = model(**given, output_hidden_states=True, output_attentions=True)
    return {
        "text": np.array(TEXT),
        "second": np.array(SECOND),
        "ids": np.array(encoding.ids, dtype=np.int64),
        "sequence_ids": np.array([-1 if side is None else side for side in encoding.sequence_ids]),
        "hidden_states": torch.cat(answer.hidden_states).numpy(),
        "attentions": torch.cat(answer.attentions).numpy(),
    }


def far_from_even(arrays: Arrays) -> float:
    """By how much the two most similar heads differ, at the weight where they differ most."""
    return make.between_heads(arrays["attentions"])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help="of the folders to write; all where none is named")
    parser.add_argument("--check", action="store_true", help="compare what is there and write nothing")
    asked = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    wrong = 0
    for shape in shapes():
        if asked.names and shape.name not in asked.names:
            continue
        folder = HERE / shape.name
        if not asked.check:
            write(shape, folder)
            np.savez_compressed(folder / "expected.npz", **compute(folder))
        arrays = make.stored(folder)
        size = sum(file.stat().st_size for file in folder.iterdir()) / 1000
        line = f"{shape.name:20}{size:6.1f} kB  heads differ by {far_from_even(arrays):.3f}"
        if asked.check:
            apart = make.distance(arrays, compute(folder))
            wrong += not apart <= TOLERANCE
            line += f"  difference {apart:.1e}"
        print(line, flush=True)
    for name in PAIRED:
        if not asked.names or name in asked.names or "pairs" in asked.names:
            folder, file = HERE / name, HERE / name / "pair.npz"
            if not asked.check:
                np.savez_compressed(file, **pair(folder))
            with np.load(file) as kept:
                made = pair(folder)
                apart = max(float(np.abs(kept[key] - made[key]).max()) for key in made if made[key].ndim > 1)
            wrong += not apart <= TOLERANCE
            print(f"{name:20} two texts  difference {apart:.1e}", flush=True)
    if wrong:
        raise SystemExit(f"{wrong} folders differ from what transformers computes")


if __name__ == "__main__":
    main()
