"""The words of the lesson, explained in each language: terms.toml beside this file."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources


@dataclass(frozen=True)
class Term:
    id: str
    texts: Mapping[str, Mapping[str, str]]
    """In each language, by its code: what it is called ("name"), and two sentences about it ("text")."""
    names: tuple[str, ...] = ()
    """The quantities whose figures show it."""
    begins: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    """How the names of further ones begin or end."""
    stages: tuple[str, ...] = ()
    """Where it is a word for them; empty where it always is."""
    only_with: str = ""
    """A quantity without which it means nothing."""

    def is_shown_by(self, name: str, stage: str, chain: Collection[str]) -> bool:
        """Whether a figure of this quantity, at this stage, shows what the word means."""
        if (self.stages and stage not in self.stages) or (self.only_with and self.only_with not in chain):
            return False
        return name in self.names or name.startswith(self.begins) or name.endswith(self.ends)


@lru_cache
def terms() -> tuple[Term, ...]:
    """All of them, in the order in which they come up."""
    raw = resources.files(__package__).joinpath("terms.toml").read_text(encoding="utf-8")
    return tuple(_term(record) for record in tomllib.loads(raw)["term"])


def _term(record: Mapping[str, object]) -> Term:
    texts = {key: value for key, value in record.items() if isinstance(value, dict)}
    other = {key: tuple(value) if isinstance(value, list) else value for key, value in record.items()}
    return Term(texts=texts, **{key: value for key, value in other.items() if key not in texts})  # type: ignore[arg-type]
