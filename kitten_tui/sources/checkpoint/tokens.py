"""Text as a model's tokenizer cuts it, and each piece as people can read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitten_tui.sources.checkpoint.config import Config
from kitten_tui.sources.checkpoint.growth import refuse_growth
from kitten_tui.sources.checkpoint.tokenizer import FILE, read_tokenizer
from kitten_tui.sources.errors import SourceError, muted


@dataclass(frozen=True)
class Tokenised:
    """A text as numbers."""

    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    """As text; a piece of a character as its bytes: <E7 8C>."""
    whole: int
    """How many tokens the text has where it is not cut."""
    sides: tuple[int, ...] | None = None
    """Of two texts, which of them each token belongs to, 0 or 1: the second begins with its first word."""
    kinds: tuple[int, ...] | None = None
    """Of two texts, how the tokenizer marks each token."""
    spans: tuple[tuple[int, int], ...] = ()
    """Of one text, the first character of each token and the one after its last; the same of what stands for none."""


class Tokens:
    """The tokenizer of a model; its own settings for cutting and padding are switched off."""

    def __init__(self, folder: Path, config: Config, make: Callable[[], Any] | None = None) -> None:
        self.n_vocab = config.n_vocab
        self.path = folder / FILE if (folder / FILE).is_file() else folder
        named = config.raw.get("tokenizer_class")
        with _blaming(self.path):
            if make is None:
                self.tokenizer, self.path = read_tokenizer(folder, config.tokenizer_of, named)
            else:
                self.tokenizer = make()
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.byte_level = "Ġ" in self.tokenizer.get_vocab() or _uses_bytes(self.tokenizer)
        self.added = {token.content for token in self.tokenizer.get_added_tokens_decoder().values()}

    def read(self, text: str, limit: int, second: str | None = None, *, framed: bool = True) -> Tokenised:
        """The tokens of a text, or of two, cut at the model's limit; with the special ones around it that the tokenizer
        puts there, or only those that are written in it.

        Raises:
            SourceError: the tokenizer cannot cut a text, or has tokens that the model does not know.
        """
        texts = tuple(_whole_characters(one) for one in (text, second) if one is not None)
        with _blaming(self.path):
            for one in texts:
                refuse_growth(self.tokenizer, one, self.path)
            whole = encoded = self.tokenizer.encode(*texts, add_special_tokens=framed)
            if len(whole.ids) > limit:
                # The library keeps the special tokens at the end when it cuts.
                self.tokenizer.enable_truncation(limit)
                encoded = self.tokenizer.encode(*texts, add_special_tokens=framed)
                self.tokenizer.no_truncation()
        if len(encoded.ids) > limit:
            raise SourceError(
                f"{self.path}: post_processor: expected to leave room in the {limit} places that the model has, "
                f"found {len(encoded.ids)} tokens where the text is cut"
            )
        if len(encoded.tokens) != len(encoded.ids):
            raise SourceError(
                f"{self.path}: expected a piece for each of {len(encoded.ids)} tokens, found {len(encoded.tokens)}"
            )
        largest = max(encoded.ids, default=0)
        if largest >= self.n_vocab:
            raise SourceError(f"{self.path}: expected tokens from 0 to {self.n_vocab - 1}, found {largest}")
        pieces = tuple(self._readable(token) for token in encoded.tokens)
        if second is None:
            return Tokenised(tuple(encoded.ids), pieces, len(whole.ids), spans=tuple(encoded.offsets))
        begins = [place for place, side in enumerate(encoded.sequence_ids) if side == 1]
        if not begins or encoded.sequence_ids[begins[0] - 1] is not None:
            raise SourceError(f"{self.path}: expected a tokenizer that sets two texts apart, found one that does not")
        sides = tuple(int(place >= begins[0]) for place in range(len(pieces)))
        return Tokenised(tuple(encoded.ids), pieces, len(whole.ids), sides, tuple(encoded.type_ids))

    def piece(self, number: int) -> str:
        """One token of the vocabulary; a row of the embedding that stands for none by its number."""
        token = self.tokenizer.id_to_token(number)
        return f"<{number}>" if token is None else self._readable(token)

    def written(self, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        """What tokens add to a text that begins with other ones; both are numbers in the vocabulary."""
        with _blaming(self.path):
            whole = str(self.tokenizer.decode(list(after), skip_special_tokens=False))
            first = str(self.tokenizer.decode(list(before), skip_special_tokens=False))
            if whole.startswith(first):
                return whole[len(first) :]
            return str(self.tokenizer.decode(list(after[len(before) :]), skip_special_tokens=False))

    def _readable(self, token: str) -> str:
        if token in self.added:  # as somebody wrote it
            return token
        if token.startswith("<0x") and token.endswith(">") and len(token) == 6:
            return f"<{token[3:5]}>"
        if self.byte_level and all(character in _BYTES for character in token):
            return _text_of(bytes(_BYTES[character] for character in token))
        return token.replace("▁", " ")


def _whole_characters(text: str) -> str:
    """A terminal may hand on half a character."""
    return text.encode("utf-8", "replace").decode("utf-8")


@contextmanager
def _blaming(path: Path) -> Iterator[None]:
    """What the library raises is said of the file; a panic of its Rust is no Exception, and has lines of its own."""
    try:
        with muted():
            yield
    except (KeyboardInterrupt, SystemExit, SourceError, MemoryError):
        raise
    except BaseException as error:
        raise SourceError(f"{path}: expected a tokenizer: {error}") from None


def _uses_bytes(tokenizer: Any) -> bool:
    return "ByteLevel" in f"{tokenizer.pre_tokenizer} {tokenizer.decoder}"


def _text_of(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return "<" + raw.hex(" ").upper() + ">"


def _byte_characters() -> dict[str, int]:
    """The character that byte-level tokenizers write for each byte: itself where it can be seen."""
    seen = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(0x100) if byte not in seen]
    characters = {chr(byte): byte for byte in seen}
    return characters | {chr(0x100 + place): byte for place, byte in enumerate(hidden)}


_BYTES = _byte_characters()
