"""Stage 2: the same vector plays three roles."""

from __future__ import annotations

from kitten_tui.core.vocabulary import QUANTITIES
from kitten_tui.stages.figure import Band, Figure, Phrase, Sheet, phrase
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View, gap, sign

ROLES = ("q", "k", "v")
STEPS = ("_projected", "_normed", "")
"""What a query or key is after each step; a source without norm and rotation has only the last."""


def sheet(view: View) -> Sheet:
    """Each result below the matrix that makes it, and beside the vector it is made from."""
    matrices: list[Figure] = [gap()]
    biases: list[Figure] = [gap()]
    results: list[Figure] = [view.matrix("x")]
    for role in ROLES:
        matrices += [gap(), view.matrix(f"w_{role}")]
        first = f"{role}_projected" if view.has(f"{role}_projected") else role
        results += [sign("→"), view.matrix(first, title=(f"{QUANTITIES[first].symbol} = x W_{role}",))]
        bias = view.workings.array(f"b_{role}", view.selection.head)
        biases += [gap(), gap() if bias is None else view.bias(f"b_{role}")]
    bands = [Band(tuple(matrices), view.axis("d_model"))]
    if any(figure.name for figure in biases):
        bands.append(Band(tuple(biases)))
    bands.append(Band(tuple(results), view.axis("token")))
    bands += _steps(view)
    return Sheet(tuple(bands), aligned=True, loose=view.present(_LOOSE))


def _steps(view: View) -> list[Band]:
    """The norm and the rotation of queries and keys, a band for each, below what they are made of."""
    bands = []
    rows = view.axis("token")
    for step in STEPS[1:]:
        figures: list[Figure] = [gap()]
        for role in ROLES[:2]:
            name = role + step
            there = view.has(name) and view.has(f"{role}_projected")
            title = (QUANTITIES[name].symbol, "  ", phrase(_made_by(view, step)))
            figures += [sign("↓"), view.matrix(name, title=title)] if there else [gap(), gap()]
        if any(figure.name for figure in figures):
            bands.append(Band(tuple(figures), rows))
    return bands


def _made_by(view: View, step: str) -> str:
    return "title.turned" if step == "" and view.trace.projected.rotation else "title.normed"


_LOOSE = tuple(
    Figure(id=name, name=name, axes=QUANTITIES[name].axes)
    for name in (f"{role}_normed_{part}" for role in ROLES[:2] for part in ("variance", "spread", "gain"))
)


def reading(view: View) -> Phrase:
    query, head, trace = view.selection.query, view.selection.head, view.trace
    found = {"token": view.token, "q": trace.q[query], "k": trace.k[query], "v": trace.v[query]}
    shared = view.source.shared_by(head)
    if shared is None or len(shared[1]) == 1:
        return phrase("projections.reading", **found)
    number, heads = shared
    return phrase("projections.reading.shared", number=number + 1, first=heads.start + 1, last=heads.stop, **found)


PROJECTIONS = Stage(
    "projections",
    "q = x W_q",
    "q",
    tuple((role, "d_k") for role in ROLES),
    sheet,
    reading,
    home=(
        *(f"{letter}_{role}" for letter in "wb" for role in ROLES),
        *(f"{role}{step}" for role in ROLES[:2] for step in STEPS),
        *(figure.name for figure in _LOOSE),
        "v",
    ),
)
