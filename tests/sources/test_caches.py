"""A model opens by its name where other programs have put it, and is fetched only where that is asked for."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from stored import CHECKPOINTS

from kitten_tui.sources.checkpoint import model as checkpoint
from kitten_tui.sources.checkpoint.model import open_model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.checkpoint.shelf import shelf
from kitten_tui.sources.errors import SourceError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
VARIABLES = ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "MODELSCOPE_CACHE", "XDG_CACHE_HOME", "HF_ENDPOINT")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    """A home without caches, and nobody's model that was opened before."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    checkpoint.open_model.cache_clear()
    return tmp_path / "home"


def hub(root: Path, name: str = "tiny/llama", source: str = "llama", commit: str = COMMIT, main: bool = True) -> Path:
    """A model as huggingface_hub lays it: blobs, links to them, and the commit that main is."""
    folder = root / f"models--{name.replace('/', '--')}"
    snapshot = folder / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (folder / "blobs").mkdir(exist_ok=True)
    for path in (CHECKPOINTS / source).iterdir():
        blob = folder / "blobs" / hashlib.sha256(path.read_bytes()).hexdigest()
        shutil.copy(path, blob)
        (snapshot / path.name).symlink_to(os.path.relpath(blob, snapshot))
    if main:
        (folder / "refs").mkdir(exist_ok=True)
        (folder / "refs" / "main").write_text(commit)
    return snapshot


def title(argument: str) -> str:
    return Reading(open_model(argument), "the cat").title[""]


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({}, "home/.cache/huggingface/hub"),
        ({"XDG_CACHE_HOME": "xdg"}, "xdg/huggingface/hub"),
        ({"HF_HOME": "hf"}, "hf/hub"),
        ({"HF_HUB_CACHE": "here"}, "here"),
        ({"HF_HOME": "hf", "HF_HUB_CACHE": "here"}, "here"),
        ({"HUGGINGFACE_HUB_CACHE": "old"}, "old"),
    ],
)
def test_a_model_opens_by_its_name_from_the_cache_of_hugging_face(variables, place, tmp_path, monkeypatch):
    hub(tmp_path / place)
    for name, folder in variables.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    assert title("tiny/llama") == "tiny/llama: the cat"


@pytest.mark.parametrize("place", [".cache/modelscope/hub/models", ".cache/modelscope/hub", ".cache/modelscope/models"])
def test_a_model_opens_by_its_name_from_the_cache_of_modelscope(place, home):
    shutil.copytree(CHECKPOINTS / "llama", home / place / "tiny" / "llama-1___5")
    assert title("tiny/llama-1.5") == "tiny/llama-1.5: the cat"


def test_the_variable_of_modelscope_is_obeyed(tmp_path, monkeypatch):
    shutil.copytree(CHECKPOINTS / "llama", tmp_path / "ms" / "models" / "tiny" / "llama")
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "ms"))
    assert title("tiny/llama") == "tiny/llama: the cat"


def test_a_name_without_an_owner_is_a_name(home):
    hub(home / ".cache/huggingface/hub", "gpt2", "gpt2")
    assert title("gpt2") == "gpt2: the cat"


def test_a_folder_of_this_name_is_nearer_than_a_cache(tmp_path, home):
    hub(home / ".cache/huggingface/hub")
    shutil.copytree(CHECKPOINTS / "bert", tmp_path / "tiny" / "llama")
    assert open_model("tiny/llama").config.model_type == "bert"


def test_a_revision_is_that_which_is_named(home):
    root = home / ".cache/huggingface/hub"
    hub(root, commit="a" * 40, main=False)
    hub(root, source="qwen2", commit="b" * 40)
    (root / "models--tiny--llama/refs/first").write_text("a" * 40)
    kinds = [open_model(f"tiny/llama{one}").config.model_type for one in ("", "@first", f"@{'a' * 40}", "@main")]
    assert kinds == ["qwen2", "llama", "llama", "qwen2"]


def test_without_main_a_snapshot_that_is_there_is_taken(home):
    hub(home / ".cache/huggingface/hub", main=False)
    assert title("tiny/llama") == "tiny/llama: the cat"


def complaint(argument: str) -> str:
    with pytest.raises(SourceError) as error:
        open_model(argument)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", ["tiny/none", "none", "tiny/none@main"])
def test_a_name_that_is_nowhere_is_not_fetched_but_told_how(name):
    assert complaint(name).startswith(f"{name}: expected a directory with config.json")
    assert "found nothing; --download fetches it" in complaint(name)


def test_a_link_that_leads_nowhere_is_named(home):
    snapshot = hub(home / ".cache/huggingface/hub")
    (snapshot / "model.safetensors").resolve().unlink()
    assert "model.safetensors: expected a file, found a link that leads nowhere" in complaint("tiny/llama")


@pytest.mark.parametrize("commit", ["../../../..", "", "\n", "\x00", "nothing"])
def test_a_reference_to_something_else_is_not_followed(commit, home):
    snapshot = hub(home / ".cache/huggingface/hub")
    (snapshot.parents[1] / "refs" / "main").write_text(commit)
    assert open_model("tiny/llama").folder == snapshot


def test_an_adapter_finds_its_base_in_the_cache(home, tmp_path):
    hub(home / ".cache/huggingface/hub")
    folder = Path(shutil.copytree(CHECKPOINTS / "adapters" / "llama", tmp_path / "adapter"))
    said = json.loads((folder / "adapter_config.json").read_text()) | {"base_model_name_or_path": "tiny/llama"}
    (folder / "adapter_config.json").write_text(json.dumps(said))
    assert open_model(str(folder)).tensors.changes


def test_the_list_says_of_each_model_what_it_is_and_whether_it_opens(home):
    root = home / ".cache/huggingface/hub"
    hub(root)
    (hub(root, "tiny/broken") / "config.json").unlink()
    shutil.copytree(CHECKPOINTS / "bert", home / ".cache/modelscope/hub/models/tiny/bert")
    found = {one.name: one for one in shelf() if one.where != "extra"}
    assert {name: (one.where, one.family) for name, one in found.items()} == {
        "tiny/broken": ("Hugging Face", "–"),
        "tiny/llama": ("Hugging Face", "llama"),
        "tiny/bert": ("ModelScope", "bert"),
    }
    assert found["tiny/llama"].problem == ""
    assert "expected config.json" in found["tiny/broken"].problem
    assert found["tiny/llama"].size == (CHECKPOINTS / "llama" / "model.safetensors").stat().st_size


# Fetching, from a server on this machine


class Hub(BaseHTTPRequestHandler):
    """Answers as a hub does, and counts what it is asked for."""

    stops_after: int | None = None

    def __init__(self, folder: Path, asked: list[str], stops: list[str], *arguments: object) -> None:
        self.folder, self.asked, self.stops = folder, asked, stops
        super().__init__(*arguments)  # type: ignore[arg-type]

    def log_message(self, *_: object) -> None: ...

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/tiny/llama"):
            siblings = [{"rfilename": str(one.relative_to(self.folder))} for one in sorted(self.folder.rglob("*"))]
            self.give(json.dumps({"id": "tiny/llama", "sha": COMMIT, "siblings": siblings}).encode(), body, {})
        elif path.startswith("/tiny/llama/resolve/") and (self.folder / path.split("/", 5)[5]).is_file():
            name = path.split("/", 5)[5]
            raw = (self.folder / name).read_bytes()
            if body:
                self.asked.append(name)
            headers = {"ETag": f'"{hashlib.sha256(raw).hexdigest()}"', "X-Repo-Commit": COMMIT}
            self.give(raw, body, headers, name)
        else:
            self.send_error(404)

    def give(self, raw: bytes, body: bool, headers: dict[str, str], name: str = "") -> None:
        first = int((self.headers.get("Range") or "bytes=0-")[6:].partition("-")[0])
        self.send_response(206 if first else 200)
        for key, value in {**headers, "Content-Length": str(len(raw) - first), "Accept-Ranges": "bytes"}.items():
            self.send_header(key, value)
        self.end_headers()
        if body and name in self.stops:
            self.wfile.write(raw[first : first + 1000])
            self.wfile.flush()
            self.connection.close()
        elif body:
            self.wfile.write(raw[first:])


class Served:
    def __init__(self, folder: Path) -> None:
        self.folder, self.asked, self.stops = folder, [], []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Hub, folder, self.asked, self.stops))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def served(tmp_path) -> Iterator[Served]:
    folder = Path(shutil.copytree(CHECKPOINTS / "llama", tmp_path / "served"))
    (folder / "README.md").write_text("nobody needs this")
    (folder / "pytorch_model.bin").write_bytes(b"nor this")
    server = Served(folder)
    yield server
    server.server.shutdown()
    server.server.server_close()


def run(served: Served, home: Path, *options: str, model: str = "tiny/llama") -> subprocess.CompletedProcess[str]:
    code = "import sys; from kitten_tui.cli import main; sys.exit(main(sys.argv[1:]))"
    environment = os.environ | {"HF_ENDPOINT": served.url, "HF_HOME": str(home / "hf"), "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-c", code, "--model", model, "the cat", "--json", *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


NEEDED = ["config.json", "model.safetensors", "tokenizer.json"]


@pytest.mark.slow
def test_nothing_is_fetched_where_nobody_asks_for_it(served, home):
    assert run(served, home).returncode == 2
    assert served.asked == []


@pytest.mark.slow
def test_a_model_is_fetched_once_and_only_what_is_needed_of_it(served, home):
    done = run(served, home, "--download")
    assert (done.returncode, sorted(served.asked)) == (0, NEEDED)
    assert run(served, home).returncode == 0
    assert run(served, home, "--download").returncode == 0
    assert sorted(served.asked) == NEEDED


@pytest.mark.slow
def test_a_model_that_the_hub_does_not_have_is_one_line(served, home):
    done = run(served, home, "--download", model="tiny/none")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "--download tiny/none: expected http://127.0.0.1:" in done.stderr


@pytest.mark.slow
def test_a_server_that_stops_half_way_is_one_line_and_what_came_is_kept(served, home):
    served.stops.append("model.safetensors")
    done = run(served, home, "--download")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("kitten-tui: --download tiny/llama: expected http://127.0.0.1:")
    assert "Traceback" not in done.stderr
    served.stops.clear()
    assert run(served, home, "--download").returncode == 0


@pytest.mark.slow
def test_nobody_there_is_one_line(served, home):
    served.server.shutdown()
    served.server.server_close()
    done = run(served, home, "--download")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
