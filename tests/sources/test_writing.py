"""Files are written whole or not at all, under any name, and links stay what they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from stored import CHECKPOINTS

from kitten_tui.cli import BAD, OK, main
from kitten_tui.paper import save
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.writing import discard_unfinished, path_of, writing

MODEL = ["--model", str(CHECKPOINTS / "llama"), "the cat"]
SUFFIXES = [".npz", ".safetensors"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_link_to_nothing_stays_and_gets_what_it_leads_to(tmp_path: Path, suffix: str) -> None:
    link = tmp_path / f"link{suffix}"
    link.symlink_to(f"target{suffix}")
    assert main([*MODEL, "--save", str(link)]) == OK
    assert link.is_symlink()
    assert os.readlink(link) == f"target{suffix}"
    assert (tmp_path / f"target{suffix}").is_file()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_link_to_nowhere_stays_when_it_is_refused(tmp_path: Path, suffix: str) -> None:
    link = tmp_path / f"link{suffix}"
    link.symlink_to(f"no/target{suffix}")
    assert main([*MODEL, "--save", str(link)]) == BAD
    assert link.is_symlink()
    assert os.listdir(tmp_path) == [link.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_permissions_are_as_umask_says(tmp_path: Path, suffix: str, mask: int) -> None:
    before = os.umask(mask)
    try:
        assert main([*MODEL, "--save", str(tmp_path / f"all{suffix}")]) == OK
    finally:
        os.umask(before)
    assert (tmp_path / f"all{suffix}").stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_fails_half_way_leaves_nothing(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(save, "_wholes", fail)
    assert main([*MODEL, "--save", str(tmp_path / f"all{suffix}")]) == BAD
    assert os.listdir(tmp_path) == []


NAMES = ["~nobody-x/y.npz", "a" * 300 + ".npz", "a\0b.npz", "no/x.npz", "/dev/full/x.npz", "x" * 5000 + "/y.npz"]


@pytest.mark.parametrize("name", NAMES, ids=[ascii(name)[:12] for name in NAMES])
def test_odd_names_are_refused_in_one_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*MODEL, "--save", name]) == BAD
    said = capsys.readouterr().err
    assert said.startswith("kitten-tui: ")
    assert "expected" in said
    assert said.count("\n") == 1


def test_a_name_that_has_no_home_is_refused() -> None:
    with pytest.raises(SourceError, match="expected the home of a user"):
        path_of("~nobody-x/y")


def test_a_file_that_came_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "mine"

    def write() -> None:
        with writing(path) as temporary:
            temporary.write_text("ours")
            path.write_text("theirs")

    with pytest.raises(SourceError, match="one that is there already"):
        write()
    assert path.read_text() == "theirs"
    assert os.listdir(tmp_path) == ["mine"]


def test_what_is_unfinished_is_discarded_before_the_program_is_killed(tmp_path: Path) -> None:
    def write() -> None:
        with writing(tmp_path / "mine"):
            assert len(os.listdir(tmp_path)) == 1
            discard_unfinished()
            assert os.listdir(tmp_path) == []

    with pytest.raises(SourceError):
        write()
