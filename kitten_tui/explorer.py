"""The explorer from Python: attention that was computed anywhere, on the screen or in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kitten_tui.core.settings import MASKS, Settings
from kitten_tui.core.source import Source
from kitten_tui.paper.display import HeadDisplay, Pages
from kitten_tui.sources.arrays import array_of
from kitten_tui.sources.brought import brought
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.parts import encoder_decoder, together, two_sentences
from kitten_tui.words import Words, language_of_environment

if TYPE_CHECKING:
    from kitten_tui.sources.recording import Recording

Tokens = Sequence[str] | str


def explore(
    attention: Any = None,
    tokens: Any = None,
    *,
    query_tokens: Tokens | None = None,
    key_tokens: Tokens | None = None,
    q: Any = None,
    k: Any = None,
    v: Any = None,
    scores: Any = None,
    x: Any = None,
    w_o: Any = None,
    encoder: Any = None,
    decoder: Any = None,
    cross: Any = None,
    encoder_tokens: Tokens | None = None,
    decoder_tokens: Tokens | None = None,
    sentence_b_start: int | None = None,
    title: str = "",
    language: str | None = None,
    theme: str = "dark",
) -> Pages | None:
    """Opens the explorer on attention that was computed anywhere, until it is left with q.

    In a notebook, or without a terminal, gives the pages instead, which display themselves there.

    Args:
        attention: weights [query, key], [head, query, key] or [layer, head, query, key], with a batch axis of 1
            before or behind the layers; a tuple of layers, as transformers gives them, or of steps of layers, as its
            `generate` does; a cache of TransformerLens; or a `Source`. Arrays may be NumPy's, or a tensor of any
            library, device and precision. `attention` and `tokens` may change places.
        tokens: a word for each query, or a sentence that is split at its spaces; numbers where there are none.
        key_tokens: those that are looked at, where they are others; `query_tokens` is another name for `tokens`.
        q, k, v: queries, keys and values, [token, d_k], [head, token, d_k] or [layer, head, token, d_k].
        scores: q · k before they are divided, with the axes of `attention`.
        x: what enters, [token, d_model] or [layer, token, d_model].
        w_o: the output projection, [concat, d_model] or [layer, concat, d_model].
        encoder, decoder, cross: attention of each part of a model, with `encoder_tokens` and `decoder_tokens`.
        sentence_b_start: where the second of two sentences begins: each is then shown by itself too.

    Raises:
        SourceError: a ValueError of one line that says what was expected and what was found.

    >>> import numpy as np
    >>> pages = explore(np.full((2, 3, 3), 1 / 3), "the cat sat")
    >>> print(pages.stage("softmax", query="cat").text.splitlines()[0])
    4  Softmax  α = softmax(ω / √d_k)
    """
    if _is_source(attention):
        sources: tuple[Source, ...] = (attention,)
    elif encoder is not None or decoder is not None or cross is not None:
        sources = encoder_decoder(encoder, decoder, cross, encoder_tokens, decoder_tokens)
    else:
        arrays = {"q": q, "k": k, "v": v, "scores": scores, "x": x, "w_o": w_o}
        whole = brought(attention, tokens, query_tokens=query_tokens, key_tokens=key_tokens, title=title, **arrays)
        sources = together([whole]) if sentence_b_start is None else two_sentences(whole, sentence_b_start)
    words = Words(language or language_of_environment())
    if _has_screen():
        from kitten_tui.app import KittenApp  # 0.3 s: Textual, only for the screen
        from kitten_tui.themes import ALIASES

        KittenApp(sources[0], language=words.language, theme=ALIASES.get(theme, theme)).run()
        return None
    return Pages(sources, words)


def recording(attention: Any = None, tokens: Any = None, **arrays: Any) -> Recording:
    """What `explore` opens, as a source, with whatever else there is by the names of the vocabulary.

    >>> import numpy as np
    >>> recording("the cat sat", np.eye(3)).tokens
    ('the', 'cat', 'sat')
    """
    return brought(attention, tokens, **arrays)


def attention(
    x: Any,
    w_q: Any,
    w_k: Any,
    w_v: Any,
    *,
    mask: Any = None,
    scale: bool | float = True,
    tokens: Tokens | None = None,
    w_o: Any = None,
    b_q: Any = None,
    b_k: Any = None,
    b_v: Any = None,
) -> HeadDisplay:
    """One head of self-attention, every intermediate by its name: scores, scaled, masked, exp, weights, context, …

    Vaswani et al., "Attention Is All You Need" (2017), section 3.2.

    Args:
        x: [token, d_model].
        w_q, w_k, w_v: [d_model, d_k]; with biases `b_q`, `b_k`, `b_v` [d_k].
        mask: "causal", or True where a query may look, [query, key].
        scale: whether scores are divided by √d_k; or what they are divided by.

    Raises:
        SourceError: shapes disagree, or something is no number.

    >>> import numpy as np
    >>> head = attention(np.eye(2), np.eye(2), np.eye(2), np.eye(2), mask="causal")
    >>> head["weights"].round(3).tolist()
    [[1.0, 0.0], [0.33, 0.67]]
    >>> head["scores"].shape
    (2, 2)
    """
    settings = Settings(scale=bool(scale)) if isinstance(scale, bool) else Settings(divisor=float(scale))
    arrays = {"x": x, "w_q": w_q, "w_k": w_k, "w_v": w_v, "w_o": w_o, "b_q": b_q, "b_k": b_k, "b_v": b_v}
    if isinstance(mask, str):
        if mask not in MASKS[:2]:
            raise SourceError(f'mask: expected "none", "causal" or an array, found "{mask}"')
        settings = replace(settings, mask=mask)
    elif mask is not None:
        allowed = array_of(mask, "mask")
        if allowed.dtype != np.bool_ and not np.isin(allowed, (0.0, 1.0)).all():
            raise SourceError("mask: expected True where a query may look, found other numbers")
        arrays["allowed"] = allowed.astype(bool)
    queries = array_of(x, "x").shape[-2:-1]
    words = tokens if tokens is not None else list(map(str, range(1, (queries or (0,))[0] + 1)))
    return HeadDisplay(brought(None, words, **arrays), settings)


def _is_source(value: Any) -> bool:
    return callable(getattr(value, "trace", None)) and hasattr(value, "n_layers") and hasattr(value, "key_tokens")


def _has_screen() -> bool:
    """Whether there is a terminal, and no loop that runs already, as in a notebook."""
    import asyncio

    from kitten_tui.output import has_screen

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return has_screen()
    return False
