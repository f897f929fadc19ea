"""Other configurations of the same weights, adapters, other names: the numbers stay those of transformers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from safetensors.numpy import load_file, save_file
from stored import CHECKPOINTS, NEAR, expected

from kitten_tui.sources.checkpoint.model import Model, open_model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.errors import SourceError
from kitten_tui.stages import stages_of

WEIGHTS = "model.safetensors"


@cache
def variants() -> dict[str, np.ndarray]:
    with np.load(CHECKPOINTS / "variants.npz", allow_pickle=False) as file:
        return dict(file)


CHANGED = sorted(key.removesuffix("/changes") for key in variants() if key.endswith("/changes"))
ADAPTED = sorted(path.parent.name for path in CHECKPOINTS.glob("adapters/*/adapter_config.json"))


def read(model: Model, name: str) -> Reading:
    reading = Reading(model, str(expected(name)["text"]))
    reading.compute()
    return reading


def weights(reading: Reading) -> np.ndarray:
    """[layer, head, query, key]"""
    heads, layers = range(reading.n_heads), range(reading.n_layers)
    return np.array([[reading.trace(n, h, reading.settings)["weights"] for h in heads] for n in layers])


def logits(reading: Reading) -> np.ndarray:
    """[token, vocabulary]"""
    model = reading.model
    return np.array([model.logits(model.last(row)) for row in reading.stream(reading.n_layers)])


def copy(name: str, tmp_path: Path, **said: Any) -> Path:
    """A copy of a checkpoint with other words in config.json; ... leaves one out."""
    folder = Path(shutil.copytree(CHECKPOINTS / name, tmp_path / "model"))
    values = json.loads((folder / "config.json").read_text()) | said
    kept = {key: value for key, value in values.items() if value is not ...}
    (folder / "config.json").write_text(json.dumps(kept))
    return folder


def changed(name: str, tmp_path: Path) -> tuple[Path, str]:
    about = json.loads(str(variants()[f"{name}/changes"]))
    said = {key: ... if key in about["left out"] else value for key, value in about["said"].items()}
    return copy(about["folder"], tmp_path, **said), about["folder"]


@pytest.mark.parametrize("name", CHANGED)
@pytest.mark.first_is_quick
def test_another_configuration_gives_the_weights_of_transformers(name, tmp_path):
    folder, source = changed(name, tmp_path)
    assert weights(read(Model(folder), source)) == pytest.approx(variants()[f"{name}/attentions"], abs=NEAR)


@pytest.mark.parametrize("name", [name for name in CHANGED if f"{name}/logits" in variants()])
def test_a_model_that_fills_gaps_says_what_fits_as_transformers_does(name, tmp_path):
    folder, source = changed(name, tmp_path)
    reading = read(Model(folder), source)
    assert logits(reading) == pytest.approx(variants()[f"{name}/logits"], abs=NEAR)
    assert (reading.next_tokens is not None, stages_of(reading)[-1].id) == (True, "fitting")


@pytest.mark.parametrize("name", ADAPTED)
def test_an_adapter_beside_its_base_gives_what_the_merged_model_gives(name):
    model = open_model(str(CHECKPOINTS / "adapters" / name))
    base = Path(
        json.loads((CHECKPOINTS / "adapters" / name / "adapter_config.json").read_text())["base_model_name_or_path"]
    )
    reading = read(model, base.name)
    assert weights(reading) == pytest.approx(variants()[f"adapter {name}/attentions"], abs=NEAR)
    if reading.next_tokens is not None:
        assert logits(reading) == pytest.approx(variants()[f"adapter {name}/logits"], abs=NEAR)


# The same model, written otherwise


def rewritten(folder: Path, change: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]) -> Path:
    tensors = {name: tensor.copy() for name, tensor in load_file(folder / WEIGHTS).items()}
    save_file({name: np.array(tensor, order="C") for name, tensor in change(tensors).items()}, folder / WEIGHTS)
    return folder


def renamed(prefix: str, new: str) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
    return lambda tensors: {new + name.removeprefix(prefix): tensor for name, tensor in tensors.items()}


def same(folder: Path, name: str, near: float = NEAR, **how: Any) -> Reading:
    reading = read(open_model(str(folder), **how), name)
    assert weights(reading) == pytest.approx(expected(name)["attentions"], abs=near)
    if "logits" in expected(name):
        assert logits(reading) == pytest.approx(expected(name)["logits"], abs=near)
    return reading


PREFIXES = {
    "gpt2": "transformer.",
    "gpt_neox": "gpt_neox.",
    "llama": "model.",
    "qwen2": "model.",
    "bert": "bert.",
    "distilbert": "distilbert.",
    "roberta": "roberta.",
}


@pytest.mark.parametrize("new", ["module.", "_orig_mod.", "language_model.", "0.auto_model."])
@pytest.mark.parametrize("name", PREFIXES)
@pytest.mark.first_is_quick
def test_whatever_stands_before_all_names_is_read_from_them(name, new, tmp_path):
    same(rewritten(copy(name, tmp_path), renamed("", new)), name)


@pytest.mark.parametrize("name", PREFIXES)
def test_a_family_that_is_not_named_is_that_of_the_names(name, tmp_path):
    same(copy(name, tmp_path, model_type=..., architectures=...), name)


def test_a_family_that_names_leave_open_is_that_of_the_architecture(tmp_path):
    folder = copy("roberta", tmp_path, model_type=...)
    same(rewritten(folder, renamed("roberta.", "")), "roberta")


def test_a_family_that_nothing_decides_is_refused(tmp_path):
    folder = copy("roberta", tmp_path, model_type=..., architectures=...)
    rewritten(folder, lambda tensors: {n.removeprefix("roberta."): t for n, t in tensors.items() if "lm_head" not in n})
    with pytest.raises(
        SourceError, match="model_type: expected one of bert, roberta, which the names of the tensors fit"
    ):
        Model(folder)


def test_numbers_of_64_bits_are_read(tmp_path):
    same(rewritten(copy("llama", tmp_path), lambda all_: {n: t.astype(np.float64) for n, t in all_.items()}), "llama")


@pytest.mark.parametrize(
    "file", ["model.fp16.safetensors", "consolidated.safetensors", "model-00001-of-00001.safetensors"]
)
def test_the_only_file_of_weights_may_have_any_name(file, tmp_path):
    folder = copy("llama", tmp_path)
    (folder / WEIGHTS).rename(folder / file)
    same(folder, "llama")


def test_a_file_of_weights_may_be_named_itself(tmp_path):
    folder = copy("llama", tmp_path)
    (folder / WEIGHTS).rename(folder / "chosen.safetensors")
    shutil.copy(CHECKPOINTS / "qwen2" / WEIGHTS, folder / "other.safetensors")
    same(folder / "chosen.safetensors", "llama")


def test_parts_without_an_index_are_all_of_them(tmp_path):
    folder = copy("llama-sharded", tmp_path)
    (folder / "model.safetensors.index.json").unlink()
    same(folder, "llama")


def test_a_table_of_places_says_how_many_there_are(tmp_path):
    assert same(copy("gpt2", tmp_path, n_positions=...), "gpt2").model.config.n_positions == 32


def test_the_part_that_reads_text_is_described_inside(tmp_path):
    folder = copy("qwen2", tmp_path)
    inner = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(
        json.dumps({"model_type": "seer", "architectures": ["Seer"], "text_config": inner})
    )
    rewritten(folder, renamed("", "language_model."))
    same(folder, "qwen2")


def test_a_model_tied_to_its_head_may_hold_that_alone(tmp_path):
    folder = copy("qwen2", tmp_path)
    rewritten(folder, lambda all_: {n.replace("model.embed_tokens", "lm_head"): t for n, t in all_.items()})
    same(folder, "qwen2")


@pytest.mark.parametrize("path", ["0_Transformer", ""])
def test_a_sentence_transformer_lies_where_its_modules_say(path, tmp_path):
    whole = tmp_path / "whole"
    inner = copy("bert", tmp_path)
    modules = [{"idx": 0, "name": "0", "path": path, "type": "sentence_transformers.models.Transformer"}]
    if path:
        whole.mkdir()
        inner.rename(whole / path)
    else:
        inner.rename(whole)
    (whole / "modules.json").write_text(json.dumps(modules))
    same(whole, "bert")


# What would be wrong in silence


def refused(folder: Path, **how: Any) -> str:
    with pytest.raises(SourceError) as error:
        Model(folder, **how)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("about", "shown"),
    [
        ({"quant_method": "bitnet"}, "bitnet"),
        ({"quant_method": "gptq", "bits": 4}, "gptq"),
        ({"quant_method": "fp8"}, "fp8"),
        ({}, "null"),
        ("int8", "int8"),
    ],
)
@pytest.mark.parametrize("how", [{}, {"trusted": True}])
def test_quantised_weights_are_refused_by_their_method_before_one_is_read(about, shown, how, tmp_path):
    folder = copy("llama", tmp_path, quantization_config=about)
    (folder / WEIGHTS).write_bytes(b"")
    assert (
        f"quantization_config: expected weights as they were trained, or a GGUF file of them, found {json.dumps(shown)}"
        in (refused(folder, **how).replace("found null", 'found "null"'))
    )


EXTRA = [
    ("llama", "model.layers.0.self_attn.q_norm.weight", (4,)),
    ("llama", "model.layers.1.self_attn.q_proj.bias", (16,)),
    ("llama", "model.layers.0.input_layernorm.bias", (16,)),
    ("llama", "model.layers.2.mlp.up_proj.weight", (32, 16)),
    ("llama", "model.layers.0.mlp.experts.3.up_proj.weight", (32, 16)),
    ("llama", "model.embed_layernorm.weight", (16,)),
    ("qwen2", "model.layers.0.self_attn.o_proj.bias", (16,)),
    ("bert", "bert.embeddings.task_type_embeddings.weight", (2, 16)),
    ("bert", "bert.encoder.layer.0.crossattention.self.query.weight", (16, 16)),
    ("gpt2", "transformer.h.1.adapter.weight", (16, 16)),
]


@pytest.mark.parametrize(("name", "tensor", "shape"), EXTRA, ids=[tensor for _, tensor, _ in EXTRA])
def test_a_tensor_in_a_layer_that_nothing_reads_is_named(name, tensor, shape, tmp_path):
    folder = copy(name, tmp_path)
    rewritten(folder, lambda tensors: tensors | {tensor: np.ones(shape, dtype=np.float32)})
    assert f"/{WEIGHTS}: {tensor}: expected tensors of 2 layers of {name} alone" in refused(folder)
    same(folder, name, trusted=True)


@pytest.mark.parametrize(
    "tensor", ["bert.pooler.dense.weight", "cls.seq_relationship.weight", "bert.embeddings.position_ids"]
)
def test_what_stands_beside_the_layers_changes_nothing(tensor, tmp_path):
    folder = copy("bert", tmp_path)
    same(rewritten(folder, lambda tensors: tensors | {tensor: np.ones((1, 16), dtype=np.float32)}), "bert")


OWN = [
    ({"auto_map": {"AutoModel": "modeling_own.Own"}}, "auto_map: AutoModel: expected a model of transformers' own"),
    ({"auto_map": {"AutoConfig": "own--config.Own"}}, "auto_map: AutoConfig: "),
    ({"architectures": ["MixtralForCausalLM"]}, 'architectures: expected a model of llama, found "MixtralForCausalLM"'),
    ({"architectures": ["LlamaBiForMNTP"]}, 'architectures: expected a model of llama, found "LlamaBiForMNTP"'),
    ({"architectures": ["LlamaForCausalLMEagle"]}, "architectures: expected a model of llama"),
]


@pytest.mark.parametrize(("said", "fragment"), OWN)
def test_a_model_with_code_of_its_own_is_refused_by_its_name(said, fragment, tmp_path):
    folder = copy("llama", tmp_path, **said)
    assert fragment in refused(folder)
    assert "--trust-layout reads it as llama" in refused(folder)
    same(folder, "llama", trusted=True)


def test_code_for_the_tokenizer_alone_changes_no_layer(tmp_path):
    same(copy("llama", tmp_path, auto_map={"AutoTokenizer": ["own.Own", None]}), "llama")


@pytest.mark.parametrize("kind", ["SequenceClassification", "TokenClassification", "QuestionAnswering"])
def test_a_classifier_says_nothing_of_what_comes_next(kind, tmp_path):
    folder = copy("gpt2", tmp_path, architectures=[f"GPT2For{kind}"])
    assert not Model(folder).says_next


def test_weights_of_a_classifier_tell_that_it_is_one(tmp_path):
    folder = copy("gpt2", tmp_path, architectures=...)
    rewritten(folder, lambda tensors: tensors | {"score.weight": np.ones((2, 16), dtype=np.float32)})
    assert not Model(folder).says_next


# Adapters that are refused


def adapter(tmp_path: Path, **said: Any) -> Path:
    folder = Path(shutil.copytree(CHECKPOINTS / "adapters" / "llama", tmp_path / "adapter"))
    values = json.loads((folder / "adapter_config.json").read_text())
    values["base_model_name_or_path"] = str(CHECKPOINTS / "llama")
    (folder / "adapter_config.json").write_text(json.dumps(values | said))
    return folder


@pytest.mark.parametrize(
    ("said", "fragment"),
    [
        (
            {"base_model_name_or_path": "meta-llama/Llama-2-7b-hf"},
            "found an adapter (LoRA) of meta-llama/Llama-2-7b-hf",
        ),
        ({"base_model_name_or_path": None}, "base_model_name_or_path: expected a model, found null"),
        ({"peft_type": "IA3"}, 'peft_type: expected LORA, found "IA3"'),
        ({"use_dora": True}, "use_dora: expected false, found true"),
        ({"init_lora_weights": "pissa"}, 'init_lora_weights: expected true, false or gaussian, found "pissa"'),
        ({"lora_alpha": "x"}, 'lora_alpha: expected a number, found "x"'),
        ({"alpha_pattern": {".*q": 3}}, "alpha_pattern: expected names of modules, found .*q"),
        ({"base_model_name_or_path": str(CHECKPOINTS / "bert")}, "in " + str(CHECKPOINTS / "bert") + ", found none"),
    ],
)
def test_an_adapter_that_cannot_be_added_is_named(said, fragment, tmp_path):
    with pytest.raises(SourceError) as error:
        read(open_model(str(adapter(tmp_path, **said))), "llama")
    assert fragment in str(error.value)


@pytest.mark.parametrize("size", [1, 3, 128])
def test_blocks_of_queries_change_nothing_where_windows_look_both_ways(size, tmp_path, monkeypatch):
    monkeypatch.setattr("kitten_tui.sources.checkpoint.forward.QUERIES", size)
    folder = copy("mistral", tmp_path, is_causal=False)
    reading = read(Model(folder), "mistral")
    heads = [reading.trace(1, head, reading.settings)["context"] for head in range(reading.n_heads)]
    assert reading.joined(1, reading.settings)["concat"] == pytest.approx(np.concatenate(heads, axis=1), abs=NEAR)
