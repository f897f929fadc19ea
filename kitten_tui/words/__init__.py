"""Sentences in each language: TOML beside this file, a key for each, named places for values."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from string import Formatter

LANGUAGES = ("en", "zh")
DEFAULT = "en"


class _Numbered(Formatter):
    """A place such as {count:word|words} is filled with the first where its value is one."""

    def format_field(self, value: object, format_spec: str) -> str:
        one, bar, many = format_spec.partition("|")
        if bar:
            return one if str(value) == "1" else many
        return str(super().format_field(value, format_spec))


_NUMBERED = _Numbered()


class Words:
    """The sentences of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.texts = _texts(language)

    def __call__(self, key: str, **values: object) -> str:
        """The sentence under this key with its places filled.

        Raises:
            KeyError: there is no such sentence, or a value for it is missing.
        """
        text = self.texts[key]
        return self.fill(text, **values) if values else text

    @staticmethod
    def fill(text: str, /, **values: object) -> str:
        """A sentence with its places filled."""
        return _NUMBERED.vformat(text, (), values) if "|" in text else text.format(**values)

    def of(self, texts: Mapping[str, str]) -> str:
        """The text in this language, else in another, else nothing."""
        return texts.get(self.language) or next(iter(texts.values()), "")

    @property
    def next_language(self) -> str:
        return LANGUAGES[(LANGUAGES.index(self.language) + 1) % len(LANGUAGES)]


@lru_cache
def _texts(language: str) -> Mapping[str, str]:
    raw = Path(__file__).with_name(f"{language}.toml").read_text(encoding="utf-8")
    return dict(_flat(tomllib.loads(raw)))


def _flat(table: Mapping[str, object], place: str = "") -> list[tuple[str, str]]:
    """Nested tables as dotted keys; the text of a table that also has children stands under the empty key."""
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        name = f"{place}{key}" if key else place[:-1]
        if isinstance(value, Mapping):
            found += _flat(value, f"{name}.")
        else:
            found.append((name, str(value).strip("\n")))
    return found


def language_of_environment(environment: Mapping[str, str] = os.environ) -> str:
    """The language that LC_ALL, LC_MESSAGES or LANG asks for, as far as there are words in it."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        locale = environment.get(variable)
        if locale:
            code = locale.replace("-", "_").split("_")[0].split(".")[0].lower()
            return code if code in LANGUAGES else DEFAULT
    return DEFAULT
