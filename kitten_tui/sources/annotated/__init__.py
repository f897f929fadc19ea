"""Sentences annotated by hand: those that come with the program, and somebody's own in CoNLL-U."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from kitten_tui.core.annotated import Annotated
from kitten_tui.sources.annotated.conllu import read_conllu
from kitten_tui.sources.writing import path_of

OWN = ("en", "zh")
"""The languages of the sentences that come with the program."""


def open_annotated(name: str) -> Annotated:
    """The sentences of the program in a language, or those of a file.

    Raises:
        SourceError: the file cannot be read, or has no words that are related.
    """
    return _own(name) if name in OWN else read_conllu(path_of(name), Path(name).name)


@lru_cache
def _own(language: str) -> Annotated:
    return read_conllu(Path(__file__).with_name(f"{language}.conllu"), language)
