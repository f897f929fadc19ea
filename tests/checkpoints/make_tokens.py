"""Makes tokens.json.gz: how transformers' AutoTokenizer cuts fifty texts with the tiny tokenizers of this folder.

    python tests/checkpoints/make_tokens.py     # needs transformers, sentencepiece and protobuf

Every case is a folder, the files that are written into a copy of it or taken away (null), and the numbers of the tokens
of every text. A tokenizer.model is stored once, as base64, and named in the cases that have it.
"""

from __future__ import annotations

import base64
import gzip
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sentencepiece
import transformers

HERE = Path(__file__).resolve().parent
TEXTS = [
    "the cat saw the dog",
    " the cat",
    "  two  spaces  ",
    "the\ncat\n\nsaw",
    "\tthe\tcat",
    "The Cat SAW THE DOG",
    "Café crème brûlée, naïve façade",
    "CAFE\u0301",
    "猫和狗看见了猫。",
    "the猫saw狗",
    "cat🐱dog🐶",
    "👩‍👩‍👧 family",
    "don't we're I'll he'd",
    "DON'T WE'RE",
    "0123456789 3.14 1,000",
    "a-b_c/d\\e",
    "(why?) [yes] {no} <maybe>",
    "<s>the cat</s>",
    "<|endoftext|>the cat<|endoftext|>",
    "[CLS] the cat [SEP]",
    "[MASK] sat <mask> on",
    "the [MASK]cat",
    "<pad><unk>",
    "<|im_start|>user\nthe cat<|im_end|>",
    "extraordinary unbelievable kittens",
    "the cat saw the kittens, 猫 and 🐱",
    "",
    " ",
    "\u00a0the\u00a0cat",
    "the\u200bcat",
    "\u3000全角　空格",
    "ﬁ ﬂ ½ ①",
    "Ελληνικά Русский עברית العربية",
    "ÄÖÜ äöü ß ẞ",
    "İstanbul ı I i",
    "\x00\x01the\x7f",
    "the\r\ncat",
    "▁the▁cat",
    "Ġthe Ġcat",
    "<0x41><0xE7>",
    "##ten kit##ten",
    "e\u0301\u0302 o\u0308",
    "日本語のテキスト",
    "한국어 텍스트",
    "café<new>café",
    "<new> the <new>",
    "the<new>cat",
    "NEW new <NEW>",
    "x" * 120,
    "the cat saw the dog and the cat ran to the kitten " * 3,
]
Files = dict[str, Any]
MODELS = {"bpe": "identity", "unigram": "nmt_nfkc"}
"""Kinds of SentencePiece and what they do to a text before."""


def added(content: str, **flags: bool) -> Files:
    keys = ("single_word", "lstrip", "rstrip", "normalized", "special")
    return {"content": content} | dict.fromkeys(keys, False) | flags


def tokens_of(folder: str) -> dict[str, int]:
    return json.loads((HERE / folder / "tokenizer.json").read_text())["model"]["vocab"]


def named(name: str, **said: Any) -> Files:
    return {"tokenizer_config.json": {"tokenizer_class": name} | said}


def cases() -> Iterator[tuple[str, Files]]:
    for folder in (
        "bert",
        "bert-old",
        "distilbert",
        "roberta",
        "gpt2",
        "gpt_neox",
        "qwen2",
        "qwen3",
        "llama",
        "mistral",
    ):
        yield folder, {}
        yield folder, {"tokenizer_config.json": {}}
        yield folder, named("PreTrainedTokenizerFast")
        yield folder, {"tokenizer_config.json": {"extra_special_tokens": ["<new>"]}}
        yield folder, {"added_tokens.json": {"café": 400}}
    for folder in ("bert", "distilbert"):
        for said in (
            {"do_lower_case": False},
            {"strip_accents": False},
            {"strip_accents": True, "do_lower_case": False},
            {"tokenize_chinese_chars": False},
            {"cls_token": "[SEP]"},
            {"mask_token": {"__type": "AddedToken", **added("[MASK]", lstrip=True)}},
        ):
            yield folder, {"tokenizer_config.json": said}
        yield folder, named("BertTokenizer", do_lower_case=False)
        yield folder, named("DistilBertTokenizerFast", tokenize_chinese_chars=False)
        vocabulary = tokens_of(folder)
        lines = "\n".join(sorted(vocabulary, key=vocabulary.__getitem__)) + "\n"
        yield folder, {"tokenizer.json": None, "vocab.txt": lines}
        yield folder, {"tokenizer.json": None, "vocab.txt": lines, "tokenizer_config.json": {"do_lower_case": False}}
        decoder = {"0": added("[PAD]", special=True), "1": added("[UNK]", special=True), "90": added("café")}
        yield folder, {"tokenizer_config.json": {"added_tokens_decoder": decoder}}
    for folder, name in (("gpt2", "GPT2Tokenizer"), ("roberta", "RobertaTokenizer"), ("qwen2", "Qwen2Tokenizer")):
        yield folder, named(name, add_prefix_space=True)
        yield folder, named(name + "Fast", add_bos_token=True)
        model = json.loads((HERE / folder / "tokenizer.json").read_text())["model"]
        merges = "#version: 0.2\n" + "\n".join(" ".join(pair) for pair in model["merges"]) + "\n"
        files: Files = {"tokenizer.json": None, "vocab.json": model["vocab"], "merges.txt": merges}
        yield folder, files
        yield folder, files | named(name, add_prefix_space=True)
        yield folder, files | named(name, add_bos_token=True, bos_token="<|endoftext|>")
        yield folder, {"special_tokens_map.json": {"pad_token": added("<pad>", lstrip=True)}}
        decoder = {"300": added("<new>", lstrip=True, rstrip=True), "301": added("café", normalized=True)}
        yield folder, {"tokenizer_config.json": {"added_tokens_decoder": decoder}}
    yield "gpt_neox", named("GPTNeoXTokenizer", add_prefix_space=True)
    yield "qwen3", named("Qwen2Tokenizer", add_prefix_space=True)
    yield "qwen2", named("GPT2Tokenizer")
    yield "qwen3", named("GPT2Tokenizer")
    yield "gpt2", named("LlamaTokenizer")
    for folder in ("llama", "mistral"):
        for name in ("LlamaTokenizer", "LlamaTokenizerFast"):
            yield folder, named(name)
            yield folder, named(name, legacy=True, add_prefix_space=True)
            yield folder, named(name, legacy=False, add_bos_token=False)
            yield folder, named(name, add_prefix_space=False)
        for kind in MODELS:
            model: Files = {"tokenizer.json": None, "tokenizer.model": {"model": kind}}
            yield folder, model
            yield folder, model | named("LlamaTokenizer")
            yield folder, model | named("LlamaTokenizer", legacy=True, add_bos_token=True, add_eos_token=True)
            yield folder, model | named("LlamaTokenizer", extra_special_tokens=["<new>"])
            decoder = {
                "0": added("<unk>", special=True),
                "1": added("<s>", special=True),
                "2": added("</s>", special=True),
            }
            yield folder, model | named("LlamaTokenizer", added_tokens_decoder=decoder, add_bos_token=True)


def pieces(kind: str) -> bytes:
    """A tokenizer.model that SentencePiece trains on the words of the tiny tokenizers."""
    with tempfile.TemporaryDirectory() as scratch:
        text = Path(scratch, "text")
        text.write_text("\n".join(TEXTS[:26] * 4), encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(
            input=str(text),
            model_prefix=f"{scratch}/model",
            model_type=kind,
            vocab_size=420,
            byte_fallback=True,
            character_coverage=0.98,
            user_defined_symbols=["<new>"] if kind == "unigram" else [],
            minloglevel=2,
            normalization_rule_name=MODELS[kind],
            num_threads=1,
            hard_vocab_limit=False,
        )
        return Path(scratch, "model.model").read_bytes()


def write(folder: Path, files: Files, models: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.unlink()
        elif name == "tokenizer.model":
            path.write_bytes(models[content["model"]])
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def main() -> None:
    transformers.logging.set_verbosity_error()
    stored, models = [], {kind: pieces(kind) for kind in MODELS}
    for folder, files in cases():
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(shutil.copytree(HERE / folder, Path(scratch, "model")))
            write(copy, files, models)
            try:
                tokenizer = transformers.AutoTokenizer.from_pretrained(copy)
                ids = [tokenizer(text, truncation=False, padding=False)["input_ids"] for text in TEXTS]
            except Exception as error:
                print(f"{folder} {files.get('tokenizer_config.json')}: {type(error).__name__}: {str(error)[:100]}")
                continue
        stored.append({"folder": folder, "files": files, "ids": ids})
    told = {kind: base64.b64encode(model).decode() for kind, model in models.items()}
    data = json.dumps({"texts": TEXTS, "models": told, "cases": stored}, separators=(",", ":")).encode()
    (HERE / "tokens.json.gz").write_bytes(gzip.compress(data, 9, mtime=0))
    print(f"{len(stored)} cases of {len(TEXTS)} texts")


if __name__ == "__main__":
    main()
