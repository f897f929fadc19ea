"""How a source is walked through, and where a walk was left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kitten_tui.walk.step import Step
from kitten_tui.words import Words


@dataclass(frozen=True)
class Walking:
    """What a screen knows of its walk between two of them."""

    of_file: tuple[Step, ...] | None = None
    """The steps that were asked for in the place of the program's own."""
    asks: bool = True
    left_at: str = ""
    """The id of the step where the last walk was left."""
    answers: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[Step, ...]:
        if self.of_file is not None:
            return self.of_file
        from kitten_tui.walk.reading import own_steps  # 10 ms, and only where somebody walks

        return own_steps()


@dataclass(frozen=True)
class Left:
    """Where a walk was left, and what is to be done there."""

    stage: int
    step: str
    answers: Mapping[str, int | None]
    words: Words
    action: str = ""
    """The action of the key that left it."""
