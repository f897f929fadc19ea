"""Threads are chosen from the cores that nobody else uses, unless somebody says otherwise."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ptying import ROOT

from kitten_tui.cli import BAD, main
from kitten_tui.threads import VARIABLES, busy, cores, fitting

CHOSEN = (
    "import os, sys; from kitten_tui.threads import choose; choose({}); print(os.environ.get('OPENBLAS_NUM_THREADS'))"
)


def chosen(given: object, before: str = "", **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    code = before + CHOSEN.format(given)
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=kept | environment, check=True
    )
    return ran.stdout.strip()


@given(st.integers(1, 256), st.floats(0, 1000))
def test_there_is_one_thread_at_least_and_none_for_a_core_that_is_used(n: int, others: float) -> None:
    assert 1 <= fitting(n, others) <= n
    assert fitting(n, 0.0) == n
    assert fitting(n, n + others) == 1


def test_what_is_asked_of_the_system_is_sensible() -> None:
    assert cores() >= 1
    assert busy() >= 0.0


@pytest.mark.slow
def test_what_somebody_has_settled_stays() -> None:
    assert chosen(None, OPENBLAS_NUM_THREADS="3") == "3"
    assert chosen(None, OMP_NUM_THREADS="3") == "None"
    assert chosen(5, OPENBLAS_NUM_THREADS="3") == "5"
    assert chosen(None, before="import numpy; ") == "None"


def test_otherwise_it_is_a_number_of_cores() -> None:
    assert 1 <= int(chosen(None)) <= cores()


@pytest.mark.parametrize("arguments", [["--threads", "0"], ["--threads", "99999"], ["--threads", "2"]])
def test_threads_that_cannot_be_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == BAD
    assert capsys.readouterr().err.startswith("kitten-tui: --threads: expected")
