"""Files of arrays: what is written opens again, and nothing is believed or run that is in them."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kitten_tui.cli import main
from kitten_tui.core.workings import Workings
from kitten_tui.desk.selection import Selection
from kitten_tui.paper.check import checks
from kitten_tui.paper.json import to_json
from kitten_tui.paper.save import save
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.find import open_file, open_source
from kitten_tui.sources.recorded import open_recording, read_tokens
from kitten_tui.sources.recording import Recording
from kitten_tui.stages.view import View

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
WEIGHTS = np.random.default_rng(2).dirichlet(np.ones(4), size=(2, 3, 4)).astype(np.float32)  # [layer, head, query, key]
WORDS = ["the", "cat", "sat", "down"]


def safetensors_of(arrays: dict[str, np.ndarray], texts: dict[str, str]) -> bytes:
    kinds = {"float32": "F32", "float64": "F64", "uint16": "BF16"}
    header: dict[str, object] = {"__metadata__": texts}
    raw = b""
    for name, array in arrays.items():
        header[name] = {
            "dtype": kinds[array.dtype.name],
            "shape": array.shape,
            "data_offsets": [len(raw), len(raw) + array.nbytes],
        }
        raw += array.tobytes()
    written = json.dumps(header).encode()
    return struct.pack("<Q", len(written)) + written + raw


@pytest.mark.parametrize("name", ["gpt2", "llama", "qwen3"])
@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("full", [False, True])
def test_what_save_wrote_opens_again(name, suffix, full, tmp_path):
    pytest.importorskip("tokenizers")
    from kitten_tui.sources.checkpoint.model import Model
    from kitten_tui.sources.checkpoint.reading import Reading

    reading = Reading(Model(CHECKPOINTS / name), "the cat saw the dog")
    while reading.ready < reading.n_layers:
        reading.advance()
    path = tmp_path / f"all{suffix}"
    save(reading, path, full=full)
    source = open_recording(path)
    assert source.tokens == reading.tokens
    assert (source.n_layers, source.n_heads) == (reading.n_layers, reading.n_heads)
    names = ("weights", "q", "k", "v", "context", "scores", "x", "output") if full else ("weights",)
    assert set(source.record.names) == set(names)
    for layer in range(source.n_layers):
        before, after = (Workings(of, of.settings, layer) for of in (reading, source))
        for quantity in names:
            wanted = before.array(quantity, 1)
            assert after.array(quantity, 1) == pytest.approx(wanted, abs=1e-7, rel=1e-6)
    assert source.record.faults == ()
    failed = [check.name for check in checks(source, source.settings) if not check.passed]
    assert failed == []


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_recording_with_other_keys_is_saved_and_opens_again(suffix, tmp_path):
    pytest.importorskip("safetensors")
    rng = np.random.default_rng(3)
    q, k, v = rng.normal(size=(2, 3, 6, 5)), rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(2, 3, 4, 2))
    first = Recording({"q": q, "k": k, "v": v}, ["a", "b", "c", "d", "e", "f"], ["u", "v", "w", "x"])
    path = tmp_path / f"all{suffix}"
    save(first, path, full=True)
    again = open_recording(path)
    assert (again.tokens, again.key_tokens) == (first.tokens, first.key_tokens)
    assert set(again.record.names) == {"weights", "q", "k", "v", "scores", "context"}
    for layer in range(2):
        for head in range(3):
            before, after = (of.trace(layer, head, of.settings) for of in (first, again))
            for name in again.record.names:
                assert after[name] == pytest.approx(before[name], abs=1e-6, rel=1e-6)
    assert [check.name for check in checks(again, again.settings) if not check.passed] == []


@pytest.mark.parametrize("sample", ["journey", "causal", "kitten"])
@pytest.mark.parametrize("head", [0, 1])
def test_what_json_printed_opens_again(sample, head, tmp_path):
    lesson = open_source(sample)
    view = View(lesson, lesson.settings, Selection(head=head))
    path = tmp_path / "head.json"
    path.write_text(to_json(view))
    source = open_recording(path)
    assert source.tokens == lesson.tokens
    written = json.loads(path.read_text())
    for name in source.record.names:
        assert np.array_equal(source.given[name].reshape(np.shape(written[name])), view.workings.array(name, head))
    assert source.settings.scale == lesson.settings.scale
    assert all(check.passed for check in checks(source, source.settings))


def write(path: Path, **arrays: np.ndarray) -> Path:
    match path.suffix:
        case ".npz":
            np.savez(path, **arrays, tokens=np.array(WORDS))
        case ".npy":
            np.save(path, arrays["weights"])
        case ".safetensors":
            path.write_bytes(safetensors_of(arrays, {"tokens": json.dumps(WORDS)}))
        case ".json":
            path.write_text(json.dumps({"tokens": WORDS, **{name: array.tolist() for name, array in arrays.items()}}))
    return path


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".safetensors", ".json", ".NPY"])
def test_every_kind_of_file_holds_the_same(suffix, tmp_path, capsys):
    path = write(tmp_path / f"a{suffix.lower()}", weights=WEIGHTS).rename(tmp_path / f"b{suffix}")
    (tmp_path / "words.txt").write_text("\n".join(WORDS))
    source = open_source(str(path), tokens=str(tmp_path / "words.txt"))
    assert source.tokens == tuple(WORDS)
    assert source.trace(1, 2, source.settings)["weights"] == pytest.approx(WEIGHTS[1, 2], abs=1e-7)
    assert main([str(path), "--tokens", str(tmp_path / "words.txt"), "--plain"]) == 0
    assert "cat" in capsys.readouterr().out
    assert main([str(path), "--heads", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["heads"]) == 6


def test_bfloat16_is_read_without_the_package(tmp_path):
    bits = (WEIGHTS.view(np.uint32) >> 16).astype(np.uint16)
    (tmp_path / "a.safetensors").write_bytes(safetensors_of({"weights": bits}, {}))
    assert open_recording(tmp_path / "a.safetensors").given["weights"] == pytest.approx(WEIGHTS, abs=1e-2)


def test_tokens_stand_in_lines_between_spaces_or_in_json(tmp_path):
    path = tmp_path / "words.txt"
    for text in ("the\ncat\nsat\ndown\n", "the cat sat down", "\ufeffthe cat sat down\r\n"):
        path.write_text(text, "utf-8")
        assert read_tokens(path) == {"tokens": WORDS}
    path = tmp_path / "words.json"
    for said, read in ((WORDS, {"tokens": WORDS}), ({"tokens": WORDS, "key_tokens": ["a"], "more": 1},) * 2):
        path.write_text(json.dumps(said))
        assert read_tokens(path) == {name: words for name, words in read.items() if name != "more"}


class Payload:
    def __reduce__(self) -> tuple[object, ...]:
        raise AssertionError("unpickled")


def npz(path: Path, name: str, raw: bytes) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.npy", raw)


def header_of(shape: tuple[int, ...], descr: str = "<f8") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue()


OBJECTS = header_of((1,), "|O") + pickle.dumps([1])
WRONG: dict[str, tuple[str, bytes, str]] = {
    "pickled npz": (".npz", OBJECTS, "found Python objects, which are never unpickled"),
    "pickled npy": (".npy", OBJECTS, "found Python objects, which are never unpickled"),
    "npz that promises more": (".npz", header_of((1 << 40,)), "expected at most .* bytes of numbers, found more"),
    "npy that promises more": (".npy", header_of((1 << 40,)), "expected at most .* bytes of numbers"),
    "npy cut off": (".npy", header_of((4, 4)) + b"\0" * 8, "expected 128 bytes, found the end of the file"),
    "npz cut off": (".npz", header_of((4, 4)) + b"\0" * 8, "expected 128 bytes, found the end of the file"),
    "no npy": (".npy", b"hello", "expected npy, found something else"),
    "no safetensors": (".safetensors", b"hello world, hello world", "expected a header of at most"),
    "no json": (".json", b"{", "expected JSON"),
    "a list": (".json", b"[1]", "expected an object, found list"),
    "deep": (".json", b"[" * 100_000, "expected JSON"),
    "ragged": (".json", b'{"weights": [[1, 2], [3]]}', "weights: expected numbers in rows of one length"),
    "words for numbers": (".json", b'{"weights": [["a"]]}', "weights: expected numbers in rows of one length"),
    "nothing": (".json", b"{}", "expected arrays such as weights, found none"),
    "another model": (".json", b'{"a": [[1]], "b": [[1]]}', "expected arrays such as weights, found a, b"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_file_of_arrays_is_refused_in_one_line(case, tmp_path):
    suffix, raw, message = WRONG[case]
    path = tmp_path / f"bad{suffix}"
    if suffix == ".npz":
        npz(path, "weights", raw)
    else:
        path.write_bytes(raw)
    with pytest.raises(SourceError, match=message) as refused:
        open_file(str(path))
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("offsets", [[0, 8], [-16, 0], [0, 1 << 40], [1 << 20, (1 << 20) + 16]])
def test_safetensors_that_point_outside_are_refused(offsets, tmp_path):
    header = json.dumps({"weights": {"dtype": "F32", "shape": [2, 2], "data_offsets": offsets}}).encode()
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 16)
    with pytest.raises(SourceError, match="weights: expected numbers inside the file"):
        open_recording(tmp_path / "a.safetensors")


def test_what_is_not_read_is_said(tmp_path, capsys):
    np.savez(tmp_path / "a.npz", weights=WEIGHTS, strange=np.ones(3))
    assert open_recording(tmp_path / "a.npz").record.unread == ("strange",)
    assert main([str(tmp_path / "a.npz"), "--plain", "--stage", "1", "--lang", "en"]) == 0
    assert "Not read: strange." in capsys.readouterr().out


def test_a_file_with_a_mistake_is_checked_and_the_mistake_named(tmp_path, capsys):
    scores = np.random.default_rng(0).normal(size=(3, 4, 4))
    weights = np.exp(scores) / np.exp(scores).sum(axis=-2, keepdims=True)
    np.savez(tmp_path / "a.npz", weights=weights)
    assert main([str(tmp_path / "a.npz"), "--check", "--lang", "en"]) == 1
    said = capsys.readouterr().out
    assert "Layer 1, head 1: the row of" in said
    assert "the columns sum to 1 and not the rows" in said


@pytest.mark.parametrize("arguments", [["journey"], ["a sentence"]])
def test_tokens_go_with_a_file_of_arrays(arguments, capsys, tmp_path):
    (tmp_path / "w.txt").write_text("a b")
    assert main([*arguments, "--tokens", str(tmp_path / "w.txt"), "--plain"]) == 2
    assert "--tokens: expected a file of arrays with it" in capsys.readouterr().err
