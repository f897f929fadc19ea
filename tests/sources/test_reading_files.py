"""What describes a model is one JSON object in one file of an honest size, whichever file it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kitten_tui.sources.checkpoint.adapter import CONFIG, Adapter
from kitten_tui.sources.checkpoint.config_reader import ConfigReader
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.reading import LARGEST_CONFIG

OPENED = {"config.json": ConfigReader, CONFIG: lambda path: Adapter(path.parent)}
WRONG = {
    "{": "expected JSON: ",
    "[]": "expected an object, found list",
    " " * (LARGEST_CONFIG + 1): f"expected a file of at most {LARGEST_CONFIG:,} bytes, found more",
}


@pytest.mark.parametrize("name", OPENED)
@pytest.mark.parametrize("text", WRONG, ids=["no JSON", "a list", "too large"])
def test_what_is_no_object_is_one_line_that_names_the_file_once(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(SourceError) as error:
        OPENED[name](path)
    assert str(error.value).startswith(f"{path}: {WRONG[text]}")
    assert str(error.value).count(str(path)) == 1


@pytest.mark.parametrize("name", OPENED)
def test_a_pipe_is_refused_and_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(SourceError, match="expected a file, found a pipe"):
        OPENED[name](tmp_path / name)
