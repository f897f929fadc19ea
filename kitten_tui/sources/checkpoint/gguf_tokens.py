"""The tokenizer that a GGUF file describes: tokens with merges or scores, and how a text is cut before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kitten_tui.sources.checkpoint.gguf import Metadata
from kitten_tui.sources.checkpoint.sentencepiece import BPE, CONTROL, USER, Piece, Pieces
from kitten_tui.sources.checkpoint.tokenizer_kinds import QWEN_WORDS
from kitten_tui.sources.errors import SourceError

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


PRE: dict[str, Callable[[], Any]] = {
    "gpt-2": _plain,
    "smollm": _digits,
    "starcoder": _digits,
    "refact": _digits,
    "llama-bpe": _words(_LLAMA3_WORDS),
    "llama3": _words(_LLAMA3_WORDS),
    "smaug-bpe": _words(_LLAMA3_WORDS),
    "qwen2": _words(QWEN_WORDS),
    "deepseek-r1-qwen": _words(QWEN_WORDS),
}
"""How a text is cut into words, by the name that the file gives."""
FRAMED = ("llama-bpe", "llama3", "smaug-bpe")
"""Those that begin with a token of their own where the file does not say."""


def tokenizer_of(path: Path, said: Metadata, architecture: str) -> Any:
    """The tokenizer of a file.

    Raises:
        SourceError: its description is not there, or of a kind that is not known.
    """
    model = said.get("tokenizer.ggml.model")
    tokens, kinds = said.get("tokenizer.ggml.tokens"), said.get("tokenizer.ggml.token_type")
    if model not in ("gpt2", "llama"):
        shown = "nothing" if model is None else str(model)[:40]
        raise SourceError(f"{path}: tokenizer.ggml.model: expected gpt2 or llama, found {shown}")
    if not isinstance(tokens, list) or not tokens:
        raise SourceError(f"{path}: tokenizer.ggml.tokens: expected tokens, found none")
    types = [1] * len(tokens) if kinds is None else [int(kind) for kind in kinds]
    if len(types) != len(tokens):
        raise SourceError(
            f"{path}: tokenizer.ggml.token_type: expected one for each of {len(tokens)}, found {len(types)}"
        )
    by_merges = model == "gpt2"
    tokenizer = _merged(path, said, tokens, architecture) if by_merges else _scored(path, said, tokens, types)
    _add(tokenizer, tokens, types)
    _frame(path, tokenizer, said, tokens, bos=not by_merges or said.get("tokenizer.ggml.pre") in FRAMED)
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
    if PRE[pre] in (PRE["qwen2"], PRE["deepseek-r1-qwen"]):
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = PRE[pre]()
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _scored(path: Path, said: Metadata, tokens: list[str], types: list[int]) -> Any:
    scores = said.get("tokenizer.ggml.scores")
    if scores is None or len(scores) != len(tokens):
        found = "none" if scores is None else len(scores)
        raise SourceError(f"{path}: tokenizer.ggml.scores: expected one for each of {len(tokens)}, found {found}")
    unknown = int(said.get("tokenizer.ggml.unknown_token_id", 0))
    if not 0 <= unknown < len(tokens):
        raise SourceError(f"{path}: tokenizer.ggml.unknown_token_id: expected one of {len(tokens)}, found {unknown}")
    pieces = [Piece(text, float(score), kind) for text, score, kind in zip(tokens, scores, types, strict=True)]
    return Pieces(
        pieces=tuple(pieces),
        model=BPE,
        byte_fallback=True,
        unknown_id=unknown,
        unknown=tokens[unknown],
        bos=None,
        eos=None,
        charsmap=b"",
        dummy_prefix=bool(said.get("tokenizer.ggml.add_space_prefix", True)),
        trims=False,
        escapes=True,
    ).tokenizer({})


def _add(tokenizer: Any, tokens: list[str], types: list[int]) -> None:
    from tokenizers import AddedToken

    added = [
        AddedToken(token, special=kind == CONTROL, normalized=False)
        for token, kind in zip(tokens, types, strict=True)
        if kind in (CONTROL, USER) and token
    ]
    if added:
        tokenizer.add_tokens(added)


def _frame(path: Path, tokenizer: Any, said: Metadata, tokens: list[str], bos: bool) -> None:
    """What stands before and after every text."""
    from tokenizers import processors

    ends: list[list[tuple[str, int]]] = []
    for key, otherwise in (("bos", bos), ("eos", False)):
        number = said.get(f"tokenizer.ggml.{key}_token_id")
        wanted = said.get(f"tokenizer.ggml.add_{key}_token", otherwise)
        if not wanted or number is None:
            ends.append([])
            continue
        if not 0 <= number < len(tokens):
            raise SourceError(
                f"{path}: tokenizer.ggml.{key}_token_id: expected one of {len(tokens)} tokens, found {number}"
            )
        ends.append([(tokens[number], int(number))])
    before, after = ends
    single = [*(f"{token}:0" for token, _ in before), "$A:0", *(f"{token}:0" for token, _ in after)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair=[*single, "$B:1"], special_tokens=list({*before, *after})
    )
