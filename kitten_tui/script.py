"""Scripts: what is opened, which keys are pressed, and where pictures of the screen go."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kitten_tui.options import UsageError, parser
from kitten_tui.sources.tables import read_table
from kitten_tui.sources.writing import path_of

LEAST, LARGEST = (10, 5), 1000
"""Columns and rows of a window."""
OWN = ("name", "keys", "size", "shot", "no_color")
"""What a script says besides options of the command line."""
TOLD = ("see", "slow")
"""What it says to people and to whoever runs it."""
OPTIONS = (
    *("source", "tokens", "model", "trust_layout", "stage", "layer", "head", "query", "place", "figure"),
    *("set", "scale", "mask", "dropout", "seed", "init", "theme", "by_value", "hide_special"),
    *("second", "part"),
    *("train", "by", "steps", "step_size", "batch", "optimizer", "start", "layers", "n_heads", "d_model", "d_k"),
    "positions",
)
"""Options of the command line that a script may say."""
MODIFIERS = ("ctrl", "shift", "alt")
NAMED = {
    *("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete"),
    *("enter", "escape", "tab", "space", "backspace"),
    *(f"f{number}" for number in range(1, 13)),
}


@dataclass(frozen=True)
class Press:
    key: str

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True)
class Shot:
    path: Path

    def __str__(self) -> str:
        return str(self.path)


Step = Press | Shot


@dataclass(frozen=True)
class Script:
    name: str
    """What it is called where something goes wrong in it."""
    arguments: argparse.Namespace
    """What is opened."""
    steps: tuple[Step, ...]
    size: tuple[int, int] = (80, 24)
    """Columns and rows."""
    no_color: bool = False
    told: Mapping[str, Any] = field(default_factory=dict)


def scripts_of(arguments: argparse.Namespace) -> tuple[Script, ...]:
    """What the command line asks for, in one script or in a file of them.

    Raises:
        SourceError: it asks for something that does not exist.
    """
    size = (80, 24) if arguments.size is None else _size(arguments.size, "--size")
    shots = [text for kind, text in arguments.played or () if kind == "shot"]
    if arguments.script is None:
        steps = [step for kind, text in arguments.played for step in _steps(kind, text)]
        return (_checked(Script("--press", arguments, tuple(steps), size)),)
    scripts = read_scripts(path_of(arguments.script), arguments, size)
    if not shots:
        return scripts
    return tuple(_shot(script, shots[0]) for script in scripts)


def _steps(kind: str, text: str) -> Iterator[Step]:
    if kind == "shot":
        yield Shot(path_of(text))
    else:
        yield from map(Press, text.split())


def _shot(script: Script, pattern: str) -> Script:
    """The script with a picture at its end, unless it says one itself."""
    if script.steps and isinstance(script.steps[-1], Shot):
        return script
    path = path_of(pattern.replace("{name}", str(script.told["name"])))
    return _checked(replace(script, steps=(*script.steps, Shot(path))))


def read_scripts(
    path: Path, arguments: argparse.Namespace | None = None, size: tuple[int, int] = (80, 24)
) -> tuple[Script, ...]:
    """Every [[script]] of a TOML file; `arguments` and `size` are those of scripts that say no others.

    Raises:
        SourceError: the file cannot be read, or says something that is not known.
    """
    said, _ = read_table(path, "a script")
    entries = said.get("script")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries) or len(said) > 1:
        raise UsageError(f"{path}: expected [[script]] and nothing else, found {', '.join(said) or 'nothing'}")
    arguments = parser().parse_args([]) if arguments is None else arguments
    return tuple(_script(entry, number, path, arguments, size) for number, entry in enumerate(entries, 1))


def _script(
    entry: dict[str, Any], number: int, path: Path, arguments: argparse.Namespace, size: tuple[int, int]
) -> Script:
    name = entry.get("name", str(number))
    where = f"{path.name}: {name}"
    for key in entry:
        if key not in (*OWN, *TOLD, *OPTIONS, "language"):
            raise UsageError(f"{where}: {key}: expected one of {', '.join((*OWN, *OPTIONS, 'language', *TOLD))}")
    keys = entry.get("keys", [])
    if isinstance(keys, str):
        keys = keys.split()
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise UsageError(f'{where}: keys: expected a list of keys, such as ["right", "enter"], found {keys!r}')
    steps: list[Step] = [Press(key) for key in keys]
    if "shot" in entry:
        steps.append(Shot(path_of(str(entry["shot"]))))
    said = {"source": arguments.source} if arguments.source is not None else {}
    said |= {key: value for key, value in entry.items() if key in OPTIONS}
    model = str(said.get("model", ""))
    if model and (path.parent / model).exists():  # beside the scripts
        said["model"] = str(path.parent / model)
    if "language" in entry:
        said["lang"] = entry["language"]
    try:
        asked = parser().parse_args(list(_words(said)), copy(arguments))
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    return _checked(
        Script(
            where,
            asked,
            tuple(steps),
            _size(entry["size"], f"{where}: size") if "size" in entry else size,
            bool(entry.get("no_color", False)),
            {"name": name, **{key: entry[key] for key in TOLD if key in entry}},
        )
    )


def _words(said: Mapping[str, Any]) -> Iterator[str]:
    """Options as words of a command line, what is looked at after them."""
    for key, value in said.items():
        option = f"--{key.replace('_', '-')}"
        if key == "source":
            continue
        if isinstance(value, bool):
            yield option if value else f"--no-{option[2:]}"
        elif isinstance(value, list):
            yield from (f"{option}={each}" for each in value)
        else:
            yield f"{option}={value}"
    if "source" in said:
        yield from ("--", str(said["source"]))


def _size(said: Any, option: str) -> tuple[int, int]:
    parts = [int(part) for part in re.findall(r"(?<![\w-])\d{1,4}(?!\w)", str(said).replace("x", " "))]
    if len(parts) != 2 or not (LEAST[0] <= parts[0] <= LARGEST and LEAST[1] <= parts[1] <= LARGEST):
        raise UsageError(
            f"{option}: expected columns and rows from {LEAST[0]}x{LEAST[1]} to {LARGEST}x{LARGEST}, such as 100x30, "
            f"found {said}"
        )
    return parts[0], parts[1]


def _checked(script: Script) -> Script:
    """Every key is one, and every picture may be written, before anything is opened.

    Raises:
        SourceError: the first step that cannot be done.
    """
    from kitten_tui.paper.formats import of_path
    from kitten_tui.sources.writing import check_target

    for number, step in enumerate(script.steps, 1):
        if isinstance(step, Shot):
            of_path(step.path, drawing=True)
            check_target(step.path)
        elif not is_key(step.key):
            raise UsageError(
                f"{script.name}: step {number}: expected a key such as right, enter, ctrl+s or ], found {step.key}"
            )
    return script


def is_key(name: str) -> bool:
    """Whether a key is called so: a character, the name that Textual has for one of ASCII, or a key that types none."""
    from textual.keys import _character_to_key

    *modifiers, key = name.split("+") if len(name) > 1 else (name,)
    if any(each not in MODIFIERS for each in modifiers):
        return False
    if len(key) == 1:
        return key.isprintable() and not key.isspace()
    return key in NAMED or key in {_character_to_key(chr(code)) for code in range(33, 127)}
