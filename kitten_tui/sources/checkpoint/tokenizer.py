"""The tokenizer of a folder, put together as transformers' AutoTokenizer does it.

A class of tokenizers takes from tokenizer.json the vocabulary and the merges alone, and what it does to a text before
that from tokenizer_config.json; a tokenizer of no class of its own is what tokenizer.json says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kitten_tui.sources.checkpoint.sentencepiece import read_pieces
from kitten_tui.sources.checkpoint.tokenizer_kinds import (
    ALIASES,
    KINDS,
    OF_MODEL,
    PIECES,
    Json,
    Kind,
    Merges,
    content_of,
)
from kitten_tui.sources.errors import SourceError, plainly
from kitten_tui.sources.reading import read_object, read_text

FILE, CONFIG = "tokenizer.json", "tokenizer_config.json"
LARGEST_FILE = 100_000_000
"""Bytes. The largest tokenizer known has a third of them."""
LARGEST_LIST = 20_000_000
"""Bytes of a list of words or of merges; the longest known has a quarter of them."""

NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


def read_tokenizer(folder: Path, model_type: str, named: object) -> tuple[Any, Path]:
    """The tokenizer of a folder and the file it is blamed on; `named` is the class that config.json names.

    A model inside another has no type here: its tokenizer is what its files say.

    Raises:
        SourceError: there is none, or one of a kind that is not known.
    """
    said = _read_json(folder / CONFIG) if (folder / CONFIG).is_file() else {}
    whole = _read_json(folder / FILE) if (folder / FILE).is_file() else None
    kind = _kind(whole, model_type, said.get("tokenizer_class") or named)
    if whole is not None:
        path, said = folder / FILE, {key: said[key] for key in said if key not in ("add_bos_token", "add_eos_token")}
    else:
        path = _vocabulary_file(folder, kind, model_type)
    if kind is None:
        return _as_it_is(path, whole, said, folder), path
    return _of_kind(kind, path, whole, said, folder), path


def _kind(whole: Json | None, model_type: str, named: object) -> Kind | None:
    """The class that transformers would take, None for that of no class of its own."""
    name = named.removesuffix("Fast") if isinstance(named, str) else ""
    name = ALIASES.get(name, name)
    own = OF_MODEL.get(model_type)
    if name == "LlamaTokenizer" and model_type != "qwen2" and (model_type == "mistral" or _has_bytes(whole)):
        name, own = "", None
    elif not name or (model_type == "qwen2" and own is not None):
        name = own or ""
    if model_type in ("mistral", ""):
        name = ""
    kind = KINDS.get(name)
    model = None if whole is None else whole.get("model")
    # Pieces with scores are no vocabulary of pairs or words: what tokenizer.json says of them holds.
    listed = whole is not None and not (isinstance(model, dict) and isinstance(model.get("vocab"), dict))
    return None if listed else kind


def _has_bytes(whole: Json | None) -> bool:
    parts = [] if whole is None else [whole.get("pre_tokenizer"), whole.get("decoder")]
    return any('"ByteLevel"' in json.dumps(part) for part in parts)


def _vocabulary_file(folder: Path, kind: Kind | None, model_type: str) -> Path:
    files = (PIECES,) if kind is None else kind.files
    for name in files:
        if not (folder / name).is_file():
            wanted = "" if model_type == "gpt2" and kind is None else " or " + " and ".join(files)
            raise SourceError(f"{folder}: expected {FILE}{wanted}, found none")
    return folder / files[0]


def _of_kind(kind: Kind, path: Path, whole: Json | None, said: Json, folder: Path) -> Any:
    vocabulary, merges = _vocabulary(path, whole)
    if path.name == PIECES:
        said = said | {"extra_special_tokens": _extra(said) or read_pieces(path).special}
    special = _in_order({**kind.special, **_tokens(said, folder, whole)})
    told = said | {"unk_token": special.get("unk_token") or "[UNK]"}
    tokenizer = kind.build(vocabulary, merges, told)
    if whole is not None and whole.get("post_processor") is not None:
        tokenizer.post_processor = _post_processor(whole)
    _add(tokenizer, special, _added(said, folder, whole, special), said)
    if kind is KINDS["Qwen2Tokenizer"]:
        from tokenizers import AddedToken

        names = dict.fromkeys(content_of(token) for token in [*special.values(), *_extra(said)] if token is not None)
        tokenizer.add_tokens([AddedToken(name, special=True) for name in names])
    _frame(kind, tokenizer, special, said)
    return tokenizer


def _as_it_is(path: Path, whole: Json | None, said: Json, folder: Path) -> Any:
    from tokenizers import Tokenizer

    if whole is not None:
        tokenizer: Any = Tokenizer.from_file(str(path))
        special = _in_order(_tokens(said, folder, whole))
    else:
        pieces = read_pieces(path)
        tokenizer = pieces.tokenizer(said)
        special = {"bos_token": pieces.bos, "eos_token": pieces.eos, "unk_token": pieces.unknown}
        special = _in_order(special | _tokens(said, folder, whole))
        said = said | {"extra_special_tokens": _extra(said) or [one for one in pieces.special if one["special"]]}
        if pieces.dummy_prefix and "added_tokens_decoder" in said:
            raw = {number: token | {"normalized": False} for number, token in said["added_tokens_decoder"].items()}
            said |= {"added_tokens_decoder": raw}  # a piece between added tokens begins with a space of its own
    _add(tokenizer, special, _added(said, folder, whole, special), said)
    if tokenizer.post_processor is None or "add_bos_token" in said or "add_eos_token" in said:
        _frame_by_flags(tokenizer, special, said)
    return tokenizer


def _vocabulary(path: Path, whole: Json | None) -> tuple[Json, Merges]:
    if whole is not None:
        model = whole["model"]
        pairs = [one.split(" ") if isinstance(one, str) else one for one in model.get("merges", ())]
        return model["vocab"], [(left, right) for left, right in pairs]
    if path.name == PIECES:
        pieces = read_pieces(path)
        return pieces.vocabulary, pieces.merges
    if path.suffix == ".json":
        lines = _read_lines(path.parent / "merges.txt")
        rules = [line.split() for line in lines if line.strip() and not line.startswith("#version")]
        return _read_json(path), [(left, right) for left, right in rules]
    words = _read_lines(path)
    return {word.rstrip("\r"): place for place, word in enumerate(words) if word or place + 1 < len(words)}, []


def _post_processor(whole: Json) -> Any:
    """The post-processor of a tokenizer.json, which the library reads only as a part of a tokenizer."""
    from tokenizers import Tokenizer

    part = {"version": "1.0", "added_tokens": [], "post_processor": whole["post_processor"]}
    nothing = {"truncation": None, "padding": None, "normalizer": None, "pre_tokenizer": None, "decoder": None}
    model = {"type": "BPE", "vocab": {}, "merges": []}
    return Tokenizer.from_str(json.dumps(part | nothing | {"model": model})).post_processor


# Tokens with a meaning, and others that were added


def named_tokens(folder: Path, model_type: str, named: object) -> dict[str, str]:
    """The tokens of a folder that have a name such as bos_token, as they are written."""
    said = _read_json(folder / CONFIG) if (folder / CONFIG).is_file() else {}
    whole = _read_json(folder / FILE) if (folder / FILE).is_file() else None
    kind = _kind(whole, model_type, said.get("tokenizer_class") or named)
    special: Json = {} if kind is None else dict(kind.special)
    if kind is None and whole is None:
        pieces = read_pieces(folder / PIECES)
        special = {"bos_token": pieces.bos, "eos_token": pieces.eos, "unk_token": pieces.unknown}
    special |= _tokens(said, folder, whole)
    return {name: content_of(special[name]) for name in NAMED if special.get(name) is not None}


def _tokens(said: Json, folder: Path, whole: Json | None) -> Json:
    """The named tokens of the configuration, and those of the model's own with such a name."""
    told = {key: value for key, value in said.items() if key in NAMED or (key.endswith("_token") and _is_token(value))}
    told = {key: value for key, value in told.items() if value is None or _is_token(value)}
    path = folder / "special_tokens_map.json"
    if "added_tokens_decoder" not in said and path.is_file():
        told |= {key: value for key, value in _read_json(path).items() if key.endswith("_token") and _is_token(value)}
    return told


def _in_order(special: Json) -> Json:
    """New ones get their numbers in this order, whatever order they are said in."""
    return {key: special[key] for key in (*NAMED, *(key for key in special if key not in NAMED)) if key in special}


def _is_token(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, dict) and isinstance(value.get("content"), str))


def _extra(said: Json) -> list[Any]:
    extra = said.get("extra_special_tokens") or said.get("additional_special_tokens") or []
    return list(extra.values() if isinstance(extra, dict) else extra)


def _added(said: Json, folder: Path, whole: Json | None, special: Json) -> dict[int, Any]:
    """The tokens that were added to the vocabulary, by their numbers."""
    given = said.get("added_tokens_decoder")
    if given is not None:
        return {int(number): _token(token) for number, token in sorted(given.items(), key=lambda item: int(item[0]))}
    found: dict[int, Any] = {}
    path = folder / "added_tokens.json"
    if path.is_file():
        names = {content_of(token) for token in [*special.values(), *_extra(said)] if token is not None}
        for content, number in _read_json(path).items():
            found[number] = _token(
                {"content": content, "normalized": content not in names, "special": content in names}
            )
    for token in () if whole is None else whole.get("added_tokens", ()):
        found[token["id"]] = _token(token)
    return dict(sorted(found.items()))


def _add(tokenizer: Any, special: Json, added: Mapping[int, Any], said: Json) -> None:
    tokenizer.encode_special_tokens = bool(said.get("split_special_tokens", False))
    there = {repr(token) for token in tokenizer.get_added_tokens_decoder().values()}
    new = [token for token in added.values() if repr(token) not in there]
    names = {token.content for token in [*tokenizer.get_added_tokens_decoder().values(), *new]}
    by_name = {token.content: token for token in added.values()}
    said_already = {(False, token.content) for token in new}
    for given in [*special.values(), *_extra(said)]:
        if given is None or content_of(given) in names:
            continue
        # One that is said as a word and as a token is added twice: the last says what it does to spaces.
        known = by_name.get(content_of(given))
        way = (isinstance(given, str) and known is None, content_of(given))
        if way not in said_already:
            said_already.add(way)
            new.append(known or _token(given, special=True))
    meant = {content_of(token) for token in special.values() if token is not None}
    for token in new:
        if token.content in meant:
            token.special = True
    if new:
        tokenizer.add_tokens(new)


def _token(given: Any, special: bool = False) -> Any:
    from tokenizers import AddedToken

    if isinstance(given, str):
        return AddedToken(given, special=special)
    keys = ("single_word", "lstrip", "rstrip", "normalized", "special")
    return AddedToken(given["content"], **{key: given[key] for key in keys if key in given})


# What is put around a text


def _frame(kind: Kind, tokenizer: Any, special: Json, said: Json) -> None:
    from tokenizers import processors

    names = {key: content_of(token) for key, token in special.items() if token is not None}
    if kind is KINDS["BertTokenizer"]:
        first, last = names.get("cls_token", "[CLS]"), names.get("sep_token", "[SEP]")
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{first}:0 $A:0 {last}:0",
            pair=f"{first}:0 $A:0 {last}:0 $B:1 {last}:1",
            special_tokens=[(first, tokenizer.token_to_id(first)), (last, tokenizer.token_to_id(last))],
        )
    elif kind is KINDS["RobertaTokenizer"]:
        last, first = names.get("sep_token", "</s>"), names.get("cls_token", "<s>")
        tokenizer.post_processor = processors.RobertaProcessing(
            (last, tokenizer.token_to_id(last)),
            (first, tokenizer.token_to_id(first)),
            bool(said.get("trim_offsets", True)),
            bool(said.get("add_prefix_space", False)),
        )
    elif (
        kind is KINDS["GPTNeoXTokenizer"]
        or tokenizer.post_processor is None
        or any(key in said for key in ("add_bos_token", "add_eos_token"))
    ):
        _frame_by_flags(tokenizer, special, said)


def _frame_by_flags(tokenizer: Any, special: Json, said: Json) -> None:
    from tokenizers import processors

    def around(key: str) -> list[str]:
        token = special.get(f"{key}_token")
        return [content_of(token)] if said.get(f"add_{key}_token", False) and token is not None else []

    before, after = around("bos"), around("eos")
    single = [*(f"{token}:0" for token in before), "$A:0", *(f"{token}:0" for token in after)]
    pair = [*single, *(f"{token}:1" for token in before), "$B:1", *(f"{token}:1" for token in after)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=[(token, tokenizer.token_to_id(token)) for token in {*before, *after}]
    )


def _read_json(path: Path) -> Json:
    with plainly():
        return read_object(path, LARGEST_FILE, "a tokenizer")


def _read_lines(path: Path) -> list[str]:
    with plainly():
        return read_text(path, LARGEST_LIST).split("\n")


def merges_of(vocabulary: Mapping[str, int], left_out: Iterable[str] = ()) -> Merges:
    """The merges that make the longer pieces of a vocabulary out of shorter ones, in the order of the vocabulary."""
    no = set(left_out)
    ranked = []
    for piece, rank in vocabulary.items():
        if piece in no:
            continue
        halves = [(piece[:place], piece[place:]) for place in range(1, len(piece))]
        halves = [one for one in halves if all(half in vocabulary and half not in no for half in one)]
        halves.sort(key=lambda pair: (vocabulary[pair[0]], vocabulary[pair[1]]))
        ranked += [(rank, len(left), len(right), left, right) for left, right in halves]
    ranked.sort(key=lambda item: item[:3])
    return [(left, right) for *_, left, right in ranked]
