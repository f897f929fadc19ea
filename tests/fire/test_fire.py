"""A slice of what ``python -m tests.fire`` tries for as long as it is told to."""

from __future__ import annotations

from random import Random

import pytest
from kinds import KINDS

pytestmark = pytest.mark.slow

SLICE = {"sentence": 150, "sample": 100, "checkpoint": 60, "sent": 400, "keys": 2}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_is_tried_ends_the_program(kind: str) -> None:
    for number in range(SLICE[kind]):
        KINDS[kind](Random(f"{kind} 0 {number}"))
