"""What a cache of TransformerLens holds, by the names of the chain. The package itself is not needed."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from kitten_tui.sources.arrays import array_of
from kitten_tui.sources.errors import SourceError

_HOOK = re.compile(r"blocks\.(\d+)\.attn\.hook_(\w+)")
GRIDS = {"pattern": "weights", "attn_scores": "masked"}
"""[batch, head, query, key]; scores are already divided and covered there."""
VECTORS = {"q": "q", "rot_q": "q", "k": "k", "rot_k": "k", "v": "v", "z": "context"}
"""[batch, token, head, d_head]; what a later name says holds: queries are what enters the dot product."""


def is_cache(value: Any) -> bool:
    """Whether this is a mapping from names of hooks to arrays."""
    return hasattr(value, "keys") and hasattr(value, "__getitem__") and any(map(_hook, value))


def _hook(key: Any) -> re.Match[str] | None:
    return _HOOK.fullmatch(key) if isinstance(key, str) else None


def arrays_of_cache(cache: Any) -> dict[str, Any]:
    """Arrays [layer, head, …] of what every layer has.

    Raises:
        SourceError: a batch of several texts, or no layer has its pattern.
    """
    found: dict[str, dict[int, Any]] = {}
    for key in cache:
        hook = _hook(key)
        if hook is not None and hook[2] in (*GRIDS, *VECTORS):
            found.setdefault(hook[2], {})[int(hook[1])] = cache[key]
    layers = sorted(found.get("pattern", found.get("attn_scores", {})))
    if not layers:
        raise SourceError("cache: expected blocks.0.attn.hook_pattern, found none")
    arrays: dict[str, Any] = {}
    for hook_name, name in {**GRIDS, **VECTORS}.items():
        if {*layers} <= {*found.get(hook_name, {})}:
            arrays[name] = np.stack([_one(found[hook_name][layer], hook_name) for layer in layers])
    if "masked" in arrays:
        arrays["allowed"] = np.isfinite(arrays["masked"])
    return arrays


def _one(value: Any, hook: str) -> Any:
    """Of a batch of one text, with the head first."""
    array = array_of(value, f"hook_{hook}")
    if array.ndim == 4:
        if array.shape[0] != 1:
            raise SourceError(f"hook_{hook}: expected one text, found a batch of {array.shape[0]}")
        array = array[0]
    return array if hook in GRIDS else np.moveaxis(array, 1, 0)  # [head, query, key] or [head, token, d_head]
