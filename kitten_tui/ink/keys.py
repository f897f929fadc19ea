"""The last line: the keys that have something to do here, and what a click on one means."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment

from kitten_tui.commands import KeyCommand, on_screen
from kitten_tui.ink.cells import Line, text_of
from kitten_tui.ink.chrome import Drawn, Hit
from kitten_tui.ink.palette import Palette
from kitten_tui.offers import Now
from kitten_tui.words import Words

ALWAYS = ("lesson", "help", "quit")
"""The keys that are named in every window."""


def key_line(now: Now, words: Words, palette: Palette, width: int) -> Drawn:
    """The keys that have something to do, as far as there is room; the text, help and quit always, at the right."""
    named = [command for command in on_screen(now.where) if command.footer and (command.passing or command.works(now))]
    always = [command for command in named if command.id in ALWAYS]
    room = width - 1 - sum(_key_width(command, now, words) for command in always)
    chosen = []
    for command in named:
        size = _key_width(command, now, words)
        if command not in always and size <= room:
            chosen.append(command)
            room -= size
    # Those that come and go stand last, and leave their room free.
    chosen.sort(key=lambda command: command.passing)
    line: Line = []
    hits: list[Hit] = []
    for command in chosen:
        if not command.passing or command.works(now):
            _add_key(command, now, words, palette, line, hits)
    gap = width - 1 - sum(_key_width(command, now, words) for command in always) - cell_len(text_of(line))
    line.append(Segment(" " * gap, palette.text))
    for command in always:
        _add_key(command, now, words, palette, line, hits)
    return Drawn([line], tuple(hits))


def _add_key(command: KeyCommand, now: Now, words: Words, palette: Palette, line: Line, hits: list[Hit]) -> None:
    x, size = cell_len(text_of(line)), _key_width(command, now, words)
    line += [Segment(f" {command.label}", palette.key), Segment(f" {_key_name(command, now, words)} ", palette.muted)]
    # A pair of keys is a click on either half of its label: the first goes back, the second on.
    half = x + 1 + cell_len(command.label) // 2
    if len(command.keys) <= 2:
        hits.append(Hit(0, x, half if len(command.keys) == 2 else x + size, command.keys[0][1]))
    if len(command.keys) == 2:
        hits.append(Hit(0, half, x + size, command.keys[1][1]))


def _key_name(command: KeyCommand, now: Now, words: Words) -> str:
    return words(f"command.{command.called(now)}.name")


def _key_width(command: KeyCommand, now: Now, words: Words) -> int:
    return cell_len(command.label) + cell_len(_key_name(command, now, words)) + 3
