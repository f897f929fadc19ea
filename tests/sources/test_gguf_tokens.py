"""The tokenizer that a GGUF file describes cuts a text as the one of the checkpoint does that it was made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tokenizers")
pytest.importorskip("gguf")

from stored import CHECKPOINTS
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from kitten_tui.sources.checkpoint.gguf_tokens import PRE, tokenizer_of
from kitten_tui.sources.errors import SourceError

FILE = Path("tiny.gguf")
TEXTS = ("the cat saw the kitten", "The kitten, and the dogs!", "猫和狗 看见了 the cat.", "kittens' über-zoo 12")


def in_order(vocabulary: dict[str, int]) -> list[str]:
    return sorted(vocabulary, key=vocabulary.__getitem__)


def described(model: str, tokens: list[str], special: list[str], **other: Any) -> dict[str, Any]:
    """What a file says of its tokenizer."""
    said = {"model": model, "tokens": tokens, "token_type": [3 if token in special else 1 for token in tokens]}
    return {f"tokenizer.ggml.{key}": value for key, value in (said | other).items()}


def same(made: Any, known: Tokenizer) -> None:
    known.no_truncation()
    known.no_padding()
    for text in TEXTS:
        assert made.encode(text).ids == known.encode(text).ids
        assert made.encode(text, TEXTS[0]).ids == known.encode(text, TEXTS[0]).ids
        assert made.encode(text, TEXTS[0]).type_ids == known.encode(text, TEXTS[0]).type_ids


def test_words_of_a_bert_are_cut_into_the_longest_pieces():
    known = Tokenizer.from_file(str(CHECKPOINTS / "bert" / "tokenizer.json"))
    own = in_order(known.get_vocab())
    special = own[:5]
    tokens = [token if token in special else token[2:] if token[:2] == "##" else f"▁{token}" for token in own]
    ids = {f"{key}_token_id": number for number, key in enumerate(("padding", "unknown", "bos", "seperator", "mask"))}
    same(tokenizer_of(FILE, described("bert", tokens, special, **ids), "bert"), known)


@pytest.mark.parametrize(
    ("more", "said", "ids"),
    [((), {}, [2, 3]), (("▁The",), {}, [4, 3]), (("▁The",), {"normalizer.lowercase": True}, [2, 3])],
)
def test_a_vocabulary_with_capitals_tells_them_apart_unless_the_file_says_otherwise(more, said, ids):
    tokens = ["[CLS]", "[UNK]", "▁the", "▁cat", *more]
    frame = {"unknown_token_id": 1, "cls_token_id": 0, "seperator_token_id": 0}
    made = tokenizer_of(FILE, described("bert", tokens, tokens[:2], **frame, **said), "bert")
    assert made.encode("The cat").ids == [0, *ids, 0]


def test_a_roberta_sets_two_texts_apart_as_its_checkpoint_does():
    folder = CHECKPOINTS / "roberta"
    known, file = (
        Tokenizer.from_file(str(folder / "tokenizer.json")),
        json.loads((folder / "tokenizer.json").read_text()),
    )
    merges = [" ".join(pair) for pair in file["model"]["merges"]]
    special = [token["content"] for token in file["added_tokens"]]
    said = described("gpt2", in_order(known.get_vocab()), special, merges=merges, pre="roberta-bpe")
    made = tokenizer_of(FILE, said | {"tokenizer.ggml.bos_token_id": 0, "tokenizer.ggml.eos_token_id": 2}, "bert")
    for text in TEXTS:
        assert made.encode(text).ids == known.encode(text).ids
        assert made.encode(text, TEXTS[0]).ids == known.encode(text, TEXTS[0]).ids


PIECES = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), ("▁the", -1.0), ("▁cat", -3.0), ("s", -2.5)]
PIECES += [("▁c", -4.0), ("at", -3.5), ("t", -5.0), ("h", -5.0), ("e", -5.0)]


def test_a_t5_takes_the_likeliest_pieces_and_ends_a_text():
    known = Tokenizer(models.Unigram(PIECES, 2))
    known.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    known.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokens, scores = [text for text, _ in PIECES], [score for _, score in PIECES]
    kinds = [3, 3, 2, *(1 for _ in tokens[3:])]
    said = described("t5", tokens, [], scores=scores, eos_token_id=1, add_space_prefix=True)
    made = tokenizer_of(FILE, said | {"tokenizer.ggml.token_type": kinds}, "t5")
    for text in ("the cats", "that cat", "the the", "ccc the"):
        assert made.encode(text).ids == known.encode(text).ids
    trims = tokenizer_of(
        FILE, said | {"tokenizer.ggml.token_type": kinds, "tokenizer.ggml.remove_extra_whitespaces": True}, "t5"
    )
    assert trims.encode("  the   cats ").ids == known.encode("the cats").ids


CUT = {
    "falcon": ("a+b 1234", ["a", "+", "b", "Ġ", "123", "4"]),
    "bloom": ("Hi, you (now)", ["Hi", ",", "Ġyou", "Ġ(", "now", ")"]),
    "gpt-4o": ("HelloWorld don't 12345", ["Hello", "World", "Ġdon't", "Ġ", "123", "45"]),
    "glm4": ("HelloWorld don't 12345", ["HelloWorld", "Ġdon", "'t", "Ġ", "123", "45"]),
    "stablelm2": ("don't 12", ["don", "'t", "Ġ", "1", "2"]),
    "command-r": ("don't 12", ["don", "'t", "Ġ", "1", "2"]),
    "phi-2": ("don't 12", ["don", "'t", "Ġ12"]),
}


@pytest.mark.parametrize("pre", CUT)
def test_a_text_is_cut_into_words_as_the_name_says(pre):
    text, words = CUT[pre]
    assert [word for word, _ in PRE[pre]().pre_tokenize_str(text)] == words


@pytest.mark.parametrize("key", ["bos", "seperator", "unknown"])
def test_a_token_that_is_not_there_is_refused_by_its_key(key):
    said = described("bert", ["[CLS]", "[UNK]", "▁the"], [], bos_token_id=0, seperator_token_id=0, unknown_token_id=1)
    with pytest.raises(SourceError, match=rf"tokenizer\.ggml\.{key}_token_id: expected one of 3 tokens, found 7"):
        tokenizer_of(FILE, said | {f"tokenizer.ggml.{key}_token_id": 7}, "bert")
