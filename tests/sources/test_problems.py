"""One place turns what goes wrong with a path, a file or memory into one line; nothing else is turned."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ptying import ROOT

from kitten_tui.sources.checkpoint.growth import longest, refuse_growth
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.opening import place_of
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.errors import SourceError, muted, plainly, problem_of
from kitten_tui.sources.reading import MOST_PARTS, parsed

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
TEXT = "the cat saw the dog"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "a\nb"), "a b: expected one that can be read"),
        (OSError(errno.EIO, "Input/output error"), "a file or a folder: expected one that can be read, found: Input"),
        (MemoryError(), "memory: expected more than there is; try a shorter text"),
        (MemoryError("Unable to allocate 9 GiB"), "memory: expected more than there is: Unable to allocate 9 GiB"),
        (RuntimeError("can't start new thread"), "memory: expected more than there is: can't start new thread"),
        (RuntimeError("Could not determine home directory."), "~: expected the home of a user"),
        (SourceError("x: expected y"), "x: expected y"),
    ],
)
def test_what_goes_wrong_outside_is_one_line(error: Exception, said: str) -> None:
    problem = problem_of(error)
    assert problem is not None
    assert problem.startswith(said)
    assert len(problem.splitlines()) == 1
    with pytest.raises(SourceError) as told, plainly():
        raise error
    assert str(told.value) == problem


@pytest.mark.parametrize("error", [ValueError("x"), RuntimeError("x"), KeyError("x"), IndexError("x")])
def test_what_the_program_does_wrong_stays_what_it_is(error: Exception) -> None:
    assert problem_of(error) is None
    with pytest.raises(type(error)), plainly():
        raise error


def test_nobody_at_the_other_end_of_a_pipe_is_no_problem() -> None:
    with pytest.raises(BrokenPipeError), plainly():
        raise BrokenPipeError


def test_what_a_library_writes_past_python_is_not_seen() -> None:
    code = (
        "import os\nfrom kitten_tui.sources.errors import muted\n"
        "with muted():\n    os.write(2, b'unseen')\n    with muted():\n        os.write(2, b'unseen')\n"
        "    os.write(2, b'unseen')\nos.write(2, b'seen')\nos.close(2)\nwith muted():\n    pass\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=True)
    assert ran.stderr == b"seen"


def test_what_is_raised_in_silence_is_heard() -> None:
    with pytest.raises(KeyError), muted():
        raise KeyError


def test_json_of_too_many_parts_is_refused_before_it_is_read() -> None:
    assert parsed('{"a": [1, 2]}') == {"a": [1, 2]}
    with pytest.raises(ValueError, match="expected at most"):
        parsed("[" * (MOST_PARTS + 1))


# A tokenizer that multiplies


def model(folder: Path, **parts: object) -> Model:
    """A tiny model whose tokenizer has other parts."""
    shutil.copytree(CHECKPOINTS / "gpt2", folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"tokenizer_class": "PreTrainedTokenizerFast"}))
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer | parts))
    return Model(folder)


def replace(old: str, new: str, kind: str = "String") -> dict[str, object]:
    return {"type": "Replace", "pattern": {kind: old}, "content": new}


def sequence(*steps: object) -> dict[str, object]:
    return {"type": "Sequence", "normalizers": list(steps)}


@pytest.mark.parametrize(
    "normalizer",
    [
        replace("e", "e" * 2_000_000),
        replace("e", "xy" * 2_000_000, "Regex"),
        sequence(*[replace("e", "ee")] * 40),
        sequence(sequence(*[replace("e", "ee")] * 20), sequence(*[replace("e", "ee")] * 20)),
        sequence(*[replace("", "xy", "Regex")] * 20),
        {"type": "Prepend", "prepend": "x" * 3_000_000},
    ],
)
def test_a_text_that_would_grow_without_end_is_refused_before_it_grows(normalizer: object, tmp_path: Path) -> None:
    opened = model(tmp_path / "model", normalizer=normalizer)
    with pytest.raises(SourceError, match="normalizer: expected a text of 19 bytes to become one of at most"):
        Reading(opened, TEXT)


def test_a_text_that_is_held_many_times_is_refused(tmp_path: Path) -> None:
    many = {
        "type": "TemplateProcessing",
        "single": [{"Sequence": {"id": "A", "type_id": 0}}] * 1000,
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
        "special_tokens": {},
    }
    with pytest.raises(SourceError, match="expected the text once, found it 1,000 times"):
        Reading(model(tmp_path / "model", post_processor=many), TEXT)


def test_a_long_text_that_stays_as_long_is_read() -> None:
    from tokenizers import Tokenizer, models, normalizers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(" ", "▁")])
    refuse_growth(tokenizer, "a cat " * 150_000, Path())
    refuse_growth(tokenizer, " " * 900_000, Path())
    with pytest.raises(SourceError, match="normalizer"):
        refuse_growth(tokenizer, "ﷺ" * 300_000, Path())


@pytest.mark.parametrize(
    ("step", "size", "most"),
    [
        (None, 10, 10),
        (sequence(), 10, 10),
        (replace("ab", "abcd"), 10, 20),
        (replace("abcd", "a"), 10, 10),
        (replace("", "x"), 10, 21),
        ({"type": "Prepend", "prepend": "▁"}, 10, 13),
    ],
)
def test_how_long_a_text_may_become(step: dict[str, object] | None, size: int, most: int) -> None:
    assert longest(step, size) == most


@pytest.mark.parametrize(("ids", "tokens"), [([0, 1], ["a"]), ([0], ["a", "b"])])
def test_numbers_and_pieces_that_differ_are_named(ids: list[int], tokens: list[str], tmp_path: Path) -> None:
    around = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "X", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
        "special_tokens": {"X": {"id": "X", "ids": ids, "tokens": tokens}},
    }
    with pytest.raises(SourceError, match=r"tokenizer\.json: expected a piece for each of"):
        Reading(model(tmp_path / "model", post_processor=around), TEXT)


def test_more_around_a_text_than_the_model_has_room_for_is_named(tmp_path: Path) -> None:
    around = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "X", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
        "special_tokens": {"X": {"id": "X", "ids": [0] * 5000, "tokens": ["a"] * 5000}},
    }
    with pytest.raises(SourceError, match=r"tokenizer\.json: "):
        Reading(model(tmp_path / "model", post_processor=around), TEXT)


# Files that are no files


@pytest.mark.parametrize("what", ["pipe", "device", "large"])
@pytest.mark.parametrize(
    ("name", "beside"),
    [("merges.txt", "vocab.json"), ("vocab.json", "merges.txt"), ("vocab.txt", ""), ("modules.json", "")],
)
def test_a_file_beside_a_model_is_read_up_to_a_size(name: str, beside: str, what: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(CHECKPOINTS / ("bert" if name == "vocab.txt" else "gpt2"), folder)
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "tokenizer.json").unlink()
    kind = "BertTokenizer" if name == "vocab.txt" else "GPT2Tokenizer"
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"tokenizer_class": kind}))
    if beside == "vocab.json":
        (folder / beside).write_text(json.dumps(vocabulary["vocab"]))
    elif beside:
        (folder / beside).write_text("")
    if what == "pipe":
        os.mkfifo(folder / name)
    elif what == "device":
        (folder / name).symlink_to("/dev/zero")
    else:
        with (folder / name).open("wb") as file:
            file.truncate(300_000_000)
    with pytest.raises(SourceError) as refused:
        Model(place_of(str(folder)).folder)
    if name != "modules.json" or what == "large":  # what is no file there is no list of modules
        assert name in str(refused.value)
