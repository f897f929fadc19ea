"""Annotated sentences in CoNLL-U: ten columns a word, an empty line after each sentence.

Four columns are read: ID, FORM, HEAD and DEPREL; of MISC `SpaceAfter=No`, and `Antecedent=ID` at a pronoun. What stands
in several words at once (`1-2`) is how they are written; empty nodes (`8.1`) and comments are passed over.
https://universaldependencies.org/format.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from kitten_tui.core.annotated import Annotated, Sentence, Word, pairs_of
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.reading import read_bytes

LARGEST = 20_000_000
"""Bytes of a file."""
MOST_WORDS = 20_000
"""Of all sentences together: what leaves a layer is held for all of them."""
LONGEST_SENTENCE = 400
"""Words."""
LONGEST_WORD = 200
"""Characters."""
COLUMNS = 10
ID, FORM, HEAD, LABEL, MISC = 0, 1, 6, 7, 9
_LABEL = re.compile(r"[A-Za-z]+(:[A-Za-z]+)*")


def read_conllu(path: Path, name: str) -> Annotated:
    """The sentences of a file.

    Raises:
        SourceError: it cannot be read, or a line of it is not what it should be.
    """
    try:
        raw = read_bytes(path, LARGEST, pipe=True)
    except SourceError:
        raise
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:  # a null byte in the name
        raise SourceError(f"{path}: {error}") from None
    if len(raw) > LARGEST:
        raise SourceError(f"{path}: expected a file of at most {LARGEST:,} bytes, found more")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SourceError(f"{path}: line {line}: expected UTF-8, found byte 0x{raw[error.start]:02x}") from None
    sentences, words = [], 0
    for block in _blocks(path, text):
        words += len(block.forms)
        if words > MOST_WORDS:
            block.fail(block.first, f"expected at most {MOST_WORDS:,} words in a file, found more")
        sentences.append(block.sentence())
    if not any(True for sentence in sentences for _ in pairs_of(sentence)):
        found = "other relations" if sentences else "no words"
        raise SourceError(
            f"{path}: expected words that are det, nsubj, obj, case, aux:pass or nmod:poss, found {found}"
        )
    return Annotated(name, tuple(sentences))


@dataclass
class _Block:
    """The lines of one sentence, as they are read."""

    path: Path
    first: int
    lines: list[int] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)
    heads: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    antecedents: list[int] = field(default_factory=list)
    spaces: list[bool] = field(default_factory=list)
    """Whether a space follows."""
    written: list[tuple[int, int, str, bool]] = field(default_factory=list)
    """What several words are written as: the places of the first and the last of them, a form, a space after it."""

    def fail(self, line: int, message: str) -> NoReturn:
        raise SourceError(f"{self.path}: line {line}: {message}")

    def add(self, number: int, line: str) -> None:
        columns = line.split("\t")
        if len(columns) != COLUMNS:
            self.fail(number, f"expected {COLUMNS} columns between tabs, found {len(columns)}")
        name, form, misc = columns[ID], columns[FORM], columns[MISC].split("|")
        if re.fullmatch(r"[0-9]{1,6}\.[0-9]{1,6}", name):
            return
        if not form.strip() or len(form) > LONGEST_WORD or not form.isprintable():
            self.fail(
                number, f"expected a word of 1 to {LONGEST_WORD} characters that can be seen, found {_shown(form)}"
            )
        space = "SpaceAfter=No" not in misc
        several = re.fullmatch(r"([0-9]{1,6})-([0-9]{1,6})", name)
        if several is not None:
            first, last = int(several[1]), int(several[2])
            if first != len(self.forms) + 1 or last <= first:
                self.fail(number, f"expected words from {len(self.forms) + 1} on, found {name}")
            self.written.append((first - 1, last - 1, form, space))
            return
        if name != str(len(self.forms) + 1):
            self.fail(number, f"expected word {len(self.forms) + 1}, found {_shown(name)}")
        if len(self.forms) == LONGEST_SENTENCE:
            self.fail(number, f"expected a sentence of at most {LONGEST_SENTENCE} words, found more")
        if not re.fullmatch(r"[0-9]{1,6}", columns[HEAD]):
            self.fail(number, f"expected the number of a head, found {_shown(columns[HEAD])}")
        if not _LABEL.fullmatch(columns[LABEL]):
            self.fail(number, f"expected a relation such as nsubj, found {_shown(columns[LABEL])}")
        self.lines.append(number)
        self.forms.append(form)
        self.heads.append(int(columns[HEAD]) - 1)
        self.labels.append(columns[LABEL])
        self.spaces.append(space)
        self.antecedents.append(self._antecedent(number, misc))

    def _antecedent(self, number: int, misc: list[str]) -> int:
        for part in misc:
            key, _, value = part.partition("=")
            if key == "Antecedent":
                if not re.fullmatch(r"[0-9]{1,6}", value) or not 1 <= int(value) < len(self.forms):
                    self.fail(number, f"expected the number of a word before it as Antecedent, found {_shown(value)}")
                return int(value) - 1
        return -1

    def sentence(self) -> Sentence:
        """With all heads inside of it, and one root from which every word hangs."""
        count = len(self.forms)
        for number, place, head in zip(self.lines, range(count), self.heads, strict=True):
            if not -1 <= head < count or head == place:
                self.fail(number, f"expected a head from 0 to {count} that is another word, found {head + 1}")
        roots = [place for place, head in enumerate(self.heads) if head < 0]
        if len(roots) != 1:
            line = self.lines[roots[1]] if roots else self.first
            self.fail(line, f"expected one root in a sentence, found {len(roots)}")
        for number, place in zip(self.lines, range(count), strict=True):
            if not self._hangs(place):
                self.fail(number, "expected heads that lead to the root, found some that lead in a circle")
        text, spans = self._text()
        columns = zip(self.forms, spans, self.heads, self.labels, self.antecedents, strict=True)
        words = (Word(form, *span, head, label, before) for form, span, head, label, before in columns)
        return Sentence(text, tuple(words), self.first)

    def _hangs(self, place: int) -> bool:
        steps = 0
        while place >= 0 and steps <= len(self.heads):
            place, steps = self.heads[place], steps + 1
        return place < 0

    def _text(self) -> tuple[str, list[tuple[int, int]]]:
        """The sentence as it is written, and where each word stands in it.

        Words that are written as one share its characters where these are not just theirs, one after the other.
        """
        text, spans = "", []
        together = {first: (last, form, space) for first, last, form, space in self.written}
        place = 0
        while place < len(self.forms):
            last, form, space = together.get(place, (place, self.forms[place], self.spaces[place]))
            if last >= len(self.forms):
                self.fail(self.lines[place], f"expected words up to {last + 1}, found {len(self.forms)}")
            forms = self.forms[place : last + 1]
            start = len(text)
            for one in forms:
                apart = "".join(forms) == form
                spans.append((start, start + len(one if apart else form)))
                start += len(one) if apart else 0
            text += form + (" " if space else "")
            place = last + 1
        return text.rstrip(), spans


def _blocks(path: Path, text: str) -> Iterator[_Block]:
    block: _Block | None = None
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        if not line.strip():
            if block is not None and block.forms:
                yield block
            block = None
        elif not line.startswith("#"):
            block = block or _Block(path, number)
            block.add(number, line)
    if block is not None and block.forms:
        yield block


def _shown(text: str) -> str:
    return text[:40] or "nothing"
