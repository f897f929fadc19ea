"""From what was asked for to a training that can begin, and back to what has to be asked for again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.find import is_path
from kitten_tui.sources.training.optimizer import OPTIMIZERS
from kitten_tui.sources.training.run import Run
from kitten_tui.sources.training.shape import STARTS
from kitten_tui.sources.training.task import Setup, Task
from kitten_tui.sources.training.tasks import TASKS
from kitten_tui.sources.training.texts import text_task

OF_SHAPE = {"layers": "n_layers", "n_heads": "n_heads", "d_model": "d_model", "d_k": "d_k"}
SWITCHES = ("positions", "scale")
OF_RUN = ("steps", "step_size", "batch", "optimizer", "start", "seed")
"""Options by name; those of the shape with what it calls them."""
MOST_NUMBERS = 2_000_000
"""Of a step that is kept there are three for each, and a hundred steps are kept."""
MOST = {"layers": 12, "n_heads": 32, "d_model": 512, "d_k": 128, "batch": 1024, "steps": 1_000_000}


def open_training(name: str, asked: Mapping[str, Any]) -> Run:
    """A training of the task of this name that has not begun.

    Raises:
        SourceError: there is no such task, or something else that cannot be was asked for.
    """
    task = task_of(name, asked.get("by"))
    return Run(task, setup_of(task, asked))


def task_of(name: str, by: str | None) -> Task:
    """The task of this name, or a file of text; `by` says what a token of that is.

    Raises:
        SourceError: there is no such task.
    """
    if name in TASKS:
        if by is not None:
            raise SourceError(f"--by: expected a file of text to train on, found the task {name}")
        return TASKS[name]
    if is_path(name):
        return text_task(name, by)
    raise SourceError(f"--train: expected one of {', '.join(TASKS)}, kitten, or a file of text, found {name}")


def setup_of(task: Task, asked: Mapping[str, Any]) -> Setup:
    """What the task has, with what was asked for in its place; None asks for nothing.

    Raises:
        SourceError: something cannot be.
    """
    known = (*OF_SHAPE, *SWITCHES, *OF_RUN)
    given = {name: asked[name] for name in known if asked.get(name) is not None}
    for name, most in MOST.items():
        if name in given and not 1 <= given[name] <= most:
            raise SourceError(f"{option(name)}: expected a number from 1 to {most:,}, found {given[name]}")
    if "step_size" in given and not (isfinite(given["step_size"]) and given["step_size"] > 0):
        raise SourceError(f"--step-size: expected a number above 0, found {given['step_size']:g}")
    for name, known in (("optimizer", OPTIMIZERS), ("start", STARTS)):
        if name in given and given[name] not in known:
            raise SourceError(f"{option(name)}: expected one of {', '.join(known)}, found {given[name]}")
    shape = {OF_SHAPE.get(name, name): value for name, value in given.items() if name in (*OF_SHAPE, *SWITCHES)}
    run = {_of_run(name): value for name, value in given.items() if name in OF_RUN}
    setup = replace(task.setup, shape=replace(task.setup.shape, **shape), **run)
    if setup.shape.size > MOST_NUMBERS:
        raise SourceError(f"--train: expected at most {MOST_NUMBERS:,} numbers to train, found {setup.shape.size:,}")
    return setup


def line_of(task: Task, setup: Setup) -> str:
    """What to type to have the same training again: what differs from what the task has, and its steps."""
    return " ".join(
        shlex.quote(part) for part in ("kitten-tui", "--train", *(task.asked or (task.name,)), *_options(task, setup))
    )


def _options(task: Task, setup: Setup) -> Iterator[str]:
    for name in OF_RUN:
        value = getattr(setup, _of_run(name))
        if name in ("steps", "seed") or value != getattr(task.setup, _of_run(name)):
            yield from (option(name), f"{value:g}" if isinstance(value, float) else str(value))
    for name, own in OF_SHAPE.items():
        value = getattr(setup.shape, own)
        if value != getattr(task.setup.shape, own):
            yield from (option(name), str(value))
    for name in SWITCHES:
        value = getattr(setup.shape, name)
        if value != getattr(task.setup.shape, name):
            yield option(name if value else f"no_{name}")


def option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _of_run(name: str) -> str:
    return "sentences" if name == "batch" else name
