"""The program calls nobody, unpickles nothing, and writes nothing but what was named; every dependency has a bound."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ptying import ROOT

pytestmark = pytest.mark.slow

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
WATCHED = """
import os, sys

named, *arguments = sys.argv[1:]
CALLING = ("socket.", "urllib.", "http.", "ftplib.", "smtplib.")
RUNNING = ("pickle.find_class", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn")
CHANGING = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "shutil.rmtree")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def watch(event, given):
    local = event == "socket.__new__" and given[1] == 1  # between the parts of a machine
    bad = event.startswith(CALLING) and not local or event in RUNNING
    if event in CHANGING:
        bad = not os.fsdecode(given[0]).startswith(named)
    if event == "open" and isinstance(given[0], (str, bytes)) and given[2] & WRITING:
        bad = not os.fsdecode(given[0]).startswith((named, "/dev/"))
    if bad:
        raise SystemExit(f"{event} {given}")


sys.dont_write_bytecode = True
sys.addaudithook(watch)
from kitten_tui.cli import main
sys.exit(main(arguments))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("journey", "--plain"),
        ("a cat", "--json"),
        ("journey", "--check"),
        ("journey", "--explain", "output[1,1]", "--depth", "3"),
        ("--list-models",),
        ("--model", "{checkpoints}/llama", "the cat", "--plain"),
        ("--model", "{checkpoints}/llama", "the cat", "--heads"),
        ("--model", "{checkpoints}/gpt2", "the cat", "--save", "{folder}/all.npz"),
        ("--model", "{checkpoints}/gpt2", "the cat", "--save", "{folder}/all.safetensors", "--full"),
    ],
    ids=" ".join,
)
def test_nobody_is_called_and_nothing_else_is_written(arguments: tuple[str, ...], tmp_path: Path) -> None:
    folder = tmp_path / "named"
    folder.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    given = [argument.format(checkpoints=CHECKPOINTS, folder=folder) for argument in arguments]
    ran = subprocess.run(
        [sys.executable, "-c", WATCHED, str(folder), *given],
        capture_output=True,
        text=True,
        cwd=home,
        env=os.environ | {"HOME": str(home), "PYTHONPATH": str(ROOT)},
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert list(home.rglob("*")) == []
    assert len(list(folder.iterdir())) == ("--save" in arguments)


@pytest.mark.parametrize("pickled", ["pickle", "shelve", "marshal", "joblib", "dill"])
def test_nothing_of_ours_unpickles(pickled: str) -> None:
    """The reader of pickled weights knows the opcodes and runs none; NumPy is told to run none either."""
    for path in (ROOT / "kitten_tui").rglob("*.py"):
        code = path.read_text("utf-8")
        assert not re.search(rf"^\s*(import|from) {pickled}\b", code, re.MULTILINE), path
        assert "allow_pickle=True" not in code, path


def test_every_dependency_has_a_lowest_and_an_upper_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    listed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for extra in project["project"]["optional-dependencies"].values():
        listed += extra
    for one in listed:
        assert one.startswith("kitten-tui[") or re.search(r"==|>=[\d.]+,<\d", one), one
