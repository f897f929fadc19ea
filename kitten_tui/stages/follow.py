"""Where a number lives: from an operand to the stage, the figure and the place that show it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kitten_tui.core.derivation import Cell, Derivation, Op, Term, Workings, by_size, products
from kitten_tui.core.vocabulary import QUANTITIES, Scope
from kitten_tui.stages.figure import Figure
from kitten_tui.stages.selection import Selection
from kitten_tui.stages.stage import Page, Stage, turn_to
from kitten_tui.stages.view import View


def follow(page: Page, cell: Cell, stages: Sequence[Stage]) -> View | None:
    """The view whose cursor is at this cell: on the same page if it is there, else at its home.

    A cell of the comparison has no figure of its own beyond the weights: it is met with the scale switched.
    """
    here = page.selection.stage
    home = next((number for number, stage in enumerate(stages) if cell.name in stage.home), here)
    for number in dict.fromkeys((here, home, *range(len(stages)))):
        view = _view_at(page.view, cell, number, stages)
        if view is not None:
            return view
    if not cell.rescaled:
        return None
    settings = replace(page.view.settings, scale=not page.view.settings.scale)
    switched = View(page.view.source, settings, page.view.selection)
    return _view_at(switched, replace(cell, rescaled=False), home, stages)


def largest(derivation: Derivation) -> Cell | None:
    """The operand that is followed unless another is chosen: of what is added up, the first of the largest term.

    What divides or covers a number is followed only where nothing else can be.
    """
    terms = derivation.terms
    if derivation.op is Op.LARGEST:
        return terms[int(products(terms).argmax())][0].cell
    return _largest(derivation.main) or _largest(terms)


def _largest(terms: Sequence[Term]) -> Cell | None:
    for place in by_size(terms):
        for operand in terms[place]:
            if operand.cell is not None:
                return operand.cell
    return None


def inputs_behind(workings: Workings, cell: Cell, is_input: Callable[[Cell], bool], most: int = 12) -> list[Cell]:
    """The inputs that a number is made of, the nearest first, and of those as near the largest."""
    found: dict[Cell, float] = {}
    level, told = [cell], {cell}
    while level and len(found) < most:
        deeper: list[Cell] = []
        for place in level:
            for operand in (operand for term in workings.derive(place).terms for operand in term):
                if operand.cell is not None and operand.cell not in told:
                    told.add(operand.cell)
                    deeper.append(operand.cell)
        near = [place for place in deeper if is_input(place)]
        found |= {place: workings.value(place) for place in sorted(near, key=lambda place: -abs(workings.value(place)))}
        level = [place for place in deeper if not is_input(place)]
    return list(found)[:most]


def _view_at(view: View, cell: Cell, number: int, stages: Sequence[Stage]) -> View | None:
    """The view of this stage with the cursor at the cell, None if the stage does not show it."""
    places: dict[str, int | str] = {"stage": number, "layer": cell.layer, "focus": ""}
    axes = QUANTITIES[cell.name].axes
    if QUANTITIES[cell.name].scope is Scope.HEAD:
        places["head"] = cell.head
    if axes and axes[0] == "query":
        places["query"] = cell.index[0]  # a figure may show the row of one query alone
    # Another layer is as the source has it: only the one that is looked at has other settings.
    settings = view.settings if cell.layer == view.selection.layer else view.source.settings
    page = turn_to(stages[number], View(view.source, settings, view.selection.moved(**places)))
    for figure in (*page.sheet.stops, *page.sheet.loose):
        selection = _selection_at(figure, cell, page.selection)
        if selection is not None:
            return View(view.source, settings, selection)
    return None


def _selection_at(figure: Figure, cell: Cell, selection: Selection) -> Selection | None:
    if figure.name != cell.name or figure.rescaled != cell.rescaled:
        return None
    there = selection.moved(focus=figure.id, **dict(zip(figure.axes, cell.index, strict=False)))
    return there if figure.cell(there) == cell else None
