"""What may be set, to its ends and no further."""

from __future__ import annotations

import math

import pytest

from kitten_tui.core.settings import MAX_DIVISOR, MIN_DIVISOR, Settings


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("divisor", (MIN_DIVISOR, 1.0, MAX_DIVISOR, None)),
        ("dropout", (0.0, 0.5, math.nextafter(1.0, 0.0))),
        ("seed", (0, 1, 2**32 - 1)),
    ],
)
def test_what_lies_within_is_taken(name, values):
    assert [getattr(Settings(**{name: value}), name) for value in values] == [*values]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("divisor", (math.nextafter(MIN_DIVISOR, 0.0), math.nextafter(MAX_DIVISOR, math.inf), 0.0, -1.0, math.nan)),
        ("dropout", (-1e-9, 1.0, math.nan)),
        ("seed", (-1, 2**32)),
    ],
)
def test_what_lies_outside_is_refused_by_name(name, values):
    for value in values:
        with pytest.raises(ValueError, match=f"{name}: expected"):
            Settings(**{name: value})
