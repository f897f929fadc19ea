"""Where lines go: encodings without our signs, closed streams, notebooks, errors of one line."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from ptying import ROOT, Session
from rich.cells import cell_len

from kitten_tui.output import BAD, LONGEST_ERROR, OK

pytestmark = pytest.mark.slow

STARTED = [sys.executable, "-m", "kitten_tui"]


def run(arguments: Sequence[str], **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*STARTED, *arguments], capture_output=True, cwd=ROOT, env=os.environ | environment, timeout=120, check=False
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "cp1252", "gbk"])
@pytest.mark.parametrize("source", ["journey", "causal"])
def test_an_encoding_without_our_signs_gets_others_of_the_same_width(encoding: str, source: str) -> None:
    arguments = [source, "--plain", "--lang", "en"]
    right = run(arguments, PYTHONIOENCODING="utf-8").stdout.decode()
    shown = run(arguments, PYTHONIOENCODING=encoding).stdout.decode(encoding)
    assert "\\u" not in shown
    assert [cell_len(line) for line in shown.splitlines()] == [cell_len(line) for line in right.splitlines()]


@pytest.mark.parametrize("sentence", ["हिन्दी में लिखो", "தமிழ் எழுது", "বাংলা ভাষা", "ភាសាខ្មែរ", "မြန်မာ"])
def test_no_character_of_doubtful_width_reaches_paper(sentence: str) -> None:
    """To some terminals a spacing mark takes a cell, to others it takes none."""
    import unicodedata

    shown = run([sentence, "--plain", "--stage", "3"], PYTHONIOENCODING="utf-8").stdout.decode()
    assert not [character for character in shown if unicodedata.category(character) == "Mc"]


def test_an_error_is_a_line_of_bounded_length() -> None:
    ran = run(["--query", "x" * 20_000, "--lang", "en"])
    assert b"expected one of" in ran.stderr
    assert ran.returncode == BAD
    assert ran.stderr.count(b"\n") == 1
    assert len(ran.stderr.decode()) <= LONGEST_ERROR + 20
    assert ran.stdout == b""


def test_an_error_never_goes_to_standard_output() -> None:
    ran = subprocess.run(
        f"exec {sys.executable} -m kitten_tui --stage 99 2>&-",
        shell=True,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        check=False,
    )
    assert ran.returncode == BAD
    assert ran.stdout == b""


CUT = ["--model", "tests/checkpoints/bert", "the cat saw the dog " * 12]
"""More tokens than the model reads, which is said beside what is printed."""


def test_what_is_said_beside_never_goes_to_standard_output() -> None:
    line = shlex.join([*STARTED, *CUT, "--json"])
    told = subprocess.run(line, shell=True, capture_output=True, cwd=ROOT, check=True)
    assert b"so it was cut there" in told.stderr
    silent = subprocess.run(f"exec {line} 2>&-", shell=True, stdout=subprocess.PIPE, cwd=ROOT, check=True)
    assert silent.stdout == told.stdout


def test_where_something_is_refused_nothing_else_is_said() -> None:
    ran = run([*CUT, "--generate", "2", "--lang", "en"])
    assert (ran.returncode, ran.stdout) == (BAD, b"")
    assert ran.stderr.startswith(b"kitten-tui: --generate: expected a model that says what comes next")
    assert ran.stderr.count(b"\n") == 1


@pytest.mark.parametrize("arguments", ["--help", "--version", "--plain", "--json"])
def test_nobody_has_to_read_what_is_printed(arguments: str) -> None:
    ran = subprocess.run(
        f"{sys.executable} -m kitten_tui {arguments} | true", shell=True, stderr=subprocess.PIPE, cwd=ROOT, check=False
    )
    assert ran.stderr == b""


def test_a_folder_that_cannot_be_listed_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import kitten_tui.start as start
    from kitten_tui.cli import main

    def fail(*given: object) -> None:
        raise PermissionError(13, "Permission denied", "/folder")

    monkeypatch.setattr(start, "open_source", fail)
    assert main(["--plain"]) == BAD
    assert capsys.readouterr().err == "kitten-tui: /folder: expected one that can be read, found: Permission denied\n"


def test_in_a_notebook_the_lesson_comes_as_text_and_ends(tmp_path: Path) -> None:
    with Session("--stage", "1", environment={"JPY_PARENT_PID": "1"}) as session:
        assert session.until_gone() == OK
        assert "journey" in session.text
        assert session.output.count(b"\x1b") == 0


@pytest.mark.parametrize("text", ["a" * 40_000, "\U0001f469\u200d" * 10_000], ids=["letters", "emoji"])
def test_a_very_long_token_is_shown_at_once(text: str) -> None:
    ran = subprocess.run(
        [*STARTED, "-", "--plain"], input=text.encode(), capture_output=True, cwd=ROOT, timeout=10, check=False
    )
    assert ran.returncode == OK
