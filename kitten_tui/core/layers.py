"""The traces of a layer: what its heads share, each head, and what they make together, under settings."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial

from kitten_tui.core import masks
from kitten_tui.core.array_types import Mask
from kitten_tui.core.attention import UNSCALED
from kitten_tui.core.chain import Chain
from kitten_tui.core.experiment import random_rows
from kitten_tui.core.quantity import Scope
from kitten_tui.core.settings import Settings
from kitten_tui.core.trace import Given, Trace, Value
from kitten_tui.core.variants import varied
from kitten_tui.core.weighed import Special, words_of


def sizes(queries: int, keys: int, **more: int) -> dict[str, int]:
    """How many places each axis has, by name."""
    return {"token": queries, "query": queries, "pinned": queries, "key": keys, **more}


def shared(
    chain: Chain,
    given: Mapping[str, Value],
    settings: Settings,
    sizes: Mapping[str, int],
    *,
    own_divisor: float | None = None,
    special: Special = ((), ()),
    before: Callable[[], Trace] | None = None,
) -> Trace:
    """What the heads of a layer share; `own_divisor` is what a model divides scores by where that is not √d_k, and
    `special` where tokens stand that are no words.
    """
    settled = {
        "rate": settings.dropout,
        **_divisor(settings, own_divisor, sizes),
        **_experiment(settings),
        **_words(special, sizes),
    }
    scopes = (Scope.SOURCE, Scope.SHARED, Scope.SETTING)
    return Trace(
        _under(chain, settings.scale, settings.variant), {**settled, **given}, scopes, sizes=sizes, before=before
    )


def head(
    shared: Trace,
    given: Mapping[str, Value],
    settings: Settings,
    own_mask: Mask | None,
    layer: int,
    index: int,
    whole: Callable[[], Trace] | None = None,
    heads: Sequence[Callable[[], Trace]] = (),
) -> Trace:
    """One head from all that it depends on: no other head, and nothing of what comes after it.

    Where gradients come back to it, `whole` is what the heads of its layer make together; where heads are cut wrongly,
    `heads` are all of them.
    """
    queries, keys = shared.sizes["query"], shared.sizes["key"]

    def allowed() -> Mask:
        mask = masks.allowed(settings.mask, own_mask, queries, keys)  # [query, key]
        return mask.T if settings.variant == "mask_transposed" else mask

    settled: dict[str, Value] = {
        "allowed": Given(allowed),
        "keep": Given(lambda: masks.kept(queries, keys, settings.dropout, settings.seed, layer, index)),
    }
    return Trace(
        shared.chain,
        {**settled, **given},
        (Scope.HEAD,),
        shared,
        sizes=shared.sizes,
        heads=heads,
        whole=whole,
        index=index,
    )


def joined(
    shared: Trace,
    given: Mapping[str, Value],
    heads: Sequence[Callable[[], Trace]],
    after: Callable[[], Trace] | None = None,
) -> Trace:
    """What the heads of a layer make together; `after` is that of the next layer, where gradients come back from it."""
    return Trace(shared.chain, given, (Scope.LAYER,), shared, sizes=shared.sizes, heads=heads, after=after)


@lru_cache(maxsize=64)
def _under(chain: Chain, scale: bool, variant: str) -> Chain:
    chain = varied(chain, variant)
    return chain if scale else chain.with_(UNSCALED)


def _divisor(settings: Settings, own: float | None, sizes: Mapping[str, int]) -> dict[str, Value]:
    """What scores are divided by; nothing where that is √d_k and nobody knows d_k."""
    if not settings.scale:
        return {"divisor": 1.0}
    wrong = settings.variant == "sqrt_d_model"
    width = sizes.get("d_model" if wrong else "d_k", 0)
    root = math.sqrt(width)
    divisor = root if wrong else settings.divisor or own or root
    return {"divisor": Given(lambda: divisor, symbol=lambda: f"√{width}" if divisor == root else "")} if divisor else {}


def _words(special: Special, sizes: Mapping[str, int]) -> dict[str, Value]:
    """Where there are words; nothing where all tokens are."""
    there = any(special)
    return {"words": Given(partial(words_of, special, sizes["query"], sizes["key"]))} if there else {}


def _experiment(settings: Settings) -> dict[str, Value]:
    names = ("square", "sensitivity")
    return {f"random_{name}": Given(partial(random_rows, name, settings.seed)) for name in names}
