"""What some models do between scores and weights, and between the last vector and the next token."""

from __future__ import annotations

import re
from dataclasses import replace

from kitten_tui.core.chain import Chain
from kitten_tui.core.quantity import Quantity, Scope, quantity

_GRID = "query key"


def biased(chain: Chain, *, capped: bool, bias: str) -> Chain:
    """Scores kept below a number by a tangent, or with something added to them that knows where tokens stand.

    Slopes (ALiBi): Press et al., "Train Short, Test Long" (2022). Buckets: Raffel et al., "T5" (2020).
    Caps: "Gemma 2" (2024).
    """
    last, lines = "scaled", list[Quantity]()
    if capped:
        lines += [
            quantity("cap", "cap", "", scope=Scope.CONSTANT),
            quantity("capped", "capped", _GRID, f"cap tanh({last}[query,key] / cap)", step=True),
        ]
        last = "capped"
    if bias == "slopes":
        lines += [
            quantity("slope", "m", ""),
            quantity("distance", "distance", _GRID, scope=Scope.SHARED),
            quantity("biased", "biased", _GRID, f"{last}[query,key] + slope distance[query,key]", step=True),
        ]
    elif bias == "buckets":
        lines += [
            quantity("relative", "b", _GRID),
            quantity("biased", "biased", _GRID, f"{last}[query,key] + relative[query,key]", step=True),
        ]
    if not lines:
        return chain
    line = f"{lines[-1].name}[query,key] where allowed[query,key]"
    return chain.with_(*lines, quantity("masked", "masked", _GRID, line, step=True))


def sunk(chain: Chain) -> Chain:
    """A softmax over all keys and one number more, which takes its share and stands for nothing.

    Xiao et al., "Efficient Streaming Language Models with Attention Sinks" (2024); Agarwal et al., "gpt-oss" (2025).
    """
    return chain.with_(
        quantity("sink", "sink", ""),
        quantity("sink_exp", "exp sink", "query", "e^(sink − shift[query])"),
        quantity("total", "Σexp", "query", "exp[query,*] + sink_exp[query]"),
        quantity("sink_weight", "α sink", "query", "sink_exp[query] / total[query]"),
        quantity("weight_sum", "Σα", "query", "weights[query,*] + sink_weight[query]"),
    )


def next_token(*, factor: bool, cap: bool, draws: bool = False) -> tuple[Quantity, ...]:
    """The lines of the next token, where logits are multiplied or kept below a number by a tangent, and those that it
    is drawn by.
    """
    return (*_next_token(factor=factor, cap=cap), *(DRAWN if draws else ()))


def thoughts(*, factor: bool, cap: bool) -> tuple[Quantity, ...]:
    """The same of what enters a layer, as if the last norm and the output head came there already; `thought` is what
    that norm makes. nostalgebraist, "interpreting GPT: the logit lens" (2020).
    """
    called = {
        "last": "thought",
        "unembedding": "thought_rows",
        **{name: name.replace("logit", "thought") for name in ("logit_total", "logit_raw", "logit_scaled")},
        **{name: f"thought_{name}" for name in ("logit", "probability")},
    }
    lines = []
    for each in _next_token(factor=factor, cap=cap):
        if each.name not in called or each.name == "last":
            continue  # the numbers of the model, and what the norm makes
        line = re.sub(r"\w+(?=\[)", lambda name: called.get(name[0], name[0]), each.line)
        scope = Scope.CONSTANT if each.scope is Scope.CONSTANT else Scope.SHARED
        lines.append(replace(each, name=called[each.name], symbol=f"{each.symbol} r", line=line, scope=scope))
    return tuple(lines)


def _next_token(*, factor: bool, cap: bool) -> tuple[Quantity, ...]:
    if not (factor or cap):
        return NEXT_TOKEN
    last, unembedding, total, product, probability = NEXT_TOKEN
    lines: tuple[Quantity, ...]
    raw = quantity("logit_raw", "logit₀", "token rank", product.line, Scope.SETTING)
    place = "[token,rank]"
    if factor and not cap:
        lines = (raw, _constant("logit_factor"), _logit(f"logit_factor logit_raw{place}"))
    elif cap and not factor:
        lines = (raw, _constant("logit_cap"), _logit(f"logit_cap tanh(logit_raw{place} / logit_cap)"))
    else:
        times = quantity("logit_scaled", "logit₁", "token rank", f"logit_factor logit_raw{place}", Scope.SETTING)
        capped = _logit(f"logit_cap tanh(logit_scaled{place} / logit_cap)")
        lines = (raw, _constant("logit_factor"), times, _constant("logit_cap"), capped)
    return (last, unembedding, total, *lines, probability)


def _constant(name: str) -> Quantity:
    return quantity(name, "c", "", scope=Scope.CONSTANT)


def _logit(line: str) -> Quantity:
    return quantity("logit", "logit", "token rank", line, Scope.SETTING)


NEXT_TOKEN = (
    quantity("last", "last", "token d_model", scope=Scope.CONSTANT),
    quantity("unembedding", "W_U", "token rank d_model", scope=Scope.CONSTANT),
    quantity("logit_total", "ln Σe^logit", "token", scope=Scope.CONSTANT),
    quantity("logit", "logit", "token rank", "last[token,*] unembedding[token,rank,*]", Scope.SETTING),
    quantity("probability", "P", "token rank", "e^(logit[token,rank] − logit_total[token])", Scope.SETTING),
)
"""The likeliest next tokens, made for one token at a time."""

DRAWN = (
    quantity("temperature", "T", "", scope=Scope.CONSTANT),
    quantity("left", "left", "token rank", scope=Scope.CONSTANT, truth=True),
    quantity("left_total", "ln Σe^(logit/T)", "token", scope=Scope.CONSTANT),
    quantity("tempered", "logit/T", "token rank", "logit[token,rank] / temperature", Scope.SETTING),
    quantity("cut", "cut", "token rank", "tempered[token,rank] where left[token,rank]", Scope.SETTING),
    quantity("drawn", "P drawn", "token rank", "e^(cut[token,rank] − left_total[token])", Scope.SETTING),
)
"""What a token is drawn by: a temperature, and the tokens that are left."""
