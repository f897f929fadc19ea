"""A fault of the program itself: status 1, one screen to report, and nothing that was changed is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ptying import ROOT, Session, change_a_word

from kitten_tui.crash import report
from kitten_tui.sources.find import open_source
from kitten_tui.sources.sample import read_sample
from kitten_tui.words import Words

pytestmark = pytest.mark.slow

AT_A_KEY = """
import sys
from kitten_tui.screens.switching import SwitchingScreen
def break_down(self):
    secret = "a value that is nobody's business"
    raise RuntimeError("\\x1b]52;c;aGk=\\x07[/] broken")
SwitchingScreen.action_flip = break_down
from kitten_tui.cli import main
sys.exit(main(sys.argv[1:]))
"""
IN_A_THREAD = """
import sys
from kitten_tui.sources.checkpoint.reading import Reading
def break_down(self, *given):
    raise RuntimeError("broken")
Reading.advance = break_down
from kitten_tui.cli import main
sys.exit(main(sys.argv[1:]))
"""
ON_PAPER = """
import sys
import kitten_tui.paper.plain
def break_down(*given):
    raise RuntimeError("broken")
kitten_tui.paper.plain.plain = break_down
from kitten_tui.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_fault_ends_with_one_screen_and_keeps_what_was_changed(tmp_path: Path) -> None:
    with Session(code=AT_A_KEY, cwd=tmp_path) as session:
        change_a_word(session)
        session.send(b"b")
        assert session.until_gone() == 1
        assert session.left_on == set()
        assert session.echoes
        said = session.output.rpartition(b"\x1b[?1049l")[2].decode()
    assert "RuntimeError" in said
    assert "[/] broken" in said
    assert "\x1b]" not in said
    assert "break_down" in said
    assert "nobody" not in said
    assert len(said.splitlines()) <= 24
    path = tmp_path / "kitten-tui-unsaved.toml"
    assert str(path) in said
    assert "xyz" in read_sample(path).tokens


def test_a_fault_where_nothing_was_changed_writes_nothing(tmp_path: Path) -> None:
    with Session(code=AT_A_KEY, cwd=tmp_path) as session:
        session.until("journey")
        session.send(b"b")
        assert session.until_gone() == 1
    assert not list(tmp_path.iterdir())


def test_a_fault_in_a_thread_is_one_of_the_program(tmp_path: Path) -> None:
    model = ROOT / "tests" / "checkpoints" / "llama"
    with Session("--model", str(model), "the cat", code=IN_A_THREAD, cwd=tmp_path) as session:
        assert session.until_gone() == 1
        assert session.left_on == set()
        assert "RuntimeError: broken" in session.text
        assert "advance" in session.text or "break_down" in session.text


def test_a_fault_on_paper_is_told_the_same_way() -> None:
    run = subprocess.run(
        [sys.executable, "-c", ON_PAPER, "--plain", "--lang", "zh"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert run.returncode == 1
    assert run.stdout == ""
    assert "RuntimeError: broken" in run.stderr
    assert "Traceback" not in run.stderr
    assert Words("zh")("crash.title") in run.stderr


@pytest.mark.parametrize("language", ["en", "zh"])
def test_changes_go_where_they_can_be_written(language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    here = tmp_path / "here"
    here.mkdir()
    (here / "kitten-tui-unsaved.toml").write_text("mine")
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    lesson = open_source("a cat")
    unsaved = (lesson, lesson.settings, 0)
    said = "\n".join(report(ValueError("x"), Words(language), unsaved))
    assert str(here / "kitten-tui-unsaved-2.toml") in said
    assert (here / "kitten-tui-unsaved.toml").read_text() == "mine"
    with monkeypatch.context() as patched:
        patched.setattr("os.access", lambda path, mode: str(path) != str(here))
        said = "\n".join(report(ValueError("x"), Words(language), unsaved))
        assert str(home / "kitten-tui-unsaved.toml") in said
        patched.setattr("os.access", lambda path, mode: False)
        said = "\n".join(report(ValueError("x"), Words(language), unsaved))
        assert Words(language)("crash.lost") in said
