"""Stage 1: a word is a list of numbers, and order has to be added."""

from __future__ import annotations

from kitten_tui.core.source import Entry
from kitten_tui.core.vocabulary import NORM_PARTS, QUANTITIES
from kitten_tui.stages.figure import Band, Figure, Phrase, Sheet, Title, phrase
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View, sign


def sheet(view: View) -> Sheet:
    rows = view.axis("token")
    entry = view.source.entry(view.selection.layer)
    if entry is not None:
        return _entry(view, entry)
    x = view.matrix("x", title=("x",))
    if view.source.embedding is None:
        return Sheet((Band((x,), rows),))
    embedding = view.matrix("embedding", title=("e  ", phrase("title.embedding")))
    position = view.matrix("position", title=("p  ", phrase("title.position")))
    return Sheet((Band((embedding, sign("+"), position, sign("="), x), rows),))


def _entry(view: View, entry: Entry) -> Sheet:
    """What enters a layer of a model: the residual stream as a sum, and its norm."""
    rows = view.axis("token")
    parts: list[Figure] = []
    below: list[Band] = []
    for name, back in entry.parts:
        if name == "segment":  # the same for every token
            below.append(Band((view.bias(name),)))
            continue
        title = _title(view, name, back)
        parts += [view.matrix(name, back=back, id=f"{name}.before" if back else name, title=title), sign("+")]
    parts[-1:] = [sign("="), view.matrix("stream", title=("r  ", phrase("title.stream")))]
    steps = [view.numbers_of_tokens(f"x_{part}") for part in ("mean", "spread") if view.has(f"x_{part}")]
    normed = Band((*steps, sign("→"), view.matrix("x", title=("x  ", phrase("title.normed")))), rows)
    below += [Band((view.bias(f"x_{part}"),)) for part in ("gain", "bias") if view.has(f"x_{part}")]
    return Sheet((Band(tuple(parts), rows), normed, *below), loose=view.present(_LOOSE))


def _title(view: View, name: str, back: int) -> Title:
    symbol = QUANTITIES[name].symbol
    if back:
        return (symbol, "  ", phrase("title.of_layer", layer=view.selection.layer + 1 - back))
    return (symbol, "  ", phrase(f"title.{name}"))


_LOOSE = tuple(
    Figure(id=f"x_{part}", name=f"x_{part}", axes=QUANTITIES[f"x_{part}"].axes) for part in ("centred", "variance")
)


def reading(view: View) -> Phrase:
    query, place = view.selection.query, view.selection.query + 1
    x = view.trace.x[query]  # [d_model]
    entry = view.source.entry(view.selection.layer)
    if entry is not None:
        key = "vectors.reading.first" if view.selection.layer == 0 else "vectors.reading.stream"
        return phrase(key, token=view.token, stream=entry.norm.before[query], x=x, layer=view.selection.layer)
    if view.source.embedding is None:
        return phrase("vectors.reading.x", token=view.token, x=x)
    assert view.source.position is not None
    return phrase(
        "vectors.reading",
        token=view.token,
        place=place,
        embedding=view.source.embedding[query],
        position=view.source.position[query],
        x=x,
    )


VECTORS = Stage(
    "vectors",
    "x = e + p",
    "x",
    (("x", "d_model"),),
    sheet,
    reading,
    of_model="x = norm(r)",
    home=("embedding", "position", "segment", "stream", "x", *(f"x_{part}" for part in NORM_PARTS)),
)
