"""The lines around attention in a transformer: what enters a layer, norms, rotary positions, what comes out."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.chain import Chain
from kitten_tui.core.quantity import Quantity, Scope, quantity

SEGMENT = quantity("segment", "s", "d_model", scope=Scope.SOURCE, step=True)
MLP = quantity("mlp", "mlp", "token d_model", scope=Scope.LAYER, opaque=("stream", "output"))
"""What the feed-forward network adds; it is computed and not taken apart."""
ATTENDED = quantity("attended", "x + output", "token d_model", "x[token,d_model] + output[token,d_model]", Scope.LAYER)
MIDDLE = quantity("middle", "m", "token d_model", scope=Scope.LAYER)

_PLACE = "[token,d_model]"
_EMBEDDED = f"embedding{_PLACE} + position?{_PLACE} + segment?[d_model]"
_ADDED = f"before.stream{_PLACE} + before.output{_PLACE} + before.mlp{_PLACE}"
_PASSED_ON = f"before.middle{_PLACE} + before.mlp{_PLACE}"

TURNING = (
    quantity("cos", "cos", "token d_k", scope=Scope.CONSTANT),
    quantity("sin", "sin", "token d_k", scope=Scope.CONSTANT),
    quantity("partner", "partner", "d_k", scope=Scope.CONSTANT, truth=True),
)
"""By how much a dimension and its partner count in a turned one, and which that is."""

NEXT_TOKEN = (
    quantity("last", "last", "token d_model", scope=Scope.CONSTANT),
    quantity("unembedding", "W_U", "token rank d_model", scope=Scope.CONSTANT),
    quantity("logit_total", "ln Σe^logit", "token", scope=Scope.CONSTANT),
    quantity("logit", "logit", "token rank", "last[token,*] unembedding[token,rank,*]", Scope.SETTING),
    quantity("probability", "P", "token rank", "e^(logit[token,rank] − logit_total[token])", Scope.SETTING),
)
"""The likeliest next tokens, made for one token at a time."""


@cache
def layer_chain(*, first: bool, rms: bool, norms_after: bool, rotary: bool, head_norm: bool, says_next: bool) -> Chain:
    """The chain of one layer.

    `first`: it takes in the embedding and not what a layer before it leaves. `norms_after`: it adds first and
    normalises then. `rotary`: queries and keys are turned. `head_norm`: they are brought to one size before.
    """
    line = _EMBEDDED if first else _PASSED_ON if norms_after else _ADDED
    stream = quantity("stream", "r", "token d_model", line, Scope.SHARED, step=True)
    chain = ATTENTION.with_(SEGMENT, stream, *norm_lines(ATTENTION["x"], stream, rms=rms))
    for role in "qk":
        chain = _placed(chain, role, rotary=rotary, head_norm=head_norm)
    if norms_after:
        chain = chain.with_(ATTENDED, *norm_lines(MIDDLE, ATTENDED, rms=rms))
    mlp = replace(MLP, opaque=("middle",)) if norms_after else MLP
    return chain.with_(mlp, *(NEXT_TOKEN if says_next else ()))


def norm_lines(after: Quantity, before: Quantity, *, rms: bool) -> tuple[Quantity, ...]:
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
    return (
        *(() if rms else centring),
        quantity(f"{name}_eps", "ε", "", scope=Scope.CONSTANT),
        quantity(f"{name}_variance", f"σ²{mark}", token, f"{centred} {centred} / count", scope),
        quantity(f"{name}_spread", f"σ{mark}", token, f"√({name}_variance[{token}] + {name}_eps)", scope),
        quantity(f"{name}_gain", f"γ{mark}", width, scope=scope),
        Quantity(name, after.symbol, after.axes, line, scope, after.step),
    )


def _placed(chain: Chain, role: str, *, rotary: bool, head_norm: bool) -> Chain:
    """Queries or keys with what comes between their projection and themselves.

    Rotation: Su et al., "RoFormer" (2021): every dimension is mixed with the one it is paired with.
    """
    whole = chain[role]
    if not (rotary or head_norm):
        return chain
    projected = Quantity(f"{role}_projected", f"{role}₀", whole.axes, whole.line, step=True)
    if not rotary:
        return chain.with_(projected, *norm_lines(whole, projected, rms=True))
    of, norm = projected, tuple[Quantity, ...]()
    if head_norm:
        of = Quantity(f"{role}_normed", f"{role}₁", whole.axes, step=True)
        norm = norm_lines(of, projected, rms=True)
    line = f"cos[token,d_k] {of.name}[token,d_k] + sin[token,d_k] {of.name}[token,~d_k]"
    turned = Quantity(role, whole.symbol, whole.axes, line, step=True)
    return chain.with_(*TURNING, projected, *norm, turned)
