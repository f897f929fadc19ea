"""Whether a variant of the chain can be shown of a source, or what stands in the way."""

from __future__ import annotations

from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.core.variants import BY_NAME, COVERING, replaced, switched
from kitten_tui.core.workings import Workings

REASONS = ("training", "cross", "mask", "shared", "one", "line", "given", "missing")
"""Their words are refused.<reason>."""

Reason = tuple[str, str]
"""One of REASONS, and the quantity that it is about, as the article writes it."""


def refused(source: Source, settings: Settings, layer: int, name: str) -> Reason | None:
    """Why a variant cannot be shown of a layer; None where it can. The settings are those without it."""
    if source.trainer is not None:  # its gradients are made from the lines as they should be
        return "training", ""
    varied = switched(settings, name, source.masks)
    if name in ("mask_transposed", "qk_swapped") and source.key_tokens is not source.tokens:
        return "cross", ""
    if name in COVERING and varied.mask == "none":
        return "mask", ""
    if name == "heads_reshape" and (source.n_heads == 1 or source.key_tokens is not source.tokens):
        return "one" if source.n_heads == 1 else "cross", ""
    shared = source.shared_by(0)
    if name == "heads_reshape" and shared is not None and len(shared[1]) > 1:
        return "shared", ""
    return _of_lines(Workings(source, settings, layer), Workings(source, varied, layer), name)


def _of_lines(right: Workings, wrong: Workings, name: str) -> Reason | None:
    """What keeps the lines of a variant from making anything."""
    variant = BY_NAME[name]
    lines = replaced(right.chain, name)
    if variant.lines(right.chain) is None:
        return "line", right.chain[variant.first].symbol
    for need in variant.needs:
        if not right.has(need):
            return "missing", right.chain[need].symbol
    if name == "sqrt_d_model" and not right.size("d_model"):
        return "missing", "d_model"
    for made in (variant.first, *(line.name for line in lines)):
        if wrong.is_given(made):
            return "given", right.chain[made].symbol
        if not wrong.has(made):
            return "missing", wrong.chain[made].symbol
    return None
