"""What is said of a mistake is so, of every sample, of random sentences and of tiny models."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from piloting import reading

from kitten_tui.core.faults import tolerance
from kitten_tui.core.refused import refused
from kitten_tui.core.settings import VARIANTS
from kitten_tui.core.source import Source
from kitten_tui.core.variants import switched
from kitten_tui.desk.selection import Selection
from kitten_tui.ink import mistake
from kitten_tui.ink.formula import Sum, arithmetic
from kitten_tui.ink.say import say
from kitten_tui.sources.find import open_source, samples
from kitten_tui.sources.sentence import from_sentence
from kitten_tui.stages import STAGES, mistaken, turn_to
from kitten_tui.stages.follow import follow, largest
from kitten_tui.stages.view import View
from kitten_tui.words import LANGUAGES, Words

every = pytest.mark.parametrize("name", VARIANTS)


def views(source: Source, name: str) -> Iterator[View]:
    """Every layer and head that the variant can be shown of."""
    for layer in range(source.n_layers):
        if refused(source, source.settings, layer, name) is None:
            settings = switched(source.settings, name, source.masks)
            for head in range(source.n_heads):
                yield View(source, settings, Selection(layer=layer, head=head, query=len(source.tokens) // 2))


def hold(view: View, name: str) -> None:
    """Checks what the sentences of a variant claim."""
    found = mistaken.notice(view)
    values, trace, right = found.values, view.trace, mistaken.right_of(view)
    if found.key == "variant.unnoticed":
        return
    assert found.key == f"variant.{name}.notice"
    weights = trace["weights"]
    close = tolerance(float(np.finfo(weights.dtype).eps), max(weights.shape))
    match name:
        case "softmax_axis":
            assert np.count_nonzero(np.abs(weights.sum(axis=1) - 1.0) > close) == values["off"]
            columns = weights.sum(axis=0)
            assert np.allclose(columns[columns > 0.0], 1.0, atol=1e-5)
        case "no_division" | "sqrt_d_model":
            assert np.allclose(weights.sum(axis=1), 1.0, atol=1e-5)
            assert values["now"] == pytest.approx(weights.max(axis=1).mean())
            assert values["was"] == pytest.approx(right.trace["weights"].max(axis=1).mean())
            if name == "sqrt_d_model":
                assert np.allclose(trace["scaled"], right.trace["scaled"] * values["factor"], atol=1e-5)
        case "mask_after":
            assert np.count_nonzero(weights.sum(axis=1) < 1.0 - close) == values["short"]
            assert (weights[~trace.truth("allowed")] == 0.0).all()
        case "mask_transposed":
            assert np.triu(weights, k=1).max() == values["weight"]
            assert not np.tril(weights, k=-1).any()
        case "qk_swapped":
            assert np.allclose(trace["scores"], right.trace["scores"].T, atol=1e-4)
            assert np.allclose(weights.sum(axis=1), 1.0, atol=1e-5)
        case "heads_reshape":
            place = view.tokens.index(str(values["token"]).partition("#")[0])
            assert values["count"] == len(view.tokens)
            assert 0 <= int(values["off"]) <= len(view.tokens)
            assert place >= 0
        case "no_w_o":
            assert view.workings.joined()["output"].shape[1] == values["width"]
        case "no_positions":
            assert float(values["gap"]) >= 0.0
        case "dropout_on":
            assert values["other"] > 0
        case "same_qk":
            assert np.allclose(trace["scores"], trace["scores"].T, atol=1e-4)
        case "no_v":
            assert np.array_equal(trace["v"], trace["k"])


@every
@pytest.mark.parametrize("sample", samples())
def test_every_claim_holds_on_every_sample(sample: str, name: str) -> None:
    for view in views(open_source(sample), name):
        hold(view, name)


@every
@given(text=st.text(alphabet="abc 猫狗", min_size=1, max_size=12).filter(str.strip), seed=st.integers(0, 99))
@pytest.mark.first_is_quick
def test_every_claim_holds_on_random_sentences(name: str, text: str, seed: int) -> None:
    for view in views(from_sentence(text, seed), name):
        hold(view, name)


@every
@pytest.mark.parametrize("model", ["gpt2", "bert", "llama"])
def test_every_claim_holds_on_tiny_models(model: str, name: str) -> None:
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    source = reading(model)
    while source.ready < source.n_layers:
        source.advance(lambda: None)
    for view in views(source, name):
        hold(view, name)


@every
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_told_is_said_in_both_languages(language: str, name: str) -> None:
    words = Words(language)
    for sample in ("journey", "kitten-zh"):
        for view in views(open_source(sample), name):
            assert all(mistake.paragraphs(view, words))
            assert next(mistake.code(view, words)).startswith(mistake.RIGHT)
            assert mistake.notes(view, words)[0] == f"{mistake.WRONG} {words(f'variant.{name}.name')}"


@every
def test_every_stage_says_that_the_mistake_is_on_and_nothing_else(name: str) -> None:
    for view in views(open_source("journey"), name):
        for number, stage in enumerate(STAGES):
            page = turn_to(stage, view.with_(stage=number))
            assert [reading.key for reading in page.readings] == ["variant.reading"]
            assert page.lesson == f"variant.{name}.what"
            assert say(Words("en"), page.readings[0]).startswith(f"✗ {Words('en')(f'variant.{name}.name')}")


@every
def test_the_first_number_that_is_another_stands_where_it_is_said_to(name: str) -> None:
    source = open_source("journey")
    for view in views(source, name):
        first = mistaken.first_change(view)
        assert first is not None
        right = mistaken.right_of(view)
        for before in mistaken.COUNTED[: mistaken.COUNTED.index(first)]:
            assert np.array_equal(view.workings.array(before), right.workings.array(before))


@every
def test_every_number_is_followed_down_to_an_input(name: str) -> None:
    view = next(views(open_source("journey"), name))
    page = turn_to(STAGES[6], view.with_(stage=6, focus="output"))
    for _ in range(30):
        assert page.derivation is not None
        cell = largest(page.derivation)
        if cell is None:
            break
        for language in LANGUAGES:
            assert arithmetic(page.derivation, Sum(page.view.workings, Words(language)), 120)
        there = follow(page, cell, STAGES)
        assert there is not None, cell
        assert there.settings.variant == name
        page = turn_to(STAGES[there.selection.stage], there)
    assert page.derivation is not None
    assert largest(page.derivation) is None


def test_a_matrix_that_is_left_out_is_not_shown_as_what_makes_something() -> None:
    source = open_source("journey")

    def ids(name: str, stage: int) -> list[str]:
        settings = switched(source.settings, name, source.masks)
        return [stop.id for stop in turn_to(STAGES[stage], View(source, settings, Selection(stage=stage))).sheet.stops]

    assert "w_o" in ids("", 6)
    assert "w_o" not in ids("no_w_o", 6)
    assert "w_v" not in ids("no_v", 1)
    assert "w_k" not in ids("same_qk", 1)
    assert "w_q.k" in ids("same_qk", 1)
    assert "total" in ids("softmax_axis", 3)


def test_two_equal_widths_make_no_mistake_of_the_root() -> None:
    source = from_sentence("a b c", 1)
    view = next(views(source, "sqrt_d_model"))
    equal = view.workings.size("d_model") == view.workings.size("d_k")
    assert (mistaken.first_change(view) is None) == equal
