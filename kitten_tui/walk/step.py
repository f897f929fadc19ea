"""A step of the walk: one idea, said in each language, with what it points at, does, claims and asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kitten_tui.stages.light import Light

Texts = Mapping[str, str]
"""A sentence in each language, by language code."""


@dataclass(frozen=True)
class Question:
    """What is asked before the step says it."""

    kind: str
    """One of kitten_tui.walk.questions.QUESTIONS, which knows the right answer."""
    text: Texts
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """In each language, where the kind of question has no words or numbers of its own to choose from."""
    covers: tuple[Light, ...] = ()
    """What would give the answer away."""


@dataclass(frozen=True)
class Step:
    id: str
    stage: str
    """The id of the stage that it is a step of."""
    text: Texts
    """The sentence; the names in braces are those of kitten_tui.walk.facts.FACTS."""
    page: str = ""
    """The id of the page that it is seen at, where that is not its stage: what it does may lead to another source."""
    rules: tuple[str, ...] = ()
    """Of kitten_tui.walk.rules.RULES; where one does not hold, the step is left out."""
    does: tuple[str, ...] = ()
    """What it switches, as kitten_tui.walk.actions reads it; put back when it is left."""
    look: Mapping[str, str] = field(default_factory=dict)
    """Where the cursor stands: an axis, and a name of kitten_tui.walk.places.PLACES."""
    figures: tuple[str, ...] = ()
    """The id of the figure that the cursor stands in, or of others in its place; nothing is where the stage begins."""
    lights: tuple[Light, ...] = ()
    sum: bool = False
    """Whether the number at the cursor is worked out below the sentence."""
    question: Question | None = None
    answers: tuple[str, ...] = ()
    """The names of what readers ask that it answers."""
