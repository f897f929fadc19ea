"""Whatever lies in a checkpoint's folder, the person who holds it gets a model or one line that says what is wrong."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from kitten_tui.sources.checkpoint.model import Model, open_model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.errors import SourceError

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
CONFIG, TOKENIZER = "config.json", "tokenizer.json"
TEXT = "the cat saw the kitten"
Spoil = Callable[[Path], object]


def copy(name: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(CHECKPOINTS / name, tmp_path / "model"))


def use(folder: Path) -> None:
    """Everything that is ever read of a model."""
    reading = Reading(Model(folder), TEXT)
    reading.compute()
    if reading.next_tokens is not None:
        reading.next_tokens.continuation(0)


def complaint(folder: Path, do: Callable[[Path], object] = use) -> str:
    with pytest.raises(SourceError) as error:
        do(folder)
    line = str(error.value)
    assert "\n" not in line
    assert line.startswith(str(folder))
    return line.removeprefix(str(folder))


def check(tmp_path: Path, name: str, spoil: Spoil, fragment: str) -> None:
    folder = copy(name, tmp_path)
    spoil(folder)
    assert fragment in complaint(folder)


def row(label: str, spoil: Spoil, fragment: str, name: str = "llama"):
    return pytest.param(name, spoil, fragment, id=label)


def rows(*found):
    return pytest.mark.parametrize(("name", "spoil", "fragment"), found)


def text(file: str, content: str | bytes) -> Spoil:
    return lambda folder: (folder / file).write_bytes(content.encode() if isinstance(content, str) else content)


def without(file: str) -> Spoil:
    return lambda folder: (folder / file).unlink()


# config.json


def config(**changes: Any) -> Spoil:
    """Other values for some keys; ... leaves a key out."""

    def spoil(folder: Path) -> None:
        values = json.loads((folder / CONFIG).read_text()) | changes
        (folder / CONFIG).write_text(json.dumps({key: value for key, value in values.items() if value is not ...}))

    return spoil


def rope(**numbers: Any) -> Spoil:
    return config(rope_parameters=numbers)


EMBEDDING = "model.embed_tokens.weight"
SIZES = (
    *("hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "intermediate_size"),
    *("max_position_embeddings", "vocab_size", "head_dim"),
)
NO_SIZES = (0, -4, 1.5, "16", True, [16], 10**8, 10**400)
DERIVED = {"num_key_value_heads", "head_dim"}
"""What follows from other sizes where nothing is said."""


@pytest.mark.parametrize("key", SIZES)
@pytest.mark.parametrize("value", NO_SIZES, ids=lambda value: str(value)[:8])
def test_a_size_is_a_whole_number_of_reasonable_size(key, value, tmp_path):
    found = json.dumps(value)[:40]
    wanted = f"/config.json: {key}: expected a whole number from 1, found {found}"
    check(tmp_path, "llama", config(**{key: value}), wanted)


@pytest.mark.parametrize("key", [key for key in SIZES if key not in DERIVED])
def test_nothing_is_no_size(key, tmp_path):
    wanted = f"/config.json: {key}: expected a whole number from 1, found nothing"
    check(tmp_path, "llama", config(**{key: None}), wanted)


UNSAID = {
    "hidden_size": f"{EMBEDDING}: expected 164 × 4096, found 164 × 16",
    "num_hidden_layers": "expected a tensor model.layers.31.",
    "num_attention_heads": "self_attn.q_proj.weight: expected 128 × 16, found 16 × 16",
    "intermediate_size": "mlp.up_proj.weight: expected 11008 × 16, found 32 × 16",
    "vocab_size": f"{EMBEDDING}: expected 32000 × 16, found 164 × 16",
}
"""What is found where config.json leaves it to the defaults of the family."""


@pytest.mark.parametrize("key", UNSAID)
def test_a_size_that_is_left_out_is_that_of_the_family_and_has_to_fit(key, tmp_path):
    check(tmp_path, "llama", config(**{key: ...}), UNSAID[key])


@pytest.mark.parametrize("name", ["llama", "gpt2", "bert"])
def test_more_layers_than_any_model_has_are_refused_before_each_is_looked_over(name, tmp_path):
    key = "n_layer" if name == "gpt2" else "num_hidden_layers"
    check(
        tmp_path, name, config(**{key: 9_000_000}), f"/config.json: {key}: expected at most 4,096 layers, found 9000000"
    )


FILES = [
    row("missing", without(CONFIG), ": expected config.json, found none"),
    row("empty", text(CONFIG, ""), "/config.json: expected JSON: Expecting value"),
    row("cut off", text(CONFIG, '{"model_type": "lla'), "/config.json: expected JSON: Unterminated string"),
    row("no text", text(CONFIG, b"\xff\xfe\x00"), "/config.json: expected JSON: 'utf-8' codec"),
    row("endless brackets", text(CONFIG, "[" * 100_000), "/config.json: expected JSON: maximum recursion"),
    row("endless number", text(CONFIG, "1" * 5000), "/config.json: expected JSON: Exceeds the limit"),
    row("a list", text(CONFIG, "[1]"), "/config.json: expected an object, found list"),
    row("nothing", text(CONFIG, "null"), "/config.json: expected an object, found NoneType"),
]


@rows(*FILES)
def test_the_config_is_a_json_object(name, spoil, fragment, tmp_path):
    check(tmp_path, name, spoil, fragment)


KINDS = [
    row(
        "unknown model",
        config(model_type="mamba"),
        "model_type: expected one of gpt2, gpt_bigcode, gpt_neo, gptj, codegen",
    ),
    row("found model", config(model_type="mamba"), 'found "mamba"'),
    row(
        "nothing of a model",
        config(model_type=None, architectures=...),
        "mpnet, modernbert, t5, mt5, bart, found nu",
    ),
    row("a list of models", config(model_type=["llama"]), 't5, mt5, bart, found ["llama"]'),
    row("unknown activation", config(hidden_act="softsign"), "hidden_act: expected one of gelu, "),
    row("found activation", config(hidden_act="softsign"), 'found "softsign"'),
    row("a list of activations", config(hidden_act=["silu"]), 'linear, found ["silu"]'),
    row(
        "positions relative to keys",
        config(position_embedding_type="relative_key"),
        '/config.json: position_embedding_type: expected absolute, found "relative_key"',
        "bert",
    ),
    row("cross-attention", config(add_cross_attention=True), "/config.json: cross-attention is not supported", "gpt2"),
    row("encoder and decoder", config(is_encoder_decoder=True), "cross-attention is not supported", "bert"),
    row("eps is a word", config(rms_norm_eps="x"), 'rms_norm_eps: expected a number from 0 to 1, found "x"'),
    row(
        "eps is no number", config(rms_norm_eps=float("nan")), "rms_norm_eps: expected a number from 0 to 1, found NaN"
    ),
    row("eps is negative", config(rms_norm_eps=-1e-5), "rms_norm_eps: expected a number from 0 to 1, found -1e-05"),
    row("eps is huge", config(rms_norm_eps=10**400), "rms_norm_eps: expected a number from 0 to 1, found 1000"),
]


@rows(*KINDS)
def test_what_is_not_supported_is_refused_by_name(name, spoil, fragment, tmp_path):
    check(tmp_path, name, spoil, fragment)


DIVIDING = [
    row(
        "heads and shared keys",
        config(num_attention_heads=3),
        "num_key_value_heads: expected a divisor of the 3 heads, found 2",
    ),
    row(
        "width and heads",
        config(num_attention_heads=6, head_dim=...),
        "hidden_size: expected a multiple of the 6 heads, found 16",
    ),
    row("more shared keys than heads", config(num_key_value_heads=8), "expected a divisor of the 4 heads, found 8"),
    row(
        "no room behind the padding",
        config(max_position_embeddings=2),
        "max_position_embeddings: expected room for a token from place 2, found 2",
        "roberta",
    ),
    row("padding beyond all places", config(pad_token_id=10**30), "max_position_embeddings: expected room", "roberta"),
    row("padding before all places", config(pad_token_id=-100), "max_position_embeddings: expected room", "roberta"),
]


@rows(*DIVIDING)
def test_sizes_fit_one_another(name, spoil, fragment, tmp_path):
    check(tmp_path, name, spoil, fragment)


LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
LONG = {"rope_type": "longrope", "short_factor": [1.0, 1.0], "original_max_position_embeddings": 8}
ROPES = [
    row("unknown", rope(rope_type="spiral"), "rope_type: expected one of default, linear, dynamic, llama3, yarn"),
    row("a list", rope(rope_type=["linear"]), 'longrope, found ["linear"]'),
    row(
        "nested", rope(full_attention={"rope_type": "default"}), "rope_parameters: expected one set of numbers for all"
    ),
    row("no object", config(rope_parameters=[1.0]), "rope_parameters: expected one set of numbers for all layers"),
    row("linear without factor", rope(rope_type="linear"), "rope_type linear: expected factor, found none"),
    row("older linear", config(rope_parameters=..., rope_scaling={"type": "linear"}), "linear: expected factor, found"),
    row("dynamic without factor", rope(rope_type="dynamic"), "rope_type dynamic: expected factor, found none"),
    row("dynamic with nothing", rope(rope_type="dynamic", factor=0), "max_position_embeddings: expected room"),
    row("dynamic beyond bounds", rope(rope_type="dynamic", factor=1e308), "max_position_embeddings: expected room"),
    row("llama3 without factor", rope(rope_type="llama3"), "rope_type llama3: expected factor, found none"),
    row("llama3 without share", rope(**LLAMA3 | {"low_freq_factor": None}), "rope_type llama3: float() argument"),
    row("factor is a word", rope(rope_type="linear", factor="x"), "rope_type linear: could not convert string"),
    row("factor is nothing", rope(rope_type="linear", factor=0), "linear: expected numbers that turn by finite angles"),
    row("factor is no number", rope(rope_type="linear", factor=float("nan")), "linear: expected numbers that turn"),
    row("factor is huge", rope(rope_type="linear", factor=10**400), "rope_type linear: int too large"),
    row("short factors alone", rope(**LONG), "rope_type longrope: expected long_factor, found none"),
    row("too many long factors", rope(**LONG, long_factor=[1.0] * 3), "rope_type longrope: operands could not be"),
    row("factors of factors", rope(**LONG, long_factor=[[1.0] * 2]), "rope_type longrope: expected 2 factors, found 2"),
    row("factors of words", rope(**LONG, long_factor=["a", "b"]), "rope_type longrope: could not convert string"),
    row(
        "yarn beyond bounds",
        rope(rope_type="yarn", factor=2.0, original_max_position_embeddings=float("inf")),
        "yarn: ",
    ),
    row("no base", rope(rope_theta=0), "rope_theta: expected a number above 0 and up to 1e+12, found 0"),
    row("base is a word", rope(rope_theta="x"), 'rope_theta: expected a number above 0 and up to 1e+12, found "x"'),
    row("base is yes", rope(rope_theta=True), "rope_theta: expected a number above 0 and up to 1e+12, found true"),
    row("base is huge", rope(rope_theta=10**400), "rope_theta: expected a number above 0 and up to 1e+12, found 1000"),
    row("base is no number", rope(rope_theta=float("nan")), "rope_theta: expected a number above 0 and up to 1e+12"),
    row(
        "share too large", rope(partial_rotary_factor=2.0), "partial_rotary_factor: expected a number above", "gpt_neox"
    ),
    row(
        "share too small",
        rope(partial_rotary_factor=0.1),
        "expected at most the 8 dimensions of a head in pairs, found 0",
        "gpt_neox",
    ),
]


@rows(*ROPES)
def test_rotary_positions_need_their_numbers(name, spoil, fragment, tmp_path):
    check(tmp_path, name, spoil, fragment)


SLIDING = {"use_sliding_window": True, "sliding_window": 4}
WINDOWS = [
    row(
        "too few layers", config(**SLIDING, layer_types=["full_attention"]), "layer_types: expected a kind for each of"
    ),
    row("no list", config(**SLIDING, layer_types="full"), "layer_types: expected a kind for each of the 2 layers"),
    row(
        "unknown kind",
        config(**SLIDING, layer_types=["full_attention", "chunked"]),
        'layer_types: expected sliding_attention or full_attention, found "chunked"',
    ),
    row(
        "no first layer",
        config(**SLIDING, layer_types=..., max_window_layers="x"),
        "max_window_layers: expected a whole",
    ),
    row(
        "no width", config(**SLIDING | {"sliding_window": 0}), "sliding_window: expected a whole number from 1, found 0"
    ),
]


@rows(*WINDOWS)
def test_sliding_windows_say_where_they_are(name, spoil, fragment, tmp_path):
    check(tmp_path, "qwen3-sliding", spoil, fragment)


# Weights


def cut(place: Callable[[int, int], int]) -> Spoil:
    """Cuts the file at a place, given the length of the header and of the file."""

    def spoil(folder: Path) -> None:
        raw = (folder / WEIGHTS).read_bytes()
        (folder / WEIGHTS).write_bytes(raw[: place(8 + int.from_bytes(raw[:8], "little"), len(raw))])

    return spoil


def more(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes() + b"\0")


def header(change: Callable[[dict[str, Any]], object]) -> Spoil:
    """Another header before the same numbers."""

    def spoil(folder: Path) -> None:
        raw = (folder / WEIGHTS).read_bytes()
        end = 8 + int.from_bytes(raw[:8], "little")
        values = json.loads(raw[8:end])
        change(values)
        told = json.dumps(values).encode()
        (folder / WEIGHTS).write_bytes(len(told).to_bytes(8, "little") + told + raw[end:])

    return spoil


def about(name: str, **values: Any) -> Spoil:
    return header(lambda tensors: tensors[name].update(values))


NORM = "model.norm.weight"
CONTAINERS = [
    row("empty", cut(lambda header, whole: 0), "expected safetensors: "),
    row("cut in the length", cut(lambda header, whole: 5), "expected safetensors: "),
    row("cut before the header", cut(lambda header, whole: 8), "expected safetensors: "),
    row("cut in the header", cut(lambda header, whole: header // 2), "expected safetensors: "),
    row("cut after the header", cut(lambda header, whole: header), "expected safetensors: "),
    row("cut in the numbers", cut(lambda header, whole: (header + whole) // 2), "expected safetensors: "),
    row("cut at the last byte", cut(lambda header, whole: whole - 1), "expected safetensors: "),
    row("a byte too many", more, "expected safetensors: "),
    row("a huge header", text(WEIGHTS, b"\xff" * 7 + b"\x7f{}"), "expected safetensors: "),
    row("a header beyond the file", text(WEIGHTS, (1000).to_bytes(8, "little") + b"{}"), "expected safetensors: "),
    row("no JSON", text(WEIGHTS, (2).to_bytes(8, "little") + b"{["), "expected safetensors: "),
    row("a list", text(WEIGHTS, (2).to_bytes(8, "little") + b"[]"), "expected safetensors: "),
    row("no text", text(WEIGHTS, (2).to_bytes(8, "little") + b"\xff\xff"), "expected safetensors: "),
    row("a web page", text(WEIGHTS, "<!DOCTYPE html><html><body>404</body></html>"), "expected safetensors: "),
    row(
        "a note of git",
        text(WEIGHTS, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
        "expected safetensors: ",
    ),
    row("offsets beyond the file", about(NORM, data_offsets=[10**6, 10**6 + 64]), "expected safetensors: "),
    row("offsets backwards", about(NORM, data_offsets=[64, 0]), "expected safetensors: "),
    row("negative offsets", about(NORM, data_offsets=[-64, 0]), "expected safetensors: "),
    row("offsets of others", about(NORM, data_offsets=[0, 64]), "expected safetensors: "),
    row("a shape of more numbers", about(NORM, shape=[17]), "expected safetensors: "),
    row("a shape beyond counting", about(NORM, shape=[2**40, 2**40]), "expected safetensors: "),
    row("a negative shape", about(NORM, shape=[-16]), "expected safetensors: "),
    row("an unknown type", about(NORM, dtype="F33"), "expected safetensors: "),
    row("no type", header(lambda tensors: tensors[NORM].pop("dtype")), "expected safetensors: "),
]


@rows(*CONTAINERS)
def test_weights_are_a_whole_and_true_safetensors(name, spoil, fragment, tmp_path):
    check(tmp_path, name, spoil, f"/{WEIGHTS}: {fragment}")


def weights(change: Callable[[dict[str, np.ndarray]], object]) -> Spoil:
    """Other tensors in a file that is well formed."""

    def spoil(folder: Path) -> None:
        tensors = {name: tensor.copy() for name, tensor in load_file(folder / WEIGHTS).items()}
        change(tensors)
        save_file({name: np.array(tensor, order="C") for name, tensor in tensors.items()}, folder / WEIGHTS)

    return spoil


def lost(name: str) -> Spoil:
    return weights(lambda tensors: tensors.pop(name))


Q, TABLE, GAIN = (
    "model.layers.1.self_attn.q_proj.weight",
    "model.embed_tokens.weight",
    "model.layers.0.input_layernorm.weight",
)
MISSING = [
    row("embedding", lost(TABLE), "expected a tensor embed_tokens.weight, found none"),
    row("queries of a layer", lost(Q), f": expected a tensor {Q}, found none"),
    row("norm of a layer", lost(GAIN), f": expected a tensor {GAIN}, found none"),
    row("last norm", lost(NORM), f": expected a tensor {NORM}, found none"),
    row("a layer that is promised", config(num_hidden_layers=3), ": expected a tensor model.layers.2.", "llama"),
    row("bias that is promised", config(attention_bias=True), "self_attn.q_proj.bias, found none"),
    row("positions", lost("transformer.wpe.weight"), "expected a tensor transformer.wpe.weight, found none", "gpt2"),
    row(
        "segments",
        lost("bert.embeddings.token_type_embeddings.weight"),
        "expected a tensor bert.embeddings.token_type_embeddings.weight, found none",
        "bert",
    ),
    row(
        "first norm",
        lost("bert.embeddings.LayerNorm.weight"),
        "expected a tensor bert.embeddings.LayerNorm.weight, found none",
        "bert",
    ),
]


@rows(*MISSING)
def test_a_tensor_that_is_missing_is_named(name, spoil, fragment, tmp_path):
    check(tmp_path, name, spoil, fragment)


def as_type(name: str, kind: type) -> Spoil:
    return weights(lambda tensors: tensors.update({name: tensors[name].astype(kind)}))


def turned(name: str) -> Spoil:
    return weights(lambda tensors: tensors.update({name: tensors[name].T}))


def shaped(name: str, *shape: int) -> Spoil:
    return weights(lambda tensors: tensors.update({name: np.ones(shape, dtype=np.float32)}))


K, V, UP = (f"model.layers.0.{part}.weight" for part in ("self_attn.k_proj", "self_attn.v_proj", "mlp.up_proj"))
SHAPES = [
    row("embedding turned", turned(TABLE), f"/{WEIGHTS}: {TABLE}: expected 164 × 16, found 16 × 164"),
    row("another vocabulary", config(vocab_size=165), f"{TABLE}: expected 165 × 16, found 164 × 16"),
    row("another width", config(hidden_size=20, head_dim=4), f"{TABLE}: expected 164 × 20, found 164 × 16"),
    row("keys turned", turned(K), f"{K}: expected 8 × 16, found 16 × 8"),
    row("values too wide", shaped(V, 8, 17), f"{V}: expected 8 × 16, found 8 × 17"),
    row("queries in a row", shaped(Q, 256), f"{Q}: expected 16 × 16, found 256"),
    row("norm as one number", shaped(GAIN), f"{GAIN}: expected 16, found one number"),
    row("norm without numbers", shaped(GAIN, 0), f"{GAIN}: expected 16, found 0"),
    row("another inside", config(intermediate_size=31), "mlp.up_proj.weight: expected 31 × 16, found 32 × 16"),
    row("fewer shared keys", config(num_key_value_heads=1), f"{K}: expected 4 × 16, found 8 × 16"),
    row("wider heads", config(head_dim=8), "q_proj.weight: expected 32 × 16, found 16 × 16"),
    row(
        "more positions",
        config(n_positions=33),
        "transformer.wpe.weight: expected 33 × 16, found 32 × 16",
        "gpt2",
    ),
    row("kinds are no number", config(type_vocab_size="x"), "token_type_embeddings.weight: expected x × 16", "bert"),
    row("whole numbers", as_type(Q, np.int32), f"/{WEIGHTS}: {Q}: expected F64, F32, F16, BF16, found I32"),
    row(
        "whole numbers in the embedding", as_type(TABLE, np.int32), f"{TABLE}: expected F64, F32, F16, BF16, found I32"
    ),
]


@rows(*SHAPES)
def test_a_tensor_of_another_shape_or_type_is_named_with_both(name, spoil, fragment, tmp_path):
    check(tmp_path, name, spoil, fragment)


def put(name: str, number: float) -> Spoil:
    def change(tensors: dict[str, np.ndarray]) -> None:
        tensors[name].flat[-1] = number

    return weights(change)


@pytest.mark.parametrize(("number", "word"), [(np.nan, "nan"), (np.inf, "infinity"), (-np.inf, "infinity")])
@pytest.mark.parametrize("tensor", [Q, K, V, UP, GAIN])
def test_a_weight_that_is_no_number_is_named(tensor, number, word, tmp_path):
    wanted = f"/{WEIGHTS}: {tensor}: expected finite numbers, found {word}"
    check(tmp_path, "llama", put(tensor, number), wanted)


LAST_UP = UP.replace("layers.0", "layers.1")


def test_a_weight_after_the_last_head_is_read_when_something_needs_it(tmp_path):
    folder = copy("llama", tmp_path)
    put(LAST_UP, np.nan)(folder)
    reading = Reading(Model(folder), TEXT)
    reading.compute()
    assert f"{LAST_UP}: expected finite numbers, found nan" in complaint(folder, lambda _: reading.continuation(0))


OLD_KEY = "gpt_neox.layers.0.attention.dense.weight"


def test_a_weight_that_is_no_number_is_found_beside_single_numbers(tmp_path):
    """Old files keep a single number among the tensors of each layer."""
    check(tmp_path, "gpt_neox-serial", put(OLD_KEY, np.nan), f"{OLD_KEY}: expected finite numbers, found nan")


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("llama", TABLE),
        ("gpt2", "transformer.wpe.weight"),
        ("bert", "bert.embeddings.token_type_embeddings.weight"),
    ],
)
def test_an_embedding_that_is_no_number_is_refused_before_the_first_layer(name, table, number, tmp_path):
    def spoil(tensors: dict[str, np.ndarray]) -> None:
        tensors[table][:] = number

    folder = copy(name, tmp_path)
    weights(spoil)(folder)
    assert "expected finite embeddings, found nan or infinity" in complaint(
        folder, lambda path: Reading(Model(path), TEXT)
    )


def test_weights_that_grow_beyond_all_bounds_are_refused_by_layer(tmp_path):
    def spoil(tensors: dict[str, np.ndarray]) -> None:
        tensors[UP] *= np.float32(1e30)
        tensors[UP.replace("up", "gate")] *= np.float32(1e30)

    check(tmp_path, "llama", weights(spoil), ": layer 1: expected finite numbers, found nan or infinity")


def test_a_token_that_is_not_read_may_be_no_number(tmp_path):
    folder = copy("bert-old", tmp_path)
    put("embeddings.word_embeddings.weight", np.nan)(folder)
    use(folder)


def test_a_model_without_its_untied_head_is_read_and_says_nothing_of_what_comes_next(tmp_path):
    folder = copy("llama", tmp_path)
    lost("lm_head.weight")(folder)
    use(folder)
    assert not Model(folder).says_next


# Several files


def placed(where: Callable[[str], object]) -> Spoil:
    """An index that says of every tensor that it lies elsewhere."""

    def spoil(folder: Path) -> None:
        index = json.loads((folder / INDEX).read_text())
        index["weight_map"] = {name: where(file) for name, file in index["weight_map"].items()}
        (folder / INDEX).write_text(json.dumps(index))

    return spoil


SHARD = "model-00002-of-00003.safetensors"
FORM = f"/{INDEX}: expected a weight_map from names of tensors to files"
BESIDE = f"/{INDEX}: weight_map: expected files beside it, found "
INDICES = [
    row("empty", text(INDEX, ""), FORM),
    row("no JSON", text(INDEX, "{"), FORM),
    row("endless brackets", text(INDEX, "[" * 100_000), FORM),
    row("a list", text(INDEX, "[]"), FORM),
    row("no map", text(INDEX, "{}"), FORM),
    row("a list as map", text(INDEX, '{"weight_map": ["a"]}'), FORM),
    row("outside", placed(lambda file: f"../{file}"), BESIDE + "../"),
    row("from the root", placed(lambda file: f"/etc/{file}"), BESIDE + "/etc/"),
    row("by a detour", placed(lambda file: f"../model/{file}"), BESIDE + "../model/"),
    row("the folder itself", placed(lambda file: "."), BESIDE + "."),
    row("the folder above", placed(lambda file: ".."), BESIDE + ".."),
    row("a number", placed(lambda file: 7), BESIDE + "7"),
    row("a name that no file has", placed(lambda file: "x" * 999), BESIDE + "xxx"),
    row("a name that no file can have", placed(lambda file: "a\0"), BESIDE + "a"),
    row("a missing part", without(SHARD), BESIDE + SHARD),
    row("a broken part", text(SHARD, "{}"), f"/{SHARD}: expected safetensors"),
    row("an empty map", text(INDEX, '{"weight_map": {}}'), "expected a tensor embed_tokens.weight, found none"),
]


@rows(*INDICES)
def test_an_index_names_files_beside_it(name, spoil, fragment, tmp_path):
    check(tmp_path, "llama-sharded", spoil, fragment)


# Tokenizer


def words(count: int) -> Spoil:
    """The tokenizer of a model with this many tokens."""

    def spoil(folder: Path) -> None:
        vocabulary = {f"word{number}": number for number in range(count - 1)} | {"?": count - 1}
        Tokenizer(WordLevel(vocabulary, unk_token="?")).save(str(folder / TOKENIZER))

    return spoil


def tokenizer(change: Callable[[dict[str, Any]], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        values = json.loads((folder / TOKENIZER).read_text())
        change(values)
        (folder / TOKENIZER).write_text(json.dumps(values))

    return spoil


def renumber(values: dict[str, Any]) -> None:
    values["model"]["vocab"]["the"] = 5000


def forget_special(values: dict[str, Any]) -> None:
    values["post_processor"]["special_tokens"] = {}


def forget_unknown(values: dict[str, Any]) -> None:
    values["model"]["unk_token"] = "[NONE]"


TOKENIZERS = [
    row("missing", without(TOKENIZER), ": expected tokenizer.json or tokenizer.model, found none"),
    row("empty", text(TOKENIZER, ""), "/tokenizer.json: expected a tokenizer"),
    row("no text", text(TOKENIZER, b"\xff\x00"), "/tokenizer.json: expected a tokenizer"),
    row("an empty object", text(TOKENIZER, "{}"), "/tokenizer.json: expected a tokenizer"),
    row("a list", text(TOKENIZER, "[]"), "/tokenizer.json: expected a tokenizer"),
    row("too large", words(165), "/tokenizer.json: expected tokens from 0 to 163, found 164"),
    row("a number too large", tokenizer(renumber), "expected tokens from 0 to 90, found 5000", "bert"),
    row("a frame of nothing", tokenizer(forget_special), "/tokenizer.json: expected a tokenizer", "llama"),
]


@rows(*TOKENIZERS)
def test_the_tokenizer_is_that_of_the_model(name, spoil, fragment, tmp_path):
    check(tmp_path, name, spoil, fragment)


def test_a_tokenizer_that_cannot_cut_a_text_is_blamed(tmp_path):
    folder = copy("bert", tmp_path)
    tokenizer(forget_unknown)(folder)
    text("tokenizer_config.json", '{"tokenizer_class": "PreTrainedTokenizerFast"}')(folder)
    assert "/tokenizer.json: expected a tokenizer" in complaint(folder, lambda path: Reading(Model(path), "🐱"))


@pytest.mark.parametrize("count", [20, 150, 999])
def test_the_tokenizer_may_know_more_or_fewer_tokens_than_the_embedding_has_rows(count, tmp_path):
    """Only a text with a token that has no row is refused."""
    folder = copy("llama", tmp_path)
    words(count)(folder)
    assert Reading(Model(folder), "word3").ids == (3,)


def test_a_text_without_tokens_is_refused():
    with pytest.raises(SourceError, match="expected a sentence, found nothing in it"):
        Reading(Model(CHECKPOINTS / "gpt2"), "")


# Folders


def pickled(folder: Path) -> None:
    """Nothing but weights that write a file when they are opened."""
    (folder / WEIGHTS).unlink()

    class Program:
        def __reduce__(self):
            return partial(Path.write_text, folder / "ran", "ran"), ()

    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Program()))


FOLDERS = [
    row("no weights", without(WEIGHTS), f": expected {WEIGHTS} or {INDEX}, found neither"),
    row("pickled as long ago", pickled, "/pytorch_model.bin: expected a zip file, as torch.save writes since 1.6"),
]


@rows(*FOLDERS)
def test_a_folder_holds_weights_that_are_safe_to_open(name, spoil, fragment, tmp_path):
    check(tmp_path, name, spoil, fragment)


def test_pickled_weights_are_never_opened(tmp_path):
    folder = copy("llama", tmp_path)
    pickled(folder)
    complaint(folder)
    assert not (folder / "ran").exists()


def test_an_empty_folder_is_no_model(tmp_path):
    assert complaint(tmp_path) == ": expected config.json, found none"


def test_a_file_is_no_folder(tmp_path):
    file = tmp_path / "model"
    file.write_text("{}")
    assert complaint(file) == ": expected a directory with config.json and model.safetensors, found a file"


def test_nothing_is_no_folder(tmp_path):
    found = complaint(tmp_path / "gone")
    assert found == ": expected a directory with config.json and model.safetensors, found nothing"


@pytest.mark.parametrize("argument", ["x" * 999, "a\0b", "~nobody-of-this-name/model"], ids=["long", "null", "home"])
def test_a_name_that_no_folder_can_have_is_refused(argument):
    with pytest.raises(SourceError, match="expected a directory"):
        open_model(argument)


# Whatever else

FLIPS = 17
"""Changes to each file, of one to four bytes each."""


def damaged(raw: bytes, reach: int, draw: Random) -> bytes:
    """Flipped bits, or signs that a file of this kind has, somewhere before `reach`."""
    bytes_ = bytearray(raw)
    flips = draw.random() < 0.5
    for _ in range(draw.choice((1, 1, 2, 4))):
        place = draw.randrange(reach)
        bytes_[place] = bytes_[place] ^ 1 << draw.randrange(8) if flips else draw.choice(b'0123456789-.e[]{}",')
    return bytes(bytes_)


@pytest.mark.parametrize("file", [CONFIG, TOKENIZER, WEIGHTS])
@pytest.mark.parametrize("name", ["llama", "gpt2", "bert", "gpt_neox-serial"])
def test_a_damaged_file_is_read_or_refused_and_nothing_else(name, file, tmp_path):
    folder, draw = copy(name, tmp_path), Random(f"{name} {file}")
    raw = (folder / file).read_bytes()
    reach = 8 + int.from_bytes(raw[:8], "little") if file == WEIGHTS else len(raw)
    for _ in range(FLIPS):
        (folder / file).write_bytes(damaged(raw, reach, draw))
        try:
            use(folder)
        except SourceError:
            continue
