"""What a step of the walk says, as lines: its sentence with the number worked out, or its question with the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment

from kitten_tui.ink.cells import Line, clean, clean_lines, cut, wrap
from kitten_tui.ink.formula import Sum, arithmetic
from kitten_tui.ink.mistake import code_lines
from kitten_tui.ink.palette import Palette
from kitten_tui.ink.say import filled, written
from kitten_tui.words import Words

if TYPE_CHECKING:
    from kitten_tui.walk.guide import Guide, Told
    from kitten_tui.walk.questions import Asked

LINES = 4
"""What a step has at the foot of the screen."""
MARKS = {True: "✓", False: "✗"}


def told_lines(guide: Guide, words: Words, palette: Palette, width: int, hint: str = "") -> list[Line]:
    """What stands at the foot of the screen; a sentence that leaves room has its sum below, or the line of NumPy that
    makes the difference; a hint the last line.
    """
    lines = _told(guide, words, palette, width)
    if not hint:
        return lines
    lines += [[] for _ in range(LINES - len(lines))]
    return [*lines[: LINES - 1], [Segment(f" {cut(hint, width - 2)}", palette.muted)]]


def _told(guide: Guide, words: Words, palette: Palette, width: int) -> list[Line]:
    if guide.asking is not None:
        return _asked(guide, guide.asking, words, palette, width)
    text = _ended(guide, words) if guide.has_ended else _answered(guide, words) + sentence(guide.now, words)
    rows = wrap(text, width - 2)
    lines: list[Line] = [[Segment(f" {row}", palette.text)] for row in _cut_to(rows, LINES, width - 2)]
    below = [] if guide.has_ended else _below(guide.now, words, palette, width - 2)
    if below and len(lines) <= LINES - len(below):
        lines += [[] for _ in range(LINES - len(below) - len(lines))]
        lines += [[Segment(" ", palette.text), *line] for line in below]
    return lines


def _below(told: Told, words: Words, palette: Palette, width: int) -> list[Line]:
    """The line that was replaced with the one in its place, or how the number at the cursor is worked out."""
    view, derivation = told.page.view, told.page.derivation
    if view.settings.variant:
        styles = palette.result, palette.chosen
        texts = (cut(line, width) for line in code_lines(view, words))
        return [[Segment(text, style)] for text, style in zip(texts, styles, strict=True)]
    if told.step.sum and derivation is not None:
        return arithmetic(derivation, Sum(view.workings, words, palette), width)
    return []


def sentence(told: Told, words: Words) -> str:
    """What the step says, with its words and numbers."""
    return filled(words, clean_lines(words.of(told.step.text)), told.values)


def question(told: Told, words: Words) -> str:
    """What it asks."""
    assert told.step.question is not None  # only what asks is asked for it
    return filled(words, clean_lines(words.of(told.step.question.text)), told.values)


def options(told: Told, words: Words) -> tuple[str, ...]:
    """What can be answered."""
    assert told.step.question is not None  # only what asks is asked for it
    if told.asked is not None and told.asked.options:
        return tuple(written(option, words) for option in told.asked.options)
    given = told.step.question.options
    return tuple(map(clean, given.get(words.language) or next(iter(given.values()), ())))


def way(guide: Guide, words: Words) -> tuple[str, ...]:
    """How far it is, and from the first answer on how many were right."""
    right, given = guide.score
    step = words("walk.step", number=guide.place + 1, count=len(guide.steps))
    return (step, words("walk.score", right=right, given=given)) if given else (step,)


def _asked(guide: Guide, asked: Asked, words: Words, palette: Palette, width: int) -> list[Line]:
    rows = wrap(question(guide.now, words), width - 2)
    choices = _choices(options(guide.now, words), guide.chosen, palette, width - 2)
    shown = _cut_to(rows, LINES - len(choices), width - 2)
    return [*([Segment(f" {row}", palette.text)] for row in shown), *choices]


def _choices(texts: Sequence[str], chosen: int, palette: Palette, width: int) -> list[Line]:
    """The answers side by side, as many in a line as there is room for."""
    lines: list[Line] = []
    room = 0
    most = max(width // 2 - 4, 8)
    for place, text in enumerate(texts):
        label = f" {'▸' if place == chosen else ' '}{cut(text, most)} "
        if cell_len(label) > room:
            lines.append([Segment(" ", palette.text)])
            room = width
        lines[-1].append(Segment(label, palette.cursor if place == chosen else palette.label))
        room -= cell_len(label)
    return lines


def _answered(guide: Guide, words: Words) -> str:
    """Whether what was chosen is right; where it was left out, nothing."""
    asked, answer = guide.now.asked, guide.answer
    if asked is None or answer is None or not guide.asks:
        return ""
    return f"{MARKS[answer == asked.right]} "


def _ended(guide: Guide, words: Words) -> str:
    right, given = guide.score
    return words("walk.end_score", right=right, given=given) if given else words("walk.end")


def _cut_to(rows: Sequence[str], count: int, width: int) -> list[str]:
    if len(rows) <= count:
        return list(rows)
    return [*rows[: count - 1], cut(rows[count - 1] + " …", width)]
