"""Files in TOML, written to be read and changed by hand."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, NoReturn

from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.reading import read_bytes

MAX_BYTES = 2_000_000
MAX_PARTS = 50
"""Parts of a key with dots; no file of ours has more than three."""
_DEEP = re.compile(r"""(?<![^\s,{\[])(?:(?:[^\s=.#"',{}\[\]]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){50}""")


def read_table(path: Path, what: str) -> tuple[dict[str, Any], str]:
    """What a file says, and its text; `what` it should be stands in refusals.

    Raises:
        SourceError: it cannot be read, is too large or no TOML.
    """

    def fail(message: str) -> NoReturn:
        raise SourceError(f"{path}: {message}")

    try:
        if path.is_dir():
            fail(f"expected {what} file, found a directory")
        raw = read_bytes(path, MAX_BYTES, pipe=True)
    except OSError as error:
        fail(f"expected a readable file, found: {error.strerror}")
    if len(raw) > MAX_BYTES:
        fail(f"expected {what} of at most {MAX_BYTES:,} bytes, found more")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fail(f"expected UTF-8, found byte 0x{raw[error.start]:02x} at position {error.start}")
    if _DEEP.search(text):  # TOML's reader takes the square of its length for a key of many parts
        fail(f"expected keys of at most {MAX_PARTS} parts, found one of more")
    try:
        return tomllib.loads(text), text
    except tomllib.TOMLDecodeError as error:
        fail(f"expected valid TOML, found: {error}")
    except (RecursionError, ValueError) as error:  # nested too deeply, or a number too long to read
        fail(f"expected valid TOML, found: {type(error).__name__}")
