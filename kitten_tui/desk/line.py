"""A desk as a line of a shell that opens it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import fields
from itertools import pairwise

from kitten_tui.core.settings import Settings
from kitten_tui.desk.desk import Desk
from kitten_tui.desk.selection import Selection

PROGRAM = "kitten-tui"
PLACES = ("key", "d_model", "d_k", "concat", "rank", "pinned")
"""What is selected besides what has an option of its own."""


def line_of(desk: Desk) -> str | None:
    """The line that opens this very view, its changes included; None where no line can: the source was not opened by
    one, or was changed in a way that has no words.
    """
    states = desk.history.states[: desk.history.place + 1]
    shown = states[:-1] if desk.shown is not desk.present and len(states) > 1 else states
    origin = shown[0].source.origin
    edits = [state.edit for state in shown[1:] if state.edit]
    told = all(after.edit or after.source is before.source for before, after in pairwise(shown))
    # What the positions were before the line that opened this is not what they were when it opened.
    told = told and not ("--set" in origin and "positions=own" in edits)
    if not origin or not told:
        return None
    masked = any("mask:" in text for text in (*origin, *edits))
    changes = [*edits, *_settings(shown[0].source.settings, desk.base, masked)]
    mistake = ("--mistake", desk.settings.variant) if desk.settings.variant else ()
    selected = _selected(desk.selection)
    return shlex.join([PROGRAM, *origin, *selected, *mistake, *(word for text in changes for word in ("--set", text))])


def _settings(old: Settings, new: Settings, masked: bool) -> Iterator[str]:
    """What is switched otherwise than the source asks for, or than a changed cell of the mask leaves it."""
    for field in fields(Settings):
        value = getattr(new, field.name)
        if field.name != "variant" and (value != getattr(old, field.name) or (masked and field.name == "mask")):
            said = ("on" if value else "off") if value is None or isinstance(value, bool) else value
            yield f"{field.name}={said}"


def _selected(at: Selection) -> Iterator[str]:
    yield from ("--stage", str(at.stage + 1))
    for name in ("layer", "head"):
        if getattr(at, name):
            yield from (f"--{name}", str(getattr(at, name) + 1))
    yield from (f"--{name.replace('_', '-')}" for name in ("by_value", "hide_special") if getattr(at, name))
    places = [f"query={at.query + 1}"]
    # Nothing is pinned at −1; of the others the first place needs no word.
    first = {"key": -1, "pinned": -1}
    places += [f"{name}={getattr(at, name) + 1}" for name in PLACES if getattr(at, name) > first.get(name, 0)]
    if at.focus:
        yield from ("--figure", at.focus)
    yield from ("--place", ",".join(places))
