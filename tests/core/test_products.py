"""A product of arrays by named axes is the sum that it says."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from kitten_tui.core.products import product

SIZES = {"a": 2, "b": 3, "c": 4, "*": 5}
PAIRS = [
    ("a*", "*b"),
    ("a*", "b*"),
    ("*a", "*b"),
    ("*a", "b*"),
    ("*", "*b"),
    ("a*", "*"),
    ("*", "*"),
    ("a*", "bc*"),
    ("a*", "*bc"),
    ("*a", "b*c"),
    ("ab*", "*c"),
    ("a*", "a*"),
    ("ab*", "b*"),
    ("ab*", "ac*"),
]


@pytest.mark.parametrize("names", PAIRS)
def test_a_product_is_added_up_along_the_axis_that_has_no_name(names):
    arrays = [np.random.RandomState(len(each)).normal(size=[SIZES[name] for name in each]) for each in names]
    axes = sorted(set("".join(names)) - {"*"})
    wanted = np.einsum(f"{','.join(names).replace('*', 'z')}->{''.join(axes)}", *arrays)
    operands = [(tuple(each), array) for each, array in zip(names, arrays, strict=True)]
    assert product(operands, tuple(axes)) == pytest.approx(wanted, abs=1e-12)


def test_a_product_of_two_matrices_takes_no_room_for_its_terms():
    n = 128
    left, right = np.ones((n, n)), np.ones((n, n))
    tracemalloc.start()
    product([(("a", "*"), left), (("*", "b"), right)], ("a", "b"))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 * left.nbytes
