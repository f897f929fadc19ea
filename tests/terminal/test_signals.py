"""The terminal is left as it was found, whatever ends the program, and painted anew when it is had again."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from ptying import PATIENCE, Session, change_a_word

from kitten_tui.sources.sample import read_sample

pytestmark = pytest.mark.slow

LESSON = "journey"
"""Stands on every page of the sample that opens by itself."""
CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
ENDING = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGABRT", "SIGALRM", "SIGUSR1", "SIGUSR2"]

COMPUTING = """
import sys, time
from kitten_tui.sources.checkpoint.reading import Reading
advance = Reading.advance
def slowly(self, *given):
    sum(range(50_000_000))
    return advance(self, *given)
Reading.advance = slowly
from kitten_tui.cli import main
sys.exit(main(sys.argv[1:]))
"""


def assert_restored(session: Session) -> None:
    assert session.left_on == set()
    assert session.keyboard == 0
    assert session.echoes


@pytest.mark.parametrize("name", ENDING)
def test_a_signal_ends_the_program_and_restores_the_terminal(name: str) -> None:
    number = getattr(signal, name)
    with Session() as session:
        session.until(LESSON)
        session.kill(number)
        assert session.until_gone() == -number
        assert_restored(session)


def test_a_signal_restores_the_terminal_while_a_model_computes() -> None:
    with Session("--model", str(CHECKPOINTS / "llama"), "the cat", code=COMPUTING) as session:
        session.until("computing")
        session.kill(signal.SIGTERM)
        assert session.until_gone() == -signal.SIGTERM
        assert_restored(session)


def test_q_restores_the_terminal() -> None:
    with Session() as session:
        session.until(LESSON)
        session.send(b"q")
        assert session.until_gone() == 0
        assert_restored(session)


@pytest.mark.parametrize(
    ("keys", "shown"), [(b"", LESSON), (b"?", "Walking"), (b"/", "Another sentence"), (b"3e", "which input")]
)
def test_what_stands_on_the_screen_is_painted_after_ctrl_z_and_fg(keys: bytes, shown: str) -> None:
    with Session() as session:
        session.until(LESSON)
        session.send(keys)
        session.until(shown)
        session.until_still()
        session.send(b"\x1a")
        session.until_stopped()
        session.until_still(0.1)
        assert_restored(session)
        mark = len(session.output)
        session.kill(signal.SIGCONT)
        session.until(shown, mark)
        assert session.left_on >= {1000, 1049, 2004}
        assert not session.echoes
        session.kill(signal.SIGTERM)
        session.until_gone()
        assert_restored(session)


def test_the_signal_of_ctrl_z_does_what_the_key_does() -> None:
    with Session() as session:
        session.until(LESSON)
        session.until_still()
        session.kill(signal.SIGTSTP)
        session.until_stopped()
        session.until_still(0.1)
        assert_restored(session)


def test_the_overview_is_painted_after_ctrl_z_and_fg() -> None:
    with Session("--model", str(CHECKPOINTS / "llama"), "the cat") as session:
        session.until("the cat")
        session.until_still()
        session.send(b"\x1a")
        session.until_stopped()
        mark = len(session.output)
        session.kill(signal.SIGCONT)
        session.until("the cat", mark)


def test_stopped_and_continued_the_program_goes_on_and_restores_the_terminal() -> None:
    """SIGSTOP cannot be heard; a shell gives the terminal other modes meanwhile."""
    with Session() as session:
        session.until(LESSON)
        for _ in range(2):
            session.kill(signal.SIGSTOP)
            session.until_stopped()
            mark = len(session.output)
            session.kill(signal.SIGCONT)
            session.until(LESSON, mark)
        session.send(b"q")
        assert session.until_gone() == 0
        assert_restored(session)


@pytest.mark.parametrize("numbers", [(signal.SIGTERM,), (signal.SIGHUP,), (signal.SIGTERM, signal.SIGHUP)])
def test_a_signal_takes_no_changes_away(numbers: tuple[int, ...], tmp_path: Path) -> None:
    with Session(cwd=tmp_path) as session:
        change_a_word(session)
        mark = len(session.output)
        for number in numbers:
            session.kill(number)
        assert -session.until_gone() in numbers
        assert_restored(session)
        assert "kitten-tui-unsaved.toml" in session.text_since(mark)
    assert [path.name for path in tmp_path.iterdir()] == ["kitten-tui-unsaved.toml"]
    assert "xyz" in read_sample(tmp_path / "kitten-tui-unsaved.toml").tokens


@pytest.mark.parametrize("ignoring", [(), (signal.SIGHUP,)])
def test_a_closed_window_takes_no_changes_away(ignoring: tuple[int, ...], tmp_path: Path) -> None:
    with Session(ignoring=ignoring, cwd=tmp_path) as session:
        change_a_word(session)
        session.close()
        end = time.monotonic() + PATIENCE
        while session.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        assert session.status is not None
    assert [path.name for path in tmp_path.iterdir()] == ["kitten-tui-unsaved.toml"]
    assert "xyz" in read_sample(tmp_path / "kitten-tui-unsaved.toml").tokens


@pytest.mark.parametrize("ignoring", [(), (signal.SIGHUP,)])
def test_a_closed_terminal_ends_the_program(ignoring: tuple[int, ...]) -> None:
    with Session(ignoring=ignoring) as session:
        session.until(LESSON)
        session.close()
        end = time.monotonic() + PATIENCE
        while session.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        assert session.status is not None


def test_a_signal_leaves_no_half_file(tmp_path: Path) -> None:
    path = tmp_path / "all.npz"
    arguments = ("--model", str(CHECKPOINTS / "llama"), "the cat", "--save", str(path))
    slow = COMPUTING.replace("advance", "trace")
    with Session(*arguments, code=slow) as session:
        session.wait_for(lambda: bool(os.listdir(tmp_path)), "the file")
        session.kill(signal.SIGTERM)
        assert session.until_gone() == 128 + signal.SIGTERM
    assert os.listdir(tmp_path) == []
