"""Stage 2: the same vector plays three roles."""

from __future__ import annotations

from dataclasses import replace

from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.stages.figure import Band, Figure, Sheet
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View, gap, sign, styled

ROLES = ("q", "k", "v")
STEPS = ("_projected", "_normed", "")
"""What a query or key is after each step; where nothing comes between, it has only the last."""


def sheet(view: View) -> Sheet:
    """Each result below the matrix that makes it, and beside the vector it is made from."""
    matrices: list[Figure] = [gap()]
    biases: list[Figure] = [gap()]
    results: list[Figure] = [view.matrix("x") or gap()]
    for role in ROLES:
        first = f"{role}_projected" if view.has(f"{role}_projected") else role
        maker, sign_of = _made_by(view, role, first)
        matrix, bias = view.matrix(f"w_{maker}") if maker else None, view.bias(f"b_{maker}") if maker else None
        if maker != role:  # a matrix that stands twice is two figures
            matrix, bias = styled(matrix, id=f"w_{maker}.{role}"), styled(bias, id=f"b_{maker}.{role}")
        matrices += [gap(), matrix or gap()]
        biases += [gap(), bias or gap()]
        if role == "k" and "memory" in view.chain:
            matrices.append(gap())
            biases.append(gap())
            results.append(_looked_at(view))
        of = view.chain["memory" if role != "q" and "memory" in view.chain else "x"].symbol
        made = "" if maker else f" = {view.chain[view.chain.operands(first)[0].name].symbol}"
        by = made if matrix is None else f" {sign_of} {of} W_{maker}"
        result = styled(view.matrix(first), title=(f"{view.chain[first].symbol}{by}",))
        if result is not None and result.rows.labels != view.tokens:
            result = styled(result, row_labels=True)
        results += [gap() if result is None or matrix is None else sign("→"), result or gap()]
    bands = (Band(tuple(matrices), view.axis("d_model")), Band(tuple(biases)), Band(tuple(results), view.axis("token")))
    return Sheet(
        (*(band for band in bands if any(figure.name for figure in band.figures)), *_steps(view)), aligned=True
    )


def _looked_at(view: View) -> Figure:
    """What keys and values are made of, where that is not x."""
    memory = view.matrix("memory")
    return gap() if memory is None else replace(memory, row_labels=True)


def _made_by(view: View, role: str, first: str) -> tuple[str, str]:
    """Of which role the matrix is that makes a vector, and whether it makes it as it is: empty where none does."""
    if not view.settings.variant:
        return role, "="
    names = [ref.name for ref in view.chain.operands(first)]
    if names == [f"{role}_own"]:
        return role, "≠"
    return next((name[2:] for name in names if name.startswith("w_")), ""), "="


def _steps(view: View) -> list[Band]:
    """The norm and the rotation of queries and keys, a band for each, below what they are made of."""
    bands = []
    rows = view.axis("token")
    for step in STEPS[1:]:
        figures: list[Figure] = [gap()]
        for role in ROLES[:2]:
            name = role + step
            matrix = view.matrix(name) if view.has(f"{role}_projected") else None
            made_by = "title.turned" if step == "" and "cos" in view.chain else "title.normed"
            symbol = view.chain[name].symbol if matrix else ""
            titled = styled(matrix, title=(symbol, "  ", phrase(made_by)), short=(symbol,))
            figures += [sign("↓"), titled] if titled else [gap(), gap()]
        if any(figure.name for figure in figures):
            bands.append(Band(tuple(figures), rows))
    return bands


def reading(view: View) -> Phrase:
    query, head, trace = view.selection.query, view.selection.head, view.trace
    # Of a text that looks at another one, key and value belong to the token that is looked at.
    key = view.selection.key if view.is_cross else query
    vectors = {"q": trace["q"][query], "k": trace["k"][key], "v": trace["v"][key]}
    if view.is_cross:
        return phrase("projections.reading.cross", token=view.token, looked_at=view.key_name(key), **vectors)
    shared = view.source.shared_by(head)
    if shared is None or len(shared[1]) == 1:
        return phrase("projections.reading", token=view.token, **vectors)
    number, heads = shared
    of = {"number": number + 1, "first": heads.start + 1, "last": heads.stop}
    return phrase("projections.reading.shared", token=view.token, **of, **vectors)


def remark(view: View) -> Phrase | None:
    """What sets the layer apart: that nothing is turned in it, or that its matrices are those of others too."""
    traits = view.source.traits(view.selection.layer)
    if traits.turned:
        return phrase("layer.unturned", count=traits.turned)
    if traits.shared is not None and len(traits.shared) > 1:
        return phrase("layer.shared", first=traits.shared.start + 1, last=traits.shared.stop)
    return None


PROJECTIONS = Stage(
    "projections",
    "q = x W_q",
    "q",
    sheet,
    reading,
    remark=remark,
    needs=ROLES,
    home=(*(f"{letter}_{role}" for letter in "wb" for role in ROLES), *ROLES),
)
