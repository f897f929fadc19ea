"""Figures beside one another, with the labels of their rows."""

from __future__ import annotations

from rich.segment import Segment

from kitten_tui.ink.blocks import HEADING, Block, Look, Moves, Place, label_line
from kitten_tui.ink.cells import Line, fit
from kitten_tui.ink.matrix import MatrixBlock
from kitten_tui.ink.say import say_title
from kitten_tui.stages.figure import Axis, Figure, Title

UNITS = (("% +=100", "%"), ("/10 +=1", "/10"))
"""What small panels are written in, per cent or tenths, as much of it as fits."""
UNIT_ROOM = 4
"""The room that labels have beside small panels, so that the shortest of these fits."""

Blocks = list[Block[Figure]]


class BandOfBlocks:
    """Blocks beside one another, with the labels of their rows at the left."""

    def __init__(self, blocks: Blocks, rows: Axis | None, label_width: int, look: Look, title: Title = ()) -> None:
        self.blocks = blocks
        self.rows = rows
        self.label_width = label_width
        self.look = look
        self.title = title
        self.lefts: list[int] = []
        x = label_width
        for block in blocks:
            self.lefts.append(x)
            x += block.width
        self.width = x
        self.height = max((block.height for block in blocks), default=0)
        labelled = [block for block in blocks if block.body and not getattr(block.figure, "row_labels", False)]
        self.body = labelled[0].body if labelled else range(0)
        """The lines that the labels belong to; none where all figures have labels of their own."""
        # All small panels of a sheet have cells of one width.
        small = next((block.cell_width for block in blocks if isinstance(block, MatrixBlock) and block.small), 0)
        fitting = (text for text in UNITS[small < 3] if len(text) < label_width)
        self.corner = next(fitting, "") if small else ""
        """The unit of small panels, where no line is free to say it."""
        titled = (left for left, block in zip(self.lefts, blocks, strict=True) if block.figure.title)
        self.titled = next(titled, self.width)
        """Where the first block begins that has a title of its own."""
        self.has_foot = any(isinstance(block, MatrixBlock) and block.figure.foot for block in blocks)

    def line(self, y: int, left: int, right: int, top: int) -> Line:
        y = self._seen(y, top)
        line: Line = []
        reached = left + self.label_width  # what lies further left is behind the labels
        over = min(self.titled, right) - reached
        if y == 0 and self.title and over > 0:
            line.append(Segment(fit(f" {say_title(self.look.words, self.title)}", over), self.look.palette.title))
            reached += over
        for block, start in zip(self.blocks, self.lefts, strict=True):
            first, last = max(reached - start, 0), min(right - start, block.width)
            if first < last:
                line += block.line(y, first, last) if y < block.height else block.blank(last - first)
                reached = start + last
        if reached < right:
            line.append(Segment(" " * (right - reached), self.look.palette.text))
        return [*self._label(y), *line]

    def _seen(self, y: int, top: int) -> int:
        """The heading takes the place of the first line in sight once it would be scrolled away."""
        return self.body.start - 1 if y == top and y in self.body and self.body.start == HEADING else y

    def _label(self, y: int) -> Line:
        if self.rows is not None and y in self.body and y - self.body.start < len(self.rows):
            return label_line(self.rows, y - self.body.start, self.label_width, self.look)
        if self.corner and y == HEADING - 1:
            return [Segment(f" {self.corner:<{self.label_width - 1}}", self.look.palette.muted)]
        if self.has_foot and y == self.body.stop:
            return [Segment(f" {'Σ':<{self.label_width - 1}}", self.look.palette.title)]
        return [Segment(" " * self.label_width, self.look.palette.text)]

    def moves(self, x: int, y: int, left: int, top: int) -> Moves | None:
        y = self._seen(y, top)
        if x < left + self.label_width:
            if self.rows is not None and self.rows.name and y in self.body:
                return self.rows.move(y - self.body.start)
            return None
        for block, start in zip(self.blocks, self.lefts, strict=True):
            if start <= x < start + block.width:
                return block.moves(x - start, y)
        return None

    def cursor(self) -> Place | None:
        for block, start in zip(self.blocks, self.lefts, strict=True):
            place = block.place()
            if place is not None:
                return Place(start + place.x, place.y, place.width)
        return None
