"""Which layers of a model have a sliding window, by what config.json says and by what its family takes for granted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kitten_tui.sources.checkpoint.config_reader import ConfigReader

Windows = tuple[int | None, ...]
"""For each layer, how many keys a query sees, itself included; None is all."""
KINDS = ("sliding_attention", "full_attention")
Pattern = Callable[[ConfigReader, int], list[bool]]
"""Of each of so many layers, whether it has a window, where config.json does not say it of each."""


def windows(of: ConfigReader, n_layers: int) -> Windows:
    family = of.family
    none: Windows = (None,) * n_layers
    # A null is an answer here: no window.
    width = of.raw.get(of.key("sliding_window"), family.defaults.get("sliding_window"))
    if not family.windows or width is None or (family.asked and not of.raw.get(family.asked)):
        return none
    width = of.size("sliding_window")
    if family.windows == "thirds":  # its config counts both sides together
        width = width // 2
    return tuple(width if slides else None for slides in sliding(of, n_layers))


def sliding(of: ConfigReader, n_layers: int) -> list[bool]:
    """Whether each layer has a window, for each of them."""
    kinds = of.raw.get("layer_types")
    if of.family.windows == "all" or kinds is None:
        return PATTERNS[of.family.windows](of, n_layers)
    for kind in each(of, "layer_types", kinds, n_layers):
        if kind not in KINDS:
            raise of.refuse("layer_types", " or ".join(KINDS), kind)
    return [kind == KINDS[0] for kind in kinds]


def each(of: ConfigReader, key: str, found: Any, n_layers: int) -> list[Any]:
    if not isinstance(found, list) or len(found) != n_layers:
        raise of.refuse(key, f"a kind for each of the {n_layers} layers", found)
    return found


def turned(of: ConfigReader, n_layers: int) -> list[bool]:
    """Whether positions are rotary in each layer."""
    if not of.family.unturned:
        return [of.family.rotary] * n_layers
    said = of.raw.get("no_rope_layers")
    if said is not None:
        return [bool(turns) for turns in each(of, "no_rope_layers", said, n_layers)]
    every = _whole(of, "no_rope_layer_interval", 4)
    return [(layer + 1) % every != 0 for layer in range(n_layers)]


def _whole(of: ConfigReader, key: str, otherwise: int) -> int:
    found = of.raw.get(key, otherwise)
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise of.refuse(key, "a whole number from 1", found)
    return found


def _later(of: ConfigReader, n_layers: int) -> list[bool]:
    first = of.raw.get("max_window_layers", 28)
    if not isinstance(first, int):
        raise of.refuse("max_window_layers", "a whole number", first)
    return [layer >= first for layer in range(n_layers)]


def _early(of: ConfigReader, n_layers: int) -> list[bool]:
    return [not later and layer % 2 == 0 for layer, later in enumerate(_later(of, n_layers))]


def _sixths(of: ConfigReader, n_layers: int) -> list[bool]:
    every = _whole(of, "sliding_window_pattern", 6)
    return [(layer + 1) % every != 0 for layer in range(n_layers)]


def _thirds(of: ConfigReader, n_layers: int) -> list[bool]:
    every = _whole(of, "global_attn_every_n_layers", 3)
    return [layer % every != 0 for layer in range(n_layers)]


def _types(of: ConfigReader, n_layers: int) -> list[bool]:
    """[[["global", "local"], 12]]: some kinds in turn, so many times."""
    kinds = of.raw.get("attention_layers")
    if kinds is None:
        said = of.raw.get("attention_types", [[["global", "local"], 12]])
        try:
            kinds = [kind for names, times in said for _ in range(min(times, n_layers)) for kind in names]
        except (TypeError, ValueError):
            raise of.refuse("attention_types", "lists of kinds and how often they come", said) from None
    for kind in each(of, "attention_types", kinds, n_layers):
        if kind not in ("global", "local"):
            raise of.refuse("attention_types", "global or local", kind)
    return [kind == "local" for kind in kinds]


PATTERNS: dict[str, Pattern] = {
    "all": lambda of, n_layers: [True] * n_layers,
    "later": _later,
    "alternate": lambda of, n_layers: [layer % 2 == 0 for layer in range(n_layers)],
    "alternate early": _early,
    "thirds": _thirds,
    "sixths": _sixths,
    "unturned": lambda of, n_layers: [not turns for turns in turned(of, n_layers)],
    "attention_types": _types,
}
