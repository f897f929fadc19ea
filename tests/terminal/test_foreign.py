"""Foreign text steers no terminal: a marker in every name and field, on paper, on the screen, in errors."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ptying import ROOT, Session

pytestmark = pytest.mark.slow

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
CLIPBOARD = "\x1b]52;c;aGk=\x07"
MARKS = f"{CLIPBOARD}\x1b[2J\x9b31m\x9d0;t\x9c\u202eMARK\u202c\u2066x\u2069\u2028\x7f\x08"
"""ESC, C1, bidi, line separator, what takes a character back."""
STEERING = re.compile(
    rb"[\x00-\x07\x0b\x0c\x0e\x0f\x10-\x1a\x1c-\x1f\x7f]|\x1b[^\[]|\xc2[\x80-\x9f]"
    rb"|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]|\xd8\x9c|\x1b\[2J|\x1b\[31m"
)
"""What none of the program's own sequences is."""

POINTER = re.compile(rb"\x1b\]22;[a-z-]*\x07")
"""The shape of the mouse pointer, which Textual sets."""


def escaped(text: str) -> str:
    return "".join(
        character if character.isascii() and character.isprintable() else f"\\u{ord(character):04x}"
        for character in text
    )


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A sample with a marker in every field that holds text."""
    mark = escaped(MARKS)
    path = tmp_path / "sample.toml"
    path.write_text(
        f"""title.en = "T{mark}"
note.en = "N{mark}"
tokens = ["a{mark}", "b{mark}"]
x = [[1.0, 0.0], [0.0, 1.0]]
[[heads]]
w_q = [[1.0, 0.0], [0.0, 1.0]]
w_k = [[1.0, 0.0], [0.0, 1.0]]
w_v = [[1.0, 0.0], [0.0, 1.0]]
[[reference]]
source = "R{mark}"
head = 1
weights = [[0.5, 0.5], [0.5, 0.5]]
""",
        "utf-8",
    )
    return path


def model(tmp_path: Path) -> Path:
    """A model in a folder that steers a terminal."""
    folder = tmp_path / f"m{MARKS}".replace("/", "")
    shutil.copytree(CHECKPOINTS / "llama", folder)
    return folder


def run(*arguments: str) -> bytes:
    """What is written to both streams."""
    process = subprocess.run(
        [sys.executable, "-m", "kitten_tui", *arguments], capture_output=True, cwd=ROOT, timeout=120, check=False
    )
    return process.stdout + process.stderr


def assert_harmless(written: bytes) -> None:
    written = POINTER.sub(b"", written)
    steering = STEERING.search(written)
    assert steering is None, written[max(steering.start() - 60, 0) : steering.end() + 20]


PAPER = [
    ["--plain"],
    ["--json"],
    ["--check"],
    ["--explain", "weights[1,2]"],
    ["--explain", f"weights[{MARKS},1]"],
    ["--query", MARKS],
]


@pytest.mark.parametrize("options", PAPER)
def test_paper_of_a_sample_is_harmless(sample: Path, options: list[str]) -> None:
    written = run(str(sample), *options)
    assert_harmless(written)
    assert b"Traceback" not in written


def test_paper_of_a_model_is_harmless(tmp_path: Path) -> None:
    folder = model(tmp_path)
    for options in (["--plain"], ["--heads"], ["--check"]):
        assert_harmless(run("--model", str(folder), f"the cat {MARKS}", *options))


def test_what_is_refused_is_shown_harmless(tmp_path: Path) -> None:
    folder = model(tmp_path)
    config = folder / "config.json"
    right = json.loads(config.read_text())
    for wrong in (
        right | {"model_type": MARKS},
        right | {"hidden_act": MARKS},
        right | {"hidden_size": MARKS},
        [MARKS],
    ):
        config.write_text(json.dumps(wrong))
        assert_harmless(run("--model", str(folder), "the cat", "--plain"))
    missing = tmp_path / f"{MARKS}.toml"
    for arguments in (
        [str(missing)],
        ["--model", str(missing)],
        [MARKS, "--stage", MARKS],
        ["--lang", MARKS],
        ["--theme", MARKS],
    ):
        assert_harmless(run(*arguments))
    missing.write_text(f'tokens = "{escaped(MARKS)}"\n"{escaped(MARKS)}" = 1\n')
    assert_harmless(run(str(missing)))


@pytest.mark.parametrize("size", [(90, 26), (130, 40)])
def test_the_screen_of_a_sample_is_harmless(sample: Path, size: tuple[int, int]) -> None:
    """Every stage, the lesson text, every dialog, the list of changes, what is refused."""
    with Session(str(sample), "--lang", "en", size=size) as session:
        session.until("MARK")
        paste = f"\x1b[200~{MARKS.replace(chr(27), '')}\x1b[201~"
        walk = "1 2 3 4 5 6 7 1 i ESC 3 e CR 5CR n ESC < c ESC f PASTE CR o PASTE CR ESC SAVE no/x CR ESC = ESC PALETTE"
        named = {"ESC": "\x1b", "CR": "\r", "5CR": "5\r", "PASTE": paste, "SAVE": "\x13", "PALETTE": "\x10"}
        for key in walk.split():
            session.send(named.get(key, key).encode())
            session.until_still(0.15)
        assert_harmless(session.output)


def test_the_screen_of_a_model_is_harmless(tmp_path: Path) -> None:
    with Session("--model", str(model(tmp_path)), f"the cat {MARKS}", "--stage", "1", "--lang", "en") as session:
        session.until("MARK")
        for key in ["i", "\x1b", "7", "8", "v", "i", "\x1b", "/", "\x1b"]:
            session.send(key.encode())
            session.until_still(0.15)
        assert_harmless(session.output)
