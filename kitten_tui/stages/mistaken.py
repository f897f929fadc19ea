"""What a variant of the chain changes, and how somebody would notice: each rule is computed from the numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.cell import Cell
from kitten_tui.core.faults import tolerance
from kitten_tui.core.listing import Pair, pair
from kitten_tui.core.products import cut_from
from kitten_tui.core.refused import refused
from kitten_tui.core.settings import VARIANTS
from kitten_tui.core.trace import MissingError
from kitten_tui.core.variants import BY_NAME, replaced, righted
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.stages.view import View

COUNTED = ("x", "q", "k", "v", "scores", "scaled", "masked", "weights", "dropped", "context", "output")
"""What is counted, in the order of the lesson."""
CLOSE = 1e-6
"""What numbers of models may differ by, of their size, and be the same."""


def right_of(view: View) -> View:
    """The same with the chain as it should be."""
    return replace(view, settings=righted(view.settings))


def title(view: View) -> str:
    """The key of what the variant is called."""
    return f"variant.{view.settings.variant}.name"


def possible(view: View) -> tuple[str, ...]:
    """The variants that can be shown of the layer that is looked at, in their order."""
    right = righted(view.settings)
    return tuple(name for name in VARIANTS if refused(view.source, right, view.selection.layer, name) is None)


def listing(view: View) -> Pair:
    """The lines of NumPy that are right, and those of the variant."""
    return pair(view.settings.variant, view.source.chain(view.selection.layer), biases(view))


def biases(view: View) -> str:
    """Which of "qkvo" have a bias."""
    return "".join(role for role in "qkvo" if view.has(f"b_{role}"))


def changes(view: View, names: Collection[str]) -> bool:
    """Whether one of these quantities is made in another way, or means something else."""
    variant = view.settings.variant
    made = (line.name for line in replaced(view.source.chain(view.selection.layer), variant))
    return bool(variant) and any(name in names for name in (*made, *BY_NAME[variant].told))


def notice(view: View) -> Phrase:
    """How somebody would notice; where the numbers do not show it, that they do not."""
    name = view.settings.variant
    try:
        values = NOTICED[name](view)
    except MissingError:  # what the rule looks at is not in the source
        values = None
    return phrase("variant.unnoticed") if values is None else phrase(f"variant.{name}.notice", **values)


def reading(view: View) -> Phrase:
    """What a page says with a variant on, in place of what it says of the chain as it should be."""
    return phrase("variant.reading", name=phrase(title(view)), notice=notice(view))


def first_change(view: View) -> str | None:
    """The first quantity in the order of the lesson that has other numbers."""
    right = right_of(view)
    return next((name for name in COUNTED if (changed := _changed(view, right, name)) and changed[0]), None)


def effect(view: View, homes: Callable[[str], Sequence[int]]) -> Phrase:
    """Where the first other number stands, and how many are others there and at the end; `homes` are their stages."""
    right, name = right_of(view), first_change(view)
    if name is None:
        return phrase("variant.effect_none")
    last, stages = _last(view, right), homes(name)
    stage, first = stages[0] + 1, _told(view, right, name)
    if last == name:
        return phrase("variant.effect_alone", stage=stage, first=first)
    return phrase("variant.effect", stage=stage, first=first, last=_told(view, right, last))


def _last(view: View, right: View) -> str:
    """The last quantity that both have."""
    return next(name for name in reversed(COUNTED) if _changed(view, right, name) is not None)


def _told(view: View, right: View, name: str) -> Phrase:
    changed = _changed(view, right, name)
    assert changed is not None  # asked of what both have
    count, size, place = changed
    symbol = view.chain[name].symbol
    if place is None:
        return phrase("variant.effect_shape", name=symbol, size=size)
    cell = Cell(name, place, view.selection.head, view.selection.layer)
    was, now = right.workings.value(cell), view.workings.value(cell)
    return phrase("variant.effect_of", name=symbol, count=count, size=size, cell=cell, was=was, now=now)


Changed = tuple[int, int, tuple[int, ...] | None]


def _changed(view: View, right: View, name: str) -> Changed | None:
    """How many numbers are others, of how many, and which most; no place where they cannot be laid over each other."""
    now, was = _array(view, name), _array(right, name)
    if now is None or was is None:
        return None
    if now.shape != was.shape:
        return now.size, now.size, None
    with np.errstate(invalid="ignore"):
        gap = np.where(now == was, 0.0, np.abs(now - was))  # −∞ less −∞ is no number, and no difference
    size = max(1.0, float(np.abs(was[np.isfinite(was)]).max(initial=0.0)))
    other = gap > CLOSE * size
    place = tuple(int(at) for at in np.unravel_index(int(gap.argmax()), gap.shape))
    return int(np.count_nonzero(other)), now.size, place


def _array(view: View, name: str) -> Array | None:
    return view.workings.array(name, view.selection.head) if name in view.chain else None


# How somebody would notice. Each gives the values of its sentence, or None where its rule does not hold.

Values = Mapping[str, object]


def _close(weights: Array) -> float:
    """How far a sum of weights may be from 1 and be 1."""
    return tolerance(float(np.finfo(weights.dtype).eps), max(weights.shape))


def _axis(view: View) -> Values | None:
    """Rows do not sum to 1, columns do."""
    weights = view.trace["weights"]  # [query, key]
    rows, columns = weights.sum(axis=1), weights.sum(axis=0)  # [query], [key]
    close = _close(weights)
    off = int(np.count_nonzero(np.abs(rows - 1.0) > close))
    if not off or not np.allclose(columns[columns != 0.0], 1.0, rtol=0.0, atol=close):
        return None
    return {"token": view.token, "sum": rows[view.selection.query], "off": off, "count": len(rows)}


def _sharpness(view: View) -> Values | None:
    """How large the largest weight of a row is on average, beside that of the chain as it should be."""
    now, was = (float(each.trace["weights"].max(axis=1).mean()) for each in (view, right_of(view)))
    if abs(now - was) < CLOSE:
        return None
    return {"was": was, "now": now}


def _factor(view: View) -> Values | None:
    """Every scaled score is the same multiple of what it should be."""
    wrong, right = (float(each.workings.joined()["divisor"]) for each in (view, right_of(view)))
    sharp = _sharpness(view)
    if sharp is None:
        return None
    return {**sharp, "factor": right / wrong, "wrong": _width(view, "d_model"), "right": _width(view, "d_k")}


def _width(view: View, axis: str) -> int:
    return view.workings.size(axis)


def _short_rows(view: View) -> Values | None:
    """Rows with something covered sum to less than 1."""
    weights = view.trace["weights"]  # [query, key]
    sums = weights.sum(axis=1)  # [query]
    short = sums < 1.0 - _close(weights)
    if not short.any():
        return None
    least = int(sums.argmin())
    return {"short": int(short.sum()), "count": len(sums), "token": view.name(least), "sum": sums[least]}


def _ahead(view: View) -> Values | None:
    """A word looks at one that comes after it."""
    weights = view.trace["weights"]  # [query, key]
    ahead = np.triu(weights, k=1)  # [query, key]
    if not ahead.any() or np.tril(weights, k=-1).any():
        return None
    query, key = np.unravel_index(int(ahead.argmax()), ahead.shape)
    return {"query": view.name(int(query)), "other": view.key_name(int(key)), "weight": ahead[query, key]}


def _turned(view: View) -> Values | None:
    """The table of scores is that of the right chain turned over."""
    wrong, right = view.trace["scores"], right_of(view).trace["scores"]  # [query, key]
    if np.allclose(wrong, right, rtol=CLOSE) or not np.allclose(wrong, right.T, rtol=1e-4, atol=CLOSE):
        return None
    gap = np.abs(right - right.T)  # [query, key]
    query, key = np.unravel_index(int(gap.argmax()), gap.shape)
    return {
        "query": view.name(int(query)),
        "other": view.key_name(int(key)),
        "now": wrong[query, key],
        "was": right[query, key],
    }


def _cut(view: View) -> Values | None:
    """A row of a head is another word's, or another head's."""
    n, heads = len(view.tokens), view.source.n_heads
    taken = [cut_from(view.selection.head, place, heads, n) for place in range(n)]
    place = view.selection.query
    if taken[place] == (place, view.selection.head):
        place = next((at for at in range(n) if taken[at] != (at, view.selection.head)), -1)
    if place < 0:
        return None
    token, head = taken[place]
    others = sum(taken[at][0] != at for at in range(n))
    names = {"token": view.name(place), "other": view.name(token)}
    return {**names, "of": head + 1, "head": view.selection.head + 1, "off": others, "count": n}


def _unmixed(view: View) -> Values | None:
    """A number that leaves is one number of one head."""
    output, context = view.workings.joined()["output"], view.trace["context"]  # [token, concat], [query, d_k]
    width = output.shape[1] // view.source.n_heads
    place = view.selection.head * width
    if not np.array_equal(output[:, place], context[:, 0]):
        return None
    return {"width": output.shape[1], "d_model": _width(view, "d_model"), "head": view.selection.head + 1}


def _order(view: View) -> Values | None:
    """Two words that change places take their scores with them: nothing else changes."""
    editor, n = view.source.editor, len(view.tokens)
    if editor is None or n < 2:
        return None
    left = min(view.selection.query, n - 2)
    order = [*range(left), left + 1, left, *range(left + 2, n)]
    swapped = editor.swap_tokens(left)

    def gap(of: View) -> float:
        before = of.trace["scores"][np.ix_(order, order)]  # [query, key]
        return float(np.abs(replace(of, source=swapped).trace["scores"] - before).max())

    if gap(view) > CLOSE:
        return None
    return {"left": view.name(left), "right": view.name(left + 1), "gap": gap(right_of(view))}


def _drawn(view: View) -> Values | None:
    """Asked again, the same sentence gets other weights; its rows do not sum to 1."""
    again = replace(view, settings=replace(view.settings, seed=(view.settings.seed + 1) % 2**32))
    now, then = view.trace["dropped"], again.trace["dropped"]  # [query, key]
    other = int(np.count_nonzero(now != then))
    if not other:
        return None
    return {"token": view.token, "sum": now[view.selection.query].sum(), "other": other, "count": now.size}


def _symmetric(view: View) -> Values | None:
    """A asks for B as B asks for A."""
    scores, before = view.trace["scores"], right_of(view).trace["scores"]  # [query, key]
    if len(scores) < 2 or not np.allclose(scores, scores.T, rtol=1e-4, atol=CLOSE):
        return None
    gap = np.abs(before - before.T)  # [query, key]
    if not gap.any():
        return None
    query, key = map(int, np.unravel_index(int(gap.argmax()), gap.shape))
    names = {"query": view.name(query), "other": view.key_name(key), "score": scores[query, key]}
    return {**names, "there": before[query, key], "back": before[key, query]}


def _matched(view: View) -> Values | None:
    """What is handed on is what was matched."""
    values, keys = view.trace["v"], view.trace["k"]  # [token, d_k]
    if not np.array_equal(values, keys):
        return None
    key = view.selection.key
    return {"token": view.key_name(key), "k": keys[key], "z": view.row("context")}


NOTICED: Mapping[str, Callable[[View], Values | None]] = {
    "softmax_axis": _axis,
    "no_division": _sharpness,
    "sqrt_d_model": _factor,
    "mask_after": _short_rows,
    "mask_transposed": _ahead,
    "qk_swapped": _turned,
    "heads_reshape": _cut,
    "no_w_o": _unmixed,
    "no_positions": _order,
    "dropout_on": _drawn,
    "same_qk": _symmetric,
    "no_v": _matched,
}
