"""Texts are cut as transformers' AutoTokenizer cuts them, and pieces are shown as people read them."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from stored import CHECKPOINTS

from kitten_tui.sources.checkpoint.config import read_config
from kitten_tui.sources.checkpoint.tokenizer import read_tokenizer
from kitten_tui.sources.checkpoint.tokens import Tokens
from kitten_tui.sources.errors import SourceError


@cache
def stored() -> dict[str, Any]:
    return json.loads(gzip.decompress((CHECKPOINTS / "tokens.json.gz").read_bytes()))


def place(case: dict[str, Any], tmp_path: Path) -> Path:
    """A copy of the folder with other files."""
    folder = Path(shutil.copytree(CHECKPOINTS / case["folder"], tmp_path / "model"))
    for name, content in case["files"].items():
        if content is None:
            (folder / name).unlink()
        elif name == "tokenizer.model":
            (folder / name).write_bytes(base64.b64decode(stored()["models"][content["model"]]))
        else:
            (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return folder


@pytest.mark.parametrize("number", range(len(stored()["cases"])))
def test_every_text_has_the_tokens_of_transformers(number, tmp_path):
    case = stored()["cases"][number]
    folder = place(case, tmp_path)
    said = json.loads((folder / "config.json").read_text())
    tokenizer, _ = read_tokenizer(folder, said["model_type"], said.get("tokenizer_class"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    wrong = {
        text: (tokenizer.encode(text).ids, ids)
        for text, ids in zip(stored()["texts"], case["ids"], strict=True)
        if tokenizer.encode(text).ids != ids
    }
    assert not wrong


# As people read them


def tokens(folder: str, tmp_path: Path, said: dict[str, Any], more: int = 0) -> Tokens:
    """With so many rows more than the embedding has."""
    copy = place({"folder": folder, "files": {"tokenizer_config.json": said}}, tmp_path)
    config = read_config(copy / "config.json")
    return Tokens(copy, replace(config, n_vocab=config.n_vocab + more))


WRITTEN = ["café", "<|début|>", "▁kept▁", "Ġas it is", "猫<0x41>"]


@pytest.mark.parametrize("special", [True, False])
@pytest.mark.parametrize("folder", ["gpt2", "llama", "qwen2", "roberta"])
def test_an_added_token_is_shown_as_it_is_written(folder, special, tmp_path):
    """Whether it stands in the text or is what comes next."""
    there = json.loads((CHECKPOINTS / folder / "tokenizer.json").read_text())["added_tokens"]
    decoder = {str(token["id"]): {key: token[key] for key in token if key != "id"} for token in there}
    top = read_config(CHECKPOINTS / folder / "config.json").n_vocab
    flags = {"lstrip": False, "rstrip": False, "single_word": False, "normalized": False, "special": special}
    decoder |= {str(top - len(WRITTEN) + place): {"content": text} | flags for place, text in enumerate(WRITTEN)}
    kept = tokens(folder, tmp_path, {"added_tokens_decoder": decoder}, more=9)
    for text in WRITTEN:
        assert kept.piece(kept.tokenizer.token_to_id(text)) == text
        assert text in kept.read(f"the {text} cat", 64).pieces


def test_a_text_with_a_token_that_has_no_row_is_refused_and_others_are_read(tmp_path):
    kept = tokens("gpt2", tmp_path, {"extra_special_tokens": ["<new>"]})
    assert kept.read("the cat", 64).pieces == ("the", " cat")
    with pytest.raises(SourceError, match=r"tokenizer.json: expected tokens from 0 to \d+, found \d+"):
        kept.read("the <new> cat", 64)


BROKEN = [
    ("tokenizer_config.json", "{", "tokenizer_config.json: expected a tokenizer: Expecting"),
    ("tokenizer_config.json", "[]", "tokenizer_config.json: expected a tokenizer: an object, found list"),
    ("tokenizer_config.json", '{"added_tokens_decoder": {"x": {}}}', "tokenizer.json: expected a tokenizer: "),
    ("tokenizer_config.json", '{"added_tokens_decoder": [1]}', "tokenizer.json: expected a tokenizer: "),
    ("tokenizer_config.json", '{"do_lower_case": "x"}', "tokenizer.json: expected a tokenizer: "),
    ("added_tokens.json", "{", "added_tokens.json: expected a tokenizer: "),
    ("special_tokens_map.json", "7", "special_tokens_map.json: expected a tokenizer: an object, found int"),
    ("tokenizer.model", "hello", "tokenizer.model: expected a tokenizer of SentencePiece: "),
    ("tokenizer.model", "", "tokenizer.model: expected a tokenizer of SentencePiece: expected pieces, found none"),
    ("tokenizer.model", "\x0a\x7fa", "tokenizer.model: expected a tokenizer of SentencePiece: a field reaches beyond"),
]


@pytest.mark.parametrize(("file", "content", "fragment"), BROKEN)
def test_a_broken_file_of_a_tokenizer_is_named(file, content, fragment, tmp_path):
    files: dict[str, Any] = {file: content}
    folder = "bert"
    if file == "tokenizer.model":
        files, folder = files | {"tokenizer.json": None}, "llama"
    copy = place({"folder": folder, "files": {}}, tmp_path)
    for name, text in files.items():
        (copy / name).unlink(missing_ok=True)
        if text is not None:
            (copy / name).write_text(text, encoding="latin-1")
    with pytest.raises(SourceError) as error:
        Tokens(copy, read_config(copy / "config.json"))
    assert fragment in str(error.value)


@pytest.mark.parametrize(
    ("folder", "wanted"),
    [
        ("bert", "expected tokenizer.json or vocab.txt, found none"),
        ("gpt2", "expected tokenizer.json or vocab.json and merges.txt, found none"),
        ("mistral", "expected tokenizer.json or tokenizer.model, found none"),
    ],
)
def test_a_folder_without_a_tokenizer_says_what_would_be_one(folder, wanted, tmp_path):
    copy = place({"folder": folder, "files": {"tokenizer.json": None}}, tmp_path)
    with pytest.raises(SourceError, match=wanted):
        Tokens(copy, read_config(copy / "config.json"))
