"""What a terminal sends, as Textual's messages; nothing that it sends ends the program.

Textual's parser raises where a sequence is malformed, and keeps every key after a paste that has no end. So pasted
text goes past it, and it is begun anew where it raises.
"""

from __future__ import annotations

import re
import unicodedata
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from time import monotonic

from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.events import Key, Paste, Resize
from textual.geometry import Size
from textual.message import Message

LONGEST_PASTE = 4_000_000
"""Characters of one paste; a dialog takes far fewer, and what follows is not kept."""
PASTE_PAUSE = 1.0
"""Seconds without a byte after which a paste is taken to be over."""
START_PAUSE = 0.02
"""Seconds to wait for the rest of what may be the beginning of a paste; the escape key is one."""
LARGEST = (1000, 500)
"""Columns and rows that are painted; a terminal that says it is larger is taken to be as large."""

_X10_MOUSE = re.compile(rb"\x1b\[M[\s\S]{3}")
"""A mouse report of old terminals: its three bytes are numbers, and past column 95 they are no text."""
_X10_BEGUN = re.compile(rb"\x1b(\[(M[\s\S]{0,2})?)?\Z")


class KeyReader:
    """Bytes in, messages out, as they become complete."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.clock = clock
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._parser = XTermParser()
        self._raw = b""
        """The beginning of what may be a mouse report."""
        self._begun = ""
        """The beginning of what may be the start of a paste."""
        self._pasted: str | None = None
        """What was pasted so far; None where nothing is being pasted."""
        self._last = clock()

    @property
    def patience(self) -> float:
        """How long to wait for more before `tick`."""
        return START_PAUSE if self._raw or self._begun else 0.1

    def feed(self, raw: bytes) -> Iterator[Message]:
        """More bytes from the terminal."""
        self._last = self.clock()
        raw = _X10_MOUSE.sub(b"", self._raw + raw)
        begun = None if self._pasted is not None else _X10_BEGUN.search(raw)
        self._raw = b"" if begun is None else raw[begun.start() :]
        yield from self._text(self._decode(raw[: len(raw) - len(self._raw)]))

    def tick(self) -> Iterator[Message]:
        """Nothing more came for a while: what waited for more is taken as it is."""
        raw, self._raw = self._raw, b""
        yield from self._text(self._decode(raw))
        begun, self._begun = self._begun, ""
        yield from self._parse(begun)
        if self._pasted is not None and self.clock() - self._last > PASTE_PAUSE:
            yield from self._end_paste()
        yield from self._guarded(self._parser.tick)

    def _text(self, text: str) -> Iterator[Message]:
        text, self._begun = self._begun + text, ""
        while text:
            if self._pasted is None:
                keys, start, text = text.partition(BRACKETED_PASTE_START)
                if start:
                    self._pasted = ""
                else:
                    keys, self._begun = _without_begun(keys)
                yield from self._parse(keys)
            else:
                text = self._paste(text)
                if self._pasted.endswith(BRACKETED_PASTE_END):
                    yield from self._end_paste()

    def _paste(self, text: str) -> str:
        """Takes what belongs to the paste, with the mark of its end; what comes after that."""
        assert self._pasted is not None
        overlap = self._pasted[-len(BRACKETED_PASTE_END) :]
        place = (overlap + text).find(BRACKETED_PASTE_END)
        if place < 0:
            # The last characters are kept in any case: the end may begin in them.
            self._pasted = self._pasted[:LONGEST_PASTE] + text[-LONGEST_PASTE:]
            return ""
        stop = place + len(BRACKETED_PASTE_END) - len(overlap)
        self._pasted += text[:stop]
        return text[stop:]

    def _end_paste(self) -> Iterator[Message]:
        pasted, self._pasted = self._pasted, None
        if pasted is not None:
            yield Paste(pasted.removesuffix(BRACKETED_PASTE_END).replace("\x00", ""))

    def _parse(self, text: str) -> Iterator[Message]:
        for character in text:  # one at a time, so that no key is lost with the sequence before it
            yield from self._guarded(lambda character=character: self._parser.feed(character))  # type: ignore[misc]

    def _guarded(self, messages: Callable[[], object]) -> Iterator[Message]:
        """What the parser makes of it; a parser that raised is no parser any more."""
        try:
            made = list(messages())  # type: ignore[call-overload]
        except Exception:
            fresh = XTermParser()
            for name in ("mouse_pixels", "terminal_size", "terminal_pixel_size", "last_x", "last_y"):
                setattr(fresh, name, getattr(self._parser, name))
            self._parser = fresh
            return
        for message in made:
            if isinstance(message, Resize):
                if not (message.size.width and message.size.height):
                    continue
                message = _painted(message)
            if not (isinstance(message, Key) and _is_half(message.character)):
                yield message


def _without_begun(text: str) -> tuple[str, str]:
    """A text without the end of it that may be the beginning of a paste, and that end."""
    for size in range(len(BRACKETED_PASTE_START) - 1, 0, -1):
        if text.endswith(BRACKETED_PASTE_START[:size]):
            return text[:-size], text[-size:]
    return text, ""


def _painted(event: Resize) -> Resize:
    size = Size(min(event.size.width, LARGEST[0]), min(event.size.height, LARGEST[1]))
    return Resize(size, size, size, event.pixel_size)


def _is_half(character: str | None) -> bool:
    """Whether it is half of a character, which no terminal can be sent."""
    return character is not None and any(unicodedata.category(part) == "Cs" for part in character)
