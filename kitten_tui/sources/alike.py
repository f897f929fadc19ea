"""Whether two sources can be laid beside each other."""

from __future__ import annotations

from kitten_tui.core.beside import matched
from kitten_tui.core.source import Source
from kitten_tui.sources.errors import SourceError


def check_tokens(here: Source, there: Source, name: str) -> None:
    """One text in two models, cut in the same way.

    Raises:
        SourceError: their tokens differ; the first difference is named.
    """
    pairs = zip(here.tokens, there.tokens, strict=False)
    place = next((place for place, (one, other) in enumerate(pairs, start=1) if one != other), 0)
    if place:
        found, expected = there.tokens[place - 1], here.tokens[place - 1]
        raise SourceError(
            f"--beside-model: expected the same tokens, found {found!r} in {name} at place {place} and not {expected!r}"
        )
    if len(here.tokens) != len(there.tokens):
        raise SourceError(
            f"--beside-model: expected the same {len(here.tokens)} tokens, found {len(there.tokens)} in {name}"
        )


def check_shape(here: Source, there: Source) -> None:
    """As many layers and heads, and words to compare.

    Raises:
        SourceError: they have others.
    """
    shapes = [f"{of.n_layers} layers of {of.n_heads} heads" for of in (here, there)]
    if shapes[0] != shapes[1]:
        raise SourceError(f"--beside-model: expected {shapes[0]}, found {shapes[1]}")
    if here.tokens != there.tokens and tuple(here.tokens) != tuple(here.key_tokens):
        raise SourceError("--beside: expected words that look at one another, found a part whose keys are another text")
    if all(place is None for place in matched(here.tokens, there.tokens)):
        raise SourceError(
            f"--beside: expected as many tokens, or some that both texts begin or end with, found {len(here.tokens)} "
            f"and {len(there.tokens)} without"
        )
