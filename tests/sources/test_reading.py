"""What never ends is not begun, what is too large is refused, and what changes while it is read is noticed."""

from __future__ import annotations

import json
import os
import shutil
import struct
import time
from pathlib import Path

import pytest
from stored import CHECKPOINTS

from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.checkpoint.tensors import MAX_HEADER
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.find import open_source, read_text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CHECKPOINTS / "llama", tmp_path / "model"))


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_pipes_and_devices_are_no_part_of_a_model(folder: Path, name: str, kind: str) -> None:
    (folder / name).unlink()
    if kind == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to("/dev/zero")
    start = time.process_time()
    with pytest.raises(SourceError, match=r"expected (a file, found a|tokenizer)"):
        Model(folder)
    assert time.process_time() - start < 2.0


def test_pipes_and_devices_are_no_samples_and_no_texts(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)
    for path in (str(pipe), "/dev/zero"):
        with pytest.raises(SourceError, match="expected a file, found a"):
            open_source(path)
        with pytest.raises(SourceError, match="expected a file, found a"):
            read_text(path)


def test_the_pipe_of_a_shell_is_read() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"the cat\n")
    os.close(writer)
    assert read_text(f"/dev/fd/{reader}") == "the cat"
    os.close(reader)


def test_a_config_larger_than_any_is_refused(folder: Path) -> None:
    os.truncate(folder / "config.json", 10**12)
    with pytest.raises(SourceError, match="expected a file of at most"):
        Model(folder)


def test_a_header_larger_than_any_is_refused(folder: Path) -> None:
    length = MAX_HEADER + 1
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", length) + b" " * length + b"\0" * 64)
    with pytest.raises(SourceError, match="expected a header of at most"):
        Model(folder)


@pytest.mark.parametrize("change", ["truncated", "written", "gone"])
def test_a_file_that_changes_while_a_model_reads_is_noticed(folder: Path, change: str) -> None:
    reading = Reading(Model(folder), "the cat saw the dog")
    reading.advance()
    file = folder / "model.safetensors"
    match change:
        case "truncated":
            os.truncate(file, 64)
        case "written":
            os.utime(file, ns=(1, 1))
        case "gone":
            file.unlink()
    with pytest.raises(SourceError, match="expected the file as it was opened"):
        reading.advance()


def test_shards_that_are_gone_are_one_line(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(CHECKPOINTS / "llama-sharded", tmp_path / "model"))
    names = set(json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"].values())
    reading = Reading(Model(folder), "the cat saw the dog")
    for name in names:
        (folder / name).unlink()
    with pytest.raises(SourceError, match="expected the file as it was opened"):
        reading.advance()
