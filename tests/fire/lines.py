"""Command lines of any options with any values, and walks of any bytes: what is refused is refused in one line."""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from time import process_time

from kitten_tui.cli import main
from kitten_tui.core.settings import VARIANTS
from kitten_tui.options import parser

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
SECONDS = 10.0
"""Within which a command line is answered."""
NEVER = ("--help", "--version", "--download")
"""They end the program, or ask a network."""
RARELY = ("--train", "--press", "--script", "--generate", "--effects", "--check")
"""They take their time."""

NUMBERS = [
    *("0", "1", "2", "3", "7", "-1", "99", "0.5", "1e9", "1e999", "-0", "nan", "inf", "-inf", "1_0", "٣", "²", "0x10"),
    *("99999999999999999999", "1,5", "1e-320", "1" * 5000),
]
PLACES = [
    *("weights[1,2]", "q[journey,1]", "output[1,1] h2", "exp[,]", "weights[", "x[99,1]", "grad(q)[1,1]", "no[1]"),
    *("query=1", "query=1,key=2,d_k=3", "query=", "=", "query=0,query=0", "w_q h2[1,2]=0.5", "w_q[1,1]=nan", "x=1e999"),
    *("softmax", "Softmax", "1-3", "weights", "dropped.1", "unseen.total", "tokens=a b", "token 1=[/]"),
]
FILES = [
    *("a.csv", "a.npz", "a.json", "a.html", "a.tex", "a.md", "a.svg", "a.png", "a.safetensors", "a.toml", "a", ".csv"),
    *("/dev/null", "/dev/full", "/dev/zero", "/", ".", "..", "no/a.csv", "a.csv/", "~nobody-x/a.npz", "-", "folder"),
    *("dangling.npz", "loop.csv", "{name}.svg", "a\nb.csv", "a\x1b]0;x\x07.svg", "\u202e.csv", "a" * 300 + ".csv"),
    *("folder/../a.npz", "pipe", "closed/a.csv", "csv", "npz", "svg"),
]
WORDS = [
    *(
        "journey",
        "kitten",
        "the cat saw the dog",
        "小猫 坐 在 垫子 上",
        "[/]",
        "\x1b[2J",
        "\u202eabc",
        "",
        " ",
        "\n",
        "\0",
    ),
    *("हिन्दी தமிழ் বাংলা မြန်မာ ไทย", "\U0001f469\u200d\U0001f467 e" + "\u0301" * 40, "a" * 3000, "\ud800", "x=1", "-"),
    *("--", "\0", "/", "nobody.txt", "./walk.toml"),
]
FOLDERS = [str(CHECKPOINTS / name) for name in ("llama", "gpt2", "bert", "families/t5", "families/bart")]
NAMES = ["nowhere", "minilm", "smollm2", "ollama:x", "org/name", "/dev/zero", "."]
TRAINED = ["copy", "induction", "kitten", "recall", "words.txt", "nothing"]


def line(draw: Random) -> int:
    """One command line, answered by what is printed."""
    with _folder(draw):
        asked = list(_asked(draw))
        begun = process_time()
        status, printed, told = _answered(asked)
        assert process_time() - begun < SECONDS, f"{asked}: {process_time() - begun:.1f} s"
    assert status in (0, 1, 2), (asked, status, told)
    assert status != 1 or "--check" in asked, (asked, told)
    assert "Traceback" not in told, (asked, told)
    if status == 2:
        assert not printed, (asked, printed[:80])
        assert told.count("\n") == 1, (asked, told)
        assert len(told) <= 512, (asked, len(told))
    for text in (printed, told):
        steering = {sign for sign in text if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {"\n"}
        assert not steering, (asked, steering)
    return 1


def _asked(draw: Random) -> Iterator[str]:
    """Options as the parser has them, some twice, each with a value of its own kind or of any."""
    options = [
        action for action in parser()._actions if action.option_strings and action.option_strings[0] not in NEVER
    ]
    chosen = [draw.choice(options) for _ in range(draw.randint(0, 5))]
    chosen = [action for action in chosen if action.option_strings[0] not in RARELY or draw.random() < 0.2]
    names = {action.option_strings[0] for action in chosen}
    if draw.random() < 0.3 and not names & {"--train"}:
        yield from ("--model", draw.choice(FOLDERS))
    for action in chosen:
        name, alone = draw.choice(action.option_strings), isinstance(action, argparse.BooleanOptionalAction)
        yield name if alone or action.nargs == 0 else f"{name}={_value(draw, action)}"
    if "--train" in names:
        yield from ("--steps", draw.choice(["0", "1", "5"]))
    if "--press" in names and "--shot" not in names:
        yield from ("--shot", draw.choice(FILES))
    if draw.random() < 0.7:
        yield draw.choice([*WORDS, *FILES])


def _value(draw: Random, action: argparse.Action) -> str:
    kinds = {
        "--model": [*FOLDERS, *NAMES],
        "--train": TRAINED,
        "--press": ["3", "3 right enter", "q q", "ctrl+p", "? ? x", "/ [ / ] enter", "W", "space enter"],
        "--mistake": list(VARIANTS),
        "--generate": ["1", "2", "0", "-1"],
        "--walk-file": ["walk.toml", *FILES],
        "--script": ["script.toml", *FILES],
        "--size": ["80x24", "10x5", "9x9", "200x60", "x", "80x", "８０x24"],
    }
    own = kinds.get(action.option_strings[0]) or (list(action.choices) if action.choices else None)
    if own is not None and draw.random() < 0.8:
        return draw.choice(own)
    if action.type is not None and draw.random() < 0.6:
        return draw.choice(NUMBERS)
    return draw.choice(draw.choice((NUMBERS, PLACES, FILES, WORDS)))


@contextmanager
def _folder(draw: Random) -> Iterator[None]:
    """A folder of its own with what the names lead to; nothing but what was named stands in it."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder)
        (there / "folder").mkdir()
        (there / "dangling.npz").symlink_to("nowhere.npz")
        (there / "loop.csv").symlink_to("loop.csv")
        os.mkfifo(there / "pipe")
        (there / "words.txt").write_text("the cat saw the dog and the dog saw the cat\n" * 20)
        (there / "walk.toml").write_bytes(WALK.encode())
        (there / "script.toml").write_text('[[script]]\nkeys = ["3"]\nshot = "b.svg"\n')
        try:
            os.chdir(there)
            yield
        finally:
            os.chdir(before)
            for number, handler in handlers.items():
                signal.signal(number, handler)


def _answered(asked: list[str]) -> tuple[int, str, str]:
    """The status, and what stands on both streams."""
    streams = sys.stdout, sys.stderr, sys.stdin
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    sys.stdout, sys.stderr, sys.stdin = out, err, io.TextIOWrapper(io.BytesIO(b"the cat\r\nsat \xff"), "utf-8")
    try:
        status = main(asked)
    finally:
        sys.stdout, sys.stderr, sys.stdin = streams
    written = [stream.buffer.getvalue() for stream in (out, err)]  # type: ignore[attr-defined]
    if "--export=-" in asked:  # bytes for a program
        written[0] = b""
    return status, *(raw.decode("utf-8") for raw in written)  # type: ignore[return-value]


WALK = """
[[step]]
id = "mine"
stage = "softmax"
do = ["scale=off"]
look = {key = "most"}
light = ["weights row"]
en = "Divided by {divisor}, {most} gets {with_division}."
[step.ask]
kind = "sharpness"
options = {en = ["flat", "sharp", "same"]}
en = "Flatter or sharper?"
"""
