"""The chain with a line replaced: what people get wrong in their own code, and what becomes of it without a part."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.chain import Chain
from kitten_tui.core.quantity import Quantity, quantity
from kitten_tui.core.settings import Settings

QUESTIONS = ("same_qk", "no_v")
"""Those of VARIANTS that are no mistake: what becomes of attention with a matrix less."""
COVERING = ("mask_after", "mask_transposed")
"""Those that show nothing where nothing is covered."""
RATE = 0.5
"""What is dropped where dropout was left on at no rate that is known."""

Lines = tuple[Quantity, ...]


def _nothing(chain: Chain) -> Lines:
    """What a variant changes is a number that is given to the chain."""
    return ()


@dataclass(frozen=True)
class Variant:
    first: str
    """What is made in another way, before anything that follows from it."""
    lines: Callable[[Chain], Lines | None] = _nothing
    """The lines that stand in place of those of the same name; None where a chain has no such line."""
    told: tuple[str, ...] = ()
    """What is made by the line that it has, and yet means something else."""
    needs: tuple[str, ...] = ()
    """What has to be there for something to be left out of it."""
    entering: bool = False
    """Whether it changes what goes into the scores: x, q, k, or v."""


def _softmax_axis(chain: Chain) -> Lines | None:
    if chain["total"].line != ATTENTION["total"].line:
        return None
    return (
        quantity("shift", "max", "key", "shift(masked[*,key])"),
        quantity("exp", "exp", "query key", "e^(masked[query,key] − shift[key])"),
        quantity("total", "Σexp", "key", "exp[*,key]"),
        _as(chain, "weights", "exp[query,key] / total[key]"),
    )


def _mask_after(chain: Chain) -> Lines | None:
    before = chain.operands("masked")
    if not before:
        return None
    return (
        _as(chain, "masked", f"{before[0].name}[query,key]"),
        _as(chain, "weights", "exp[query,key] allowed[query,key] / total[query]"),
    )


def _qk_swapped(chain: Chain) -> Lines:
    return (_as(chain, "scores", "k[query,*] q[key,*]"),)


def _heads_reshape(chain: Chain) -> Lines | None:
    """A row of all heads is cut up without turning heads and tokens round, before anything else is done with it."""
    lines: list[Quantity] = []
    for role in "qkv":
        name = _projected(role, chain)
        if chain[name].line != f"x[token,*] w_{role}[*,d_k] + b_{role}?[d_k]":
            return None
        lines.append(quantity(f"{role}_own", f"xW_{role}", "token d_k", chain[name].line))
        lines.append(_as(chain, name, f"heads.{role}_own[#token,d_k]"))
    return tuple(lines)


def _no_w_o(chain: Chain) -> Lines:
    return (replace(_as(chain, "output", "concat[token,concat]"), axes=("token", "concat")),)


def _no_positions(chain: Chain) -> Lines | None:
    """Nothing says where a word stands: no vector that is added, no rotation, nothing that is added to scores."""
    if "cos" in chain:
        return tuple(_as(chain, role, f"{chain.operands(role)[1].name}[token,d_k]") for role in "qk")
    if "biased" in chain:
        return (_as(chain, "biased", f"{chain.operands('biased')[0].name}[query,key]"),)
    for name in ("x", "stream"):
        line = chain[name].line if name in chain else ""
        parts = [part for part in line.split(" + ") if "position" not in part]
        if len(parts) < len(line.split(" + ")):
            return (_as(chain, name, " + ".join(parts)),)
    return None


def _same_qk(chain: Chain) -> Lines | None:
    name = _projected("k", chain)
    if chain[name].line != ATTENTION["k"].line or "k_normed" in chain or "k_every" in chain:
        return None
    return (_as(chain, name, chain[name].line.replace("w_k", "w_q").replace("b_k", "b_q")),)


def _no_v(chain: Chain) -> Lines:
    return (_as(chain, "v", "k[token,d_k]"),)


def _projected(role: str, chain: Chain) -> str:
    """What comes right out of the matrix of a role."""
    return f"{role}_projected" if f"{role}_projected" in chain else role


def _as(chain: Chain, name: str, line: str) -> Quantity:
    """The quantity made by another line."""
    return replace(chain[name], line=line)


BY_NAME: Mapping[str, Variant] = {
    "softmax_axis": Variant("weights", _softmax_axis),
    "no_division": Variant("scaled", told=("scaled",)),
    "sqrt_d_model": Variant("scaled", told=("scaled", "divisor")),
    "mask_after": Variant("weights", _mask_after),
    "mask_transposed": Variant("masked", told=("allowed",)),
    "qk_swapped": Variant("scores", _qk_swapped),
    "heads_reshape": Variant("q", _heads_reshape, entering=True),
    "no_w_o": Variant("output", _no_w_o, needs=("w_o",)),
    "no_positions": Variant("x", _no_positions, entering=True),
    "dropout_on": Variant("dropped"),
    "same_qk": Variant("k", _same_qk, needs=("w_k",), entering=True),
    "no_v": Variant("v", _no_v, needs=("w_v",), entering=True),
}
"""In the order of VARIANTS."""


@lru_cache(maxsize=256)
def varied(chain: Chain, name: str) -> Chain:
    """The chain with the lines of a variant; as it is where that is none, or has no line in it."""
    lines = BY_NAME[name].lines(chain) if name else None
    return chain.with_(*lines) if lines else chain


def replaced(chain: Chain, name: str) -> Lines:
    """The lines that a variant puts in place of others."""
    return (BY_NAME[name].lines(chain) or ()) if name else ()


def switched(settings: Settings, name: str, masks: Collection[str]) -> Settings:
    """Settings with a variant, and with what there has to be for it to be seen; `masks` are those of the source."""
    if not name:
        return settings
    settings = replace(settings, variant=name)
    if name in COVERING and settings.mask == "none" and "causal" in masks:
        settings = replace(settings, mask="causal")
    if name == "dropout_on" and not settings.dropout:
        settings = replace(settings, dropout=RATE)
    return replace(settings, scale=False) if name == "no_division" else settings


def righted(settings: Settings) -> Settings:
    """What a variant is held beside: everything as it is in it, but for the one thing that is wrong."""
    right = replace(settings, variant="")
    match settings.variant:
        case "no_division":
            return replace(right, scale=True)
        case "dropout_on":
            return replace(right, dropout=0.0)
        case _:
            return right
