"""What was trained is kept: it opens as a model does, and goes on as if it had never stopped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kitten_tui.cli import main
from kitten_tui.sources.errors import ExistsError, SourceError
from kitten_tui.sources.training.opening import open_training
from kitten_tui.sources.training.run import Run
from kitten_tui.sources.training.saved import is_saved, open_saved, save_run


def trained(steps: int, **asked: object) -> Run:
    run = open_training("kitten-en", {"steps": steps, **asked})
    while run.step < steps:
        run.advance()
    return run


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_training_that_was_saved_goes_on_with_the_same_bits(tmp_path: Path, optimizer: str) -> None:
    run = trained(12, optimizer=optimizer)
    save_run(run, tmp_path / "model")
    assert is_saved(str(tmp_path / "model"))
    again = open_saved(str(tmp_path / "model"))
    assert (again.step, again.setup) == (12, run.setup)
    for _ in range(3):
        run.advance()
        again.advance()
    assert np.array_equal(run.state.parameters, again.state.parameters)


def test_one_that_was_stopped_is_looked_at_where_it_stopped(tmp_path: Path) -> None:
    run = open_training("kitten-en", {"steps": 40})
    for _ in range(7):
        run.advance()
    save_run(run, tmp_path / "model")
    again = open_saved(str(tmp_path / "model"))
    assert (again.step, again.setup.steps) == (7, 7)


def test_what_learned_beside_goes_on_too(tmp_path: Path) -> None:
    for name in ("copy", "recall"):
        run = open_training(name, {"steps": 3, "batch": 4})
        while run.step < 3:
            run.advance()
        save_run(run, tmp_path / name)
        again = open_saved(str(tmp_path / name))
        for each in (run, again):
            each.advance()
        assert again.beside
        for other, reopened in zip(run.beside.values(), again.beside.values(), strict=True):
            assert np.array_equal(other.state.parameters, reopened.state.parameters)


def test_a_training_of_a_text_needs_its_text(tmp_path: Path) -> None:
    text = tmp_path / "my.txt"
    text.write_text("the cat saw the dog . " * 40)
    run = open_training(str(text), {"steps": 2, "by": "word"})
    save_run(run, tmp_path / "model")
    assert open_saved(str(tmp_path / "model")).task.vocabulary == run.task.vocabulary
    text.write_text("another text of other words " * 40)
    with pytest.raises(SourceError, match=r"vocabulary: expected that of my\.txt, found another one"):
        open_saved(str(tmp_path / "model"))


def test_the_command_line_saves_and_opens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "model")
    assert main(["--train", "copy", "--steps", "5", "--plain", "--save-model", folder, "--lang", "en"]) == 0
    assert main(["--model", folder, "--explain", "weights[2,1]", "--lang", "en"]) == 0
    assert "α h1[l#2, s#1]" in capsys.readouterr().out
    assert main(["--train", "copy", "--steps", "5", "--plain", "--save-model", folder]) == 2
    assert "expected the name of a new folder" in capsys.readouterr().err


def test_nothing_is_written_over(tmp_path: Path) -> None:
    with pytest.raises(ExistsError):
        save_run(trained(1), tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"task": "copy"}, "task: expected what is asked for after --train"),
        ({"task": ["nothing"]}, "--train: expected one of copy"),
        ({"step": -1}, "step: expected a number from 0"),
        ({"vocabulary": ["a"]}, "vocabulary: expected that of kitten-en, found another one"),
        ({"setup": {}}, "setup: expected an object with a shape"),
        ({"beside": None}, "beside: expected a step for each of"),
    ],
)
def test_a_folder_that_was_tampered_with_is_refused(tmp_path: Path, change: dict[str, object], said: str) -> None:
    folder = tmp_path / "model"
    save_run(trained(1), folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config["kitten_tui"] |= change
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(SourceError, match=said):
        open_saved(str(folder))


def test_what_its_file_says_of_sizes_is_not_believed(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    save_run(trained(1), folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    for name, value in (("d_model", 10**6), ("d_k", 4), ("n_layers", 0), ("window", "9")):
        other = json.loads(json.dumps(config))
        other["kitten_tui"]["setup"]["shape"][name] = value
        (folder / "config.json").write_text(json.dumps(other))
        with pytest.raises(SourceError):
            open_saved(str(folder))
