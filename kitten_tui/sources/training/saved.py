"""What was trained, in a folder: config.json says how, training.safetensors has the numbers of the last step.

The names of tensors are those of the chain, with the number of the layer from 0. Adam's averages are there too, and
what learns beside it, so that a training that is opened goes on as if it had never stopped. model.safetensors is the
same network as GPT-2 has it, with tokenizer.json, for transformers: see gpt2.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.sources.checkpoint.tensors import SINGLE, Tensors
from kitten_tui.sources.errors import ExistsError, SourceError
from kitten_tui.sources.reading import LARGEST_CONFIG, read_object
from kitten_tui.sources.training import gpt2
from kitten_tui.sources.training.beside import beside, learner_of
from kitten_tui.sources.training.learner import Learner
from kitten_tui.sources.training.opening import MOST_NUMBERS, task_of
from kitten_tui.sources.training.optimizer import OPTIMIZERS, State
from kitten_tui.sources.training.run import Run
from kitten_tui.sources.training.shape import STARTS, Shape
from kitten_tui.sources.training.task import Setup
from kitten_tui.sources.writing import writing

CONFIG, NUMBERS = "config.json", "training.safetensors"
TOKENIZER, TOKENIZER_CONFIG = "tokenizer.json", "tokenizer_config.json"
PLAIN_TOKENIZER = {"tokenizer_class": "PreTrainedTokenizerFast"}
OURS = "kitten_tui"
"""Where config.json says how it was trained; all else there is what transformers reads."""
AVERAGES = ("mean", "square")


def check_folder(folder: Path) -> None:
    """Raises before anything is trained what would keep it from being written.

    Raises:
        ExistsError: something is there already.
        SourceError: its parent is no folder.
    """
    if folder.exists():
        raise ExistsError(f"{folder}: expected the name of a new folder, found one that is there already")
    if not folder.parent.is_dir():
        raise SourceError(f"{folder}: expected a folder to put it in, found none")


def save_run(run: Run, folder: Path) -> None:
    """The last step of a training.

    Raises:
        SourceError: the folder is there already, or cannot be written.
    """
    check_folder(folder)
    ours = {
        "task": list(run.task.asked or (run.task.name,)),
        "step": run.step,
        "beside": {name: each.step for name, each in run.beside.items()},
        "vocabulary": list(run.task.vocabulary),
        "setup": asdict(run.setup),
    }
    config = {**gpt2.config_of(run.setup.shape), OURS: ours}
    numbers = _numbers(run, "")
    for name, each in run.beside.items():
        numbers |= _numbers(each, f"{name}.")
    try:
        folder.mkdir()
    except OSError as error:
        raise SourceError(f"{folder}: expected a folder that can be made, found: {error.strerror}") from None
    with writing(folder / NUMBERS) as temporary:
        temporary.write_bytes(_safetensors(numbers))
    with writing(folder / SINGLE) as temporary:
        temporary.write_bytes(_safetensors(gpt2.tensors_of(run.parameters(run.state))))
    objects = {CONFIG: config, TOKENIZER: gpt2.tokenizer_of(run.task.vocabulary), TOKENIZER_CONFIG: PLAIN_TOKENIZER}
    for name, said in objects.items():
        with writing(folder / name) as temporary:
            temporary.write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _numbers(run: Run, prefix: str) -> dict[str, Array]:
    """The last step by name, with its averages."""
    tensors = {f"{prefix}{name}": part for name, part in run.learner.named(run.state.parameters).items()}
    averages = {f"{prefix}adam.{name}": getattr(run.state, name) for name in AVERAGES}
    return tensors | {name: average for name, average in averages.items() if average is not None}


def _safetensors(tensors: Mapping[str, Array]) -> bytes:
    """The format is a length, a JSON object that says where each tensor lies, and the numbers."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, tensor in tensors.items():
        begin, end = end, end + 4 * tensor.size
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [begin, end]}
    said = json.dumps(header).encode()
    said += b" " * (-len(said) % 8)
    numbers = (np.ascontiguousarray(tensor, dtype="<f4").tobytes() for tensor in tensors.values())
    return len(said).to_bytes(8, "little") + said + b"".join(numbers)


def is_saved(argument: str) -> bool:
    """Whether a folder holds what a training left."""
    try:
        config = Path(argument).expanduser() / CONFIG
        return config.with_name(NUMBERS).is_file() and OURS in read_object(config, LARGEST_CONFIG)
    except (OSError, ValueError, RuntimeError):
        return False


def open_saved(argument: str) -> Run:
    """The training in a folder, at its last step, which is the last that is planned: more are made where they are asked
    for.

    Raises:
        SourceError: something is missing, or does not fit together.
    """
    folder = Path(argument).expanduser()
    path = folder / CONFIG
    config = read_object(path, LARGEST_CONFIG).get(OURS)
    if not isinstance(config, dict):
        raise SourceError(f"{path}: {OURS}: expected an object, found {_shown(config)}")
    asked, step = config.get("task"), config.get("step")
    if not (isinstance(asked, list) and asked and all(isinstance(part, str) for part in asked)):
        raise SourceError(f"{path}: task: expected what is asked for after --train, found {_shown(asked)}")
    if type(step) is not int or not _is_step(step, 10**9):
        raise SourceError(f"{path}: step: expected a number from 0, found {_shown(step)}")
    task = task_of(asked[0], asked[2] if len(asked) == 3 else None)
    if config.get("vocabulary") != list(task.vocabulary):
        raise SourceError(f"{path}: vocabulary: expected that of {task.name}, found another one")
    setup = _setup(path, task.setup, config.get("setup"))
    own = (len(task.vocabulary), task.setup.shape.window)
    if (setup.shape.n_vocab, setup.shape.window) != own or setup.shape.size > MOST_NUMBERS:
        raise SourceError(f"{path}: setup: expected a shape of {own[0]} tokens and a window of {own[1]}, found another")
    learners = {name: learner for name, (_, learner) in beside(task.beside, setup).items()}
    steps = config.get("beside")
    if not isinstance(steps, dict) or any(not _is_step(steps.get(name), step) for name in learners):
        raise SourceError(f"{path}: beside: expected a step for each of {', '.join(learners)}, found {_shown(steps)}")
    tensors, adam = Tensors(folder, folder / NUMBERS), setup.optimizer == "adam"
    at = {"": _state(learner_of(setup), "", step, tensors, adam=adam)}
    at |= {name: _state(each, f"{name}.", steps[name], tensors, adam=adam) for name, each in learners.items()}
    return Run(task, replace(setup, steps=max(step, 1)), at=at)


def _is_step(value: object, last: int) -> bool:
    return type(value) is int and 0 <= value <= last


def _state(learner: Learner, prefix: str, step: int, tensors: Tensors, *, adam: bool) -> State:
    """The step that was kept of what learns."""
    named = learner.named(np.zeros(learner.size, np.float32))
    parts = [tensors.read(f"{prefix}{name}", part.shape) for name, part in named.items()]
    flat = np.concatenate([np.asarray(part, dtype=np.float32).ravel() for part in parts])  # [parameter]
    averages = [np.array(tensors.read(f"{prefix}adam.{name}", flat.shape)) if adam else None for name in AVERAGES]
    if not np.isfinite(flat).all():
        raise SourceError(f"{tensors.folder / NUMBERS}: expected finite numbers, found nan or infinity")
    return State(step, flat, *averages)


def _setup(path: Path, own: Setup, said: object) -> Setup:
    """What config.json says of how it was trained, each of the kind that the task has."""
    shape = said.get("shape") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(shape, dict):
        raise SourceError(f"{path}: setup: expected an object with a shape, found {_shown(said)}")
    made = replace(own, shape=_told(path, own.shape, shape), **_values(path, own, said, but="shape"))
    if made.optimizer not in OPTIMIZERS or made.start not in STARTS:
        raise SourceError(f"{path}: setup: expected an optimizer and a start that are known, found others")
    return made


def _told(path: Path, own: Shape, said: dict[str, Any]) -> Shape:
    shape = replace(own, **_values(path, own, said))
    sizes = (shape.n_vocab, shape.window, shape.n_layers, shape.n_heads, shape.d_model, shape.d_k)
    if not all(0 < size <= 100_000 for size in sizes) or prod(sizes[2:]) > 10_000_000:
        raise SourceError(f"{path}: setup.shape: expected sizes above 0, found {_shown(said)}")
    return shape


def _values(path: Path, own: Setup | Shape, said: dict[str, Any], but: str = "") -> dict[str, Any]:
    """Every field but one, of the kind that it has."""
    values = {}
    for field in fields(own):
        if field.name == but:
            continue
        kind, value = type(getattr(own, field.name)), said.get(field.name)
        if type(value) is not kind:
            raise SourceError(f"{path}: {field.name}: expected {kind.__name__}, found {_shown(value)}")
        values[field.name] = value
    return values


def _shown(value: object) -> str:
    return json.dumps(value, default=str)[:60]
