"""The chain with a line replaced: it gives what the line of NumPy gives, and every number of it still answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from piloting import reading

from kitten_tui.core.cell import Cell
from kitten_tui.core.listing import PAIRS, PROGRAM, program
from kitten_tui.core.refused import refused
from kitten_tui.core.settings import VARIANTS, Settings
from kitten_tui.core.source import Source
from kitten_tui.core.variants import BY_NAME, righted, switched
from kitten_tui.core.workings import Workings
from kitten_tui.paper.check import term_by_term
from kitten_tui.sources.find import open_source
from kitten_tui.sources.lesson import Lesson
from kitten_tui.sources.recording import Recording

SAMPLES = ("journey", "kitten-en", "the cat saw the dog")
every = pytest.mark.parametrize("name", VARIANTS)


def softmax(scores: np.ndarray, axis: int) -> np.ndarray:
    exp = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return exp / exp.sum(axis=axis, keepdims=True)


def run(lesson: Lesson, settings: Settings) -> dict[str, np.ndarray]:
    """What the lines of NumPy make of the inputs of a lesson."""
    inputs, heads = lesson.inputs, range(lesson.n_heads)
    traces = [lesson.trace(0, head, settings) for head in heads]
    side_by_side = {
        f"W_{role}": np.concatenate([getattr(head, f"w_{role}") for head in inputs.heads], axis=1) for role in "qkv"
    }
    names = {
        "np": np,
        "softmax": softmax,
        "e": inputs.embedding,
        "p": inputs.position,
        "W_o": inputs.w_o,
        "n": len(lesson.tokens),
        "h": lesson.n_heads,
        "d_k": inputs.heads[0].w_q.shape[1],
        "d_model": inputs.x.shape[1],
        "training": settings.dropout > 0.0,
        "rate": settings.dropout,
        "keep": np.stack([trace["keep"] for trace in traces]),
        **side_by_side,
    }
    lines = program(lesson.lines, "", settings.variant)
    if settings.mask == "none":
        lines = tuple(line for line in lines if "mask" not in line)
    exec("\n".join(lines), names)
    return {name: np.asarray(names[name]) for name in ("x", "q", "k", "v", "a", "z", "y")}


def under(source: Source, name: str, settings: Settings | None = None) -> Settings:
    return switched(settings or replace(source.settings, mask="causal"), name, source.masks)


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", ["", *VARIANTS])
def test_the_lines_of_numpy_give_what_the_chain_gives(sample: str, name: str) -> None:
    lesson = open_source(sample)
    settings = under(lesson, name)
    made, heads = run(lesson, settings), range(lesson.n_heads)
    shared = lesson.joined(0, settings)
    np.testing.assert_allclose(made["x"], shared["x"], atol=1e-12)
    np.testing.assert_allclose(made["y"], shared["output"], atol=1e-12)
    for symbol, quantity in {"q": "q", "k": "k", "v": "v", "a": "dropped", "z": "context"}.items():
        chain = np.stack([lesson.trace(0, head, settings)[quantity] for head in heads])
        np.testing.assert_allclose(made[symbol], chain, atol=1e-12)


@every
def test_a_variant_has_another_line_where_the_program_has_one(name: str) -> None:
    right, wrong = PAIRS[name]
    assert set(right) <= set(PROGRAM)
    assert right != wrong
    assert tuple(BY_NAME) == VARIANTS


@every
@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.first_is_quick
def test_every_number_of_a_variant_is_what_its_terms_make(sample: str, name: str) -> None:
    lesson = open_source(sample)
    workings = Workings(lesson, under(lesson, name))
    for head in range(lesson.n_heads):
        error, tolerance = term_by_term(workings, head)
        assert error <= tolerance
    output = workings.joined()["output"]
    for place in np.ndindex(output.shape):
        derivation = workings.derive(Cell("output", place))
        assert derivation.recomputed() == pytest.approx(derivation.value, abs=1e-12)


@every
@pytest.mark.parametrize("model", ["gpt2", "bert", "llama", "qwen3"])
@pytest.mark.first_is_quick
def test_models_are_computed_by_it_too_where_they_have_the_line(model: str, name: str) -> None:
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    source = reading(model)
    while source.ready < source.n_layers:
        source.advance(lambda: None)
    for layer in range(source.n_layers):
        if refused(source, source.settings, layer, name) is None:
            settings = under(source, name, source.settings)
            wrong, right = (Workings(source, each, layer) for each in (settings, righted(settings)))
            error, tolerance = term_by_term(wrong, 1)
            assert error <= tolerance
            assert any(
                not np.array_equal(wrong.array(each, 1), right.array(each, 1)) for each in ("dropped", "v", "output")
            )


def test_the_right_chain_is_untouched() -> None:
    lesson = open_source("journey")
    before = lesson.trace(0, 0, lesson.settings)["weights"]
    for name in VARIANTS:
        lesson.trace(0, 0, under(lesson, name))["weights"]
    assert lesson.trace(0, 0, lesson.settings)["weights"] is before
    assert lesson.chain(0) is lesson.lines


@every
def test_righting_keeps_all_but_what_is_wrong(name: str) -> None:
    settings = Settings(mask="causal", seed=5)
    assert righted(switched(settings, name, ("none", "causal"))) == settings


NUMBERS = np.random.RandomState(0)
WORDS = ("a", "b", "c")
WEIGHTS = {"weights": np.full((1, 2, 3, 3), 1 / 3)}
SCORED = {name: NUMBERS.normal(size=(1, 2, 3, 4)) for name in "qkv"}


@pytest.mark.parametrize(
    ("given", "name", "reason"),
    [
        (WEIGHTS, "softmax_axis", "given"),
        (WEIGHTS, "mask_after", "mask"),
        (SCORED, "no_positions", "missing"),
        (SCORED, "no_w_o", "missing"),
        (SCORED, "sqrt_d_model", "missing"),
        (SCORED, "heads_reshape", "given"),
        (SCORED, "same_qk", "missing"),
        (SCORED, "softmax_axis", None),
        (SCORED, "qk_swapped", None),
        (SCORED, "mask_transposed", None),
    ],
)
def test_what_a_recording_has_no_line_for_is_refused(given: dict, name: str, reason: str | None) -> None:
    found = refused(Recording(given, WORDS), Settings(), 0, name)
    assert (found and found[0]) == reason


def test_other_words_are_not_turned_round() -> None:
    crossed = Recording({"q": np.ones((1, 1, 3, 2)), "k": np.ones((1, 1, 2, 2))}, WORDS, ("x", "y"))
    assert refused(crossed, Settings(), 0, "qk_swapped") == ("cross", "")
    assert refused(crossed, Settings(), 0, "mask_transposed") == ("cross", "")


def test_a_later_layer_has_no_positions_to_leave_out() -> None:
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    source = reading("gpt2")
    assert refused(source, source.settings, 0, "no_positions") is None
    assert refused(source, source.settings, 1, "no_positions") == ("line", "x")
