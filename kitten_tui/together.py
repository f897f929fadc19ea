"""Options that are nothing without one another, or that cannot both be answered."""

from __future__ import annotations

import argparse

from kitten_tui.options import DRAWING, OF_ONE_VIEW, PAPER, UsageError, laid
from kitten_tui.paper.formats import named, of_path

MOST_THREADS, MOST_PATIENCE, MOST_GENERATED = 1024, 100_000, 100_000

TRAINING = (
    "save_model",
    "by",
    "steps",
    "step_size",
    "batch",
    "optimizer",
    "start",
    "layers",
    "n_heads",
    "d_model",
    "d_k",
    "positions",
)
"""Options that are nothing without --train."""


def refuse_unwalked(arguments: argparse.Namespace) -> None:
    """Without a screen, steps of somebody's own are nothing without the walk.

    Raises:
        UsageError: this is the line.
    """
    if arguments.walk_file is not None and not arguments.walk:
        raise UsageError("--walk-file: expected --walk with it where there is no screen, found none")


def refuse_pairs(arguments: argparse.Namespace) -> None:
    """Refuses them in one line.

    Raises:
        UsageError: this is the line.
    """
    _refuse_script(arguments)
    if arguments.model is None and (arguments.save or arguments.full):
        raise UsageError("--save and --full: expected --model DIR with them, found none")
    for name in ("model", "train"):
        if arguments.tokens is not None and getattr(arguments, name) is not None:
            raise UsageError(f"--tokens: expected with a file of arrays, found --{name}")
    for name in ("trust_layout", "download", "second", "part", "chat"):
        if arguments.model is None and getattr(arguments, name) not in (None, False):
            raise UsageError(f"--{name.replace('_', '-')}: expected --model with it, found none")
    for name in ("second", "part"):
        if arguments.chat and getattr(arguments, name) is not None:
            raise UsageError(f"--chat: expected one text, found --{name}")
    if arguments.train is not None and arguments.model is not None:
        raise UsageError("--train: expected without --model, found both")
    for name in TRAINING:
        if arguments.train is None and getattr(arguments, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')}: expected --train TASK with it, found none")
    if arguments.threads is not None:
        if arguments.model is None:
            raise UsageError("--threads: expected --model DIR with it, found none")
        if not 1 <= arguments.threads <= MOST_THREADS:
            raise UsageError(f"--threads: expected a number from 1 to {MOST_THREADS}, found {arguments.threads}")
    _refuse_going_on(arguments)
    _refuse_laid(arguments)
    for name in [name for name in PAPER if arguments.walk and name not in ("plain", "export")]:
        if getattr(arguments, name):
            raise UsageError(f"--walk: expected alone, or with --plain or --export, found --{name.replace('_', '-')}")
    if arguments.full and not arguments.save:
        raise UsageError("--full: expected --save FILE with it, found none")
    if arguments.export is not None:
        _refuse_export(arguments)
    for name in ("plain", "check", "explain", "save"):
        if arguments.heads and getattr(arguments, name):
            raise UsageError(f"--heads: expected alone or with --json, found --{name}")
    for name in ("plain", "check", "explain", "save", "json", "heads", "stage"):
        if arguments.arcs and getattr(arguments, name):
            raise UsageError(f"--arcs: expected alone or with --export, found --{name}")
    if (arguments.from_ is None) != (arguments.to is None) or (arguments.to is not None and not arguments.heads):
        raise UsageError("--from and --to: expected both, and --heads with them")
    for asked in ("heads", "save"):
        for name in OF_ONE_VIEW:
            if getattr(arguments, asked) and getattr(arguments, name) is not None:
                option = "no-scale" if name == "scale" and arguments.scale is False else name
                raise UsageError(f"--{asked}: expected all heads as the model has them, found --{option}")
    if arguments.format is not None and arguments.export is None:
        raise UsageError("--format: expected --export FILE with it, found none")
    if arguments.depth is not None and arguments.explain is None:
        raise UsageError("--depth: expected --explain CELL with it, found none")
    if arguments.save_model is not None:
        from kitten_tui.sources.training.saved import check_folder
        from kitten_tui.sources.writing import path_of

        check_folder(path_of(arguments.save_model))
    if arguments.save is not None:
        from kitten_tui.paper.save import check_path
        from kitten_tui.sources.writing import path_of

        check_path(path_of(arguments.save))


def _refuse_laid(arguments: argparse.Namespace) -> None:
    """Two at once: one thing beside another, of one text each."""
    asked = laid(arguments)
    if not asked:
        return
    option = f"--{asked[0].replace('_', '-')}"
    refused = [*asked[1:], *(name for name in (*PAPER, "walk", "second", "part") if name not in ("json", "plain"))]
    for name in refused:
        if getattr(arguments, name):
            raise UsageError(f"{option}: expected alone, or with --plain or --json, found --{name.replace('_', '-')}")
    needed = {"beside": ("model", "train"), "beside_model": ("model",), "beside_start": ("set", "without")}
    wanted = needed.get(asked[0], ("train", "model"))
    if not any(getattr(arguments, name) for name in wanted):
        expected = " or ".join(f"--{name}" for name in wanted)
        raise UsageError(f"{option}: expected {expected} with it, found none")
    if arguments.beside_model is not None and arguments.source == "-":
        raise UsageError("--beside-model: expected a text on the line, found -, which is read once")


def _refuse_script(arguments: argparse.Namespace) -> None:
    played, kinds = arguments.played or [], [kind for kind, _ in arguments.played or ()]
    asked = "--script" if arguments.script is not None else f"--{kinds[0]}" if kinds else ""
    for name in ("size", "patience"):
        if getattr(arguments, name) is not None and not asked:
            raise UsageError(f"--{name}: expected --press, --shot or --script with it, found none")
    if not asked:
        return
    for name in (*PAPER, "save_model", "list_models"):
        if getattr(arguments, name):
            raise UsageError(f"{asked}: expected alone, found --{name.replace('_', '-')}")
    if arguments.patience is not None and not 0 < arguments.patience < MOST_PATIENCE:
        raise UsageError(f"--patience: expected seconds from 0 to {MOST_PATIENCE:,}, found {arguments.patience:g}")
    if arguments.script is not None and kinds not in ([], ["shot"]):
        raise UsageError(f"--script: expected at most one --shot with it, found {len(played)} of --press and --shot")
    if arguments.script is None and kinds[-1] != "shot":
        raise UsageError("--press: expected --shot FILE after it, found none")


def _refuse_going_on(arguments: argparse.Namespace) -> None:
    for name in ("generate", *DRAWING):
        if arguments.model is None and getattr(arguments, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')}: expected --model DIR with it, found none")
    _refuse_beside(arguments, "lens", OF_ONE_VIEW)
    _refuse_beside(arguments, "effects", tuple(name for name in OF_ONE_VIEW if name != "query"))
    _refuse_beside(arguments, "attribution", tuple(name for name in OF_ONE_VIEW if name != "query"))
    _refuse_beside(arguments, "why", tuple(name for name in OF_ONE_VIEW if name not in ("layer", "head")))
    _refuse_beside(arguments, "atlas", OF_ONE_VIEW)
    if arguments.atlas and arguments.source is not None:
        raise UsageError("--atlas: expected annotated sentences with --text FILE, found a SOURCE")
    for name in ("second", "part", "by_value", "hide_special"):
        if arguments.atlas and getattr(arguments, name):
            raise UsageError(f"--atlas: expected the model as it is, found --{name.replace('_', '-')}")
    if arguments.text is not None and not arguments.atlas:
        raise UsageError("--text: expected --atlas with it, found none")
    _refuse_beside(arguments, "reach", tuple(name for name in OF_ONE_VIEW if name != "query"))
    if arguments.reach and not (arguments.without or arguments.set):
        raise UsageError("--reach: expected --without or --set with it, found neither")
    if arguments.without and arguments.model is None:
        raise UsageError("--without: expected --model DIR with it, found none")
    if arguments.in_place is not None and not (arguments.effects or arguments.without):
        raise UsageError("--in-place: expected --effects or --without with it, found neither")
    if arguments.generate is None:
        return
    _refuse_beside(arguments, "generate", tuple(name for name in OF_ONE_VIEW if name != "seed"))
    if not 1 <= arguments.generate <= MOST_GENERATED:
        raise UsageError(f"--generate: expected a number from 1 to {MOST_GENERATED:,}, found {arguments.generate}")


def _refuse_beside(arguments: argparse.Namespace, asked: str, views: tuple[str, ...]) -> None:
    """What is printed of a model as it is goes with JSON alone."""
    if getattr(arguments, asked) in (None, False):
        return
    if arguments.model is None:
        raise UsageError(f"--{asked}: expected --model DIR with it, found none")
    for name in PAPER:
        if name not in (asked, "json") and getattr(arguments, name):
            raise UsageError(f"--{asked}: expected alone or with --json, found --{name}")
    for name in views:
        if getattr(arguments, name) is not None:
            raise UsageError(f"--{asked}: expected the model as it is, found --{name}")


def _refuse_export(arguments: argparse.Namespace) -> None:
    """What is found out before anything is computed."""
    from kitten_tui.sources.writing import check_target, path_of

    if arguments.format is not None or arguments.export == "-":
        named(arguments.format or "")
    if arguments.export != "-":
        path = path_of(arguments.export)
        if arguments.format is None:
            of_path(path)
        check_target(path)
