"""Pickled weights are read by a reader that knows tensors and nothing else: it imports nothing and calls nothing."""

from __future__ import annotations

import io
import os
import pickle
import shutil
import time
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from safetensors.numpy import load_file
from stored import CHECKPOINTS, NEAR, expected

from kitten_tui.sources.checkpoint.model import open_model
from kitten_tui.sources.checkpoint.pickled import MOST_STEPS, read_pickled
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.checkpoint.tensors import Tensors
from kitten_tui.sources.errors import SourceError

STORED = CHECKPOINTS / "pickled.bin"


def folder(tmp_path: Path, name: str = "pytorch_model.bin") -> Path:
    """The tiny llama with its weights as torch.save writes them."""
    copy = Path(shutil.copytree(CHECKPOINTS / "llama", tmp_path / "model"))
    (copy / "model.safetensors").unlink()
    shutil.copy(STORED, copy / name)
    return copy


@pytest.mark.parametrize("name", ["pytorch_model.bin", "weights.pt", "model.pth"])
def test_pickled_weights_give_the_numbers_of_the_same_weights_elsewhere(name, tmp_path):
    reading = Reading(open_model(str(folder(tmp_path, name))), str(expected("llama")["text"]))
    reading.compute()
    found = [[reading.trace(n, h, reading.settings)["weights"] for h in range(4)] for n in range(2)]
    assert np.array(found) == pytest.approx(expected("llama")["attentions"], abs=0.02)  # some of them are halves


def test_every_pickled_tensor_is_the_one_that_was_pickled(tmp_path):
    tensors, wanted = Tensors(folder(tmp_path)), load_file(CHECKPOINTS / "llama" / "model.safetensors")
    for name, numbers in wanted.items():
        assert tensors.read(name, numbers.shape) == pytest.approx(numbers, rel=1e-2)
    assert tensors.found["model.layers.0.self_attn.rotary_emb.inv_freq"].kind == "I64"
    assert NEAR


def test_rows_of_a_tensor_in_another_order_are_its_rows(tmp_path):
    tensors = Tensors(folder(tmp_path))
    name = next(name for name, tensor in tensors.found.items() if (tensor.strides or (0,))[-1] > 1)
    shape = tensors.found[name].shape
    assert (tensors.read(name, shape, slice(1, 3)) == tensors.read(name, shape)[1:3]).all()


# Hostile ones


def packed(tmp_path: Path, program: bytes, **parts: bytes) -> Path:
    path = tmp_path / "pytorch_model.bin"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", program)
        for name, content in parts.items():
            archive.writestr(f"archive/data/{name}", content)
    return path


def refused(path: Path) -> str:
    began = time.process_time()
    with pytest.raises(SourceError) as error:
        read_pickled(path)
    assert time.process_time() - began < 10
    line = str(error.value)
    assert line.startswith(str(path))
    assert "\n" not in line
    return line


class Calls:
    """Calls anything with anything when Python's own reader opens it."""

    def __init__(self, call: object, *arguments: object) -> None:
        self.call = (call, arguments)

    def __reduce__(self) -> object:
        return self.call


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    ("call", "arguments", "name"),
    [
        (os.system, ("touch ran",), "system"),
        (eval, ("open('ran', 'w')",), "eval"),
        (exec, ("open('ran', 'w')",), "exec"),
        (getattr, (OrderedDict, "fromkeys"), "getattr"),
        (os.mkdir, ("ran",), "mkdir"),
        (__import__, ("antigravity",), "__import__"),
    ],
)
def test_a_pickle_that_calls_something_is_refused_by_its_name(call, arguments, name, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    program = pickle.dumps({"weight": Calls(call, *arguments)}, protocol)
    line = refused(packed(tmp_path, program))
    assert "expected tensors and nothing else in the pickle, found " in line
    assert not (tmp_path / "ran").exists()
    if protocol:
        assert name in line or "the instruction" in line


PROGRAMS = {
    "nothing": b"",
    "no end": b"\x80\x02}",
    "an empty stack": b"\x80\x02.",
    "a mark and nothing": b"\x80\x02u.",
    "memory that is not there": b"\x80\x02j\xff\xff\xff\xff.",
    "an instance": b"(ios\nsystem\n.",
    "an object": b"\x80\x02cos\nsystem\n)\x81.",
    "an extension": b"\x80\x02\x82\x01.",
    "a state for a name": b"\x80\x02ccollections\nOrderedDict\n}b.",
    "a list": b"\x80\x02].",
    "a call of a word": b"\x80\x02X\x01\x00\x00\x00a)R.",
    "a table as a key": b"\x80\x02}}}s.",
    "half a number": b"\x80\x02J\x01",
    "a word without an end": b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7fa.",
    "a huge place": b"\x80\x02}r\xff\xff\xff\xff0.",
    "a name of a name": b"\x80\x04\x8c\x05torch\x8c\x0cFloatStorage\x93.",
    "a method of a name": b"\x80\x04\x8c\x0bcollections\x8c\x14OrderedDict.fromkeys\x93.",
    "no pickle": b"hello there",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_broken_pickle_is_refused_in_one_line(program, tmp_path):
    refused(packed(tmp_path, program))


def tensor(shape: bytes, strides: bytes, offset: bytes = b"K\x00", count: bytes = b"K\x10") -> bytes:
    """A table of one tensor, as torch writes it."""
    storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu" + count + b"tQ"
    rest = b"\x89ccollections\nOrderedDict\n)Rt"
    return (
        b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n("
        + storage
        + offset
        + shape
        + strides
        + rest
        + b"Rs."
    )


def test_a_tensor_that_lies_in_its_part_is_found(tmp_path):
    path = packed(
        tmp_path, tensor(b"K\x04K\x04\x86", b"K\x04K\x01\x86"), **{"0": np.arange(16.0, dtype="f4").tobytes()}
    )
    lying = read_pickled(path)["w"]
    raw = np.frombuffer(path.read_bytes(), "f4", 16, lying.start)
    assert (lying.shape, raw.tolist()) == ((4, 4), list(range(16)))


BIG = b"\x8a\x07\xff\xff\xff\xff\xff\xff\x0f"
LYING = {
    "larger than its part": tensor(b"K\x05K\x04\x86", b"K\x04K\x01\x86"),
    "begins behind its part": tensor(b"K\x04K\x04\x86", b"K\x04K\x01\x86", b"K\x01"),
    "every number many times": tensor(BIG + BIG + b"\x86", b"K\x00K\x00\x86"),
    "steps beyond its part": tensor(b"K\x02K\x02\x86", BIG + b"K\x01\x86"),
    "steps back": tensor(b"K\x04K\x04\x86", b"J\xff\xff\xff\xffK\x01\x86"),
    "fewer steps than sides": tensor(b"K\x04K\x04\x86", b"K\x01\x85"),
    "a shape of words": tensor(b"X\x01\x00\x00\x00aK\x04\x86", b"K\x04K\x01\x86"),
}


@pytest.mark.parametrize("program", LYING.values(), ids=LYING.keys())
def test_a_tensor_that_lies_about_where_it_is_is_refused(program, tmp_path):
    refused(packed(tmp_path, program, **{"0": bytes(64)}))


def test_a_part_that_is_missing_is_named(tmp_path):
    assert "expected a part data/0, found none" in refused(packed(tmp_path, tensor(b"K\x04\x85", b"K\x01\x85")))


@pytest.mark.slow
def test_bombs_do_not_go_off(tmp_path):
    """Doubling again and again, a pickle without an end, and a part that grows when it is unpacked."""
    doubled = b"\x80\x02]" + b"(h\x00h\x00e" * 10 + b"."
    twice = b"\x80\x02K\x01" + b"q\x00h\x00\x86" * 900 + b"."
    endless = b"\x80\x02" + b"N0" * (MOST_STEPS // 2 + 9) + b"}."
    for program in (doubled, twice, endless, b"\x80\x02" + b"N" * 10**7):
        refused(packed(tmp_path, program))
    path = tmp_path / "bomb.bin"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + bytes(300_000_000))
    refused(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\x80\x02}q\x00.", b"{}"])
def test_what_is_no_zip_file_of_torch_is_refused(content, tmp_path):
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(content)
    refused(path)


def test_a_damaged_file_is_read_or_refused_and_nothing_else(tmp_path):
    raw, draw = STORED.read_bytes(), np.random.RandomState(0)
    path = tmp_path / "pytorch_model.bin"
    program = zipfile.ZipFile(io.BytesIO(raw)).read(next(n for n in zipfile.ZipFile(STORED).namelist() if "pkl" in n))
    where = raw.find(program)
    for _ in range(300):
        bytes_ = bytearray(raw)
        reach = range(where, where + len(program)) if draw.rand() < 0.7 else range(len(raw))
        for _ in range(draw.choice((1, 1, 3))):
            bytes_[reach[draw.randint(len(reach))]] = draw.randint(256)
        path.write_bytes(bytes_)
        try:
            read_pickled(path)
        except SourceError:
            continue
