"""Stage 1: a word is a list of numbers, and order has to be added."""

from __future__ import annotations

from kitten_tui.core.chain import Chain
from kitten_tui.core.formula import Op, Ref
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.stages.figure import Band, Figure, Sheet, Title
from kitten_tui.stages.stage import Stage
from kitten_tui.stages.view import View, banded, sign, styled


def sheet(view: View) -> Sheet:
    rows = view.axis("token")
    if "stream" in view.chain:
        return _residual_stream(view)
    embedding = styled(view.matrix("embedding"), title=("e  ", phrase("title.embedding")))
    position = styled(view.matrix("position"), title=("p  ", phrase("title.position")))
    x = view.matrix("x")
    band = banded((embedding, sign("+"), position, sign("="), x), x.rows if x is not None else rows)
    return Sheet((*band, *_memory(view)), formula="x" if view.source.part else "")


def _residual_stream(view: View) -> Sheet:
    """What enters a layer of a model: the residual stream as a sum, and every step from there to x."""
    chain = view.chain
    steps = ["x"]
    while (before := _main(chain, steps[0])) is not None:
        steps.insert(0, before)
    bands: list[Band] = []
    below: list[Band] = []
    for name in steps:
        line = chain[name].formula
        if line is not None and line.op is Op.NORM:
            bands += _normed(view, name, first=name == steps[0])
            below += [band for part in ("gain", "bias") for band in _row(view, f"{name}_{part}")]
        elif name == steps[0]:
            bands += _sum(view, name)
            below += [band for ref in chain.operands(name) if _of_all(ref) for band in _row(view, ref.name)]
        else:
            made_by = view.matrix("w_e") if "w_e" in (ref.name for ref in chain.operands(name)) else None
            bands += banded((made_by,), made_by.rows if made_by else None)
            bands += banded((_titled(view, name),), view.axis("token"))
            below += _row(view, "b_e") if made_by else ()
    bands += _memory(view)
    return Sheet((*bands, *below), formula="" if _is_normed(chain) else f"x = {_made_of(chain)}")


def _memory(view: View) -> tuple[Band, ...]:
    """What is looked at, where that is not x: each token of the other text."""
    if "memory" not in view.chain:
        return ()
    symbol = view.chain["memory"].symbol
    title: Title = ("x",) if symbol == "x" else (f"{symbol}  ", phrase("title.memory"))
    return banded((styled(view.matrix("memory"), title=title),), view.axis("key"))


def _is_normed(chain: Chain) -> bool:
    """Whether what leads to x, last of all, is a norm."""
    line = chain["x"].formula
    return line is not None and line.op is Op.NORM


def _made_of(chain: Chain) -> str:
    return " ".join(chain[ref.name].symbol for ref in chain.operands("x")[:2])


def _main(chain: Chain, name: str) -> str | None:
    """What a step is made of, where that is a step of this layer with a line of its own."""
    refs = [ref for ref in chain.operands(name) if ref.labels]
    first = refs[0] if refs and not refs[0].where else None
    return first.name if first is not None and chain[first.name].line else None


def _of_all(ref: Ref) -> bool:
    """Whether an operand is the same for every token."""
    return bool(ref.labels) and "token" not in ref.labels


def _row(view: View, name: str) -> tuple[Band, ...]:
    return banded((view.bias(name),)) if name in view.chain else ()


def _titled(view: View, name: str) -> Figure | None:
    """A step with what it is called: the stream, what is normalised, or else the line that makes it."""
    chain = view.chain
    operands, line = [chain[ref.name].symbol for ref in chain.operands(name)], chain[name].formula
    symbol = chain[name].symbol
    title: Title = (f"{symbol} = {' '.join(operands[:2])}",)
    if name == "stream":
        title = (f"{symbol}  ", phrase("title.stream"))
    elif line is not None and line.op is Op.NORM:
        title = (f"{symbol}  ", phrase("title.normed"))
    return styled(view.matrix(name), title=title)


def _sum(view: View, name: str) -> tuple[Band, ...]:
    """The parts of a sum with what they are multiplied by, and the sum."""
    parts: list[Figure | None] = []
    factor = ""
    for ref in view.chain.operands(name):
        if not ref.labels:
            factor = f"{float(view.workings.joined()[ref.name]):.4g} × "
        elif not _of_all(ref):
            parts += [_part(view, ref, factor), sign("+")]
            factor = ""
    return banded((*parts[:-1], sign("="), _titled(view, name)), view.axis("token"))


def _normed(view: View, name: str, *, first: bool) -> tuple[Band, ...]:
    """A norm: what of each token it takes off and divides by, and what it makes; before it what it is made of."""
    rows = view.axis("token")
    before = view.chain.operands(name)[0]
    steps = [view.numbers_of_tokens(f"{name}_{part}") for part in ("mean", "spread") if f"{name}_{part}" in view.chain]
    return (
        *(banded((_part(view, before),), rows) if first else ()),
        *banded((*steps, sign("→"), _titled(view, name)), rows),
    )


def _part(view: View, ref: Ref, factor: str = "") -> Figure | None:
    """One of what the stream is the sum of."""
    back = int(ref.where == "before")
    symbol = view.workings.in_layer(view.selection.layer - back).chain[ref.name].symbol
    title: Title = (factor, symbol, "  ", phrase(f"title.{ref.name}"))
    if back:
        title = (factor, symbol, "  ", phrase("title.of_layer", layer=view.selection.layer))
    return styled(view.matrix(ref.name, back=back), id=f"{ref.name}.before" if back else ref.name, title=title)


def reading(view: View) -> Phrase:
    place = view.selection.query
    shared = view.workings.joined()
    x = shared["x"][place]  # [d_model]
    if "stream" in view.chain:
        crossing = "entered" in view.chain
        key = "vectors.reading.first" if view.selection.layer == 0 else "vectors.reading.stream"
        if crossing:
            key = "vectors.reading.crossing"
        elif not _is_normed(view.chain):
            widened = any(ref.name == "w_e" for ref in view.chain.operands("x"))
            key = "vectors.reading.widened" if widened else "vectors.reading.bare"
        return phrase(key, token=view.token, stream=shared["stream"][place], x=x, layer=view.selection.layer + crossing)
    if not (view.has("embedding") and view.has("position")):
        return phrase("vectors.reading.side" if view.source.part else "vectors.reading.x", token=view.token, x=x)
    embedding, position = shared["embedding"][place], shared["position"][place]  # [d_model], [d_model]
    values = {"embedding": embedding, "position": position, "x": x}
    key = "vectors.reading.invented" if view.tokens[place] in view.source.invented_tokens else "vectors.reading"
    return phrase(key, token=view.token, place=place + 1, **values)


VECTORS = Stage(
    "vectors",
    "x = e + p",
    "x",
    sheet,
    reading,
    needs=("x",),
    of_model="x = norm(r)",
    home=("embedding", "position", "segment", "entered", "looked", "memory", "stream", "normed", "w_e", "b_e", "x"),
)
