"""What goes wrong with files, folders and memory is one line and status 2, on paper and after a screen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ptying import ROOT, Session

pytestmark = pytest.mark.slow

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
TEXT = "the cat saw the dog"
MEANWHILE = """
import os, shutil, sys
from kitten_tui.sources.checkpoint.reading import Reading
advance = Reading.advance
def then(self, *given):
    advance(self, *given)
    folder = self.model.folder
    shards = sorted(folder.glob("*.safetensors"))
    {happens}
Reading.advance = then
from kitten_tui.cli import main
sys.exit(main(sys.argv[1:]))
"""
HAPPENINGS = {
    "vanish": "[shard.unlink() for shard in shards]",
    "one vanishes": "shards[-1].unlink()",
    "become empty": "[shard.write_bytes(b'') for shard in shards]",
    "shrink": "[os.truncate(shard, 1000) for shard in shards]",
    "become folders": "[(shard.unlink(), shard.mkdir()) for shard in shards if shard.is_file()]",
    "become loops": "[(shard.unlink(), shard.symlink_to(shard)) for shard in shards if shard.is_file()]",
    "folder vanishes": "shutil.rmtree(folder, ignore_errors=True)",
}


def assert_one_line(status: int, out: bytes, err: bytes) -> None:
    assert status == 2, err
    assert out == b""
    assert err.count(b"\n") == 1
    assert err.startswith(b"kitten-tui: ")
    assert len(err) <= 512


def run(*arguments: str, code: str = "", cwd: Path = ROOT) -> None:
    started = ["-c", code] if code else ["-m", "kitten_tui"]
    ran = subprocess.run(
        [sys.executable, *started, *arguments],
        capture_output=True,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=120,
        check=False,
    )
    assert_one_line(ran.returncode, ran.stdout, ran.stderr)


@pytest.mark.parametrize("happens", HAPPENINGS)
@pytest.mark.parametrize("asked", ["--plain", "--save"])
def test_shards_that_change_while_a_model_computes_are_one_line(happens: str, asked: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(CHECKPOINTS / "llama-sharded", folder)
    option = (asked, str(tmp_path / "all.npz")) if asked == "--save" else (asked,)
    run("--model", str(folder), TEXT, *option, code=MEANWHILE.format(happens=HAPPENINGS[happens]))
    assert not (tmp_path / "all.npz").exists()


@pytest.mark.parametrize("happens", ["vanish", "shrink"])
def test_the_screen_of_a_model_whose_shards_change_ends_with_one_line(happens: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(CHECKPOINTS / "llama-sharded", folder)
    with Session("--model", str(folder), TEXT, code=MEANWHILE.format(happens=HAPPENINGS[happens])) as session:
        assert session.until_gone() == 2
        assert session.left_on == set()
        said = session.output.rpartition(b"\x1b[?1049l")[2].decode()
    assert "expected the file as it was opened" in said
    assert "Traceback" not in said


def test_a_model_whose_files_go_while_a_head_is_looked_at_ends_with_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(CHECKPOINTS / "gpt2", folder)
    with Session("--model", str(folder), TEXT, "--layer", "1", "--head", "1", "--stage", "3") as session:
        session.until("ω = q · k")
        session.until_still()
        shutil.rmtree(folder)
        for keys in (b"7", b"1", b"5", b"\x1b[B", b"\r", b"2", b"]", b"q", b"q"):
            if session.poll() is None:
                session.send(keys)
                session.until_still(0.1)
        assert session.until_gone() in (0, 2)  # what was read is shown, and what cannot be read is said
        assert "Traceback" not in session.text
        assert "report it" not in session.text


@pytest.mark.parametrize("megabytes", [20, 60, 100, 150, 200, 260])
@pytest.mark.parametrize("model", [True, False])
def test_a_limit_of_memory_is_one_line_or_enough(megabytes: int, model: bool) -> None:
    code = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20, {megabytes} << 20))\n"
        "from kitten_tui.cli import main\nsys.exit(main(sys.argv[1:]))\n"
    )
    source = ("--model", str(CHECKPOINTS / "gpt2"), TEXT, "--heads") if model else ("journey", "--plain")
    ran = subprocess.run([sys.executable, "-c", code, *source], capture_output=True, cwd=ROOT, timeout=120, check=False)
    if ran.returncode:
        assert_one_line(ran.returncode, ran.stdout, ran.stderr)


@pytest.mark.parametrize(
    "arguments", [("--model", "."), ("--model", ".."), ("--model", "model"), ("./a.toml",), ("a.toml",), ("../a.toml",)]
)
def test_a_folder_that_was_deleted_is_one_line(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    code = "import os, sys\nos.rmdir(os.getcwd())\nfrom kitten_tui.cli import main\nsys.exit(main(sys.argv[1:]))\n"
    run(*arguments, "--plain", code=code, cwd=tmp_path / "gone")


@pytest.mark.parametrize("variable", ["HF_HOME", "HF_HUB_CACHE", "MODELSCOPE_CACHE"])
def test_the_home_of_nobody_is_one_line(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "~nobody-at-all/models")
    run("--model", "org/name", TEXT, "--plain")


def test_a_panic_of_rust_writes_no_lines_of_its_own(tmp_path: Path) -> None:
    """Its expressions give up after so many tries, which its library takes for a mistake of its own."""
    import json

    folder = tmp_path / "model"
    shutil.copytree(CHECKPOINTS / "gpt2", folder)
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    cut = {"type": "Split", "pattern": {"Regex": "(e+)+$x"}, "behavior": "Isolated", "invert": False}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer | {"pre_tokenizer": cut}))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"tokenizer_class": "PreTrainedTokenizerFast"}))
    run("--model", str(folder), "e" * 60 + "!", "--plain")
