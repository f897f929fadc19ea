"""The overview without special tokens has pictures of words, with their names."""

from __future__ import annotations

import numpy as np

from kitten_tui.core.surveyed import summaries
from kitten_tui.ink.cells import text_of
from kitten_tui.ink.large import large
from kitten_tui.ink.overview import Overview
from kitten_tui.ink.palette import PLAIN
from kitten_tui.sources.recording import Recording
from kitten_tui.words import Words

TOKENS = ("[CLS]", "the", "cat", "sat", "[SEP]")


def test_a_picture_has_the_names_of_the_words_that_are_in_it() -> None:
    weights = np.random.default_rng(1).dirichlet(np.ones(5), size=(1, 1, 5))
    source = Recording({"weights": weights}, TOKENS)
    of = Overview(TOKENS, 1, 1, summaries(source, 0, "word_share"), weighed="word_share")
    title, names, *rows = [text_of(line) for line in large(of, Words("en"), PLAIN, 60, 12)]
    assert [row.split()[0] for row in rows] == ["the", "cat", "sat"]
    assert names.split() == ["th", "ca", "sa"]
    assert "1 cell = 1 token" in title
    part = weights[0, 0, 1:4, 1:4]
    expected = (100 * part / part.sum(axis=-1, keepdims=True)).round()
    assert np.array([row.split()[1:] for row in rows], dtype=float).tolist() == expected.tolist()
