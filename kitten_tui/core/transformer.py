"""The lines around attention in a transformer: what enters a layer, norms, rotary positions, what comes out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from kitten_tui.core.altering import silenced
from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.biases import biased, next_token, sunk, thoughts
from kitten_tui.core.chain import Chain
from kitten_tui.core.quantity import Quantity, Scope, quantity

SEGMENT = quantity("segment", "s", "d_model", scope=Scope.SOURCE, step=True)
MLP = quantity("mlp", "mlp", "token d_model", scope=Scope.LAYER, opaque=("stream", "output"))
"""What the feed-forward network adds; it is computed and not taken apart."""
ADDED = quantity("added", "o", "token d_model", scope=Scope.LAYER, step=True)
MIDDLE = quantity("middle", "m", "token d_model", scope=Scope.LAYER)
CROSSED = quantity("crossed", "cross", "token d_model", scope=Scope.LAYER, step=True)
"""What the layer's attention to another text adds, after that to its own."""
MULTIPLIER = quantity("multiplier", "c", "", scope=Scope.CONSTANT)
"""What is multiplied by it before it is added to the stream."""
EMBEDDING_SCALE = quantity("embedding_scale", "c", "", scope=Scope.CONSTANT)

_PLACE = "[token,d_model]"

TURNING = (
    quantity("cos", "cos", "token d_k", scope=Scope.CONSTANT),
    quantity("sin", "sin", "token d_k", scope=Scope.CONSTANT),
    quantity("partner", "partner", "d_k", scope=Scope.CONSTANT, truth=True),
)
"""By how much a dimension and its partner count in a turned one, and which that is."""


@dataclass(frozen=True)
class Kind:
    """What the lines of a layer depend on."""

    first: bool = False
    """Whether it takes in the embedding and not what a layer before it leaves."""
    rms: bool = False
    from_one: bool = False
    """Whether norms are multiplied by 1 more than their trained number."""
    norms_after: bool = False
    """Whether it adds first and normalises then."""
    crossed: bool = False
    """Whether it looks at another text too, between its own attention and the feed-forward network."""
    crossing: bool = False
    """Whether it is that attention."""
    paired: bool = False
    """Whether tokens of two texts are told apart by what is added to them."""
    embedding: str = ""
    """What is done to the sum of embeddings before the first layer, beside what layers do: "norm", "project"."""
    scaled_embedding: bool = False
    enters: bool = True
    """Whether there is a norm between the stream and x."""
    added_norm: bool = False
    """Whether what attention adds is brought to one size before."""
    multiplied: bool = False
    """Whether what is added to the stream is multiplied before."""
    rotary: bool = False
    head_norm: str = ""
    """How queries and keys are brought to one size: "head" each by itself, "all" those of a token together."""
    bias: str = ""
    """What is added to scores: "slopes" by the distance, "buckets" a trained number for distances like it."""
    capped: bool = False
    """Whether scores are kept below a number by a tangent."""
    mixture: bool = False
    """Whether a token goes through a few of several feed-forward networks."""
    sink: bool = False
    """Whether a trained number takes part in the softmax and stands for no key."""
    silenced: bool = False
    """Whether a head of it is made to say something else than it does."""
    says_next: bool = False
    thinks: bool = False
    """Whether what enters it can be taken through the last norm and the output head."""
    next_factor: bool = False
    """Whether logits are multiplied."""
    draws: bool = False
    """Whether the next token is drawn."""
    next_cap: bool = False

    @property
    def residual(self) -> str:
        """The line of the stream."""
        times = "multiplier " if self.multiplied else ""
        if self.crossing:
            return f"entered{_PLACE} + looked{_PLACE}"
        if self.first:
            scale = "embedding_scale " if self.scaled_embedding else ""
            segment = _PLACE if self.paired else "[d_model]"
            return f"{scale}embedding{_PLACE} + position?{_PLACE} + segment?{segment}"
        if self.norms_after:
            return f"before.{'second' if self.crossed else 'middle'}{_PLACE} + before.mlp{_PLACE}"
        attention = "added" if self.added_norm else "output"
        crossed = f" + before.crossed{_PLACE}" if self.crossed else ""
        return f"before.stream{_PLACE} + {times}before.{attention}{_PLACE}{crossed} + before.mlp{_PLACE}"


@cache
def layer_chain(kind: Kind) -> Chain:
    """The chain of one layer."""
    chain = _entry(ATTENTION, kind)
    for role in "qk":
        chain = _placed(chain, role, kind)
    if kind.added_norm:
        chain = chain.with_(*norm_lines(ADDED, chain["output"], rms=kind.rms, from_one=kind.from_one))
    if kind.norms_after:
        line = f"x{_PLACE} + output{_PLACE}"
        attended = quantity("attended", "x + output", "token d_model", line, Scope.LAYER)
        chain = chain.with_(attended, *norm_lines(MIDDLE, attended, rms=kind.rms))
    if kind.crossed:
        chain = chain.with_(*_crossed(kind))
    if kind.crossing:
        return chain.with_(*remembered(chain, "enc"))
    if kind.mixture:
        chain = chain.with_(*_routed(kind))
    chain = sunk(chain) if kind.sink else chain
    chain = biased(chain, capped=kind.capped, bias=kind.bias)
    chain = silenced(chain) if kind.silenced else chain
    says = next_token(factor=kind.next_factor, cap=kind.next_cap, draws=kind.draws) if kind.says_next else ()
    says = (*(_thoughts(chain, kind) if kind.thinks else ()), *says)
    takes_in = ("middle",) if kind.norms_after else ("stream", "added" if kind.added_norm else "output")
    if kind.crossed:
        takes_in = ("second",) if kind.norms_after else (*takes_in, "crossed")
    return chain.with_(replace(MLP, opaque=takes_in), *says)


def _thoughts(chain: Chain, kind: Kind) -> tuple[Quantity, ...]:
    """What would come next if the last norm and the output head came before this layer."""
    thought = quantity("thought", "norm r", "token d_model", scope=Scope.SHARED)
    lines = norm_lines(thought, chain["stream"], rms=kind.rms, from_one=kind.from_one)
    return (*lines, *thoughts(factor=kind.next_factor, cap=kind.next_cap))


def _crossed(kind: Kind) -> tuple[Quantity, ...]:
    """What attention to another text adds, and where norms come after the sum of it brought to one size."""
    if not kind.norms_after:
        return (replace(CROSSED, opaque=("stream", "output")),)
    met = quantity("met", "m + cross", "token d_model", f"middle{_PLACE} + crossed{_PLACE}", Scope.LAYER)
    second = quantity("second", "m₂", "token d_model", scope=Scope.LAYER)
    return (replace(CROSSED, opaque=("middle",)), met, *norm_lines(second, met, rms=kind.rms))


def remembered(chain: Chain, symbol: str) -> tuple[Quantity, ...]:
    """Keys and values of other tokens than those that look. Vaswani et al. (2017), section 3.2.3."""
    of_keys = (replace(chain[role], line=chain[role].line.replace("x[", "memory[")) for role in "kv")
    return (quantity("memory", symbol, "token d_model", scope=Scope.SHARED, step=True), *of_keys)


def _routed(kind: Kind) -> tuple[Quantity, ...]:
    """Which feed-forward networks a token goes through. Shazeer et al. (2017); the choice itself is no line."""
    line = f"stream{_PLACE} + output{_PLACE}"
    attended = quantity("attended", "r + output", "token d_model", line, Scope.LAYER)
    taken = quantity("taken", "t", "token d_model", scope=Scope.LAYER)
    routed = "taken[token,*] w_router[*,expert] + b_router?[expert]"
    return (
        attended,
        *norm_lines(taken, attended, rms=kind.rms),
        quantity("w_router", "W_r", "d_model expert", scope=Scope.LAYER),
        quantity("b_router", "b_r", "expert", scope=Scope.LAYER),
        quantity("routed", "t W_r", "token expert", routed, Scope.LAYER, step=True),
        quantity("expert_share", "share", "token expert", scope=Scope.LAYER, opaque=("routed",), step=True),
    )


def _entry(chain: Chain, kind: Kind) -> Chain:
    """What enters a layer, from the embeddings or from what the layer before leaves."""
    segment = replace(SEGMENT, axes=("token", "d_model")) if kind.paired else SEGMENT
    if kind.crossing:
        return chain.with_(*_entered(kind))
    if kind.first and kind.embedding == "project":
        return chain.with_(*_projected(chain, segment, kind))
    stream = quantity("stream", "r", "token d_model", kind.residual, Scope.SHARED, step=True)
    into: tuple[Quantity, ...] = (stream,)
    if kind.first and kind.embedding == "norm" and not kind.norms_after:
        into = norm_lines(stream, chain["embedding"], rms=kind.rms)
    factors = [factor for factor in (EMBEDDING_SCALE, MULTIPLIER) if factor.name in kind.residual.split()]
    whole = quantity("x", "x", "token d_model", f"stream{_PLACE}", Scope.SHARED, step=True)
    x = norm_lines(whole, stream, rms=kind.rms, from_one=kind.from_one) if kind.enters else (whole,)
    return chain.with_(segment, *factors, *into, *x)


def _entered(kind: Kind) -> tuple[Quantity, ...]:
    """What a layer takes in that has looked at its own text already, and what that has added."""
    stream = quantity("stream", "r", "token d_model", kind.residual, Scope.SHARED, step=True)
    x = quantity("x", "x", "token d_model", f"stream{_PLACE}", Scope.SHARED, step=True)
    return (
        quantity("entered", "r₀", "token d_model", scope=Scope.SHARED, step=True),
        quantity("looked", "self", "token d_model", scope=Scope.SHARED, step=True),
        stream,
        *norm_lines(x, stream, rms=kind.rms, from_one=kind.from_one),
    )


def _projected(chain: Chain, segment: Quantity, kind: Kind) -> tuple[Quantity, ...]:
    """A sum of narrow embeddings, normalised and brought to the width of the layers by a matrix."""
    narrow = [
        replace(each, axes=tuple(axis.replace("d_model", "d_embedding") for axis in each.axes))
        for each in (chain["embedding"], chain["position"], segment)
    ]
    line = kind.residual.replace("d_model", "d_embedding")
    stream = quantity("stream", "r", "token d_embedding", line, Scope.SHARED, step=True)
    normed = quantity("normed", "n", "token d_embedding", scope=Scope.SHARED, step=True)
    return (
        *narrow,
        stream,
        *norm_lines(normed, stream, rms=kind.rms),
        quantity("w_e", "W_e", "d_embedding d_model", scope=Scope.SHARED),
        quantity("b_e", "b_e", "d_model", scope=Scope.SHARED),
        quantity("x", "x", "token d_model", "normed[token,*] w_e[*,d_model] + b_e?[d_model]", Scope.SHARED, step=True),
    )


def norm_lines(after: Quantity, before: Quantity, *, rms: bool, from_one: bool = False) -> tuple[Quantity, ...]:
    """The lines of a quantity that is another one brought to one size, with every step of it.

    LayerNorm: Ba et al. (2016). RMSNorm: Zhang and Sennrich (2019); it takes no mean off and has no bias.
    """
    (token, width), name, scope = after.axes, after.name, after.scope
    mark = "" if name == "x" else f" {after.symbol}"
    whole = f"{before.name}[{token},{width}]"
    centred = f"{before.name}[{token},*]" if rms else f"{name}_centred[{token},*]"
    over = f"{name}_spread[{token}] × {name}_gain[{width}]"
    centring = (
        quantity(f"{name}_mean", f"μ{mark}", token, f"{before.name}[{token},*] / count", scope),
        quantity(
            *(f"{name}_centred", f"{before.symbol} − μ{mark}", f"{token} {width}"),
            *(f"{whole} − {name}_mean[{token}]", scope),
        ),
        quantity(f"{name}_bias", f"β{mark}", width, scope=scope),
    )
    line = f"{whole} / {over}" if rms else f"({whole} − {name}_mean[{token}]) / {over} + {name}_bias?[{width}]"
    trained = (quantity(f"{name}_trained", f"w{mark}", width, scope=scope),) if from_one else ()
    return (
        *(() if rms else centring),
        quantity(f"{name}_eps", "ε", "", scope=Scope.CONSTANT),
        quantity(f"{name}_variance", f"σ²{mark}", token, f"{centred} {centred} / count", scope),
        quantity(f"{name}_spread", f"σ{mark}", token, f"√({name}_variance[{token}] + {name}_eps)", scope),
        *trained,
        quantity(f"{name}_gain", f"γ{mark}", width, f"1 + {name}_trained[{width}]" if from_one else "", scope),
        Quantity(name, after.symbol, after.axes, line, scope, after.step),
    )


def _placed(chain: Chain, role: str, kind: Kind) -> Chain:
    """Queries or keys with what comes between their projection and themselves.

    Rotation: Su et al., "RoFormer" (2021): every dimension is mixed with the one it is paired with.
    """
    whole = chain[role]
    if not (kind.rotary or kind.head_norm):
        return chain
    projected = Quantity(f"{role}_projected", f"{role}₀", whole.axes, whole.line, step=True)
    if not kind.rotary:
        return chain.with_(projected, *_head_norm(role, whole, projected, kind))
    of, norm = projected, tuple[Quantity, ...]()
    if kind.head_norm:
        of = Quantity(f"{role}_normed", f"{role}₁", whole.axes, step=True)
        norm = _head_norm(role, of, projected, kind)
    line = f"cos[token,d_k] {of.name}[token,d_k] + sin[token,d_k] {of.name}[token,~d_k]"
    turned = Quantity(role, whole.symbol, whole.axes, line, step=True)
    return chain.with_(*TURNING, projected, *norm, turned)


def _head_norm(role: str, after: Quantity, projected: Quantity, kind: Kind) -> tuple[Quantity, ...]:
    """A norm of queries or keys; of all heads together its size is that of a row of all of them."""
    lines = norm_lines(after, projected, rms=kind.rms, from_one=kind.from_one)
    if kind.head_norm == "head":
        return lines
    every = f"{role}_every"
    variance = quantity(
        *(f"{after.name}_variance", f"σ² {after.symbol}", "token"),
        *(f"{every}[token,*] {every}[token,*] / count", Scope.SHARED),
    )
    return (
        quantity(f"w_{every}", f"W_{role}", "d_model concat", scope=Scope.SHARED),
        quantity(f"b_{every}", f"b_{role}", "concat", scope=Scope.SHARED),
        quantity(
            *(every, f"{role} of all heads", "token concat"),
            *(f"x[token,*] w_{every}[*,concat] + b_{every}?[concat]", Scope.SHARED),
        ),
        *(variance if each.name == variance.name else each for each in lines),
    )
