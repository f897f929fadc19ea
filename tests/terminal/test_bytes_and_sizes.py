"""A terminal of any size that sends any bytes."""

from __future__ import annotations

import signal
import time

import pytest
from ptying import Session

from kitten_tui.reader import PASTE_PAUSE

pytestmark = pytest.mark.slow

LESSON = "journey"


@pytest.mark.parametrize("exported", [{"COLUMNS": "132", "LINES": "43"}, {"LINES": "12"}, {"COLUMNS": "20"}])
def test_the_size_of_the_terminal_wins_over_what_was_exported(exported: dict[str, str]) -> None:
    with Session(environment=exported) as session:
        session.until(LESSON)
        session.until_still()
        assert session.rows == 26
        session.resize(120, 40)
        session.wait_for(lambda: session.rows == 40, "row 40")


def test_a_window_of_no_size_and_of_enormous_size_is_survived() -> None:
    with Session() as session:
        session.until(LESSON)
        for size in ((0, 0), (65_535, 3), (3, 65_535), (65_535, 65_535), (1, 1)):
            session.resize(*size)
            session.until_still(0.1)
        mark = len(session.output)
        session.resize(90, 26)
        session.until(LESSON, mark)
        session.send(b"q")
        assert session.until_gone() == 0


def test_a_terminal_that_begins_without_a_size_is_painted() -> None:
    with Session(size=(0, 0)) as session:
        session.until(LESSON)


@pytest.mark.parametrize(
    "raw",
    [
        b"\xe9",
        b"\x1b[M\xff\xfe\xfd",
        b"\x1b[1114112u",
        b"\x1b[97:65;2u",
        b"\x1b[97;1;55296u",
        b"\x1b[48;0;0;0;0t\x1b[<0;3;3M",
    ],
)
def test_bytes_of_no_meaning_are_survived(raw: bytes) -> None:
    with Session() as session:
        session.until(LESSON)
        session.send(b"/" + raw)
        session.until_still()
        session.send(b"\x1b")
        session.until_still()
        session.send(raw)
        session.send(b"?")
        session.until("Walking")
        session.kill(signal.SIGTERM)
        session.until_gone()


def test_a_paste_without_an_end_takes_no_key_for_ever() -> None:
    with Session() as session:
        session.until(LESSON)
        session.send(b"\x1b[200~abc")
        time.sleep(PASTE_PAUSE + 0.5)  # what is tested is that time passes
        session.send(b"?")
        session.until("Walking")


def test_a_million_characters_are_refused_at_once() -> None:
    with Session() as session:
        session.until(LESSON)
        session.send(b"/")
        session.until("Another sentence")
        session.send(b"\x1b[200~" + b"ab cd efgh\n" * 100_000 + b"\x1b[201~")
        before = session.worked()
        session.until("1,100,000")
        assert session.worked() - before < 1.0
