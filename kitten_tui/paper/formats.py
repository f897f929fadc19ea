"""Every format that a document can be written in: one record each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kitten_tui.sources.errors import SourceError

if TYPE_CHECKING:
    from kitten_tui.paper.document import Document


@dataclass(frozen=True)
class Format:
    """How documents are written. What writes them is imported when it is asked for."""

    name: str
    """Also the suffix of its files."""
    about: str
    """A few words for the help."""
    write: Callable[[Document, bool], str | bytes]
    """A document; whether on a dark ground, where that matters."""


def _svg(document: Document, dark: bool) -> str:
    from kitten_tui.ink.palette import PAPER_DARK, PAPER_LIGHT
    from kitten_tui.paper.svg import DARK, LIGHT, svg

    palette, ground = (PAPER_DARK, DARK) if dark else (PAPER_LIGHT, LIGHT)
    return svg(document.drawn(palette), document.title, document.language, ground)


def _html(document: Document, dark: bool) -> str:
    from kitten_tui.paper.html import html

    return html(document)


def _markdown(document: Document, dark: bool) -> str:
    from kitten_tui.paper.markdown import markdown

    return markdown(document)


def _latex(document: Document, dark: bool) -> str:
    from kitten_tui.paper.latex import latex

    return latex(document)


def _csv(document: Document, dark: bool) -> str:
    from kitten_tui.paper.arrays import as_csv

    return as_csv(document)


def _json(document: Document, dark: bool) -> str:
    from kitten_tui.paper.arrays import as_json

    return as_json(document)


def _npz(document: Document, dark: bool) -> bytes:
    from kitten_tui.paper.arrays import as_npz

    return as_npz(document)


def _text(document: Document, dark: bool) -> str:
    from kitten_tui.ink.cells import harmless
    from kitten_tui.paper.plain import text

    return "".join(f"{harmless(line)}\n" for line in text(document))


FORMATS = (
    Format("svg", "a picture", _svg),
    Format("html", "a page without a network, on which a click works a number out", _html),
    Format("md", "Markdown", _markdown),
    Format("tex", "LaTeX", _latex),
    Format("csv", "numbers", _csv),
    Format("json", "numbers and texts", _json),
    Format("npz", "arrays with their labels", _npz),
    Format("txt", "text, as --plain prints it", _text),
)


def named(name: str) -> Format:
    """The format of this name.

    Raises:
        SourceError: there is none.
    """
    known = {each.name: each for each in FORMATS}
    if name not in known:
        raise SourceError(f"--format: expected one of {', '.join(known)}, found {name or 'none'}")
    return known[name]


def of_path(path: Path) -> Format:
    """The format that a file is to have by its suffix.

    Raises:
        SourceError: it is no suffix of ours.
    """
    suffix = path.suffix.lower().removeprefix(".")
    for each in FORMATS:
        if each.name == suffix:
            return each
    suffixes = ", ".join(f".{each.name}" for each in FORMATS)
    raise SourceError(f"{path}: expected a name that ends in one of {suffixes}")


def write(document: Document, path: Path, form: Format, *, dark: bool = True, overwrite: bool = False) -> None:
    """Writes a document beside its place, and moves it there when it is whole.

    Raises:
        ExistsError: the file exists, and `overwrite` was not asked for.
        SourceError: it cannot be written.
    """
    from kitten_tui.sources.writing import writing

    written = form.write(document, dark)
    with writing(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(written if isinstance(written, bytes) else written.encode("utf-8", "replace"))
