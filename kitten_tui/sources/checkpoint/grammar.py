"""Annotated sentences in a model: what each of its heads looks at, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kitten_tui.core.altering import Alteration
from kitten_tui.core.annotated import DEPENDENT, Annotated, Pair, Sentence, pairs_of
from kitten_tui.core.array_types import Array
from kitten_tui.core.atlas import HALVES, Atlas, Tally, between_words
from kitten_tui.core.measures import Rows
from kitten_tui.core.network import project
from kitten_tui.core.source import Pulse
from kitten_tui.sources.checkpoint.altering import with_silenced
from kitten_tui.sources.checkpoint.forward import cover, leave, placed, roles
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.onward import most_tokens
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.errors import SourceError


@dataclass(frozen=True, eq=False)
class Aligned:
    """A sentence as the model reads it."""

    reading: Reading
    pieces: Array
    """1 where a token belongs to a word. [word, token]"""
    pairs: tuple[Pair, ...]
    """Those of words that are cut as they are annotated."""
    related: int
    """How many words of the sentence depend on one in such a way."""
    left_out: int
    """How many of them are cut otherwise."""
    half: int
    tokens: slice
    """Where its tokens stand among those of all sentences."""


def atlas_of(
    model: Model, annotated: Annotated, pulse: Pulse = lambda: None, altered: tuple[Alteration, ...] = ()
) -> Iterator[Atlas]:
    """What is known after each layer; all sentences go through a layer before its weights are let go of.

    Heads that were silenced stay so.

    Raises:
        SourceError: the model cuts every word otherwise, or a number of it is none.
    """
    texts = aligned(model, annotated, pulse)
    tally = Tally()
    for text in texts:
        tally.add(text.pairs, text.half)
    left_out, pairs = sum(text.left_out for text in texts), sum(text.related for text in texts)
    if left_out == pairs:
        line = annotated.sentences[0].line
        raise SourceError(f"{annotated.name}: line {line}: expected words of whole tokens of {model.name}, found none")
    readings = [text.reading for text in texts]
    stream = np.concatenate([reading.stream(0) for reading in readings])  # [token, d_model]
    for number in range(model.config.n_layers):
        tally.begin_layer(model.config.n_heads)
        with np.errstate(all="ignore"):  # what overflows is found below, and named
            stream = _through(number, texts, stream, tally, altered, pulse)  # [token, d_model]
        if not np.isfinite(stream).all():
            raise readings[0].layer(number).not_finite()
        model.tensors.release()
        counts = (len(texts), pairs, left_out)
        yield Atlas(annotated.name, number + 1, model.config.n_layers, tally.skills(), *counts)


def aligned(model: Model, annotated: Annotated, pulse: Pulse) -> list[Aligned]:
    """Every sentence with the tokens of its words; one that shares a token with another is left out of all pairs."""
    texts: list[Aligned] = []
    first = 0
    for number, sentence in enumerate(annotated.sentences):
        pulse()
        try:
            cut = model.tokens.read(sentence.text, most_tokens(model))
            if not cut.ids:
                raise SourceError(f"expected a text that {model.name} has tokens for, found none")
        except SourceError as error:
            raise SourceError(f"{annotated.name}: line {sentence.line}: {error}") from None
        reading = Reading(model, sentence.text, cut=cut)
        tokens = slice(first, first + len(cut.ids))
        pieces = pieces_of(sentence, cut.spans)  # [word, token]
        whole = {place for place, tokens_of in enumerate(pieces) if tokens_of.any()}
        pairs = tuple(pairs_of(sentence))
        kept = tuple(pair for pair in pairs if {pair.query, *pair.keys} <= whole)
        related, left = (sum(pair.way == DEPENDENT for pair in some) for some in (pairs, kept))
        texts.append(Aligned(reading, pieces, kept, related, related - left, number % HALVES, tokens))
        first = tokens.stop
    return texts


def pieces_of(sentence: Sentence, spans: Sequence[tuple[int, int]]) -> Array:
    """Which tokens make each word, by their characters; none for a word that shares a token.  -> [word, token]"""
    begins, ends = np.array(spans, dtype=np.intp).reshape(-1, 2).T  # [token], [token]
    starts = np.array([word.start for word in sentence.words])[:, None]  # [word, 1]
    stops = np.array([word.end for word in sentence.words])[:, None]  # [word, 1]
    pieces = np.maximum(begins, starts) < np.minimum(ends, stops)  # [word, token]
    shared = pieces[:, pieces.sum(axis=0) > 1].any(axis=1)  # [word]
    pieces[shared] = False
    return np.asarray(pieces, dtype=np.float32)


def _through(
    number: int,
    texts: Sequence[Aligned],
    stream: Array,
    tally: Tally,
    altered: tuple[Alteration, ...],
    pulse: Pulse,
) -> Array:
    """All sentences through a layer, which is looked at on the way.  [token, d_model] -> [token, d_model]"""
    reading = texts[0].reading
    model, layer, into = reading.model, reading.layer(number), reading.norm_into(number)
    config = model.config
    x = stream if into is None else into(stream)  # [token, d_model]
    if number == 0 and model.projection is not None:
        x = project(x, *model.projection)
    q, k, v = roles(layer, x, x, None)  # [head, token, d_k] each
    concat = np.empty((len(x), config.n_heads * config.d_k), dtype=np.float32)  # [token, head·d_k]
    contexts = concat.reshape(len(x), config.n_heads, -1).transpose(1, 0, 2)  # [head, token, d_k]
    for text in texts:
        pulse()
        own, rotation, n = text.tokens, text.reading.rotations[number], len(text.reading.ids)
        turned = [part[:, own] if rotation is None else np.stack([*map(rotation, part[:, own])]) for part in (q, k)]
        scores = turned[0] @ turned[1].transpose(0, 2, 1)  # [head, query, key]
        every = slice(0, n)
        heads = slice(0, config.n_heads)
        placed(scores, config.amounts.get("score_cap"), text.reading.relative, heads, every, every)
        cover(scores, config.causal, config.windows[number])
        rows = Rows.of(scores, sinks=layer.sinks)
        contexts[:, own] = rows.mixed(v[:, own])  # [head, query, d_k]
        concat[own] = with_silenced(concat[own], layer, altered)  # [token, head·d_k]
        weights = rows.exp * rows.share[..., None]  # [head, query, key]
        tally.look(between_words(weights, text.pieces), text.pairs, text.half)
    return leave(layer, stream, x, concat, pulse)  # [token, d_model]
