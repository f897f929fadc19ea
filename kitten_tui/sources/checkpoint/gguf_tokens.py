"""The tokenizer that a GGUF file describes: tokens with merges or scores, and how a text is cut before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kitten_tui.sources.checkpoint.gguf import Metadata
from kitten_tui.sources.checkpoint.sentencepiece import BPE, CONTROL, UNIGRAM, USER, Piece, Pieces
from kitten_tui.sources.checkpoint.tokenizer_kinds import QWEN_WORDS
from kitten_tui.sources.errors import SourceError

_BLOOM_WORDS = r" ?[^(\s|.,!?…。，、।۔،)]+"
_ENDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_GPT4O_WORDS = (
    rf"[^\r\n\p{{L}}\p{{N}}]?[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}]*[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}]+{_ENDS}|"
    rf"[^\r\n\p{{L}}\p{{N}}]?[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}]+[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}]*{_ENDS}|"
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_LLAMA3_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
    r"\s*[\r\n]+|\s+(?!\S)|\s+"
)


def _plain() -> Any:
    from tokenizers import pre_tokenizers

    return pre_tokenizers.ByteLevel(add_prefix_space=False)


def _digits() -> Any:
    from tokenizers import pre_tokenizers

    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), _plain()])


def _words(pattern: str) -> Callable[[], Any]:
    def cut() -> Any:
        from tokenizers import Regex, pre_tokenizers

        signs = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), behavior="isolated"), signs])

    return cut


def _falcon() -> Any:
    from tokenizers import Regex, pre_tokenizers

    marks = pre_tokenizers.Split(Regex(r"[\p{P}$+<=>^~|`]+"), behavior="isolated")
    threes = pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), behavior="isolated")
    return pre_tokenizers.Sequence([marks, _plain(), threes])


PRE: dict[str, Callable[[], Any]] = {
    "gpt-2": _plain,
    "phi-2": _plain,
    "olmo": _plain,
    "mpt": _plain,
    "roberta-bpe": _plain,
    "modern-bert": _plain,
    "smollm": _digits,
    "starcoder": _digits,
    "refact": _digits,
    "command-r": _digits,
    "falcon": _falcon,
    "bloom": _words(_BLOOM_WORDS),
    "gpt-4o": _words(_GPT4O_WORDS),
    "chatglm-bpe": _words(_LLAMA3_WORDS),
    "glm4": _words(_LLAMA3_WORDS),
    "stablelm2": _words(QWEN_WORDS),
    "llama-bpe": _words(_LLAMA3_WORDS),
    "llama3": _words(_LLAMA3_WORDS),
    "smaug-bpe": _words(_LLAMA3_WORDS),
    "qwen2": _words(QWEN_WORDS),
    "deepseek-r1-qwen": _words(QWEN_WORDS),
}
"""How a text is cut into words, by the name that the file gives."""
COMPOSED = ("qwen2", "deepseek-r1-qwen", "olmo", "mpt")
"""Those whose checkpoints put letters and their accents together before."""
FRAMED = ("llama-bpe", "llama3", "smaug-bpe")
"""Those that begin with a token of their own where the file does not say."""


MODELS = ("gpt2", "llama", "t5", "bert")
"""Those that cut by merges, by merges of the best score, into the likeliest pieces, into the longest."""
UNKNOWN_KIND = 2
BERT_IDS = {"bos": 101, "eos": 102, "unknown": 100}
"""What holds of a bert where the file does not say."""


def tokenizer_of(path: Path, said: Metadata, architecture: str) -> Any:
    """The tokenizer of a file.

    Raises:
        SourceError: its description is not there, or of a kind that is not known.
    """
    model = said.get("tokenizer.ggml.model")
    tokens, kinds = said.get("tokenizer.ggml.tokens"), said.get("tokenizer.ggml.token_type")
    if model not in MODELS:
        shown = "nothing" if model is None else str(model)[:40]
        raise SourceError(f"{path}: tokenizer.ggml.model: expected one of {', '.join(MODELS)}, found {shown}")
    if not isinstance(tokens, list) or not tokens:
        raise SourceError(f"{path}: tokenizer.ggml.tokens: expected tokens, found none")
    types = [1] * len(tokens) if kinds is None else [int(kind) for kind in kinds]
    if len(types) != len(tokens):
        raise SourceError(
            f"{path}: tokenizer.ggml.token_type: expected one for each of {len(tokens)}, found {len(types)}"
        )
    match model:
        case "gpt2":
            tokenizer = _merged(path, said, tokens, architecture)
        case "bert":
            tokens = _marked(tokens, types)
            tokenizer = _longest(path, said, tokens, types)
        case _:
            tokenizer = _scored(path, said, tokens, types, UNIGRAM if model == "t5" else BPE)
    _add(tokenizer, tokens, types)
    _frame(path, tokenizer, said, tokens, architecture)
    return tokenizer


def _merged(path: Path, said: Metadata, tokens: list[str], architecture: str) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers

    pre = said.get("tokenizer.ggml.pre", "gpt-2" if architecture == "gpt2" else None)
    if pre not in PRE:
        shown = "nothing" if pre is None else str(pre)[:40]
        raise SourceError(f"{path}: tokenizer.ggml.pre: expected one of {', '.join(PRE)}, found {shown}")
    merges = said.get("tokenizer.ggml.merges")
    if not isinstance(merges, list):
        raise SourceError(f"{path}: tokenizer.ggml.merges: expected merges, found none")
    pairs = [tuple(merge.split(" ")) for merge in merges]
    if any(len(pair) != 2 for pair in pairs):
        raise SourceError(f"{path}: tokenizer.ggml.merges: expected pairs, found other words")
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer: Any = Tokenizer(models.BPE(vocabulary, pairs, ignore_merges=pre in FRAMED))
    if pre in COMPOSED:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = PRE[pre]()
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _scored(path: Path, said: Metadata, tokens: list[str], types: list[int], model: int) -> Any:
    scores = said.get("tokenizer.ggml.scores")
    if scores is None or len(scores) != len(tokens):
        found = "none" if scores is None else len(scores)
        raise SourceError(f"{path}: tokenizer.ggml.scores: expected one for each of {len(tokens)}, found {found}")
    otherwise = types.index(UNKNOWN_KIND) if UNKNOWN_KIND in types else 0
    unknown = _id(path, said, "unknown", len(tokens), otherwise)
    charsmap = said.get("tokenizer.ggml.precompiled_charsmap")
    pieces = [Piece(text, float(score), kind) for text, score, kind in zip(tokens, scores, types, strict=True)]
    return Pieces(
        pieces=tuple(pieces),
        model=model,
        byte_fallback=model == BPE,
        unknown_id=unknown,
        unknown=tokens[unknown],
        bos=None,
        eos=None,
        charsmap=charsmap.tobytes() if isinstance(charsmap, np.ndarray) else b"",
        dummy_prefix=bool(said.get("tokenizer.ggml.add_space_prefix", True)),
        trims=model == UNIGRAM and bool(said.get("tokenizer.ggml.remove_extra_whitespaces", False)),
        escapes=True,
    ).tokenizer({})


def _marked(tokens: list[str], types: list[int]) -> list[str]:
    """Pieces as bert writes them: the file marks those that begin a word, and bert the others."""
    pieces = zip(tokens, types, strict=True)
    return [text if kind == CONTROL else text[1:] if text[:1] == "▁" else f"##{text}" for text, kind in pieces]


def _longest(path: Path, said: Metadata, tokens: list[str], types: list[int]) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    unknown = _id(path, said, "unknown", len(tokens), BERT_IDS["unknown"])
    # A vocabulary that tells capitals apart has some; few files say it.
    words = (text for text, kind in zip(tokens, types, strict=True) if kind != CONTROL)
    lower = said.get("tokenizer.ggml.normalizer.lowercase", not any(word != word.lower() for word in words))
    tokenizer: Any = Tokenizer(
        models.WordPiece({token: number for number, token in enumerate(tokens)}, unk_token=tokens[unknown])
    )
    tokenizer.normalizer = normalizers.BertNormalizer(
        lowercase=bool(lower), strip_accents=bool(said.get("tokenizer.ggml.normalizer.strip_accents", lower))
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    return tokenizer


def _add(tokenizer: Any, tokens: list[str], types: list[int]) -> None:
    from tokenizers import AddedToken

    added = [
        AddedToken(token, special=kind == CONTROL, normalized=False)
        for token, kind in zip(tokens, types, strict=True)
        if kind in (CONTROL, USER) and token
    ]
    if added:
        tokenizer.add_tokens(added)


def _frame(path: Path, tokenizer: Any, said: Metadata, tokens: Sequence[str], architecture: str) -> None:
    """What stands before and after every text, and between two of them."""
    from tokenizers import processors

    model, pre = said.get("tokenizer.ggml.model"), said.get("tokenizer.ggml.pre")
    longest, reads = model == "bert", architecture in ("bert", "modern-bert")
    framed = {"bos": longest or reads or model == "llama" or pre in FRAMED, "eos": longest or reads or model == "t5"}
    ends: dict[str, list[tuple[str, int]]] = {"bos": [], "eos": []}
    for key, also in (("bos", "cls"), ("eos", "seperator")):
        kinds = (also, key) if longest else (key, also) if reads else (key,)
        kind = next((kind for kind in kinds if _key(kind) in said), key if longest else None)
        if kind is not None and (longest or said.get(f"tokenizer.ggml.add_{key}_token", framed[key])):
            number = _id(path, said, kind, len(tokens), BERT_IDS[key])
            ends[key].append((tokens[number], number))
    before, after = ([token for token, _ in ends[key]] for key in ("bos", "eos"))
    twice = reads and not longest and pre != "modern-bert"  # as roberta sets texts apart
    single = [*(f"{token}:0" for token in before), "$A:0", *(f"{token}:0" for token in after)]
    second = [*(f"{token}:1" for token in after if twice), "$B:1", *(f"{token}:1" for token in after if reads)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair=[*single, *second], special_tokens=list({*ends["bos"], *ends["eos"]})
    )


def _key(kind: str) -> str:
    return f"tokenizer.ggml.{kind}_token_id"


def _id(path: Path, said: Metadata, kind: str, count: int, otherwise: int = 0) -> int:
    """The number of a token with a meaning."""
    number = said.get(_key(kind), otherwise)
    if not isinstance(number, int) or not 0 <= number < count:
        raise SourceError(f"{path}: {_key(kind)}: expected one of {count} tokens, found {str(number)[:40]}")
    return number
