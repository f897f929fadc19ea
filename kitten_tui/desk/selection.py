"""What is selected: one query, key, head and layer, shared by every stage."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Selection:
    """Counts from 0. An axis keeps its place while other stages are looked at."""

    stage: int = 0
    layer: int = 0
    head: int = 0
    query: int = 0
    key: int = 0
    d_model: int = 0
    d_k: int = 0
    concat: int = 0
    rank: int = 0
    vocabulary: int = 0
    d_embedding: int = 0
    expert: int = 0
    pinned: int = -1
    """A query to compare with, whose row stays; −1 is none."""
    backward: bool = False
    """Whether the gradients of numbers are looked at in their place."""
    by_value: bool = False
    """Whether weights are looked at by the size of the values they carry."""
    hide_special: bool = False
    """Whether special tokens are hidden, and what is left is divided by its sum."""
    alone: bool = False
    """Whether nothing is seen but the selected row and what it is made of."""
    focus: str = ""
    """The id of the figure that has the cursor; empty means the one the stage begins with."""

    def at(self, axis: str) -> int:
        """The place along an axis of the vocabulary; a token is selected as the query."""
        place = getattr(self, _field(axis))
        assert isinstance(place, int)
        return place

    def moved(self, **places: int | str) -> Selection:
        """The same selection with these axes at other places."""
        return replace(self, **{_field(axis): place for axis, place in places.items()})  # type: ignore[arg-type]


def _field(axis: str) -> str:
    return "query" if axis == "token" else axis
