from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import settings

from kitten_tui.cli import main

# The same examples on every run and on every machine, however slow.
settings.register_profile("laws", derandomize=True, deadline=None, max_examples=40)
settings.load_profile("laws")


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """The program with these arguments, without a terminal."""

    def run(*argv: str) -> Ran:
        status = main(argv)
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return run


@pytest.fixture
def type_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Puts bytes on standard input, and hides the terminal that a text makes way for."""

    def type_in(raw: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        monkeypatch.setattr(os, "open", hidden)

    def hidden(path, *rest, **more):
        if path == "/dev/tty":
            raise OSError(errno.ENXIO, "no terminal")
        return opened(path, *rest, **more)

    opened = os.open
    return type_in
