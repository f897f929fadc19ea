"""Training without a screen: a table or one object, the same bytes each time."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kitten_tui.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main([*arguments, "--lang", "en"])
    out, err = capsys.readouterr()
    return status, out, err


def test_a_training_is_a_table_with_what_was_expected(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "--train", "copy", "--steps", "40", "--plain")
    assert status == 0
    assert out.splitlines()[1] == "kitten-tui --train copy --steps 40 --seed 0"
    assert "✗ did not come:  heads that begin at random copy every letter rightly" in out
    assert "step 40 of 40" in err


def test_the_same_training_prints_the_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (run(capsys, "--train", "copy", "--steps", "30", "--json")[1] for _ in range(2))
    assert first == second
    told = json.loads(first)
    assert told["steps_made"] == 30
    assert [step["step"] for step in told["steps"]][:3] == [0, 1, 2]
    assert {each["expectation"] for each in told["expected"]} == {"copied", "apart", "same"}
    assert told["steps"][-1]["beside"]["same"]["distance"] == [0.0]


@pytest.mark.parametrize("told", ["--plain", "--json"])
@pytest.mark.parametrize("task", ["recall", "kitten"])
def test_every_training_prints_the_same_bytes_again(capsys: pytest.CaptureFixture[str], task: str, told: str) -> None:
    first, second = (run(capsys, "--train", task, "--steps", "3", "--batch", "4", told)[1] for _ in range(2))
    assert first == second


@pytest.mark.parametrize(("language", "said"), [("en", "steps of reading it wait"), ("zh", "有几步要一步等一步")])
def test_what_waits_and_what_the_end_depends_on_are_told(
    capsys: pytest.CaptureFixture[str], language: str, said: str
) -> None:
    arguments = ("--train", "recall", "--steps", "2", "--batch", "4")
    assert main([*arguments, "--plain", "--lang", language]) == 0
    lines = capsys.readouterr().out.splitlines()
    place = next(place for place, line in enumerate(lines) if said in line)
    assert [line.split()[-1] for line in lines[place + 1 : place + 4]] == ["1", "11", "11"]
    last = json.loads(run(capsys, *arguments, "--json")[1])["steps"][-1]
    for told, waits in ((last, 1), (last["beside"]["elman"], 11), (last["beside"]["gru"], 11)):
        assert told["waits"] == waits
        assert len(told["depends"]) == 11
        assert told["by_distance"][0] is None


def test_a_training_that_diverges_ends_at_its_last_good_step(capsys: pytest.CaptureFixture[str]) -> None:
    line = ("--train", "copy", "--optimizer", "sgd", "--step-size", "1e30", "--steps", "20", "--plain")
    status, out, _ = run(capsys, *line)
    assert status == 0
    assert "the loss or a matrix was no number any more" in out
    assert "nan" not in out


def test_a_number_of_the_last_step_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--train", "induction", "--steps", "3", "--layer", "2", "--explain", "x[2,1]", "abcabc")
    status, out, _ = run(capsys, *arguments)
    assert status == 0
    assert out.startswith("x[b#2, d1] = ")


def test_ctrl_c_keeps_what_there_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from kitten_tui.sources.training.source import Training

    advance = Training.advance

    def interrupted(self: Training, pulse: object) -> bool:
        if self.made == 23:
            raise KeyboardInterrupt
        return advance(self, lambda: None)

    monkeypatch.setattr(Training, "advance", interrupted)
    status, out, err = run(capsys, "--train", "copy", "--plain")
    assert status == 0
    assert "stopped at step 23" in err
    assert "\n  23 " in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--steps", "3"), "--steps: expected --train TASK with it, found none"),
        (("--train", "copy", "--model", "minilm"), "--train: expected without --model, found both"),
        (("--train", "nothing"), "--train: expected one of copy,"),
        (("--train", "copy", "zebra"), "SOURCE: expected tokens of copy"),
        (("--train", "copy", "--steps", "0"), "--steps: expected a number from 1 to"),
        (("--train", "copy", "--optimizer", "lion"), "--optimizer: expected one of adam, sgd, found lion"),
        (("--train", "copy", "--start", "zero"), "--start: expected one of random, same, found zero"),
        (("--train", "copy", "--heads"), "--heads: expected --model DIR or a file of arrays with it, found a training"),
        (("--train", "copy", "--explain", "nothing[1]"), "--explain: expected a quantity such as"),
        (("--train", "copy", "--explain", "weights[1,1]", "--depth", "0"), "--depth: expected a number from 1"),
    ],
)
def test_what_does_not_go_together_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_json_of_a_head_ends_with_the_loss_and_the_gradients(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--train", "induction", "--steps", "2", "--json", "--head", "2", "--layer", "1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told)[-2:] == ["loss", "gradients"]
    assert told["loss"] > 0.0
    assert {"w_q", "w_o", "table", "position", "x", "scores", "weights", "output"} <= set(told["gradients"])
    for name in ("x", "scores", "weights", "output"):
        assert np.shape(told["gradients"][name]) == np.shape(told[name])
