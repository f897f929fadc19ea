"""The selected row alone: what of a page it is made of, as far as the page shows it."""

from __future__ import annotations

from collections.abc import Iterator

from kitten_tui.stages.figure import Facts, Figure, Matrix, fact_figure
from kitten_tui.stages.light import Light, Lit
from kitten_tui.stages.stage import Page

OF_QUERIES = ("query", "token")
"""The axes along which a row belongs to the word that is selected."""


def alone(page: Page) -> Lit:
    """Nothing but the selected row and what it is made of; of a page without a cursor, everything."""
    focused = page.focused
    if not focused.name:
        return Lit()
    needs = {name: own for name, own in _needs(page).items() if name != focused.name}
    lights = [Light(focused.id, "row" if _has_own_row(focused) else "all"), *_tables(page)]
    for figure in _figures(page):
        if figure.id != focused.id and not figure.rescaled and _is_of_head(figure, page):
            if figure.name == focused.name:
                lights.append(Light(figure.id, "row" if _is_by_query(figure) else "all"))
            elif figure.name in needs:
                lights.append(Light(figure.id, "row" if needs[figure.name] and _is_by_query(figure) else "all"))
    return Lit(tuple(lights), alone=True)


def _needs(page: Page) -> dict[str, bool]:
    """The quantities that the row is made of, and of which the selected word's row is enough."""
    chain, needs = page.view.chain, {page.focused.name: True}
    ahead = [page.focused.name]
    while ahead:
        name = ahead.pop()
        axes = chain[name].axes
        for ref in chain.operands(name):
            if ref.where or ref.name not in chain:
                continue
            own = needs[name] and bool(axes) and axes[0] in OF_QUERIES and ref.labels[:1] == axes[:1]
            if ref.name not in needs or (needs[ref.name] and not own):
                needs[ref.name] = own
                ahead.append(ref.name)
    return needs


def _figures(page: Page) -> Iterator[Figure]:
    for figure in page.sheet.figures:
        yield figure
        if isinstance(figure, Matrix) and figure.foot is not None:
            yield figure.foot


def _tables(page: Page) -> Iterator[Light]:
    """The table of single numbers that the cursor stands in."""
    for figure in page.sheet.figures:
        if isinstance(figure, Facts) and any(
            fact_figure(fact).id == page.focused.id for _, facts in figure.rows for fact in facts
        ):
            yield Light(figure.id)


def _has_own_row(figure: Figure) -> bool:
    """Whether it has a row that is selected; a row that is written downwards is one itself."""
    return isinstance(figure, Matrix) and bool(figure.rows.name) and figure.rows.name != "key"


def _is_by_query(figure: Figure) -> bool:
    return isinstance(figure, Matrix) and figure.rows.name in OF_QUERIES


def _is_of_head(figure: Figure, page: Page) -> bool:
    """Whether it shows the head and the layer of the selected row."""
    return (figure.head, figure.layer) == (page.focused.head, page.focused.layer)
