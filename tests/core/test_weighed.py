"""Weights by the size of the values they carry, and without special tokens."""

from __future__ import annotations

import numpy as np
import pytest

from kitten_tui.core.cell import Cell
from kitten_tui.core.settings import Settings
from kitten_tui.core.surveyed import summaries
from kitten_tui.core.weighed import WEIGHED, is_special, special_places
from kitten_tui.core.workings import Workings
from kitten_tui.sources.recording import Recording

TOKENS = ("[CLS]", "the", "cat", "[SEP]", "it", "[SEP]")
SPECIAL = [0, 3, 5]
WORDS = [1, 2, 4]


def recording(tokens: tuple[str, ...] = TOKENS) -> Recording:
    draw = np.random.default_rng(7)
    n = len(tokens)
    given = {name: draw.normal(size=(2, 3, n, 4)) for name in "qkv"}
    return Recording(given, tokens)


@pytest.mark.parametrize("settings", [Settings(), Settings(mask="causal", dropout=0.3)], ids=["", "all"])
def test_every_kind_of_weight_is_its_definition(settings: Settings) -> None:
    trace = recording().trace(1, 2, settings)
    weights, v = trace["dropped"], trace["v"]  # [query, key], [key, d_k]
    carried = np.linalg.norm(weights[:, :, None] * v[None], axis=-1)  # [query, key]
    words = np.isin(np.arange(6), WORDS)
    only = np.outer(words, words)
    assert trace["valued"] == pytest.approx(carried)
    for name, array in (("value_share", carried), ("word_share", weights * only), ("value_word_share", carried * only)):
        total = array.sum(axis=-1, keepdims=True)
        assert trace[name] == pytest.approx(np.divide(array, total, out=np.zeros_like(array), where=total != 0)), name


def test_what_is_left_of_a_row_adds_up_to_one_and_special_tokens_have_nothing() -> None:
    trace = recording().trace(0, 0, Settings())
    for name in ("word_share", "value_word_share"):
        assert trace[name][WORDS].sum(axis=-1) == pytest.approx(1.0)
        assert not trace[name][SPECIAL].any()
        assert not trace[name][:, SPECIAL].any()


def test_each_says_what_was_divided_by_what() -> None:
    workings = Workings(recording(), Settings())
    derivation = workings.derive(Cell("word_share", (1, 2)))
    assert [operand.cell.name for term in derivation.terms for operand in term] == ["dropped", "words", "word_total"]
    derivation = workings.derive(Cell("value_share", (1, 2)))
    assert [operand.cell.name for term in derivation.terms for operand in term] == ["valued", "value_total"]


def test_without_special_tokens_or_values_there_is_nothing_to_weigh_by() -> None:
    plain = recording(("the", "cat", "sat"))
    trace = plain.trace(0, 0, Settings())
    assert not trace.has("word_share")
    assert trace.has("value_share")
    alone = Recording({"weights": np.full((1, 1, 2, 2), 0.5)}, ("[CLS]", "a"))
    assert not alone.trace(0, 0, Settings()).has("value_share")
    assert alone.trace(0, 0, Settings()).has("word_share")


@pytest.mark.parametrize(
    "token",
    [
        "[CLS]",
        "[SEP]",
        "[PAD]",
        "<s>",
        "</s>",
        "<pad>",
        "<bos>",
        "<|endoftext|>",
        "<|im_start|>",
        "<｜begin▁of▁sentence｜>",
    ],
)
def test_tokens_that_stand_for_no_word_are_known(token: str) -> None:
    assert is_special(token)


@pytest.mark.parametrize(
    "token", ["cat", "[MASK]", "<mask>", "[UNK]", "<unk>", "<0A>", "<E7 8C>", "s", "[", "<div>", ""]
)
def test_what_stands_for_a_word_is_none(token: str) -> None:
    assert not is_special(token)


def test_where_all_tokens_are_special_none_is_hidden() -> None:
    assert special_places(("[CLS]", "[SEP]")) == ()


@pytest.mark.parametrize("name", WEIGHED.values())
def test_the_heads_are_summed_up_as_they_are_weighed(name: str) -> None:
    source = recording()
    (*_, head) = summaries(source, 1, name)
    shares = source.trace(1, 2, source.settings)[name]
    rows = WORDS if "word" in name else range(6)
    assert {pair.query for pair in head.pairs} <= set(rows)
    for pair in head.pairs:
        assert pair.weight == pytest.approx(shares[pair.query, pair.key])
        assert pair.key == shares[pair.query].argmax()
    assert head.measures["self"] == pytest.approx(np.mean([shares[row, row] for row in rows]))
    assert head.sink in set(rows)
    assert len(head.thumbnail) == len(rows)


def test_as_they_are_the_heads_are_those_of_the_survey() -> None:
    source = recording()
    assert [head.measures for head in summaries(source, 0)] == [head.measures for head in source.heads[:3]]
