"""Stage 1: a word is a list of numbers, and order has to be added."""

from __future__ import annotations

from kitten_tui.core.formula import Ref
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.stages.figure import Band, Figure, Sheet, Title
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View, banded, sign, styled


def sheet(view: View) -> Sheet:
    rows = view.axis("token")
    if "stream" in view.chain:
        return _entry(view)
    embedding = styled(view.matrix("embedding"), title=("e  ", phrase("title.embedding")))
    position = styled(view.matrix("position"), title=("p  ", phrase("title.position")))
    x = view.matrix("x")
    return Sheet(banded((embedding, sign("+"), position, sign("="), x), x.rows if x is not None else rows))


def _entry(view: View) -> Sheet:
    """What enters a layer of a model: the residual stream as a sum, and its norm."""
    rows = view.axis("token")
    parts: list[Figure | None] = []
    below: list[Band] = []
    for ref in view.chain.operands("stream"):
        if "token" not in ref.labels:  # the same for every token
            below += banded((view.bias(ref.name),))
            continue
        parts += [_part(view, ref), sign("+")]
    stream = styled(view.matrix("stream"), title=("r  ", phrase("title.stream")))
    x = styled(view.matrix("x"), title=("x  ", phrase("title.normed")))
    steps = [view.numbers_of_tokens(f"x_{part}") for part in ("mean", "spread") if f"x_{part}" in view.chain]
    biases = [f"x_{part}" for part in ("gain", "bias") if f"x_{part}" in view.chain]
    below += [band for name in biases for band in banded((view.bias(name),))]
    return Sheet((*banded((*parts[:-1], sign("="), stream), rows), *banded((*steps, sign("→"), x), rows), *below))


def _part(view: View, ref: Ref) -> Figure | None:
    """One of what the stream is the sum of."""
    back = int(ref.where == "before")
    symbol = view.workings.in_layer(view.selection.layer - back).chain[ref.name].symbol
    title: Title = (symbol, "  ", phrase(f"title.{ref.name}"))
    if back:
        title = (symbol, "  ", phrase("title.of_layer", layer=view.selection.layer))
    return styled(view.matrix(ref.name, back=back), id=f"{ref.name}.before" if back else ref.name, title=title)


def reading(view: View) -> Phrase:
    place = view.selection.query
    shared = view.workings.joined()
    x = shared["x"][place]  # [d_model]
    if "stream" in view.chain:
        key = "vectors.reading.first" if view.selection.layer == 0 else "vectors.reading.stream"
        return phrase(key, token=view.token, stream=shared["stream"][place], x=x, layer=view.selection.layer)
    if not (view.has("embedding") and view.has("position")):
        return phrase("vectors.reading.x", token=view.token, x=x)
    embedding, position = shared["embedding"][place], shared["position"][place]  # [d_model], [d_model]
    values = {"embedding": embedding, "position": position, "x": x}
    key = "vectors.reading.invented" if view.tokens[place] in view.source.invented_tokens else "vectors.reading"
    return phrase(key, token=view.token, place=place + 1, **values)


VECTORS = Stage(
    "vectors",
    "x = e + p",
    "x",
    (("x", "d_model"),),
    sheet,
    reading,
    needs=("x",),
    of_model="x = norm(r)",
    home=("embedding", "position", "segment", "stream", "x"),
)
