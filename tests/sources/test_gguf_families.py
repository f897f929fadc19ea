"""Each architecture of GGUF files gives the numbers of the checkpoint that a file was made of."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")
pytest.importorskip("gguf")

from gguf import quants
from gguf_files import KINDS, config_of, converted, write
from safetensors.numpy import load_file, save_file
from stored import FAMILIES, NEAR, expected, stored_family

from kitten_tui.sources.checkpoint.gguf_architectures import ARCHITECTURES, MIXTRAL
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.checkpoint.texts import TWO_STACKS, open_texts
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
    "stablelm-parallel": "stablelm",
    "cohere-normed": "command-r",
    "falcon": "falcon",
    "falcon-new": "falcon",
    "falcon-one-norm": "falcon",
    "bloom": "bloom",
    "bloom-six": "bloom",
    "gpt_bigcode": "starcoder",
    "phi": "phi2",
    "glm": "chatglm",
    "glm-plain": "chatglm",
    "gpt_oss": "gpt-oss",
    "gpt_oss-yarn": "gpt-oss",
    "modernbert": "modern-bert",
    "xlm-roberta": "bert",
    "camembert": "bert",
    "../llama-yarn": "llama",
    "../bert": "bert",
    "../distilbert": "bert",
    "../roberta": "bert",
    "../gpt_neox": "gptneox",
    "../gpt_neox-serial": "gptneox",
}
"""Folders, and what their files call the architecture."""
CHANGED: dict[str, dict[str, Any]] = {
    "gemma2": {"query_pre_attn_scalar": 8},
    "gemma3_text": {"query_pre_attn_scalar": 8, "layer_types": None},
    "smollm3": {"no_rope_layers": [1, 1]},
    "qwen3_moe": {"norm_topk_prob": True},
    "gpt_oss": {"swiglu_limit": 7.0},
    "gpt_oss-yarn": {"layer_types": None},
    "t5": {"relative_attention_max_distance": 128},
    "mt5": {"relative_attention_max_distance": 128},
}
"""What no file of the architecture can say otherwise."""
ELSEWHERE = {"llama", "qwen2", "qwen3", "gpt2"}
"""What test_gguf.py has."""
STACKED = {"t5": "t5", "t5-gated": "t5", "mt5": "t5"}
"""Folders of an encoder and a decoder."""
EQUAL = 1e-5
"""How near a file has to come to its folder: both are the same numbers in other places."""


def test_every_architecture_is_tested():
    assert {*MADE.values(), *ELSEWHERE, *STACKED.values(), "t5encoder"} == set(ARCHITECTURES)


def wanted(name: str) -> dict[str, np.ndarray]:
    """What transformers computed of a folder."""
    return expected(name.removeprefix("../")) if name.startswith("../") else stored_family(name)


def computed(model: Model, name: str) -> Reading:
    reading = Reading(model, str(wanted(name)["text"]))
    reading.compute()
    return reading


def copied(name: str, tmp_path: Path) -> Path:
    """A folder, with what no file can say otherwise."""
    folder = tmp_path / "folder"
    shutil.copytree(FAMILIES / name, folder)
    said = json.loads((folder / "config.json").read_text()) | CHANGED.get(name, {})
    (folder / "config.json").write_text(json.dumps(said))
    return folder


def twins(name: str, architecture: str, tmp_path: Path) -> tuple[Model, Model]:
    """The model of a folder, and that of a file which was made of it."""
    folder = copied(name, tmp_path)
    twin, model = Model(folder), Model(tmp_path, weights=write(folder, tmp_path / "tiny.gguf", architecture))
    for stack in model.stacks:
        stack.tokens = twin.tokens
    return twin, model


def weights(reading: Reading) -> np.ndarray:
    """[layer, head, query, key]"""
    heads, layers = range(reading.n_heads), range(reading.n_layers)
    return np.array([[reading.trace(n, h, reading.settings)["weights"] for h in heads] for n in layers])


@pytest.mark.parametrize("name", MADE)
@pytest.mark.first_is_quick
def test_a_file_gives_the_numbers_of_its_checkpoint(name, tmp_path):
    twin, reading = (computed(model, name) for model in twins(name, MADE[name], tmp_path))
    model = reading.model
    if name not in CHANGED:
        assert weights(twin) == pytest.approx(wanted(name)["attentions"], abs=NEAR)
    assert weights(reading) == pytest.approx(weights(twin), abs=EQUAL)
    assert reading.stream(reading.n_layers) == pytest.approx(twin.stream(reading.n_layers), rel=EQUAL, abs=EQUAL)
    assert model.says_next is (model.config.family.fitting is None)
    for place in (0, 5) if model.says_next else ():
        ends = [one.logits(one.last(twin.stream(twin.n_layers)[place])) for one in (twin.model, model)]
        assert ends[1] == pytest.approx(ends[0], rel=EQUAL, abs=EQUAL)


@pytest.mark.parametrize("part", TWO_STACKS)
@pytest.mark.parametrize("name", STACKED)
@pytest.mark.first_is_quick
def test_a_file_of_two_stacks_gives_the_numbers_of_its_checkpoint(name, part, tmp_path):
    told = stored_family(name)
    readings = []
    for model in twins(name, STACKED[name], tmp_path):
        readings.append(open_texts(model, str(told["text"]), str(told["second"]), part))
        readings[-1].compute()
    twin, reading = readings
    begin = "" if part == "encoder" else f"{part}_"
    if name not in CHANGED:
        assert weights(twin) == pytest.approx(told[f"{begin}attentions"], abs=NEAR)
    assert weights(reading) == pytest.approx(weights(twin), abs=EQUAL)
    if part == "decoder":
        last = twin.stream(twin.n_layers)
        ends = [[one.model.logits(one.model.last(row)) for row in last] for one in readings]
        assert np.array(ends[1]) == pytest.approx(np.array(ends[0]), rel=EQUAL, abs=EQUAL)


@pytest.mark.parametrize("name", ["t5-encoder", "t5-gated"])
def test_an_encoder_alone_gives_the_numbers_of_its_checkpoint(name, tmp_path):
    folder = copied(name, tmp_path)
    said = json.loads((folder / "config.json").read_text()) | {"architectures": ["T5EncoderModel"]}
    (folder / "config.json").write_text(json.dumps(said))
    tensors = load_file(folder / "model.safetensors")
    kept = {one: numbers for one, numbers in tensors.items() if one.startswith(("encoder.", "shared."))}
    save_file(kept, folder / "model.safetensors")
    twin, model = Model(folder), Model(tmp_path, weights=write(folder, tmp_path / "a.gguf", "t5encoder"))
    model.tokens = twin.tokens
    assert model.decoder is None
    of_folder = weights(computed(twin, name))
    assert of_folder == pytest.approx(stored_family(name)["attentions"], abs=NEAR)
    assert weights(computed(model, name)) == pytest.approx(of_folder, abs=EQUAL)


def test_a_head_that_is_the_embedding_over_again_is_tied(tmp_path):
    """Old files of t5 have it twice, and the last vector is divided by √d_model for it."""
    folder = copied("t5", tmp_path)
    tensors = load_file(folder / "model.safetensors")
    draw = np.random.RandomState(5).normal(size=tensors["shared.weight"].shape)
    for head, factor in ((tensors["shared.weight"] * 1.02, 0.25), (draw, None)):
        path = write(folder, tmp_path / "tiny.gguf", "t5", tensors | {"lm_head.weight": head.astype("f4")})
        decoder = Model(tmp_path, weights=path).decoder
        assert decoder is not None
        assert decoder.config.amounts.get("logit_factor") == factor


def test_experts_in_four_bits_are_those_that_the_package_makes_of_them(tmp_path):
    """As gpt-oss is stored: blocks of 32 with a power of 2 each."""
    folder = copied("gpt_oss", tmp_path)
    said = config_of(folder) | {"hidden_size": 64, "intermediate_size": 32}
    (folder / "config.json").write_text(json.dumps(said))
    draw = np.random.RandomState(3)
    tensors = {}
    for name, tensor in load_file(folder / "model.safetensors").items():
        wide = {16: 64, 24: 32, 48: 64} if "experts" in name else {16: 64}
        shape = tuple(wide.get(size, size) for size in tensor.shape)
        if "self_attn" in name:  # heads stay as wide as they are
            inner = {"q_proj.weight": (32, 64), "o_proj.weight": (64, 32), "o_proj.bias": (64,)}
            inner |= {f"{role}_proj.weight": (16, 64) for role in "kv"}
            shape = next((wide_ for end, wide_ in inner.items() if name.endswith(end)), tensor.shape)
        tensors[name] = (draw.normal(size=shape) * 0.2 + ("norm" in name)).astype("f4")
    save_file(tensors, folder / "model.safetensors")
    path = write(folder, tmp_path / "tiny.gguf", "gpt-oss", kind=_four_bits)
    files = dict(converted(folder, "gpt-oss", said))
    for name in tensors:
        if name.endswith(("gate_up_proj", "down_proj")):
            layer = name.split(".")[2]
            parts = ("gate", "up") if "gate_up" in name else ("down",)
            rounded = [_rounded(files[f"blk.{layer}.ffn_{part}_exps.weight"]) for part in parts]  # [expert, out, in]
            tensors[name] = np.stack(rounded, axis=2).reshape(len(rounded[0]), -1, rounded[0].shape[-1]).swapaxes(1, 2)
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, folder / "model.safetensors")
    twin, model = Model(folder), Model(tmp_path, weights=path)
    model.tokens = twin.tokens
    of_folder, of_file = computed(twin, "gpt_oss"), computed(model, "gpt_oss")
    assert weights(of_file) == pytest.approx(weights(of_folder), abs=EQUAL)
    assert of_file.stream(2) == pytest.approx(of_folder.stream(2), rel=EQUAL, abs=EQUAL)
    assert of_file.model_facts["quantised"] == "MXFP4, F32"


def _four_bits(own: str) -> object:
    return KINDS.MXFP4 if own.endswith("_exps.weight") else KINDS.F32


def _rounded(numbers: np.ndarray) -> np.ndarray:
    return quants.dequantize(quants.quantize(np.ascontiguousarray(numbers), KINDS.MXFP4), KINDS.MXFP4)


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


@pytest.mark.parametrize(("architecture", "name"), [("gpt-oss", "gpt_oss"), ("gemma2", "gemma2")])
def test_windows_that_a_file_says_of_each_layer_are_obeyed(architecture, name, tmp_path):
    def pattern(writer: Any, said: dict[str, Any]) -> None:
        writer.add_array(f"{architecture}.attention.sliding_window_pattern", [False, True])

    path = write(FAMILIES / name, tmp_path / "tiny.gguf", architecture, besides=pattern)
    assert Model(tmp_path, weights=path).config.windows == (None, 3)


def test_windows_in_another_order_are_refused_by_name(tmp_path):
    def pattern(writer: Any, said: dict[str, Any]) -> None:
        writer.add_uint32("gpt-oss.attention.sliding_window_pattern", 3)

    path = write(FAMILIES / "gpt_oss", tmp_path / "tiny.gguf", "gpt-oss", besides=pattern)
    with pytest.raises(SourceError, match=r"gpt-oss\.attention\.sliding_window_pattern: expected 2, found 3"):
        Model(tmp_path, weights=path)


def test_more_heads_than_numbers_in_a_vector_are_refused(tmp_path):
    folder = copied("stablelm", tmp_path)
    said = json.loads((folder / "config.json").read_text())
    said |= {"num_attention_heads": 64, "num_key_value_heads": 64, "rope_parameters": {"rope_theta": None}}
    (folder / "config.json").write_text(json.dumps(said))
    path = write(folder, tmp_path / "tiny.gguf", "stablelm")
    with pytest.raises(SourceError, match="expected at most the 1 dimensions of a head in pairs"):
        Model(tmp_path, weights=path)


JOINED = {
    "phi": ("phi2", "transformer.h.{n}.mixer.Wqkv"),
    "glm": ("chatglm", "encoder.layers.{n}.self_attention.query_key_value"),
    "glm-plain": ("chatglm", "encoder.layers.{n}.self_attention.query_key_value"),
}
"""What older checkpoints of a family call queries, keys and values in one."""


@pytest.mark.parametrize("name", JOINED)
@pytest.mark.first_is_quick
def test_older_files_have_queries_keys_and_values_in_one(name, tmp_path):
    architecture, joined = JOINED[name]
    folder = copied(name, tmp_path)
    tensors = load_file(folder / "model.safetensors")
    for layer, part in ((layer, part) for layer in range(2) for part in ("weight", "bias")):
        names = [f"model.layers.{layer}.self_attn.{role}_proj.{part}" for role in "qkv"]
        if names[0] in tensors:
            tensors[f"{joined.format(n=layer)}.{part}"] = np.concatenate([tensors.pop(one) for one in names])
    twin, model = Model(folder), Model(tmp_path, weights=write(folder, tmp_path / "a.gguf", architecture, tensors))
    model.tokens = twin.tokens
    assert weights(computed(model, name)) == pytest.approx(weights(computed(twin, name)), abs=EQUAL)
