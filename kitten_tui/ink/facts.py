"""Single numbers as a small table."""

from __future__ import annotations

from rich.segment import Segment

from kitten_tui.ink.blocks import CHANGED, HEADING, Block, Look, Moves, Place
from kitten_tui.ink.cells import Line, fit, width_of
from kitten_tui.ink.numbers import exact
from kitten_tui.ink.say import say_title
from kitten_tui.stages.figure import Fact, Facts, fact_figure


class FactsBlock(Block[Facts]):
    """A small table of single numbers."""

    def __init__(self, figure: Facts, look: Look, cell_width: int = 7) -> None:
        super().__init__(figure, look)
        self.cell_width = cell_width
        self.labels = [say_title(look.words, title) for title, _ in figure.rows]
        self.label_width = max(width_of([Segment(label)]) for label in self.labels) + 2
        title = width_of([Segment(say_title(look.words, figure.title))])
        self.width = max(self.label_width + len(figure.headings) * cell_width + 1, title + 2)
        self.height = HEADING + len(figure.rows)

    def draw(self, y: int) -> Line:
        palette = self.look.palette
        if y == 1:
            headings = [
                fit(say_title(self.look.words, title), self.cell_width, "right") for title in self.figure.headings
            ]
            return self._filled([Segment(" " * self.label_width + "".join(headings), palette.muted)])
        if not 0 <= y - HEADING < len(self.figure.rows):
            return self.blank(self.width)
        line = [Segment(fit(f" {self.labels[y - HEADING]}", self.label_width), palette.label)]
        after_cursor = False
        for fact in self.figure.rows[y - HEADING][1]:
            text = fit(self._mark(fact) + exact(fact.value), self.cell_width, "right")
            at_cursor = fact.id == self.look.focus
            if at_cursor:
                line.append(Segment("[" + text[1:], palette.cursor))
            else:
                line.append(Segment("]" + text[1:] if after_cursor else text, palette.text))
            after_cursor = at_cursor
        return self._filled([*line, Segment("]" if after_cursor else " ", palette.text)])

    def _mark(self, fact: Fact) -> str:
        comparison = self.look.comparison
        cell = fact_figure(fact).cell(self.look.selection)
        return CHANGED if comparison is not None and comparison.changed(cell, fact.value, same_division=True) else ""

    def _filled(self, line: Line) -> Line:
        return line + self.blank(max(self.width - width_of(line), 0))

    def moves(self, x: int, y: int) -> Moves | None:
        fact = self._fact(x, y)
        return None if fact is None else {"focus": fact.id}

    def _fact(self, x: int, y: int) -> Fact | None:
        row, column = y - HEADING, (x - self.label_width) // self.cell_width
        if not 0 <= row < len(self.figure.rows) or x < self.label_width:
            return None
        facts = self.figure.rows[row][1]
        return facts[column] if column < len(facts) else None

    def place(self) -> Place | None:
        for row, (_, facts) in enumerate(self.figure.rows):
            for column, fact in enumerate(facts):
                if fact.id == self.look.focus:
                    return Place(self.label_width + column * self.cell_width, HEADING + row, self.cell_width + 1)
        return None
