"""A text of one's own: read, learned from, or refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.training.opening import line_of, open_training
from kitten_tui.sources.training.source import Training

TEXT = "the cat saw the dog and the dog saw the cat . " * 40


def written(folder: Path, text: str) -> str:
    path = folder / "my.txt"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.slow
def test_the_next_word_of_a_text_is_learned(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT)
    run = open_training(path, {"steps": 60})
    assert run.task.vocabulary[0] == "the"
    while run.step < 60:
        run.advance()
    assert all(each.came(run.kept[-1].measured) for each in run.task.expected(run.setup))
    assert Training(run, run.state).tokens[:3] == ("the", "cat", "saw")
    assert line_of(run.task, run.setup) == f"kitten-tui --train {path} --steps 60 --seed 0"


def test_characters_may_be_the_tokens(tmp_path: Path) -> None:
    run = open_training(written(tmp_path, TEXT), {"by": "character"})
    assert set(run.task.vocabulary) == set(TEXT)
    assert "--by character" in line_of(run.task, run.setup)


def test_what_is_held_out_is_never_learned_from(tmp_path: Path) -> None:
    numbers = " ".join(f"w{place}" for place in range(400))
    run = open_training(written(tmp_path, numbers), {})
    learned = {int(number) for step in range(1, 40) for number in np.unique(run.batch(step).ids)}
    assert not learned & {int(number) for number in np.unique(run.held_out.ids)}


@pytest.mark.parametrize(
    ("text", "asked", "said"),
    [
        ("too short", {}, "expected a text of at least 50 tokens, found 2"),
        ("na " * 100, {}, "expected at least 2 different tokens, found 1"),
        (" ".join(map(str, range(3000))), {"by": "word"}, "expected at most 2,000 different tokens, found 3,000"),
        (TEXT, {"by": "letter"}, "--by: expected one of word, character, found letter"),
    ],
)
def test_a_text_that_cannot_be_learned_is_refused(
    tmp_path: Path, text: str, asked: dict[str, object], said: str
) -> None:
    with pytest.raises(SourceError, match=said):
        open_training(written(tmp_path, text), asked)


def test_tokens_are_for_texts_and_a_file_has_to_be_there() -> None:
    with pytest.raises(SourceError, match="--by: expected a file of text to train on, found the task copy"):
        open_training("copy", {"by": "word"})
    with pytest.raises(SourceError, match=r"nothing\.txt: expected a file of text, found none"):
        open_training("nothing.txt", {})
