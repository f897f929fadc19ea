"""A checkpoint as a GGUF file: names come from the package gguf, and what the converters of llama.cpp do to tensors is
done here again, so that neither comes from the reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from gguf import quants
from safetensors.numpy import load_file

KINDS = gguf.GGMLQuantizationType
Tensors = Iterator[tuple[str, np.ndarray]]
Says = Callable[[Any, dict[str, Any]], object]
SAME = {
    "num_hidden_layers": ("n_layer", "n_layers", "num_layers"),
    "hidden_size": ("n_embd", "d_model", "dim"),
    "num_attention_heads": ("n_head", "n_heads", "num_heads"),
    "intermediate_size": ("n_inner", "d_ff", "ffn_hidden_size", "hidden_dim"),
    "max_position_embeddings": ("n_positions",),
    "head_dim": ("d_kv",),
}
"""What families call a number otherwise."""
NUMBERS = {
    "max_position_embeddings": "context_length",
    "hidden_size": "embedding_length",
    "num_hidden_layers": "block_count",
    "intermediate_size": "feed_forward_length",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "head_dim": "attention.key_length",
    "num_local_experts": "expert_count",
    "num_experts": "expert_count",
    "num_experts_per_tok": "expert_used_count",
    "moe_intermediate_size": "expert_feed_forward_length",
    "shared_expert_intermediate_size": "expert_shared_feed_forward_length",
    "sliding_window": "attention.sliding_window",
    "local_attention": "attention.sliding_window",
    "global_attn_every_n_layers": "attention.sliding_window_pattern",
    "num_decoder_layers": "decoder_block_count",
    "relative_attention_num_buckets": "attention.relative_buckets_count",
    "decoder_start_token_id": "decoder_start_token_id",
}
AMOUNTS = {
    "rms_norm_eps": "attention.layer_norm_rms_epsilon",
    "layer_norm_eps": "attention.layer_norm_epsilon",
    "layer_norm_epsilon": "attention.layer_norm_epsilon",
    "norm_epsilon": "attention.layer_norm_epsilon",
    "norm_eps": "attention.layer_norm_epsilon",
    "attention_multiplier": "attention.scale",
    "embedding_multiplier": "embedding_scale",
    "residual_multiplier": "residual_scale",
    "logits_scaling": "logit_scale",
    "logit_scale": "logit_scale",
    "attn_logit_softcapping": "attn_logit_softcapping",
    "final_logit_softcapping": "final_logit_softcapping",
}
ADDED = ("gemma", "gemma2", "gemma3", "nemotron")
"""Architectures whose norms are stored with their 1."""
LEFT = (".attention.masked_bias", ".attention.bias", ".rotary_emb.inv_freq")
"""What converters leave out."""
TURNED = ("llama", "arcee", "granite", "smollm3")
"""Those whose queries and keys lie in pairs."""


def write(
    folder: Path,
    path: Path,
    architecture: str,
    tensors: dict[str, np.ndarray] | None = None,
    kind: Callable[[str], Any] = lambda own: KINDS.F32,
    besides: Says = lambda writer, said: None,
    **other: float,
) -> Path:
    """A folder as a GGUF file, with a vocabulary of its own; the words of the test are given as numbers."""
    said = config_of(folder)
    writer = gguf.GGUFWriter(str(path), architecture)
    for key, own in NUMBERS.items():
        if said.get(key) is not None:
            writer.add_uint32(f"{architecture}.{own}", said[key])
    if said.get("head_dim") is not None:
        writer.add_uint32(f"{architecture}.attention.value_length", said["head_dim"])
    for key, own in AMOUNTS.items():
        if said.get(key) is not None:
            writer.add_float32(f"{architecture}.{own}", said[key])
    ARCHITECTURE_SAYS.get(architecture, lambda writer, said: None)(writer, said)
    besides(writer, said)
    for own, value in other.items():
        writer.add_float32(f"{architecture}.{own}", value)
    rotation(writer, architecture, said)
    words = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    every = sorted(words, key=words.__getitem__) + [f"[PAD{place}]" for place in range(len(words), said["vocab_size"])]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(every)
    writer.add_token_types([1] * len(every))
    writer.add_token_scores([0.0] * len(every))
    if said.get("eos_token_id") is not None:
        writer.add_eos_token_id(said["eos_token_id"])
    for own, tensor in converted(folder, architecture, said, tensors):
        numbers = np.ascontiguousarray(tensor)
        if kind(own) is KINDS.F32:
            writer.add_tensor(own, numbers)
        else:
            writer.add_tensor(own, quants.quantize(numbers, kind(own)), raw_dtype=kind(own))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def config_of(folder: Path) -> dict[str, Any]:
    """What config.json says, in the words of most."""
    said: dict[str, Any] = json.loads((folder / "config.json").read_text())
    for key, others in SAME.items():
        for other in others:
            if said.get(key) is None and said.get(other) is not None:
                said[key] = said[other]
    if said.get("intermediate_size") is None:
        said["intermediate_size"] = 4 * said["hidden_size"]
    said.setdefault("max_position_embeddings", 2048)
    said.setdefault("num_key_value_heads", said["num_attention_heads"])
    if said["model_type"] == "falcon":
        new = said["new_decoder_architecture"]
        said["num_key_value_heads"] = said["num_kv_heads"] if new else 1
    if said["model_type"] in ("roberta", "xlm-roberta", "camembert"):
        said["max_position_embeddings"] -= said["pad_token_id"] + 1
    if said["model_type"] == "distilbert":
        said["layer_norm_eps"] = 1e-12
    return said


def rotation(writer: Any, architecture: str, said: dict[str, Any]) -> None:
    rope = said.get("rope_scaling") or said.get("rope_parameters") or {}
    rope = {"rope_theta": said.get("rope_theta", said.get("rotary_emb_base"))} | rope
    if "sliding_attention" in rope:
        writer.add_float32(f"{architecture}.rope.freq_base_swa", rope["sliding_attention"]["rope_theta"])
        rope = rope["full_attention"]
    if rope.get("rope_type") in ("linear", "yarn"):
        writer.add_string(f"{architecture}.rope.scaling.type", rope["rope_type"])
        writer.add_float32(f"{architecture}.rope.scaling.factor", rope["factor"])
    before = said.get("original_max_position_embeddings", rope.get("original_max_position_embeddings"))
    if before is not None:
        writer.add_uint32(f"{architecture}.rope.scaling.original_context_length", before)
    for key in ("beta_fast", "beta_slow"):
        if key in rope:
            writer.add_float32(f"{architecture}.rope.scaling.yarn_{key}", rope[key])
    if rope["rope_theta"] is not None:
        d_k = said.get("head_dim") or said["hidden_size"] // said["num_attention_heads"]
        share = rope.get("partial_rotary_factor", said.get("partial_rotary_factor", said.get("rotary_pct", 1.0)))
        writer.add_float32(f"{architecture}.rope.freq_base", rope["rope_theta"])
        writer.add_uint32(f"{architecture}.rope.dimension_count", int(d_k * share))


ARCHITECTURE_SAYS: dict[str, Says] = {
    "gptneox": lambda writer, said: writer.add_parallel_residual(said.get("use_parallel_residual", True)),
    "stablelm": lambda writer, said: writer.add_parallel_residual(said.get("use_parallel_residual", True)),
    "bert": lambda writer, said: (
        writer.add_causal_attention(False),
        writer.add_token_type_count(said.get("type_vocab_size", 1)),
    ),
    "modern-bert": lambda writer, said: writer.add_causal_attention(False),
    "gpt-oss": lambda writer, said: writer.add_expert_feed_forward_length(said["intermediate_size"]),
    "t5": lambda writer, said: writer.add_layer_norm_rms_eps(said["layer_norm_epsilon"]),
    "t5encoder": lambda writer, said: writer.add_layer_norm_rms_eps(said["layer_norm_epsilon"]),
}
"""What converters write of some architectures alone."""


def converted(
    folder: Path, architecture: str, said: dict[str, Any], tensors: dict[str, np.ndarray] | None = None
) -> Tensors:
    """The tensors of a folder as the converter writes them."""
    kinds = {name: kind for kind, name in gguf.MODEL_ARCH_NAMES.items()}
    layers = max(said["num_hidden_layers"], said.get("num_decoder_layers") or 0)
    table = gguf.get_tensor_name_map(kinds[architecture], layers)
    loaded = load_file(folder / "model.safetensors") if tensors is None else tensors
    plain: Iterable[tuple[str, np.ndarray]] = (
        (name, np.asarray(tensor, np.float32)) for name, tensor in sorted(loaded.items()) if not name.endswith(LEFT)
    )
    for name, numbers in CONVERTERS.get(architecture, together)(plain, said):
        own = table.get_name(name, (".weight", ".bias"))
        assert own is not None, name
        if name.endswith("norm.weight") and architecture in ADDED:
            numbers = numbers + 1
        heads = {"attn_q": said["num_attention_heads"], "attn_k": said["num_key_value_heads"]}
        if architecture in TURNED and own.split(".")[-2] in heads:
            numbers = side_by_side(numbers, heads[own.split(".")[-2]])
        yield own, numbers
    rope = said.get("rope_scaling") or {}
    for length in ("short", "long"):
        if f"{length}_factor" in rope:
            yield f"rope_factors_{length}.weight", np.array(rope[f"{length}_factor"], np.float32)


def side_by_side(rows: np.ndarray, heads: int) -> np.ndarray:
    """As llama's queries and keys lie there: the two of a pair next to one another."""
    return rows.reshape(heads, 2, len(rows) // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def together(tensors: Iterable[tuple[str, np.ndarray]], said: dict[str, Any]) -> Tensors:
    """What several experts, or the norms of several heads, have in tensors of their own, in one."""
    stacked: dict[str, dict[int, np.ndarray]] = {}
    for name, numbers in tensors:
        one = re.search(r"\.(experts|norms)\.(\d+)\.", name)
        if one is None:
            yield name, numbers
        else:
            whole = name.replace(one[0], ".experts." if one[1] == "experts" else ".")
            stacked.setdefault(whole, {})[int(one[2])] = numbers
    for whole, each in stacked.items():
        yield whole, np.stack([each[number] for number in sorted(each)])


def of_heads(tensors: Iterable[tuple[str, np.ndarray]], said: dict[str, Any]) -> Tensors:
    """Bloom and GPT-NeoX: queries, keys and values of each head, put behind one another."""
    heads = said["num_attention_heads"]
    for name, numbers in tensors:
        name = name.removeprefix("transformer.")
        if "query_key_value" in name:
            each = numbers.reshape(heads, 3, len(numbers) // heads // 3, *numbers.shape[1:])
            numbers = np.concatenate([each[:, role].reshape(-1, *numbers.shape[1:]) for role in range(3)])
        yield name, numbers


def of_groups(tensors: Iterable[tuple[str, np.ndarray]], said: dict[str, Any]) -> Tensors:
    """Falcon: the queries of a group with their key and value, put behind one another."""
    heads, groups = said["num_attention_heads"], said["num_key_value_heads"]
    for name, numbers in tensors:
        if "query_key_value" in name:
            rest = numbers.shape[1:]
            each = numbers.reshape(groups, heads // groups + 2, said["hidden_size"] // heads, *rest)
            parts = (each[:, :-2], each[:, [-2]], each[:, [-1]])
            numbers = np.concatenate([part.reshape(-1, *rest) for part in parts])
        yield name, numbers


def of_oss(tensors: Iterable[tuple[str, np.ndarray]], said: dict[str, Any]) -> Tensors:
    """gpt-oss: gate and up apart, and all matrices [out, in]."""
    for name, numbers in tensors:
        stem = name.removesuffix("_bias")
        part = "weight" if stem == name else "bias"
        if name.endswith("sinks"):
            yield f"{name}.weight", numbers
        elif stem.endswith("down_proj"):
            yield f"{stem}.{part}", numbers.swapaxes(-1, -2) if part == "weight" else numbers
        elif stem.endswith("gate_up_proj"):
            numbers = numbers.swapaxes(-1, -2) if part == "weight" else numbers
            for place, role in enumerate(("gate_proj", "up_proj")):
                yield f"{stem.replace('gate_up_proj', role)}.{part}", numbers[:, place::2]
        else:
            yield name, numbers


def of_encoders(tensors: Iterable[tuple[str, np.ndarray]], said: dict[str, Any]) -> Tensors:
    """Bert and its kin: no head, and positions from the first that is used."""
    left = ("cls.", "lm_head.", "vocab_", "head.", "decoder.", "pooler.")
    for name, numbers in tensors:
        name = re.sub(r"^(bert|roberta|distilbert|model)\.", "", name)
        if name.startswith(left):
            continue
        if name == "embeddings.position_embeddings.weight" and len(numbers) > said["max_position_embeddings"]:
            numbers = numbers[len(numbers) - said["max_position_embeddings"] :]
        yield name, numbers


CONVERTERS: dict[str, Callable[[Iterable[tuple[str, np.ndarray]], dict[str, Any]], Tensors]] = {
    "bloom": of_heads,
    "gptneox": of_heads,
    "falcon": of_groups,
    "gpt-oss": of_oss,
    "bert": of_encoders,
    "modern-bert": of_encoders,
}
