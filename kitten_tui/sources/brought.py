"""Attention that a caller has at hand, in whatever shape their code computed it, as a recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.attention import ATTENTION
from kitten_tui.sources.arrays import array_of, precision_of
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.recording import LEADING, Recording
from kitten_tui.sources.steps import are_steps, rows_of_steps
from kitten_tui.sources.transformer_lens import arrays_of_cache, is_cache

Tokens = Sequence[str] | str

SETTLED = ("rate", "kept_share", "words")
"""What settings and tokens say."""
NAMES = tuple(name for name, quantity in ATTENTION.items() if quantity.scope in LEADING and name not in SETTLED)
"""What may be brought."""


def brought(
    attention: Any = None,
    tokens: Any = None,
    *,
    query_tokens: Tokens | None = None,
    key_tokens: Tokens | None = None,
    title: str = "",
    d_k: int = 0,
    **arrays: Any,
) -> Recording:
    """A recording of weights, and of what else there is of NAMES.

    Raises:
        SourceError: shapes disagree with one another or with the tokens, or something is no number.
    """
    if is_tokens(attention) and not is_tokens(tokens):  # both orders are in use
        attention, tokens = tokens, attention
    unknown = next((name for name in arrays if name not in NAMES), None)
    if unknown is not None:
        raise SourceError(f"{unknown}: expected one of {', '.join(NAMES)}")
    if is_cache(attention):
        arrays = {**arrays_of_cache(attention), **_there(arrays)}
    elif attention is not None:
        arrays = {"weights": attention, **arrays}
    arrays = _there(arrays)
    if not arrays:
        raise SourceError("attention: expected weights, or q and k, or scores; found none")
    precision = max(map(precision_of, [*arrays.values(), *(_values_of(attention) if is_cache(attention) else ())]))
    given = {name: placed(value, name, across=key_tokens is not None) for name, value in arrays.items()}
    _share_heads(given)
    looking, seen = _tokens_for(given, tokens, query_tokens, key_tokens)
    if "weights" in given and "allowed" not in given and ("scores" in given or {"q", "k"} <= {*given}):
        given["allowed"] = _looked_at(given["weights"])
    return Recording(given, looking, seen, title=title, d_k=d_k, precision=precision)


def _values_of(cache: Any) -> list[Any]:
    return [cache[key] for key in cache]


def _there(arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arrays.items() if value is not None}


def is_tokens(value: Any) -> bool:
    """Whether these are words and no numbers."""
    if isinstance(value, str):
        return True
    sequence = isinstance(value, (Sequence, np.ndarray)) and len(value) > 0
    return bool(sequence) and isinstance(value[0], (str, np.str_))


def placed(value: Any, name: str, *, across: bool = False) -> Array:
    """With all axes: [layer, head, …] of what each head has, [layer, …] of what heads share.

    An axis of 1 that is left over is a batch of one text.

    Raises:
        SourceError: it has too few axes or too many, or a batch of several texts.
    """
    if name == "weights" and are_steps(value):
        value = rows_of_steps(value, across=across)
    array = array_of(value, name)
    own = len(ATTENTION[name].axes)
    axes = LEADING[ATTENTION[name].scope] + own
    if array.ndim == axes + 1:
        # Tuples of layers hold [batch, …] each, so the batch stands behind the layers.
        batch = next((place for place in (1, 0) if array.shape[place] == 1), None)
        if batch is None:
            raise SourceError(
                f"{name}: expected one text, found a batch of {array.shape[1]} in {_size(array)}; "
                f"choose one, such as {name}[:, 0]"
            )
        array = array.squeeze(batch)
    if not own <= array.ndim <= axes:
        raise SourceError(f"{name}: expected from {own} to {axes} axes, found {array.ndim} in {_size(array)}")
    if not array.size:
        raise SourceError(f"{name}: expected numbers, found none in {_size(array)}")
    return array.reshape((1,) * (axes - array.ndim) + array.shape)


def _share_heads(given: dict[str, Array]) -> None:
    """Keys and values that several heads of queries use stand there once for each of them."""
    heads = next((given[name].shape[1] for name in ("weights", "q", "scores") if name in given), 0)
    for name in ("k", "v"):
        own = given[name].shape[1] if name in given else heads
        if heads and own != heads and heads % own == 0:
            given[name] = np.repeat(given[name], heads // own, axis=1)


def _looked_at(weights: Array) -> Array:
    """Who may look at whom, as far as weights tell: where all heads of a layer have exactly 0, nobody does."""
    seen = (weights != 0.0).any(axis=1, keepdims=True)  # [layer, 1, query, key]
    return np.broadcast_to(seen, weights.shape)


def _tokens_for(
    given: Mapping[str, Array], tokens: Any, query_tokens: Tokens | None, key_tokens: Tokens | None
) -> tuple[list[str], list[str] | None]:
    """The words on both sides; numbers where nobody says any."""
    name, queries, keys = _counts(given)
    looking = _words(tokens if query_tokens is None else query_tokens)
    seen = _words(key_tokens)
    if looking is None:
        looking = list(map(str, range(1, queries + 1)))
    if len(looking) == queries + 1 and keys == queries and seen is None:
        looking.pop()  # the token that was made last has not been read
    if len(looking) != queries:
        hint = ""
        if seen is not None and (len(looking), len(seen)) == (keys, queries):
            hint = "; query and key seem to be swapped"
        elif len(looking) == keys != queries:
            hint = f"; {keys} are the keys: give query_tokens and key_tokens, or swap the axes"
        raise SourceError(
            f"tokens: expected {queries}, one for each query of {name} [{queries} × {keys}], found {len(looking)}{hint}"
        )
    if seen is None and keys != queries:
        raise SourceError(f"key_tokens: expected {keys}, one for each key of {name} [{queries} × {keys}], found none")
    if seen is not None and len(seen) != keys:
        raise SourceError(
            f"key_tokens: expected {keys}, one for each key of {name} [{queries} × {keys}], found {len(seen)}"
        )
    return looking, seen


def _counts(given: Mapping[str, Array]) -> tuple[str, int, int]:
    """How many queries and keys there are, and what says so."""
    for name in ("weights", "masked", "scaled", "scores"):
        if name in given:
            return name, given[name].shape[-2], given[name].shape[-1]
    entering = next((name for name in ("x", "embedding") if name in given), None)
    if "q" not in given and entering is not None:
        return entering, given[entering].shape[-2], given[entering].shape[-2]
    if "q" not in given:
        raise SourceError(f"attention: expected weights, scores, or q and k; found {', '.join(given)}")
    keys = next((given[name].shape[-2] for name in ("k", "v") if name in given), given["q"].shape[-2])
    return "q and k", given["q"].shape[-2], keys


def _words(tokens: Any) -> list[str] | None:
    """A sentence is split at its spaces."""
    if tokens is None:
        return None
    return tokens.split() if isinstance(tokens, str) else [str(token) for token in tokens]


def _size(array: Array) -> str:
    return f"[{' × '.join(map(str, array.shape))}]"
