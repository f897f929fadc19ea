"""A model's weights as a file of arrays."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from safetensors import safe_open
from safetensors.numpy import load_file

from kitten_tui.cli import BAD, OK
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.reading import Reading

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
TEXT = "the cat saw the 猫"
NAMES = ("llama-wide", "bert", "qwen3", "gpt2", "mistral")
GRIDS, VECTORS, TOKENS = ("weights", "scores"), ("q", "k", "v", "context"), ("x", "output")
SUFFIXES = (".npz", ".safetensors")
REFUSING = pytest.mark.parametrize("suffix", [".npz", ".safetensors"])


@cache
def read(name: str) -> Reading:
    found = Reading(Model(CHECKPOINTS / name), TEXT)
    found.compute()
    return found


def arrays(path: Path) -> dict[str, np.ndarray]:
    if path.suffix == ".safetensors":
        return load_file(path)
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


@pytest.fixture
def save(run, tmp_path):
    """Writes a file and gives what is in it."""

    def save(name: str, suffix: str, *more: str) -> dict[str, np.ndarray]:
        path = tmp_path / f"weights{suffix}"
        ran = run("--model", str(CHECKPOINTS / name), TEXT, "--save", str(path), *more)
        assert (ran.status, ran.out, ran.err) == (OK, "", "")
        return arrays(path)

    return save


@pytest.mark.parametrize("name", NAMES)
def test_an_npz_has_the_tokens_and_all_weights(save, name):
    found, reading = save(name, ".npz"), read(name)
    n = len(reading.tokens)
    assert sorted(found) == ["tokens", "weights"]
    assert found["tokens"].tolist() == list(reading.tokens)
    assert (found["weights"].dtype, found["weights"].shape) == (np.float32, (2, reading.n_heads, n, n))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", NAMES)
def test_a_full_file_has_every_step_of_the_chain(save, name, suffix):
    found, reading = save(name, suffix, "--full"), read(name)
    assert set(found) - {"tokens"} == {*GRIDS, *VECTORS, *TOKENS}
    for layer in range(2):
        for head in range(reading.n_heads):
            trace = reading.trace(layer, head, reading.settings)
            for step in (*GRIDS, *VECTORS):
                np.testing.assert_array_equal(found[step][layer, head], trace[step], err_msg=step)
        np.testing.assert_array_equal(found["x"][layer], reading.joined(layer, reading.settings)["x"])
        np.testing.assert_array_equal(found["output"][layer], reading.joined(layer, reading.settings)["output"])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_file_has_the_shapes_that_are_promised(save, suffix):
    found, config = save("qwen3", suffix, "--full"), read("qwen3").model.config
    n, heads = len(read("qwen3").tokens), config.n_heads
    assert {found[name].shape for name in GRIDS} == {(2, heads, n, n)}
    assert {found[name].shape for name in VECTORS} == {(2, heads, n, config.d_k)}
    assert {found[name].shape for name in TOKENS} == {(2, n, config.d_model)}
    assert {found[name].dtype for name in (*GRIDS, *VECTORS, *TOKENS)} == {np.dtype(np.float32)}


def test_safetensors_have_the_tokens_in_their_metadata(save, tmp_path):
    assert list(save("llama-wide", ".safetensors")) == ["weights"]
    with safe_open(tmp_path / "weights.safetensors", framework="numpy") as file:
        assert json.loads(file.metadata()["tokens"]) == list(read("llama-wide").tokens)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_is_there_stays_as_it_is(run, tmp_path, suffix):
    path = tmp_path / f"mine{suffix}"
    path.write_text("mine")
    ran = run("--model", str(CHECKPOINTS / "bert"), TEXT, "--save", str(path))
    assert (ran.status, path.read_text()) == (BAD, "mine")
    assert ran.err == f"kitten-tui: {path}: expected the name of a new file, found one that is there already\n"


@pytest.mark.parametrize("name", ["weights.txt", "weights", "weights.npz.bak", ".npz"])
def test_another_kind_of_file_is_refused(run, tmp_path, name):
    path = tmp_path / name
    ran = run("--model", str(CHECKPOINTS / "bert"), TEXT, "--save", str(path))
    assert (ran.status, ran.err) == (BAD, f"kitten-tui: {path}: expected a name that ends in .npz or .safetensors\n")
    assert not path.exists()


@REFUSING
def test_a_folder_that_is_not_there_is_refused_in_one_line(run, tmp_path, suffix):
    path = tmp_path / "no" / f"such{suffix}"
    ran = run("--model", str(CHECKPOINTS / "bert"), TEXT, "--save", str(path))
    assert (ran.status, ran.out, ran.err.count("\n")) == (BAD, "", 1)
    assert ran.err.startswith(f"kitten-tui: {path}: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser writes everywhere")
@REFUSING
def test_a_folder_that_cannot_be_written_is_refused_in_one_line(run, tmp_path, suffix):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    ran = run("--model", str(CHECKPOINTS / "bert"), TEXT, "--save", str(folder / f"weights{suffix}"))
    assert (ran.status, ran.out, ran.err.count("\n")) == (BAD, "", 1)


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="no folder is closed to the superuser")
@REFUSING
def test_where_nobody_can_write_is_said_in_one_line(run, suffix):
    ran = run("--model", str(CHECKPOINTS / "bert"), TEXT, "--save", f"/proc/weights{suffix}")
    assert (ran.status, ran.out, ran.err.count("\n")) == (BAD, "", 1)
