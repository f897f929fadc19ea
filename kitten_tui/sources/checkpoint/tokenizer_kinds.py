"""The classes of tokenizers that transformers puts together itself, each by what it does to a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

PIECES = "tokenizer.model"

Json = dict[str, Any]
Merges = list[tuple[str, str]]

QWEN_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@dataclass(frozen=True)
class Kind:
    """A class of tokenizers."""

    files: tuple[str, ...]
    """What holds the vocabulary where there is no tokenizer.json."""
    special: Mapping[str, str]
    """The tokens with a meaning, where nothing else is said."""
    build: Callable[[Json, Merges, Json], Any]
    """From a vocabulary, merges and tokenizer_config.json."""


def _bert(vocabulary: Json, merges: Merges, said: Json) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    tokenizer: Any = Tokenizer(models.WordPiece(vocabulary, unk_token=content_of(said["unk_token"])))
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=said.get("tokenize_chinese_chars", True),
        strip_accents=said.get("strip_accents"),
        lowercase=said.get("do_lower_case", True),
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    return tokenizer


def _bytes(vocabulary: Json, merges: Merges, said: Json) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    # Nothing that belongs to no token is left out: all bytes are tokens.
    tokenizer: Any = Tokenizer(models.BPE(vocabulary, merges, continuing_subword_prefix="", end_of_word_suffix=""))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=bool(said.get("add_prefix_space", False)))
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _neox(vocabulary: Json, merges: Merges, said: Json) -> Any:
    from tokenizers import normalizers

    tokenizer = _bytes(vocabulary, merges, said)
    tokenizer.normalizer = normalizers.NFC()
    return tokenizer


def _qwen(vocabulary: Json, merges: Merges, said: Json) -> Any:
    from tokenizers import Regex, normalizers, pre_tokenizers

    tokenizer = _bytes(vocabulary, merges, said)
    tokenizer.normalizer = normalizers.NFC()
    words = pre_tokenizers.Split(Regex(QWEN_WORDS), behavior="isolated", invert=False)
    space = bool(said.get("add_prefix_space", False))
    signs = pre_tokenizers.ByteLevel(add_prefix_space=space, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([words, signs])
    return tokenizer


def _llama(vocabulary: Json, merges: Merges, said: Json) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    tokenizer: Any = Tokenizer(models.BPE(vocabulary, merges, fuse_unk=True, byte_fallback=True))
    space = said.get("add_prefix_space")
    scheme = "never" if space is False else "always" if said.get("legacy", False) else "first"
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme=scheme, split=False)
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return tokenizer


_BPE_FILES = ("vocab.json", "merges.txt")
_END = "<|endoftext|>"
KINDS = {
    "BertTokenizer": Kind(
        ("vocab.txt",),
        {
            "unk_token": "[UNK]",
            "sep_token": "[SEP]",
            "pad_token": "[PAD]",
            "cls_token": "[CLS]",
            "mask_token": "[MASK]",
        },
        _bert,
    ),
    "GPT2Tokenizer": Kind(_BPE_FILES, {"unk_token": _END, "bos_token": _END, "eos_token": _END}, _bytes),
    "RobertaTokenizer": Kind(
        _BPE_FILES,
        {
            "bos_token": "<s>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "cls_token": "<s>",
            "unk_token": "<unk>",
            "pad_token": "<pad>",
            "mask_token": "<mask>",
        },
        _bytes,
    ),
    "Qwen2Tokenizer": Kind(_BPE_FILES, {"unk_token": _END, "eos_token": _END, "pad_token": _END}, _qwen),
    "GPTNeoXTokenizer": Kind(
        _BPE_FILES,
        {"unk_token": _END, "bos_token": _END, "eos_token": _END, "pad_token": "<|padding|>"},
        _neox,
    ),
    "LlamaTokenizer": Kind((PIECES,), {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}, _llama),
}
ALIASES = {
    "DistilBertTokenizer": "BertTokenizer",
    "ElectraTokenizer": "BertTokenizer",
    "BartTokenizer": "RobertaTokenizer",
    "LongformerTokenizer": "RobertaTokenizer",
}
OF_MODEL = {
    "bert": "BertTokenizer",
    "distilbert": "BertTokenizer",
    "roberta": "RobertaTokenizer",
    "gpt2": "GPT2Tokenizer",
    "gpt_neox": "GPTNeoXTokenizer",
    "qwen2": "Qwen2Tokenizer",
    "qwen3": "Qwen2Tokenizer",
}
"""The class of a model's tokenizer where none is named; llama and mistral have none of their own."""


def content_of(token: Any) -> str:
    """A token as it is written, whether it is said alone or with what it does to the spaces beside it."""
    return str(token["content"]) if isinstance(token, dict) else str(token)
