"""What stands around the figures: title, stages, sentence, reading; and what a click on them means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment

from kitten_tui.core.array_types import Array
from kitten_tui.core.cell import Cell
from kitten_tui.core.settings import Settings
from kitten_tui.core.weighed import PLAIN
from kitten_tui.ink.cells import Line, cut, fit, show_token, wrap
from kitten_tui.ink.formula import Sum, arithmetic, arithmetic_room, choices
from kitten_tui.ink.mistake import WRONG, name_of
from kitten_tui.ink.numbers import fmt
from kitten_tui.ink.palette import Palette
from kitten_tui.ink.say import say
from kitten_tui.ink.shown import Shown
from kitten_tui.ink.told import told_lines
from kitten_tui.stages import Page, Stage
from kitten_tui.words import Words

FOOT = 4
"""Lines of the reading and the arithmetic, which has two where there is any."""
LEAST_TITLE = 24
"""Cells that the title has before what goes without saying is said beside it."""
LONGEST_TOKEN = 14


@dataclass(frozen=True)
class Hit:
    """A stretch of a line that can be clicked."""

    y: int
    start: int
    end: int
    value: int | str


@dataclass(frozen=True)
class Drawn:
    lines: list[Line]
    hits: tuple[Hit, ...] = ()

    def hit(self, x: int, y: int) -> int | str | None:
        """What was clicked."""
        return next((hit.value for hit in self.hits if hit.y == y and hit.start <= x < hit.end), None)


def title_line(page: Page, title: str, words: Words, palette: Palette, width: int, way: Sequence[str] = ()) -> Drawn:
    """The program, the lesson, and on the right under which settings it is seen; in a walk first how far it is."""
    name = " kitten-tui  "
    wrong = f" {WRONG} {name_of(page.view, words)} " if page.view.settings.variant else ""
    status, room = "", 0
    for parts in _statuses(page, words):
        status = "  ".join([*way, *parts]) + " "
        room = width - cell_len(status) - cell_len(name) - cell_len(wrong) - 2
        if room >= min(cell_len(title), LEAST_TITLE):
            break
    middle = fit(title, max(room, 0))
    rest = width - cell_len(name) - cell_len(middle) - cell_len(wrong)
    line = [
        Segment(name, palette.title),
        Segment(middle, palette.text),
        *([Segment(wrong, palette.cursor)] if wrong else []),
        Segment(fit("  " + status, rest, "right"), palette.muted),
    ]
    return Drawn([line])


def status_parts(page: Page, words: Words) -> list[str]:
    source, settings = page.view.source, page.view.settings
    parts = [words("invented")] if source.invented else [words("invented_some")] if source.invented_tokens else []
    if source.n_layers > 1:
        parts.append(words("status.layer", layer=page.selection.layer + 1, layers=source.n_layers))
    if source.ready < source.n_layers:
        parts.append(words("status.computing", ready=source.ready, layers=source.n_layers))
    parts.append(words("status.head", head=page.selection.head + 1, heads=source.n_heads))
    parts += settings_parts(settings, words)
    return parts + ([words(f"weighed.{page.view.weighed}")] if page.view.weighed != PLAIN else [])


def settings_parts(settings: Settings, words: Words) -> list[str]:
    scale = words("status.scale_on" if settings.scale else "status.scale_off")
    if settings.scale and settings.divisor is not None:
        scale = words("status.scale_set", divisor=f"{settings.divisor:g}")
    parts = [scale, words(f"status.mask_{settings.mask}")]
    if settings.dropout:
        parts.append(words("status.dropout", rate=f"{settings.dropout:g}", seed=settings.seed))
    return parts


def _statuses(page: Page, words: Words) -> Iterator[list[str]]:
    """The settings in full, then without the seed, then without what is as it usually is."""
    settings = page.view.settings
    parts = status_parts(page, words)
    yield parts
    if settings.dropout:
        parts = [*parts[:-1], f"{words('setting.dropout')} {settings.dropout:g}"]
        yield parts
    usual = {words("status.scale_on"), words("status.mask_none")}
    yield [part for part in parts if part not in usual]


def rail(stages: Sequence[Stage], selected: int, words: Words, palette: Palette, width: int) -> Drawn:
    """The stages."""
    labels = [f" {number} {words(f'{stage.id}.name')} " for number, stage in enumerate(stages, start=1)]
    spare = width - sum(cell_len(label) for label in labels) - 1
    if spare < 0:
        labels = [label[1:] for label in labels]
    gap = " " if spare >= len(labels) else ""
    line: Line = [Segment(" ", palette.text)]
    hits = []
    x = 1
    for number, label in enumerate(labels):
        line += [Segment(label, palette.cursor if number == selected else palette.muted), Segment(gap, palette.text)]
        hits.append(Hit(0, x, x + cell_len(label), number))
        x += cell_len(label) + len(gap)
    return Drawn([line], tuple(hits))


def strip(tokens: Sequence[str], weights: Array | None, selected: int, palette: Palette, width: int) -> Drawn:
    """The sentence with its query marked; below it each word's weight, or before there are weights its place."""
    labels, widths = _labels(tuple(tokens))
    first = _first_in_sight(widths, selected, width)
    high = float(weights.max()) if weights is not None and weights.size else 1.0
    above: Line = []
    below: Line = []
    hits = []
    x = 0
    for place in range(first, len(tokens)):
        size = widths[place]
        if x + size > width:
            break
        mark = "▸" if place == selected else " "
        above.append(Segment(fit(mark + labels[place], size), palette.chosen if place == selected else palette.label))
        if weights is None:
            below.append(Segment(fit(f" {place + 1}", size), palette.muted))
        else:
            value = float(weights[place])
            below += [
                Segment(fit(f" {fmt(value)}", size - 1), palette.ramp(value, 0.0, high)),
                Segment(" ", palette.text),
            ]
        hits += [Hit(0, x, x + size, place), Hit(1, x, x + size, place)]
        x += size
    return Drawn([above, below], tuple(hits))


@lru_cache(maxsize=4)
def _labels(tokens: tuple[str, ...]) -> tuple[Sequence[str], Sequence[int]]:
    """What stands for each token, and in how many cells."""
    labels = [show_token(token, LONGEST_TOKEN) for token in tokens]
    return labels, [max(cell_len(label) + 2, 7) for label in labels]


def _first_in_sight(widths: Sequence[int], selected: int, width: int) -> int:
    """The first token to show so that the selected one and its right neighbour are in sight."""
    last = min(selected + 1, len(widths) - 1)
    first = last
    room = width - widths[last]
    while first > 0 and widths[first - 1] <= room:
        first -= 1
        room -= widths[first]
    return first


def foot(shown: Shown, palette: Palette, width: int) -> Drawn:
    """A message, the way that was followed, or the reading of the picture; below it the arithmetic of the cell. In a
    walk, what its step says.
    """
    if shown.guide is not None:
        hint = "" if shown.message is None else say(shown.words, shown.message)
        return Drawn(told_lines(shown.guide, shown.words, palette, width, hint))
    page, words, derivation = shown.page, shown.words, shown.page.derivation
    before = shown.comparison
    was = None if before is None or derivation is None else before.value(derivation.cell)
    look = Sum(page.view.workings, words, palette, shown.chosen, was=was)
    sums = [] if derivation is None else arithmetic(derivation, look, width - 2)
    most = FOOT - len(sums)
    if shown.message is None and shown.trail and derivation is not None:
        text = _breadcrumb((*shown.trail, derivation.cell), look, width - 2, most)
    else:
        phrases = page.readings if shown.message is None else (shown.message,)
        text = " ".join(say(words, phrase, look.name) for phrase in phrases)
    rows = wrap(text, width - 2)
    if len(rows) > most:
        rows[most - 1] = cut(rows[most - 1] + " …", width - 2)
    lines: list[Line] = [[Segment(f" {row}", palette.text)] for row in rows[:most]]
    lines += [[Segment(" ", palette.text)] for _ in range(most - len(lines))]
    return Drawn(lines + [[Segment(" ", palette.text), *line] for line in sums])


def _breadcrumb(cells: Sequence[Cell], look: Sum, width: int, rows: int) -> str:
    """The way down, as much of its end as so many rows have room for."""
    names = [look.name(cell, head=True) for cell in cells]
    text = " ← ".join(names)
    while len(wrap(text, width)) > rows and len(names) > 1:
        names = names[1:]
        text = " ← ".join(["…", *names])
    return text


def operand_choices(page: Page, words: Words, width: int) -> list[Cell]:
    """The operands that the arithmetic line shows and that can be followed."""
    derivation = page.derivation
    if derivation is None:
        return []
    look = Sum(page.view.workings, words)
    return choices(derivation, look, arithmetic_room(derivation, look, width - 2))
