"""Rotary positions as config.json tells of them, by the keys of older and of newer files."""

from __future__ import annotations

from typing import Any

import numpy as np

from kitten_tui.core.rotary import SCALINGS, Rope
from kitten_tui.sources.checkpoint.config_reader import ConfigReader
from kitten_tui.sources.checkpoint.windows import KINDS, sliding, turned
from kitten_tui.sources.errors import SourceError

MOST_BASE = 1e12
"""No honest base of rotary positions is larger."""


def ropes(of: ConfigReader, n_layers: int, d_k: int, limit: int) -> tuple[Rope | None, ...]:
    """The scheme of each layer, None where nothing is turned."""
    turns = turned(of, n_layers)
    if not any(turns):
        return (None,) * n_layers
    if not of.family.local_base:
        rope = _rope(of, _numbers(of), d_k, limit)
        return tuple(rope if turned_ else None for turned_ in turns)
    by_kind = [_rope(of, _numbers_of(of, kind), d_k, limit) for kind in KINDS]
    return tuple(by_kind[not slides] for slides in sliding(of, n_layers))


def _numbers(of: ConfigReader) -> Any:
    return of.raw.get("rope_scaling") or of.raw.get("rope_parameters") or {}


def _numbers_of(of: ConfigReader, kind: str) -> Any:
    """The numbers of layers with a window, or of those without: newer files have a set for each."""
    both = of.raw.get("rope_parameters")
    if isinstance(both, dict) and kind in both:
        return both[kind] or {}
    if kind == KINDS[1]:
        return _numbers(of)
    base = of.raw.get(of.family.local_base, of.family.defaults.get(of.family.local_base))
    return {"rope_type": "default", "rope_theta": base}


def _rope(of: ConfigReader, numbers: Any, d_k: int, limit: int) -> Rope:
    if not isinstance(numbers, dict) or any(isinstance(value, dict) for value in numbers.values()):
        raise of.refuse("rope_parameters", "one set of numbers for all layers", numbers)
    kind = numbers.get("rope_type", numbers.get("type", "default"))
    if not isinstance(kind, str) or kind not in SCALINGS:
        raise of.refuse("rope_type", f"one of {', '.join(SCALINGS)}", kind)
    numbers = dict(numbers)
    key = "original_max_position_embeddings"
    numbers[key] = of.raw.get(key, numbers.get(key, of.family.defaults.get(key, limit)))
    partial = "rope_share" in of.family.defaults
    share, base = numbers.get("partial_rotary_factor"), numbers.get("rope_theta")
    share = (of.get("rope_share") if share is None else share) if partial else 1.0
    base = of.get("rope_theta") if base is None else base
    base = 10000.0 if base is None else base
    for key, value, most in (("rope_theta", base, MOST_BASE), ("partial_rotary_factor", share, 1)):
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value <= most:
            raise of.refuse(key, f"a number above 0 and up to {most:g}", value)
    width = of.size("rope_width") if "rope_width" in of.family.defaults else int(d_k * share)
    pairs = (width + 1) // 2  # an odd one takes one dimension more
    if not 1 <= pairs <= d_k // 2:
        raise of.refuse("partial_rotary_factor", f"at most the {d_k} dimensions of a head in pairs", width)
    rope = Rope(float(base), width, kind, limit, numbers, of.family.interleaved)
    for n in (1, limit):  # a short text may need other numbers than a long one
        try:
            with np.errstate(all="ignore"):  # what is no number is found below
                rotation = rope.rotation(n)
        except KeyError as error:
            raise SourceError(f"{of.path}: rope_type {kind}: expected {error.args[0]}, found none") from None
        except (TypeError, ValueError, ArithmeticError) as error:
            raise SourceError(f"{of.path}: rope_type {kind}: {error}") from None
        if rotation.frequencies.shape != (pairs,):
            raise of.refuse(f"rope_type {kind}", f"{pairs} factors", rotation.frequencies.size)
        if not (np.isfinite(rotation.frequencies).all() and np.isfinite(rotation.factor)):
            raise of.refuse(f"rope_type {kind}", "numbers that turn by finite angles", numbers)
    return rope
