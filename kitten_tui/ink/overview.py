"""All heads of a model: which are shown in which order, and what is said of the selected one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from rich.segment import Segment

from kitten_tui.core.asking import Effect
from kitten_tui.core.atlas import Atlas
from kitten_tui.core.beside import HeadChange
from kitten_tui.core.measures import MEASURES, HeadSummary, Pair, weights_between
from kitten_tui.core.source import Source
from kitten_tui.core.weighed import PLAIN, WITHOUT_SPECIAL, kept_places, special_of
from kitten_tui.ink.atlas import done_by
from kitten_tui.ink.cells import Line, fit, show_token, wrap
from kitten_tui.ink.numbers import fmt
from kitten_tui.ink.palette import Palette
from kitten_tui.stages.view import place_name
from kitten_tui.words import Words

BETWEEN = "between"
"""The measure of two words: what the one gives the other."""
EFFECT = "effect"
"""The measure of what changes without a head."""
MOVED = "moved"
"""The measure of how differently a head looks at what stands beside."""


@dataclass(frozen=True, eq=False)
class Between:
    """Two words, and what each head gives from the one to the other, as far as it has been computed."""

    query: int
    key: int
    weights: tuple[float, ...] = ()
    """By layer and head."""

    @classmethod
    def of(cls, source: Source, query: int, key: int, weighed: str = PLAIN) -> Between:
        """With the weights of all layers that are ready."""
        layers = [weights_between(source, layer, query, key, weighed) for layer in range(source.ready)]
        return cls(query, key, tuple(weight for weights in layers for weight in weights))


@dataclass(frozen=True, eq=False)
class Others:
    """The same heads in what stands beside, as far as they have been computed."""

    tokens: tuple[str, ...]
    heads: tuple[HeadSummary, ...] = ()
    """By layer and head."""
    changes: tuple[HeadChange, ...] = ()
    """How differently each looks there, by layer and head."""

    @cached_property
    def largest(self) -> float:
        """The largest difference of all pictures, at which heat ends."""
        return max((float(abs(change.picture).max()) for change in self.changes), default=0.0)


@dataclass(frozen=True, eq=False)
class Overview:
    """What is shown: the heads that have been computed, in an order, and the one that is selected."""

    tokens: Sequence[str]
    n_layers: int
    n_heads: int
    heads: tuple[HeadSummary, ...]
    key_tokens: Sequence[str] = ()
    """Those that are looked at, where they are others."""
    layer: int = 0
    head: int = 0
    measure: str = MEASURES[0]
    sorted: bool = False
    """By the measure, the largest first, and not by layer and head."""
    between: Between | None = None
    """The two words that were chosen."""
    layers: tuple[str, ...] = ()
    """What the layers are called, where not by their numbers."""
    weighed: str = PLAIN
    """What of each head is looked at as weights."""
    effects: tuple[Effect, ...] | None = None
    """What changes without each head, by layer and head, as far as it has been computed; None where nobody asked."""
    atlas: Atlas | None = None
    """Which heads do grammar; None where nobody asked."""
    others: Others | None = None
    """What stands beside."""

    @cached_property
    def pictured(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The queries and the keys of the pictures: all, or those that are no special tokens."""
        sides = tuple(self.tokens), tuple(self.key_tokens or self.tokens)
        gone = special_of(*sides) if self.weighed in WITHOUT_SPECIAL else ((), ())
        queries, keys = (
            tuple(side[place] for place in kept_places(len(side), places))
            for side, places in zip(sides, gone, strict=True)
        )
        return queries, keys

    @cached_property
    def order(self) -> list[tuple[int, int]]:
        """The layer and head of each place of the grid, in reading order."""
        places = [(layer, head) for layer in range(self.n_layers) for head in range(self.n_heads)]
        return sorted(places, key=self._key) if self.sorted else places

    def _key(self, place: tuple[int, int]) -> float:
        value = self.value(*place)
        return math.inf if math.isnan(value) else -value

    def summary(self, layer: int, head: int) -> HeadSummary | None:
        """None where the layer has not been computed."""
        place = layer * self.n_heads + head
        return self.heads[place] if place < len(self.heads) else None

    def value(self, layer: int, head: int, measure: str = "") -> float:
        """Of the measure that is looked at, or of another; nan where there is none."""
        measure = measure or self.measure
        if measure == BETWEEN and self.between is not None:
            place = layer * self.n_heads + head
            return self.between.weights[place] if place < len(self.between.weights) else math.nan
        if measure == EFFECT and self.effects is not None:
            effect = self.effect(layer, head)
            return math.nan if effect is None else effect.size
        if measure == MOVED and self.others is not None:
            change = self.change(layer, head)
            return math.nan if change is None else change.size
        summary = self.summary(layer, head)
        return math.nan if summary is None else summary.measures[measure]

    def effect(self, layer: int, head: int) -> Effect | None:
        """What changes without a head; None where it is not known."""
        place = layer * self.n_heads + head
        return self.effects[place] if self.effects is not None and place < len(self.effects) else None

    def change(self, layer: int, head: int) -> HeadChange | None:
        """How differently a head looks at what stands beside; None where it is not known."""
        place = layer * self.n_heads + head
        return self.others.changes[place] if self.others is not None and place < len(self.others.changes) else None

    @property
    def largest(self) -> float:
        """Of the measure, over all heads."""
        return max((value for place in self.order if not math.isnan(value := self.value(*place))), default=math.nan)

    @property
    def measures(self) -> tuple[str, ...]:
        """What heads can be looked at by."""
        between = () if self.between is None else (BETWEEN,)
        moved = () if self.others is None else (MOVED,)
        return (*MEASURES, *between, *(() if self.effects is None else (EFFECT,)), *moved)

    @property
    def selected(self) -> HeadSummary | None:
        return self.summary(self.layer, self.head)


def named(of: Overview, words: Words, heading: str) -> str:
    """A heading with what is looked at as weights, where that is not what the heads have."""
    return heading if of.weighed == PLAIN else f"{heading}  {words(f'weighed.{of.weighed}')}"


def about_head(of: Overview, words: Words, palette: Palette, width: int, *, brief: bool = False) -> list[Line]:
    """The selected head in numbers and in words; in brief, its measures alone."""
    lines: list[Line] = [
        [Segment(words("overview.head", layer=of.layer + 1, head=of.head + 1), palette.chosen)],
    ]
    done = done_by(of.atlas, of.layer, of.head, words)
    lines += [[Segment(text, palette.result)] for text in wrap(done, width)] if done else []
    summary = of.selected
    if summary is None:
        return [*lines, [Segment(words("overview.waiting"), palette.muted)]]
    lines += [] if brief else [[Segment(text, palette.text)] for text in wrap(measure_help(of, words), width)]
    lines += [[], [Segment(fit(words("overview.uniform"), 15, "right"), palette.muted)]]
    for name in of.measures:
        style = palette.result if name == of.measure else palette.text
        lines.append(
            [
                Segment(f"{written(of.value(of.layer, of.head, name)):>7}", style),
                Segment(f"{written(summary.uniform.get(name, math.nan)):>7} ", palette.muted),
                Segment(fit(measure_name(of, words, name), width - 15), style),
            ]
        )
    lines += [] if brief else [[], [Segment(words("overview.pairs"), palette.title)]]
    for pair in () if brief else summary.pairs:
        names = Segment(arrow(of, pair), palette.text)
        lines.append([Segment(f"{fmt(pair.weight):>8}  ", palette.result), names])
    return lines


def written(value: float) -> str:
    """A measure, or a dash where the text has none."""
    return "–" if math.isnan(value) else fmt(value)


def measure_name(of: Overview, words: Words, name: str) -> str:
    """What a measure is called; that of two words by them, and the sink of the selected head by its token."""
    if name == BETWEEN and of.between is not None:
        return arrow(of, of.between)
    if name == "sink" and of.selected is not None:
        keys = of.key_tokens or of.tokens
        return words("overview.sink", token=show_token(place_name(keys, of.selected.sink).strip(), 14))
    if name in (EFFECT, MOVED):
        return words("measure.effect.name" if name == EFFECT else "measure.moved.name")
    return words(f"measure.{name}.name")


def measure_help(of: Overview, words: Words) -> str:
    """What the measure is."""
    if of.measure == BETWEEN and of.between is not None:
        return words("overview.between", pair=arrow(of, of.between))
    if of.measure == EFFECT:
        return _effect_help(of, words)
    if of.measure == MOVED:
        return _moved_help(of, words)
    return words(f"measure.{of.measure}.help")


def _effect_help(of: Overview, words: Words) -> str:
    """What changes without the selected head."""
    effect = of.effect(of.layer, of.head)
    if effect is None:
        return words("effects.help_cosine")
    cosine = f"{effect.cosine:.4f}"
    if effect.divergence is None:
        return words("overview.moved", cosine=cosine)
    change, token = f"{effect.change:+.3f}", show_token(effect.instead.strip(), 14)
    query = show_token(place_name(of.tokens, effect.token).strip(), 14)
    told = {"query": query, "bits": written(effect.divergence), "change": change, "token": token}
    return words("overview.effect", cosine=cosine, **told)


def _moved_help(of: Overview, words: Words) -> str:
    """How differently the selected head looks at what stands beside."""
    change = of.change(of.layer, of.head)
    if change is None:
        return words("beside.help")
    told = {"here": fmt(change.here), "there": fmt(change.there), "difference": f"{change.here - change.there:+.3f}"}
    return words("overview.moved_most", size=fmt(change.size), pair=arrow(of, change), **told)


def arrow(of: Overview, pair: Pair | Between | HeadChange) -> str:
    """A query and a key by their names."""
    names = (place_name(of.tokens, pair.query), place_name(of.key_tokens or of.tokens, pair.key))
    return " → ".join(show_token(name.strip(), 14) for name in names)
