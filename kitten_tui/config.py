"""What somebody always wants: language and theme, in one TOML file of theirs, or as an option says."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from kitten_tui.options import LANGUAGES, UsageError
from kitten_tui.sources.reading import check_file

if TYPE_CHECKING:
    from kitten_tui.words import Words

NAMES = ("language", "theme")


def config_file() -> Path:
    """Where it is looked for: kitten-tui/config.toml in XDG_CONFIG_HOME, or in ~/.config."""
    home = os.environ.get("XDG_CONFIG_HOME", "")
    return Path(home if home.startswith("/") else os.path.expanduser("~/.config")) / "kitten-tui" / "config.toml"


def read_config() -> dict[str, str]:
    """What stands in the file; nothing where there is none.

    Raises:
        SourceError: it cannot be read, or says something that is not known.
    """
    path = config_file()
    try:
        check_file(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    from kitten_tui.sources.tables import read_table  # 2 ms, and only where there is a file

    said, _ = read_table(path, "a configuration")
    for name, value in said.items():
        if name not in NAMES:
            raise UsageError(f"{path}: {name}: expected one of {', '.join(NAMES)}")
        if not isinstance(value, str) or (name == "language" and value not in LANGUAGES):
            expected = f"one of {', '.join(LANGUAGES)}" if name == "language" else "the name of a theme"
            raise UsageError(f"{path}: {name}: expected {expected}, found {value!r}")
    return said


def settle(arguments: argparse.Namespace) -> None:
    """Puts what the file says where the command line says nothing.

    Raises:
        SourceError: as for the file.
    """
    if arguments.lang is None or arguments.theme is None:
        said = read_config()
        arguments.lang = arguments.lang or said.get("language")
        arguments.theme = arguments.theme or said.get("theme")


def words_of(language: str | None) -> Words:
    """The sentences in this language, or in that of the environment."""
    from kitten_tui.words import Words, language_of_environment

    return Words(language or language_of_environment())


def theme_of(given: str | None) -> str:
    """The name of a theme that there is, by what somebody calls it.

    Raises:
        SourceError: there is none.
    """
    from kitten_tui.themes import ALIASES, DARK

    name = ALIASES.get(given or "dark", given or DARK.name)
    if name not in themes():
        raise UsageError(f"--theme: expected dark, light or one of {', '.join(themes())}, found {given}")
    return name


def themes() -> tuple[str, ...]:
    """The names of all themes, ours before Textual's."""
    from textual.theme import BUILTIN_THEMES

    from kitten_tui.themes import THEMES

    return (*(theme.name for theme in THEMES), *sorted(BUILTIN_THEMES))
