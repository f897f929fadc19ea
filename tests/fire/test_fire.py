"""A slice of what ``python -m tests.fire`` tries for as long as it is told to."""

from __future__ import annotations

from random import Random

import pytest
from kinds import KINDS
from painted import COMPARED

pytestmark = pytest.mark.slow

SLICE = {
    "sentence": 150,
    "sample": 100,
    "annotated": 60,
    "walked": 60,
    "line": 60,
    "checkpoint": 60,
    "sent": 400,
    "keys": 2,
}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_is_tried_ends_the_program(kind: str) -> None:
    for number in range(SLICE[kind]):
        KINDS[kind](Random(f"{kind} 0 {number}"))


def test_numbers_on_the_screen_are_held_against_the_trace() -> None:
    before = sum(COMPARED.values())
    for number in range(4):  # some lead to dialogs alone
        KINDS["keys"](Random(f"keys 0 {number}"))
    assert sum(COMPARED.values()) > before
