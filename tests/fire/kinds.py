"""What is tried: each kind makes an input from a number and tries it; an exception is a failure."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path
from random import Random

from lines import WALK, line
from painted import compare
from textual.app import ScreenStackError
from textual.events import Key, Paste
from textual.keys import _character_to_key

import kitten_tui.sources.annotated
from kitten_tui import words as walk_words
from kitten_tui.app import KittenApp
from kitten_tui.commands import COMMANDS
from kitten_tui.core.annotated import pairs_of
from kitten_tui.core.settings import MASKS, VARIANTS, Settings
from kitten_tui.desk.selection import Selection
from kitten_tui.options import parser
from kitten_tui.paper.plain import plain
from kitten_tui.paper.plain import text as paper_of
from kitten_tui.paper.walk import walk
from kitten_tui.play import app_of
from kitten_tui.reader import KeyReader
from kitten_tui.sources.annotated import OWN, open_annotated
from kitten_tui.sources.checkpoint.grammar import atlas_of
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.find import open_source, samples
from kitten_tui.sources.lesson import Lesson
from kitten_tui.sources.sample import read_sample
from kitten_tui.stages.view import View
from kitten_tui.start import start
from kitten_tui.walk.actions import SWITCHES
from kitten_tui.walk.facts import FACTS
from kitten_tui.walk.places import PLACES
from kitten_tui.walk.questions import QUESTIONS
from kitten_tui.walk.reading import AXES, STAGE_IDS, read_steps
from kitten_tui.walk.rules import RULES
from kitten_tui.words import Words

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
ANNOTATED = Path(kitten_tui.sources.annotated.__file__).parent
OWN_WALK = Path(walk_words.__file__).with_name("walk.toml")
KEYS_A_RUN = 400

ODD = [
    *("[/]", "[red]", "[/x", "x=1", "a]", "\\[", "{0}", "{name}", "%s", "$(x)", "`", "/", "~", "-", "'", "’", " "),
    *(
        "\x1b]52;c;aGk=\x07",
        "\x9b31m",
        "\u202e",
        "\u2066",
        "\u200d",
        "\ufe0f",
        "\ufeff",
        "\u2028",
        "\0",
        "\t",
        "\ud800",
    ),
    *("e\u0301" * 9, "हिन्दी", "தமிழ்", "বাংলা", "ខ្មែរ", "العَرَبِيَّة", "한국어", "小猫", "０", "ﷺ", "𒐫", "a" * 300, "1e999"),
    *("\U0001f469\u200d\U0001f467", "\U0001f3f4", "\U0001f1ef\U0001f1f5", "\U000e0067"),
]


def text(draw: Random) -> str:
    """Words, odd pieces, any characters."""
    pieces = []
    for _ in range(draw.randint(0, 12)):
        match draw.randint(0, 3):
            case 0:
                pieces.append(draw.choice(ODD))
            case 1:
                pieces.append(
                    chr(draw.choice((draw.randint(0, 0xFF), draw.randint(0, 0xFFFF), draw.randint(0, 0x10FFFF))))
                )
            case _:
                pieces.append(draw.choice(["cat", "and", "or", "the", "its", "is"]))
    return draw.choice([" ", ""]).join(pieces)


VALUES = [b"-1", b"0", b"1e400", b"nan", b"null", b"[]", b"{}", b'""', b"99999999999999999999", b"true"]


def mutated(draw: Random, raw: bytes, times: int = 6) -> bytes:
    """The same bytes with some left out, doubled, changed, or taken from elsewhere."""
    for _ in range(draw.randint(1, times)):
        at = draw.randint(0, len(raw))
        size = draw.choice((1, 1, 2, 8, 64))
        match draw.randint(0, 4):
            case 0:
                raw = raw[:at] + raw[at + size :]
            case 1:
                raw = raw[:at] + draw.randbytes(size) + raw[at + size :]
            case 2:
                raw = raw[:at] + raw[at : at + size] * 2 + raw[at + size :]
            case 3:
                other = draw.randint(0, len(raw))
                raw = raw[:at] + raw[other : other + size] + raw[at:]
            case 4:
                raw = raw[:at] + draw.choice(VALUES) + raw[at + size :]
    return raw


def show(lesson: Lesson | Reading, draw: Random) -> None:
    """The lesson as text, at any place of it, without anything that steers a terminal."""
    query = draw.randrange(len(lesson.tokens))
    selection = Selection(query=query, key=draw.randrange(len(lesson.tokens)), head=draw.randrange(lesson.n_heads))
    mask = draw.choice([mask for mask in MASKS if mask in lesson.masks])
    settings = Settings(scale=draw.random() < 0.5, mask=mask, dropout=draw.choice((0.0, 0.5)))
    words = Words(draw.choice(("en", "zh")))
    for each in plain(lesson, View(lesson, settings, selection), words, [draw.randrange(7)]):
        assert_plain(each)


def assert_plain(line: str) -> None:
    """Nothing in it steers a terminal."""
    kinds = {unicodedata.category(character) for character in line}
    assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp", "Mc"}, line


def told(error: SourceError) -> int:
    """What is refused is refused in one line."""
    assert len(str(error).splitlines()) == 1
    return 1


def sentence(draw: Random) -> int:
    try:
        lesson = open_source(text(draw))
    except SourceError as error:
        return told(error)
    show(lesson, draw)
    return 1


def sample(draw: Random) -> int:
    raw = draw.choice(sorted(samples().values())).read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.toml"
        path.write_bytes(mutated(draw, raw))
        try:
            lesson = read_sample(path)
        except SourceError as error:
            return told(error)
    show(lesson, draw)
    return 1


def annotated(draw: Random) -> int:
    """Some of the program's annotated sentences, in which every word is where its characters are."""
    blocks = (ANNOTATED / f"{draw.choice(OWN)}.conllu").read_bytes().split(b"\n\n")
    raw = b"\n\n".join(draw.sample(blocks[1:-1], 3)) + b"\n\n"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "own.conllu"
        path.write_bytes(mutated(draw, raw, 2))
        try:
            found = open_annotated(str(path))
            for atlas in atlas_of(Model(CHECKPOINTS / "bert"), found):
                assert 0 <= atlas.left_out < atlas.pairs
        except SourceError as error:
            return told(error)
    for sentence in found.sentences:
        assert all(0 <= word.start < word.end <= len(sentence.text) for word in sentence.words)
        assert all(pair.keys and pair.query not in pair.keys for pair in pairs_of(sentence))
    return 1


def walked(draw: Random) -> int:
    """Steps of somebody's own: bytes of the program's, with names and values of others in their place."""
    raw = draw.choice([OWN_WALK.read_bytes(), *[WALK.encode()] * 3])
    for _ in range(draw.randint(0, 3)):
        kind = draw.choice([RULES, PLACES, FACTS, SWITCHES, QUESTIONS, AXES, STAGE_IDS, VALUES, ODD])
        new = draw.choice(sorted(kind, key=str))
        names = [*re.finditer(rb"[a-z_]+(?=[\"}=])", raw)]
        if names:
            at = draw.choice(names)
            piece = new if isinstance(new, bytes) else new.encode("utf-8", "replace")
            raw = raw[: at.start()] + piece + raw[at.end() :]
    if draw.random() < 0.5:
        raw = mutated(draw, raw, 2)
    source = open_source(draw.choice(sorted(samples())))
    view = View(source, source.settings, Selection(query=draw.randrange(len(source.tokens))))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "walk.toml"
        path.write_bytes(raw)
        try:
            steps = read_steps(path)
        except SourceError as error:
            return told(error)
    language = Words(draw.choice(("en", "zh")))
    for each in paper_of(walk(view, language, draw.sample(steps, min(len(steps), 8)), asks=draw.random() < 0.7)):
        assert_plain(each)
    return 1


def checkpoint(draw: Random) -> int:
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "model"
        name = draw.choice(["bert", "gpt2", "llama", "qwen3", "gpt_neox", "roberta", "mistral"])
        shutil.copytree(CHECKPOINTS / name, folder, ignore=shutil.ignore_patterns("expected*"))
        files = ["config.json", "config.json", "tokenizer.json", "model.safetensors"]
        path = folder / draw.choice([file for file in files if (folder / file).exists()])
        raw = path.read_bytes()
        if path.suffix == ".safetensors":
            size = 8 + int.from_bytes(raw[:8], "little")
            raw = mutated(draw, raw[:size]) + raw[size:]
        else:
            raw = mutated(draw, raw)
        path.write_bytes(raw)
        try:
            reading = Reading(Model(folder), "the cat saw the dog")
            reading.advance()
        except SourceError as error:
            return told(error)
        show(reading, draw)
    return 1


SEQUENCES = [
    *(b"\x1b[200~", b"\x1b[201~", b"\x1b[", b"\x1b", b"\x1b[<0;3;3M", b"\x1b[M", b"\x1b[48;24;80;0;0t", b"\x1b[97;5u"),
    *(b"\x1b[I", b"\x1b[?2026;2$y", b"\x1b[1;5D", b"\x1bOP", b"\xe5\xb0", b"\xff", b"u", b";", b":", b"1114112"),
    b"99999999999",
]


def sent(draw: Random) -> int:
    """Bytes from a terminal, broken anywhere; keys after them are read."""
    clock = [0.0]
    reader = KeyReader(lambda: clock[0])
    for _ in range(draw.randint(1, 12)):
        raw = draw.choice(SEQUENCES) if draw.random() < 0.7 else draw.randbytes(draw.randint(1, 8))
        list(reader.feed(raw))
        if draw.random() < 0.3:
            list(reader.tick())
    clock[0] += 5.0
    list(reader.tick())
    read = [*reader.feed(b"\x1b[D"), *reader.tick(), *reader.feed(b"qqqqq"), *reader.tick()]
    assert [message.key for message in read if isinstance(message, Key)][-1:] == ["q"]
    return 1


NAMED = sorted({key for command in COMMANDS for key, _ in command.keys} - {"q", "ctrl+z", "ctrl+s"})
MORE = [
    "escape",
    "enter",
    "enter",
    "tab",
    "pagedown",
    "pageup",
    "home",
    "end",
    "shift+up",
    "backspace",
    "delete",
    "ctrl+c",
]


def keys(draw: Random) -> int:
    """Keys in bursts, pastes and sizes on the screen of a lesson or a model; the numbers that stand there are right."""
    asyncio.run(_keys(draw))
    return KEYS_A_RUN


def _app(draw: Random) -> KittenApp:
    """The program as any of its sources is opened: a lesson, a model with one text or two, arrays, a training."""
    model, saw = CHECKPOINTS / draw.choice(["llama", "gpt2", "bert"]), "the cat saw the dog"
    crossing = CHECKPOINTS / "families" / draw.choice(["t5", "bart"])
    opened = {
        "model": ["--model", str(model), saw],
        "two": ["--model", str(model), saw, "--second", "a dog ran"],
        "crossing": ["--model", str(crossing), saw, "--second", "a dog"],
        "training": ["--train", draw.choice(["copy", "kitten"]), "--steps", "2", "--layers", "1"],
        "walk": ["--walk", draw.choice(sorted(samples()))],
        "mistake": ["--mistake", draw.choice(VARIANTS)],
        "sample": [draw.choice(sorted(samples()))],
        "text": [f"x {text(draw)}".replace("\0", "")],
    }
    kinds = draw.choices(list(opened), [3, 2, 2, 1, 4, 2, 6, 6])
    for words in (opened[kinds[0]], []):
        arguments = parser().parse_args(["--lang", draw.choice(("en", "zh")), *words])
        try:
            return app_of(arguments, start(arguments))
        except SourceError:  # the first may be refused
            continue
    raise AssertionError("the first sample cannot be opened")


async def _keys(draw: Random) -> None:
    app = _app(draw)
    async with app.run_test(size=_size(draw)) as pilot:
        driver = app._driver
        assert driver is not None
        done = 0
        while done < KEYS_A_RUN and not app._exit:  # the palette can leave too
            for _ in range(draw.choice((2, 10, 40, 100))):
                done += 1
                event = _event(draw)
                event.set_sender(app)
                driver.send_message(event)
            size = _size(draw) if draw.random() < 0.05 else None
            try:
                if size:
                    await pilot.resize_terminal(*size)
                await pilot.pause()
                if not app._exit and draw.random() < 0.5:
                    await pilot.press("escape")  # what asks is in front of the numbers
            except ScreenStackError:
                if not app._exit and app.fault is None:
                    raise
            if app.fault is not None:  # it has taken the screens away
                raise app.fault
            assert not app.problem, app.problem
            if not app._exit:
                compare(app)


def _size(draw: Random) -> tuple[int, int]:
    """Columns and rows: one in four is too small for figures."""
    least = (1, 1) if draw.random() < 0.25 else (70, 20)
    return draw.randint(least[0], 140), draw.randint(least[1], 50)


def _event(draw: Random) -> Key | Paste:
    if draw.random() < 0.05:
        return Paste(text(draw))
    if draw.random() < 0.15:
        character = draw.choice("ab/ .1-[]猫［３")
        return Key(character if character.isalnum() else _character_to_key(character), character)
    key = draw.choice(NAMED if draw.random() < 0.8 else MORE)
    return Key(key, key if len(key) == 1 else None)


Kind = Callable[[Random], int]
KINDS: dict[str, Kind] = {
    "sentence": sentence,
    "sample": sample,
    "annotated": annotated,
    "walked": walked,
    "line": line,
    "checkpoint": checkpoint,
    "sent": sent,
    "keys": keys,
}
"""Each says how many inputs it tried."""
