"""What people type and paste, before any widget gets it."""

from __future__ import annotations

import re
import unicodedata

LONGEST_LINE = 100_000
"""Characters that a line to type in takes; more of them keep it busy for seconds, and then for minutes."""

_LINE_END = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_NARROW = {
    "【": "[",
    "】": "]",
    "「": "[",
    "」": "]",
    "『": "{",
    "』": "}",
    "《": "<",
    "》": ">",
    "〈": "<",
    "〉": ">",
    "、": "/",
    "。": ".",
    "\u3000": " ",
    **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
}
"""What a Chinese input method types for the keys of an American keyboard."""


def narrow(character: str | None) -> str | None:
    """The twin of a full-width key, None where it has none."""
    return _NARROW.get(character or "")


def one_line(text: str) -> str:
    """Pasted text as one line: line ends as spaces, without what cannot be seen and steers a terminal."""
    text = _LINE_END.sub(" ", text).replace("\t", " ")
    return "".join(character for character in text if unicodedata.category(character) not in ("Cc", "Cs"))
