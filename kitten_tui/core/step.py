"""Intermediates that are computed when they are first looked at, and never change."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from kitten_tui.core.ops import Array, Mask

Computed = TypeVar("Computed", bound=Array | Mask)


def step(compute: Callable[[Any], Computed]) -> cached_property[Computed]:
    """A read-only array, computed once."""

    def frozen(of: Any) -> Computed:
        array = compute(of)
        array.setflags(write=False)
        return array

    frozen.__doc__ = compute.__doc__
    return cached_property(frozen)
