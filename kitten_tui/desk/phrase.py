"""Sentences in no language yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Phrase:
    """A key of kitten_tui/words and the values to be put into the sentence."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)


class Whole(str):
    """A text that a sentence has all of, however long it is, such as a command."""


def phrase(key: str, **values: object) -> Phrase:
    return Phrase(key, values)
