"""What a stage is: a file each, and a line in `kitten_tui.stages.STAGES`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from kitten_tui.core.derivation import Derivation
from kitten_tui.stages.figure import Figure, Phrase, Sheet
from kitten_tui.stages.selection import Selection
from kitten_tui.stages.view import View


@dataclass(frozen=True)
class Stage:
    id: str
    """Begins the keys of its words: <id>.name, <id>.lesson."""
    formula: str
    focus: str
    """The id of the figure that the cursor begins in; {head} stands for the number of the selected head."""
    walk: tuple[tuple[str, str], ...]
    """The guided walk: figures to go through in turn, each along an axis."""
    sheet: Callable[[View], Sheet]
    reading: Callable[[View], Phrase]
    """The sentence that reads the picture aloud."""
    weighs: bool = False
    """Whether the weights exist by this stage, so that the sentence can carry them."""
    home: tuple[str, ...] = ()
    """The quantities that are looked up here when a number is followed to where it comes from."""
    covers: bool = False
    """Whether the guided walk covers the future when it comes here."""
    of_model: str = ""
    """The formula where x comes out of a norm, if it is another one; its words are <id>.lesson_model."""


@dataclass(frozen=True, eq=False)
class Page:
    """A stage drawn up for one view: computed once, shown by every widget."""

    stage: Stage
    view: View
    sheet: Sheet
    reading: Phrase
    focused: Figure
    derivation: Derivation

    @property
    def selection(self) -> Selection:
        return self.view.selection

    @property
    def _of_model(self) -> bool:
        return bool(self.stage.of_model) and self.view.source.entry(self.selection.layer) is not None

    @property
    def formula(self) -> str:
        return self.stage.of_model if self._of_model else self.stage.formula

    @property
    def lesson(self) -> str:
        """The key of what is said about the stage."""
        return f"{self.stage.id}.lesson_model" if self._of_model else f"{self.stage.id}.lesson"


def turn_to(stage: Stage, view: View) -> Page:
    """The page of this stage; a cursor whose figure is not on it begins where the stage does."""
    sheet = replace(stage.sheet(view), of_model=view.source.entry(view.selection.layer) is not None)
    focused = sheet.focused(view.selection, stage.focus.format(head=view.selection.head + 1))
    selection = _in_step(_inside(view.selection, sheet, focused), focused, view.trace.d_k)
    view = View(view.source, view.settings, selection)
    derivation = view.workings.derive(focused.cell(selection))
    return Page(stage, view, sheet, stage.reading(view), focused, derivation)


def _inside(selection: Selection, sheet: Sheet, focused: Figure) -> Selection:
    """Axes of different widths share a place, so a place that lies outside this figure moves to its edge."""
    edges = {name: min(selection.at(name), len(axis) - 1) for name, axis in focused.places.items()}
    return selection.moved(**edges, focus=focused.id)


def _in_step(selection: Selection, focused: Figure, d_k: int) -> Selection:
    """A place in concat is a head and a dimension of it: each follows where the cursor has the other."""
    if "concat" in focused.axes:
        head, inner = divmod(selection.concat, d_k)
        return selection.moved(head=head, d_k=inner)
    return selection.moved(concat=selection.head * d_k + min(selection.d_k, d_k - 1))
