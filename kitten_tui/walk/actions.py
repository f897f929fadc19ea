"""What a step may do: each by its name, from the view of the reader to another one that is only looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

from kitten_tui.core.refused import refused
from kitten_tui.core.settings import MASKS, VARIANTS
from kitten_tui.core.source import Editor, Source
from kitten_tui.core.variants import switched
from kitten_tui.core.workings import Workings
from kitten_tui.desk.selection import Selection
from kitten_tui.stages.view import View

Action = Callable[[View], View]

SWITCHES: dict[str, tuple[str, ...]] = {
    "scale": ("on", "off"),
    "mask": MASKS,
    "dropout": ("0", "0.1", "0.2", "0.5"),
    "seed": ("next",),
    "query": ("first", "last"),
    "positions": ("none",),
    "words": ("swapped",),
    "step": ("first", "last"),
    "variant": VARIANTS,
    "train": ("random", "same"),
}
"""Every action by its name, with what can stand behind its sign of equality."""
TRAINED, STEPS = {"batch": 16, "step_size": 0.05}, 40
"""How a step trains: until heads part, and for a moment only."""
LOOKED_AT = 16
"""Sentences that are only looked at, so that looking takes no longer than training."""


def after(view: View, does: Sequence[str]) -> View:
    """The view after these actions, one after another.

    Raises:
        LookupError, ValueError: this source cannot do that.
    """
    for text in does:
        name, _, value = text.partition("=")
        view = _ACTIONS[name](view, value)
    return view


def _scale(view: View, value: str) -> View:
    if not view.can_rescale:
        raise LookupError("the weights do not follow from a division")
    return _set(view, scale=value == "on")


def _mask(view: View, value: str) -> View:
    if value not in view.source.masks:
        raise LookupError(f"this source has no mask {value}")
    return _set(view, mask=value)


def _dropout(view: View, value: str) -> View:
    return _set(view, dropout=float(value))


def _seed(view: View, value: str) -> View:
    return _set(view, seed=(view.settings.seed + 1) % 2**32)


def _set(view: View, **settings: object) -> View:
    return replace(view, settings=replace(view.settings, **settings))  # type: ignore[arg-type]


def _query(view: View, value: str) -> View:
    return view.with_(query=0 if value == "first" else len(view.tokens) - 1)


def _positions(view: View, value: str) -> View:
    """Without any positions."""
    original = Workings(view.source, view.settings).array("position")
    source, kind = _editor(view).next_positions(original)
    while kind != value:
        assert source.editor is not None  # what was edited is edited again
        source, kind = source.editor.next_positions(original)
    return replace(view, source=source)


def _words(view: View, value: str) -> View:
    """The selected word and its neighbour in each other's places; it stays selected."""
    left = left_of_pair(view)
    source = _editor(view).swap_tokens(left)
    there = {left: left + 1, left + 1: left}
    at = view.selection
    moved = View(source, view.settings, at)
    return moved.with_(query=there.get(at.query, at.query), key=there.get(at.key, at.key))


def left_of_pair(view: View) -> int:
    """The first of the two words that are swapped: the selected one, or the one before where it is the last.

    Raises:
        LookupError: there is only one word.
    """
    if len(view.tokens) < 2:
        raise LookupError("one word cannot be swapped")
    return min(view.selection.query, len(view.tokens) - 2)


def _editor(view: View) -> Editor:
    if view.source.editor is None:
        raise LookupError("the words of this source cannot be moved")
    return view.source.editor


def _step(view: View, value: str) -> View:
    """The first or the last step of a training."""
    trainer = view.source.trainer
    if trainer is None:
        raise LookupError("this source does not learn")
    return replace(view, source=trainer.at(0 if value == "first" else trainer.made))


def _variant(view: View, value: str) -> View:
    """Through the chain with a line replaced."""
    reason = refused(view.source, view.settings, view.selection.layer, value)
    if reason is not None:
        raise LookupError(f"{value}: {reason[0]}")
    return replace(view, settings=switched(view.settings, value, view.source.masks))


def _train(view: View, value: str) -> View:
    """Heads that have learned to copy letters, as they are at the end; `value` is how they began."""
    if view.source.editor is None:
        raise LookupError("heads are trained beside a lesson")
    source = _trained(value)
    return View(source, source.settings, Selection(query=source.query, key=source.query))


def takes_time(does: Sequence[str]) -> bool:
    """Whether a key that waits for these actions would be answered late: heads have to be trained first."""
    return any(text.startswith("train=") and text not in _made for text in does)


_made: set[str] = set()
"""What has been trained."""


@lru_cache(maxsize=2)
def _trained(start: str) -> Source:
    from kitten_tui.sources.training.opening import setup_of  # 60 ms with the rest, and only where heads are trained
    from kitten_tui.sources.training.run import Run
    from kitten_tui.sources.training.source import Training
    from kitten_tui.sources.training.tasks import TASKS

    task = replace(TASKS["copy"], held_out=LOOKED_AT)
    run = Run(task, setup_of(task, {"start": start, **TRAINED}))
    while run.step < STEPS and run.advance():
        pass
    run.keep()
    _made.add(f"train={start}")
    return Training(run, run.state)


_ACTIONS: dict[str, Callable[[View, str], View]] = {
    "scale": _scale,
    "mask": _mask,
    "dropout": _dropout,
    "seed": _seed,
    "query": _query,
    "positions": _positions,
    "words": _words,
    "step": _step,
    "variant": _variant,
    "train": _train,
}
