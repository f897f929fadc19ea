"""Stage 2: the same vector plays three roles."""

from __future__ import annotations

from kitten_tui.stages.figure import Band, Figure, Phrase, Sheet, phrase
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View, gap, sign

ROLES = ("q", "k", "v")


def sheet(view: View) -> Sheet:
    """Each result below the matrix that makes it, and beside the vector it is made from."""
    matrices: list[Figure] = [gap()]
    biases: list[Figure] = [gap()]
    results: list[Figure] = [view.matrix("x")]
    for role in ROLES:
        matrices += [gap(), view.matrix(f"w_{role}")]
        results += [sign("→"), view.matrix(role, title=(f"{role} = x W_{role}",))]
        bias = view.workings.array(f"b_{role}", view.selection.head)
        biases += [gap(), gap() if bias is None else view.bias(f"b_{role}")]
    bands = [Band(tuple(matrices), view.axis("d_model"))]
    if any(figure.name for figure in biases):
        bands.append(Band(tuple(biases)))
    bands.append(Band(tuple(results), view.axis("token")))
    return Sheet(tuple(bands), aligned=True)


def reading(view: View) -> Phrase:
    query = view.selection.query
    trace = view.trace
    return phrase("projections.reading", token=view.token, q=trace.q[query], k=trace.k[query], v=trace.v[query])


PROJECTIONS = Stage(
    "projections",
    "q = x W_q",
    "q",
    tuple((role, "d_k") for role in ROLES),
    sheet,
    reading,
    home=("w_q", "w_k", "w_v", "b_q", "b_k", "b_v", "q", "k", "v"),
)
