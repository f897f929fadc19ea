"""Each architecture of GGUF files gives the numbers of the checkpoint that a file was made of.

Names come from the package gguf and not from the reader; what the converters of llama.cpp do to some tensors is done
here again.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")
pytest.importorskip("gguf")

import gguf
from safetensors.numpy import load_file
from stored import FAMILIES, NEAR, stored_family

from kitten_tui.sources.checkpoint.gguf_architectures import ARCHITECTURES, MIXTRAL
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.errors import SourceError

MADE = {
    "gemma": "gemma",
    "gemma-biased": "gemma",
    "gemma2": "gemma2",
    "gemma3_text": "gemma3",
    "phi3": "phi3",
    "phi3-longrope": "phi3",
    "smollm3": "smollm3",
    "seed_oss": "seed_oss",
    "olmo2": "olmo2",
    "starcoder2": "starcoder2",
    "starcoder2-plain": "starcoder2",
    "stablelm": "stablelm",
    "nemotron": "nemotron",
    "arcee": "arcee",
    "granite": "granite",
    "granite-plain": "granite",
    "cohere": "command-r",
    "mixtral": "llama",
    "mixtral-sliding": "llama",
    "qwen2_moe": "qwen2moe",
    "qwen3_moe": "qwen3moe",
}
"""Folders, and what their files call the architecture."""
CHANGED: dict[str, dict[str, Any]] = {
    "gemma2": {"query_pre_attn_scalar": 8},
    "gemma3_text": {"query_pre_attn_scalar": 8, "layer_types": None},
    "smollm3": {"no_rope_layers": [1, 1]},
    "qwen3_moe": {"norm_topk_prob": True},
}
"""What no file of the architecture can say otherwise."""
ELSEWHERE = {"llama", "qwen2", "qwen3", "gpt2"}
"""What test_gguf.py has."""
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
}
AMOUNTS = {
    "rms_norm_eps": "attention.layer_norm_rms_epsilon",
    "layer_norm_eps": "attention.layer_norm_epsilon",
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


def test_every_architecture_is_tested():
    assert {*MADE.values(), *ELSEWHERE} == set(ARCHITECTURES)


def side_by_side(rows: np.ndarray, heads: int) -> np.ndarray:
    """As llama's queries and keys lie there: the two of a pair next to one another."""
    return rows.reshape(heads, 2, len(rows) // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def tensors_of(folder: Path, architecture: str, said: dict[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
    """The tensors of a folder as the converter writes them."""
    kinds = {name: kind for kind, name in gguf.MODEL_ARCH_NAMES.items()}
    table = gguf.get_tensor_name_map(kinds[architecture], said["num_hidden_layers"])
    stacked: dict[str, dict[int, np.ndarray]] = {}
    heads = {"attn_q": said["num_attention_heads"], "attn_k": said.get("num_key_value_heads")}
    for name, tensor in load_file(folder / "model.safetensors").items():
        numbers = np.asarray(tensor, np.float32)
        expert = re.search(r"\.experts\.(\d+)\.", name)
        own = table.get_name(name if expert is None else name.replace(expert[0], ".experts."), (".weight", ".bias"))
        assert own is not None, name
        if name.endswith("norm.weight") and architecture in ("gemma", "gemma2", "gemma3", "nemotron"):
            numbers = numbers + 1
        if architecture in ("llama", "arcee", "granite", "smollm3") and own.split(".")[-2] in heads:
            numbers = side_by_side(numbers, heads[own.split(".")[-2]])
        if expert is None:
            yield own, numbers
        else:
            stacked.setdefault(own, {})[int(expert[1])] = numbers
    rope = said.get("rope_scaling") or {}
    for length in ("short", "long"):
        if f"{length}_factor" in rope:
            yield f"rope_factors_{length}.weight", np.array(rope[f"{length}_factor"], np.float32)
    for own, each in stacked.items():
        yield own, np.stack([each[number] for number in sorted(each)])


def write(folder: Path, path: Path, architecture: str, **other: float) -> Path:
    """A folder as a GGUF file, with a vocabulary of its own; the words of the test are given as numbers."""
    said = json.loads((folder / "config.json").read_text())
    said.setdefault("num_key_value_heads", said["num_attention_heads"])
    writer = gguf.GGUFWriter(str(path), architecture)
    for key, own in NUMBERS.items():
        if said.get(key) is not None:
            writer.add_uint32(f"{architecture}.{own}", said[key])
    if said.get("head_dim") is not None:
        writer.add_uint32(f"{architecture}.attention.value_length", said["head_dim"])
    for key, own in AMOUNTS.items():
        if said.get(key) is not None:
            writer.add_float32(f"{architecture}.{own}", said[key])
    for own, value in other.items():
        writer.add_float32(f"{architecture}.{own}", value)
    rope = said.get("rope_parameters") or {"rope_theta": said.get("rope_theta")}
    if "sliding_attention" in rope:
        writer.add_float32(f"{architecture}.rope.freq_base_swa", rope["sliding_attention"]["rope_theta"])
        rope = rope["full_attention"]
    if rope.get("rope_type") == "linear":
        writer.add_string(f"{architecture}.rope.scaling.type", "linear")
        writer.add_float32(f"{architecture}.rope.scaling.factor", rope["factor"])
    if "original_max_position_embeddings" in said:
        before = said["original_max_position_embeddings"]
        writer.add_uint32(f"{architecture}.rope.scaling.original_context_length", before)
    if rope["rope_theta"] is not None:
        d_k = said.get("head_dim") or said["hidden_size"] // said["num_attention_heads"]
        writer.add_float32(f"{architecture}.rope.freq_base", rope["rope_theta"])
        writer.add_uint32(f"{architecture}.rope.dimension_count", int(d_k * rope.get("partial_rotary_factor", 1.0)))
    words = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(list(words))
    writer.add_token_types([1] * len(words))
    writer.add_token_scores([0.0] * len(words))
    for own, tensor in tensors_of(folder, architecture, said):
        writer.add_tensor(own, np.ascontiguousarray(tensor))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def computed(model: Model, name: str) -> Reading:
    reading = Reading(model, str(stored_family(name)["text"]))
    reading.compute()
    return reading


def weights(reading: Reading) -> np.ndarray:
    """[layer, head, query, key]"""
    heads, layers = range(reading.n_heads), range(reading.n_layers)
    return np.array([[reading.trace(n, h, reading.settings)["weights"] for h in heads] for n in layers])


@pytest.mark.parametrize("name", MADE)
def test_a_file_gives_the_numbers_of_its_checkpoint(name, tmp_path):
    folder = tmp_path / name
    shutil.copytree(FAMILIES / name, folder)
    said = json.loads((folder / "config.json").read_text()) | CHANGED.get(name, {})
    (folder / "config.json").write_text(json.dumps(said))
    twin = computed(Model(folder), name)
    if name not in CHANGED:
        assert weights(twin) == pytest.approx(stored_family(name)["attentions"], abs=NEAR)
    model = Model(tmp_path, weights=write(folder, tmp_path / "tiny.gguf", MADE[name]))
    model.tokens = twin.model.tokens
    reading = computed(model, name)
    assert weights(reading) == pytest.approx(weights(twin), abs=NEAR)
    assert reading.stream(reading.n_layers) == pytest.approx(twin.stream(reading.n_layers), rel=NEAR, abs=NEAR)
    for place in (0, 5):
        ends = [one.logits(one.last(twin.stream(twin.n_layers)[place])) for one in (twin.model, model)]
        assert ends[1] == pytest.approx(ends[0], rel=NEAR, abs=NEAR)


def test_experts_of_a_llama_are_those_of_a_mixtral(tmp_path):
    model = Model(tmp_path, weights=write(FAMILIES / "mixtral", tmp_path / "tiny.gguf", "llama"))
    assert model.config.model_type == MIXTRAL.family


@pytest.mark.parametrize(
    ("name", "key"), [("stablelm", "attention.scale"), ("olmo2", "logit_scale"), ("starcoder2", "attention.clamp_kqv")]
)
def test_what_would_change_the_numbers_is_refused_by_name(name, key, tmp_path):
    path = write(FAMILIES / name, tmp_path / "tiny.gguf", MADE[name], **{key: 2.0})
    with pytest.raises(SourceError, match=re.escape(f"{MADE[name]}.{key}: expected none")):
        Model(tmp_path, weights=path)
