"""Two texts in a model: side by side in an encoder, or one read and one written, with the numbers of transformers."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from safetensors.numpy import load_file, save_file
from stored import CHECKPOINTS, FAMILIES, FAMILY_NAMES, NEAR, stored_family

from kitten_tui.core.cell import Cell
from kitten_tui.core.measures import MEASURES
from kitten_tui.core.source import next_part
from kitten_tui.core.workings import Workings
from kitten_tui.desk.selection import Selection
from kitten_tui.ink.formula import Sum, arithmetic
from kitten_tui.paper.check import checks
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.checkpoint.texts import TWO_STACKS, TWO_TEXTS, open_texts
from kitten_tui.sources.errors import SourceError
from kitten_tui.stages import stages_of
from kitten_tui.stages.stage import turn_to
from kitten_tui.stages.view import View
from kitten_tui.words import LANGUAGES, Words

STACKED = [name for name in FAMILY_NAMES if "second" in stored_family(name)]
PAIRED = sorted(path.parent.relative_to(CHECKPOINTS).as_posix() for path in CHECKPOINTS.rglob("pair.npz"))


def near(made: object, wanted: np.ndarray) -> None:
    array = np.array(made)
    assert array.shape == wanted.shape
    assert float(np.abs(array - wanted).max()) < NEAR * max(1.0, float(np.abs(wanted).max()))


def computed(reading: Reading) -> Reading:
    assert reading.survey is not None
    while reading.ready < reading.n_layers:
        reading.survey.advance(lambda: None)
    return reading


@cache
def stack(name: str, part: str) -> Reading:
    wanted = stored_family(name)
    return computed(open_texts(Model(FAMILIES / name), str(wanted["text"]), str(wanted["second"]), part))


@cache
def pair(name: str) -> dict[str, np.ndarray]:
    with np.load(CHECKPOINTS / name / "pair.npz") as file:
        return dict(file)


@cache
def side(name: str, part: str) -> Reading:
    wanted = pair(name)
    return computed(open_texts(Model(CHECKPOINTS / name), str(wanted["text"]), str(wanted["second"]), part))


def of_heads(reading: Reading, name: str) -> np.ndarray:
    """[layer, head, …]"""
    every = [
        [reading.trace(layer, head, reading.settings)[name] for head in range(reading.n_heads)]
        for layer in range(reading.n_layers)
    ]
    return np.array(every)


# One read, one written


@pytest.mark.parametrize("part", TWO_STACKS)
@pytest.mark.parametrize("name", STACKED)
def test_each_stack_has_the_numbers_of_transformers(name, part):
    reading, wanted = stack(name, part), stored_family(name)
    begin = "" if part == "encoder" else f"{part}_"
    assert list(reading.ids) == wanted["ids" if part == "encoder" else "decoder_ids"].tolist()
    near(of_heads(reading, "weights"), wanted[f"{begin}attentions"])
    for role in "qkv":
        near(of_heads(reading, role), wanted[f"{begin}{role}"])


def hidden(reading: Reading) -> np.ndarray:
    """As transformers has them: what enters each layer, and what leaves the last.  -> [layer, token, d_model]"""
    after, layers = reading.model.config.family.norms_after, range(reading.n_layers)
    made = [reading.entering(layer) if after else reading.stream(layer) for layer in layers]
    return np.array([*made, reading.model.leaving(reading.stream(reading.n_layers))])


@pytest.mark.parametrize("name", STACKED)
def test_what_leaves_the_layers_of_a_decoder_is_that_of_transformers(name):
    reading, wanted = stack(name, "decoder"), stored_family(name)
    last = reading.stream(reading.n_layers)
    near(hidden(reading), wanted["decoder_hidden_states"])
    if "decoder_logits" in wanted:
        assert reading.next_tokens is not None
        near([reading.model.logits(reading.model.last(row)) for row in last], wanted["decoder_logits"])


@pytest.mark.parametrize("part", TWO_STACKS)
@pytest.mark.parametrize("name", STACKED)
def test_the_lines_of_each_stack_give_what_is_computed_at_once(name, part):
    reading = stack(name, part)
    for layer in range(reading.n_layers):
        joined = reading.joined(layer, reading.settings)
        near(joined["concat"], np.concatenate(of_heads(reading, "context")[layer], axis=1))
        assert joined.outer is not None
        near(joined.outer.by_line("x"), reading.entering(layer))
        if not layer or part == "cross" or not reading.model.config.family.norms_after:
            near(joined.outer.by_line("stream"), reading.stream(layer))
    assert all(check.passed for check in checks(reading, reading.settings))


def test_cross_attention_looks_from_what_is_written_at_what_was_read():
    encoder, decoder, cross = (stack("t5", part) for part in TWO_STACKS)
    assert (cross.tokens, cross.key_tokens) == (decoder.tokens, encoder.tokens)
    assert decoder.tokens[0] == "<pad>"
    workings = Workings(cross, cross.settings, 1)
    key = workings.derive(Cell("k", (2, 1), head=1, layer=1))
    assert {operand.cell.name for term in key.terms for operand in term if operand.cell} == {"memory", "w_k"}
    assert np.array_equal(workings.array("memory"), encoder.model.leaving(encoder.stream(encoder.n_layers)))
    assert cross.masks == ("none",)
    assert cross.next_tokens is None


def test_what_cross_attention_adds_is_a_part_of_the_decoders_stream():
    decoder, cross = stack("t5", "decoder"), stack("t5", "cross")
    derivation = Workings(decoder, decoder.settings, 1).derive(Cell("stream", (2, 3), layer=1))
    added = {operand.cell.name: operand.value for term in derivation.terms for operand in term if operand.cell}
    assert set(added) == {"stream", "output", "crossed", "mlp"}
    assert added["crossed"] == pytest.approx(float(cross.joined(0, cross.settings)["output"][2, 3]))


def test_parts_follow_one_another_and_share_what_was_computed():
    parts = open_texts(Model(FAMILIES / "bart"), "the cat saw", "a dog").parts
    assert [part.part for part in parts] == list(TWO_STACKS)
    assert [next_part(part) for part in parts] == [*parts[1:], parts[0]]
    assert parts[1].survey is not None
    parts[1].survey.advance(lambda: None)
    assert (parts[0].ready, parts[1].ready, parts[2].ready) == (parts[0].n_layers, 1, 1)


def test_without_a_second_text_a_decoder_has_its_start_alone():
    encoder = open_texts(Model(FAMILIES / "t5"), "the cat saw")
    assert encoder.part == "encoder"
    assert encoder.parts[1].tokens == ("<pad>",)
    assert computed(encoder.parts[2]).key_tokens == encoder.tokens


def test_another_text_is_looked_at_in_the_same_part():
    cross = open_texts(Model(FAMILIES / "t5"), "the cat saw", "a dog")
    assert cross.part == "cross"
    assert cross.read("the dog ran").key_tokens == ("the", "dog", "ran")
    again = cross.read_second("the cat ran")
    assert (again.tokens, again.key_tokens) == (("<pad>", "the", "cat", "ran"), ("the", "cat", "saw"))


# Two side by side


@pytest.mark.parametrize("name", PAIRED)
def test_two_texts_side_by_side_have_the_numbers_of_transformers(name):
    whole, wanted = side(name, "whole"), pair(name)
    assert list(whole.ids) == wanted["ids"].tolist()
    near(of_heads(whole, "weights"), wanted["attentions"])
    near(
        [whole.entering(0), whole.entering(1)], wanted["hidden_states"][:2]
    ) if whole.model.config.family.norms_after else None
    assert whole.sides is not None
    first = wanted["sequence_ids"].tolist().index(1)
    assert whole.sides == (0,) * first + (1,) * (len(whole.ids) - first)
    assert all(check.passed for check in checks(whole, whole.settings))


@pytest.mark.parametrize("part", TWO_TEXTS[1:])
@pytest.mark.parametrize("name", PAIRED)
@pytest.mark.first_is_quick
def test_a_side_has_the_numbers_of_the_whole(name, part):
    whole, one = side(name, "whole"), side(name, part)
    first = whole.sides.index(1)
    places = {"A": slice(0, first), "B": slice(first, None)}
    rows, keys = places[part[0]], places[part[2]]
    assert (one.tokens, one.key_tokens) == (whole.tokens[rows], whole.tokens[keys])
    for quantity in ("scores", "weights"):
        near(of_heads(one, quantity), of_heads(whole, quantity)[:, :, rows, keys])
    sums = of_heads(whole, "weights")[:, :, rows, keys].sum(axis=-1)
    near(of_heads(one, "weight_sum"), sums)
    near(of_heads(one, "context"), of_heads(whole, "weights")[:, :, rows, keys] @ of_heads(whole, "v")[:, :, keys])
    assert all(check.passed for check in checks(one, one.settings))
    assert len(one.heads) == one.n_layers * one.n_heads
    assert set(one.heads[0].measures) == set(MEASURES)


def test_tokens_of_each_text_get_their_own_segment():
    whole = side("bert", "whole")
    derivation = Workings(whole, whole.settings).derive(Cell("stream", (len(whole.ids) - 1, 0)))
    cells = [operand.cell for term in derivation.terms for operand in term if operand.cell]
    assert ("segment", (len(whole.ids) - 1, 0)) in [(cell.name, cell.index) for cell in cells]


@pytest.mark.parametrize("name", ["t5", "bart"])
def test_a_model_of_two_stacks_is_known_by_its_tensors(name, tmp_path):
    folder = tmp_path / "unnamed"
    shutil.copytree(FAMILIES / name, folder)
    said = json.loads((folder / "config.json").read_text())
    del said["model_type"], said["architectures"]
    (folder / "config.json").write_text(json.dumps(said))
    assert Model(folder).config.model_type == name


def test_a_decoder_begins_with_padding_where_nothing_else_is_said(tmp_path):
    folder = tmp_path / "unsaid"
    shutil.copytree(FAMILIES / "t5", folder)
    said = json.loads((folder / "config.json").read_text()) | {"eos_token_id": [2, 3]}
    del said["decoder_start_token_id"]
    (folder / "config.json").write_text(json.dumps(said))
    assert open_texts(Model(folder), "the cat", "a dog", "decoder").tokens == ("<pad>", "a", "dog")


# On pages


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "part"),
    [*(("t5", part) for part in TWO_STACKS), *(("bart", part) for part in TWO_STACKS)]
    + [(name, part) for name in ("bert", "families/mpnet", "families/modernbert") for part in TWO_TEXTS],
)
def test_every_page_is_drawn_and_every_number_says_what_it_is(name, part):
    source = stack(name, part) if part in TWO_STACKS else side(name, part)
    for layer in range(source.n_layers):
        for number, stage in enumerate(stages_of(source)):
            at = Selection(stage=number, layer=layer, head=1, query=3, key=2)
            page = turn_to(stage, View(source, source.settings, at))
            for language in LANGUAGES:
                words = Words(language)
                assert all(words(said.key, **dict.fromkeys(said.values, "x")) for said in page.readings)
            for figure in page.sheet.stops:
                there = turn_to(stage, page.view.with_(focus=figure.id))
                assert there.derivation is not None
                assert there.derivation.recomputed() == pytest.approx(there.derivation.value, rel=2e-4, abs=2e-4)
                for language in LANGUAGES:
                    assert all(arithmetic(there.derivation, Sum(there.view.workings, Words(language)), 120))


# What is refused


@pytest.mark.parametrize("name", ["gpt2", "llama", "families/opt"])
def test_a_model_that_takes_no_pairs_says_so(name):
    with pytest.raises(SourceError, match="--second: expected a model that takes two texts"):
        open_texts(Model(CHECKPOINTS / name), "the cat", "a dog")
    assert open_texts(Model(CHECKPOINTS / name), "the cat").pairs is None


def test_a_part_that_is_not_there_is_named():
    with pytest.raises(SourceError, match="--part: expected one of encoder, decoder, cross, found A-B"):
        open_texts(Model(FAMILIES / "t5"), "the cat", "a dog", "A-B")
    with pytest.raises(SourceError, match="--part: expected two texts"):
        open_texts(Model(CHECKPOINTS / "bert"), "the cat", None, "A-B")
    with pytest.raises(SourceError, match="--second: expected a sentence"):
        open_texts(Model(CHECKPOINTS / "bert"), "the cat", "  ")


def halved(name: str, folder: Path, leave: str) -> Path:
    """A copy without the tensors whose names have this in them."""
    shutil.copytree(FAMILIES / name, folder)
    tensors = load_file(folder / "model.safetensors")
    save_file({key: tensor for key, tensor in tensors.items() if leave not in key}, folder / "model.safetensors")
    return folder


@pytest.mark.parametrize(
    ("name", "leave", "wanted"),
    [
        ("t5", "encoder.", "expected the encoder of a t5"),
        ("t5", "decoder.", "expected the decoder of a t5"),
        ("t5", "EncDecAttention", "expected the cross-attention of a t5"),
        ("bart", "decoder.", "expected the decoder of a bart"),
        ("bart", "encoder_attn", "expected the cross-attention of a bart"),
        ("t5", "relative_attention_bias", "relative_attention_bias"),
        ("bart", "shared", "found none of this name|embed"),
    ],
)
def test_half_a_model_is_said_to_be_one(name, leave, wanted, tmp_path):
    folder = halved(name, tmp_path / "half", leave)
    with pytest.raises(SourceError, match=wanted) as raised:
        computed(open_texts(Model(folder), "the cat", "a dog", "cross"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("t5", "d_kv", 5),
        ("t5", "num_decoder_layers", 4),
        ("t5", "relative_attention_num_buckets", 32),
        ("t5", "d_ff", 7),
        ("t5", "feed_forward_proj", "gated-relu"),
        ("t5", "decoder_start_token_id", 99),
        ("bart", "decoder_attention_heads", 3),
        ("bart", "decoder_ffn_dim", 24),
        ("bart", "encoder_layers", 1),
        ("bart", "max_position_embeddings", 9),
    ],
)
def test_sizes_that_disagree_are_one_line(name, key, value, tmp_path):
    folder = tmp_path / "other"
    shutil.copytree(FAMILIES / name, folder)
    said = json.loads((folder / "config.json").read_text()) | {key: value}
    (folder / "config.json").write_text(json.dumps(said))
    with pytest.raises(SourceError) as raised:
        computed(open_texts(Model(folder), "the cat saw a dog", "a dog ran", "cross"))
    assert "\n" not in str(raised.value)
