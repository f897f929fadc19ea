"""A tokenizer.model of SentencePiece: its protocol buffer read field by field, and the tokenizer made of it."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.reading import read_bytes

NORMAL, CONTROL, USER = 1, 3, 4
UNIGRAM, BPE = 1, 2
LARGEST = 100_000_000
"""Bytes of a file."""


@dataclass(frozen=True)
class Piece:
    text: str
    score: float
    kind: int


@dataclass(frozen=True)
class Pieces:
    """What a tokenizer.model says."""

    pieces: tuple[Piece, ...]
    model: int
    byte_fallback: bool
    unknown_id: int
    unknown: str
    bos: str | None
    eos: str | None
    charsmap: bytes
    dummy_prefix: bool
    trims: bool
    escapes: bool

    @cached_property
    def vocabulary(self) -> dict[str, int]:
        return {piece.text: number for number, piece in enumerate(self.pieces)}

    @property
    def merges(self) -> list[tuple[str, str]]:
        from kitten_tui.sources.checkpoint.tokenizer import merges_of

        return merges_of(self.vocabulary)

    @property
    def special(self) -> list[dict[str, Any]]:
        """Tokens that are never cut: those that steer, and those that somebody defined."""
        return [
            {"content": piece.text, "normalized": False, "special": piece.kind == CONTROL}
            for piece in self.pieces
            if piece.kind in (CONTROL, USER)
        ]

    def tokenizer(self, said: Mapping[str, Any]) -> Any:
        """As SentencePiece itself cuts a text."""
        from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

        defined = [piece.text for piece in self.pieces if piece.kind == USER]
        if self.model == UNIGRAM:
            scored = [(piece.text, piece.score) for piece in self.pieces]
            model: Any = models.Unigram(scored, self.unknown_id, self.byte_fallback)
        else:
            model = models.BPE(
                self.vocabulary,
                self._ranked(),
                unk_token=self.unknown,
                fuse_unk=True,
                byte_fallback=self.byte_fallback,
                ignore_merges=bool(defined),
            )
        tokenizer: Any = Tokenizer(model)
        legacy = bool(said.get("legacy", True))
        steps: list[Any] = [normalizers.Precompiled(self.charsmap)] if self.charsmap else []
        if self.trims:
            steps += [normalizers.Replace(Regex(r"\A +| +\z"), ""), normalizers.Replace(Regex(" {2,}"), " ")]
        if self.escapes:
            steps.append(normalizers.Replace(" ", "▁"))
        if self.dummy_prefix and legacy:
            steps.append(normalizers.Replace(Regex(r"\A▁"), "▁▁"))
        tokenizer.normalizer = normalizers.Sequence(steps)
        cuts: list[Any] = []
        if self.dummy_prefix:
            scheme = "always" if legacy else "first"
            cuts.append(pre_tokenizers.Metaspace(replacement="▁", prepend_scheme=scheme, split=False))
        if defined:
            either = "|".join(re.escape(piece) for piece in sorted(defined, key=len, reverse=True))
            cuts.append(pre_tokenizers.Split(Regex(either), behavior="isolated"))
        if cuts:
            tokenizer.pre_tokenizer = pre_tokenizers.Sequence(cuts)
        tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
        return tokenizer

    def _ranked(self) -> list[tuple[str, str]]:
        """Merges of pieces by the score of what they make."""
        normal = {piece.text: (piece.score, number) for number, piece in enumerate(self.pieces) if piece.kind == NORMAL}
        ranked = []
        for text, (score, number) in normal.items():
            for place in range(1, len(text)):
                left, right = text[:place], text[place:]
                if left in normal and right in normal:
                    ranked.append((-score, number, left, right))
        return [(left, right) for *_, left, right in sorted(ranked)]


def read_pieces(path: Path) -> Pieces:
    """What a tokenizer.model says.

    Raises:
        SourceError: it is none, or of a kind that is not known.
    """
    try:
        raw = read_bytes(path, LARGEST)
        if len(raw) > LARGEST:
            raise ValueError(f"expected at most {LARGEST:,} bytes, found more")
        pieces, trainer, normalizer = [], b"", b""
        for number, value in _fields(raw):
            match number:
                case 1:
                    pieces.append(_piece(_raw(value)))
                case 2:
                    trainer = _raw(value)
                case 3:
                    normalizer = _raw(value)
        if not pieces:
            raise ValueError("expected pieces, found none")
        train, norm = dict(_fields(trainer)), dict(_fields(normalizer))
        model = train.get(3, UNIGRAM)
        if model not in (UNIGRAM, BPE):
            raise ValueError(f"expected pieces of unigrams or pairs, found kind {model!r}")
        return Pieces(
            pieces=tuple(pieces),
            model=int(model),
            byte_fallback=bool(train.get(35, 0)),
            unknown_id=int(train.get(40, 0)),
            unknown=_text(train.get(45, b"<unk>")),
            bos=_text(train.get(46, b"<s>")) if _signed(train.get(41, 1)) >= 0 else None,
            eos=_text(train.get(47, b"</s>")) if _signed(train.get(42, 2)) >= 0 else None,
            charsmap=_raw(norm.get(2, b"")),
            dummy_prefix=bool(norm.get(3, 1)),
            trims=bool(norm.get(4, 1)),
            escapes=bool(norm.get(5, 1)),
        )
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from None
    except (ValueError, IndexError, TypeError, struct.error) as error:
        raise SourceError(f"{path}: expected a tokenizer of SentencePiece: {error}") from None


def _piece(raw: bytes) -> Piece:
    told = dict(_fields(raw))
    score = told.get(2, b"\0\0\0\0")
    return Piece(_text(told.get(1, b"")), float(struct.unpack("<f", _raw(score))[0]), int(told.get(3, NORMAL)))


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message, by number: whole numbers, or bytes."""
    place = 0
    while place < len(raw):
        key, place = _varint(raw, place)
        match key & 7:
            case 0:
                value, place = _varint(raw, place)
                yield key >> 3, value
                continue
            case 1:
                size = 8
            case 2:
                size, place = _varint(raw, place)
            case 5:
                size = 4
            case kind:
                raise ValueError(f"expected a field, found kind {kind}")
        if place + size > len(raw):
            raise ValueError("a field reaches beyond its end")
        yield key >> 3, raw[place : place + size]
        place += size


def _varint(raw: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = raw[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("expected a number, found one without an end")


def _signed(value: int | bytes) -> int:
    number = int(value)
    return number - (1 << 64) if number >= 1 << 63 else number


def _raw(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("expected bytes in a field, found a number")
    return value


def _text(value: int | bytes) -> str:
    return _raw(value).decode("utf-8")
