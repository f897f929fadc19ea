"""Changes as words: what `--set` says, which is what a view that is copied says of its changes."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from kitten_tui.core.cell import Cell
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Editor, Source
from kitten_tui.core.workings import Workings
from kitten_tui.sources.errors import SourceError

if TYPE_CHECKING:
    from kitten_tui.core.altering import Alters

POSITIONS = 3
"""Kinds of positions, one after another."""
_CHANGE = re.compile(
    r"(?P<name>\w+)(?::(?P<mask>\w+))?(?: l(?P<layer>\d+))?(?: h(?P<head>\d+))?"
    r"(?:\[(?P<index>[^\]]*)\])?(?:=(?P<value>.*))?",
    re.S,
)


def changed(opened: Source, source: Source, settings: Settings, text: str) -> tuple[Source, Settings]:
    """A source and its settings after one more change; `opened` is the source as it was opened.

    w_q[1,2]=0.5, w_q h2[1,2]=0.5, embedding[cat,2]=1; rename[2]=dog, insert[2]=big, delete[2], swap[2]; mask[1,2];
    positions=none, matrices=7; scale=off, divisor=2, mask=causal, dropout=0.1, seed=7. Places count from 1.
    In a model w_q l2 h3[1,2]=0.5, mask l2[3,1], and without l2 h3 or without l2 h3=mean.

    Raises:
        SourceError: it is none of these, or the source does not have it.
    """
    match = _CHANGE.fullmatch(text)
    if match is None:
        raise SourceError(f"--set: expected a change such as w_q[1,2]=0.5, found {text}")
    name, index, value = match["name"], match["index"], match["value"]
    try:
        if index is None and name in {field.name for field in fields(Settings)} - {"variant"}:
            return source, _setting(source, settings, name, value or "")
        if source.alters is not None:
            return _altered(source.alters, source, settings, match)
        editor = source.editor
        if editor is None:
            raise SourceError("expected a lesson, found a source whose numbers stay as they are")
        if name == "mask" and index is not None:
            under = replace(settings, mask=match["mask"] or settings.mask)
            query, key = _places(index, 2, source)
            return editor.toggle_mask_cell(under, query, key)
        if index is None:
            return _drawn(opened, source, editor, name, value or ""), settings
        if name in ("rename", "insert", "delete", "swap"):
            return _with_tokens(editor, name, _places(index, 1, source)[0], value or ""), settings
        cell = _cell(match, source)
        return editor.change_number(cell, _number(value)), settings
    except ValueError as error:
        raise SourceError(f"--set: {text}: {error}") from None


def _cell(match: re.Match[str], source: Source) -> Cell:
    layer, head = (int(match[name] or 1) - 1 for name in ("layer", "head"))
    return Cell(match["name"], _places(match["index"] or "", None, source), head, layer)


def _altered(alters: Alters, source: Source, settings: Settings, match: re.Match[str]) -> tuple[Source, Settings]:
    """The same of a model."""
    from kitten_tui.core.asking import ZERO

    if match["name"] == "without":
        layer, head = (int(match[name] or 1) - 1 for name in ("layer", "head"))
        return alters.without(layer, head, match["value"] or ZERO), settings
    if match["name"] != "mask" and not alters.is_input(match["name"]):
        raise SourceError(f"expected a weight such as w_q, mask or without, found {match['name']}")
    cell = _cell(match, source)
    if match["name"] == "mask":
        query, key = _places(match["index"] or "", 2, source)
        return alters.toggle_mask_cell(settings, cell.layer, query, key)
    return alters.change_number(cell, _number(match["value"])), settings


def _number(value: str | None) -> float:
    try:
        return float(value or "")
    except ValueError:
        raise SourceError(f"expected a number after =, found {value or 'nothing'}") from None


def edit_of(cell: Cell, value: float) -> str:
    """What says that an input has another number."""
    from kitten_tui.core.altering import Number  # 3 ms, where something is changed

    return Number(cell, value).edit


def _setting(source: Source, settings: Settings, name: str, value: str) -> Settings:
    said: object = value
    if name == "scale":
        if value not in ("on", "off"):
            raise SourceError(f"expected on or off, found {value}")
        said = value == "on"
    elif name == "divisor":
        said = None if value == "off" else float(value)
    elif name in ("dropout", "seed"):
        said = float(value) if name == "dropout" else int(value)
    elif value not in source.masks:
        raise SourceError(f"expected one of {', '.join(source.masks)}, found {value}")
    return replace(settings, **{name: said})  # type: ignore[arg-type]


def _places(index: str, count: int | None, source: Source) -> tuple[int, ...]:
    """Numbers from 1, or a token of the sentence."""
    labels = [label.strip() for label in index.split(",")]
    if count is not None and len(labels) != count:
        raise SourceError(f"expected {count} places, found {len(labels)}")
    for label in labels:
        if not (label.isascii() and label.isdigit() and 0 < len(label) < 7) and label not in source.tokens:
            raise SourceError(f"expected a number from 1 or a token of the sentence, found {label or 'nothing'}")
    return tuple(int(label) - 1 if label.isdigit() else source.tokens.index(label) for label in labels)


def _with_tokens(editor: Editor, name: str, place: int, token: str) -> Source:
    match name:
        case "rename":
            return editor.rename_token(place, token)
        case "insert":
            return editor.insert_token(place, token)
        case "delete":
            return editor.delete_token(place)
        case _:
            return editor.swap_tokens(place)


def _drawn(opened: Source, source: Source, editor: Editor, name: str, value: str) -> Source:
    """Other positions, or other matrices."""
    if name == "matrices":
        seed, _, init = value.partition(":")
        return editor.other_matrices(int(seed), init or None)
    if name != "positions":
        raise SourceError(f"expected a change such as w_q[1,2]=0.5, found {name}")
    original = Workings(opened, opened.settings).array("position")
    for _ in range(POSITIONS):
        following = source.editor
        assert following is not None  # as the one it comes from
        source, kind = following.next_positions(original)
        if kind == value:
            return source
    raise SourceError(f"expected own, none or sinusoidal, found {value}")
