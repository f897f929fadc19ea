"""Attention that was computed elsewhere, in every shape that other programs pass."""

from __future__ import annotations

import numpy as np
import pytest

import kitten_tui
from kitten_tui.sources.arrays import array_of
from kitten_tui.sources.brought import brought
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.parts import encoder_decoder, two_sentences

WORDS = ["the", "cat", "sat", "on", "mats"]
DRAW = np.random.default_rng(17)


def softmax(scores: np.ndarray) -> np.ndarray:
    exp = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exp / exp.sum(axis=-1, keepdims=True)


SCORES = DRAW.normal(size=(2, 3, 5, 5))  # [layer, head, query, key]
WEIGHTS = softmax(SCORES)


class Tensor:
    """As torch has it: on a device, with a gradient, in a precision that NumPy does not know."""

    def __init__(self, values: np.ndarray, dtype: str = "torch.bfloat16") -> None:
        self.values, self.dtype, self.ndim, self.is_ready = values, dtype, values.ndim, False

    def __array__(self, *_: object, **__: object) -> np.ndarray:
        if self.dtype == "torch.bfloat16" or not self.is_ready:
            raise TypeError("not on this device")
        return self.values

    def detach(self) -> Tensor:
        return self

    def cpu(self) -> Tensor:
        self.is_ready = True
        return self

    def is_floating_point(self) -> bool:
        return True

    def float(self) -> Tensor:
        tensor = Tensor(self.values.astype(np.float32), "torch.float32")
        tensor.is_ready = self.is_ready
        return tensor


class Dlpack:
    """What has DLPack and nothing else."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __dlpack__(self, **about: object) -> object:
        return self.values.__dlpack__()

    def __dlpack_device__(self) -> object:
        return self.values.__dlpack_device__()


SHAPES = {
    "query, key": (WEIGHTS[0, 0], (1, 1)),
    "head": (WEIGHTS[0], (1, 3)),
    "layer": (WEIGHTS, (2, 3)),
    "batch before": (WEIGHTS[None], (2, 3)),
    "batch behind": (WEIGHTS[:, None], (2, 3)),
    "batch of one layer": (WEIGHTS[:1], (1, 3)),
    "tuple of layers": (tuple(WEIGHTS[:, None]), (2, 3)),
    "list of layers": (list(WEIGHTS), (2, 3)),
    "lists": (WEIGHTS.tolist(), (2, 3)),
    "tensors": (tuple(Tensor(layer[None]) for layer in WEIGHTS), (2, 3)),
    "dlpack": (Dlpack(WEIGHTS), (2, 3)),
    "float16": (WEIGHTS.astype(np.float16), (2, 3)),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("swapped", [False, True])
def test_every_shape_and_both_orders_give_the_same_weights(shape, swapped):
    attention, (layers, heads) = SHAPES[shape]
    source = brought(WORDS, attention) if swapped else brought(attention, WORDS)
    assert (source.n_layers, source.n_heads, source.tokens) == (layers, heads, tuple(WORDS))
    exact = 1e-7 if shape not in ("float16",) else 1e-3
    assert source.trace(0, 0, source.settings)["weights"] == pytest.approx(WEIGHTS[0, 0], abs=exact)
    assert source.record.faults == ()


def test_a_sentence_is_split_and_without_words_there_are_numbers():
    assert brought(WEIGHTS, "the cat sat on mats").tokens == tuple(WORDS)
    assert brought(WEIGHTS).tokens == ("1", "2", "3", "4", "5")


def steps(static: int = 0) -> tuple:
    """As `generate` returns them: three tokens, then one by one."""
    causal = np.tri(5) * np.exp(SCORES)
    whole = causal / causal.sum(axis=-1, keepdims=True)
    rows = [whole[:, :, :3, : static or 3], *(whole[:, :, n : n + 1, : static or n + 1] for n in (3, 4))]
    return whole, tuple(tuple(layer[None] for layer in row) for row in rows)


@pytest.mark.parametrize("static", [0, 5])
def test_steps_of_layers_are_one_grid_and_the_token_made_last_was_not_read(static):
    whole, made = steps(static)
    source = brought(made, [*WORDS, "again"])
    assert source.tokens == tuple(WORDS)
    assert np.array_equal(source.given["weights"], whole)


def test_a_cache_of_transformer_lens_is_known_by_its_names():
    q, k, v = (DRAW.normal(size=(1, 5, 3, 4)) for _ in range(3))  # [batch, token, head, d_head]
    scores = np.einsum("bqhd,bkhd->bhqk", q, k) / 2.0
    scores = np.where(np.tri(5, dtype=bool), scores, -np.inf)
    hooks = {"q": q, "k": k, "v": v, "attn_scores": scores, "pattern": softmax(scores)}
    cache = {f"blocks.0.attn.hook_{name}": array for name, array in hooks.items()} | {"hook_embed": np.ones((1, 5, 8))}
    source = brought(cache, WORDS)
    trace = source.trace(0, 1, source.settings)
    assert trace["masked"] == pytest.approx(scores[0, 1])
    assert trace.by_line("masked") == pytest.approx(scores[0, 1])
    assert trace.by_line("weights") == pytest.approx(trace["weights"])
    assert trace["context"] == pytest.approx(softmax(scores)[0, 1] @ v[0, :, 1])


def test_keys_that_several_heads_share_stand_there_for_each():
    q, k = DRAW.normal(size=(4, 5, 2)), DRAW.normal(size=(2, 5, 2))
    trace = brought(None, WORDS, q=q, k=k).trace(0, 3, brought(None, WORDS, q=q, k=k).settings)
    assert trace["scores"] == pytest.approx(q[3] @ k[1].T)


def test_what_all_heads_leave_at_0_is_covered():
    whole, _ = steps()
    source = brought(whole, WORDS, scores=SCORES, d_k=4)
    trace = source.trace(0, 0, source.settings)
    assert np.array_equal(trace.truth("allowed"), np.tri(5, dtype=bool))
    assert np.isneginf(trace["masked"][0, 1])


def test_parts_of_an_encoder_and_a_decoder_come_together():
    cross = softmax(DRAW.normal(size=(2, 3, 2, 5)))
    parts = encoder_decoder(WEIGHTS, softmax(DRAW.normal(size=(2, 3, 2, 2))), cross, WORDS, ["le", "chat"])
    assert [part.title[""] for part in parts] == ["encoder", "decoder", "cross"]
    assert parts[2].key_tokens == tuple(WORDS)
    assert parts[0].parts == parts


def test_two_sentences_are_shown_each_to_each_and_what_is_cut_off_is_no_fault():
    parts = two_sentences(brought(WEIGHTS, WORDS), 2)
    assert [part.title[""] for part in parts[1:]] == ["A → A", "A → B", "B → A", "B → B"]
    assert np.array_equal(parts[2].given["weights"], WEIGHTS[:, :, :2, 2:])
    assert all(part.record.faults == () for part in parts)


REFUSED = {
    "tokens: expected 5, one for each query of weights \\[5 × 5\\], found 3": (WEIGHTS, WORDS[:3], {}),
    "5 are the keys: give query_tokens and key_tokens, or swap the axes": (WEIGHTS[..., :3, :], WORDS, {}),
    "query and key seem to be swapped": (WEIGHTS[..., :3, :], WORDS, {"key_tokens": WORDS[:3]}),
    "key_tokens: expected 5, one for each key": (WEIGHTS[..., :3, :], WORDS[:3], {}),
    "weights: expected one text, found a batch of 4": (np.ones((2, 4, 3, 5, 5)), WORDS, {}),
    "weights: expected from 2 to 4 axes, found 1": (np.ones(5), WORDS, {}),
    "expected parts of one shape, found weights\\[0\\] of 1 × 2 and weights\\[1\\] of 2 × 1": (
        [np.ones((1, 2)), np.ones((2, 1))],
        WORDS,
        {},
    ),
    "weights\\[0\\]: expected numbers, found None; a model is asked for them with output_attentions": (
        (None, None),
        WORDS,
        {},
    ),
    "expected numbers, found": ([["a", "b"], ["c", "d"]], WORDS, {}),
    "expected real numbers": (np.ones((5, 5), dtype=complex), WORDS, {}),
    "v: expected 5 places of token, found 4": (WEIGHTS, WORDS, {"v": np.ones((2, 3, 4, 2))}),
    "q: expected 2 places of layer, found 1": (WEIGHTS, WORDS, {"q": np.ones((3, 5, 2))}),
    "keys: expected one of": (WEIGHTS, WORDS, {"keys": np.ones(3)}),
    "attention: expected weights": (None, WORDS, {}),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_does_not_fit_is_named(message):
    attention, tokens, arrays = REFUSED[message]
    with pytest.raises(SourceError, match=message):
        brought(attention, tokens, **arrays)


def test_one_head_gives_every_intermediate():
    x, w_q, w_k, w_v = DRAW.normal(size=(3, 4)), *DRAW.normal(size=(3, 4, 2))
    head = kitten_tui.attention(x, w_q, w_k, w_v, mask="causal", tokens="a b c")
    scaled = (x @ w_q) @ (x @ w_k).T / np.sqrt(2.0)
    weights = softmax(np.where(np.tri(3, dtype=bool), scaled, -np.inf))
    assert head["weights"] == pytest.approx(weights, abs=1e-12)
    assert head["context"] == pytest.approx(weights @ x @ w_v, abs=1e-12)
    assert {"q", "k", "v", "scores", "scaled", "masked", "weights", "context"} <= set(head)
    other = kitten_tui.attention(x, w_q, w_k, w_v, mask=np.tri(3), scale=4.0)
    assert other["scaled"] == pytest.approx(head["scores"] / 4.0)
    assert np.isneginf(other["masked"][0, 1])
    plain = kitten_tui.attention(x, w_q, w_k, w_v, scale=False)
    assert plain["scaled"] == pytest.approx(plain["scores"])


def test_tensors_of_torch_are_read_in_every_precision():
    torch = pytest.importorskip("torch")
    for dtype, exact in ((torch.float64, 1e-12), (torch.float32, 1e-7), (torch.float16, 1e-3), (torch.bfloat16, 1e-2)):
        tensor = torch.tensor(WEIGHTS, dtype=dtype, requires_grad=True)
        source = brought(tensor, WORDS)
        assert source.given["weights"] == pytest.approx(WEIGHTS, abs=exact)
        assert source.record.faults == ()


def test_numbers_of_other_kinds_become_floats():
    assert array_of(np.eye(2, dtype=int), "x").dtype == np.float64
    assert array_of(np.eye(2, dtype=bool), "x").dtype == np.bool_
