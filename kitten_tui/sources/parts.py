"""Several attentions that belong together: of an encoder, a decoder and from one to the other; of two sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from kitten_tui.sources.brought import brought
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.recording import Recording


def encoder_decoder(
    encoder: Any, decoder: Any, cross: Any, encoder_tokens: Any, decoder_tokens: Any
) -> tuple[Recording, ...]:
    """Those of the three that there are; cross-attention looks from the decoder's tokens at the encoder's.

    Raises:
        SourceError: tokens are missing, or do not fit.
    """
    parts = []
    if encoder is not None:
        parts.append(brought(encoder, encoder_tokens, title="encoder"))
    if decoder is not None:
        parts.append(brought(decoder, decoder_tokens, title="decoder"))
    if cross is not None:
        if encoder_tokens is None or decoder_tokens is None:
            raise SourceError("cross: expected encoder_tokens and decoder_tokens with it")
        parts.append(brought(cross, decoder_tokens, key_tokens=encoder_tokens, title="cross"))
    return together(parts)


def two_sentences(whole: Recording, start: int) -> tuple[Recording, ...]:
    """The whole, and what each of two sentences gives to itself and to the other: parts of rows, as they are.

    Raises:
        SourceError: the second sentence begins outside the text, or there are no weights to cut.
    """
    weights = whole.given.get("weights")
    if weights is None or whole.key_tokens is not whole.tokens:
        raise SourceError("sentence_b_start: expected weights of a text that looks at itself")
    n = len(whole.tokens)
    if not 0 < start < n:
        raise SourceError(f"sentence_b_start: expected a place from 1 to {n - 1}, found {start}")
    sides = {"A": slice(0, start), "B": slice(start, n)}
    parts = [whole]
    for one, queries in sides.items():
        for other, keys in sides.items():
            # What is cut off is no fault of the rows.
            parts.append(
                Recording(
                    {"weights": weights[:, :, queries, keys]},
                    [f"{token}" for token in whole.tokens[queries]],
                    list(whole.tokens[keys]),
                    title=f"{one} → {other}",
                    precision=math.inf,
                )
            )
    return together(parts)


def together(parts: Sequence[Recording]) -> tuple[Recording, ...]:
    for part in parts:
        part.parts = tuple(parts) if len(parts) > 1 else ()
    return tuple(parts)
