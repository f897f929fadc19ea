"""Where a number lives: from an operand to the stage, the figure and the place that show it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kitten_tui.core.cell import Cell, Derivation, Term, by_size, products
from kitten_tui.core.formula import Op
from kitten_tui.core.quantity import Scope, grad
from kitten_tui.core.workings import Workings
from kitten_tui.desk.selection import Selection
from kitten_tui.stages.figure import Figure
from kitten_tui.stages.stage import Page, Stage, homes, turn_to, unseen
from kitten_tui.stages.view import View


def follow(page: Page, cell: Cell, stages: Sequence[Stage]) -> View | None:
    """The view whose cursor is at this cell: on the same page if it is there, else at its home.

    A cell of the comparison has no figure of its own beyond the weights: it is met with the scale switched. One of
    another step of a training is met at that step.
    """
    here, trainer = page.view, page.view.source.trainer
    if cell.step is not None and trainer is not None:
        here, cell = replace(here, source=trainer.at(cell.step)), replace(cell, step=None)
    view = _find(here, cell, stages)
    if view is None and cell.rescaled:
        switched = replace(here, settings=replace(here.settings, scale=not here.settings.scale))
        view = _find(switched, replace(cell, rescaled=False), stages)
    return view


def _find(view: View, cell: Cell, stages: Sequence[Stage]) -> View | None:
    """In sight in this stage, at home or anywhere; else at home and out of sight."""
    at_home = homes(cell.name, view.workings.in_layer(cell.layer).chain, stages)
    for number in dict.fromkeys((view.selection.stage, *at_home, *range(len(stages)))):
        there = _view_at(view, cell, number, stages)
        if there is not None:
            return there
    return _view_at(view, cell, at_home[0], stages, in_sight=False) if at_home else None


def largest(derivation: Derivation) -> Cell | None:
    """The operand that is followed unless another is chosen: of what is added up, the first of the largest term.

    What divides or covers a number, or is yes or no, is followed only where nothing else can be.
    """
    terms = derivation.terms
    if derivation.op is Op.SHIFT:
        return terms[int(products(terms).argmax())][0].cell
    return _largest(derivation.main) or _largest(terms)


def _largest(terms: Sequence[Term]) -> Cell | None:
    for place in by_size(terms):
        for operand in sorted(terms[place], key=lambda operand: operand.truth):
            if operand.cell is not None:
                return operand.cell
    return None


def inputs_behind(workings: Workings, cell: Cell, is_input: Callable[[Cell], bool], most: int = 12) -> list[Cell]:
    """The inputs that a number is made of, the nearest first, and of those as near the largest."""
    inputs: list[Cell] = []
    level, told = [cell], {cell}
    while level and len(inputs) < most:
        deeper: list[Cell] = []
        for place in level:
            for operand in (operand for term in workings.derive(place).terms for operand in term):
                if operand.cell is not None and operand.cell not in told:
                    told.add(operand.cell)
                    deeper.append(operand.cell)
        near = [place for place in deeper if is_input(place)]
        inputs += sorted(near, key=lambda place: -abs(workings.value(place)))
        level = [place for place in deeper if not is_input(place)]
    return inputs[:most]


def _view_at(view: View, cell: Cell, number: int, stages: Sequence[Stage], *, in_sight: bool = True) -> View | None:
    """The view of this stage with the cursor at the cell, None if its picture does not show it.

    Out of sight, the arithmetic line alone stands at it.
    """
    quantity = view.workings.in_layer(cell.layer).chain[cell.name]
    places: dict[str, int | str] = {"stage": number, "layer": cell.layer, "focus": ""}
    places["backward"] = cell.name == grad(quantity.of)
    if quantity.scope is Scope.HEAD:
        places["head"] = cell.head
    if quantity.axes and quantity.axes[0] == "query":
        places["query"] = cell.index[0]  # a figure may show the row of one query alone
    # Another layer is as the source has it: only the one that is looked at has other settings.
    settings = view.settings if cell.layer == view.selection.layer else view.source.settings
    there = View(view.source, settings, view.selection.moved(**places))
    if not in_sight:
        figure = unseen(there, cell.name)
        selection = None if figure is None else _selection_at(figure, cell, there)
        return None if selection is None else View(view.source, settings, selection)
    page = turn_to(stages[number], there)
    for figure in page.sheet.stops:
        selection = _selection_at(figure, cell, page.view)
        if selection is not None:
            return View(view.source, settings, selection)
    return None


def _selection_at(figure: Figure, cell: Cell, view: View) -> Selection | None:
    if figure.name != cell.name or figure.rescaled != cell.rescaled:
        return None
    there = view.selection.moved(focus=figure.id, **dict(zip(figure.axes, cell.index, strict=False)))
    workings = view.workings.in_layer(cell.layer)
    return there if workings.address(figure.cell(there)) == workings.address(cell) else None
